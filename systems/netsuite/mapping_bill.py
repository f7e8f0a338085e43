"""Bills of the source: read to confirm that they arrived, never written (accounting.md 11; flow N5). Pure.

The source makes them by itself when an order is received. If that order is NetSuite's own, the vendor's bill is entered in NetSuite against the
order, and is the payable. A bill without an order has no such document in NetSuite, so a person enters it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from systems.mapped import MANUAL, Draft, NoCommand, Plan
from systems.netsuite.allocation import PRODUCT
from systems.postings.document import Target
from systems.postings.ends import is_void, worthless

CONFIRMED = Target("N5", "payable", PRODUCT)


def bill_commands(record: Mapping[str, Any], plan: Plan) -> Sequence[Draft | NoCommand]:  # noqa: ARG001 - every mapping has the same signature
    """What a bill becomes: a decision with its amount, or a document for a person."""
    if is_void(record):
        return [NoCommand("excluded", "the bill was cancelled", CONFIRMED.flow, record["total"], record["currency"])]
    if ended := worthless(record, CONFIRMED):
        return ended[:1]
    if record["purchase_order_id"]:
        words = f"read to confirm: the vendor's bill of the order {record['purchase_order_id']} is the payable, in {PRODUCT}"
        return [NoCommand("excluded", words, CONFIRMED.flow, record["total"], record["currency"])]
    why = f"a bill of no order: enter the vendor's bill in {PRODUCT}, then skip this"
    return [
        Draft(
            MANUAL,
            {"date": record["bill_date"], "reason": why},
            CONFIRMED.flow,
            CONFIRMED.purpose,
            amount=record["total"],
            currency=record["currency"],
            posting_date=record["bill_date"],
            hold="bill_of_no_order",
            hold_detail=why,
        )
    ]
