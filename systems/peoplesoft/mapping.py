"""Where PeopleSoft's words end: what its rows are in ours, and what our records become in it. Pure.

`to_canonical` reads vendors, accounts, chartfields, business units and periods; `to_commands` maps invoices, payments and credit memos of the
field-service system. Its customers and vendors become nothing here: a journal names no customer, and PeopleSoft owns the vendors (accounting.md 21).
"""

from __future__ import annotations

from systems.mapped import by_entity
from systems.peoplesoft.mapping_invoice import invoice_commands
from systems.peoplesoft.mapping_memo import memo_commands
from systems.peoplesoft.mapping_payment import payment_commands
from systems.peoplesoft.mapping_sightings import SYSTEM, sightings

to_canonical = sightings

to_commands = by_entity(
    SYSTEM,
    {
        "invoice": invoice_commands,
        "payment": payment_commands,
        "credit_memo": memo_commands,
    },
)
