"""What is read from Acumatica: entity, keys, parts to expand, and the feeds with their cadence. Pure.

Source: OpenAPI Default 24.200.001 (fields, and which entities have LastModifiedDateTime; Subaccount and CompaniesStructure have none). The key sets
are assumed from the screens. Documents are also listed every 15 minutes, because push notifications can be dropped (product page).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from systems.contract import Feed


@dataclass(frozen=True)
class Resource:
    """One kind of object: the vendor's entity, its keys in screen order, what a read expands, and how changes are seen."""

    vendor: str
    keys: tuple[str, ...]
    expand: str = ""
    kind: str = "window"
    cadence: timedelta = timedelta(minutes=15)


_HOUR = timedelta(hours=1)

NAMES: Mapping[str, Resource] = {
    "gl_account": Resource("Account", ("AccountCD",), kind="full", cadence=_HOUR),
    "subaccount": Resource("Subaccount", ("SubaccountCD",), kind="full", cadence=_HOUR),
    "branch": Resource("CompaniesStructure", ("BranchID",), kind="full", cadence=_HOUR),
    "period": Resource("FinancialPeriod", ("FinancialYear",), expand="Details", kind="full", cadence=timedelta(minutes=15)),
    "payment_type": Resource("PaymentMethod", ("PaymentMethodID",), kind="full", cadence=_HOUR),
    "tax_zone": Resource("TaxZone", ("TaxZoneID",), kind="full", cadence=_HOUR),
    "customer": Resource("Customer", ("CustomerID",), expand="MainContact,MainContact/Address"),
    "vendor": Resource("Vendor", ("VendorID",), expand="MainContact,MainContact/Address"),
    "invoice": Resource("Invoice", ("Type", "ReferenceNbr"), expand="Details"),
    "payment": Resource("Payment", ("Type", "ReferenceNbr")),
    "bill": Resource("Bill", ("Type", "ReferenceNbr"), expand="Details"),
}
_PLURALS = {"branch": "branches"}
OVERLAP = timedelta(minutes=5)

FEEDS: tuple[Feed, ...] = tuple(
    Feed(
        name=_PLURALS.get(entity, f"{entity}s"),
        entity=entity,
        kind=one.kind,
        shape="object",
        cadence=one.cadence,
        overlap=OVERLAP if one.kind == "window" else timedelta(0),
    )
    for entity, one in NAMES.items()
)
FETCHABLE: Mapping[str, int] = {entity: 20 for entity in NAMES if entity not in ("branch",)}


def parts_of_id(entity: str) -> tuple[str, ...]:
    """The vendor's key fields of our entity, in the order in which an id names them."""
    return NAMES[entity].keys
