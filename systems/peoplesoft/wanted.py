"""What a resolved command wants in PeopleSoft: the documents that its steps write, each as a separate command. Pure.

A written document is taken back by a second one: a journal with opposite signs, or a voucher of style Reversal with a negative gross amount, related
to the first. Nothing is ever unposted, which is PeopleSoft's own process (UNPOST_SEQ). The reversal is made from the stored command, and the source
is never mapped again. A numbered correction is a reversal and then a replacement. Both begin with the correction's ref, and their numbers differ. A
document that is moved to the first open day states both days.

Sources: reference of corrections; PeopleBooks (voucher styles). The values RVRS and ADJ and the name of the field of the related voucher are
assumed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any, cast

from runtime.errors import Refused
from schemas.records import CommandEnvelope, PostingLine
from systems.contract import Original, ResolvedCommand
from systems.mapped import REVERSAL
from systems.parents import parent_id
from systems.peoplesoft.documents import (
    ADJUSTMENT,
    INTERCOMPANY,
    INVOICE_ID_LENGTH,
    JOURNAL,
    LINE_TEXT,
    OF_INVOICE,
    RECEIVABLE,
    RELATED,
    STYLE,
    VOUCHER,
    Ids,
    fields,
    own_id,
)
from systems.peoplesoft.settings import Settings

REVERSE, STAGE_REVERSAL = "reverse", "stage_reversal"
"""The step of a correction that writes its reversal, by the interface or by staging."""
_NUMBERED = re.compile(r"correct\|(\d+)$")


@dataclass(frozen=True)
class Piece:
    """A document that a step writes: its record, and the command with its exact content. `reverses` is what it takes back."""

    step: str
    record: str
    command: CommandEnvelope
    ids: Ids
    reverses: Original | None = None

    @property
    def number(self) -> str:
        """JOURNAL_ID or VOUCHER_ID, which we set."""
        return own_id(self.command["op_key"], 10 if self.record == JOURNAL else 8)


def pieces(resolved: ResolvedCommand, settings: Settings) -> tuple[Piece, ...]:
    """The documents, in the order of their steps. Raises `Refused` for a reversal that does not say what it takes back."""
    command, original = resolved.command, resolved.original
    if resolved.record == REVERSAL:
        if original is None:
            raise Refused(f"peoplesoft {command['ref']}: the document that is reversed is not known")
        return (_reversal(resolved, original, settings, _first(original.record, settings)),)
    placed = replace(resolved, command=_placed(resolved.record, command, _unit_of_invoice(command, resolved.ids)))
    new = Piece(_first(resolved.record, settings), resolved.record, _wanted(placed), resolved.ids)
    if original is None:
        return (new,)
    step = STAGE_REVERSAL if new.step == "stage" else REVERSE
    return (_reversal(resolved, original, settings, step), new)


def _first(record: str, settings: Settings) -> str:
    return "stage" if record == VOUCHER and settings.voucher.writer == "staging" else "create"


def _wanted(resolved: ResolvedCommand) -> CommandEnvelope:
    """The wanted document, on the day on which it is posted. A corrected voucher has a marked number, because its original keeps the number."""
    command = _moved(resolved.record, resolved.command, resolved.post_on)
    header = fields(command).get("dimensions", {})
    if resolved.record == VOUCHER and header.get(STYLE) == ADJUSTMENT:
        command = _changed(command, dimensions=header | {RELATED: _adjusted(command, resolved.ids)})
    if resolved.record != VOUCHER or not _NUMBERED.search(command["op_key"]):
        return command
    return _changed(command, human_number=_numbered(fields(command)["human_number"], "C", command))


# --- another ledger unit ----------------------------------------------------------------------------------------------


def elsewhere(resolved: ResolvedCommand) -> str:
    """Why an application is not written as one journal: the invoice is in another ledger unit; "" if it is in the same."""
    if resolved.record != JOURNAL or fields(resolved.command).get("business_unit", "") == "":
        return ""
    own, other = fields(resolved.command)["business_unit"], _unit_of_invoice(resolved.command, resolved.ids)
    is_one = not any(line["role"] == INTERCOMPANY for line in fields(resolved.command)["lines"])
    if not other or other == own or not is_one:
        return ""
    return (
        f"it settles an invoice of ledger unit {other} and is of {own}: name accounts.intercompany in the settings, or enter "
        f"{resolved.command['amount']} in both units, then skip this"
    )


def _unit_of_invoice(command: CommandEnvelope, ids: Ids) -> str:
    """The ledger unit of the invoice that is settled, from its journal's id; "" if the command waits for no invoice."""
    if not any(parent["role"] == "invoice" for parent in command["parents"]):
        return ""
    return parent_id(command, "invoice", ids).partition("/")[0]


def _placed(record: str, command: CommandEnvelope, unit: str) -> CommandEnvelope:
    """The command with unit and receivable account of the invoice, if it leaves these open."""
    own = fields(command)
    if record != JOURNAL or not any(one["account"] == OF_INVOICE for one in own["lines"]):
        return command
    account = own["dimensions"].get(f"{RECEIVABLE}{unit}", "")
    if not account:
        raise Refused(
            f"peoplesoft {command['ref']}: ledger unit {unit or '(unknown)'} has no single receivable account in table business_unit"
        )
    lines = [{**one, "account": account} if one["account"] == OF_INVOICE else one for one in own["lines"]]
    return _changed(command, business_unit=unit, lines=lines)


# --- another day ------------------------------------------------------------------------------------------------------


def _moved(record: str, command: CommandEnvelope, post_on: date | None) -> CommandEnvelope:
    """The command of a document whose own day is in a closed period. Journal date or accounting date moves; the invoice date of a voucher stays.
    Header and lines state both days."""
    own = fields(command)
    if post_on is None or post_on == own["date"]:
        return command
    dates = {"posting_date": post_on} | ({"date": post_on} if record == JOURNAL else {})
    return _with_both_days(_changed(command, **dates), own["date"], post_on)


def _with_both_days(command: CommandEnvelope, was: date | None, posted: date) -> CommandEnvelope:
    """The command, with both days in header and lines."""
    own, day = fields(command), was.isoformat() if was is not None else "unknown"
    return _changed(
        command,
        description=f"dated {day}, posted {posted.isoformat()}: {own['description']}",
        lines=[_said(one, f"{day}>{posted.isoformat()}") for one in own["lines"]],
    )


def _said(one: PostingLine, words: str) -> PostingLine:
    """A line that ends with these words; its own text is cut to make room."""
    return {**one, "description": f"{one['description'][: LINE_TEXT - len(words) - 1].strip()} {words}".strip()}


# --- reversals --------------------------------------------------------------------------------------------------------


def _reversal(resolved: ResolvedCommand, original: Original, settings: Settings, step: str) -> Piece:
    command = resolved.command
    stored = _placed(original.record, original.command, original.erp_id.partition("/")[0])
    own = fields(stored)
    key = command["op_key"] if resolved.record == REVERSAL else f"{command['op_key']}|reversal"
    reason = fields(command).get("reason") or "corrected"
    was = _own_day(resolved, original)
    day = max((one for one in (resolved.post_on, was) if one is not None), default=None)
    if day is None:
        raise Refused(f"peoplesoft {command['ref']}: the reversal has no day")
    changes: dict[str, Any] = {
        "posting_date": day,
        **({"date": day} if original.record == JOURNAL else {}),
        "op_key": key,
        "ref": command["ref"],
        "amount": -stored["amount"],
        "description": f"reverses {original.erp_id} of {stored['source_number'] or stored['source_id']}: {reason}; {own['description']}",
        "lines": [_turned(one) for one in own["lines"]],
    }
    if original.record == VOUCHER:
        changes |= {
            "human_number": _numbered(own["human_number"], "R", command),
            "tax_total": -own["tax_total"],
            "pay_hold": False,
            "due_date": None,
            "dimensions": own["dimensions"] | _taken_back(original, settings),
        }
    made = _changed(stored, **changes)
    return Piece(step, original.record, made if day == was else _with_both_days(made, was, day), original.ids, original)


def _taken_back(original: Original, settings: Settings) -> dict[str, str]:
    """Style and related voucher of a reversing voucher. An adjusting voucher is not reversed; instead, the voucher that it adjusts is adjusted once
    more."""
    if fields(original.command)["dimensions"].get(STYLE) == ADJUSTMENT:
        return {STYLE: ADJUSTMENT, RELATED: _adjusted(original.command, original.ids)}
    return {STYLE: settings.voucher.reversal_style, RELATED: original.erp_id.partition("/")[2]}


def _adjusted(command: CommandEnvelope, ids: Ids) -> str:
    """The number of the voucher that a voucher of style Adjustment reduces."""
    return parent_id(command, "original", ids).partition("/")[2]


def _turned(one: PostingLine) -> PostingLine:
    return {**one, "amount": -one["amount"], "unit_price": -one["unit_price"]}


def _own_day(resolved: ResolvedCommand, original: Original) -> date | None:
    """The day of a reversal, if its period is open. A void has its own day. A correction reverses the original on the day on which it stands in the
    books. The invoice date of a voucher stays."""
    if resolved.record == REVERSAL:
        return fields(resolved.command)["date"] or resolved.command["posting_date"]
    return _stands_on(original, resolved.command)


def _stands_on(original: Original, correction: CommandEnvelope) -> date | None:
    """The day on which a document stands in the books. For a journal it is the day in its key. The accounting date of a voucher may have been moved,
    so its reversal is not dated before the correction."""
    own = original.command
    if original.record != JOURNAL:
        days = (own["posting_date"] or fields(own)["date"], correction["posting_date"])
        return max((one for one in days if one is not None), default=None)
    try:
        return date.fromisoformat(original.erp_id.rpartition("/")[2])
    except ValueError as error:
        raise Refused(f"peoplesoft {own['ref']}: {original.erp_id!r} is not a key of a journal") from error


def _numbered(number: str, mark: str, command: CommandEnvelope) -> str:
    """The vendor's number with a mark, so that the duplicate check does not confuse a correction with its original. If both do not fit, the number
    alone, because a number is never cut."""
    found = _NUMBERED.search(command["op_key"])
    made = f"{number}-{mark}{found[1] if found else ''}"
    return made if len(made) <= INVOICE_ID_LENGTH else number


def own_amount(piece: Piece) -> Decimal:
    """The amount of the document as its command counts it; for a reversal, the amount that it takes back."""
    amount = piece.command["amount"]
    return -amount if piece.reverses is not None else amount


def _changed(command: CommandEnvelope, **changes: Any) -> CommandEnvelope:
    return cast("CommandEnvelope", {**cast("Mapping[str, Any]", command), **changes})
