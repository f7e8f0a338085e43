"""A poller's session with one system of one connection: opened with its own share, its own credentials, closed at the vendor's side."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from pydantic import ValidationError

from runtime.clock import Clock
from runtime.errors import Broken
from runtime.exchange import Transport
from runtime.http import HttpTransport, Reach
from runtime.limits import Limiter
from runtime.settings import Settings
from services.credentials import CredentialStore
from systems.connection import ConnectionSettings, Side
from systems.contract import Access, Reader, Role


@dataclass(frozen=True)
class Session:
    """An open reader and the network below it."""

    reader: Reader
    transport: Transport

    async def close(self) -> None:
        """Log out where the vendor counts sessions, then drop the connections."""
        try:
            await self.reader.close()
        finally:
            await self.transport.close()


def purpose(system: str, role: Role) -> str:
    """Purpose of a system's API credentials for a role: `<system>.<role>`."""
    return f"{system}.{role.value}"


def version(settings: ConnectionSettings, side: Side, store: CredentialStore) -> str:
    """Changes when a session has to be opened anew: other settings of this side, or other credentials."""
    text = "\n".join(
        (
            side.model_dump_json(),
            settings.time_zone,
            settings.environment,
            store.version(settings.connection, purpose(side.system, Role.POLLER)),
        )
    )
    return hashlib.sha256(text.encode()).hexdigest()


def open_session(settings: ConnectionSettings, side: Side, store: CredentialStore, process: tuple[Settings, Clock]) -> Session:
    """A session for the poller's role. Raises `Broken` naming the connection and system when it has no fit credentials."""
    found = store.get(settings.connection, purpose(side.system, Role.POLLER))
    try:
        credentials = side.declared.credentials.model_validate(found)
    except ValidationError as error:
        fields = ", ".join(".".join(str(part) for part in one["loc"]) for one in error.errors())
        # `from None`: pydantic's error shows the values
        raise Broken(
            f"{settings.connection}: credentials of {side.system} are not fit: {fields}.", "Apply the connection again."
        ) from None
    own, clock = process
    transport = HttpTransport(Reach(loopback=own.profile == "demo"))
    limiter = Limiter(side.quota.share(Role.POLLER), clock)
    access = Access(settings.connection, Role.POLLER, side.own(), credentials, transport, limiter, clock)
    return Session(side.declared.open_reader(access), transport)
