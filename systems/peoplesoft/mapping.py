"""Where PeopleSoft's words end: what its rows are in ours, and what our records become in it. Pure.

`to_canonical` reads vendors, accounts, chartfields, business units and periods; `to_commands` maps invoices, payments and credit memos of the
field-service system. Its customers and vendors become nothing here: a journal names no customer, and PeopleSoft owns the vendors (accounting.md 21).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from schemas.records import Raw
from systems.mapped import Draft, NoCommand, Normalised, Plan, Reading
from systems.peoplesoft.mapping_invoice import invoice_commands
from systems.peoplesoft.mapping_memo import memo_commands
from systems.peoplesoft.mapping_payment import payment_commands
from systems.peoplesoft.mapping_sightings import SYSTEM, sightings

_COMMANDS: dict[str, Callable[[Mapping[str, Any], Plan], Sequence[Draft | NoCommand]]] = {
    "invoice": invoice_commands,
    "payment": payment_commands,
    "credit_memo": memo_commands,
}


def to_canonical(raw: Raw, reading: Reading) -> Sequence[Normalised]:
    """What follows from one raw record. Raises `Malformed` where it cannot be read."""
    return sightings(raw, reading)


def to_commands(entity: str, record: Mapping[str, Any], plan: Plan) -> Sequence[Draft | NoCommand]:
    """What a canonical record becomes in PeopleSoft; nothing for what PeopleSoft itself is the source of."""
    commands = _COMMANDS.get(entity)
    if commands is None or record["system"] == SYSTEM:
        return []
    return commands(record, plan)
