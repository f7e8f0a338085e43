"""The border of PeopleSoft's vocabulary: its rows in our words, and our records as its documents. Pure.

`to_canonical` reads vendors, accounts, ChartFields, business units and periods; `to_commands` maps invoices, payments and credit memos of the
field-service system. That system's customers and vendors make no documents here: a journal names no customer, and PeopleSoft owns the vendors
(accounting.md 21).
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
