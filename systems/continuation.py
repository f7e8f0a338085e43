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
T = TypeVar("T")


class Continuations:
    """The failures of the places of one session's feeds, by feed."""

    def __init__(self) -> None:
        self._failures: Counter[str] = Counter()

    async def read(self, feed: str, here: Callable[[], Awaitable[T]], anew: Callable[[], Awaitable[T]] | None) -> tuple[T, str]:
        """What `here` gives and "", else what `anew` gives and why the place is not taken. Raises what `anew` raises where both fail;
        `anew` is None where the place is the start itself."""
        try:
            found, why = await here(), ""
        except Throttled:
            raise
        except (Refused, Broken, Transient) as error:
            self._failures[feed] += 1
            if anew is None or (isinstance(error, Transient) and self._failures[feed] <= PASSING):
                raise
            found, why = await anew(), str(error)[:_WORDS]
        self._failures.pop(feed, None)
        return found, why
