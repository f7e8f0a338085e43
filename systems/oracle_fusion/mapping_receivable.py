"""Invoices to customers, from canonical to Fusion's receivables invoice; a negative invoice becomes a credit memo. Pure.

A job invoice is one invoice with a line for each line, its tax as lines on the liability accounts of its zone (tax_mode source), and distributions
that name every account, so that AutoAccounting decides nothing (accounting.md 14, 15, 18, 35). Create Accounting brings it into the ledger later.

Rules for sales and tax of any ERP: `systems/postings/receivable.py` and `tax.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from schemas.records import InvoiceLine, PostingLine
from systems.mapped import Draft, NoCommand, Plan
from systems.oracle_fusion.allocation import (
    PRODUCT,
    TEXT,
    Mapped,
    dimensions,
    mapped,
    place,
    rounding_place,
    row_account,
)
from systems.postings.document import EMPTY, Hold, Posting, Row, Target, other_currency, own_unit, wanted
from systems.postings.ends import voided, worthless
from systems.postings.lines import Place, closed, cut, header_text
from systems.postings.receivable import (
    DISCOUNT,
    customer_of,
    line_keys,
    original_of,
    rows_alone_decide,
    sale_line,
    sold,
    terms_of,
)
from systems.postings.tax import tax_hold, tax_lines, zone_keys

SALE = Target("F4", "sale", PRODUCT)
RECEIVABLE = "Receivable"
"""The dimension of an invoice that names its receivable account."""


def invoice_commands(record: Mapping[str, Any], plan: Plan) -> Sequence[Draft | NoCommand]:
    """What a customer invoice becomes."""
    if ended := voided(record, SALE, plan.time_zone) or worthless(record, SALE):
        return ended
    return [sold(record, _draft(record, mapped(plan, record["invoice_date"])))]


def _draft(record: Mapping[str, Any], made: Mapped) -> Draft:
    unit = made.unit(record["business_unit_name"], record["business_unit_id"])
    customer, parents = customer_of(record, made, unit)
    parents += original_of(record, made)
    made.dated("invoice_date", record["invoice_date"])
    code = _tax_code(record, made)
    lines = [revenue_line(one, record, unit, made, code) for one in record["lines"]]
    if not code:
        lines += tax_lines(record, made, lambda _: None, lambda row, key: tax_place(made, unit, row, key))
    hold = other_currency(record, made.plan, "invoice") or tax_hold(record, made, computes=True)
    untaxed = record["total"] - (record["tax"] if code else Decimal(0))
    hold = hold or _closed(made, unit, lines, untaxed)
    receivable = place(made, unit, unit.get("receivable") or made.needed("receivable", made.settings.accounts.receivable))
    body = {
        "date": record["invoice_date"],
        "due_date": record["due_date"],
        "terms": terms_of(record["term_name"], made, made.settings.receivables.payment_terms),
        "description": header_text(record),
        "human_number": record["number"],
        "dimensions": {**dimensions(customer, unit, made), RECEIVABLE: receivable.account},
        "tax_zone": code,
        "tax_total": record["tax"] if made.plan.tax_mode != "none" else Decimal(0),
        "lines": cut(lines, TEXT),
    }
    return made.draft("ar_invoice", body, record, Posting(SALE, record["invoice_date"], hold, parents))


def _closed(made: Mapped, unit: Row, lines: list[PostingLine], total: Decimal) -> Hold | None:
    """Make the lines add up to the total, less the tax that Fusion computes itself."""
    exempt = made.settings.receivables.tax_code
    return closed(lines, total, made.settings.accounts.rounding_limit, lambda: rounding_place(made, unit, exempt))


def revenue_line(one: InvoiceLine, record: Mapping[str, Any], header: Row, made: Mapped, code: str) -> PostingLine:
    """The income of a line on its account; `code` is the tax classification of a line that Fusion taxes."""
    own = own_unit(one, record)
    unit = made.unit(*own) if own else header
    tax_code = code if code and one["taxable"] else made.settings.receivables.tax_code
    return sale_line(one, place(made, unit, _account(one, record, unit, made), tax_code))


def _account(one: InvoiceLine, record: Mapping[str, Any], unit: Row, made: Mapped) -> str:
    """The revenue account of a line: by sku, by the source's GL account, by the unit's sales account, by kind, or by default. If only rows may
    decide, a row is required."""
    keys, accounts = line_keys(one, record), made.settings.accounts
    row = made.row("line_type", keys)
    if row is not None or rows_alone_decide(one, record):
        return row_account(made, "line_type", wanted(keys), row, "")
    if unit.get("sales_account") and one["kind"] != DISCOUNT:
        return unit["sales_account"]
    default = accounts.discount if one["kind"] == DISCOUNT else accounts.sales
    return row_account(made, "line_type", wanted((one["kind"], one["sku_code"])), made.row("line_type", (one["kind"],)), default)


def _tax_code(record: Mapping[str, Any], made: Mapped) -> str:
    """Under tax_mode erp, the tax classification code by which Fusion computes tax; "" if the source's tax is sent as lines or there is none."""
    if made.plan.tax_mode != "erp" or not record["tax"]:
        return ""
    keys = zone_keys(record)
    found = (made.row("tax_zone", keys) or EMPTY).get("tax_code", "")
    return found or made.missing("tax_zone.tax_code", wanted(keys))


def tax_place(made: Mapped, unit: Row, row: Row | None, key: str) -> Place:
    """The liability account of a zone's tax."""
    account = row_account(made, "tax_zone", key, row, made.settings.accounts.sales_tax)
    return place(made, unit, account, made.settings.receivables.tax_code)
