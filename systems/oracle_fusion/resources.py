"""What is read from Fusion: collection, key, child lists to expand, and the feeds with their cadence. Pure.

Source: REST API for Procurement (suppliers, purchaseOrders) and Financials. A change of a site or address may not change its supplier's
LastUpdateDate, and a receipt may not change its order's (both assumed). So every supplier is read once a day and every open order once an hour. Long
transactions commit with an older LastUpdateDate (assumed), so windows overlap by 15 minutes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from systems.contract import Feed

OVERLAP = timedelta(minutes=15)
_HOUR, _DAY, _OFTEN, _QUARTER = timedelta(hours=1), timedelta(days=1), timedelta(minutes=5), timedelta(minutes=15)
OPEN = ("OPEN", "ON HOLD", "CLOSED FOR RECEIVING", "CLOSED FOR INVOICING", "PENDING CHANGE APPROVAL")
"""Status codes of orders that can still be received or billed (spelling assumed, except for the kinds of closing)."""
Tree = Mapping[str, "Tree"]
"""Child lists by name, each with its own child lists."""


@dataclass(frozen=True)
class Resource:
    """One kind of object: Fusion's collection, its key (the attributes that make it, in the order of our id), and its child lists."""

    collection: str
    keys: tuple[str, ...]
    children: Tree = field(default_factory=dict)

    @property
    def order(self) -> str:
        """The key in the form of `orderBy`."""
        return ",".join(f"{name}:asc" for name in self.keys)

    @property
    def expand(self) -> str:
        """The child lists in the form of `expand`."""
        return expanded(self.children)


def expanded(tree: Tree) -> str:
    """Child lists in the form of `expand`: `lines,lines.schedules`."""
    return ",".join(_names(tree))


def _names(tree: Tree, before: str = "") -> list[str]:
    found = []
    for name, below in tree.items():
        found += [before + name, *_names(below, f"{before}{name}.")]
    return found


NAMES: Mapping[str, Resource] = {
    "vendor": Resource("suppliers", ("SupplierId",), {"sites": {}, "addresses": {}}),
    "purchase_order": Resource("purchaseOrders", ("POHeaderId",), {"lines": {"schedules": {}}}),
    "invoice": Resource(
        "receivablesInvoices", ("CustomerTransactionId",), {"receivablesInvoiceLines": {}, "receivablesInvoiceDistributions": {}}
    ),
    "credit_memo": Resource(
        "receivablesCreditMemos",
        ("CustomerTransactionId",),
        {"receivablesCreditMemoLines": {}, "receivablesCreditMemoDistributions": {}},
    ),
    "payment": Resource("standardReceipts", ("StandardReceiptId",), {"remittanceReferences": {}}),
    "period": Resource("accountingPeriodStatusLOV", ("ApplicationId", "PeriodNameId")),
}
_WINDOWS = {
    "vendors": ("vendor", _OFTEN),
    "purchase_orders": ("purchase_order", _OFTEN),
    "invoices": ("invoice", _HOUR),
    "credit_memos": ("credit_memo", _HOUR),
    "payments": ("payment", _HOUR),
}
_FULL = {"all_vendors": ("vendor", _DAY), "open_orders": ("purchase_order", _HOUR), "periods": ("period", _QUARTER)}
CONDITIONS: Mapping[str, str] = {"open_orders": f"StatusCode in ({','.join(repr(one) for one in OPEN)})"}
"""The condition that limits a feed, besides its window."""

FEEDS: tuple[Feed, ...] = (
    *(Feed(name, entity, "window", "object", cadence, OVERLAP) for name, (entity, cadence) in _WINDOWS.items()),
    *(Feed(name, entity, "full", "object", cadence) for name, (entity, cadence) in _FULL.items()),
)
FETCHABLE: Mapping[str, int] = dict.fromkeys(("vendor", "purchase_order", "invoice", "credit_memo", "payment"), 20)
