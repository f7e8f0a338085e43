"""A feed that goes on by an opaque token, which its system may refuse one day: the newest change time seen is kept beside it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from systems.feeds.positions import EARLIEST, moment_of, require_moments, stamp


@dataclass(frozen=True)
class Token:
    """Where such a feed goes on. It fits answers like

        {"hasMore": true, "continueFrom": "b2Zmc2V0OjQy", "data": [...]}

    and is stored as `{"token":"b2Zmc2V0OjQy","since":"2026-03-02T10:00:00.000Z"}`: `since` is the newest change time seen ("" = none).
    """

    token: str = ""
    since: str = ""

    def __post_init__(self) -> None:
        """Refuse what is no instant."""
        require_moments(self.since)

    def dated(self, overlap: timedelta, first: str) -> str:
        """The date to read from where there is no token, or it is refused: what was seen less the overlap, `first` where nothing was."""
        return stamp(moment_of(self.since) - overlap) if self.since > EARLIEST else first

    def after(self, token: str, newest: str, now: datetime) -> Token:
        """Behind a page whose newest change is `newest`; one that is dated later than the server's `now` counts as of now."""
        return Token(token, max(self.since, min(newest, stamp(now))))
