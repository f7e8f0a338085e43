"""The pool of open writers of a sink, one per connection: opened when first needed, and again when settings or credentials change.

An attempt leases the writer from its reservation until it is at rest. A writer whose settings or credentials were replaced is not leased
any more. It is closed when its last lease is released, and only then is the new one opened: an ERP may allow only one session at a time.
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
"""How long the logout at the vendor may take."""


@dataclass(frozen=True)
class OpenWriter:
    """An open writer and the network transport below it (None if the ERP answers in this process)."""

    writer: Writer
    transport: Transport | None = None


class Opener(Protocol):
    """Opens a writer for a connection. Tests put their own ERP here."""

    def __call__(self, connected: Connected, role: Role) -> OpenWriter:
        """The writer, not used yet. Raises `Broken` if credentials are missing."""


@dataclass(eq=False)
class _Open:
    session: OpenWriter
    version: str
    leases: int = 0
    closed: asyncio.Event = field(default_factory=asyncio.Event)
    closing: asyncio.Task[None] | None = None


@dataclass(frozen=True, eq=False)
class Lease:
    """A writer in use by one attempt. `connected` are the settings with which it was opened."""

    writer: Writer
    connected: Connected
    _of: _Open
    _pool: WriterPool

    @property
    def is_current(self) -> bool:
        """Whether its settings and credentials are still in force."""
        return self._pool.version_of(self.connected.settings.connection) == self._of.version

    def release(self) -> None:
        """The attempt is over."""
        self._pool.released(self.connected.settings.connection, self._of)


@dataclass
class WriterPool:
    """One open writer per connection. `connected` returns the settings in force; `version` changes with the credentials."""

    opener: Opener
    connected: Callable[[str], Connected | None]
    version: Callable[[str], str] = field(default=lambda _: "")
    _open: dict[str, _Open] = field(default_factory=dict)
    _closing: set[asyncio.Task[None]] = field(default_factory=set)

    def version_of(self, connection: str) -> str:
        """Identifies the settings and credentials in force; "" for a connection that does not exist."""
        connected = self.connected(connection)
        return f"{connected.version}/{self.version(connection)}" if connected is not None else ""

    async def lease(self, connection: str) -> Lease:
        """A lease of the connection's session, with the settings in force. Raises `Broken` if it cannot be opened."""
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
        """A lease was released. If it was the last one of a replaced session, the session is closed."""
        of.leases -= 1
        if of.version != self.version_of(connection):
            self._close_if_unused(connection, of)

    def changed(self, connection: str) -> None:
        """Settings or credentials changed: close the session now if nobody uses it."""
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
        except Exception as error:  # noqa: BLE001 - the edge of a session: however badly it ends, the next one has to be opened
            log.warning("session_not_closed", connection=connection, error=str(error)[:200])
        finally:
            if self._open.get(connection) is of:
                del self._open[connection]
            of.closed.set()

    async def close(self) -> None:
        """Close every session, and log out at the vendors."""
        for connection, known in list(self._open.items()):
            known.leases = 0
            self._close_if_unused(connection, known)
        await asyncio.gather(*self._closing)
