"""Continues a feed at its position; if the system does not accept that position any more, reads again from the start of what is being read.

No vendor documents which answers mean that a position is not valid any more. If a call is refused at the position and not at the start, the
position was the cause. A failure that may pass counts as one for a while. After that, the start is tried as well, because a position can fail
with 500 for ever.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from typing import TypeVar

from runtime.errors import Broken, Refused, Throttled, Transient

PASSING = 5
"""How many transient failures in a row are waited out before the start is tried as well."""
_WORDS = 120
At = TypeVar("At")
T = TypeVar("T")


class Continuations:
    """How often the positions of one session's feeds have failed, by feed."""

    def __init__(self) -> None:
        self._failures: Counter[str] = Counter()

    async def read(self, feed: str, ask: Callable[[At], Awaitable[T]], at: At, start: At) -> tuple[T, At, str]:
        """The answer of `ask` at this position, or at the start of what is being read; the position that gave it; and why this position was not
        accepted ("" = it was). If both fail, raises the error at the start. If the position is the start, raises its own error."""
        try:
            found, where, why = await ask(at), at, ""
        except Throttled:
            raise
        except (Refused, Broken, Transient) as error:
            self._failures[feed] += 1
            if at == start or (isinstance(error, Transient) and self._failures[feed] <= PASSING):
                raise
            found, where, why = await ask(start), start, str(error)[:_WORDS]
        self._failures.pop(feed, None)
        return found, where, why
