"""Flows: which documents travel in which direction, and what makes one of them due. These are declarations; the rules are in
`topology/rules/due.py`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from pydantic import BaseModel

POSTED, AT_ONCE = "posted", "at_once"
DUE = (POSTED, AT_ONCE)
"""What makes a document due. `posted`: its source says that it is posted (or that its job is completed, see `post_when`). `at_once`: it is due as
soon as it exists."""
USUAL_DATES: Mapping[str, str] = {
    "invoice": "invoice_date",
    "payment": "paid_on",
    "bill": "bill_date",
    "vendor_credit": "credit_date",
    "credit_memo": "memo_date",
    "purchase_order": "order_date",
    "receipt": "received_on",
    "return": "returned_on",
    "inventory_adjustment": "adjusted_on",
    "ap_payment": "paid_on",
    "labor_entry": "worked_on",
    "bank_deposit": "deposited_on",
    "journal": "journal_date",
}
CARRIES_MONEY: Mapping[str, str] = {
    "invoice": "sale",
    "credit_memo": "sale",
    "payment": "collection",
    "bank_deposit": "collection",
    "bill": "payable",
    "vendor_credit": "payable",
    "ap_payment": "payable",
    "purchase_order": "order",
    "receipt": "receipt",
    "return": "receipt",
    "inventory_adjustment": "stock",
    "labor_entry": "labor",
    "journal": "ledger",
}
"""Entities whose records have the amount `total`, with the purpose of such a record if no flow of the ERP names one. It is then held under that name
(accounting.md 33)."""
JOB_INVOICE = "invoice"
"""The entity that may be due when its job is completed (`post_when`)."""
MASTER = "master"
"""The purpose of flows that bring customers and vendors."""
_MONEY_FREE = ("", MASTER)


@runtime_checkable
class TakesOrders(Protocol):
    """Settings of a field-service side that takes purchase orders of an ERP."""

    def no_orders(self) -> str:
        """Why the side takes no orders with these settings, in words; "" means that it takes them."""


def no_orders(_: BaseModel, field_service: BaseModel) -> str:
    """`Flow.unavailable` of a flow that brings an ERP's orders to the field-service side."""
    return field_service.no_orders() if isinstance(field_service, TakesOrders) else "the field-service side takes no orders"


@dataclass(frozen=True)
class Flow:
    """A row of design.md §7: one kind of document that travels one way.

    `entity` is the canonical entity that starts it; `records` are the commands it makes ("" = it is only read).
    """

    id: str
    title: str
    source: str
    target: str
    entity: str
    records: tuple[str, ...]
    purpose: str = ""
    window: str = "immediate"
    other_purposes: tuple[str, ...] = ()
    """The further purposes of its documents: those of another setup of the connection, and those of the additional documents of a source object."""
    is_one_purpose: bool = False
    """Whether a source object is written for only one of these purposes. A document that the ERP keeps of it for another purpose then blocks it."""
    due: str = POSTED
    """One of `DUE`. Nobody posts an order, a receipt or an adjustment of stock in the source, so it is due at once."""
    posting_date: str = ""
    """The field of the canonical record that holds its posting date: a day, or an instant, which counts as the day on which it falls in the tenant's
    zone. "" is the usual field of its entity."""
    money: bool | None = None
    """Whether its documents move money. Only such a flow has a first day (`cutover_date`), and only its documents wait until they are posted. None
    means that the purpose decides: everything except master data moves money."""

    off_by_default: bool = False
    """The flow runs only if the connection's file says `enabled: true`."""
    excludes: Mapping[str, str] = field(default_factory=dict)
    """Flows that never run together with it, by id, each with the reason in words: what would be booked twice. One of the two flows declares it, and
    it holds for both."""
    unavailable: Callable[[BaseModel, BaseModel], str] | None = None
    """Returns why the flow cannot run with these settings of the ERP and of the field-service side, in words; "" means that it can. None means that
    it always can."""

    @property
    def moves_money(self) -> bool:
        """See `money`."""
        return self.purpose not in _MONEY_FREE if self.money is None else self.money

    @property
    def date_field(self) -> str:
        """See `posting_date`; "" if the entity has no usual field either."""
        return self.posting_date or USUAL_DATES.get(self.entity, "")
