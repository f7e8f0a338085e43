"""Job invoices as payables at cost: what an invoice owes to each vendor (accounting.md 10 and 11). Pure.

The vendor of a line is that of its purchase order (table `order_vendor`), else its sku's (table `sku_vendor`), else the clearing vendor of its
business unit, else the document is held. A line that
came out of the inventory is excluded and counted: an order or receipt brought it there, and the vendor's own bill is the payable.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Generic, Protocol

from schemas.records import InvoiceLine, PostingLine
from systems.mapped import Draft, NoCommand
from systems.postings.document import Hold, Mapped, Own, Posting, Row, Target, wanted
from systems.postings.ends import is_void, nothing, reversal
from systems.postings.lines import ZERO, priced, rounded, total_of
from systems.postings.payable import negative_bill
from systems.postings.receivable import DISCOUNT, adjusts

PRICE = "price"
LINKED = "vendor:"
"""What a part begins with whose vendor is known by its link: the vendor's source id follows."""


class Places(Protocol[Own]):
    """Where an ERP books the cost of a line; notes go to the document in the making that is given, which is the line's own."""

    def unit(self, one: InvoiceLine, made: Mapped[Own]) -> Row:
        """The row of a line's business unit."""

    def line(self, one: InvoiceLine, worth: Decimal, unit: Row, made: Mapped[Own]) -> PostingLine:
        """What a line is worth, booked; of one piece."""


@dataclass(frozen=True)
class Owing(Generic[Own]):
    """How a connection makes payables: their target, `cost` or `price` of a line as their amount, and where they are booked."""

    target: Target
    basis: str
    places: Places[Own]
    links_vendors: bool = False
    """Whether the ERP keeps partners of the source's vendors: the vendor of an order without a row is then known by its link (`LINKED`)."""


@dataclass
class Part:
    """What one vendor is owed: lines, and what of them was mapped by a default."""

    lines: list[PostingLine] = field(default_factory=list)
    defaulted: dict[str, None] = field(default_factory=dict)


@dataclass
class Payables:
    """What an invoice owes: parts by vendor ("" = unknown), and what is excluded."""

    by_vendor: dict[str, Part] = field(default_factory=dict)
    excluded: list[NoCommand] = field(default_factory=list)


def payables(record: Mapping[str, Any], made: Mapped[Own], how: Owing[Own]) -> Payables:
    """What an invoice owes to vendors: a part for each, by its lines that are worth something. What is unresolved holds all parts, so that
    none is posted without what the mapping may still add to it."""
    found = Payables()
    by_receipt = ZERO
    for one in record["lines"]:
        worth = worth_of(one, how.basis)
        if worth is None and not one["from_inventory"]:
            made.missing("cost", wanted((one["sku_code"], one["kind"])))
        elif not worth:
            continue
        if one["from_inventory"]:
            by_receipt += worth or ZERO
        else:
            _add(found, one, worth or ZERO, made, how)
    found.by_vendor = booking(found.by_vendor, made)
    left_out = {"lines out of the inventory: the vendor's bill of the receipt is the payable": by_receipt}
    if how.basis == PRICE:
        left_out["sales tax is no payable to a vendor"] = record["tax"]
    currency = made.currency_of(record)
    found.excluded += [NoCommand("excluded", why, how.target.flow, amount, currency) for why, amount in left_out.items() if amount]
    return found


def booking(parts: Mapping[str, Part], made: Mapped[Any]) -> dict[str, Part]:
    """The parts that book something: one whose lines take each other back on every account of theirs is no document, and is counted with what is
    worth nothing. As long as anything is unresolved (a cost, a vendor, an account) all of them are kept: lines of two vendors may lie in one part."""
    if made.unresolved:
        return dict(parts)
    return {vendor: part for vendor, part in parts.items() if any(balances(part.lines).values())}


def balances(lines: Sequence[PostingLine]) -> dict[str, Decimal]:
    """What lines come to on each account or item with its subaccount and dimensions."""
    found: dict[str, Decimal] = {}
    for one in lines:
        place = f"{one['account'] or one['item']} {one.get('subaccount', '')} {sorted(one['dimensions'].items())}"
        found[place] = found.get(place, ZERO) + one["amount"]
    return found


def _add(found: Payables, one: InvoiceLine, worth: Decimal, made: Mapped[Own], how: Owing[Own]) -> None:
    """One line to its vendor's part. Its defaults are the part's own, what is unresolved is the whole document's."""
    of_line = replace(made, defaulted=[])
    unit = how.places.unit(one, of_line)
    part = found.by_vendor.setdefault(_vendor(one, unit, of_line, links=how.links_vendors), Part())
    booked = how.places.line(one, worth, unit, of_line)
    each = one["unit_price"] if how.basis == PRICE else one["unit_cost"]
    part.lines.append(booked if each is None else priced(booked, one["quantity"], each))
    part.defaulted.update(dict.fromkeys(of_line.defaulted))


def worth_of(one: InvoiceLine, basis: str) -> Decimal | None:
    """What the line is worth as a payable: its cost; its price only where the settings say so. None where a line that was sold, or taken back
    (less than none of it), tells no cost; a discount and what was given away have none."""
    if basis == PRICE:
        return rounded(one["amount"])
    if one["cost"] is not None:
        return rounded(one["cost"])
    if one["unit_cost"] is not None:
        return rounded(one["unit_cost"] * one["quantity"])
    is_taken_back = one["amount"] < 0 and one["quantity"] < 0 and one["kind"] != DISCOUNT
    return None if one["amount"] > 0 or is_taken_back else ZERO


def _vendor(one: InvoiceLine, unit: Row, made: Mapped[Any], *, links: bool) -> str:
    if ordered := one.get("order_vendor_id", ""):
        row = made.row("order_vendor", (ordered,))
        if row is None and links:
            return f"{LINKED}{ordered}"
        return (row or {}).get("vendor_id") or made.missing("order_vendor", ordered)
    keys = (one["sku_code"], one["sku_id"])
    row = made.row("sku_vendor", keys)
    if row is not None and row.get("vendor_id"):
        return row["vendor_id"]
    return made.default("sku_vendor", wanted(keys), unit.get("clearing_vendor", ""))


# --- documents --------------------------------------------------------------------------------------------------------


def ended(record: Mapping[str, Any], found: Payables, target: Target, zone: str) -> Sequence[Draft | NoCommand]:
    """What an invoice becomes that was voided, a reversal for each part, or that owes nothing; empty for any other."""
    if is_void(record):
        parts = {vendor: total_of(part.lines) for vendor, part in found.by_vendor.items()} or {"": ZERO}
        return [replace(reversal(record, target, zone, vendor, amount), parted=True) for vendor, amount in parts.items()]
    if found.by_vendor:
        return []
    counted, milestone = nothing(target, record["currency"], "no line has a cost to pay, counted")
    return [*(found.excluded or [counted]), milestone]


def part_draft(
    record: Mapping[str, Any], body: Mapping[str, Any], named: tuple[str, Part], made: Mapped[Any], target: Target
) -> Draft:
    """The draft of what one vendor is owed, an `ap_bill` of this body; `named` is the vendor's id and part."""
    vendor, part = named
    amount = total_of(part.lines)
    hold = _hold(record, amount, made, target)
    draft = made.draft("ap_bill", {**body, "lines": part.lines}, record, Posting(target, record["invoice_date"], hold))
    return replace(
        draft,
        action="adjust" if record["adjustment_to_id"] else "create",
        part=vendor,
        parted=True,
        amount=amount,
        defaulted=tuple(dict.fromkeys([*made.defaulted, *part.defaulted])),
    )


def _hold(record: Mapping[str, Any], amount: Decimal, made: Mapped[Any], target: Target) -> Hold | None:
    return adjusts(record, target.product) or negative_bill({"total": amount}, target, "voucher") or made.foreign(record)
