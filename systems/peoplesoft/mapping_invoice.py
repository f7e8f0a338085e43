"""Invoices to customers, from canonical to a journal: Dr receivable, Cr revenue by line, Cr tax by zone. Pure.

Under profile `voucher` the invoice becomes payables at cost instead (`mapping_voucher.py`). Rules: accounting.md 4 (the invoice number stays
in the header), 15 (tax), 17 (adjustments and voids are held), 18 (totals).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from schemas.records import InvoiceLine, PostingLine
from systems.allocation import (
    HeldVoid,
    Place,
    gap_words,
    header_text,
    nothing,
    reversal,
    rounded,
    shares_of,
    split,
    total_of,
    wanted,
    zone_rows,
)
from systems.mapped import Draft, NoCommand, Plan
from systems.peoplesoft.allocation import (
    Mapped,
    Row,
    chartfields,
    instead,
    ledger_unit,
    line,
    location_of,
    mapped,
    place_of,
    receivable,
    row_of,
    settings_of,
    unit_named,
    unit_of,
    unit_of_line,
)
from systems.peoplesoft.mapping_journal import PRODUCT, Entry, journal, other_currency
from systems.peoplesoft.mapping_voucher import voucher_commands

FLOW = "P1"
DISCOUNT = "PriceModifier"
_VOIDED = HeldVoid(FLOW, "sale", "void_not_built", "the invoice was voided", PRODUCT)


def invoice_commands(record: Mapping[str, Any], plan: Plan) -> Sequence[Draft | NoCommand]:
    """What a customer invoice becomes under the connection's profile."""
    if settings_of(plan).profile == "voucher":
        return voucher_commands(record, plan)
    if not record["active"]:
        return [reversal(record, _VOIDED)]
    if record["total"] == 0 and not any(one["amount"] for one in record["lines"]):
        return nothing(FLOW, "sale", record["currency"])
    return [_corrected(record, _draft(record, mapped(plan, record["invoice_date"])))]


def _corrected(record: Mapping[str, Any], draft: Draft) -> Draft:
    """The draft, held where it corrects another document or is a credit."""
    if record["adjustment_to_id"]:
        words = f"it adjusts invoice {record['adjustment_to_id']}: enter the adjustment in {PRODUCT}, then skip this"
        return replace(draft, action="adjust", hold="adjustment_not_built", hold_detail=words)
    if record["total"] < 0:
        words = f"a negative invoice is a credit memo: enter it in {PRODUCT}, then skip this"
        return replace(draft, hold="credit_memo_not_built", hold_detail=words)
    return draft


def _draft(record: Mapping[str, Any], made: Mapped) -> Draft:
    unit = unit_of(made, record["business_unit_name"], record["business_unit_id"])
    location = location_of(made, record)
    ledger = ledger_unit(made, unit, unit_named(record))
    if record["invoice_date"] is None:
        made.missing("invoice_date", "none")
    lines = [one for one in record["lines"] if rounded(one["amount"])]
    units = [unit_of_line(made, one, record, unit) for one in lines]
    credits = [_line(one, own, location, made) for one, own in zip(lines, units, strict=True)]
    credits += _taxes(record, (unit, location), made)
    mismatch = gap_words(credits, record["total"], made.settings.accounts.rounding_limit)
    if not mismatch:
        credits += _rounding(record, made, unit, credits)
    hold, detail = _hold(record, made, {ledger_unit(made, own, unit_named(record)) for own in units} | {ledger})
    if mismatch and not hold:
        hold, detail = "total_mismatch", mismatch
    debit = line(receivable(made, unit), "receivable", record["total"], record["customer_name"])
    body = [*([debit] if record["total"] else []), *(_as_credit(one) for one in credits)]
    return journal(record, Entry(FLOW, "sale", ledger, record["invoice_date"], header_text(record), body, hold, detail), made)


def _as_credit(one: PostingLine) -> PostingLine:
    return {**one, "amount": -one["amount"], "unit_price": -one["unit_price"]}


def _line(one: InvoiceLine, unit: Row, location: Row, made: Mapped) -> PostingLine:
    """The revenue of a line, positive; a discount is negative revenue on its own line type."""
    keys = (one["sku_code"], one["gl_account"], one["kind"])
    kind = row_of(made, "line_type", keys)
    place = place_of(made, "line_type", "account", (unit, location, kind), wanted(keys))
    role = "discount" if one["kind"] == DISCOUNT and one["amount"] < 0 else "line"
    text = f"{one['sku_code']} {one['description']}".strip()
    return line(place, role, rounded(one["amount"]), text, one["line_id"])


def _taxes(record: Mapping[str, Any], rows: tuple[Row, Row], made: Mapped) -> list[PostingLine]:
    """The source's tax on the liability accounts of its zone; the rows of its parts share it."""
    tax = record["tax"]
    if tax == 0 or made.plan.tax_mode != "source":
        return []
    keys = (record["tax_zone_id"], record["tax_code"])
    zones = zone_rows(made, keys) or [instead(made, "tax_zone", wanted(keys))]
    found = []
    for zone, part in zip(zones, split(rounded(tax), shares_of(zones, made)), strict=True):
        place = place_of(made, "tax_zone", "account", (*rows, zone), wanted(keys))
        if part:
            found.append(line(place, "tax", part, f"Sales tax {record['tax_code']}"))
    return found


def _hold(record: Mapping[str, Any], made: Mapped, ledgers: set[str]) -> tuple[str, str]:
    """Why the journal may not be posted as it is, in order of weight, and the words."""
    mode = made.plan.tax_mode
    hold, words = other_currency(record, made)
    if hold:
        return hold, words
    if mode == "erp":
        return "tax_mode_erp", "a journal computes no tax: choose tax_mode source, or none where nothing is taxed"
    if mode == "none" and record["tax"]:
        return "tax_mode_none", f"the invoice carries tax {record['tax']} and tax_mode is none: choose tax_mode source"
    if len(ledgers - {""}) > 1:
        named = ", ".join(sorted(ledgers - {""}))
        return (
            "several_ledgers",
            f"its lines belong to business units {named}: a journal books one; split the invoice or enter it there",
        )
    return "", ""


def _rounding(record: Mapping[str, Any], made: Mapped, unit: Row, credits: Sequence[PostingLine]) -> list[PostingLine]:
    """The line that closes the gap to the total, where there is one."""
    gap: Decimal = record["total"] - total_of(credits)
    if gap == 0:
        return []
    place = Place(made.needed("rounding", made.settings.accounts.rounding), chartfields(unit))
    return [line(place, "rounding", gap, "Rounding")]
