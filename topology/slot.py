"""The slot of an instance: a stable name that is part of its transactional ids and snapshots, so that a restarted process fences its
predecessor."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from runtime.errors import Broken
from runtime.folders import opened, private_folder
from runtime.settings import Settings

_MOST = 64


class Slot:
    """A slot, held until `release` or the end of the process (it is a lock on a file, which the kernel drops)."""

    def __init__(self, name: str, file: int) -> None:
        self.name = name
        self._file = file

    def release(self) -> None:
        """Release the slot."""
        os.close(self._file)


def take_slot(settings: Settings, service: str) -> Slot:
    """Take the slot that the settings name, else the first free one. Raises `Broken` if it is taken."""
    folder = settings.state_dir / "slots"
    configured = settings.slot
    for name in [configured] if configured else [str(number) for number in range(_MOST)]:
        file = _locked(folder / f"{service}-{settings.kafka.topic_prefix}-{name}.lock")
        if file is not None:
            private_folder(settings.state_dir)
            return Slot(name, file)
    which = f"Slot {configured!r} of {service} is in use" if configured else f"All {_MOST} slots of {service} are in use"
    raise Broken(
        f"{which} by another process (lock file in {folder}).",
        f"Give each instance a name of its own, as ML_CONNECTOR_SLOT={configured or service}-2, or leave it out to take the first free one.",
    )


def _locked(path: Path) -> int | None:
    """The open file, locked; None if another process holds the lock."""
    file = opened(path, lambda: os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        return None
    return file
