"""Customer payments, from canonical to Fusion's standard receipt and its applications. Pure.

A receipt is never sent without a customer, because Fusion would keep it as unidentified. Rules for collections of any ERP:
`systems/postings/collection.py`.

A refund is held. The only refund operation of Receivables is refundReceipt (26D: amount, payment method, caller), for a receipt and not for a credit
memo. It asks Payables to pay the customer, who already has the money. It takes neither day nor bank account, and keeps no ref by which a lost answer
could be distinguished from a second payment. A person enters the refund, records it in Fusion as paid, and skips the hold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from systems.mapped import Draft, NoCommand, Plan
from systems.oracle_fusion.allocation import PRODUCT, Mapped, dimensions, mapped
from systems.postings.applications import applications, of_nothing, receivable
from systems.postings.collection import in_order, is_refund, needs, paid_how, receipt, refund_body, refund_hold
from systems.postings.document import Hold, Posting, Target
from systems.postings.ends import voided, worthless
from systems.postings.lines import ZERO
from systems.postings.receivable import customer_of

_COLUMNS = ("receipt_method", "bank_account")
COLLECTION = Target("F5", "collection", PRODUCT)
_BY_PAYABLES = "refund_by_payables"


def payment_commands(record: Mapping[str, Any], plan: Plan) -> Sequence[Draft | NoCommand]:
    """What a customer payment becomes."""
    if ended := voided(record, COLLECTION, plan.time_zone):
        return ended
    if ended := worthless(record, COLLECTION):
        return [*ended, *of_nothing(record, plan, receivable(COLLECTION))]
    if is_refund(record):
        return [_refund(record, mapped(plan, record["paid_on"]))]
    return [
        receipt(record, needs(record, mapped(plan, record["paid_on"]), *_COLUMNS), COLLECTION, _COLUMNS, dimensions),
        *applications(record, plan, receivable(COLLECTION)),
    ]


def _refund(record: Mapping[str, Any], made: Mapped) -> Draft:
    unit = made.unit(record["business_unit_name"], record["business_unit_id"])
    customer, parents = customer_of(record, made, unit)
    body = refund_body(record, paid_how(record, made, _COLUMNS), dimensions(customer, unit, made), made)
    hold = refund_hold(record, PRODUCT) or _by_payables(record)
    return made.draft("ar_refund", body, record, Posting(COLLECTION, record["paid_on"], hold, parents))


def _by_payables(record: Mapping[str, Any]) -> Hold:
    """What a person has to enter: how much of which receipt and credit memos is refunded, and that it is paid."""
    memos = [(-one["amount"], f"the credit memo of invoice {one['document_id']}") for one in in_order(record) if one["amount"]]
    left = -record["total"] - sum((amount for amount, _ in memos), ZERO)
    parts = [*memos, *([(left, f"the receipt of payment {record['refunded_payment_id']}")] if left else [])]
    told = " and ".join(f"{amount:.2f} of {what}" for amount, what in parts)
    words = f"Receivables refunds only by a request that Payables pays once more: in {PRODUCT} refund {told}"
    return Hold(_BY_PAYABLES, f"{words}, record it there as paid on {record['paid_on']}, then skip this")
