"""Vendors as they are written: other names than on read, external data with its rules, and how late reads show them.

Source: OpenAPI Inventory V2 (VendorCreateRequest, six address members required, externalData with applicationGuid; `patchMode`
Replace by default drops the other keys, Merge keeps them, a null value deletes a key).
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from systems.servicetitan.simulator.answers import invalid, unreadable
from systems.servicetitan.simulator.shapes import Row
from systems.servicetitan.simulator.tenant import Tenant, money, parsed
from systems.servicetitan.spec import schemas

CREATE, UPDATE = "Inventory.V2.CreateVendorRequest", "Inventory.V2.UpdateVendorRequest"
_REQUIRED = tuple(schemas("inventory")[CREATE]["required"])
_ADDRESS = ("street", "unit", "city", "state", "zip", "country")
_CONTACT = ("firstName", "lastName", "phone", "email", "fax")
_SAME = ("name", "active", "isTruckReplenishment", "memo", "deliveryOption")


def documented(body: dict[str, Any], schema: str, unknown: str) -> dict[str, Any]:
    """The body without members that the request model does not name; they are refused (the model allows none) or, as was seen in
    production, dropped silently. Raises 400."""
    known = schemas("inventory")[schema]["properties"]
    strange = sorted(set(body) - set(known))
    if strange and unknown == "refuse":
        raise invalid(strange[0], f"The member {strange[0]} is not known.")
    for member, value in body.items():
        kinds = known.get(member, {}).get("type")
        if value is not None and isinstance(kinds, str | list) and not _fits(value, kinds):
            raise unreadable(member[0].upper() + member[1:])
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


def written(tenant: Tenant, before: Row | None, row: Row, operation: str) -> Row:
    """Save a row that was written over the API, with what reads show of it until the lag is over."""
    shown = {name: value for name, value in before.items() if name not in ("_before", "_writtenOn")} if before else None
    row |= {"_before": shown, "_writtenOn": tenant.clock.now().isoformat()}
    return tenant.save("vendors", row, operation)


def as_seen(tenant: Tenant, row: Row) -> Row | None:
    """The row as a read shows it now; None for one that is not shown yet."""
    since, lag_s = row.get("_writtenOn"), tenant.settings.lookup_lag_s
    if not since or tenant.clock.now() - parsed(since) >= timedelta(seconds=lag_s):
        return row
    before: Row | None = row.get("_before")
    return before


def new_vendor(tenant: Tenant, body: dict[str, Any], guid: str) -> Row:
    """The row of a create request, not saved. Raises 400 naming the member that is missing."""
    for member in _REQUIRED:
        if body.get(member) is None:
            raise invalid(member[0].upper() + member[1:], f"The {member} field is required.")
    empty = {"contactInfo": dict.fromkeys(_CONTACT, ""), "memo": "", "deliveryOption": "Manual", "_externalData": []}
    return changed_vendor(tenant.new("vendors", empty), body, guid)


def changed_vendor(row: Row, body: dict[str, Any], guid: str) -> Row:
    """The row with the members of a create or change request."""
    row |= {member: body[member] for member in _SAME if body.get(member) is not None}
    if body.get("taxRate") is not None:
        row["defaultTaxRate"] = money(body["taxRate"])
    if body.get("restrictedMobileCreation") is not None:
        row["isMobileCreationRestricted"] = bool(body["restrictedMobileCreation"])
    if body.get("address") is not None:
        row["address"] = _address(body["address"])
    row["contactInfo"] = row["contactInfo"] | {member: body[member] for member in _CONTACT if body.get(member) is not None}
    if body.get("externalData") is not None:
        row["_externalData"] = _external(row["_externalData"], body["externalData"], guid)
    return row


def _address(address: Any) -> Row:
    if not isinstance(address, dict):
        raise unreadable("Address")
    for part in _ADDRESS:
        if not isinstance(address.get(part), str):
            raise invalid(f"Address.{part[0].upper()}{part[1:]}", f"The {part} field is required.")
    return {part: address[part] for part in _ADDRESS}


def _external(held: list[Row], change: Any, guid: str) -> list[Row]:
    if not isinstance(change, dict) or str(change.get("applicationGuid", "")).lower() != guid:
        raise invalid("ExternalData.ApplicationGuid", "The application GUID is not the one of this app.")
    given = {str(entry["key"]): entry.get("value") for entry in change.get("externalData") or []}
    kept = {entry["key"]: entry["value"] for entry in held} if change.get("patchMode") == "Merge" else {}
    return [{"key": key, "value": str(value)} for key, value in (kept | given).items() if value is not None]
