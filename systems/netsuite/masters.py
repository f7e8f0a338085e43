"""The bodies that write a customer or vendor, from its command. Pure.

Source: REST API Browser 2026.1 (vendor, customer, addressBook). A vendor needs a name, and in a OneWorld account a subsidiary.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from schemas.records import CommandEnvelope
from systems.netsuite.documents import fields, ref, terms_of
from systems.netsuite.settings import Settings

_COUNTRIES = {"USA": "US", "UNITED STATES": "US", "CAN": "CA", "CANADA": "CA", "MEX": "MX"}


def master_body(record: str, command: CommandEnvelope, settings: Settings, owned: tuple[str, ...] | None = None) -> dict[str, Any]:
    """A customer or vendor: all fields to create it (`owned` is None), else the fields that our side owns."""
    own = fields(command)
    made: dict[str, Any] = {}
    if owned is None:
        made = {"isPerson": False, "externalId": command["ref"]}
        if settings.subsidiary:
            made["subsidiary"] = ref(settings.subsidiary, "subsidiary")
        made |= terms_of(own)
        if record == "customer" and own["tax_zone"]:
            made |= {"taxable": True, "taxItem": ref(own["tax_zone"], "tax item")}
    for name, theirs in (("name", "companyName"), ("phone", "phone"), ("email", "email"), ("memo", "comments")):
        value = str(own.get(name, ""))
        if (owned is None and value) or (owned is not None and name in owned and name in own):
            made[theirs] = value[: _LONGEST.get(theirs, 999)] or None
    if owned is None or "street" in owned:
        made |= address_body(own)
    return made


_LONGEST = {"companyName": 83, "phone": 32, "email": 254}


def address_body(own: Mapping[str, Any]) -> dict[str, Any]:
    """The address book with one address, which replaces the whole list (`replace=addressBook`). Empty if there is no address."""
    made = address_of(own)
    if not made:
        return {}
    line = {"defaultBilling": True, "defaultShipping": True, "addressBookAddress": made}
    return {"addressBook": {"items": [line]}}


def address_of(own: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of an address that have a value."""
    named = own["country"].strip()
    country = _COUNTRIES.get(named.upper(), named.upper() if len(named) == 2 else "")
    found = {"addr1": own["street"], "addr2": own["unit"], "city": own["city"], "state": own["state"], "zip": own["zip"]}
    made: dict[str, Any] = {name: value for name, value in found.items() if value}
    return made | {"country": {"id": country or "US"}} if made else {}
