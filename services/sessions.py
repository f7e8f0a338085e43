"""How a session with a system is opened: the connection's settings, the role's credentials, its share of the limit, a transport.

Each role of each connection has its own of all four; nothing is shared between them.
"""

from __future__ import annotations

from pydantic import ValidationError

from runtime.clock import Clock
from runtime.errors import Broken
from runtime.http import HttpTransport, Reach
from runtime.limits import Limiter
from runtime.settings import Settings
from services.credentials import CredentialStore
from systems.contract import Access, Role
from topology.configuration import Connected


def access(settings: Settings, connected: Connected, system: str, role: Role, credentials: CredentialStore, clock: Clock) -> Access:
    """What a session of `role` with `system` is opened with. Raises `Broken` naming what is missing or does not fit."""
    side = connected.settings.side(system)
    secret = credentials.get(connected.settings.connection, f"{system}.{role.value}")
    try:
        opened = side.declared.credentials.model_validate(secret)
    except ValidationError as error:
        fields = ", ".join(".".join(str(part) for part in e["loc"]) for e in error.errors(include_input=False))
        # `from None`: the validator's error would carry the values
        raise Broken(f"{connected.settings.connection}: credentials for {system} do not fit: {fields}.", "Apply it again.") from None
    share = side.quota.share(role)
    transport = HttpTransport(Reach(loopback=settings.profile == "demo"), at_once=max(share.at_once, settings.lanes))
    return Access(connected.settings.connection, role, side.own(), opened, transport, Limiter(share, clock), clock)
