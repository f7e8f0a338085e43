"""Envelopes open only for what they were sealed for; the key ring refuses to be careless; references never show what they lead to."""

from __future__ import annotations

import errno
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

import pytest

from runtime import secrets
from runtime.errors import Broken
from runtime.secrets import Envelope, KeyRing

NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)
ACME = ("acme", "servicetitan.poller")
SECRET = b'{"client_secret": "canary-7f3a"}'


def ring(*ages_days: int) -> KeyRing:
    return KeyRing(tuple(secrets.new_key(NOW - timedelta(days=age)) for age in ages_days))


def test_a_sealed_secret_opens_for_its_connection_and_purpose() -> None:
    made = ring(0)
    envelope = secrets.seal(made, ACME, SECRET, NOW)
    assert secrets.unseal(made, ACME, envelope) == SECRET
    assert b"canary" not in envelope.ciphertext + envelope.wrapped_key


@pytest.mark.parametrize(
    "moved", [("other", "servicetitan.poller"), ("acme", "servicetitan.sink"), ("acme|servicetitan.poller", "")]
)
def test_a_ciphertext_moved_elsewhere_does_not_open(moved: tuple[str, str]) -> None:
    made = ring(0)
    envelope = secrets.seal(made, ACME, SECRET, NOW)
    with pytest.raises(Broken, match="do not open"):
        secrets.unseal(made, moved, envelope)


@pytest.mark.parametrize("part", ["wrapped_key", "nonce", "ciphertext"])
def test_one_changed_bit_keeps_it_shut(part: str) -> None:
    made = ring(0)
    envelope = secrets.seal(made, ACME, SECRET, NOW)
    changed = {**envelope.__dict__, part: bytes([getattr(envelope, part)[0] ^ 1]) + getattr(envelope, part)[1:]}
    with pytest.raises(Broken, match="do not open"):
        secrets.unseal(made, ACME, Envelope(**changed))


def test_every_record_has_a_data_key_and_nonce_of_its_own() -> None:
    made = ring(0)
    first, second = (secrets.seal(made, ACME, SECRET, NOW) for _ in range(2))
    assert len({first.nonce, second.nonce}) == len({first.wrapped_key, second.wrapped_key}) == 2


def test_the_newest_key_wraps_and_any_listed_key_opens() -> None:
    old = ring(30)
    envelope = secrets.seal(old, ACME, SECRET, NOW)
    both = KeyRing((*old.keys, *ring(0).keys))
    assert secrets.unseal(both, ACME, envelope) == SECRET
    assert secrets.seal(both, ACME, SECRET, NOW).key_id == both.keys[1].id


def test_after_a_rewrap_the_old_key_can_go() -> None:
    old, new = ring(30), ring(0)
    both = KeyRing((*old.keys, *new.keys))
    envelope = secrets.rewrap(both, secrets.seal(old, ACME, SECRET, NOW), NOW)
    assert secrets.unseal(new, ACME, envelope) == SECRET
    assert secrets.rewrap(both, envelope, NOW) is envelope
    with pytest.raises(Broken, match="has no key"):
        secrets.unseal(old, ACME, envelope)


def test_a_key_past_its_end_wraps_nothing_new() -> None:
    key = secrets.RingKey("old", NOW - timedelta(days=9), bytes(32), NOW)
    with pytest.raises(Broken, match="past its not_after"):
        KeyRing((key,)).newest(NOW)


def test_a_ring_is_written_for_its_owner_alone_and_read_back(tmp_path: Path) -> None:
    made = ring(1, 0)
    secrets.write_ring(tmp_path / "ring", made)
    assert (tmp_path / "ring").stat().st_mode & 0o777 == 0o600
    assert secrets.read_ring(tmp_path / "ring") == made


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o601])
def test_a_ring_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    secrets.write_ring(tmp_path / "ring", ring(0))
    (tmp_path / "ring").chmod(mode)
    with pytest.raises(Broken, match="chmod 600"):
        secrets.read_ring(tmp_path / "ring")


BAD_RINGS = {
    "no JSON": "canary-7f3a",
    "no keys": '{"keys": []}',
    "short key": '{"keys": [{"id": "a", "created": "2026-01-01T00:00:00+00:00", "key": "Y2FuYXJ5LTdmM2E="}]}',
    "not base64": '{"keys": [{"id": "a", "created": "2026-01-01T00:00:00+00:00", "key": "canary-7f3a"}]}',
    "no instant": json.dumps({"keys": [{"id": "a", "created": "yesterday", "key": "A" * 43 + "="}]}),
    "no zone": json.dumps({"keys": [{"id": "a", "created": "2026-01-01T00:00:00", "key": "A" * 43 + "="}]}),
    "doubled id": json.dumps({"keys": [{"id": "a", "created": "2026-01-01T00:00:00+00:00", "key": "A" * 43 + "="}] * 2}),
}


@pytest.mark.parametrize("kind", BAD_RINGS)
def test_a_ring_that_is_none_is_refused_without_being_shown(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "ring"
    path.write_text(BAD_RINGS[kind])
    path.chmod(0o600)
    with pytest.raises(Broken) as refusal:
        secrets.read_ring(path)
    assert "canary" not in str(refusal.value)
    assert str(path) in str(refusal.value)


def test_the_file_of_a_role_is_told_from_a_ring(tmp_path: Path) -> None:
    """Who rotated with the file of a service was told to make a new ring, which opens nothing of what is stored."""
    path = tmp_path / "sinks.json"
    path.write_text('{"role": "sinks", "opens": {}, "signs": {}, "verifies": {}}')
    path.chmod(0o600)
    with pytest.raises(Broken, match=r"sinks\.json holds the keys of one role; the whole key ring is needed"):
        secrets.read_ring(path)


def test_a_missing_ring_is_named(tmp_path: Path) -> None:
    with pytest.raises(Broken, match="keys new"):
        secrets.read_ring(tmp_path / "none")


def test_a_key_does_not_show_itself() -> None:
    key = ring(0).keys[0]
    assert repr(key.secret) not in repr(key)


def test_a_ring_that_is_a_link_stays_one(tmp_path: Path) -> None:
    """Rotating replaced the link, and the services that read its target never saw the new key."""
    target, link = tmp_path / "mounted" / "ring", tmp_path / "ring"
    target.parent.mkdir()
    secrets.write_ring(target, ring(1))
    link.symlink_to(target)
    made = ring(1, 0)
    secrets.write_ring(link, made)
    assert link.is_symlink()
    assert secrets.read_ring(target) == made


def busy(*_: object) -> Path:
    raise OSError(errno.EBUSY, "Device or resource busy")


@pytest.mark.parametrize("ages", [(0,), (3, 2, 1, 0)])
def test_a_ring_that_is_a_mount_of_its_own_is_overwritten_and_no_copy_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ages: tuple[int, ...]
) -> None:
    """A file mounted into a container cannot be replaced (EBUSY): rotating was a traceback and left all keys in a hidden file beside it."""
    path, made = tmp_path / "ring", ring(*ages)
    secrets.write_ring(path, ring(1, 0))
    monkeypatch.setattr(Path, "replace", busy)
    secrets.write_ring(path, made)
    assert secrets.read_ring(path) == made
    assert [one.name for one in tmp_path.iterdir()] == ["ring"]


def test_what_could_be_written_in_part_only_lies_complete_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, made, write = tmp_path / "ring", ring(0), secrets._write_through
    secrets.write_ring(path, ring(1))

    def full(out: BinaryIO, content: bytes) -> None:
        if out.name == str(path):
            raise OSError(errno.ENOSPC, "No space left on device")
        write(out, content)

    monkeypatch.setattr(Path, "replace", busy)
    monkeypatch.setattr(secrets, "_write_through", full)
    with pytest.raises(Broken, match="written in part") as told:
        secrets.write_ring(path, made)
    (copy,) = [one for one in tmp_path.iterdir() if one.name != "ring"]
    assert str(copy) in str(told.value)
    assert secrets.read_ring(copy) == made


@pytest.mark.parametrize("where", ["none/ring", "file/ring"])
def test_a_ring_that_cannot_be_written_is_told_in_one_line(tmp_path: Path, where: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Broken, match="the key ring cannot be written"):
        secrets.write_ring(tmp_path / where, ring(0))


def test_a_ring_that_cannot_be_replaced_stays_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> Path:
        raise OSError(errno.EACCES, "Permission denied")

    made = ring(0)
    secrets.write_ring(tmp_path / "ring", made)
    monkeypatch.setattr(Path, "replace", refused)
    with pytest.raises(Broken, match="cannot be written"):
        secrets.write_ring(tmp_path / "ring", ring(1, 0))
    assert secrets.read_ring(tmp_path / "ring") == made
    assert [one.name for one in tmp_path.iterdir()] == ["ring"]
