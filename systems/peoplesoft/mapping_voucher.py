"""Job invoices as payables at cost, from canonical to one voucher for each vendor (profile `voucher`). Pure.

What an invoice owes to each vendor: `systems/postings/at_cost.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from schemas.records import InvoiceLine, Parent, PostingLine
from systems.mapped import Draft, NoCommand
from systems.peoplesoft.allocation import (
    PRODUCT,
    Mapped,
    ledger_unit,
    location_of,
    place_of,
    project_of,
    row_of,
    shortened,
    unit_named,
    unit_of,
    unit_of_line,
)
from systems.peoplesoft.documents import ADJUSTMENT, STYLE
from systems.peoplesoft.settings import Settings
from systems.postings.at_cost import Owing, Part, Places, ended, part_draft, payables
from systems.postings.document import Row, Target, wanted
from systems.postings.lines import ZERO, header_text, human_number, item_text, line
from systems.postings.receivable import original_of

PAYABLE = Target("P1", "payable", PRODUCT)


@dataclass(frozen=True)
class _Places(Places[Settings]):
    """Where a line of this invoice is booked, given its business unit and location."""

    record: Mapping[str, Any]
    header: Row
    location: Row
    project: Row

    def unit(self, one: InvoiceLine, made: Mapped) -> Row:
        """The business unit of a line."""
        return unit_of_line(made, one, self.record, self.header)

    def line(self, one: InvoiceLine, worth: Decimal, unit: Row, made: Mapped) -> PostingLine:
        """The cost of a line, in the ledger of its business unit."""
        keys = (one["sku_code"], one["gl_account"], one["kind"])
        rows = (unit, self.location, self.project, row_of(made, "line_type", keys))
        place = place_of(made, "line_type", "cost_account", rows, wanted(keys))
        ledger = {"BUSINESS_UNIT_GL": ledger_unit(made, unit, unit_named(one))}
        return line(place._replace(dimensions={**place.dimensions, **ledger}), "line", worth, item_text(one), one["line_id"])


def voucher_commands(record: Mapping[str, Any], made: Mapped) -> Sequence[Draft | NoCommand]:
    """What a customer invoice owes to vendors: a voucher for each vendor."""
    unit = unit_of(made, record["business_unit_name"], record["business_unit_id"])
    places = _Places(record, unit, location_of(made, record), project_of(made, record))
    found = payables(record, made, Owing(PAYABLE, made.settings.voucher.amount_basis, places))
    if over := ended(record, found, PAYABLE, made.plan.time_zone):
        return over
    header = _header(record, unit, made)
    return [*(_draft(record, header, part, made) for part in found.by_vendor.items()), *found.excluded]


def _header(record: Mapping[str, Any], unit: Row, made: Mapped) -> dict[str, Any]:
    made.dated("invoice_date", record["invoice_date"])
    payable_unit = unit.get("ap_business_unit", "")
    if unit and not payable_unit:
        made.missing("business_unit.ap_business_unit", unit_named(record))
    return {
        "date": record["invoice_date"],
        "due_date": None,
        "terms": "",
        "description": header_text(record),
        "human_number": human_number(record),
        "dimensions": {"BUSINESS_UNIT": payable_unit, "VENDOR_SETID": made.settings.setid},
        "pay_hold": False,
        "tax_total": ZERO,
    }


def _draft(record: Mapping[str, Any], header: Mapping[str, Any], named: tuple[str, Part], made: Mapped) -> Draft:
    vendor, part = named
    dimensions = {**header["dimensions"], **({"VENDOR_ID": vendor} if vendor else {})}
    fitting = replace(part, lines=shortened(part.lines))
    made_draft = part_draft(record, {**header, "dimensions": dimensions}, (vendor, fitting), made, PAYABLE)
    return _adjusting(record, made_draft, made) if record["adjustment_to_id"] else made_draft


def _adjusting(record: Mapping[str, Any], draft: Draft, made: Mapped) -> Draft:
    """The draft of an adjustment. A decrease is a voucher of style Adjustment, related to the voucher for the original. An increase, or a decrease of
    a document from before the cut-over, is a separate voucher."""
    hold = made.foreign(record) or ("", "")
    originals = tuple(Parent(**{**one, "purpose": PAYABLE.purpose, "part": draft.part}) for one in original_of(record, made))
    if draft.amount >= 0 or not originals:
        return replace(draft, hold=hold[0], hold_detail=hold[1])
    style = {**draft.body["dimensions"], STYLE: ADJUSTMENT}
    parents = (*draft.parents, *originals)
    return replace(draft, hold=hold[0], hold_detail=hold[1], parents=parents, body={**draft.body, "dimensions": style})
