"""Where Acumatica's words end: what its objects are in ours, and what our records become in it. Pure.

`to_canonical` reads accounts, dimensions, masters, periods and sightings of documents; `to_commands` maps what the field-service system holds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from schemas.records import Raw
from systems.acumatica.mapping_master import customer_commands, vendor_commands
from systems.acumatica.mapping_memo import memo_commands
from systems.acumatica.mapping_payable import bill_commands, credit_commands
from systems.acumatica.mapping_payment import payment_commands
from systems.acumatica.mapping_receivable import invoice_commands
from systems.acumatica.mapping_sightings import SYSTEM, sightings
from systems.mapped import Draft, NoCommand, Normalised, Plan, Reading

_COMMANDS: dict[str, Callable[[Mapping[str, Any], Plan], Sequence[Draft | NoCommand]]] = {
    "invoice": invoice_commands,
    "payment": payment_commands,
    "bill": bill_commands,
    "vendor_credit": credit_commands,
    "credit_memo": memo_commands,
    "customer": customer_commands,
    "vendor": vendor_commands,
}


def to_canonical(raw: Raw, reading: Reading) -> Sequence[Normalised]:
    """What follows from one raw record. Raises `Malformed` where it cannot be read."""
    return sightings(raw, reading)


def to_commands(entity: str, record: Mapping[str, Any], plan: Plan) -> Sequence[Draft | NoCommand]:
    """What a canonical record becomes in Acumatica; nothing for what Acumatica itself is the source of."""
    commands = _COMMANDS.get(entity)
    if commands is None or record["system"] == SYSTEM:
        return []
    return commands(record, plan)
