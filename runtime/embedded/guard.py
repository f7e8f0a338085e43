"""Runs between us and one server process, so that the server never outlives the process that started it.

Run it as a script, alone: `python -I -S guard.py [--remove DIR] -- COMMAND...`. Its standard input is a pipe whose other end only the
starting process holds. When that process ends, however it ends, the pipe closes: the server is killed, and with `--remove` its directory is
deleted, and the directory above it if that is then empty. A SIGTERM to the process group lets the server stop by itself; the guard ends
with the server's exit code. On Linux the kernel also kills the server when the guard dies.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import shutil
import signal
import subprocess
import sys
import threading

_PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> int:
    """Run the command until it ends or the starting process does."""
    cut = arguments.index("--")
    remove = arguments[1] if arguments[0] == "--remove" else ""
    signal.signal(signal.SIGTERM, lambda *_: None)
    server = subprocess.Popen(arguments[cut + 1 :], stdin=subprocess.DEVNULL, preexec_fn=_die_with_parent)  # noqa: PLW1509  # no thread yet
    orphaned = threading.Event()
    threading.Thread(target=_watch, args=(server, orphaned, os.getppid()), daemon=True).start()
    code = server.wait()
    if orphaned.is_set() and remove:
        shutil.rmtree(remove, ignore_errors=True)
        with contextlib.suppress(OSError):
            os.rmdir(os.path.dirname(remove))  # noqa: PTH106, PTH120  # pathlib costs start-up time here
    return code


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _watch(server: subprocess.Popen[bytes], orphaned: threading.Event, parent: int) -> None:
    """Wait for the pipe to close. A forked sibling may hold it open, so the parent's id is checked as well."""
    while os.getppid() == parent:
        readable, _, _ = select.select([0], [], [], 1.0)
        if readable and not os.read(0, 1):
            break
    orphaned.set()
    server.kill()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]) & 0xFF)
