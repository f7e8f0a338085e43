"""Who owns which field of a master that both sides keep (accounting.md 21). Each field has one owner; the last writer does not win. These are
declarations.

A write sets the fields that its own side owns and leaves the others as they are. So two changes at the same time cannot swap values, and when our own
write is read back it shows no difference and nothing follows. If somebody changes a field at the side that does not own it, the change is overwritten
or kept, and listed (`Document.overruled`). Fields have their names in the commands `customer` and `vendor`.
"""

from __future__ import annotations

from collections.abc import Mapping

ERP, FIELD_SERVICE = "erp", "field_service"
_ADDRESS = ("street", "unit", "city", "state", "zip", "country")
_CONTACT = ("phone", "email")

OWNERS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "vendor": {ERP: ("name", "status", *_ADDRESS, "terms", "code", "vendor_class"), FIELD_SERVICE: (*_CONTACT, "memo")},
    "customer": {ERP: ("customer_class", "terms", "tax_zone"), FIELD_SERVICE: ("name", *_ADDRESS, *_CONTACT)},
}
"""Entity -> side -> the fields that it owns. The ERP owns the name and address of a vendor, because it pays there; the field service owns those of a
customer, because the work is done there."""


def owned(entity: str, side: str) -> tuple[str, ...]:
    """The fields of a master that a side owns."""
    return OWNERS[entity][side]
