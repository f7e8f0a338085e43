"""How a session with a system is opened: with the connection's settings, the role's credentials, its share of the limit and a transport.

Roles share nothing: each role of each connection has its own credentials, share and transport. Credentials are given out only for the
addresses and network settings that they were applied for, so that changing a connection cannot send them elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from runtime.clock import Clock
from runtime.errors import Broken
from runtime.exchange import Transport
from runtime.http import HttpTransport
from runtime.limits import Limiter
from runtime.one_write import OneWrite
from runtime.settings import Settings
from services.credentials import CredentialStore
from services.network import Ways, network_purpose, origins_of, ways
from systems.connection import ConnectionSettings, Side
from systems.contract import Access, Role
from systems.network import is_pem

_UNSENDABLE = re.compile("[\\x00-\\x1f\\x7f\\ud800-\\udfff]")


def purpose(system: str, role: Role) -> str:
    """The purpose of a system's API credentials for a role: `<system>.<role>`."""
    return f"{system}.{role.value}"


def credentials_version(store: CredentialStore, connection: str, system: str, role: Role) -> str:
    """Changes whenever a session of this role has to be opened again because of its credentials or the secrets of its network."""
    return f"{store.version(connection, purpose(system, role))} {store.version(connection, network_purpose(system))}"


def _unsendable(secret: Any, model: type[BaseModel]) -> list[str]:
    """The fields whose values fit neither a header nor a form: control characters, bytes that are not UTF-8. Values are not shown. Fields
    for keys and certificates have several lines; they are left out because they are never sent as they are."""
    values = secret.items() if isinstance(secret, Mapping) else ()
    sent = ((name, value) for name, value in values if isinstance(value, str) and not is_pem(model, name))
    return [name for name, value in sent if _UNSENDABLE.search(value)]


@dataclass(frozen=True)
class AccessProvider:
    """Opens the sessions of one process."""

    settings: Settings
    credentials: CredentialStore
    clock: Clock

    def access(self, connection: ConnectionSettings, system: str, role: Role) -> Access:
        """What a session of `role` with `system` is opened with. Raises `Broken` naming what is missing or unfit."""
        side = connection.side(system)
        name = connection.connection
        secret = self.credentials.get(name, purpose(system, role), origins_of(side))
        try:
            opened = side.declared.credentials.model_validate(secret)
        except ValidationError as error:
            fields = ", ".join(".".join(str(part) for part in e["loc"]) for e in error.errors(include_input=False))
            # `from None`: the validator's error would carry the values
            raise Broken(f"{name}: credentials for {system} do not fit: {fields}.", "Apply the connection again.") from None
        if unfit := _unsendable(secret, side.declared.credentials):
            raise Broken(
                f"{name}: credentials for {system}: {', '.join(unfit)} has a line end or another character that cannot be sent.",
                "Correct the secret and apply the connection again.",
            )
        share = side.quota.share(role)
        way = self.ways(connection, side)
        transport: Transport = HttpTransport(way.reach, way.context, max(share.at_once, self.settings.lanes), way.proxy)
        if role is Role.SINK:
            transport = OneWrite(transport, side.declared.writes_by)
        limiter, writes = Limiter(share, self.clock), connection.commands_to(system)
        return Access(name, role, side.own(), opened, transport, limiter, self.clock, writes)

    def ways(self, connection: ConnectionSettings, side: Side) -> Ways:
        """How a side is reached. Raises `Broken` if its certificates or its proxy's password are missing or unfit."""
        sealed: Mapping[str, Any] = {}
        if side.network.references:
            found = self.credentials.get(connection.connection, network_purpose(side.system), origins_of(side))
            sealed = found if isinstance(found, dict) else {}
        return ways(side, sealed, self.settings.profile == "demo")
