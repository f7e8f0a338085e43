"""Vendor bills and vendor credits, from canonical to Acumatica's Bill and its debit adjustment. Pure.

The vendor's own number stays in VendorRef (accounting.md 4). Rules for payables of any ERP: `systems/postings/payable.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from systems.acumatica.allocation import PRODUCT, TEXT, Mapped, Payables, branch_of, mapped, project_of, within
from systems.mapped import Draft, NoCommand, Plan
from systems.postings.applications import applications, payable
from systems.postings.document import Posting, Target
from systems.postings.ends import voided, worthless
from systems.postings.lines import cut
from systems.postings.payable import (
    bill_lines,
    negative_bill,
    overapplied,
    payable_draft,
    payable_text,
    payment_hold,
    vendor_number,
)
from systems.postings.receivable import terms_of

BILLS = Target("A3", "payable", PRODUCT)
CREDITS = Target("A7", "payable", PRODUCT)


def bill_commands(record: Mapping[str, Any], plan: Plan) -> Sequence[Draft | NoCommand]:
    """What a vendor's bill becomes."""
    if ended := voided(record, BILLS, plan.time_zone) or worthless(record, BILLS):
        return [*ended, *payment_hold({**record, "do_not_pay": False, "reconciliation": ""}, BILLS)]
    made, day = mapped(plan, record["bill_date"]), record["bill_date"]
    lines, mismatch = bill_lines(record, Payables(made), made, made.settings.accounts.rounding_limit)
    body = {
        "date": day,
        "due_date": record["due_date"],
        "terms": terms_of(record["term_name"], made, made.settings.default_terms),
        "description": payable_text(record, "Bill"),
        "human_number": vendor_number(record),
        "dimensions": _dimensions(record, made),
        "pay_hold": record["do_not_pay"],
        "tax_total": record["tax"],
        "lines": cut(within(lines, project_of(made, record)), TEXT),
    }
    bill = payable_draft("ap_bill", body, record, made, Posting(BILLS, day, negative_bill(record, BILLS) or mismatch))
    return [bill, *payment_hold(record, BILLS)]


def credit_commands(record: Mapping[str, Any], plan: Plan) -> Sequence[Draft | NoCommand]:
    """What a vendor credit becomes: a debit adjustment, and its applications to bills."""
    if ended := voided(record, CREDITS, plan.time_zone) or worthless(record, CREDITS):
        return ended
    made, day = mapped(plan, record["credit_date"]), record["credit_date"]
    lines, mismatch = bill_lines(record, Payables(made), made, made.settings.accounts.rounding_limit)
    body = {
        "date": day,
        "description": payable_text(record, "Credit"),
        "human_number": vendor_number(record),
        "dimensions": _dimensions(record, made),
        "tax_total": record["tax"],
        "lines": cut(lines, TEXT),
        "applications": [],
    }
    credit = payable_draft("ap_credit", body, record, made, Posting(CREDITS, day, mismatch or overapplied(record)))
    return [credit, *applications(record, plan, payable(CREDITS))]


def _dimensions(record: Mapping[str, Any], made: Mapped) -> dict[str, str]:
    return {"Branch": branch_of(made, made.unit(record["business_unit_name"], record["business_unit_id"]))}
