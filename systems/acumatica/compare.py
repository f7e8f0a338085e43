"""What Acumatica keeps against what a command wants: how far the document is, and each field in which it differs. Pure.

Source: statuses are display strings (assumed): On Hold, Balanced, Open, Closed, Voided. A booked application leaves DocumentsToApply for
ApplicationHistory (assumed from the two tabs of AR302000); a debit adjustment's booked part is its amount less its balance.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal

from schemas.records import CommandEnvelope, PostingLine
from systems.acumatica.documents import KINDS, MASTERS, Ids, Kind, fields, is_taxed_by_erp, party, settled_id
from systems.acumatica.mapping_sightings import ref_in
from systems.acumatica.settings import Settings
from systems.acumatica.wire import Row, cents, day, flag, money, rows, text
from systems.contract import Document
from systems.parents import parent_id
from systems.writing.differences import Line, amount_differs, code_differs, day_differs, differs, lines_differ, plain

RELEASED = ("Open", "Closed")
GONE = ("Voided", "Rejected")


def document(record: str, row: Row, command: CommandEnvelope, ids: Ids, settings: Settings) -> Document:
    """The command's document as the answer shows it. Raises `Malformed` for a row without type or number."""
    if record in MASTERS:
        return _master(record, row)
    kind = KINDS[record]
    return Document(
        erp_id=f"{text(row, 'Type')}/{text(row, 'ReferenceNbr')}",
        number=text(row, "ReferenceNbr"),
        ref=ref_in(row, settings),
        amount=kind.amount(money(row, kind.total)),
        currency=_currency(kind, row, command),
        steps_done=_steps(record, row, command, ids),
        differences=tuple(_differences(record, row, command, ids, settings)),
    )


def suspect(record: str, row: Row, command: CommandEnvelope, ids: Ids) -> Document | None:
    """The row as a suspect: same party, date and amount, typed by hand; None where it is something else."""
    kind = KINDS[record]
    is_same = (
        text(row, "Type") in kind.types
        and text(row, "Status") not in GONE
        and kind.amount(money(row, kind.total)) == command["amount"]
        and plain(text(row, kind.party)) == plain(party(kind, command, ids))
        and day(row, kind.day) == fields(command)["date"]
    )
    if not is_same:
        return None
    erp_id = f"{text(row, 'Type')}/{text(row, 'ReferenceNbr')}"
    return Document(erp_id, text(row, "ReferenceNbr"), "", command["amount"], _currency(kind, row, command), ("create",))


def _master(record: str, row: Row) -> Document:
    code = text(row, f"{MASTERS[record]}ID")
    return Document(code, code, text(row, "AccountRef"), Decimal(0), "", ("upsert",))


def _currency(kind: Kind, row: Row, command: CommandEnvelope) -> str:
    return (text(row, kind.currency) if kind.currency else "") or command["currency"]


def _steps(record: str, row: Row, command: CommandEnvelope, ids: Ids) -> tuple[str, ...]:
    status = text(row, "Status")
    done = ["create"]
    if status in RELEASED or (flag(row, "Hold") is False and status != "On Hold"):
        done.append("unhold")
    if status in RELEASED:
        done.append("release")
        if record == "ap_credit":
            done += _credit_steps(row, command, ids)
    return tuple(done)


def _credit_steps(row: Row, command: CommandEnvelope, ids: Ids) -> list[str]:
    wanted = sum((one["amount"] for one in fields(command)["applications"]), Decimal(0))
    entered = _applied(row, command, ids)
    if entered < wanted:
        return []
    return ["apply", "settle"] if money(row, "Amount") - money(row, "Balance") >= wanted else ["apply"]


def _applied(row: Row, command: CommandEnvelope, ids: Ids) -> Decimal:
    targets = {settled_id(one, ids, "bill") for one in fields(command)["applications"]}
    found = [one for one in rows(row, "Applications") if f"{text(one, 'DocType')}/{text(one, 'ReferenceNbr')}" in targets]
    return sum((money(one, "AmountPaid") for one in found), Decimal(0))


def _differences(record: str, row: Row, command: CommandEnvelope, ids: Ids, settings: Settings) -> Iterator[str]:
    kind, own = KINDS[record], fields(command)
    type_ = text(row, "Type")
    yield from differs("type", type_, "/".join(kind.types), equal=type_ in kind.types)
    yield from differs("status", text(row, "Status"), "open", equal=text(row, "Status") not in GONE)
    limit = settings.tax.difference_limit if is_taxed_by_erp(command) else Decimal(0)
    yield from amount_differs("amount", kind.amount(money(row, kind.total)), cents(command["amount"]), limit)
    yield from code_differs(kind.party_role, text(row, kind.party), party(kind, command, ids))
    if not _was_applied_later(record, row, own["date"]):
        yield from day_differs("date", day(row, kind.day), own["date"])
    yield from differs("currency", _currency(kind, row, command), command["currency"])
    if kind.extended:
        theirs = (_their_line(one, kind) for one in rows(row, "Details"))
        yield from lines_differ(theirs, map(_our_line, own["lines"]))


def _was_applied_later(record: str, row: Row, paid_on: date | None) -> bool:
    """Whether a payment shows the day of a later application: its date field is that of what was applied last (AdjDate)."""
    shown = day(row, KINDS[record].day)
    is_released = record == "ar_receipt" and text(row, "Status") in RELEASED
    return is_released and shown is not None and paid_on is not None and shown > paid_on


def _their_line(one: Row, kind: Kind) -> Line:
    return plain(text(one, "Account")), plain(text(one, "Subaccount")), kind.amount(money(one, "Amount"))


def _our_line(one: PostingLine) -> Line:
    return plain(one["account"]), plain(one["subaccount"]), cents(one["amount"])


def application(row: Row, command: CommandEnvelope, ids: Ids) -> Document | None:
    """The command's application on the payment that `row` shows; None where it is not there.

    All applications of the payment to that document are summed: those that the command tells from before, and this one.
    """
    told = fields(command)["applications"]
    target = settled_id(told[-1], ids, "invoice")
    until = sum((one["amount"] for one in told), Decimal(0))
    before = until - told[-1]["amount"]
    entered = _sum_to(rows(row, "DocumentsToApply"), ("DocType", "ReferenceNbr"), target)
    booked = _sum_to(rows(row, "ApplicationHistory"), ("AdjustedDocType", "AdjustedRefNbr"), target)
    if entered + booked <= before:
        return None
    differences = () if entered + booked >= until else (f"amount: {entered + booked - before}, {told[-1]['amount']}",)
    done = ("apply", "release") if booked >= until else ("apply",)
    payment = parent_id(command, "payment", ids)
    number = payment.partition("/")[2]
    return Document(f"{payment}/{target}", number, command["ref"], command["amount"], command["currency"], done, differences)


def _sum_to(found: Sequence[Row], names: tuple[str, str], target: str) -> Decimal:
    return sum((money(one, "AmountPaid") for one in found if f"{text(one, names[0])}/{text(one, names[1])}" == target), Decimal(0))
