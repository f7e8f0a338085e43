"""Files with secrets, as people name them: read once, bounded, and only where they are files. A pipe would be waited for, a device never ends."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path


def read_small(path: Path, most_bytes: int, flags: int = 0) -> tuple[bytes, os.stat_result]:
    """The content and what the system says about the file that was read. `flags`: more of `os.open`'s. Raises OSError with the reason in words."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | flags)
    with os.fdopen(descriptor, "rb") as source:
        found = os.fstat(source.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "it is no file")
        content = source.read(most_bytes + 1)
    if len(content) > most_bytes:
        raise OSError(errno.EFBIG, f"it is over {most_bytes} bytes")
    return content, found
