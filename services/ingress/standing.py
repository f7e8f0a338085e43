"""Which feeds of a side are read, told to `audit` when that changes: `status` has it from there, from whatever machine it is asked."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Awaitable, Callable

from runtime.errors import Broken, ConnectorError, Throttled
from schemas.errors import Malformed
from services.ingress.produce import NotStored

STOPPED, READ = "side_stopped", "side_read"
"""Decisions of the audit. The detail of the first one is why it is not read."""
_IN_A_ROW = 3
"""Failures that pass by themselves are told when this many came without a page between them."""
_WORDS = 300

SESSION = ""
"""In place of a feed: the session of the side could not be opened at all."""

Tell = Callable[[str, str, str], Awaitable[None]]
"""Writes a decision about a feed with its detail; raises `NotStored`."""


class Standing:
    """Which feeds of one side are read; what could not be stored is told with the next failure or page."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._told: dict[str, str] = {}
        self._failures: Counter[str] = Counter()

    async def failed(self, feed: str, error: Exception) -> None:
        """A feed could not be read once more."""
        self._failures[feed] += 1
        kind = kind_of(error)
        if kind == self._told.get(feed) or (self._failures[feed] < _IN_A_ROW and not isinstance(error, Broken)):
            return
        with contextlib.suppress(NotStored):
            await self._tell(STOPPED, feed, f"{kind}: {error}"[:_WORDS])
            self._told[feed] = kind

    async def read(self, feed: str) -> None:
        """A page of a feed was read and stored: so there is a session, too."""
        for name in (feed, SESSION):
            self._failures.pop(name, None)
            if name in self._told:
                with contextlib.suppress(NotStored):
                    await self._tell(READ, name, f"it was stopped: {self._told[name]}")
                    del self._told[name]


def kind_of(error: Exception) -> str:
    """Why it is not read, in two words."""
    if isinstance(error, Throttled):
        return "throttled"
    if isinstance(error, Broken):
        return "a person is needed"
    if isinstance(error, Malformed):
        return "unreadable answer"
    return "no answer" if isinstance(error, ConnectorError) else "a defect of ours"
