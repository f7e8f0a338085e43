"""Sales: lines of income, whom they are billed to, and what corrects another sale. Pure (accounting.md 14, 17, 20).

Income is positive and a discount negative. A system that books a sale as a journal reverses the signs (`lines.credit`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from schemas.records import InvoiceLine, Parent, PostingLine
from systems.mapped import Draft
from systems.postings.document import Hold, Mapped, Row
from systems.postings.lines import ONE, ZERO, Place, item_text, line, priced, rounded
from systems.values.codes import code

DISCOUNT = "PriceModifier"
"""Kind of line that changes the price of other lines."""
MEMBERSHIP, INTEREST, PROJECT = "membership", "interest", "project"
"""Keys of `line_type` for lines without a usual account: deferred revenue, interest, progress billing with retainage. A sku or account that has one
of these names does not use that row."""
_MARKERS = (MEMBERSHIP, INTEREST, PROJECT)
_OF_CONFIGURATION = {"MembershipInvoice": MEMBERSHIP, "InterestChargeInvoice": INTEREST, "ProjectInvoice": PROJECT}
_INCOME = ("income", "otherincome", "revenue")


def rows_alone_decide(one: InvoiceLine, record: Mapping[str, Any]) -> bool:
    """Whether a line is booked only by a row of `line_type` (accounting.md 35): its source names an account that is not known to be income, or the
    line belongs to a membership, interest or a project's billing. Its kind, its business unit and the defaults do not count then."""
    names_account = bool(one["gl_account"] or one.get("gl_account_type"))
    return (names_account and not _is_income(one)) or bool(_markers_of(one, record))


def _is_income(one: InvoiceLine) -> bool:
    return code(one.get("gl_account_type", "")).replace(" ", "").lower() in _INCOME


def line_keys(one: InvoiceLine, record: Mapping[str, Any]) -> tuple[str, ...]:
    """The keys by which a line's row in `line_type` is looked up before its kind: the sku, then the source's account. An account that is known not to
    be income comes before the sku. The keys of memberships, interest and projects come last."""
    is_other = bool(one.get("gl_account_type")) and not _is_income(one)
    own = (one["gl_account"], one["sku_code"]) if is_other else (one["sku_code"], one["gl_account"])
    return (*(key for key in own if code(key) not in _MARKERS), *_markers_of(one, record))


def _markers_of(one: InvoiceLine, record: Mapping[str, Any]) -> tuple[str, ...]:
    found = [_OF_CONFIGURATION.get(record["configuration"], "")]
    if one.get("membership_type_id") or record["membership_id"]:
        found.append(MEMBERSHIP)
    return tuple(dict.fromkeys(filter(None, found)))


def sale_line(one: InvoiceLine, place: Place) -> PostingLine:
    """The income of a line."""
    role = "discount" if one["kind"] == DISCOUNT and one["amount"] < 0 else "line"
    made = line(place, role, rounded(one["amount"]), item_text(one), one["line_id"])
    return priced(made, one["quantity"], one["unit_price"])


def customer_of(record: Mapping[str, Any], made: Mapped[Any], unit: Row) -> tuple[str, tuple[Parent, ...]]:
    """The customer of a document by the connection's policy: a code of the crosswalk, or a link that the sink resolves."""
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


def terms_of(name: str, made: Mapped[Any], default: str) -> str:
    """Terms in the ERP's code; "" leaves the terms of the customer or vendor unchanged."""
    row = made.row("term", (name,)) if name else None
    return row.get("terms", "") if row is not None else default


def as_sale(record: Mapping[str, Any]) -> dict[str, Any]:
    """A credit memo of the source as a negative sale, so that its lines and tax are booked like those of an invoice. A memo for which the source
    gives only an amount gets one line without a kind, which only a default or a person can place."""
    tax = record.get("tax") or ZERO
    untold = {name: record.get(name) or "" for name in ("customer_name", "location_name", "tax_zone_id", "tax_code")}
    alone = {**_NO_LINE, "line_id": record["source_id"], "description": record["memo"], "amount": record["total"] - tax}
    return {
        **_NO_SALE,
        **record,
        **untold,
        "invoice_date": record["memo_date"],
        "total": -record["total"],
        "tax": -tax,
        "lines": [{**one, "unit_price": -one["unit_price"], "amount": -one["amount"]} for one in record.get("lines") or [alone]],
    }


_NO_SALE: Mapping[str, Any] = dict.fromkeys(
    [
        "configuration",
        "location_id",
        "job_id",
        "job_number",
        "project_id",
        "term_name",
        "tax_zone_id",
        "adjustment_to_id",
        "membership_id",
    ],
    "",
) | {"due_date": None}
_NO_LINE: Mapping[str, Any] = dict.fromkeys(
    ["kind", "sku_id", "sku_code", "business_unit_id", "business_unit_name", "gl_account", "gl_account_type", "membership_type_id"],
    "",
) | {"quantity": ONE, "unit_price": ZERO, "taxable": False}


def adjusts(record: Mapping[str, Any], product: str) -> Hold | None:
    """The hold of an invoice that adjusts another."""
    if not record["adjustment_to_id"]:
        return None
    words = f"it adjusts invoice {record['adjustment_to_id']}: enter the adjustment in {product}, then skip this"
    return Hold("adjustment_not_built", words)


def correcting(record: Mapping[str, Any], draft: Draft) -> Draft:
    """The draft, with the action `adjust` if it adjusts another document (accounting.md 34)."""
    return replace(draft, action="adjust") if record["adjustment_to_id"] else draft


_OF_MEMO = ("date", "description", "human_number", "dimensions", "tax_total", "lines")
"""The fields of an invoice's body that a credit memo has too."""


def sold(record: Mapping[str, Any], invoice: Draft) -> Draft:
    """The invoice of a sale, or the credit memo of a negative sale, with the action `adjust` if it adjusts another document."""
    draft = correcting(record, invoice)
    if record["total"] >= 0:
        return draft
    body = {name: draft.body[name] for name in _OF_MEMO} | {"adjusts_id": record["adjustment_to_id"]}
    return replace(draft, record="ar_credit_memo", body=body)


def original_of(record: Mapping[str, Any], made: Mapped[Any]) -> tuple[Parent, ...]:
    """The document that an adjustment waits for; empty if `opening_balance` has a row of that document, because it is from before the cut-over."""
    original = record["adjustment_to_id"]
    if not original or made.row("opening_balance", (original,)) is not None:
        return ()
    return (Parent(role="original", entity="invoice", source_id=original),)
