"""The toy as an ERP that orders from vendors: its orders and vendors go to the field-service side, receipts come back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from schemas.records import Parent
from systems import registry
from systems.contract import Capability, Flow, Write
from systems.flow import AT_ONCE, no_orders
from systems.mapped import Draft, NoCommand, Plan
from tests.contract.toybooks.system import SYSTEM, to_commands

TO_FIELD = (
    Flow("T2", "vendors", SYSTEM.name, registry.FIELD_SERVICE, "vendor", ("vendor",), "master"),
    Flow(
        "T3",
        "orders",
        SYSTEM.name,
        registry.FIELD_SERVICE,
        "purchase_order",
        ("purchase_order", "reversal"),
        "order",
        due=AT_ONCE,
        unavailable=no_orders,
    ),
)
RECEIPTS = Flow("T4", "receipts", registry.FIELD_SERVICE, SYSTEM.name, "receipt", ("receipt",), "receipt", due=AT_ONCE)
FLOWS = (*SYSTEM.flows, *TO_FIELD, RECEIPTS)
WRITES = (*SYSTEM.writes, Write("receipt", "Receipt", ("post",), "post", Capability.C1, "ref", 23, calls=2))
ORDER_OF = "order"


def with_receipts(entity: str, record: Mapping[str, Any], plan: Plan) -> Sequence[Draft | NoCommand]:
    """A receipt is a receipt; it waits for its order and for each of its lines."""
    if entity != "receipt":
        return to_commands(entity, record, plan)
    parents = [Parent(role="order", entity="purchase_order", source_id=record["purchase_order_id"], purpose=ORDER_OF)]
    parents += [
        Parent(role="order_line", entity="order_line", source_id=one["order_line_id"], purpose=ORDER_OF) for one in record["lines"]
    ]
    body = {
        "date": record["received_on"],
        "kind": "receipt",
        "vendor_number": record["vendor_number"],
        "description": "",
        "warehouse": "",
    }
    body |= {"human_number": record["number"], "dimensions": {"vendor": record["vendor_id"]}, "lines": []}
    total: Decimal = record["total"]
    return [
        Draft(
            "receipt",
            body,
            RECEIPTS.id,
            "receipt",
            amount=total,
            currency=record["currency"],
            posting_date=record["received_on"],
            parents=tuple(parents),
        )
    ]
