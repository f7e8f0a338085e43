"""How an application of a payment is taken back: how far the rows of the payment show it, and the parameters of ReverseApplication. Pure.

`undo.py` names the steps. A row of the opposite amount in `ApplicationHistory` takes back the one that was booked before it (assumed).
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from systems.acumatica.documents import fields, pair_of, settled_id
from systems.acumatica.undo import VOIDED, Undo, Undone
from systems.acumatica.wire import Row, body, day, money, rows, text
from systems.mapped import REVERSAL
from systems.parents import parent_id
from systems.postings.siblings import UNCLEAR_REASON, UNSURE, is_sure
from systems.writing.applying import application_day


def unapplied(undo: Undo, payment: Row | None, invoiced_on: date | None = None) -> Undone:
    """How far an application of a payment is taken back. If two equal applications to the same document remain, a person decides. `invoiced_on` is
    the day of the invoice that a replacement settles."""
    paid, target = applied_by(undo)
    if payment is None or text(payment, "Status") == VOIDED:
        return Undone(undo.done(f"{paid}/{target}", undo.steps))
    equal, reversed_ones, is_clear = _history(payment, target, undo.amount)
    if not is_sure(undo.original.erp_id):
        return _unsure(undo, paid, target, len(equal))
    pending = [one for one in rows(payment, "DocumentsToApply") if _is_to(one, target) and money(one, "AmountPaid") == -undo.amount]
    if pending:
        dated = undo.day is not None and day(payment, "ApplicationDate") == unapply_day(undo, payment)
        return Undone(undo.done(f"{paid}/{target}", ("unapply", "unapply_date") if dated else ("unapply",)))
    if len(equal) == 1 and reversed_ones and _is_written_anew(undo, equal[0], target, invoiced_on):
        return Undone(undo.done(f"{paid}/{target}", undo.steps))
    if len(equal) == 1 and is_clear:
        if undo.settings.extended_endpoint:
            return Undone()
        words = f"the application of {paid} to {target}: reverse it (AR302000), then release this, or install the extended endpoint"
        return Undone(refusal=words, reason="no_reverse_application")
    if not equal and reversed_ones:
        return Undone(undo.done(f"{paid}/{target}", undo.steps))
    words = (
        f"{paid} shows {len(equal)} applications of {undo.amount} to {target} that stand: take back the right one, then skip this"
    )
    return Undone(refusal=words, reason=UNCLEAR_REASON)


def _unsure(undo: Undo, paid: str, target: str, equal: int) -> Undone:
    """If it is not certain that the application was written (`systems/postings/siblings.py`), a person takes it back, unless no row of its amount is
    left."""
    if not equal:
        return Undone(undo.done(f"{paid}/{target}", undo.steps))
    words = f"{paid} shows {equal} applications of {undo.amount} to {target}, perhaps not this one: take back what is too much, then skip this"
    return Undone(refusal=words, reason=UNCLEAR_REASON)


def _is_written_anew(undo: Undo, row: Row, target: str, invoiced_on: date | None) -> bool:
    """Whether the remaining application is the replacement that a correction of the same amount writes: it has the day of the replacement."""
    command = undo.resolved.command
    if undo.resolved.record == REVERSAL or command["amount"] != undo.original.command["amount"]:
        return False
    is_same = settled_id(fields(command)["applications"][-1], undo.resolved.ids, "invoice") == target
    return is_same and day(row, "Date") == application_day(undo.resolved, invoiced_on)


def applied_by(undo: Undo) -> tuple[str, str]:
    """Ids of the payment and of the document that the application settles: those of what was written, for the source's payment may be voided, or
    another document by now."""
    written = undo.original.erp_id.rstrip(UNSURE).split("/")
    if len(written) == 4:
        return "/".join(written[:2]), "/".join(written[2:])
    command, ids = undo.original.command, undo.original.ids
    told = fields(command)["applications"]
    return parent_id(command, "payment", ids), settled_id(told[-1], ids, "invoice")


def unapply_day(undo: Undo, payment: Row) -> date | None:
    """The day on which it is taken back, which is not before the day of the application."""
    days = [day(one, "Date") for one in rows(payment, "ApplicationHistory") if _is_booked_to(one, applied_by(undo)[1])]
    return max((one for one in (*days, undo.day) if one is not None), default=None)


def unapply_parameters(undo: Undo, payment: Row) -> dict[str, Any]:
    """The parameters of ReverseApplication, from the remaining row of the history."""
    _, target = applied_by(undo)
    equal, _, _ = _history(payment, target, undo.amount)
    kind, number = pair_of(target)
    return body(DocType=kind, ReferenceNbr=number, AdjustmentNbr=int(money(equal[0], "AdjustmentNbr")) if equal else None)


def _history(payment: Row, target: str, amount: Decimal) -> tuple[list[Row], int, bool]:
    """The remaining booked applications of this amount to the document, how many were taken back, and whether it is clear which ones."""
    standing: list[Row] = []
    taken, is_clear = 0, True
    for one in sorted(rows(payment, "ApplicationHistory"), key=lambda row: money(row, "AdjustmentNbr")):
        if not _is_booked_to(one, target) or abs(money(one, "AmountPaid")) != amount:
            continue
        if money(one, "AmountPaid") > 0:
            standing.append(one)
            continue
        is_clear = is_clear and len(standing) == 1
        taken += 1
        standing = standing[:-1]
    return standing, taken, is_clear


def _is_to(one: Row, target: str) -> bool:
    return f"{text(one, 'DocType')}/{text(one, 'ReferenceNbr')}" == target


def _is_booked_to(one: Row, target: str) -> bool:
    return f"{text(one, 'AdjustedDocType')}/{text(one, 'AdjustedRefNbr')}" == target
