"""Shows on stderr what a command waits for, once an answer of another system takes longer than two seconds."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Coroutine
from typing import Any, TypeVar

Answer = TypeVar("Answer")
PATIENCE_S, EVERY_S = 2.0, 10.0


async def told(work: Coroutine[Any, Any, Answer], sentence: str, patience_s: float = PATIENCE_S) -> Answer:
    """The result of `work`. While it is awaited, shows the sentence with the seconds that have passed."""
    task, began_s = asyncio.ensure_future(work), time.monotonic()
    wait_s = patience_s
    while not (await asyncio.wait({task}, timeout=wait_s))[0]:
        print(f"[{time.monotonic() - began_s:6.1f} s] {sentence}", file=sys.stderr, flush=True)
        wait_s = EVERY_S
    return await task
