"""Going on where a feed was left, and from the start of what is being read where its system does not take that place any more.

Which answers mean that a place is dead is documented by no vendor: whatever is refused at the place and not at the start was the place's
alone. A failure that may pass is believed to be one for a while; then the start is tried beside it, for a place can fail with 500 for ever.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from typing import TypeVar

from runtime.errors import Broken, Refused, Throttled, Transient

PASSING = 5
"""Failures in a row that may pass, before the start is tried too."""
_WORDS = 120
At = TypeVar("At")
T = TypeVar("T")


class Continuations:
    """The failures of the places of one session's feeds, by feed."""

    def __init__(self) -> None:
        self._failures: Counter[str] = Counter()

    async def read(self, feed: str, ask: Callable[[At], Awaitable[T]], at: At, start: At) -> tuple[T, At, str]:
        """What `ask` gives at this place, else at the start of what is being read; where that was, and why the place is not taken ("" = it is).
        Raises what the start gives where both fail, and what the place gives where it is the start itself."""
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
