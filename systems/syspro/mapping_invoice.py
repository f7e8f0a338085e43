"""Job invoices as payables at cost, from canonical to one AP invoice for each vendor. Pure (accounting.md 10, 11).

What an invoice owes to each vendor: `systems/postings/at_cost.py`. The stock code of each item, the technician and the text of the line are put into
the notation of its GL distribution. The branch is that of the business unit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from schemas.records import InvoiceLine, PostingLine
from systems.mapped import Draft, NoCommand, Plan
from systems.postings.at_cost import Owing, Part, Payables, Places, booking, ended, part_draft, payables
from systems.postings.document import Hold, Row, Target
from systems.postings.lines import ZERO, Place, header_text, human_number, line, total_of
from systems.syspro.allocation import (
    NOTATION,
    PRODUCT,
    SUPPLIER_CODE,
    TECHNICIAN,
    Mapped,
    branch_of,
    cost_code,
    mapped,
    stock_row,
    supplier_code,
    unit_of_line,
)
from systems.syspro.settings import Settings
from systems.syspro.wire import fitted, is_kept
from systems.values.codes import code

PAYABLE = Target("S1", "payable", PRODUCT)
SUPPLIER, BRANCH = "Supplier", "Branch"
"""Dimensions of the command's header."""


@dataclass(frozen=True)
class _Places(Places[Settings]):
    """Where a line of this invoice is booked, given its business unit."""

    record: Mapping[str, Any]
    header: Row

    def unit(self, one: InvoiceLine, made: Mapped) -> Row:
        """The business unit of a line."""
        return unit_of_line(made, one, self.record, self.header)

    def line(self, one: InvoiceLine, worth: Decimal, unit: Row, made: Mapped) -> PostingLine:
        """The cost of a line."""
        account = cost_code(made, unit, [key for key in (one["sku_code"], one["gl_account"], one["kind"]) if key])
        keys = (one["sku_code"], one["sku_id"])
        item = stock_row(made, *keys)["stock_code"] if any(map(code, keys)) else ""  # without an item, only the GL code counts
        technician = _technician(one, made)
        parts = [item, f"tech {technician}" if technician else "", one["description"]]
        text = fitted(" ".join(filter(None, parts)), NOTATION).text
        booked = line(Place(account, {}), "line", worth, text, one["line_id"])
        return {**booked, "item": item}


def _technician(one: InvoiceLine, made: Mapped) -> str:
    """Who did the work: the code from table `technician`, else the id in the field-service system; "" if the line names nobody."""
    told = (one.get("dimensions") or {}).get(TECHNICIAN, "")
    if not told:
        return ""
    row = made.row("technician", (told,))
    return (row or {}).get("code") or told


def invoice_commands(record: Mapping[str, Any], plan: Plan) -> Sequence[Draft | NoCommand]:
    """What a customer invoice owes to vendors: an AP invoice for each vendor."""
    made = mapped(plan, record["invoice_date"])
    unit = made.unit(record["business_unit_name"], record["business_unit_id"])
    found = _by_code(payables(record, made, Owing(PAYABLE, made.settings.payables.amount_basis, _Places(record, unit))), made)
    if over := ended(record, found, PAYABLE, plan.time_zone):
        return over
    made.dated("invoice_date", record["invoice_date"])
    header = {
        "date": record["invoice_date"],
        "due_date": None,
        "terms": "",
        "description": fitted(header_text(record), NOTATION).text,
        "human_number": human_number(record),
        "pay_hold": False,
        "tax_total": ZERO,
    }
    dimensions = {BRANCH: branch} if (branch := branch_of(made, unit)) else {}
    return [*(_draft(record, header, dimensions, part, made) for part in found.by_vendor.items()), *found.excluded]


def _by_code(found: Payables, made: Mapped) -> Payables:
    """The parts by the code that SYSPRO keeps: `42` and `0000042` from two rows are one supplier."""
    parts: dict[str, Part] = {}
    for vendor, part in found.by_vendor.items():
        kept = supplier_code(vendor, made.settings)
        if len(kept) > SUPPLIER_CODE or not is_kept(kept):
            made.missing("supplier", f"{kept} has more than {SUPPLIER_CODE} characters, or one that SYSPRO does not keep")
        whole = parts.setdefault(kept, Part())
        whole.lines += part.lines
        whole.defaulted.update(part.defaulted)
    return Payables(booking(parts, made), found.excluded)


def _draft(
    record: Mapping[str, Any], header: Mapping[str, Any], dimensions: Mapping[str, str], named: tuple[str, Part], made: Mapped
) -> Draft:
    vendor = named[0]
    own = {**dimensions, SUPPLIER: vendor} if vendor else dict(dimensions)
    draft = part_draft(record, {**header, "dimensions": own}, named, made, PAYABLE)
    if record["adjustment_to_id"] and draft.amount >= 0:  # an increase is a new payable
        foreign = made.foreign(record) or Hold("", "")
        draft = replace(draft, hold=foreign.name, hold_detail=foreign.words)
    hold = None if draft.hold else _of_nothing(named[1])
    return replace(draft, hold=hold.name, hold_detail=hold.words) if hold is not None else draft


def _of_nothing(part: Part) -> Hold | None:
    """The hold of a part that owes nothing but moves a cost from one GL code to another, because SYSPRO accepts no invoice of 0.00."""
    if total_of(part.lines) or not all(one["amount"] for one in part.lines):
        return None
    moved: dict[str, Decimal] = {}
    for one in part.lines:
        moved[one["account"]] = moved.get(one["account"], ZERO) + one["amount"]
    told = " and ".join(f"{amount:.2f} on {account or 'no GL code'}" for account, amount in moved.items() if amount)
    return Hold("invoice_of_nothing", f"{PRODUCT} takes no invoice of 0.00: enter a journal of {told}, then skip this")
