"""`keys` from the first ring to the last: what is sealed opens before, during and after a rotation, and the old key opens nothing after it."""

from __future__ import annotations

import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from console.cli.main import app
from console.connections.applying import applied, in_force
from console.reading import Cluster
from runtime import kafka, secrets
from runtime.clock import ScaledClock
from runtime.errors import Broken
from runtime.secrets import KeyRing, new_key, read_ring, write_ring
from runtime.settings import settings_from_environment
from schemas import codec
from services.credentials import TOPIC, CredentialStore
from services.network import origins_of
from tests.integration.console.files import CANARY, written
from topology.topics import records_of_topic

PURPOSES = ("servicetitan.poller", "servicetitan.sink", "acumatica.poller", "acumatica.sink")


def said(*arguments: str) -> str:
    """What a verb prints; its error is raised."""
    result = CliRunner().invoke(app, ["keys", *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def secrets_of(connection: str, ring: KeyRing, file: Path) -> dict[str, object]:
    """What a service that has this ring in a file of its own reads; sets that do not open are absent."""
    write_ring(file, ring)
    settings = settings_from_environment().model_copy(update={"key_ring": file})
    loaded = codec.load(settings.registry.url, {settings.topic(TOPIC): records_of_topic()[TOPIC]})
    store = CredentialStore(settings, loaded, ScaledClock()).start()
    store.stop()
    joined = in_force(Cluster()).connections[connection].settings
    found: dict[str, object] = {}
    for purpose in PURPOSES:
        try:
            found[purpose] = store.get(connection, purpose, origins_of(joined.side(purpose.partition(".")[0])))
        except Broken:
            continue
    return found


@pytest.mark.kafka
def test_what_is_sealed_opens_before_during_and_after_a_rotation(tmp_path: Path, ring: Path) -> None:
    file, own = ring, tmp_path / "service.json"
    applied(written(tmp_path, "early"), "pat", "start")
    first = read_ring(file)
    early = secrets_of("early", first, own)
    assert set(early) == set(PURPOSES)
    assert CANARY in str(early)

    assert "added" in said("rotate")
    both = read_ring(file)
    assert both.keys[:1] == first.keys
    applied(written(tmp_path, "overlap"), "pat", "start")
    assert secrets_of("early", both, own) == early
    assert secrets_of("overlap", first, own) == {}, "what is sealed in the overlap is sealed with the new key"

    told = said("rotate", "--finish")
    last = read_ring(file)
    assert last.keys == both.keys[1:]
    assert f"wrapped under {last.keys[0].id}, 1 older keys dropped" in told
    assert secrets_of("early", last, own) == early
    assert set(secrets_of("overlap", last, own)) == set(PURPOSES)
    assert secrets_of("overlap", first, own) == {}, "what the new key signed and sealed is nothing to the old ring"
    assert ": 0 credential sets wrapped" in said("rotate", "--finish")


class Stopped(Exception):
    """The process ends here."""


class Stopping:
    """A producer that ends the process instead of its n-th record; what it was given before goes to Kafka."""

    def __init__(self, producer: Any, left: list[int]) -> None:
        self._producer, self._left = producer, left

    def produce(self, *arguments: Any, **named: Any) -> None:
        if not self._left[0]:
            self._producer.flush(15)
            raise Stopped
        self._left[0] -= 1
        self._producer.produce(*arguments, **named)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._producer, name)


@pytest.mark.kafka
def test_a_rotation_that_is_stopped_at_any_record_loses_nothing_and_goes_on(
    tmp_path: Path, ring: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed before its first record, its second, its fourth, ... until it ends: each time every secret opens with the ring that is there."""
    applied(written(tmp_path, "stopped"), "pat", "start")
    own = tmp_path / "service.json"
    early = secrets_of("stopped", read_ring(ring), own)
    said("rotate")
    both = read_ring(ring)
    real, stops = kafka.producer, 0
    for after in (0, *(2**power for power in range(12))):
        left = [after]
        monkeypatch.setattr(kafka, "producer", lambda *given, left=left, **named: Stopping(real(*given, **named), left))
        try:
            said("rotate", "--finish")
        except Stopped:
            stops += 1
        finally:
            monkeypatch.setattr(kafka, "producer", real)
        if left[0]:
            break
        assert read_ring(ring) == both, "no key is dropped before everything is signed and wrapped anew"
        assert secrets_of("stopped", both, own) == early
    last = read_ring(ring)
    assert (last.keys, stops > 3) == (both.keys[1:], True)
    assert secrets_of("stopped", last, own) == early


@pytest.mark.kafka
def test_a_rotation_whose_ring_cannot_be_written_is_repeated(tmp_path: Path, ring: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped after everything is wrapped anew and before the file is: both keys stay, and the next call drops the older one."""
    applied(written(tmp_path, "unwritten"), "pat", "start")
    own = tmp_path / "service.json"
    early = secrets_of("unwritten", read_ring(ring), own)
    said("rotate")
    both = read_ring(ring)

    def stop(*_: Any) -> None:
        raise Stopped

    with monkeypatch.context() as patch:
        patch.setattr(secrets, "write_ring", stop)
        with pytest.raises(Stopped):
            said("rotate", "--finish")
    assert (read_ring(ring), secrets_of("unwritten", both, own)) == (both, early)
    said("rotate", "--finish")
    assert read_ring(ring).keys == both.keys[1:]
    assert secrets_of("unwritten", read_ring(ring), own) == early


@pytest.mark.kafka
def test_a_rotation_that_cannot_open_what_is_stored_drops_no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A ring from elsewhere: nothing is wrapped anew, and the file stays as it was."""
    file = tmp_path / "keys.json"
    applied(written(tmp_path, "kept"), "pat", "start")
    strange = KeyRing((new_key(datetime.now(UTC)), new_key(datetime.now(UTC))))
    write_ring(file, strange)
    monkeypatch.setenv("ML_CONNECTOR_KEY_RING", str(file))
    with pytest.raises(Broken, match="made none of the signatures"):
        said("rotate", "--finish")
    assert read_ring(file) == strange


def test_a_new_ring_is_its_owners_alone_and_never_replaces_one(tmp_path: Path) -> None:
    file = tmp_path / "new.json"
    assert "ML_CONNECTOR_KEY_RING=" in said("new", str(file))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    before = file.read_bytes()
    with pytest.raises(Broken, match="exists"):
        said("new", str(file))
    assert file.read_bytes() == before


def test_rotating_without_a_ring_names_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ML_CONNECTOR_KEY_RING")
    with pytest.raises(Broken, match="ML_CONNECTOR_KEY_RING"):
        said("rotate")
