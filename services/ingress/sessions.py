"""A poller's session with one system of one connection: opened with its own share of the limit and its own credentials, logged out at the
end."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from runtime.exchange import Transport
from services.access import AccessProvider, credentials_version
from services.credentials import CredentialStore
from systems.connection import ConnectionSettings, Side
from systems.contract import Reader, Role


@dataclass(frozen=True)
class ReaderSession:
    """An open reader and the transport below it."""

    reader: Reader
    transport: Transport

    async def close(self) -> None:
        """Log out if the vendor counts sessions, then close the connections."""
        try:
            await self.reader.close()
        finally:
            await self.transport.close()


def version(settings: ConnectionSettings, side: Side, store: CredentialStore) -> str:
    """Changes when a session has to be opened again: the settings or the credentials of this side are others."""
    text = "\n".join(
        (
            side.model_dump_json(),
            settings.time_zone,
            settings.environment,
            credentials_version(store, settings.connection, side.system, Role.POLLER),
        )
    )
    return hashlib.sha256(text.encode()).hexdigest()


def open_reader_session(settings: ConnectionSettings, side: Side, provider: AccessProvider) -> ReaderSession:
    """A session for the poller's role. Raises `Broken` naming the connection and the system if it has no fit credentials."""
    access = provider.access(settings, side.system, Role.POLLER)
    return ReaderSession(side.declared.open_reader(access), access.transport)
