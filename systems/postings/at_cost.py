"""Job invoices as payables at cost: what an invoice owes to each vendor (accounting.md 10 and 11). Pure.

The vendor of a line is that of its purchase order (table `order_vendor`), else that of its sku (table `sku_vendor`), else the clearing vendor of its
business unit; without any of these the document is held. A line that came out of the inventory is excluded and counted: an order or receipt brought
it there, and the vendor's own bill is the payable.
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
_AT_PRICE = "counted with its price until it has one"
LINKED = "vendor:"
"""The prefix of a part whose vendor is known by its link; the vendor's source id follows."""


class Places(Protocol[Own]):
    """Where an ERP books the cost of a line. Notes go to the document in the making that is passed in, which belongs to the line alone."""

    def unit(self, one: InvoiceLine, made: Mapped[Own]) -> Row:
        """The row of a line's business unit."""

    def line(self, one: InvoiceLine, worth: Decimal, unit: Row, made: Mapped[Own]) -> PostingLine:
        """The posting line for what a line is worth, as a single piece."""


@dataclass(frozen=True)
class Owing(Generic[Own]):
    """How a connection makes payables: their target, whether the `cost` or `price` of a line is their amount, and where they are booked."""

    target: Target
    basis: str
    places: Places[Own]
    links_vendors: bool = False
    """Whether the ERP keeps partners of the source's vendors. If an order's vendor has no row, its link then identifies the vendor (`LINKED`)."""


@dataclass
class Part:
    """What one vendor is owed: the lines, and which values in them came from a default."""

    lines: list[PostingLine] = field(default_factory=list)
    defaulted: dict[str, None] = field(default_factory=dict)


@dataclass
class Payables:
    """What an invoice owes: parts by vendor ("" = unknown), and what is excluded."""

    by_vendor: dict[str, Part] = field(default_factory=dict)
    excluded: list[NoCommand] = field(default_factory=list)


def payables(record: Mapping[str, Any], made: Mapped[Own], how: Owing[Own]) -> Payables:
    """What an invoice owes to vendors: a part for each vendor, from its lines that are worth something. An unresolved value holds all parts, because
    resolving it may still add to any of them. A line whose cost is not known counts with its price while it is held, so that no list shows 0.00."""
    found = Payables()
    by_receipt = ZERO
    for one in record["lines"]:
        worth = worth_of(one, how.basis)
        if worth is None and not one["from_inventory"]:
            made.missing("cost", f"{wanted((one['sku_code'], one['kind']))} ({_AT_PRICE})")
            worth = rounded(one["amount"])
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
    """The parts that book something. If the lines of a part cancel each other on every account, the part is not a document and counts as nothing.
    While anything is unresolved (a cost, a vendor, an account) all parts are kept, because one part may still hold the lines of two vendors."""
    if made.unresolved:
        return dict(parts)
    return {vendor: part for vendor, part in parts.items() if any(balances(part.lines).values())}


def balances(lines: Sequence[PostingLine]) -> dict[str, Decimal]:
    """The sum of the lines on each account or item, with its subaccount and dimensions."""
    found: dict[str, Decimal] = {}
    for one in lines:
        place = f"{one['account'] or one['item']} {one.get('subaccount', '')} {sorted(one['dimensions'].items())}"
        found[place] = found.get(place, ZERO) + one["amount"]
    return found


def _add(found: Payables, one: InvoiceLine, worth: Decimal, made: Mapped[Own], how: Owing[Own]) -> None:
    """Add one line to its vendor's part. Its defaults are noted on the part, its unresolved values on the whole document."""
    of_line = replace(made, defaulted=[])
    unit = how.places.unit(one, of_line)
    part = found.by_vendor.setdefault(_vendor(one, unit, of_line, links=how.links_vendors), Part())
    booked = how.places.line(one, worth, unit, of_line)
    each = one["unit_price"] if how.basis == PRICE else one["unit_cost"]
    part.lines.append(booked if each is None else priced(booked, one["quantity"], each))
    part.defaulted.update(dict.fromkeys(of_line.defaulted))


def worth_of(one: InvoiceLine, basis: str) -> Decimal | None:
    """What the line is worth as a payable: its cost, or its price if the settings say so. None if the line was sold or taken back (negative quantity)
    and gives no cost. A discount or a line that was given away is worth zero."""
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
    """What an invoice becomes if it was voided (a reversal for each part) or owes nothing; empty for any other invoice."""
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
    """The draft of an `ap_bill` with this body for what one vendor is owed; `named` is the vendor's id and part."""
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
