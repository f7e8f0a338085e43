"""Invoices to customers (flow N1S), from canonical to NetSuite's invoice and credit memo; the invoice number stays in tranId. Pure.

They book what was sold. The cost of a job is flow N1 (`mapping_payable.py`), a separate purpose. A positive adjustment is a separate invoice. A
negative adjustment or a negative invoice is a credit memo, applied to what it adjusts as far as both are open. Lines are items, whose income accounts
NetSuite knows. Rules for sales and tax of any ERP: `systems/postings/receivable.py` and `tax.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from schemas.records import InvoiceLine, Parent, PostingLine
from systems.mapped import Draft, NoCommand, Plan
from systems.netsuite.allocation import PRODUCT, Mapped, header, job_type_of, mapped, segments, told, unit_named
from systems.postings.document import EMPTY, Hold, Posting, Row, Target, other_currency, own_unit, wanted
from systems.postings.ends import voided, worthless
from systems.postings.lines import Place, closed, header_text
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

SALE = Target("N1S", "sale", PRODUCT)
TAXABLE = "taxable"
"""The tax code of a line that NetSuite taxes (tax_mode erp)."""


def sale_commands(record: Mapping[str, Any], plan: Plan) -> Sequence[Draft | NoCommand]:
    """What a customer invoice becomes as a sale."""
    if ended := voided(record, SALE, plan.time_zone) or worthless(record, SALE):
        return ended
    return [sale_draft(record, mapped(plan, record["invoice_date"]), SALE)]


def sale_draft(record: Mapping[str, Any], made: Mapped, target: Target, hold: Hold | None = None) -> Draft:
    """The invoice of a sale, or the credit memo of a negative sale. `hold`: why a person has to look at it, whatever its lines say."""
    return of_sale(sold(record, _draft(record, made, target, hold)))


def of_sale(draft: Draft) -> Draft:
    """The draft, with links to invoices that mean the sale and not the cost of the job, because one source invoice makes both."""
    parents = [Parent(**{**one, "purpose": SALE.purpose}) if one["entity"] == "invoice" else one for one in draft.parents]
    return replace(draft, parents=tuple(parents))


def customer_dimensions(customer: str, unit: Row, made: Mapped, job_type: Row = EMPTY) -> dict[str, str]:
    """The segments, and the customer if the crosswalk names it."""
    return header(made, unit, job_type, customer=customer)


def _draft(record: Mapping[str, Any], made: Mapped, target: Target, hold: Hold | None) -> Draft:
    unit, job_type = unit_named(made, record["business_unit_name"], record["business_unit_id"]), job_type_of(made, record)
    customer, parents = customer_of(record, made, unit)
    parents += original_of(record, made)
    made.dated("invoice_date", record["invoice_date"])
    zone = _erp_zone(record, made)
    lines = [_line(one, record, (unit, job_type), made, bool(zone)) for one in record["lines"]]
    place = Place("", segments(made, unit, job_type))
    if not zone:
        lines += _taxes(record, made, place)
    hold = hold or other_currency(record, made.plan, "invoice") or tax_hold(record, made, computes=True)
    hold = hold or _closed(record, made, lines, place, zone)
    body = {
        "date": record["invoice_date"],
        "due_date": record["due_date"],
        "terms": terms_of(record["term_name"], made, made.settings.receivables.terms),
        "description": header_text(record),
        "human_number": record["number"],
        "dimensions": customer_dimensions(customer, unit, made, job_type),
        "tax_zone": zone,
        "tax_total": record["tax"] if made.plan.tax_mode != "none" else Decimal(0),
        "lines": told(lines, record),
    }
    return made.draft("ar_invoice", body, record, Posting(target, record["invoice_date"], hold, parents))


def _closed(record: Mapping[str, Any], made: Mapped, lines: list[PostingLine], place: Place, zone: str) -> Hold | None:
    """Make the lines add up to the total, less the tax that NetSuite computes itself."""
    settings = made.settings.receivables
    untaxed = record["total"] - (record["tax"] if zone else Decimal(0))
    count = len(lines)
    hold = closed(lines, untaxed, settings.rounding_limit, lambda: place)
    for number in range(count, len(lines)):
        lines[number] = _of_item(lines[number], settings.rounding_item or made.missing("setting", "receivables.rounding_item"))
    return hold


def _line(one: InvoiceLine, record: Mapping[str, Any], at: tuple[Row, Row], made: Mapped, is_taxed: bool) -> PostingLine:
    unit, job_type = at
    own = own_unit(one, record)
    unit = unit_named(made, *own) if own else unit
    item, row = _item(one, record, unit, made)
    place = Place("", segments(made, unit, job_type, row), "", TAXABLE if is_taxed and one["taxable"] else "")
    return _of_item(sale_line(one, place), item)


def _of_item(line: PostingLine, item: str) -> PostingLine:
    return {**line, "item": item}


def _item(one: InvoiceLine, record: Mapping[str, Any], unit: Row, made: Mapped) -> tuple[str, Row]:
    """The item of a line and the row that names it: by sku, by the source's GL account, by the unit's own item, by kind, or by default. If only rows
    may decide (`rows_alone_decide`), a row is required."""
    keys, settings = line_keys(one, record), made.settings.receivables
    row = made.row("line_type", keys)
    if row is not None or rows_alone_decide(one, record):
        return _item_of(made, "line_type", wanted(keys), row, ""), row or EMPTY
    if unit.get("sales_item") and one["kind"] != DISCOUNT:
        return unit["sales_item"], EMPTY
    named, row = wanted((one["kind"], one["sku_code"])), made.row("line_type", (one["kind"],))
    default = settings.discount_item if one["kind"] == DISCOUNT else settings.sales_item
    return _item_of(made, "line_type", named, row, default), row or EMPTY


def _item_of(made: Mapped, table: str, key: str, row: Row | None, default: str) -> str:
    if row is None:
        return made.default(table, key, default)
    return row.get("item") or made.missing(f"{table}.item", key)


def _erp_zone(record: Mapping[str, Any], made: Mapped) -> str:
    """Under tax_mode erp, the tax item by which NetSuite computes tax; "" if the source's tax is sent as lines or there is none."""
    if made.plan.tax_mode != "erp" or not record["tax"]:
        return ""
    row = made.row("tax_zone", zone_keys(record))
    return (row or EMPTY).get("tax_code") or made.missing("tax_zone.tax_code", wanted(zone_keys(record)))


def _taxes(record: Mapping[str, Any], made: Mapped, place: Place) -> list[PostingLine]:
    """The source's tax as lines of the items of its zone."""

    def placed(row: Row | None, key: str) -> Place:
        item = _item_of(made, "tax_zone", key, row, made.settings.receivables.tax_item)
        return place._replace(account=item)

    found = tax_lines(record, made, lambda _: None, placed)
    return [{**one, "account": "", "item": one["account"]} for one in found if one["amount"]]
