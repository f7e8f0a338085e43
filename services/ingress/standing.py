"""Which feeds of a side are read. Changes are written to `audit`, where `status` reads them from any machine."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Awaitable, Callable

from runtime.errors import Broken, ConnectorError, Throttled
from schemas.errors import Malformed
from services.ingress.produce import NotStored

STOPPED, READ = "side_stopped", "side_read"
"""The decisions in `audit`. The detail of the first one says why the feed is not read."""
_IN_A_ROW = 3
"""Failures that pass by themselves are reported after this many without a page between them."""
_WORDS = 300

SESSION = ""
"""In place of the name of a feed: the session of the side could not be opened at all."""

Report = Callable[[str, str, str], Awaitable[None]]
"""Writes a decision about a feed with its detail. Raises `NotStored`."""


class Standing:
    """Which feeds of one side are read. A report that could not be stored is written with the next failure or page."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._reported: dict[str, str] = {}
        self._failures: Counter[str] = Counter()

    async def failed(self, feed: str, error: Exception) -> None:
        """A feed could not be read."""
        self._failures[feed] += 1
        kind = kind_of(error)
        if kind == self._reported.get(feed) or (self._failures[feed] < _IN_A_ROW and not isinstance(error, Broken)):
            return
        with contextlib.suppress(NotStored):
            await self._report(STOPPED, feed, f"{kind}: {error}"[:_WORDS])
            self._reported[feed] = kind

    async def read(self, feed: str) -> None:
        """A page of a feed was read and stored, so the session works as well."""
        for name in (feed, SESSION):
            self._failures.pop(name, None)
            if name in self._reported:
                with contextlib.suppress(NotStored):
                    await self._report(READ, name, f"it was stopped: {self._reported[name]}")
                    del self._reported[name]


def kind_of(error: Exception) -> str:
    """Why it is not read, in a few words."""
    if isinstance(error, Throttled):
        return "throttled"
    if isinstance(error, Broken):
        return "a person is needed"
    if isinstance(error, Malformed):
        return "unreadable answer"
    return "no answer" if isinstance(error, ConnectorError) else "a defect of ours"
