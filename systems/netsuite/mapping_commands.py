"""What the records of the field-service side become in NetSuite. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from systems.mapped import Draft, NoCommand, Plan, by_entity
from systems.netsuite.allocation import mapped
from systems.netsuite.mapping_bill import bill_commands
from systems.netsuite.mapping_labor import labor_commands
from systems.netsuite.mapping_master import customer_commands, vendor_commands
from systems.netsuite.mapping_memo import memo_commands
from systems.netsuite.mapping_payable import PAYABLE, payable_commands
from systems.netsuite.mapping_payment import payment_commands
from systems.netsuite.mapping_receivable import SALE, sale_commands
from systems.netsuite.models import SYSTEM


def invoice_commands(record: Mapping[str, Any], plan: Plan) -> Sequence[Draft | NoCommand]:
    """What a customer invoice becomes: payables at cost (flow N1), and the invoice to the customer (N1S). The two are separate purposes; a flow that
    is off makes nothing."""
    found: list[Draft | NoCommand] = []
    if _is_on(plan, PAYABLE.flow):
        found += payable_commands(record, mapped(plan, record["invoice_date"]))
    if _is_on(plan, SALE.flow):
        found += sale_commands(record, plan)
    return found


def _is_on(plan: Plan, flow: str) -> bool:
    own = plan.flows.get(flow)
    return own is not None and bool(own.enabled)


to_commands = by_entity(
    SYSTEM,
    {
        "invoice": invoice_commands,
        "payment": payment_commands,
        "credit_memo": memo_commands,
        "bill": bill_commands,
        "labor_entry": labor_commands,
        "customer": customer_commands,
        "vendor": vendor_commands,
    },
)
