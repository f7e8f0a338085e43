"""Sessions of a sink with the ERP of each connection: opened when first needed, anew when settings or credentials change.

Errors of a look-up are told apart here: what is throttled, what is down, what needs a person.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from runtime.errors import Broken, ConnectorError, Malformed, Throttled
from runtime.exchange import Transport
from runtime.log import log
from services.sinks import reasons
from systems.contract import Role, Writer
from topology.configuration import Connected


@dataclass(frozen=True)
class Session:
    """An open writer and the network below it (None where an ERP answers in this process)."""

    writer: Writer
    transport: Transport | None = None


class OpenSession(Protocol):
    """Opens a writer for a connection; the seam at which tests put an ERP of their own."""

    def __call__(self, connected: Connected, role: Role) -> Session:
        """The session, not yet used. Raises `Broken` where credentials are missing."""


@dataclass
class Sessions:
    """One writer per connection. `version` tells when credentials changed."""

    open_session: OpenSession
    version: Callable[[str], str] = field(default=lambda _: "")
    _open: dict[str, tuple[str, Session]] = field(default_factory=dict)
    _closing: set[asyncio.Task[None]] = field(default_factory=set)

    def of(self, connected: Connected) -> Writer:
        """The session of a connection. Raises `Broken` when it cannot be opened."""
        name = connected.settings.connection
        version = f"{connected.version}/{self.version(name)}"
        known = self._open.get(name)
        if known is not None and known[0] == version:
            return known[1].writer
        session = self.open_session(connected, Role.SINK)
        self._open[name] = (version, session)
        if known is not None:
            self._close_soon(name, known[1])
        return session.writer

    def _close_soon(self, name: str, session: Session) -> None:
        task = asyncio.get_running_loop().create_task(_close(name, session))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def close(self) -> None:
        """End every session at the vendors' side too."""
        open_now, self._open = self._open, {}
        await asyncio.gather(*(_close(name, session) for name, (_, session) in open_now.items()), *self._closing)


async def _close(name: str, session: Session) -> None:
    try:
        await asyncio.wait_for(session.writer.close(), 10)
        if session.transport is not None:
            await session.transport.close()
    except (ConnectorError, TimeoutError, OSError) as error:
        log.warning("session_not_closed", connection=name, error=str(error)[:200])


def cause_of(error: ConnectorError | Malformed) -> tuple[str, float | None]:
    """Why a call could not be made, as a reason to wait, and the pause that was asked for in seconds."""
    if isinstance(error, Throttled):
        return reasons.THROTTLED, error.retry_after_s
    if isinstance(error, Broken):
        return reasons.CREDENTIALS, None
    return reasons.SYSTEM_DOWN, None
