"""Compares what Acumatica keeps with what a command wants: which steps of the document are done, and each field in which it differs. Pure.

Source: statuses are display strings (assumed): On Hold, Balanced, Open, Closed, Voided. A booked application moves from DocumentsToApply to
ApplicationHistory (assumed from the two tabs of AR302000). The booked part of a debit adjustment is its amount less its balance.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from schemas.records import CommandEnvelope, PostingLine
from systems.acumatica.documents import KINDS, MASTERS, Kind, day_of, fields, is_taxed_by_erp, party, settled_id
from systems.acumatica.mapping_sightings import ref_in
from systems.acumatica.settings import Settings
from systems.acumatica.wire import Row, cents, day, flag, money, rows, text
from systems.contract import Document, ResolvedCommand
from systems.parents import parent_id
from systems.postings.siblings import UNCLEAR_REASON, Presence, presence, standing, strangers, unclear, unsure
from systems.writing.differences import Line, amount_differs, code_differs, day_differs, differs, lines_differ, plain

RELEASED = ("Open", "Closed")
GONE = ("Voided", "Rejected")
ENTERED, BOOKED = ("DocType", "ReferenceNbr"), ("AdjustedDocType", "AdjustedRefNbr")
"""The fields that name the settled document, in a row that is only entered and in a row of the history."""
APPLICATION_STEPS = {"ar_application": ("apply", "release"), "ap_application": ("apply", "settle")}


def id_of(row: Row) -> str:
    """Id of the document that a row shows."""
    return f"{text(row, 'Type')}/{text(row, 'ReferenceNbr')}"


def document(row: Row, resolved: ResolvedCommand, settings: Settings) -> Document:
    """The command's document as the answer shows it. Raises `Malformed` for a row without type or number."""
    record, command = resolved.record, resolved.command
    if record in MASTERS:
        return _master(record, row)
    kind = KINDS[record]
    return Document(
        erp_id=id_of(row),
        number=text(row, "ReferenceNbr"),
        ref=ref_in(row, settings),
        amount=kind.amount(money(row, kind.total)),
        currency=_currency(kind, row, command),
        steps_done=_steps(row),
        differences=tuple(_differences(row, resolved, settings)),
    )


def suspect(row: Row, resolved: ResolvedCommand) -> Document | None:
    """The row as a suspect: same party, date and amount, typed by hand; None for any other row."""
    kind, command = KINDS[resolved.record], resolved.command
    is_same = (
        text(row, "Type") in kind.types
        and text(row, "Status") not in GONE
        and kind.amount(money(row, kind.total)) == command["amount"]
        and plain(text(row, kind.party)) == plain(party(kind, command, resolved.ids))
        and day(row, kind.day) == fields(command)["date"]
    )
    if not is_same:
        return None
    erp_id = id_of(row)
    return Document(erp_id, text(row, "ReferenceNbr"), "", command["amount"], _currency(kind, row, command), ("create",))


def _master(record: str, row: Row) -> Document:
    code = text(row, f"{MASTERS[record]}ID")
    return Document(code, code, text(row, "AccountRef"), Decimal(0), "", ("upsert",))


def _currency(kind: Kind, row: Row, command: CommandEnvelope) -> str:
    return (text(row, kind.currency) if kind.currency else "") or command["currency"]


def _steps(row: Row) -> tuple[str, ...]:
    status = text(row, "Status")
    done = ["create"]
    if status in RELEASED or (flag(row, "Hold") is False and status != "On Hold"):
        done.append("unhold")
    if status in RELEASED:
        done.append("release")
    return tuple(done)


def _differences(row: Row, resolved: ResolvedCommand, settings: Settings) -> Iterator[str]:
    kind, command = KINDS[resolved.record], resolved.command
    own, type_ = fields(command), text(row, "Type")
    yield from differs("type", type_, "/".join(kind.types), equal=type_ in kind.types)
    yield from differs("status", text(row, "Status"), "open", equal=text(row, "Status") not in GONE)
    limit = settings.tax.difference_limit if is_taxed_by_erp(command) else Decimal(0)
    yield from amount_differs("amount", kind.amount(money(row, kind.total)), cents(command["amount"]), limit)
    yield from code_differs(kind.party_role, text(row, kind.party), party(kind, command, resolved.ids))
    wanted = day_of(kind, resolved)
    if not _was_applied_later(resolved.record, row, wanted):
        yield from day_differs("date", day(row, kind.day), wanted)
    yield from differs("currency", _currency(kind, row, command), command["currency"])
    if kind.extended:
        theirs = (their_line(one, kind) for one in rows(row, "Details"))
        yield from lines_differ(theirs, map(wanted_line, own["lines"]))


def _was_applied_later(record: str, row: Row, paid_on: date | None) -> bool:
    """Whether a payment shows the day of a later application: its date field is the date of its last application (AdjDate)."""
    shown = day(row, KINDS[record].day)
    is_released = record == "ar_receipt" and text(row, "Status") in RELEASED
    return is_released and shown is not None and paid_on is not None and shown > paid_on


def their_line(one: Row, kind: Kind) -> Line:
    """A line as Acumatica keeps it, with the sign of our command."""
    return plain(text(one, "Account")), plain(text(one, "Subaccount")), kind.amount(money(one, "Amount"))


def wanted_line(one: PostingLine) -> Line:
    """A line as our command wants it."""
    return plain(one["account"]), plain(one["subaccount"]), cents(one["amount"])


@dataclass(frozen=True)
class Told:
    """What is known of an application besides the rows: `is_seen` says that its row was identified before, `is_answer` that the rows are the answer
    to its own request."""

    is_seen: bool = False
    is_answer: bool = False


def application(row: Row, resolved: ResolvedCommand, told: Told = Told()) -> Document | None:
    """The command's application on the payment that `row` shows; None if it is not there."""
    target = settled_id(fields(resolved.command)["applications"][-1], resolved.ids, "invoice")
    booked = amounts_to(rows(row, "ApplicationHistory"), BOOKED, target)
    entered = amounts_to(rows(row, "DocumentsToApply"), ENTERED, target)
    payer = parent_id(resolved.command, "payment", resolved.ids)
    return _told_application(resolved, (payer, target), Rows(booked, entered), told)


def credit_application(row: Row, resolved: ResolvedCommand, told: Told = Told()) -> Document | None:
    """The command's application on the debit adjustment that `row` shows, like `application`. It counts as booked if no application of the adjustment
    is merely entered, because a row does not say so itself."""
    target = settled_id(fields(resolved.command)["applications"][-1], resolved.ids, "bill")
    found = amounts_to(rows(row, "Applications"), ENTERED, target)
    pending = sum((money(one, "AmountPaid") for one in rows(row, "Applications")), Decimal(0))
    pending -= money(row, "Amount") - money(row, "Balance")
    payer = parent_id(resolved.command, "credit", resolved.ids)
    kept = Rows((), found) if pending > 0 else Rows(found, ())
    return _told_application(resolved, (payer, target), kept, told)


@dataclass(frozen=True)
class Rows:
    """Amounts of the rows from one payer to one document: those that are booked, and those that are only entered."""

    booked: Sequence[Decimal]
    entered: Sequence[Decimal]


def _told_application(resolved: ResolvedCommand, ids: tuple[str, str], found: Rows, told: Told) -> Document | None:
    """The document of an application (`systems/postings/siblings.py`); None if it is absent. If it is unclear whether a row belongs to it, or if a
    row belongs to no application, the document says so and no request is sent. `ids` are those of payer and target."""
    command, (payer, target) = resolved.command, ids
    shown, amount = standing((*found.booked, *found.entered)), cents(command["amount"])
    is_pending = amount in found.entered
    where = presence(fields(command), shown, is_known=told.is_seen or (told.is_answer and is_pending))
    steps = APPLICATION_STEPS[resolved.record]
    made = Document(f"{payer}/{target}", payer.partition("/")[2], command["ref"], command["amount"], command["currency"], ())
    if where is Presence.THERE:
        return replace(made, steps_done=steps[:1] if is_pending else steps)
    if where is Presence.UNCLEAR:
        words = unclear(fields(command), shown, f"{payer} to {target}")
        return replace(made, erp_id=unsure(made.erp_id), refusal=words, refusal_reason=UNCLEAR_REASON)
    if resolved.original is None and (others := strangers(fields(command), shown)):
        differences = (f"amount: {', '.join(map(str, others))}, {amount}",)
        return replace(made, erp_id=unsure(made.erp_id), differences=differences)
    return None


def has_target(resolved: ResolvedCommand) -> bool:
    """Whether the id of the document that an application settles is known."""
    one = fields(resolved.command)["applications"][-1]
    entity = "invoice" if resolved.record == "ar_application" else "bill"
    return bool(one["document_number"] or resolved.ids.get(f"{entity}/{one['document_id']}"))


def amounts_to(found: Sequence[Row], names: tuple[str, str], target: str) -> list[Decimal]:
    """The amounts of these rows that go to a document; `names` are the fields of its type and number."""
    return [money(one, "AmountPaid") for one in found if f"{text(one, names[0])}/{text(one, names[1])}" == target]


def sum_to(found: Sequence[Row], names: tuple[str, str], target: str) -> Decimal:
    """The sum of the amounts of these rows that go to a document; see `amounts_to`."""
    return sum(amounts_to(found, names, target), Decimal(0))


# --- what a credit memo settles of its original -----------------------------------------------------------------------


def memo_steps(memo: Row | None, original: Row | None) -> tuple[str, ...]:
    """Which of the steps that apply a released credit memo to its original are done. Both are done if nothing more can be applied. `memo` is its row
    of the payment screen."""
    if original is None or memo is None:
        return ()
    target = id_of(original)
    if sum_to(rows(memo, "DocumentsToApply"), ENTERED, target):
        return ("apply",)
    is_booked = sum_to(rows(memo, "ApplicationHistory"), BOOKED, target) > 0
    return ("apply", "settle") if is_booked or not applicable(memo, original) else ()


def applicable(memo: Row, original: Row) -> Decimal:
    """How much of a credit memo can be applied to its original: no more than is open of each."""
    left = money(original, "Balance") if text(original, "Status") in RELEASED else Decimal(0)
    return max(Decimal(0), min(money(memo, "AvailableBalance"), left))
