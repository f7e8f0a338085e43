"""Who owns which field of a master that both sides keep (accounting.md 21): one owner each, and no last writer wins. Declarations only.

A write brings what its own side owns; what the other side owns is left as it is, so that two changes at the same time cannot swap, and a write
of ours that is seen coming back differs in nothing and ends. What a person changed who does not own it is overwritten or kept, and listed
(`Document.overruled`). Fields are named as in the commands `customer` and `vendor`.
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
"""Entity -> side -> the fields that it owns. A vendor's name and address are its remit-to, which the ERP pays; a customer's are where the work
is done."""


def owned(entity: str, side: str) -> tuple[str, ...]:
    """The fields of a master that a side owns."""
    return OWNERS[entity][side]
