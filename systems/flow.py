"""Flows: which documents travel which way, and what makes one of them due. Declarations only, the rules are in `topology/rules/due.py`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pydantic import BaseModel

POSTED, AT_ONCE = "posted", "at_once"
DUE = (POSTED, AT_ONCE)
"""What makes a document due: its source says that it is posted (or its job is completed, see `post_when`), or nothing but that it is there."""
_USUAL_DATES: Mapping[str, str] = {
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
}
JOB_INVOICE = "invoice"
"""The entity that may be due when its job is completed (`post_when`)."""
MASTER = "master"
"""Purpose of flows that bring customers and vendors."""
_MONEY_FREE = ("", MASTER)


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
    """What its documents stand for under other choices of the connection."""
    due: str = POSTED
    """One of `DUE`. An order, a receipt or an adjustment of stock is never posted by its source: it is due at once."""
    posting_date: str = ""
    """Field of the canonical record that is its posting date: a day, or an instant that falls on a day in the tenant's zone. "" = the usual
    one of its entity."""
    money: bool | None = None
    """Whether its documents move money: only those have a first day (`cutover_date`) and wait to be posted. None = as its purpose says: all
    but master data move money."""

    off_by_default: bool = False
    """It runs only where the connection's file says `enabled: true`."""
    excludes: Mapping[str, str] = field(default_factory=dict)
    """Flows that never run beside it, by id, each with the reason in words: what would be booked twice. One declaration counts for both."""
    unavailable: Callable[[BaseModel, BaseModel], str] | None = None
    """Why it cannot run with these settings of the ERP and of the field-service side, in words; "" = it can. None = it always can."""

    @property
    def moves_money(self) -> bool:
        """See `money`."""
        return self.purpose not in _MONEY_FREE if self.money is None else self.money

    @property
    def date_field(self) -> str:
        """See `posting_date`; "" where the entity has no usual one either."""
        return self.posting_date or _USUAL_DATES.get(self.entity, "")
