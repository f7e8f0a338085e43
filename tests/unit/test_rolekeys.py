"""The files of roles: each holds what its service uses, the public one no secret, and a wrong one is named without showing a key."""

from __future__ import annotations

import base64
import json
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from console.cli.main import app
from runtime.errors import Broken
from runtime.rolekeys import GROUPS, INGRESS, OPERATOR, SHARES, SIGNERS, SINKS, VERIFY, keys_at, keys_for, opening, write_keys
from runtime.secrets import KeyRing, new_key
from runtime.signing import NotBelieved, Place, sign, verify
from tests.signed import RING, ring_in

PLACE = Place("control", 0, b"acme")
ROLES = [role for role in SHARES if role != OPERATOR]


def secrets_of(ring: KeyRing) -> dict[str, bytes]:
    """Every secret that there is, by its use."""
    operator, found = keys_for(ring, OPERATOR), {"ring": ring.keys[0].secret}
    found |= {f"open {group}": operator.opens[group].keys[0].secret for group in GROUPS}
    return found | {f"sign {signer}": keys_for(ring, signer).signs[signer].keys[0].secret for signer in SIGNERS}


@pytest.mark.parametrize("role", ROLES)
def test_the_file_of_a_role_holds_what_it_uses_and_no_other_secret(tmp_path: Path, role: str) -> None:
    path = tmp_path / "role.json"
    write_keys(path, keys_for(RING, role))
    text = path.read_text()
    held = {use for use, secret in secrets_of(RING).items() if base64.b64encode(secret).decode() in text}
    assert held == {f"open {group}" for group in SHARES[role].opens} | {f"sign {signer}" for signer in SHARES[role].signs}
    assert keys_at(path, (role,)) == keys_for(RING, role)
    assert stat.S_IMODE(path.stat().st_mode) & 0o077 == (0o044 if role == VERIFY else 0)


def test_no_two_uses_have_the_same_key() -> None:
    assert len(set(secrets_of(RING).values())) == 1 + len(GROUPS) + len(SIGNERS)


def test_what_one_file_signs_another_verifies_and_no_role_signs_as_another(tmp_path: Path) -> None:
    write_keys(tmp_path / "verify", keys_for(RING, VERIFY))
    public = keys_at(tmp_path / "verify", (VERIFY,))
    for role in (OPERATOR, "decider", SINKS):
        name, content = sign(keys_for(RING, role), SIGNERS, PLACE, b"value", 7)
        assert verify(public, PLACE, b"value", [(name, content)]).signer == role
        with pytest.raises(NotBelieved, match="does not hold"):
            verify(public, PLACE, b"value", [(name, content.replace(role.encode(), (set(SIGNERS) - {role}).pop().encode()))])
    for role in (INGRESS, "pollers", VERIFY):
        with pytest.raises(Broken, match=f"role '{role}' may not write control"):
            sign(keys_for(RING, role), SIGNERS, PLACE, b"value", 7)


def test_any_file_verifies_and_only_its_own_role_opens(tmp_path: Path) -> None:
    write_keys(tmp_path / "ingress", keys_for(RING, INGRESS))
    verifying = keys_at(tmp_path / "ingress", (VERIFY,))
    assert (verifying.opens, verifying.signs) == ({}, {})
    assert verifying.verifies == keys_for(RING, VERIFY).verifies
    with pytest.raises(Broken, match="holds the keys of role 'ingress'; needed are those of sinks"):
        keys_at(tmp_path / "ingress", (SINKS,))


def test_the_whole_ring_given_to_a_service_is_reduced_to_what_it_uses(tmp_path: Path) -> None:
    assert keys_at(ring_in(tmp_path), (INGRESS, OPERATOR)) == keys_for(RING, INGRESS)


def test_a_key_that_may_wrap_no_more_still_opens(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    ended = KeyRing((new_key(now), *RING.keys))
    write_keys(tmp_path / "file", keys_for(ended, SINKS))
    assert keys_at(tmp_path / "file", (SINKS,)).opens[SINKS] == opening(ended, SINKS)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "7",
        "{",
        '{"role": "root"}',
        '{"role": []}',
        '{"role": "sinks"}',
        '{"role": "verify", "opens": {}, "signs": {}, "verifies": {"operator": [{"id": "k", "public": "c2VjcmV0"}]}}',
        '{"role": "verify", "verifies": 7}',
        '{"role": "ingress", "opens": {"ingress": [{"id": "k", "created": "2026-01-01", "not_after": null, "key": "c2VjcmV0"}]}}',
    ],
)
def test_a_file_that_holds_no_keys_is_named_in_one_line_and_never_shown(tmp_path: Path, content: str) -> None:
    path = tmp_path / "file"
    path.write_text(content)
    path.chmod(0o600)
    for role in (VERIFY, SINKS):
        with pytest.raises(Broken) as told:
            keys_at(path, (role,))
        assert str(path) in str(told.value)
        assert "\n" not in str(told.value)
        assert "c2VjcmV0" not in str(told.value)


def test_a_file_that_others_can_read_is_refused_unless_it_is_public(tmp_path: Path) -> None:
    for role in ROLES:
        path = tmp_path / role
        write_keys(path, keys_for(RING, role))
        path.chmod(0o644)
        if role == VERIFY:
            keys_at(path, (VERIFY,))
        else:
            with pytest.raises(Broken, match="chmod 600"):
                keys_at(path, (role,))


def test_a_missing_file_and_a_missing_setting_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(Broken, match=r"cannot be read .*keys new FILE"):
        keys_at(tmp_path / "none", (SINKS,))
    with pytest.raises(Broken, match=r"ML_CONNECTOR_KEY_RING is not set.*keys export ROLE FILE"):
        keys_at(None, (SINKS,))


def _said(monkeypatch: pytest.MonkeyPatch, ring: Path, *arguments: str) -> Any:
    monkeypatch.setenv("ML_CONNECTOR_KEY_RING", str(ring))
    return CliRunner().invoke(app, ["keys", *arguments])


def test_the_command_writes_the_file_and_says_what_it_is_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ring = ring_in(tmp_path)
    said = _said(monkeypatch, ring, "export", "sinks", str(tmp_path / "sinks.json"))
    assert "It opens sinks, network and signs sinks." in said.output
    assert keys_at(tmp_path / "sinks.json", (SINKS,)) == keys_for(RING, SINKS)
    assert "holds nothing secret" in _said(monkeypatch, ring, "verify-only", str(tmp_path / "verify.json")).output
    assert json.loads((tmp_path / "verify.json").read_text())["opens"] == {}
    before = (tmp_path / "sinks.json").read_bytes()
    again = _said(monkeypatch, ring, "export", "ingress", str(tmp_path / "sinks.json"))
    assert isinstance(again.exception, Broken)
    assert "exists" in str(again.exception)
    assert (tmp_path / "sinks.json").read_bytes() == before


def test_the_ring_of_the_operator_is_not_exported_and_a_role_exports_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring = ring_in(tmp_path)
    assert _said(monkeypatch, ring, "export", "operator", str(tmp_path / "a")).exit_code == 2
    _said(monkeypatch, ring, "export", "ingress", str(tmp_path / "ingress.json"))
    refused = _said(monkeypatch, tmp_path / "ingress.json", "export", "sinks", str(tmp_path / "b"))
    assert "holds the keys of role 'ingress'" in str(refused.exception)
    assert not (tmp_path / "b").exists()
