"""Invoices to customers, from canonical to `ar_invoice`; and what of sales is only held by name so far. Pure.

Rules: accounting.md 4 (the invoice number stays in CustomerOrder), 15 (tax), 17 (adjustments and voids are held), 18 (totals), 20 (customers).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from schemas.records import InvoiceLine, Parent, PostingLine
from systems.acumatica.allocation import Mapped, account_of, line, mapped, place_of, rounding, unit_of
from systems.allocation import EMPTY, HeldVoid, header_text, nothing, priced, reversal, rounded, shares_of, split, wanted, zone_rows
from systems.mapped import Draft, NoCommand, Plan

FLOW = "A1"
PRODUCT = "Acumatica"
DISCOUNT = "PriceModifier"


def invoice_commands(record: Mapping[str, Any], plan: Plan) -> Sequence[Draft | NoCommand]:
    """What a customer invoice becomes."""
    if not record["active"]:
        return [reversal(record, HeldVoid(FLOW, "sale", "void_not_built", "the invoice was voided", PRODUCT))]
    if record["total"] == 0 and not any(one["amount"] for one in record["lines"]):
        return nothing(FLOW, "sale", record["currency"])
    made = mapped(plan, record["invoice_date"])
    draft = _draft(record, made)
    if record["adjustment_to_id"]:
        return [_adjustment(record, draft)]
    if record["total"] < 0:
        return [
            _memo(
                record, draft, "credit_memo_not_built", "a negative invoice is a credit memo: enter it in Acumatica, then skip this"
            )
        ]
    return [draft]


def customer_of(record: Mapping[str, Any], made: Mapped, unit: Mapping[str, str]) -> tuple[str, tuple[Parent, ...]]:
    """The customer of a document by the connection's policy: a code of the crosswalk, or the link to be resolved."""
    policy, source_id = made.plan.customer_policy, record["customer_id"]
    if policy == "summary":
        found = unit.get("customer", "")
        return found or made.missing("business_unit.customer", record["business_unit_name"] or "none"), ()
    if policy == "bill_to_parent":
        row = made.row("bill_to", (source_id,))
        if row is not None and row.get("customer"):
            return row["customer"], ()
    if not source_id:
        made.missing("customer", "none")
        return "", ()
    return "", (Parent(role="customer", entity="customer", source_id=source_id),)


def header_dimensions(customer: str, unit: Mapping[str, str], made: Mapped) -> dict[str, str]:
    """Branch, and the customer where the crosswalk names it."""
    found = {"Branch": unit.get("branch") or made.settings.branch}
    return found | ({"Customer": customer} if customer else {})


def _draft(record: Mapping[str, Any], made: Mapped) -> Draft:
    unit = unit_of(made, record["business_unit_name"], record["business_unit_id"])
    customer, parents = customer_of(record, made, unit)
    if record["invoice_date"] is None:
        made.missing("invoice_date", "none")
    zone = _erp_zone(record, made)
    lines = [_line(one, record, unit, made, bool(zone)) for one in record["lines"]]
    taxes = [] if zone else _tax_lines(record, unit, made)
    lines += taxes
    hold, detail = _close(record, made, lines, unit, zone)
    body = {
        "date": record["invoice_date"],
        "due_date": record["due_date"],
        "terms": terms_of(record["term_name"], made),
        "description": header_text(record),
        "human_number": record["number"],
        "dimensions": header_dimensions(customer, unit, made),
        "tax_zone": zone,
        "tax_total": record["tax"] if made.plan.tax_mode != "none" else Decimal(0),
        "lines": lines,
    }
    return Draft(
        record="ar_invoice",
        body=body,
        flow=FLOW,
        purpose="sale",
        amount=record["total"],
        currency=record["currency"],
        posting_date=record["invoice_date"],
        parents=parents,
        unresolved=tuple(made.unresolved),
        defaulted=tuple(made.defaulted),
        hold=hold,
        hold_detail=detail,
    )


def _close(
    record: Mapping[str, Any], made: Mapped, lines: list[PostingLine], unit: Mapping[str, str], zone: str
) -> tuple[str, str]:
    """Make the lines add up to the total; the hold and its words where they do not."""
    if record["currency"] != made.plan.currency:
        return "currency", f"the invoice is in {record['currency']}, the ledger in {made.plan.currency}"
    if made.plan.tax_mode == "none" and record["tax"]:
        return "tax_mode_none", f"the invoice carries tax {record['tax']} and tax_mode is none: choose tax_mode source or erp"
    untaxed = record["total"] - (record["tax"] if zone else Decimal(0))
    words = rounding(made, lines, untaxed, unit)
    return ("total_mismatch", words) if words else ("", "")


def terms_of(name: str, made: Mapped) -> str:
    """Terms in Acumatica's code; empty leaves the customer's or vendor's own."""
    row = made.row("term", (name,)) if name else None
    return row.get("terms", "") if row is not None else made.settings.default_terms


def _line(
    one: InvoiceLine, record: Mapping[str, Any], header: Mapping[str, str], made: Mapped, is_taxed_by_erp: bool
) -> PostingLine:
    unit = header
    own = one["business_unit_name"] or one["business_unit_id"]
    if own and own not in (record["business_unit_name"], record["business_unit_id"]):
        unit = unit_of(made, one["business_unit_name"], one["business_unit_id"])
    account, subaccount = _account(one, unit, made)
    tax = made.settings.tax
    category = tax.taxable_category if is_taxed_by_erp and one["taxable"] else tax.exempt_category
    place = place_of(unit, made.settings, account, category, subaccount)
    role = "discount" if one["kind"] == DISCOUNT and one["amount"] < 0 else "line"
    text = f"{one['sku_code']} {one['description']}".strip()
    return priced(line(place, role, rounded(one["amount"]), text, one["line_id"]), one["quantity"], one["unit_price"])


def _account(one: InvoiceLine, unit: Mapping[str, str], made: Mapped) -> tuple[str, str]:
    """Account and own subaccount of a line: by sku, by the source's GL account, the unit's sales account, by kind, by default."""
    keys = (one["sku_code"], one["gl_account"])
    row = made.row("line_type", keys)
    if row is not None:
        return account_of(made, ("line_type", wanted(keys)), row, ""), row.get("subaccount", "")
    if unit.get("sales_account") and one["kind"] != DISCOUNT:
        return unit["sales_account"], ""
    row = made.row("line_type", (one["kind"],))
    accounts = made.settings.accounts
    default = accounts.discount if one["kind"] == DISCOUNT else accounts.sales
    account = account_of(made, ("line_type", wanted((one["kind"], one["sku_code"]))), row, default)
    return account, (row or EMPTY).get("subaccount", "")


def _erp_zone(record: Mapping[str, Any], made: Mapped) -> str:
    """Under tax_mode erp, the tax zone that Acumatica shall compute by; "" where the source's tax travels as lines or there is none."""
    if made.plan.tax_mode != "erp" or (not record["tax_zone_id"] and not record["tax"]):
        return ""
    keys = (record["tax_zone_id"], record["tax_code"])
    row = made.row("tax_zone", keys)
    found = row.get("erp_zone", "") if row is not None else ""
    return found or made.missing("tax_zone", wanted(keys))


def _tax_lines(record: Mapping[str, Any], unit: Mapping[str, str], made: Mapped) -> list[PostingLine]:
    """The source's tax on the liability accounts of its zone; the rows of its parts share it."""
    tax = record["tax"]
    if tax == 0 or made.plan.tax_mode != "source":
        return []
    keys = (record["tax_zone_id"], record["tax_code"])
    rows: list[Mapping[str, str] | None] = [*zone_rows(made, keys)] or [None]
    category = made.settings.tax.exempt_category
    made_lines: list[PostingLine] = []
    shares = shares_of([row or EMPTY for row in rows], made)
    for row, part in zip(rows, split(rounded(tax), shares), strict=True):
        account = account_of(made, ("tax_zone", wanted(keys)), row, made.settings.accounts.sales_tax)
        place = place_of(unit, made.settings, account, category, (row or EMPTY).get("subaccount", ""))
        made_lines.append(line(place, "tax", part, f"Sales tax {record['tax_code']}".strip()))
    return made_lines


def _adjustment(record: Mapping[str, Any], draft: Draft) -> Draft:
    detail = f"it adjusts invoice {record['adjustment_to_id']}: enter the adjustment in Acumatica, then skip this"
    if record["total"] < 0:
        return _memo(record, draft, "adjustment_not_built", detail)
    return replace(draft, action="adjust", hold="adjustment_not_built", hold_detail=detail)


def _memo(record: Mapping[str, Any], draft: Draft, hold: str, detail: str) -> Draft:
    names = ("date", "description", "human_number", "dimensions", "tax_total", "lines")
    body = {name: draft.body[name] for name in names} | {"adjusts_id": record["adjustment_to_id"]}
    action = "adjust" if record["adjustment_to_id"] else "create"
    return replace(draft, record="ar_credit_memo", body=body, action=action, hold=hold, hold_detail=detail)
