"""Vendors of the field-service system as suppliers, by their code. Pure (accounting.md 19, 21).

SYSPRO owns code, name, address, terms and status of a supplier; the field-service side owns telephone and e-mail. A new supplier has the vendor's id
in its code, and our ref in UserField1. Characters outside Windows-1252 are replaced, texts too long for a column are cut, and both are listed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from systems.mapped import Draft, NoCommand, Plan
from systems.postings.masters import ADDRESS, upsert
from systems.syspro.allocation import Mapped, mapped
from systems.syspro.wire import fitted

VENDORS = "S2V"
WIDTHS: Mapping[str, int] = {
    "name": 50,
    "street": 40,
    "unit": 40,
    "city": 40,
    "state": 40,
    "country": 40,
    "zip": 10,
    "phone": 20,
    "email": 255,
}
"""The most characters of each field; SupAddr1 to SupAddr5 have 40 each."""


def vendor_commands(record: Mapping[str, Any], plan: Plan) -> Sequence[Draft | NoCommand]:
    """What a vendor becomes: a single upsert."""
    if not record["active"]:
        return [NoCommand("excluded", "inactive vendor", VENDORS)]
    made = mapped(plan, None)
    own = made.settings.suppliers
    fields = {"code": "", "vendor_class": own.supplier_class, "terms": own.terms_code, "status": "active", "memo": ""}
    fitting = dict(record) | {name: _fit(name, str(record[name]), made) for name in ("name", *ADDRESS)}
    if not fitting["name"]:
        made.missing("name", record["source_id"])
    return [replace(upsert("vendor", fitting, fields, made, VENDORS), defaulted=tuple(made.defaulted))]


def _fit(name: str, text: str, made: Mapped) -> str:
    found = fitted(text, WIDTHS[name])
    if found.is_changed:
        made.default(name, text, found.text or "?")
    return found.text
