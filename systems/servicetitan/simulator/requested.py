"""What an app writes over the API: bodies as the request models declare them, and the delay until reads show what was written.

Source: OpenAPI (`additionalProperties` false); that unknown members are dropped silently was seen in production by
lpeluso-dotcom/mcp-servicetitan, as was that a read may miss for some seconds what was just written.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from aiohttp import web

from systems.servicetitan.simulator.answers import body_of, invalid, unreadable
from systems.servicetitan.simulator.shapes import Row
from systems.servicetitan.simulator.tenant import Tenant, parsed
from systems.servicetitan.spec import schemas

LAGGING = ("vendors", "purchase-orders")
"""The kinds that an app writes and that reads show `lookup_lag_s` later."""
_OWN = ("_before", "_writtenOn")


async def object_of(request: web.Request) -> dict[str, Any]:
    """The JSON object of a request. Raises 400."""
    found = await body_of(request)
    if not isinstance(found, dict):
        raise unreadable()
    return found


def id_of(request: web.Request) -> int:
    """The id in the path."""
    return int(request.match_info["id"])


def required(body: dict[str, Any], schema: str) -> None:
    """Raises 400, naming the first required member of the request model that is missing."""
    for member in schemas("inventory")[schema].get("required", ()):
        if body.get(member) is None:
            raise invalid(titled(member), f"The {member} field is required.")


def titled(member: str) -> str:
    """A member's name in the form of refusals."""
    return member[0].upper() + member[1:]


def documented(body: dict[str, Any], schema: str, unknown: str) -> dict[str, Any]:
    """The body without members that the request model does not name. They are refused (the model allows none) or, as was seen in production, dropped
    silently. Raises 400."""
    known = schemas("inventory")[schema]["properties"]
    strange = sorted(set(body) - set(known))
    if strange and unknown == "refuse":
        raise invalid(strange[0], f"The member {strange[0]} is not known.")
    for member, value in body.items():
        kinds = known.get(member, {}).get("type")
        if value is not None and isinstance(kinds, str | list) and not _fits(value, kinds):
            raise unreadable(titled(member))
    return {member: value for member, value in body.items() if member in known}


_PYTHON: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, Decimal),
    "array": (list,),
    "object": (dict,),
}


def _fits(value: Any, kinds: str | list[str]) -> bool:
    wanted = [kinds] if isinstance(kinds, str) else [kind for kind in kinds if kind != "null"]
    return any(isinstance(value, _PYTHON[kind]) and (kind == "boolean" or not isinstance(value, bool)) for kind in wanted)


def written(tenant: Tenant, kind: str, before: Row | None, row: Row, operation: str) -> Row:
    """Save a row that was written over the API, and keep what reads show of it until the lag is over."""
    shown = {name: value for name, value in before.items() if name not in _OWN} if before else None
    row |= {"_before": shown, "_writtenOn": tenant.clock.now().isoformat()}
    return tenant.save(kind, row, operation)


def as_seen(tenant: Tenant, row: Row) -> Row | None:
    """The row as a read shows it now; None if it is not shown yet."""
    since, lag_s = row.get("_writtenOn"), tenant.settings.lookup_lag_s
    if not since or tenant.clock.now() - parsed(since) >= timedelta(seconds=lag_s):
        return row
    before: Row | None = row.get("_before")
    return before
