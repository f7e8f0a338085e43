"""The bodies that write a vendor, from its command, and which of its fields each owner keeps. Pure.

Source: OpenAPI Inventory V2 (CreateVendorRequest: name, active, isTruckReplenishment, taxRate, restrictedMobileCreation and an address of
six members are required; UpdateVendorRequest: all optional; ExternalDataUpdateRequest: `patchMode` Merge keeps other keys). ServiceTitan owns memo,
delivery option and contacts (accounting.md 21). Contacts are sent once, when the vendor is created; the others never.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, cast

from runtime.errors import Refused
from schemas.records import CommandEnvelope, VendorCommand
from systems.owners import ERP, FIELD_SERVICE, owned
from systems.servicetitan.settings import Settings

ADDRESS = ("street", "unit", "city", "state", "zip", "country")
TERMS = "terms"
"""The fields that the ERP owns and that ServiceTitan never shows (`paymentTermId` is write-only)."""
_APART = (TERMS, "code", "vendor_class", "memo")
"""Fields that cannot be compared with what ServiceTitan shows: the code is in external data, the class has no field, and our memo is never sent."""
OWNED = tuple({"status": "active"}.get(name, name) for name in owned("vendor", ERP) if name not in _APART)
"""The fields that the ERP owns and ServiceTitan shows."""
KEPT = tuple(name for name in owned("vendor", FIELD_SERVICE) if name not in _APART)
"""The fields that ServiceTitan owns. The ERP's value is sent when the vendor is created, and remembered, so that a later change in the ERP is
listed."""
MARKED = (*OWNED, TERMS, *KEPT)
_MARK_CHARACTERS = 6
_NEW = {"isTruckReplenishment": False, "taxRate": 0, "restrictedMobileCreation": False}
"""Required members that no ERP gives. People set them in ServiceTitan, and no update sends them."""
_ACTIVE = {True: "active", False: "inactive"}


def vendor(command: CommandEnvelope) -> VendorCommand:
    """The command as a vendor's."""
    return cast("VendorCommand", command)


def wanted(command: CommandEnvelope) -> dict[str, str]:
    """The ERP's value of every marked field, as texts without blanks around them."""
    own = vendor(command)
    found = {name: str(own[name]).strip() for name in ("name", *ADDRESS, TERMS, *KEPT)}  # type: ignore[literal-required]  # names of VendorCommand
    return found | {"active": own["status"]}


def shown(row: Mapping[str, Any]) -> dict[str, str]:
    """The same fields as ServiceTitan shows them in a row. `terms` is never shown."""
    address, contact = row.get("address") or {}, row.get("contactInfo") or {}
    found = {name: str(address.get(name) or "").strip() for name in ADDRESS}
    found |= {name: str(contact.get(name) or "").strip() for name in KEPT}
    return found | {"name": str(row.get("name") or "").strip(), "active": _ACTIVE[row.get("active") is not False]}


def mark(value: str) -> str:
    """A short hash that distinguishes a later value from the written one (24 bits; it informs people and decides nothing about money)."""
    return hashlib.sha256(value.encode()).hexdigest()[:_MARK_CHARACTERS]


def marks(command: CommandEnvelope) -> str:
    """What external data stores about this command: `field:hash` of every marked field."""
    own = wanted(command)
    return " ".join(f"{name}:{mark(own[name])}" for name in MARKED)


def marks_in(text: str) -> dict[str, str]:
    """The hashes by field, from external data. A hash that cannot be read is left out."""
    pairs = (part.partition(":") for part in text.split())
    return {name: value for name, _, value in pairs if name in MARKED and len(value) == _MARK_CHARACTERS}


def create_body(command: CommandEnvelope, settings: Settings) -> dict[str, Any]:
    """The body of POST."""
    own = wanted(command)
    contacts = {name: own[name] for name in KEPT if own[name]}
    return _owned(command) | _NEW | contacts | {"externalData": _external(command, settings)}


def update_body(command: CommandEnvelope, settings: Settings) -> dict[str, Any]:
    """The body of PATCH: only the owner's fields; the other keys of external data stay as they are."""
    return _owned(command) | {"externalData": {**_external(command, settings), "patchMode": "Merge"}}


def _owned(command: CommandEnvelope) -> dict[str, Any]:
    own = wanted(command)
    if not own["name"]:
        raise Refused(f"servicetitan {command['ref']}: a vendor without a name cannot be written.", "name")
    body = {"name": own["name"], "active": own["active"] == "active", "address": {name: own[name] for name in ADDRESS}}
    return body | ({"paymentTermId": _term(own[TERMS])} if own[TERMS] else {})


def _term(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise Refused(f"servicetitan: payment term {text[:40]!r} is not an id; correct the crosswalk table vendor_term.", "terms")
    return int(text)


def _external(command: CommandEnvelope, settings: Settings) -> dict[str, Any]:
    kept = {
        settings.external_ref_key: command["ref"],
        settings.external_code_key: vendor(command)["code"],
        settings.external_marks_key: marks(command),
    }
    entries = [{"key": key, "value": value} for key, value in kept.items()]
    return {"applicationGuid": settings.external_data_application_guid, "externalData": entries}
