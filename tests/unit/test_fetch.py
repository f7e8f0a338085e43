"""Fetching the jars: what is kept, what is refused, and what a machine without Maven is told."""

from __future__ import annotations

import hashlib
import io
import tarfile
from pathlib import Path

import pytest

from runtime.embedded import fetch
from runtime.errors import Broken


def packed(name: str, content: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine whose `mvn` brings one jar and one archive, and a list that asks for exactly these."""
    brings = tmp_path / "brings"
    (brings / "kafka").mkdir(parents=True)
    (brings / "apicurio").mkdir()
    (brings / "kafka" / "kafka.jar").write_bytes(b"jar")
    (brings / "apicurio" / "registry.tar.gz").write_bytes(packed("quarkus-run.jar", b"run"))
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "mvn").write_text(
        f'#!/bin/sh\necho run >> {tmp_path}/mvn.log\n/bin/cp -R {brings}/kafka {brings}/apicurio "$PWD"\n'
    )
    (programs / "mvn").chmod(0o755)
    files = [*(brings / "kafka").iterdir(), *(brings / "apicurio").iterdir()]
    (tmp_path / "sums").write_text("".join(f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in files))
    monkeypatch.setattr(fetch, "_SUMS", tmp_path / "sums")
    unpacked = f"{hashlib.sha256(b'run').hexdigest()}  quarkus-run.jar"
    monkeypatch.setattr(fetch, "_UNPACKED_SHA256", hashlib.sha256(unpacked.encode()).hexdigest())
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setenv("JAVA_HOME", "/nowhere")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


def kept(machine: Path) -> list[str]:
    return sorted(path.name for path in (machine / "cache" / "ml-connector").iterdir() if path.is_dir())


def test_jars_are_fetched_once_and_the_registry_is_unpacked(machine: Path) -> None:
    said: list[str] = []
    first = fetch.fetched(said.append)
    second = fetch.fetched(said.append)
    assert first == second
    assert (first.kafka / "kafka.jar").read_bytes() == b"jar"
    assert (first.apicurio / "quarkus-run.jar").read_bytes() == b"run"
    assert (machine / "mvn.log").read_text() == "run\n"
    assert len(said) == 1


def test_a_file_with_another_checksum_is_refused_and_nothing_is_kept(machine: Path) -> None:
    (machine / "brings" / "kafka" / "kafka.jar").write_bytes(b"another jar")
    with pytest.raises(Broken, match=r"not those of jars.sha256: kafka\.jar"):
        fetch.fetched(lambda _: None)
    assert kept(machine) == []


def test_a_file_nobody_listed_is_refused(machine: Path) -> None:
    (machine / "brings" / "kafka" / "stowaway.jar").write_bytes(b"")
    with pytest.raises(Broken, match="stowaway"):
        fetch.fetched(lambda _: None)
    assert kept(machine) == []


def test_a_listed_file_that_did_not_come_is_named(machine: Path) -> None:
    (machine / "brings" / "kafka" / "kafka.jar").unlink()
    with pytest.raises(Broken, match=r"kafka\.jar"):
        fetch.fetched(lambda _: None)


def test_what_maven_said_is_passed_on(machine: Path) -> None:
    (machine / "bin" / "mvn").write_text("#!/bin/sh\necho 'PKIX path building failed'; exit 1\n")
    with pytest.raises(Broken, match=r"exit 1(.|\n)*PKIX path building failed"):
        fetch.fetched(lambda _: None)
    assert kept(machine) == []


def test_without_maven_the_three_ways_are_named_on_one_line(machine: Path) -> None:
    (machine / "bin" / "mvn").unlink()
    assert not fetch.is_fetchable()
    with pytest.raises(Broken) as refused:
        fetch.fetched(lambda _: None)
    said = str(refused.value)
    assert "\n" not in said
    for way in ("install Maven", "ML_CONNECTOR_KAFKA__BOOTSTRAP_SERVERS", "ML_CONNECTOR_REGISTRY__URL", "container engine"):
        assert way in said


def test_a_machine_that_fetched_before_needs_no_maven(machine: Path) -> None:
    before = fetch.fetched(lambda _: None)
    (machine / "bin" / "mvn").unlink()
    assert fetch.is_fetchable()
    assert fetch.fetched(lambda _: None) == before


@pytest.mark.parametrize(
    ("place", "content"),
    [
        ("kafka/kafka.jar", b"another"),
        ("kafka/stowaway.jar", b"new"),
        ("kafka/kafka.jar", None),
        ("apicurio/quarkus-run.jar", b"another"),
        ("apicurio/lib/stowaway.jar", b"new"),
        ("apicurio/quarkus-run.jar", None),
    ],
)
def test_what_was_kept_is_compared_again_at_each_start(machine: Path, place: str, content: bytes | None) -> None:
    """Whoever could write to the cache had a program of theirs run by the next `up`."""
    changed = fetch.fetched(lambda _: None).root / place
    if content is None:
        changed.unlink()
    else:
        changed.parent.mkdir(exist_ok=True)
        changed.write_bytes(content)
    with pytest.raises(Broken, match="not those that were fetched"):
        fetch.fetched(lambda _: None)
