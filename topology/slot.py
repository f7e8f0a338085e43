"""The slot of an instance: the stable name that its transactional ids and snapshots carry, so that a new life fences the old one."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from runtime.errors import Broken

_MOST = 64


class Slot:
    """A slot, held until `release` or the end of the process (the lock is the file's, the kernel drops it)."""

    def __init__(self, name: str, file: int) -> None:
        self.name = name
        self._file = file

    def release(self) -> None:
        """Give it back."""
        os.close(self._file)


def take_slot(folder: Path, service: str, wanted: str = "") -> Slot:
    """The slot named `wanted`, else the first free one. Raises `Broken` when it is taken."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in [wanted] if wanted else [str(number) for number in range(_MOST)]:
        file = os.open(folder / f"{service}-{name}.lock", os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(file)
            continue
        return Slot(name, file)
    raise Broken(
        f"slot {wanted or 'any'} of {service} in {folder} is taken.",
        "Set ML_CONNECTOR_SLOT to a free name, or end the other process.",
    )
