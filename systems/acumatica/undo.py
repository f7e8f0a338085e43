"""How a document that Acumatica keeps is taken back: the steps of each kind, the bodies of their requests, and how far the rows show it. Pure.

    counter      an opposite document with the same lines, released and applied in full: Credit Memo of an invoice, Debit Memo of a credit memo,
                 Credit Adj. of a debit adjustment; ReverseBill makes the Debit Adj. of a bill
    void         VoidPayment makes the voiding document of a payment or refund; its date is set, then it is released
    lift         the payment hold of a bill ends: the bill is approved for payment again
    unapply      ReverseApplication of the extended endpoint adds the opposite row to a payment; its date is set, then it is booked

A document that is not released yet is deleted instead. Sources: reference of corrections in SYSTEM.md; that ReverseBill and VoidPayment copy the
description of what they reverse is assumed. A reversing document carries the ref of the reversal followed by `[reverses TYPE/NUMBER]`, which
distinguishes it from a replacement under the same ref. A document that an action has just made carries the original's ref until the next step marks
it. Until then it is recognised by its type and that ref, or by its number, so that a lost answer never leads to a second one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from systems.acumatica.compare import BOOKED, ENTERED, RELEASED, id_of, sum_to, their_line, wanted_line
from systems.acumatica.documents import (
    DESCRIPTION,
    KINDS,
    Kind,
    create_body,
    custom_ref,
    fields,
    keys_of,
    pair_of,
    party,
)
from systems.acumatica.mapping_sightings import ref_in
from systems.acumatica.settings import Settings
from systems.acumatica.wire import Row, body, cents, day, flag, money, rows, text, wrapped
from systems.contract import Document, Original, ResolvedCommand
from systems.mapped import REVERSAL
from systems.writing.differences import amount_differs, code_differs, day_differs, differs, lines_differ

COUNTER = ("reverse", "reverse_unhold", "reverse_release", "reverse_apply", "reverse_settle")
VOID = ("void", "void_date", "void_release")
UNAPPLY = ("unapply", "unapply_date", "unapply_release")
LIFT = ("lift",)
STEPS: Mapping[str, tuple[str, ...]] = {
    "ar_invoice": COUNTER,
    "ar_credit_memo": COUNTER,
    "ap_bill": COUNTER,
    "ap_credit": COUNTER,
    "ar_receipt": VOID,
    "ar_refund": VOID,
    "ar_application": UNAPPLY,
    "ap_pay_hold": LIFT,
}
"""The steps that take back a document of each record."""
UNDOING = frozenset((*COUNTER, *VOID, *UNAPPLY, *LIFT))
_OPPOSITE = {"ar_invoice": "Credit Memo", "ar_credit_memo": "Debit Memo", "ap_bill": "Debit Adj.", "ap_credit": "Credit Adj."}
_PAYS = ("ar_invoice", "ap_bill")
"""Records whose reversal is applied to the original. For the others, the original is applied to its reversal."""
_MARK = "[reverses "
VOIDED = "Voided"


@dataclass(frozen=True)
class Undone:
    """How far a document is taken back. `document` is None while nothing has begun. `is_deleted` says that the original is not released and only has
    to be deleted. `refusal` (words) and `reason` say what a person has to undo first, if nothing has begun."""

    document: Document | None = None
    is_deleted: bool = False
    refusal: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Undo:
    """What is taken back, by which command, and on which day."""

    resolved: ResolvedCommand
    original: Original
    settings: Settings

    @property
    def steps(self) -> tuple[str, ...]:
        """The steps that take it back."""
        return STEPS[self.original.record]

    @property
    def kind(self) -> Kind:
        """The kind of the original in Acumatica."""
        return KINDS[self.original.record]

    @property
    def amount(self) -> Decimal:
        """Its amount as Acumatica has it."""
        return cents(abs(self.original.command["amount"]))

    @property
    def own_day(self) -> date | None:
        """The day of the reversal; for a correction, the day of the replacement."""
        found: date | None = fields(self.resolved.command)["date"]
        return found

    @property
    def day(self) -> date | None:
        """The day on which it is posted or applied. It differs if its period is closed, and is never before the day of the original."""
        days = self.resolved.post_on or self.own_day, fields(self.original.command)["date"]
        return max((one for one in days if one is not None), default=None)

    @property
    def opposite(self) -> str:
        """Type of the reversing document."""
        return _OPPOSITE[self.original.record]

    @property
    def is_bill(self) -> bool:
        """Whether an action makes the reversing document."""
        return self.original.record == "ap_bill"

    def is_ours(self, row: Row) -> bool:
        """Whether a row is the reversing document and is marked as such."""
        return ref_in(row, self.settings) == self.resolved.command["ref"] and _MARK in text(row, "Description")

    def description(self) -> str:
        """Header text of the reversing document; it states both days if the posting moves."""
        ref = "" if self.settings.custom_ref else f"{self.resolved.command['ref']} "
        why = str(fields(self.resolved.command).get("reason", "")) if self.resolved.record == REVERSAL else "written anew"
        moved = f" (of {self.own_day})" if self.resolved.post_on else ""
        return f"{ref}{_MARK}{self.original.erp_id}] {why}{moved}".strip()[:DESCRIPTION]

    def mark(self) -> dict[str, Any]:
        """The fields that mark the reversing document."""
        return body(Description=self.description()) | custom_ref(self.settings, self.resolved.command["ref"])

    def done(self, erp_id: str, steps: tuple[str, ...], found: Sequence[str] = ()) -> Document:
        """The state of the reversal, as the document that a look-up reports."""
        command = self.resolved.command
        number = erp_id.partition("/")[2]
        return Document(erp_id, number, command["ref"], command["amount"], command["currency"], steps, tuple(found))


def is_row(row: Row, erp_id: str) -> bool:
    """Whether a row is the document of that id."""
    return (text(row, "Type"), text(row, "ReferenceNbr")) == pair_of(erp_id)


# --- bodies -----------------------------------------------------------------------------------------------------------


def counter_body(undo: Undo, period: str) -> dict[str, Any]:
    """The opposite document, with the lines of the original as they were written, on the day of the reversal."""
    made = create_body(undo.original.as_written, undo.settings)
    for name in ("Terms", "DueDate", "ApprovedForPayment"):
        made.pop(name, None)
    made |= body(Type=undo.opposite, PostPeriod=period, **{undo.kind.day: undo.own_day})
    if undo.original.record == "ap_credit" and "VendorRef" not in made:
        made |= body(VendorRef=undo.resolved.command["ref"])
    return made | undo.mark()


def marked_body(undo: Undo, erp_id: str, period: str) -> dict[str, Any]:
    """Dates the document that ReverseBill made, gives it our ref and takes it off hold."""
    dated = body(PostPeriod=period, **{undo.kind.day: undo.own_day})
    return keys_of(erp_id) | dated | undo.mark() | {"Hold": wrapped(value=False)}


def applied_body(undo: Undo, counter: str) -> tuple[str, dict[str, Any]]:
    """Entity and body that apply the original and its reversal to each other, in full."""
    payer, target = (counter, undo.original.erp_id) if undo.original.record in _PAYS else (undo.original.erp_id, counter)
    kind, number = pair_of(target)
    row = body(DocType=kind, ReferenceNbr=number, AmountPaid=undo.amount)
    if undo.kind.entity == "Bill":
        return "Bill", keys_of(payer) | {"Applications": [row]}
    return "Payment", keys_of(payer) | body(ApplicationDate=undo.day) | {"DocumentsToApply": [row]}


def payer_of(undo: Undo, counter: str) -> str:
    """The id of the one that is applied to the other."""
    return counter if undo.original.record in _PAYS else undo.original.erp_id


def void_date_body(undo: Undo) -> dict[str, Any]:
    """Dates a voiding document, and gives it our ref."""
    return keys_of(voiding(undo)) | body(ApplicationDate=undo.day) | undo.mark()


def voiding(undo: Undo) -> str:
    """Id of the document that voids a payment or refund; it has the number of the voided document."""
    kind, number = pair_of(undo.original.erp_id)
    return f"Voided {'Refund' if kind == 'Refund' else 'Payment'}/{number}"


def counts_anew(row: Row) -> bool:
    """Whether a row does not reverse another document."""
    return _MARK not in text(row, "Description")


def period_in(year: Row, on: date) -> str:
    """Code of the period of a day within a financial year; "" if no period of the year contains the day."""
    for one in rows(year, "Details"):
        starts, ends = day(one, "StartDate"), day(one, "EndDate")
        if starts is not None and ends is not None and starts <= on <= ends:
            return text(one, "FinancialPeriodID")
    return ""


# --- how far it is ----------------------------------------------------------------------------------------------------


def original_in(undo: Undo, found: Sequence[Row]) -> Row | None:
    """The row of the original."""
    return next((row for row in found if is_row(row, undo.original.erp_id)), None)


def counters(undo: Undo, found: Sequence[Row]) -> list[Row]:
    """The rows that reverse the original: those with our mark and, for a bill, a document of ReverseBill that has no mark yet. The replacement of
    a corrected bill carries the ref of the document that reversed the original, too: that document has its mark."""
    opposite = [row for row in found if text(row, "Type") == undo.opposite and not is_row(row, undo.original.erp_id)]
    return [row for row in opposite if undo.is_ours(row) or (undo.is_bill and _is_copied(undo, row))]


def _is_copied(undo: Undo, row: Row) -> bool:
    return ref_in(row, undo.settings) == undo.original.command["ref"] and counts_anew(row)


def by_counter(undo: Undo, original: Row | None, counter: Row | None, payment: Row | None) -> Undone:
    """How far the opposite document is. `payment` is the row that the payment screen shows of the applied document, once the reversal is released."""
    if counter is None:
        return _before_counter(undo, original)
    steps, erp_id = ["reverse"], id_of(counter)
    status = text(counter, "Status")
    is_ready = status in RELEASED or (flag(counter, "Hold") is False and status != "On Hold")
    if undo.is_ours(counter) and is_ready:
        steps.append("reverse_unhold")
    if status in RELEASED:
        steps.append("reverse_release")
        steps += _applied(undo, original, counter, payment)
    return Undone(undo.done(erp_id, tuple(steps), list(_differences(undo, counter))))


def _before_counter(undo: Undo, original: Row | None) -> Undone:
    erp_id = undo.original.erp_id
    if original is None or text(original, "Status") == VOIDED:
        return Undone(undo.done(erp_id, undo.steps))  # nothing is left to take back
    if text(original, "Status") not in RELEASED:
        return Undone(is_deleted=True)
    amount, balance = money(original, "Amount"), money(original, "Balance")
    if amount == balance:
        return Undone()
    credited = sum((money(one, "AmountPaid") for one in rows(original, "Applications")), Decimal(0))
    is_paid = undo.is_bill and credited < amount - balance
    words = f"{erp_id} has {balance} of {amount} open: {'it was paid' if is_paid else 'take back what is applied'}"
    return Undone(refusal=words, reason="paid" if is_paid else "applied")


def _applied(undo: Undo, original: Row | None, counter: Row, payment: Row | None) -> list[str]:
    counter_id = id_of(counter)
    target = undo.original.erp_id if undo.original.record in _PAYS else counter_id
    if undo.kind.entity == "Bill":
        payer = counter if undo.original.record in _PAYS else original
        if payer is None:
            return []
        entered = sum_to(rows(payer, "Applications"), ENTERED, target)
        booked = money(payer, "Amount") - money(payer, "Balance")
    else:
        booked = sum_to(rows(payment or {}, "ApplicationHistory"), BOOKED, target)
        entered = booked + sum_to(rows(payment or {}, "DocumentsToApply"), ENTERED, target)
    if entered < undo.amount:
        return []
    return ["reverse_apply", "reverse_settle"] if booked >= undo.amount else ["reverse_apply"]


def _differences(undo: Undo, counter: Row) -> Iterator[str]:
    kind, command = undo.kind, undo.original.command
    limit = undo.settings.tax.difference_limit if fields(command).get("tax_zone") else Decimal(0)
    yield from amount_differs("amount", money(counter, kind.total), undo.amount, limit)
    yield from code_differs(kind.party_role, text(counter, kind.party), party(kind, command, undo.original.ids))
    if undo.is_ours(counter) and undo.own_day is not None:
        yield from day_differs("date", day(counter, kind.day), undo.own_day)
    theirs = (their_line(one, kind) for one in rows(counter, "Details"))
    yield from lines_differ(theirs, (wanted_line(one) for one in fields(command)["lines"]))


def by_void(undo: Undo, found: Sequence[Row], *, is_correction: bool) -> Undone:
    """How far a payment is voided. A correction could not restore what the payment settles, so a person has to take that back first."""
    original, erp_id = original_in(undo, found), voiding(undo)
    void = next((row for row in found if is_row(row, erp_id)), None)
    wrong = _wrong(undo, void) if void is not None else []
    if original is not None:
        wrong += amount_differs("amount of the original", money(original, "PaymentAmount"), undo.amount)
    if original is None or text(original, "Status") == VOIDED:
        return Undone(undo.done(erp_id if void is not None else undo.original.erp_id, undo.steps, wrong))
    if void is None:
        if text(original, "Status") not in RELEASED:
            return Undone(is_deleted=True)
        left, whole = money(original, "AvailableBalance"), money(original, "PaymentAmount")
        if is_correction and undo.original.record == "ar_receipt" and left != whole:
            words = f"{undo.original.erp_id} has {left} of {whole} open: take back what it settles, then release this"
            return Undone(refusal=words, reason="applied")
        return Undone()
    steps = ("void", "void_date") if undo.is_ours(void) else ("void",)
    return Undone(undo.done(erp_id, steps, wrong))


def _wrong(undo: Undo, void: Row) -> list[str]:
    """The differences of a voiding document. One that a person made keeps that person's date. One with another ref of ours is not this one."""
    wrong = [*amount_differs("amount", -money(void, "PaymentAmount"), undo.amount)]
    if undo.is_ours(void) and undo.day is not None:
        wrong += day_differs("date", day(void, "ApplicationDate"), undo.day)
    if not undo.is_ours(void) and _MARK in text(void, "Description"):
        wrong += differs("ref", ref_in(void, undo.settings), undo.resolved.command["ref"])
    return wrong
