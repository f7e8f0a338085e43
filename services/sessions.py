"""How a session with a system is opened: the connection's settings, the role's credentials, its share of the limit, a transport.

Each role of each connection has its own of all four; nothing is shared between them.
"""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import ValidationError

from runtime.clock import Clock
from runtime.errors import Broken
from runtime.http import HttpTransport, Reach
from runtime.limits import Limiter
from runtime.settings import Settings
from services.credentials import CredentialStore
from systems.connection import ConnectionSettings
from systems.contract import Access, Role


def purpose(system: str, role: Role) -> str:
    """Purpose of a system's API credentials for a role: `<system>.<role>`."""
    return f"{system}.{role.value}"


@dataclass(frozen=True)
class Sessions:
    """Opens the sessions of one process."""

    settings: Settings
    credentials: CredentialStore
    clock: Clock

    def access(self, connection: ConnectionSettings, system: str, role: Role) -> Access:
        """What a session of `role` with `system` is opened with. Raises `Broken` naming what is missing or does not fit."""
        side = connection.side(system)
        name = connection.connection
        secret = self.credentials.get(name, purpose(system, role))
        try:
            opened = side.declared.credentials.model_validate(secret)
        except ValidationError as error:
            fields = ", ".join(".".join(str(part) for part in e["loc"]) for e in error.errors(include_input=False))
            # `from None`: the validator's error would carry the values
            raise Broken(f"{name}: credentials for {system} do not fit: {fields}.", "Apply the connection again.") from None
        share = side.quota.share(role)
        reach = Reach(loopback=self.settings.profile == "demo")
        transport = HttpTransport(reach, at_once=max(share.at_once, self.settings.lanes))
        return Access(name, role, side.own(), opened, transport, Limiter(share, self.clock), self.clock)
