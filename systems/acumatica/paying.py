"""Whether a bill that Acumatica keeps may be paid: its field ApprovedForPayment, which can be set on a released bill while part of it is open
(assumed: "Approved for Payment" of the screen AP301000). Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from schemas.records import CommandEnvelope
from systems.acumatica.compare import GONE, id_of
from systems.acumatica.documents import keys_of
from systems.acumatica.undo import LIFT, Undo, Undone
from systems.acumatica.wire import Row, flag, text, wrapped
from systems.contract import Document, Found, ResolvedCommand
from systems.parents import link_name, parent_id
from systems.postings.payable import PAY_HOLD_RECORD

RECORD = PAY_HOLD_RECORD
VIEW = ("$select", "Type,ReferenceNbr,Status,ApprovedForPayment")
HELD = ("hold",)


def held(row: Row, resolved: ResolvedCommand) -> Document | None:
    """The command's hold on the bill that `row` shows; None if the bill may be paid."""
    return _document(row, resolved, HELD) if flag(row, "ApprovedForPayment") is False else None


def found(rows: list[Row], resolved: ResolvedCommand) -> Found:
    """What a look-up shows. A bill that is gone, or fully paid or settled, can no longer be held: a person is informed."""
    made = tuple(one for row in rows if (one := held(row, resolved)) is not None)
    done = [row for row in rows if text(row, "Status") in ("Closed", *GONE)]
    if made or not done:
        return Found(made)
    words = f"{id_of(done[0])} is {text(done[0], 'Status')}: nothing of it is left to hold; ask whoever paid it, then skip this"
    return Found((), refusal=words, refusal_reason="paid")


def lifted(undo: Undo, row: Row | None) -> Undone:
    """How far a hold is lifted. If the bill is gone, nothing is left to lift."""
    is_lifted = row is None or text(row, "Status") in GONE or flag(row, "ApprovedForPayment") is not False
    return Undone(undo.done(_name(bill_of(undo)), LIFT)) if is_lifted else Undone()


def bill_of(undo: Undo) -> str:
    """Id of the bill whose hold is taken back."""
    return parent_of(undo.original.command, undo.original.ids)


def has_bill(resolved: ResolvedCommand) -> bool:
    """Whether the bill is in Acumatica."""
    return link_name(resolved.command["parents"][0]) in resolved.ids


def parent_of(command: CommandEnvelope, ids: Mapping[str, str]) -> str:
    """Id of the bill that a hold belongs to."""
    return parent_id(command, command["parents"][0]["role"], ids)


def body(bill: str, *, may_be_paid: bool) -> dict[str, Any]:
    """Sets or lifts the hold."""
    return keys_of(bill) | {"ApprovedForPayment": wrapped(value=may_be_paid)}


def _document(row: Row, resolved: ResolvedCommand, steps: tuple[str, ...]) -> Document:
    command = resolved.command
    return Document(_name(id_of(row)), text(row, "ReferenceNbr"), command["ref"], command["amount"], command["currency"], steps)


def _name(bill: str) -> str:
    return f"{bill}/pay hold"
