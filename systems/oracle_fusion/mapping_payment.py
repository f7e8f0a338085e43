"""Customer payments, from canonical to Fusion's standard receipt and its applications. Pure.

A receipt is never sent without a customer: Fusion would keep it as unidentified. What is decided about any collection:
`systems/postings/collection.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from systems.mapped import Draft, NoCommand, Plan
from systems.oracle_fusion.allocation import PRODUCT, Mapped, dimensions, mapped, unit_of
from systems.postings.applications import applications, receivable
from systems.postings.collection import is_refund, receipt_body, refund_body
from systems.postings.document import Hold, Posting, Target, other_currency
from systems.postings.ends import voided, worthless
from systems.postings.receivable import customer_of

COLLECTION = Target("F5", "collection", PRODUCT)
_REFUND = Hold("refund_not_built", f"enter the refund in {PRODUCT}, then skip this")


def payment_commands(record: Mapping[str, Any], plan: Plan) -> Sequence[Draft | NoCommand]:
    """What a customer payment becomes."""
    if ended := voided(record, COLLECTION, plan.time_zone) or worthless(record, COLLECTION):
        return ended
    if is_refund(record):
        return [_refund(record, mapped(plan, record["paid_on"]))]
    return [_receipt(record, mapped(plan, record["paid_on"])), *applications(record, plan, receivable(COLLECTION))]


def _receipt(record: Mapping[str, Any], made: Mapped) -> Draft:
    unit = unit_of(made, record["business_unit_name"], record["business_unit_id"])
    customer, parents = customer_of(record, made, unit)
    made.dated("paid_on", record["paid_on"])
    body = receipt_body(record, _method(record, made), dimensions(made, unit, customer))
    hold = other_currency(record, made.plan, "payment")
    return made.draft("ar_receipt", body, record, Posting(COLLECTION, record["paid_on"], hold, parents))


def _method(record: Mapping[str, Any], made: Mapped) -> tuple[str, str]:
    """Receipt method and remittance bank account."""
    row = made.row("payment_type", (record["type_name"], record["type_id"]))
    if row is None:
        return made.missing("payment_type", record["type_name"] or record["type_id"] or "none"), ""
    return row.get("receipt_method", ""), row.get("bank_account", "")


def _refund(record: Mapping[str, Any], made: Mapped) -> Draft:
    unit = unit_of(made, record["business_unit_name"], record["business_unit_id"])
    customer, parents = customer_of(record, made, unit)
    body = refund_body(record, _method(record, made), dimensions(made, unit, customer), made)
    return made.draft("ar_refund", body, record, Posting(COLLECTION, record["paid_on"], _REFUND, parents))
