"""Where Fusion's words end: what its objects are in ours, and what our records become in it. Pure.

`to_canonical` reads suppliers, orders, customers that were asked for, periods and documents of Receivables; `to_commands` maps what the
field-service system holds. Its customers and vendors become nothing here: customers are matched and never created, and Fusion owns the suppliers
(accounting.md 20, 21).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from schemas.records import Raw
from systems.mapped import Draft, NoCommand, Normalised, Plan, Reading
from systems.oracle_fusion.mapping_goods import receipt_commands, return_commands
from systems.oracle_fusion.mapping_payment import payment_commands
from systems.oracle_fusion.mapping_receivable import invoice_commands
from systems.oracle_fusion.mapping_sightings import sightings
from systems.oracle_fusion.models import SYSTEM

_COMMANDS: dict[str, Callable[[Mapping[str, Any], Plan], Sequence[Draft | NoCommand]]] = {
    "invoice": invoice_commands,
    "payment": payment_commands,
    "receipt": receipt_commands,
    "return": return_commands,
}


def to_canonical(raw: Raw, reading: Reading) -> Sequence[Normalised]:
    """What follows from one raw record. Raises `Malformed` where it cannot be read."""
    return sightings(raw, reading)


def to_commands(entity: str, record: Mapping[str, Any], plan: Plan) -> Sequence[Draft | NoCommand]:
    """What a canonical record becomes in Fusion; nothing for what Fusion itself is the source of."""
    commands = _COMMANDS.get(entity)
    if commands is None or record["system"] == SYSTEM:
        return []
    return commands(record, plan)
