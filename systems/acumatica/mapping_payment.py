"""Customer payments and refunds, from canonical to Acumatica's Payment and its applications. Pure.

Rules for collections of any ERP: `systems/postings/collection.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from systems.acumatica.allocation import PRODUCT, Mapped, mapped
from systems.acumatica.mapping_receivable import header_dimensions
from systems.mapped import Draft, NoCommand, Plan
from systems.postings.applications import applications, of_nothing, receivable
from systems.postings.collection import is_refund, needs, paid_how, receipt, refund_body, refund_hold, refund_parents
from systems.postings.document import Posting, Target, other_currency
from systems.postings.ends import voided, worthless
from systems.postings.receivable import customer_of

_COLUMNS = ("payment_method", "cash_account")
"""Columns of a payment type. Without a cash account Acumatica takes the default one of the payment method."""
COLLECTION = Target("A2", "collection", PRODUCT)


def payment_commands(record: Mapping[str, Any], plan: Plan) -> Sequence[Draft | NoCommand]:
    """What a payment becomes: the receipt first, then its applications in their order."""
    if ended := voided(record, COLLECTION, plan.time_zone):
        return ended
    if ended := worthless(record, COLLECTION):
        return [*ended, *of_nothing(record, plan, receivable(COLLECTION))]
    made = needs(record, mapped(plan, record["paid_on"]), _COLUMNS[0])
    if is_refund(record):
        return [_refund(record, made)]
    return [
        receipt(record, made, COLLECTION, _COLUMNS, header_dimensions),
        *applications(record, plan, receivable(COLLECTION)),
    ]


def _refund(record: Mapping[str, Any], made: Mapped) -> Draft:
    unit = made.unit(record["business_unit_name"], record["business_unit_id"])
    customer, parents = customer_of(record, made, unit)
    body = refund_body(record, paid_how(record, made, _COLUMNS), header_dimensions(customer, unit, made), made)
    made.dated("paid_on", record["paid_on"])
    hold = other_currency(record, made.plan, "refund") or refund_hold(record, PRODUCT)
    waits_for = (*parents, *refund_parents(record, made))
    return made.draft("ar_refund", body, record, Posting(COLLECTION, record["paid_on"], hold, waits_for))
