"""What is read from ServiceTitan, one row per entity: where its list is, which scope it needs, how to ask for ids, and which feed shows it.

Source: ServiceTitan OpenAPI documents of modules accounting, crm, inventory, jpm and settings (snapshot of 2026-05-21), committed
under `spec/`. One shape per entity becomes canonical: the row of its list. The export row is the same except for `active` (only in exports) and
`externalData` (only in lists).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from systems.contract import Feed

OVERLAP = timedelta(minutes=15)
_SOON = timedelta(seconds=30)
_LATER = timedelta(minutes=5)
_HOURLY = timedelta(hours=1)


@dataclass(frozen=True)
class Resource:
    """One list of the API. `inactive` is the query that shows inactive rows too (lists hide them by default).

    `ids` says how to ask for ids: comma (one parameter, at most 50), repeat (vendors), path (one at a time, bills), "" (not possible). `part` is the
    sublist that completes an object; such objects are asked for one at a time.
    """

    entity: str
    module: str
    name: str
    scope: str
    inactive: tuple[tuple[str, str], ...] = ()
    ids: str = "comma"
    sortable: bool = True
    external_data: bool = False
    part: str = ""

    def path(self, tenant_id: str) -> str:
        """Path of the list under the API's host."""
        return f"/{self.module}/v2/tenant/{tenant_id}/{self.name}"

    def export_path(self, tenant_id: str) -> str:
        """Path of its export feed."""
        return f"/{self.module}/v2/tenant/{tenant_id}/export/{self.name}"


_ANY = (("active", "Any"),)
_ALL = (("activeState", "All"),)

RESOURCES: dict[str, Resource] = {
    resource.entity: resource
    for resource in (
        Resource("customer", "crm", "customers", "tn.crm.customers:r", _ANY),
        Resource("location", "crm", "locations", "tn.crm.locations:r", _ANY),
        Resource("job", "jpm", "jobs", "tn.jpm.jobs:r"),
        Resource("invoice", "accounting", "invoices", "tn.acc.invoices:r", _ALL),
        Resource("payment", "accounting", "payments", "tn.acc.payments:r", _ALL),
        Resource("credit_memo", "accounting", "credit-memos", "tn.acc.creditmemos:r", _ANY, part="items"),
        Resource("bill", "accounting", "ap-bills", "tn.acc.apbills:r", ids="path", sortable=False),
        Resource("vendor_credit", "accounting", "ap-credits", "tn.acc.apcredits:r"),
        Resource("ap_payment", "accounting", "ap-payments", "tn.acc.appayments:r"),
        Resource("bank_deposit", "accounting", "bank-deposits", "tn.acc.bankdeposits:r", part="transactions"),
        Resource("purchase_order", "inventory", "purchase-orders", "tn.inv.purchaseorders:r"),
        Resource("receipt", "inventory", "receipts", "tn.inv.receipts:r", _ANY),
        Resource("warehouse", "inventory", "warehouses", "tn.inv.warehouses:r", _ANY),
        Resource("truck", "inventory", "trucks", "tn.inv.trucks:r", _ANY),
        Resource("return", "inventory", "returns", "tn.inv.returns:r", _ANY),
        Resource("inventory_adjustment", "inventory", "adjustments", "tn.inv.adjustments:r", _ANY),
        Resource("vendor", "inventory", "vendors", "tn.inv.vendors:r", _ANY, ids="repeat", external_data=True),
        Resource("business_unit", "settings", "business-units", "tn.stt.businessunits:r", _ANY, sortable=False),
        Resource("tax_zone", "accounting", "tax-zones", "tn.acc.taxzones:r", _ANY),
        Resource("payment_term", "accounting", "payment-terms", "tn.acc.paymentterms:r"),
        Resource("payment_type", "accounting", "payment-types", "tn.acc.paymenttypes:r", _ANY, sortable=False),
    )
}

WRITE_SCOPE: dict[str, str] = {"vendor": "tn.inv.vendors:w", "purchase_order": "tn.inv.purchaseorders:w"}
"""Scope that the command of an entity needs (OpenAPI: security of POST and PATCH)."""

INVENTORY_BILLS = Resource("bill", "accounting", "inventory-bills", "tn.acc.inventorybills:r", ids="", sortable=False)
"""The export of inventory bills. It has no status and no expense lines, so its rows only say that the bill has to be read again."""

ORDER_TYPES = Resource("", "inventory", "purchase-order-types", "tn.inv.purchaseordertypes:r", _ANY, ids="")
MATERIALS = Resource("", "pricebook", "materials", "tn.pb.materials:r", _ANY)
EQUIPMENT = Resource("", "pricebook", "equipment", "tn.pb.equipment:r", _ANY)
"""Read by a writer of orders and by `check` only; no feed reads it."""

MAX_IDS = 50
FETCHABLE: dict[str, int] = {
    entity: (1 if resource.ids == "path" or resource.part else MAX_IDS) for entity, resource in RESOURCES.items()
}

FEEDS: tuple[Feed, ...] = (
    Feed("customers", "customer", "token", "object", _SOON),
    Feed("locations", "location", "token", "object", _SOON),
    Feed("business-units", "business_unit", "token", "object", _LATER),
    Feed("jobs", "job", "token", "object", _SOON),
    Feed("invoices", "invoice", "token", "hint", _SOON),
    Feed("payments", "payment", "token", "object", _SOON),
    Feed("inventory-bills", "bill", "token", "hint", _SOON),
    Feed("vendors", "vendor", "window", "object", _LATER, OVERLAP),
    Feed("ap-bills", "bill", "window", "object", _LATER, OVERLAP),
    Feed("ap-bills-standalone", "bill", "window", "object", _LATER, OVERLAP),
    Feed("ap-credits", "vendor_credit", "window", "object", _LATER, OVERLAP),
    Feed("credit-memos", "credit_memo", "window", "hint", _LATER, OVERLAP),
    Feed("ap-payments", "ap_payment", "window", "object", _LATER, OVERLAP),
    Feed("bank-deposits", "bank_deposit", "window", "hint", _LATER, OVERLAP),
    Feed("purchase-orders", "purchase_order", "token", "object", _LATER),
    Feed("receipts", "receipt", "window", "object", _LATER, OVERLAP),
    Feed("returns", "return", "token", "object", _LATER),
    Feed("adjustments", "inventory_adjustment", "token", "object", _LATER),
    Feed("warehouses", "warehouse", "window", "object", _HOURLY, OVERLAP),
    Feed("trucks", "truck", "window", "object", _HOURLY, OVERLAP),
    Feed("tax-zones", "tax_zone", "window", "object", _HOURLY, OVERLAP),
    Feed("payment-terms", "payment_term", "window", "object", _HOURLY, OVERLAP),
    Feed("payment-types", "payment_type", "full", "object", _HOURLY),
)

FEED_QUERY: dict[str, tuple[tuple[str, str], ...]] = {
    "ap-bills": (("billType", "Procurement"),),
    "ap-bills-standalone": (("billType", "ApBill"),),
}
"""What a feed asks for besides its window. The list of bills shows one type at a time (its default is Procurement)."""


def feed_resource(feed: Feed) -> Resource:
    """The resource that a feed reads."""
    return INVENTORY_BILLS if feed.name == "inventory-bills" else RESOURCES[feed.entity]
