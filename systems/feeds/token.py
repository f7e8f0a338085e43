"""A feed that continues with an opaque token. The system may refuse a token one day, so the newest change time that was seen is stored with it.
Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from systems.feeds.positions import EARLIEST, moment_of, require_moments, stamp


@dataclass(frozen=True)
class Token:
    """The position of such a feed. It fits answers like

        {"hasMore": true, "continueFrom": "b2Zmc2V0OjQy", "data": [...]}

    and is stored as `{"token":"b2Zmc2V0OjQy","since":"2026-03-02T10:00:00.000Z"}`: `since` is the newest change time seen ("" = none).
    """

    token: str = ""
    since: str = ""

    def __post_init__(self) -> None:
        """Refuse a text that is not an instant."""
        require_moments(self.since)

    def dated(self, overlap: timedelta, first: str) -> str:
        """The date from which to read if there is no token or the token is refused: the newest change that was seen, less the overlap, or `first` if
        nothing was seen."""
        return stamp(moment_of(self.since) - overlap) if self.since > EARLIEST else first

    def after(self, token: str, newest: str, now: datetime) -> Token:
        """The position after a page whose newest change is `newest`. A change that is dated after the server's time `now` counts as of `now`."""
        return Token(token, max(self.since, min(newest, stamp(now))))
