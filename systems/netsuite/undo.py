"""How a document that NetSuite keeps is taken back: the steps of each kind, the bodies of their requests, and how far the records show it. Pure.

    reverse         an opposite document with the lines of the original as they were written: credit memo of an invoice, vendor credit of a bill
                    (both applied to it in full by the same request), invoice of a credit memo, bill of a vendor credit, refund of a payment or
                    deposit, payment of a refund, journal with debits and credits exchanged
    reverse_apply   a credit that is taken back is applied to the opposite document, in full
    unapply         a payment is removed from the invoices that it settles; an application of a deposit is deleted; a deposit is only marked

The opposite document has the external id `<ref>-R` (`refs.py`), which distinguishes it from a replacement under the same ref. No document that posts
is deleted. NetSuite keeps no trace of an application that was removed from a payment. The payment's memo therefore carries the refs of what was
entered (`compare.is_marked`), and the refs and amounts of what was removed (`mark_of`). The order of a bill stays billed, because it does not post.
Sources: as `documents.py`. REST cannot void, so a payment is reversed by a refund of it; this is our own choice (SYSTEM.md).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from runtime.errors import Refused
from schemas.records import PostingLine
from systems.contract import Document, Original, ResolvedCommand
from systems.mapped import REVERSAL
from systems.netsuite import documents as d
from systems.netsuite.compare import applied_lines, left, lines_of_differ
from systems.netsuite.documents import Kind
from systems.netsuite.models import Row, reference
from systems.netsuite.refs import REVERSES, external_id
from systems.netsuite.settings import Settings
from systems.values.members import money_or_zero, required_id, text
from systems.writing.differences import amount_differs, code_differs, day_differs

REVERSE, REVERSE_APPLY, UNAPPLY = "reverse", "reverse_apply", "unapply"
STEPS: Mapping[str, tuple[str, ...]] = {
    "ar_invoice": (REVERSE,),
    "ar_credit_memo": (REVERSE, REVERSE_APPLY),
    "ap_bill": (REVERSE,),
    "ap_credit": (REVERSE, REVERSE_APPLY),
    "ar_receipt": (UNAPPLY, REVERSE),
    "ar_refund": (REVERSE,),
    "journal": (REVERSE,),
    "ar_application": (UNAPPLY,),
}
"""The steps that take back a document of each record."""
UNDOING = frozenset((REVERSE, REVERSE_APPLY, UNAPPLY))
_OPPOSITE: Mapping[str, Kind] = {
    "ar_invoice": d.CREDIT_MEMO,
    "ar_credit_memo": d.INVOICE,
    "ap_bill": d.VENDOR_CREDIT,
    "ap_credit": d.BILL,
    "ar_receipt": d.REFUND,
    "ar_refund": d.PAYMENT,
    "journal": d.JOURNAL,
}
MISSING, APPLIED, PAID, CHANGED = "missing_in_erp", "applied", "paid", "original_changed"
"""Names of holds."""


@dataclass(frozen=True)
class Undone:
    """How far a document is taken back. `document` is None while nothing has begun. `refusal` (words) and `reason` say what a person has to undo
    first."""

    document: Document | None = None
    refusal: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Undo:
    """What is taken back, by which command, and on which day."""

    resolved: ResolvedCommand
    original: Original
    settings: Settings

    @property
    def record(self) -> str:
        """The record of the original."""
        return self.original.record

    @property
    def steps(self) -> tuple[str, ...]:
        """The steps that take it back."""
        return STEPS[self.record]

    @property
    def kind(self) -> Kind:
        """The kind of the original in NetSuite."""
        return d.kind_of(self.record, self.original.command)

    @property
    def opposite(self) -> Kind:
        """The kind of the reversing document."""
        return _OPPOSITE[self.record]

    @property
    def is_correction(self) -> bool:
        """Whether a replacement is written."""
        return self.resolved.record != REVERSAL

    @property
    def as_written(self) -> ResolvedCommand:
        """The command that was written, as the writer got it."""
        return replace(self.original.as_written, known_id=self.original.erp_id)

    @property
    def amount(self) -> Decimal:
        """Its amount, positive."""
        return abs(d.cents(self.original.command["amount"]))

    @property
    def day(self) -> date:
        """The day of the reversal. It differs if the period is closed, and is never before the day of the original."""
        own = d.fields(self.resolved.command).get("date")
        days = [one for one in (self.resolved.post_on or own, d.fields(self.original.command).get("date")) if one is not None]
        if not days:
            raise Refused(f"netsuite {self.resolved.command['ref']}: it has no date")
        return max(days)

    def done(self, erp_id: str, steps: tuple[str, ...], wrong: tuple[str, ...] = ()) -> Document:
        """The state of the reversal, as the document that a look-up reports."""
        command, number = self.resolved.command, erp_id.partition("/")[2]
        return Document(erp_id, number, command["ref"], command["amount"], command["currency"], steps, wrong)


# --- bodies -----------------------------------------------------------------------------------------------------------


def memo_of(undo: Undo) -> str:
    """Header text of the reversing document; it states both days if the posting moves."""
    why = str(d.fields(undo.resolved.command).get("reason", "")) if not undo.is_correction else "written anew"
    own = d.fields(undo.resolved.command).get("date")
    moved = f" (of {own})" if undo.resolved.post_on else ""
    return f"Reverses {undo.original.erp_id}: {why}{moved}"[: d.MEMO]


def reversing_body(undo: Undo, original: Row) -> dict[str, Any]:
    """The opposite document. `original` is the record of the original."""
    made = _opposite(undo, original)
    for name in ("terms", "dueDate", "paymentHold", "checkNum", "tranId", "otherRefNum"):
        made.pop(name, None)
    return made | {
        "externalId": external_id(undo.resolved.command["ref"], REVERSES),
        "tranDate": undo.day.isoformat(),
        "memo": memo_of(undo),
    }


def _opposite(undo: Undo, original: Row) -> dict[str, Any]:
    written, settings = undo.as_written, undo.settings
    own, key = d.fields(written.command), d.pair_of(undo.original.erp_id)[1]
    if undo.kind is d.JOURNAL:
        return d.journal_body(written, -1)
    if undo.record == "ar_receipt":
        return _refund(undo, original)
    if undo.record == "ar_refund":
        paid = replace(written, record="ar_receipt")
        made = d.header(paid, d.PAYMENT) | {
            "payment": undo.amount,
            "undepFunds": False,
            "account": d.ref(reference(original, "account")),
        }
        return made | ({"arAcct": d.ref(reference(original, "arAcct"))} if reference(original, "arAcct") else {})
    is_sale = undo.kind.role == "customer"
    made = d.header(written, undo.kind) | d.sublists(own["lines"], undo.kind.sign, is_sale=is_sale)
    if account := settings.receivables.receivable_account if is_sale else settings.payables.payable_account:
        made["account"] = d.ref(account)
    if is_sale:
        zone = d.tax_zone(written.command)
        made |= {"isTaxable": bool(zone)} | ({"taxItem": d.ref(zone)} if zone else {})
    if undo.record in ("ar_invoice", "ap_bill"):
        made["apply"] = d.applied({key: money_or_zero(original, "total")})
    return made


def _refund(undo: Undo, original: Row) -> dict[str, Any]:
    """The refund of a whole payment or deposit, from the account that holds its money."""
    written, key = undo.as_written, d.pair_of(undo.original.erp_id)[1]
    own = d.fields(written.command)
    made = d.header(written, d.REFUND) | {"account": d.ref(reference(original, "account"))}
    if own["payment_method"]:
        made["paymentMethod"] = d.ref(own["payment_method"])
    if reference(original, "arAcct"):
        made["arAcct"] = d.ref(reference(original, "arAcct"))
    return made | {"deposit" if undo.kind is d.DEPOSIT else "apply": d.applied({key: undo.amount})}


def applied_body(undo: Undo, counter: str) -> dict[str, Any]:
    """Applies the original, which is a credit, to the document that reverses it, in full and to nothing else (`replace=apply`)."""
    return {"apply": d.applied({d.pair_of(counter)[1]: undo.amount})}


def unapplied_body(undo: Undo, row: Row, target: str) -> dict[str, Any]:
    """Removes the amount of an application from the document with this internal id, and notes this in the payment's memo."""
    rest = applied_lines(row).get(target, Decimal(0)) - undo.amount
    return {"memo": marked(row, mark_of(undo)), "apply": d.applied({target: max(rest, Decimal(0))})}


def freed_body(undo: Undo, row: Row) -> dict[str, Any]:
    """Removes a payment from everything that it settles (`replace=apply`), and notes this in its memo; a deposit has no such list."""
    made: dict[str, Any] = {"memo": marked(row, mark_of(undo))}
    return made if undo.kind is d.DEPOSIT else made | {"apply": {"items": []}}


def applying_body(row: Row, target: str, amount: Decimal, ref: str) -> dict[str, Any]:
    """Applies an amount of a payment to a document, in addition to what is already applied to it, and notes this in its memo."""
    return {"memo": marked(row, ref), "apply": d.applied({target: applied_lines(row).get(target, Decimal(0)) + amount})}


_LONGEST_MEMO = 4000
_AMOUNT = re.compile(r"[0-9]{1,15}\.[0-9]{2}")


def marked(row: Row, ref: str) -> str:
    """The memo of a payment with one more ref. Raises `Refused` if there is no room for it."""
    found = f"{text(row, 'memo')} {ref}".strip()
    if len(found) > _LONGEST_MEMO:
        raise Refused(
            f"netsuite: the memo of payment {required_id(row)} has no room for another ref: apply it there, then skip this"
        )
    return found


# --- how far it is ----------------------------------------------------------------------------------------------------


def before(undo: Undo, original: Row | None) -> Undone:
    """The state before any reversal: whether the original is there as it was written, and free of payments and applications."""
    erp_id = undo.original.erp_id
    if original is None:
        return Undone(refusal=f"{erp_id}, which is to be taken back, is not found: see what became of it", reason=MISSING)
    total = money_or_zero(original, "total")
    whole = undo.amount if undo.kind is not d.JOURNAL else total
    if abs(total) != whole and not d.tax_zone(undo.original.command):
        return Undone(refusal=f"{erp_id} is {total}, {whole} was written: take it back there, then skip this", reason=CHANGED)
    if undo.record == "ar_receipt":
        return _payment(undo, original)
    if undo.kind in (d.INVOICE, d.BILL) and left(original, undo.kind) != total:
        words = f"{erp_id} has {left(original, undo.kind)} of {total} open: take back what pays or settles it, then release this"
        return Undone(refusal=words, reason=PAID if undo.kind is d.BILL else APPLIED)
    if undo.kind in (d.CREDIT_MEMO, d.VENDOR_CREDIT) and (others := _given_to_others(undo, original)):
        words = f"{erp_id} settles {', '.join(others)}: take that back, then release this"
        return Undone(refusal=words, reason=APPLIED)
    return Undone()


def _payment(undo: Undo, original: Row) -> Undone:
    """The state of a payment. Its first step is done if its memo says so. Deposit applications have to be taken back first, because they are separate
    records. So do applications that a correction would lose, because it does not enter them again, and applications made after the first step."""
    erp_id, given, taken = undo.original.erp_id, applied_lines(original), taken_off(original, undo.resolved.command["ref"])
    if undo.kind is d.DEPOSIT and reference(original, "status") == "C":
        words = f"deposit {erp_id} is applied or refunded: take that back, then release this"
        return Undone(refusal=words, reason=APPLIED)
    if given and (undo.is_correction or taken is not None):
        words = f"{erp_id} settles {sum(given.values(), Decimal(0))}: take that back, then release this"
        return Undone(refusal=words, reason=APPLIED)
    if taken is None:
        return Undone()
    return Undone(undo.done(erp_id, (UNAPPLY,), tuple(amount_differs("amount", taken, undo.amount))))


def _given_to_others(undo: Undo, original: Row) -> list[str]:
    """What a credit settles besides the document that it adjusts, to which its own request applied it."""
    own = d.original_id(undo.original.command, undo.original.ids)
    return [key for key in applied_lines(original) if key != own.partition("/")[2]]


def reversed_by(undo: Undo, counter: Row, original: Row | None) -> Undone:
    """How far the reversal is once the opposite document is there."""
    erp_id = d.typed(undo.opposite.type, required_id(counter))
    steps = undo.steps[:1] if undo.record != "ar_receipt" else undo.steps
    if REVERSE_APPLY in undo.steps and original is not None and _is_given(original, required_id(counter), undo.amount):
        steps = undo.steps
    return Undone(undo.done(erp_id, steps, tuple(_differences(undo, counter))))


def _is_given(original: Row, key: str, amount: Decimal) -> bool:
    return applied_lines(original).get(key, Decimal(0)) >= amount


def _differences(undo: Undo, counter: Row) -> Iterator[str]:
    kind, command = undo.kind, undo.original.command
    yield from code_differs("external id", text(counter, "externalId"), external_id(undo.resolved.command["ref"], REVERSES))
    if kind is not d.JOURNAL:
        limit = undo.settings.receivables.difference_limit if d.tax_zone(command) else Decimal(0)
        yield from amount_differs("amount", money_or_zero(counter, "total"), undo.amount, limit)
        yield from code_differs(kind.role, reference(counter, undo.opposite.party), d.party(kind, command, undo.original.ids))
    yield from day_differs("date", text(counter, "tranDate"), undo.day)
    if kind is d.JOURNAL:
        written: list[PostingLine] = d.fields(command)["lines"]
        turned: list[PostingLine] = [{**one, "amount": -one["amount"]} for one in written]
        yield from lines_of_differ(counter, turned, kind, undo.settings)
    elif kind.sublists:
        yield from lines_of_differ(counter, d.fields(command)["lines"], replace(undo.opposite, sign=kind.sign), undo.settings)


# --- applications -----------------------------------------------------------------------------------------------------


def unapplied(undo: Undo, row: Row | None, ids: tuple[str, str], *, is_ours: bool = False) -> Undone:
    """How far an application of a payment is taken back. `row` is the payment, `ids` are those of payment and document. If nothing is applied to the
    document any more, a person may have removed it. With `is_ours` the request was just sent, and only the memo proves that it was taken."""
    payer, target = ids
    erp_id = f"{payer}/{target.partition('/')[2]}"
    if row is None:
        return Undone(undo.done(erp_id, undo.steps))
    if (taken := taken_off(row, undo.resolved.command["ref"])) is not None:
        return Undone(undo.done(erp_id, undo.steps, tuple(amount_differs("amount", taken, undo.amount))))
    given = applied_lines(row).get(target.partition("/")[2], Decimal(0))
    if given >= undo.amount or is_ours:
        return Undone()
    if not given:
        return Undone(undo.done(erp_id, undo.steps))
    words = f"{payer} gives {given} to {target}, {undo.amount} was applied: take it back there, then skip this"
    return Undone(refusal=words, reason=CHANGED)


def mark_of(undo: Undo) -> str:
    """The note in the memo of a payment about what the command removed from it: ref and amount, `ST-ABC-R:108.25`."""
    return f"{external_id(undo.resolved.command['ref'], REVERSES)}:{undo.amount}"


def taken_off(row: Row, ref: str) -> Decimal | None:
    """The amount that the command with this ref removed from a payment, by the payment's memo; None if there is no such note, 0 if somebody changed
    the noted amount into something that is not an amount."""
    begins = f"{external_id(ref, REVERSES)}:"
    told = [word.removeprefix(begins) for word in text(row, "memo").split() if word.startswith(begins)]
    if not told:
        return None
    return Decimal(told[0]) if _AMOUNT.fullmatch(told[0]) else Decimal(0)


def not_there(undo: Undo, payer: str) -> Undone:
    """The state of a deposit application that is gone."""
    return Undone(undo.done(payer, undo.steps))
