"""Sessions of users who signed in, kept in memory: a limited number at once, each ended after some idle time, and all ended by a restart.

The module fits a cookie (`ASP.NET_SessionId=...`) as well as an id that each call has in its query (a logon's GUID).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from runtime.clock import Clock
from runtime.simulator.tokens import same


class NoSessionLeft(Exception):
    """No further session: all that the licence allows are in use."""


@dataclass
class Session:
    """An open session. `owner` is its user or client; `secret` is a second text that a caller may have to know."""

    id: str
    secret: str
    owner: str
    used_at: datetime


@dataclass(frozen=True)
class Allowed:
    """How many sessions there may be, and how long one may stand idle."""

    most: int
    idle: timedelta


class Sessions:
    """The open sessions. `allowed` is called each time, because a setting may change while the simulator runs."""

    def __init__(self, clock: Clock, allowed: Callable[[], Allowed]) -> None:
        self._clock, self._allowed = clock, allowed
        self._open: dict[str, Session] = {}

    def __iter__(self) -> Iterator[Session]:
        return iter(self._open.values())

    def enter(self, session_id: str, secret: str = "", owner: str = "") -> Session:
        """Open a session. Raises `NoSessionLeft`."""
        self._expire()
        if len(self._open) >= self._allowed().most:
            raise NoSessionLeft
        self._open[session_id] = Session(session_id, secret, owner, self._clock.now())
        return self._open[session_id]

    def find(self, session_id: str, secret: str = "") -> Session | None:
        """The open session with this id and, if one is given, this secret. It counts as used now."""
        self._expire()
        session = self._open.get(session_id)
        return self._used(session) if session is not None and (not secret or same((secret,), (session.secret,))) else None

    def of(self, owner: str) -> Session | None:
        """The first open session of an owner. It counts as used now."""
        self._expire()
        return self._used(next((session for session in self if session.owner == owner), None))

    def _used(self, session: Session | None) -> Session | None:
        if session is not None:
            session.used_at = self._clock.now()
        return session

    def leave(self, session: Session) -> None:
        """Close a session."""
        self._open.pop(session.id, None)

    def leave_all(self, owner: str | None = None) -> None:
        """Close every session of an owner, or all sessions."""
        for session in [session for session in self if owner in (None, session.owner)]:
            self.leave(session)

    def _expire(self) -> None:
        now, idle = self._clock.now(), self._allowed().idle
        for session in [session for session in self if now - session.used_at > idle]:
            self.leave(session)
