"""Customer payments, from canonical to Fusion's standard receipt and its applications. Pure.

A receipt is never sent without a customer: Fusion would keep it as unidentified. What is decided about any collection:
`systems/postings/collection.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from systems.mapped import Draft, NoCommand, Plan
from systems.oracle_fusion.allocation import PRODUCT, Mapped, dimensions, mapped
from systems.postings.applications import applications, receivable
from systems.postings.collection import is_refund, paid_how, receipt, refund_body
from systems.postings.document import Hold, Posting, Target
from systems.postings.ends import voided, worthless
from systems.postings.receivable import customer_of

_COLUMNS = ("receipt_method", "bank_account")
COLLECTION = Target("F5", "collection", PRODUCT)
_REFUND = Hold("refund_not_built", f"enter the refund in {PRODUCT}, then skip this")


def payment_commands(record: Mapping[str, Any], plan: Plan) -> Sequence[Draft | NoCommand]:
    """What a customer payment becomes."""
    if ended := voided(record, COLLECTION, plan.time_zone) or worthless(record, COLLECTION):
        return ended
    if is_refund(record):
        return [_refund(record, mapped(plan, record["paid_on"]))]
    return [
        receipt(record, mapped(plan, record["paid_on"]), COLLECTION, _COLUMNS, dimensions),
        *applications(record, plan, receivable(COLLECTION)),
    ]


def _refund(record: Mapping[str, Any], made: Mapped) -> Draft:
    unit = made.unit(record["business_unit_name"], record["business_unit_id"])
    customer, parents = customer_of(record, made, unit)
    body = refund_body(record, paid_how(record, made, _COLUMNS), dimensions(customer, unit, made), made)
    return made.draft("ar_refund", body, record, Posting(COLLECTION, record["paid_on"], _REFUND, parents))
