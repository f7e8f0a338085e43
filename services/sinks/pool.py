"""The pool of open writers of a sink, one for each connection: opened when first needed, anew when settings or credentials change.

An attempt leases the writer from its reservation until it rests. One that settings or credentials replaced is not leased any more; it is
closed when its last lease is given back, and only then the new one is opened: an ERP may allow one session at a time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from runtime.errors import Broken
from runtime.exchange import Transport
from runtime.log import log
from systems.contract import Role, Writer
from topology.configuration import Connected

CLOSE_S = 10
"""How long a session's end may take at the vendor's side."""


@dataclass(frozen=True)
class OpenWriter:
    """An open writer and the network below it (None where an ERP answers in this process)."""

    writer: Writer
    transport: Transport | None = None


class Opener(Protocol):
    """Opens a writer for a connection; the seam at which tests put an ERP of their own."""

    def __call__(self, connected: Connected, role: Role) -> OpenWriter:
        """The writer, not yet used. Raises `Broken` where credentials are missing."""


@dataclass(eq=False)
class _Open:
    session: OpenWriter
    version: str
    leases: int = 0
    closed: asyncio.Event = field(default_factory=asyncio.Event)
    closing: asyncio.Task[None] | None = None


@dataclass(frozen=True, eq=False)
class Lease:
    """A writer in use by one attempt; `connected` are the settings it was opened with."""

    writer: Writer
    connected: Connected
    _of: _Open
    _pool: WriterPool

    @property
    def is_current(self) -> bool:
        """Whether its settings and credentials are still those in force."""
        return self._pool.version_of(self.connected.settings.connection) == self._of.version

    def release(self) -> None:
        """The attempt is over."""
        self._pool.released(self.connected.settings.connection, self._of)


@dataclass
class WriterPool:
    """One open writer for each connection. `connected` gives the settings in force, `version` tells when credentials changed."""

    opener: Opener
    connected: Callable[[str], Connected | None]
    version: Callable[[str], str] = field(default=lambda _: "")
    _open: dict[str, _Open] = field(default_factory=dict)
    _closing: set[asyncio.Task[None]] = field(default_factory=set)

    def version_of(self, connection: str) -> str:
        """Which settings and credentials are in force; "" for a connection that is not there."""
        connected = self.connected(connection)
        return f"{connected.version}/{self.version(connection)}" if connected is not None else ""

    async def lease(self, connection: str) -> Lease:
        """The session of a connection as it is in force now. Raises `Broken` when it cannot be opened."""
        while True:
            connected, version = self.connected(connection), self.version_of(connection)
            if connected is None:
                raise Broken(f"{connection} is not applied any more.", "Apply it again, or remove what waits for it.")
            known = self._open.get(connection)
            if known is None:
                known = self._open[connection] = _Open(self.opener(connected, Role.SINK), version)
            if known.version == version and known.closing is None:
                known.leases += 1
                return Lease(known.session.writer, connected, known, self)
            self._close_if_unused(connection, known)
            await known.closed.wait()

    def released(self, connection: str, of: _Open) -> None:
        """A lease was given back: the last one of a session that was replaced ends it."""
        of.leases -= 1
        if of.version != self.version_of(connection):
            self._close_if_unused(connection, of)

    def changed(self, connection: str) -> None:
        """Settings or credentials changed: a session that nobody uses is ended now."""
        known = self._open.get(connection)
        if known is not None and known.version != self.version_of(connection):
            self._close_if_unused(connection, known)

    def _close_if_unused(self, connection: str, of: _Open) -> None:
        if of.leases == 0 and of.closing is None:
            of.closing = asyncio.get_running_loop().create_task(self._close(connection, of))
            self._closing.add(of.closing)
            of.closing.add_done_callback(self._closing.discard)

    async def _close(self, connection: str, of: _Open) -> None:
        try:
            async with asyncio.timeout(CLOSE_S):
                await of.session.writer.close()
                if of.session.transport is not None:
                    await of.session.transport.close()
        except Exception as error:  # noqa: BLE001 - the edge of a session: whatever ends it badly, the next one has to be opened
            log.warning("session_not_closed", connection=connection, error=str(error)[:200])
        finally:
            if self._open.get(connection) is of:
                del self._open[connection]
            of.closed.set()

    async def close(self) -> None:
        """End every session at the vendors' side too."""
        for connection, known in list(self._open.items()):
            known.leases = 0
            self._close_if_unused(connection, known)
        await asyncio.gather(*self._closing)
