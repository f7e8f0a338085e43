"""A profile of a process as text: cProfile in every thread, on the thread's own processor time, so that waiting counts nothing.

Many small functions look dearer than they are under it; the figures themselves are always measured without.
"""

from __future__ import annotations

import cProfile
import io
import pstats
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_LINES = 45


@contextmanager
def profiled(path: str) -> Iterator[None]:
    """Write the profile of what runs inside to `path` at its end; "" takes none."""
    if not path:
        yield
        return
    found: list[cProfile.Profile] = []
    plain = threading.Thread.run

    def run(self: threading.Thread) -> None:
        with _profile(found):
            plain(self)

    setattr(threading.Thread, "run", run)  # noqa: B010 - every thread from here on; mypy refuses the plain assignment
    with _profile(found):
        yield
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(_text(found))


@contextmanager
def _profile(found: list[cProfile.Profile]) -> Iterator[None]:
    profile = cProfile.Profile(time.thread_time)
    profile.enable()
    try:
        yield
    finally:
        profile.disable()
        found.append(profile)


def _text(found: list[cProfile.Profile]) -> str:
    out = io.StringIO()
    stats: Any = pstats.Stats(found[0], stream=out)
    for more in found[1:]:
        stats.add(more)
    stats.strip_dirs()
    for order in ("tottime", "cumulative"):
        stats.sort_stats(order).print_stats(_LINES)
    return out.getvalue()
