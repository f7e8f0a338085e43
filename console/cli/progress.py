"""What a person sees while something takes longer than two seconds: lines on stderr, because stdout is for results."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable


def progress_lines() -> Callable[[str], None]:
    """A function that prints a sentence with the seconds that have passed since now."""
    begin_s = time.monotonic()

    def say(sentence: str) -> None:
        print(f"[{time.monotonic() - begin_s:6.1f} s] {sentence}", file=sys.stderr, flush=True)

    return say
