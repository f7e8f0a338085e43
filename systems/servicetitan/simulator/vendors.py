"""Vendors in their written form: with other names than on read, and external data with its rules.

Source: OpenAPI Inventory V2 (VendorCreateRequest, six address members required, externalData with applicationGuid; `patchMode`
Replace by default drops the other keys, Merge keeps them, and a null value deletes a key).
"""

from __future__ import annotations

from typing import Any

from systems.servicetitan.simulator.answers import invalid, unreadable
from systems.servicetitan.simulator.shapes import Row
from systems.servicetitan.simulator.tenant import Tenant, money
from systems.servicetitan.spec import schemas

CREATE, UPDATE = "Inventory.V2.CreateVendorRequest", "Inventory.V2.UpdateVendorRequest"
_REQUIRED = tuple(schemas("inventory")[CREATE]["required"])
_ADDRESS = ("street", "unit", "city", "state", "zip", "country")
_CONTACT = ("firstName", "lastName", "phone", "email", "fax")
_SAME = ("name", "active", "isTruckReplenishment", "memo", "deliveryOption")


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
