"""Vendor bills and vendor credits, from canonical to `ap_bill` and `ap_credit`. Pure.

Rules: accounting.md 4 (the vendor's own number stays in VendorRef), 17 (credits applied), 18 (charges land on lines), 29 (cancelled, do-not-pay).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from schemas.records import Application, BillLine, Parent, PostingLine
from systems.acumatica.allocation import Mapped, account_of, line, mapped, place_of, rounding, unit_of
from systems.acumatica.mapping_receivable import PRODUCT, terms_of
from systems.allocation import EMPTY, HeldVoid, nothing, priced, reversal, rounded, wanted
from systems.codes import code
from systems.mapped import Draft, NoCommand, Plan

BILLS = "A3"
CREDITS = "A7"
WHOLE_CREDIT = "credit"
"""Key of `bill_line` for a vendor credit without lines: the source's API gives an amount alone (OpenAPI accounting v2)."""
EXPENSE = "expense"
"""Key of `bill_line` for lines that are no items."""
_MARKERS = (WHOLE_CREDIT, EXPENSE)
"""What is itself named like one of these does not have its row."""
_CHARGES = (("tax", "bill_tax"), ("shipping", "freight"), ("other", "other"))


def bill_commands(record: Mapping[str, Any], plan: Plan) -> Sequence[Draft | NoCommand]:
    """What a vendor's bill becomes."""
    if not record["active"] or record["canceled_on"] is not None:
        return [reversal(record, HeldVoid(BILLS, "payable", "cancellation_not_built", "the bill was cancelled", PRODUCT))]
    if record["total"] == 0 and not any(one["amount"] for one in record["lines"]):
        return nothing(BILLS, "payable", record["currency"])
    made = mapped(plan, record["bill_date"])
    lines, hold, detail = _lines(record, made)
    if record["total"] < 0:
        hold, detail = "negative_bill", "a negative bill is a vendor credit: enter it in Acumatica, then skip this"
    body = {
        "date": record["bill_date"],
        "due_date": record["due_date"],
        "terms": terms_of(record["term_name"], made),
        "description": _header_text(record, "Bill"),
        "human_number": _number(record),
        "dimensions": {"Branch": _unit(record, made).get("branch") or made.settings.branch},
        "pay_hold": record["do_not_pay"],
        "tax_total": record["tax"],
        "lines": lines,
    }
    return [_draft("ap_bill", body, record, made, (BILLS, record["bill_date"], hold, detail))]


def credit_commands(record: Mapping[str, Any], plan: Plan) -> Sequence[Draft | NoCommand]:
    """What a vendor credit becomes: a debit adjustment, applied to its bills."""
    if not record["active"] or record["canceled_on"] is not None:
        return [
            reversal(record, HeldVoid(CREDITS, "payable", "cancellation_not_built", "the vendor credit was cancelled", PRODUCT))
        ]
    if record["total"] == 0:
        return nothing(CREDITS, "payable", record["currency"])
    made = mapped(plan, record["credit_date"])
    lines, hold, detail = _lines(record, made)
    applications = [_told(one, made) for one in record["applications"] if one["amount"]]
    if sum((one["amount"] for one in applications), Decimal(0)) > record["total"] and not hold:
        hold, detail = "overapplied", "the applications exceed the credit: correct the source document"
    body = {
        "date": record["credit_date"],
        "description": _header_text(record, "Credit"),
        "human_number": _number(record),
        "dimensions": {"Branch": _unit(record, made).get("branch") or made.settings.branch},
        "tax_total": record["tax"],
        "lines": lines,
        "applications": applications,
    }
    draft = _draft("ap_credit", body, record, made, (CREDITS, record["credit_date"], hold, detail))
    bills = [Parent(role="bill", entity="bill", source_id=one["document_id"]) for one in applications if not one["document_number"]]
    return [replace(draft, parents=(*draft.parents, *bills))]


def _draft(name: str, body: dict[str, Any], record: Mapping[str, Any], made: Mapped, how: tuple[str, Any, str, str]) -> Draft:
    flow, day, hold, detail = how
    if day is None:
        made.missing("date", "none")
    if not record["vendor_id"]:
        made.missing("vendor", record["vendor_name"] or "none")
    if record["currency"] != made.plan.currency:
        hold, detail = "currency", f"the document is in {record['currency']}, the ledger in {made.plan.currency}"
    vendor = Parent(role="vendor", entity="vendor", source_id=record["vendor_id"])
    return Draft(
        record=name,
        body=body,
        flow=flow,
        purpose="payable",
        amount=record["total"],
        currency=record["currency"],
        posting_date=day,
        parents=(vendor,) if record["vendor_id"] else (),
        unresolved=tuple(made.unresolved),
        defaulted=tuple(made.defaulted),
        hold=hold,
        hold_detail=detail,
    )


def _unit(record: Mapping[str, Any], made: Mapped) -> Mapping[str, str]:
    return unit_of(made, record["business_unit_name"], record["business_unit_id"])


def _number(record: Mapping[str, Any]) -> str:
    return str(record["vendor_number"] or record["number"] or record["source_id"])[:40]


def _header_text(record: Mapping[str, Any], what: str) -> str:
    number = record["number"] or record["source_id"]
    job = f" job {record['job_number']}" if record.get("job_number") else ""
    return f"{what} {number}{job} {record['vendor_name']}".strip()[:200]


def _lines(record: Mapping[str, Any], made: Mapped) -> tuple[list[PostingLine], str, str]:
    """Lines with the header's charges, adding up to the total; the hold and its words where they do not."""
    unit = _unit(record, made)
    lines = [_line(one, record, unit, made) for one in record["lines"]] or _whole(record, unit, made)
    for field, setting in _CHARGES:
        amount = record.get(field) or Decimal(0)
        if amount:
            account = made.needed(setting, getattr(made.settings.accounts, setting))
            place = place_of(unit, made.settings, account, made.settings.tax.exempt_category)
            role = "tax" if field == "tax" else field
            lines.append(line(place, role, rounded(amount), f"{role.capitalize()} of the document"))
    words = rounding(made, lines, record["total"], unit)
    return lines, "total_mismatch" if words else "", words


def _whole(record: Mapping[str, Any], unit: Mapping[str, str], made: Mapped) -> list[PostingLine]:
    """The one line of a credit that its source gives no lines for: its total less its charges, on the account of `bill_line` credit."""
    if "credit_date" not in record:
        return []
    row = made.row("bill_line", (WHOLE_CREDIT,))
    account = account_of(made, ("bill_line", WHOLE_CREDIT), row, made.settings.accounts.bill_line)
    charges = sum((record.get(field) or Decimal(0) for field, _ in _CHARGES), Decimal(0))
    place = place_of(unit, made.settings, account, made.settings.tax.exempt_category)
    return [line(place, "line", rounded(record["total"] - charges), f"Credit {_number(record)}")]


def _line(one: BillLine, record: Mapping[str, Any], header: Mapping[str, str], made: Mapped) -> PostingLine:
    unit = header
    own = one["business_unit_name"] or one["business_unit_id"]
    if own and own not in (record["business_unit_name"], record["business_unit_id"]):
        unit = unit_of(made, one["business_unit_name"], one["business_unit_id"])
    is_item = one["kind"] != EXPENSE
    names = (one["inventory_location"], one["gl_account"], one["sku_type"]) if is_item else (one["gl_account"],)
    keys = (*(name for name in names if code(name) not in _MARKERS), *(() if is_item else (EXPENSE,)))
    row = made.row("bill_line", keys)
    account = account_of(made, ("bill_line", wanted((*keys, one["kind"]))), row, made.settings.accounts.bill_line)
    place = place_of(unit, made.settings, account, made.settings.tax.exempt_category, (row or EMPTY).get("subaccount", ""))
    text = f"{one['sku_code']} {one['description']}".strip()
    return priced(line(place, "line", rounded(one["amount"]), text, one["line_id"]), one["quantity"], one["unit_cost"])


def _told(one: Application, made: Mapped) -> Application:
    opening = made.row("opening_balance", (one["document_id"],))
    return {**one, "document_number": opening.get("erp_number", "") if opening is not None else ""}
