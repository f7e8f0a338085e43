"""Reads files that hold secrets, by the names that people give: once, up to a limit, and only regular files. Reading a pipe would wait, and
reading a device might never end."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path


def read_small(path: Path, most_bytes: int, flags: int = 0) -> tuple[bytes, os.stat_result]:
    """The content of the file, and its `os.stat_result`. `flags` are added to those of `os.open`. Raises OSError with the reason in words."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | flags)
    with os.fdopen(descriptor, "rb") as source:
        found = os.fstat(source.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "it is not a file")
        content = source.read(most_bytes + 1)
    if len(content) > most_bytes:
        raise OSError(errno.EFBIG, f"it is over {most_bytes} bytes")
    return content, found
