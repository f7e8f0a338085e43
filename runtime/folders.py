"""Creates and opens our folders. They are private, and errors of the machine are distinguished from errors of their content."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from runtime.errors import Broken

T = TypeVar("T")
_PRIVATE = 0o700
_DESCRIPTORS = (errno.EMFILE, errno.ENFILE)
_OF_THE_MACHINE = (*_DESCRIPTORS, errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR)


def private_folder(path: Path) -> Path:
    """The folder; created if it is missing, and accessible to its owner only. A shared one such as /tmp is left as it is.

    Raises `Broken` if it cannot be created or opened.
    """

    def make() -> Path:
        path.mkdir(mode=_PRIVATE, exist_ok=True)
        found = path.stat()
        if found.st_mode & 0o077 and not found.st_mode & stat.S_ISVTX and found.st_uid == os.geteuid():
            path.chmod(_PRIVATE)
        return path

    return opened(path, make)


def opened(path: Path, attempt: Callable[[], T]) -> T:
    """What `attempt` opens at `path`, in a folder that is created, private, if it is missing.

    Raises `Broken` if the machine is the reason (descriptors, space, permission), and then removes a folder that it created. Any other
    error is the caller's, such as a lock that is held or the content of the folder.
    """
    made = [one for one in path.parents if not one.exists()]
    was_there = path.exists()
    try:
        for folder in reversed(made):
            folder.mkdir(mode=_PRIVATE, exist_ok=True)
        return attempt()
    except Exception as error:
        code = next((code for code in _OF_THE_MACHINE if os.strerror(code) in str(error)), 0)
        if not code or isinstance(error, Broken):
            raise
        if not was_there:
            shutil.rmtree(path, ignore_errors=True)
        for folder in [
            *([] if was_there else [path]),
            *made,
        ]:  # without a free descriptor only an empty folder can be removed
            with contextlib.suppress(OSError):
                folder.rmdir()
        raise _refused(path, code) from error


def _refused(path: Path, code: int) -> Broken:
    if code in _DESCRIPTORS:
        return Broken(f"{path} cannot be opened: {_allowed()} file descriptors are too few.", RAISE_LIMIT)
    return Broken(f"{path} cannot be opened: {os.strerror(code)}.", "Correct that, or name another ML_CONNECTOR_STATE_DIR.")


RAISE_LIMIT = "Raise the limit: `ulimit -n`, LimitNOFILE= of the unit, or the container's."


def require_descriptors(needed: int, remedy: str = "") -> None:
    """Raise this process's limit of file descriptors as far as it may. Raises `Broken` if that is less than needed."""
    try:
        import resource
    except ImportError:  # not on Windows, which has no such limit
        return
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    if most != resource.RLIM_INFINITY and most < needed:
        raise Broken(f"{most} file descriptors are allowed, {needed} are needed.", f"{RAISE_LIMIT} {remedy}".strip())


def _allowed() -> int:
    import resource

    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]
