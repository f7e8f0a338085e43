"""The border of Acumatica's vocabulary: its objects in our words, and our records as its documents. Pure.

`to_canonical` reads accounts, dimensions, masters, periods and sightings of documents; `to_commands` maps what the field-service system holds.
"""

from __future__ import annotations

from systems.acumatica.mapping_master import customer_commands, vendor_commands
from systems.acumatica.mapping_memo import memo_commands
from systems.acumatica.mapping_payable import bill_commands, credit_commands
from systems.acumatica.mapping_payment import payment_commands
from systems.acumatica.mapping_receivable import invoice_commands
from systems.acumatica.mapping_sightings import SYSTEM, sightings
from systems.mapped import by_entity

to_canonical = sightings

to_commands = by_entity(
    SYSTEM,
    {
        "invoice": invoice_commands,
        "payment": payment_commands,
        "bill": bill_commands,
        "vendor_credit": credit_commands,
        "credit_memo": memo_commands,
        "customer": customer_commands,
        "vendor": vendor_commands,
    },
)
