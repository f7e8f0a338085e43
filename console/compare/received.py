"""Whether the bill of received goods arrived. The field-service system makes it by itself, and only its people can make one. Pure.

    confirmed   the bill is there and was made within the allowed days
    late        the bill is there but came later
    awaited     the bill is not there, and the allowed days are not over
    missing     the bill is not there, and the allowed days are over

A receipt that was cancelled, or that only corrects another one, needs no bill.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta, tzinfo
from decimal import Decimal
from typing import Any

from topology.rules.due import local_day

CONFIRMED, LATE, AWAITED, MISSING = "confirmed", "late", "awaited", "missing"
STATES = (CONFIRMED, LATE, AWAITED, MISSING)
Record = Mapping[str, Any]


@dataclass(frozen=True)
class Received:
    """A receipt and the state of its bill. `days` is how long the bill took, or how long it has been awaited."""

    state: str
    receipt: Record
    bill: Record | None
    days: int

    @property
    def difference(self) -> Decimal:
        """The amount of the bill less that of the received goods; 0 while there is no bill."""
        return self.bill["total"] - self.receipt["total"] if self.bill is not None else Decimal(0)


def judged(receipts: Iterable[Record], bills: Iterable[Record], today: date, allowed: int, zone: tzinfo) -> list[Received]:
    """Every receipt that needs a bill. Its bill is the one that the receipt names, else the next bill of its order that belongs to no other receipt.
    `allowed`: days between the receipt and its bill."""
    asking = [one for one in receipts if one["active"] and one["canceled_on"] is None and not one["corrects_id"]]
    asking.sort(key=lambda one: (_day(one, "received_on", zone) or date.min, one["source_id"]))
    known = {one["source_id"]: one for one in bills if one["active"] and one["canceled_on"] is None}
    named = {one["bill_id"] for one in asking if one["bill_id"] in known}
    of_order: dict[str, list[Record]] = defaultdict(list)
    for key in sorted(known, key=lambda key: (_day(known[key], "bill_date", zone) or date.min, key)):
        if key not in named and known[key]["purchase_order_id"]:
            of_order[known[key]["purchase_order_id"]].append(known[key])
    return [_judged(one, _bill_of(one, known, of_order), today, allowed, zone) for one in asking]


def _bill_of(receipt: Record, known: Mapping[str, Record], of_order: Mapping[str, list[Record]]) -> Record | None:
    if receipt["bill_id"] in known:
        return known[receipt["bill_id"]]
    left = of_order.get(receipt["purchase_order_id"], [])
    return left.pop(0) if left else None


def _judged(receipt: Record, bill: Record | None, today: date, allowed: int, zone: tzinfo) -> Received:
    came = _day(receipt, "received_on", zone) or today
    until = (_day(bill, "bill_date", zone) or came) if bill is not None else today
    took = max(until - came, timedelta(0)).days
    soon, after = (CONFIRMED, LATE) if bill is not None else (AWAITED, MISSING)
    return Received(soon if took <= allowed else after, receipt, bill, took)


def _day(record: Record, usual: str, zone: tzinfo) -> date | None:
    """The day on which the system made the document, else the document's own date, because a bill may be backdated."""
    return local_day(record["created_on"], zone) or record[usual]


def rows(found: Iterable[Received]) -> Iterator[dict[str, Any]]:
    """The form that programs rely on."""
    for one in found:
        yield {
            "state": one.state,
            "order": one.receipt["purchase_order_number"] or one.receipt["purchase_order_id"],
            "receipt": one.receipt["number"] or one.receipt["source_id"],
            "bill": (one.bill["number"] or one.bill["source_id"]) if one.bill is not None else "",
            "vendor": one.receipt["vendor_name"] or one.receipt["vendor_id"],
            "received": one.receipt["received_on"],
            "amount": one.receipt["total"].quantize(Decimal("0.01")),
            "difference": one.difference.quantize(Decimal("0.01")),
            "currency": one.receipt["currency"],
            "days": one.days,
        }
