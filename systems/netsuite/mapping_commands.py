"""What the records of the field-service side become in NetSuite. Pure."""

from __future__ import annotations

from systems.mapped import by_entity
from systems.netsuite.mapping_bill import bill_commands
from systems.netsuite.mapping_labor import labor_commands
from systems.netsuite.mapping_master import customer_commands, vendor_commands
from systems.netsuite.mapping_memo import memo_commands
from systems.netsuite.mapping_payment import payment_commands
from systems.netsuite.mapping_receivable import invoice_commands
from systems.netsuite.models import SYSTEM

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
