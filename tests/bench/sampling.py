"""A profile of a process by looking at its threads every few milliseconds: where the time goes, as text.

cProfile sees one thread and slows it down several times; this sees all of them at about two per cent.
"""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

_EVERY_S = 0.004
_LINES = 40


class _Samples:
    def __init__(self) -> None:
        self.own: Counter[str] = Counter()
        self.whole: Counter[str] = Counter()
        self.taken = 0

    def take(self, ours: int) -> None:
        self.taken += 1
        for thread, frame in sys._current_frames().items():
            if thread != ours and frame.f_code.co_filename.rpartition("/")[2] != "threading.py":
                self._count(frame)

    def _count(self, frame: FrameType) -> None:
        self.own[_name(frame)] += 1
        seen: set[str] = set()
        at: FrameType | None = frame
        while at is not None:
            seen.add(_name(at))
            at = at.f_back
        self.whole.update(seen)

    def text(self) -> str:
        parts = [f"{self.taken} samples, one every {_EVERY_S * 1000:g} ms; share of samples in which a thread was there"]
        for title, counted in (("in the function itself (calls into C included)", self.own), ("in it or in what it calls", self.whole)):
            parts += ["", title]
            parts += [f"{count / max(1, self.taken):7.1%}  {name}" for name, count in counted.most_common(_LINES)]
        return "\n".join(parts) + "\n"


def _name(frame: FrameType) -> str:
    code = frame.f_code
    folder, _, file = code.co_filename.rpartition("/")
    return f"{folder.rpartition('/')[2]}/{file}:{code.co_name}:{code.co_firstlineno}"


@contextmanager
def sampled(path: str) -> Iterator[None]:
    """Write the profile of what runs inside to `path` at its end; "" takes none."""
    if not path:
        yield
        return
    samples, stopped = _Samples(), threading.Event()

    def look() -> None:
        ours = threading.get_ident()
        while not stopped.is_set():
            samples.take(ours)
            time.sleep(_EVERY_S)

    threading.Thread(target=look, daemon=True, name="sampling").start()
    try:
        yield
    finally:
        stopped.set()
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(samples.text())
