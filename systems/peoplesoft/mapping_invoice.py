"""Invoices to customers, from canonical to a journal: Dr receivable, Cr revenue by line, Cr tax by zone. Pure.

An adjustment and a negative invoice are journals too, with the signs of their lines: Dr revenue and tax, Cr receivable.

Under profile `voucher` the invoice becomes payables at cost instead (`mapping_voucher.py`). Rules for sales and tax of any ERP:
`systems/postings/receivable.py` and `tax.py`. See accounting.md 4 (the invoice number stays in the header), 15, 17, 18.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from schemas.records import InvoiceLine, PostingLine
from systems.mapped import Draft, NoCommand, Plan
from systems.peoplesoft.allocation import (
    ANY,
    PRODUCT,
    Mapped,
    chartfields,
    instead,
    ledger_unit,
    location_of,
    mapped,
    place_of,
    project_of,
    receivable,
    row_of,
    unit_named,
    unit_of,
    unit_of_line,
)
from systems.peoplesoft.mapping_journal import Entry, journal
from systems.peoplesoft.mapping_voucher import voucher_commands
from systems.postings.document import EMPTY, Hold, Posting, Row, Target, other_currency, wanted
from systems.postings.ends import voided, worthless
from systems.postings.lines import Place, closed, credit, header_text, line, rounded
from systems.postings.receivable import correcting, line_keys, rows_alone_decide, sale_line
from systems.postings.tax import tax_hold, tax_lines
from systems.values.codes import code

SALE = Target("P1", "sale", PRODUCT)


def invoice_commands(record: Mapping[str, Any], plan: Plan) -> Sequence[Draft | NoCommand]:
    """What a customer invoice becomes under the connection's profile."""
    made = mapped(plan, record["invoice_date"])
    if made.settings.profile_on(record["invoice_date"]) == "voucher":
        return voucher_commands(record, made)
    return voided(record, SALE, plan.time_zone) or worthless(record, SALE) or [correcting(record, sale_draft(record, made, SALE))]


def sale_draft(record: Mapping[str, Any], made: Mapped, target: Target) -> Draft:
    """The journal of a sale or credit, with the signs of its lines."""
    unit = unit_of(made, record["business_unit_name"], record["business_unit_id"])
    places = (location_of(made, record), project_of(made, record))
    ledger = ledger_unit(made, unit, unit_named(record))
    made.dated("invoice_date", record["invoice_date"])
    lines = [one for one in record["lines"] if rounded(one["amount"])]
    units = [unit_of_line(made, one, record, unit) for one in lines]
    income = [sale_line(one, _place(one, record, (own, *places), made)) for one, own in zip(lines, units, strict=True)]
    income += _taxes(record, (unit, *places), made)
    mismatch = closed(income, record["total"], made.settings.accounts.rounding_limit, lambda: _rounding(made, unit))
    ledgers = {ledger_unit(made, own, unit_named(record)) for own in units} | {ledger}
    hold = (
        other_currency(record, made.plan, str(record["entity"]).replace("_", " "))
        or tax_hold(record, made, computes=False)
        or _several(ledgers)
        or mismatch
    )
    debit = line(receivable(made, unit), "receivable", record["total"], record["customer_name"])
    body = [*([debit] if record["total"] else []), *map(credit, income)]
    return journal(record, Entry(ledger, header_text(record), body), made, Posting(target, record["invoice_date"], hold))


def _place(one: InvoiceLine, record: Mapping[str, Any], rows: tuple[Row, ...], made: Mapped) -> Place:
    """By sku, by the source's GL account or by kind, else as the policy says. If only rows may decide, a row is required."""
    keys = line_keys(one, record)
    if not rows_alone_decide(one, record):
        keys = (*keys, one["kind"])
        return place_of(made, "line_type", "account", (*rows, row_of(made, "line_type", keys)), wanted(keys))
    row = made.row("line_type", [key for key in keys if code(key) != ANY])
    if row is None:
        made.missing("line_type", wanted(keys))
    return place_of(made, "line_type", "account", (*rows, row or EMPTY), wanted(keys))


def _taxes(record: Mapping[str, Any], rows: tuple[Row, ...], made: Mapped) -> list[PostingLine]:
    """The tax of the invoice. A part that rounds to zero needs no journal line."""

    def place(zone: Row | None, key: str) -> Place:
        return place_of(made, "tax_zone", "account", (*rows, zone or EMPTY), key)

    return [one for one in tax_lines(record, made, lambda key: instead(made, "tax_zone", key), place) if one["amount"]]


def _several(ledgers: set[str]) -> Hold | None:
    if len(ledgers - {""}) <= 1:
        return None
    named = ", ".join(sorted(ledgers - {""}))
    words = f"its lines belong to business units {named}: a journal books one; split the invoice or enter it there"
    return Hold("several_ledgers", words)


def _rounding(made: Mapped, unit: Row) -> Place:
    return Place(made.needed("rounding", made.settings.accounts.rounding), chartfields(unit))
