"""The border of SYSPRO's vocabulary: its rows in our words, and our records as its documents. Pure.

`to_canonical` reads AP invoices, suppliers, orders, stock levels, GL codes and the open months; `to_commands` maps invoices, vendors, orders,
receipts and adjustments of the field-service system.
"""

from __future__ import annotations

from systems.mapped import by_entity
from systems.syspro.mapping_goods import adjustment_commands, order_commands, receipt_commands
from systems.syspro.mapping_invoice import invoice_commands
from systems.syspro.mapping_sightings import sightings
from systems.syspro.mapping_vendor import vendor_commands
from systems.syspro.models import SYSTEM

to_canonical = sightings

to_commands = by_entity(
    SYSTEM,
    {
        "invoice": invoice_commands,
        "vendor": vendor_commands,
        "purchase_order": order_commands,
        "receipt": receipt_commands,
        "inventory_adjustment": adjustment_commands,
    },
)
