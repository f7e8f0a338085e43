"""Folders are private; what the machine refuses is told apart from a held lock, and leaves nothing behind."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from runtime.errors import Broken
from runtime.folders import private_folder, require_descriptors
from runtime.settings import Kafka, Settings
from schemas.codec import offline_codec
from services.sinks.ledger import Index
from services.sinks.links import Links
from topology.slot import take_slot
from topology.state import PartitionState
from topology.topics import records_of_topic

ROOT = Path(__file__).parents[2]
CODEC = offline_codec(records_of_topic())


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_folders_of_state_are_open_to_their_owner_only(tmp_path: Path) -> None:
    """Ledgers, snapshots and, in the embedded cluster, sealed credentials could be read by every user of the machine."""
    before = os.umask(0o022)
    try:
        settings = Settings(state_dir=tmp_path / "a" / "state")
        (tmp_path / "a" / "state").mkdir(parents=True)
        take_slot(settings, "topology").release()
        PartitionState(settings.state_dir / "topology" / "_" / "hop" / "0" / "1").close()
        Index(settings.state_dir / "sinks" / "0" / "erp" / "1", CODEC).close()
    finally:
        os.umask(before)
    open_to_others = [
        path for path in settings.state_dir.rglob("*") if path.is_dir() and mode(path) & 0o077 and mode(path.parent) & 0o077
    ]
    assert (mode(settings.state_dir), open_to_others) == (0o700, [])


def test_a_folder_that_is_shared_stays_as_it_is(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    assert mode(private_folder(shared)) == 0o777


OPENERS: dict[str, Callable[[Path], object]] = {
    "slot": lambda folder: take_slot(Settings(state_dir=folder), "topology"),
    "hop": PartitionState,
    "ledger": lambda folder: Index(folder, CODEC),
    "links": Links,
}


@pytest.mark.parametrize("opener", OPENERS.values(), ids=OPENERS)
def test_too_few_descriptors_are_said_and_leave_no_folder(tmp_path: Path, opener: Callable[[Path], object]) -> None:
    """They were taken for a held lock: eight folders were left, or a good snapshot was removed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken = [os.open(os.devnull, os.O_RDONLY) for _ in range(4)]
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(taken) + 1, hard))
        with pytest.raises(Broken, match="file descriptors are too few") as refused:
            opener(tmp_path / "state" / "a")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for descriptor in taken:
            os.close(descriptor)
    assert "ulimit -n" in str(refused.value)
    assert "in use" not in str(refused.value)
    assert list(tmp_path.iterdir()) == []


def test_a_good_snapshot_outlives_too_few_descriptors(tmp_path: Path) -> None:
    state = PartitionState(tmp_path / "1")
    state.put([("key", b"value")])
    state.close()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    descriptor = os.open(os.devnull, os.O_RDONLY)
    os.close(descriptor)
    resource.setrlimit(resource.RLIMIT_NOFILE, (descriptor, hard))
    try:
        with pytest.raises(Broken):
            PartitionState(tmp_path / "1")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    again = PartitionState(tmp_path / "1")
    assert again.get("key") == b"value"
    again.close()


def test_a_start_with_too_few_descriptors_says_how_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (64, 64))
    monkeypatch.setattr(resource, "setrlimit", lambda *_: None)
    with pytest.raises(Broken, match="64 file descriptors are allowed, 512 are needed"):
        require_descriptors(512)
    require_descriptors(64)


@pytest.mark.parametrize("service", ["topology", "sinks"])
def test_a_slot_that_two_workers_share_is_refused_in_words_that_say_how_to_set_it(tmp_path: Path, service: str) -> None:
    settings = Settings(state_dir=tmp_path, slot="east")
    first = take_slot(settings, service)
    with pytest.raises(Broken, match=rf"Slot 'east' of {service} is in use.*ML_CONNECTOR_SLOT=east-2"):
        take_slot(settings, service)
    take_slot(settings.model_copy(update={"slot": "west"}), service).release()
    take_slot(settings, "another-service").release()
    take_slot(Settings(state_dir=tmp_path, slot="east", kafka=Kafka(topic_prefix="p.")), service).release()
    first.release()
    take_slot(settings, service).release()


def test_the_hops_leave_nothing_where_they_are_started(tmp_path: Path) -> None:
    """Faust made a folder of the app's name in the working directory."""
    program = "from topology.app import Agents; Agents({'hop': None}).start().stop()"
    ran = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "name",
    ["keys.json", "key-ring.json", "acme/keys.json", "state/topology/0/CURRENT", ".state/x", "kafka-data/x", "new-keys.json"],
)
def test_rings_and_state_are_not_committed_by_accident(name: str) -> None:
    ran = subprocess.run(["git", "check-ignore", "--no-index", "-q", name], cwd=ROOT, check=False)
    assert ran.returncode == 0, f"{name} is not ignored"
