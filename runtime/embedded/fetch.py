"""Fetches Apache Kafka and Apicurio Registry onto this machine: once, with Maven, from the committed pom; checked, and kept per user."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from runtime.embedded.java import maven_environment
from runtime.errors import Broken

Progress = Callable[[str], None]

_HERE = Path(__file__).parent
_POM = _HERE / "pom.xml"
_SUMS = _HERE / "jars.sha256"
_UNPACKED_SHA256 = "bb10e0e9e60c5a7734b22a4ed34c6248bfecd3b4cea8cea3d5d5f06fa1ded519"
"""For the registry's archive once unpacked: SHA-256 of the lines `<SHA-256>  <path>` of its files, sorted by path."""
_PACKED = 1
"""Files of the list that are unpacked instead of kept."""
NO_MAVEN = (
    "Kafka is not here, and Maven (mvn) was not found to fetch it.",
    "Do one of three: install Maven; set ML_CONNECTOR_KAFKA__BOOTSTRAP_SERVERS and ML_CONNECTOR_REGISTRY__URL to a running cluster; "
    "or start a container engine.",
)


@dataclass(frozen=True)
class Jars:
    """Where the checked files are: `kafka` holds the jars, `apicurio` the unpacked registry; `root` may be used to cache other files."""

    root: Path

    @property
    def kafka(self) -> Path:
        """Broker and tools."""
        return self.root / "kafka"

    @property
    def apicurio(self) -> Path:
        """The registry as its authors package it."""
        return self.root / "apicurio"


def fetched(progress: Progress) -> Jars:
    """The jars; they are fetched first if they are not here yet.

    The folder is named after the pom and the checksums, so another version never uses these files. Every file is compared with the
    committed SHA-256 before it is put in its final place, and again at each start. Two processes never fetch at the same time. Raises
    `Broken` if Maven is missing (naming three ways out), if Maven fails, or if a file is not the expected one.
    """
    name = hashlib.sha256(_POM.read_bytes() + _SUMS.read_bytes()).hexdigest()[:16]
    root = _cache() / name
    if not root.exists():
        with _only_one(progress):
            if not root.exists():
                _fetch_into(root, progress)
                return Jars(root)
    _compare_kept(root)
    return Jars(root)


def is_fetchable() -> bool:
    """Whether the jars are here, or Maven could fetch them."""
    return shutil.which("mvn") is not None or fetched_before()


def fetched_before() -> bool:
    """Whether an earlier start left the jars here."""
    name = hashlib.sha256(_POM.read_bytes() + _SUMS.read_bytes()).hexdigest()[:16]
    return (_cache() / name).exists()


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ml-connector"


@contextmanager
def _only_one(progress: Progress) -> Iterator[None]:
    _cache().mkdir(parents=True, exist_ok=True)
    with (_cache() / "fetch.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress("another process is fetching Apache Kafka; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _fetch_into(root: Path, progress: Progress) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise Broken(*NO_MAVEN)
    progress("fetching Apache Kafka 4.3.1 and Apicurio Registry 3.3.3 with Maven (about 210 MB, once per user)")
    with tempfile.TemporaryDirectory(dir=root.parent, prefix="fetching-") as folder:
        fresh = Path(folder) / "jars"
        fresh.mkdir()
        shutil.copy(_POM, fresh / "pom.xml")
        _run_maven(maven, fresh)
        _compare(fresh)
        _unpack(fresh / "apicurio")
        fresh.rename(root)


def _run_maven(maven: str, folder: Path) -> None:
    ran = subprocess.run(
        [maven, "-q", "-B", "-C", "package"],
        cwd=folder,
        env=maven_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    if ran.returncode != 0:
        output = (ran.stdout + ran.stderr).strip()[-1500:]
        raise Broken(
            f"Maven could not fetch Apache Kafka (exit {ran.returncode}).",
            f"Check the network and its settings. It said:\n{output}",
        )


def _compare(folder: Path) -> None:
    """Require exactly the listed files, each with the listed SHA-256."""
    wanted = {name: digest for digest, name in (line.split() for line in _SUMS.read_text().splitlines())}
    found = {path.name: _sha256(path) for kind in ("kafka", "apicurio") for path in (folder / kind).iterdir()}
    wrong = sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))
    if wrong:
        raise Broken(
            f"Maven brought files that are not those of jars.sha256: {', '.join(wrong[:5])}.", "Nothing was kept; do not run them."
        )


def _compare_kept(root: Path) -> None:
    """Require that the files of an earlier start are those that were fetched: somebody who can write to the cache could otherwise have us
    run a program of theirs."""
    wanted = {name: digest for digest, name in (line.split() for line in _SUMS.read_text().splitlines())}
    with ThreadPoolExecutor() as pool:
        jars = _digests(root / "kafka", pool)
        unpacked = "\n".join(f"{digest}  {name}" for name, digest in sorted(_digests(root / "apicurio", pool).items()))
    wrong = sorted(name for name, digest in jars.items() if wanted.get(name) != digest)
    packed = len(wanted) - len(jars)
    if packed != _PACKED:
        wrong.append(f"{packed - _PACKED} that are missing")
    if hashlib.sha256(unpacked.encode()).hexdigest() != _UNPACKED_SHA256:
        wrong.append("apicurio")
    if wrong:
        raise Broken(
            f"{root} holds files that are not those that were fetched: {', '.join(wrong[:5])}.",
            f"Remove {root}; it is fetched again.",
        )


def _digests(folder: Path, pool: ThreadPoolExecutor) -> dict[str, str]:
    """SHA-256 of every file of a folder, by its path in it."""
    paths = [path for path in folder.rglob("*") if not path.is_dir() or path.is_symlink()]
    return dict(zip((path.relative_to(folder).as_posix() for path in paths), pool.map(_sha256, paths), strict=True))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _unpack(folder: Path) -> None:
    for packed in list(folder.glob("*.tar.gz")):
        with tarfile.open(packed) as archive:
            # the filter does not exist before Python 3.11.4; we checked the SHA-256 of this archive
            archive.extraction_filter = getattr(tarfile, "data_filter", None)
            archive.extractall(folder)  # noqa: S202
        packed.unlink()
