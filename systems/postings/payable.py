"""Vendor bills and vendor credits: lines with the header's charges, numbers, what a credit settles. Pure (accounting.md 4, 17, 18, 29).

The account of an item line is in the row of table `bill_line` for its inventory location, GL account or kind of sku. For a line that is not an item
it is the row of its GL account or the row `expense`; for a credit without lines it is the row `credit`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, Protocol

from schemas.records import BillLine, Parent, PostingLine
from systems.mapped import APPLY, COMPLETION, UNAPPLIED, Draft
from systems.postings.document import Hold, Mapped, Posting, Row, Target, other_currency, own_unit, wanted
from systems.postings.lines import ZERO, Place, closed, human_number, item_text, line, priced, rounded
from systems.values.codes import code

TABLE = "bill_line"
WHOLE_CREDIT = "credit"
"""Key of `bill_line` for a vendor credit without lines, because its source may give only an amount."""
EXPENSE = "expense"
"""Key of `bill_line` for lines that are not items."""
_MARKERS = (WHOLE_CREDIT, EXPENSE)
"""Reserved keys: a location, account or kind of sku with one of these names does not use that row."""
_UNMATCHED = ("unreconciled", "discrepancy")
"""States of a bill that the source's people have not matched with its order and receipt."""
_WAITED = "job"
"""Role of a parent that is waited for without limit, as for a job, because there is nothing to hold until it is there."""
PAY_HOLD, PAY_HOLD_RECORD = "pay_hold", "ap_pay_hold"
"""Part of a bill which says that the bill is not to be paid for now. It exists while that is so, and its reversal lifts the hold (accounting.md
29)."""
_CHARGES = (("tax", "bill_tax"), ("shipping", "freight"), ("other", "other"))
"""Amounts of the header, and the settings (`accounts.*`) that name their accounts."""


class Places(Protocol):
    """Where an ERP books what a vendor is owed."""

    def unit(self, name: str, source_id: str) -> Row:
        """The row of a business unit, by name or id."""

    def line(self, unit: Row, row: Row | None, key: str) -> Place:
        """The place of a line by its row of `bill_line`; None means that none of its keys has a row. `key` is the name of the line's key in notes."""

    def charge(self, unit: Row, setting: str) -> Place:
        """The place of a charge of the header, whose account is named only by the settings."""

    def rounding(self, unit: Row, lines: list[PostingLine]) -> Place:
        """The place of the rounding line that brings the lines to the total."""


def bill_lines(
    record: Mapping[str, Any], places: Places, made: Mapped[Any], limit: Decimal
) -> tuple[list[PostingLine], Hold | None]:
    """The lines and the header's charges, which add up to the total; and the hold if they do not."""
    unit = places.unit(record["business_unit_name"], record["business_unit_id"])
    lines = [_line(one, record, unit, places, made) for one in record["lines"]] or _whole(record, unit, places, made)
    for name, setting in _CHARGES:
        if amount := record.get(name) or ZERO:
            lines.append(line(places.charge(unit, setting), name, rounded(amount), f"{name.capitalize()} of the document"))
    return lines, closed(lines, record["total"], limit, lambda: places.rounding(unit, lines))


def _whole(record: Mapping[str, Any], unit: Row, places: Places, made: Mapped[Any]) -> list[PostingLine]:
    """The one line of a credit for which its source gives no lines: the total less the charges."""
    if record["entity"] != "vendor_credit":
        return []
    row = made.row(TABLE, (WHOLE_CREDIT,))
    place = places.line(unit, row, WHOLE_CREDIT)
    charges = sum((record.get(name) or ZERO for name, _ in _CHARGES), ZERO)
    return [line(place, "line", rounded(record["total"] - charges), f"Credit {vendor_number(record) or human_number(record)}")]


def _line(one: BillLine, record: Mapping[str, Any], header: Row, places: Places, made: Mapped[Any]) -> PostingLine:
    own = own_unit(one, record)
    unit = places.unit(*own) if own else header
    is_item = one["kind"] != EXPENSE
    names = (one["inventory_location"], one["gl_account"], one["sku_type"]) if is_item else (one["gl_account"],)
    keys = (*(name for name in names if code(name) not in _MARKERS), *(() if is_item else (EXPENSE,)))
    row = made.row(TABLE, keys)
    place = places.line(unit, row, wanted((*keys, one["kind"])))
    return priced(line(place, "line", rounded(one["amount"]), item_text(one), one["line_id"]), one["quantity"], one["unit_cost"])


def vendor_number(record: Mapping[str, Any]) -> str:
    """The vendor's own number of its document, for the field in which people look for it. It is "" if the source has none: our number is not the
    vendor's (accounting.md 4), and a check for duplicate invoices would compare it."""
    return str(record["vendor_number"])[:40]


def payable_text(record: Mapping[str, Any], what: str) -> str:
    """The description text of a bill or credit."""
    job = f" job {record['job_number']}" if record.get("job_number") else ""
    return f"{what} {human_number(record)}{job} {record['vendor_name']}".strip()[:200]


def payable_draft(record: str, body: Mapping[str, Any], source: Mapping[str, Any], made: Mapped[Any], how: Posting) -> Draft:
    """The draft of a bill or credit, which waits for its vendor."""
    if how.day is None:
        made.missing("date", "none")
    if not source["vendor_id"]:
        made.missing("vendor", source["vendor_name"] or "none")
    vendor = Parent(role="vendor", entity="vendor", source_id=source["vendor_id"])
    hold = other_currency(source, made.plan, "document") or how.hold
    parents = (vendor, *how.parents) if source["vendor_id"] else how.parents
    return made.draft(record, body, source, replace(how, hold=hold, parents=parents))


def unmatched(record: Mapping[str, Any]) -> str:
    """The source's own word for why a bill is unmatched; "" if it is reconciled or its source does not say."""
    found = code(record.get("reconciliation") or "")
    return found if found.lower() in _UNMATCHED else ""


def payment_hold(record: Mapping[str, Any], target: Target) -> list[Draft]:
    """Whether a bill is blocked for payment, as a set separate from its documents: one part if the bill is not to be paid or is unmatched, otherwise
    empty. When the source lifts the block, the part leaves the set and is taken back like an application. It moves no money."""
    about = {"flow": target.flow, "purpose": target.purpose, "currency": record["currency"], "parted": True}
    if not record["do_not_pay"] and not unmatched(record):
        return [Draft(COMPLETION, {"reached": "it is to be paid"}, action=UNAPPLIED, **about)]
    body = {"bill_id": record["source_id"], "date": None, "reason": "the source says not to pay it, or has not matched it"}
    bill = Parent(role=_WAITED, entity="bill", source_id=record["source_id"])
    return [Draft(PAY_HOLD_RECORD, body, action=APPLY, part=PAY_HOLD, parents=(bill,), **about)]


def negative_bill(record: Mapping[str, Any], target: Target, what: str = "bill") -> Hold | None:
    """The hold of a bill with a negative total."""
    if record["total"] >= 0:
        return None
    return Hold("negative_bill", f"a negative {what} is a vendor credit: enter it in {target.product}, then skip this")


def overapplied(record: Mapping[str, Any]) -> Hold | None:
    """The hold of a credit that settles more than its total."""
    if sum((one["amount"] for one in record["applications"]), ZERO) <= record["total"]:
        return None
    return Hold("overapplied", "the applications exceed the credit: correct the source document")
