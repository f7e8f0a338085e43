"""The data folder of a cluster: one process uses it at a time, and the cluster's ports are kept with it."""

from __future__ import annotations

import errno
import fcntl
import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from runtime.errors import Broken
from runtime.folders import private_folder

HIGHEST_FIRST_PORT = 65535 - 3
_LOCK, _PORTS = "in-use-by", "ports.json"


@dataclass(frozen=True)
class Ports:
    """All are on 127.0.0.1. Clients need only `kafka` and `registry`."""

    kafka: int
    registry: int
    controller: int
    management: int

    @staticmethod
    def from_first(first: int) -> Ports:
        """Four consecutive ports."""
        return Ports(first, first + 1, first + 2, first + 3)


_NAMES = {one.name for one in fields(Ports)}


class DataFolder:
    """A folder that this process owns until `release` or its end (it is a lock on a file, which the kernel drops)."""

    def __init__(self, path: Path, lock: int) -> None:
        self.path = path
        self._lock: int | None = lock

    def ports(self) -> Ports | None:
        """The ports with which it was used; None before the first start. Raises `Broken` if the file contains something else."""
        file = self.path / _PORTS
        try:
            content = json.loads(file.read_text())
        except FileNotFoundError:
            return None
        except ValueError:
            content = None
        numbers = list(content.values()) if isinstance(content, dict) and set(content) == _NAMES else []
        if not numbers or not all(type(port) is int and 0 < port < 65536 for port in numbers):
            raise Broken(f"{file} does not hold the four ports.", "Remove it: other ports are chosen then.")
        return Ports(**content)

    def keep(self, ports: Ports) -> None:
        """Use them at the next start too."""
        (self.path / _PORTS).write_text(json.dumps(asdict(ports)) + "\n")

    def release(self) -> None:
        """Give it back. It may be called twice."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def take_folder(path: Path) -> DataFolder:
    """The folder; created for its owner alone if it is not there. Raises `Broken` naming the process that uses it."""
    try:
        lock = os.open(private_folder(path) / _LOCK, os.O_CREAT | os.O_RDWR, 0o600)
    except (OSError, Broken) as error:
        words = error.words if isinstance(error, Broken) else f"{path} cannot be used ({error.strerror})."
        raise Broken(words, "Name a folder that can be written with --data-dir.") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        holder = os.pread(lock, 20, 0).decode(errors="replace").strip()
        os.close(lock)
        if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
            raise Broken(
                f"{path} cannot be locked ({error.strerror}).", "Name a folder of a local disk with --data-dir."
            ) from error
        who = f"process {holder}" if holder else "another process"
        raise Broken(f"{path} is in use by {who}.", "End that one, or name another folder with --data-dir.") from error
    with suppress(OSError):
        os.ftruncate(lock, 0)
        os.pwrite(lock, str(os.getpid()).encode(), 0)
    return DataFolder(path, lock)
