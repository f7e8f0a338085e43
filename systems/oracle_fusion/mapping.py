"""Where Fusion's words end: what its objects are in ours, and what our records become in it. Pure.

`to_canonical` reads suppliers, orders, customers that were asked for, periods and documents of Receivables; `to_commands` maps what the
field-service system holds. Its customers and vendors become nothing here: customers are matched and never created, and Fusion owns the suppliers
(accounting.md 20, 21).
"""

from __future__ import annotations

from systems.mapped import by_entity
from systems.oracle_fusion.mapping_goods import receipt_commands, return_commands
from systems.oracle_fusion.mapping_payment import payment_commands
from systems.oracle_fusion.mapping_receivable import invoice_commands
from systems.oracle_fusion.mapping_sightings import sightings
from systems.oracle_fusion.models import SYSTEM

to_canonical = sightings

to_commands = by_entity(
    SYSTEM,
    {
        "invoice": invoice_commands,
        "payment": payment_commands,
        "receipt": receipt_commands,
        "return": return_commands,
    },
)
