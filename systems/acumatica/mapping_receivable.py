"""Invoices to customers, from canonical to Acumatica's Invoice and Credit Memo; the invoice number stays in CustomerOrder. Pure.

A positive adjustment is a separate invoice. A negative adjustment or a negative invoice is a credit memo. An adjustment waits for the document that
it adjusts, or needs that document's row of `opening_balance`. Its memo is applied to that document as far as both are open; the rest stays open.

Rules for sales and tax of any ERP: `systems/postings/receivable.py` and `tax.py`. See accounting.md 4, 15, 17, 18, 20.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from schemas.records import InvoiceLine, PostingLine
from systems.acumatica.allocation import (
    PRODUCT,
    TEXT,
    Mapped,
    Named,
    branch_of,
    mapped,
    place_of,
    placed,
    project_of,
    rounding_place,
    within,
)
from systems.mapped import Draft, NoCommand, Plan
from systems.postings.document import Hold, Posting, Row, Target, other_currency, own_unit, wanted
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

SALE = Target("A1", "sale", PRODUCT)


def invoice_commands(record: Mapping[str, Any], plan: Plan) -> Sequence[Draft | NoCommand]:
    """What a customer invoice becomes."""
    if ended := voided(record, SALE, plan.time_zone) or worthless(record, SALE):
        return ended
    return [sale_draft(record, plan, SALE)]


def sale_draft(record: Mapping[str, Any], plan: Plan, target: Target, hold: Hold | None = None) -> Draft:
    """The invoice of a sale, or the credit memo of a negative sale. `hold`: why a person has to look at it, whatever its lines say."""
    return sold(record, _draft(record, mapped(plan, record["invoice_date"]), target, hold))


def header_dimensions(customer: str, unit: Row, made: Mapped) -> dict[str, str]:
    """The branch, and the customer if the crosswalk names it."""
    return {"Branch": branch_of(made, unit)} | ({"Customer": customer} if customer else {})


def _draft(record: Mapping[str, Any], made: Mapped, target: Target, hold: Hold | None) -> Draft:
    unit = made.unit(record["business_unit_name"], record["business_unit_id"])
    customer, parents = customer_of(record, made, unit)
    parents += original_of(record, made)
    made.dated("invoice_date", record["invoice_date"])
    zone = _erp_zone(record, made)
    lines = [_line(one, record, unit, made, bool(zone)) for one in record["lines"]]
    if not zone:
        lines += tax_lines(record, made, lambda _: None, lambda row, key: _tax_place(made, unit, row, key))
    hold = hold or other_currency(record, made.plan, "invoice") or tax_hold(record, made, computes=True)
    hold = hold or _closed(record, made, lines, unit, zone)
    project = project_of(made, record)
    body = {
        "date": record["invoice_date"],
        "due_date": record["due_date"],
        "terms": terms_of(record["term_name"], made, made.settings.default_terms),
        "description": header_text(record),
        "human_number": record["number"],
        "dimensions": header_dimensions(customer, unit, made) | {name: project[name] for name in ("Project",) if name in project},
        "tax_zone": zone,
        "tax_total": record["tax"] if made.plan.tax_mode != "none" else Decimal(0),
        "lines": cut(within(lines, project), TEXT),
    }
    return made.draft("ar_invoice", body, record, Posting(target, record["invoice_date"], hold, parents))


def _closed(record: Mapping[str, Any], made: Mapped, lines: list[PostingLine], unit: Row, zone: str) -> Hold | None:
    """Make the lines add up to the total, less the tax that Acumatica computes itself."""
    untaxed = record["total"] - (record["tax"] if zone else Decimal(0))
    return closed(lines, untaxed, made.settings.accounts.rounding_limit, lambda: rounding_place(made, unit, lines))


def _line(one: InvoiceLine, record: Mapping[str, Any], header: Row, made: Mapped, is_taxed_by_erp: bool) -> PostingLine:
    own = own_unit(one, record)
    unit = made.unit(*own) if own else header
    tax = made.settings.tax
    category = tax.taxable_category if is_taxed_by_erp and one["taxable"] else tax.exempt_category
    return sale_line(one, _place(one, record, unit, made, category))


def _place(one: InvoiceLine, record: Mapping[str, Any], unit: Row, made: Mapped, category: str) -> Place:
    """Account and subaccount of a line: by sku, by the source's GL account, by the unit's sales account, by kind, or by default. If only rows may
    decide (`rows_alone_decide`), a row is required."""
    keys, accounts = line_keys(one, record), made.settings.accounts
    row = made.row("line_type", keys)
    if row is not None or rows_alone_decide(one, record):
        return place_of(made, unit, Named("line_type", wanted(keys), row), "", category)
    if unit.get("sales_account") and one["kind"] != DISCOUNT:
        return placed(made, unit, unit["sales_account"], category)
    named = Named("line_type", wanted((one["kind"], one["sku_code"])), made.row("line_type", (one["kind"],)))
    return place_of(made, unit, named, accounts.discount if one["kind"] == DISCOUNT else accounts.sales, category)


def _erp_zone(record: Mapping[str, Any], made: Mapped) -> str:
    """Under tax_mode erp, the tax zone by which Acumatica computes tax; "" if the source's tax is sent as lines or there is none. If the source taxed
    nothing (an exempt customer), the lines are sent as exempt, because Acumatica would tax them otherwise."""
    if made.plan.tax_mode != "erp" or not record["tax"]:
        return ""
    keys = zone_keys(record)
    row = made.row("tax_zone", keys)
    found = row.get("erp_zone", "") if row is not None else ""
    return found or made.missing("tax_zone", wanted(keys))


def _tax_place(made: Mapped, unit: Row, row: Row | None, key: str) -> Place:
    return place_of(made, unit, Named("tax_zone", key, row), made.settings.accounts.sales_tax)
