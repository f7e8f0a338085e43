"""How a document that Fusion keeps is taken back: the steps of each kind, the document that reverses it, and how far the rows show it. Pure.

    credit      an on-account credit memo with the lines of an invoice, negated. Fusion's REST cannot apply it to the invoice, so both stay open
                until AutoMatch or a person nets them; the customer's balance is right at once
    debit       an invoice with the lines of a credit memo, negated, completed
    mark        our ref at the end of a receipt's comments, because the reversal has no place for it
    reverse     the action reverseReceipt of newer releases; it takes no date, so the server's day counts
    unapply     the action unapplyReceipt of newer releases, for one application by its id
    correct     corrections of each line of a receipt or return of goods (`goods_back.py`), which are processed later; a changed document is then
                received or returned again as a whole

Sources: REST API for Financials, "Create Receivables Credit Memos" (on account only), "Reverse a standard receipt" and "Unapply a receipt from an
invoice installment" (26D). A customer's applications are standardReceiptApplications of its bill-to site (their attributes: public clients). One that
was un-applied is either not marked as the latest any more or not listed (assumed). A reversing document carries the ref of the reversal, and its
comments begin with `[reverses ID]`, which distinguishes it from a replacement under the same ref.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, cast

from schemas.records import CommandEnvelope, PostingLine
from systems.contract import Document, Original, ResolvedCommand
from systems.mapped import REVERSAL
from systems.oracle_fusion.compare import COMPLETE, is_reversed, reverses, stands
from systems.oracle_fusion.documents import COMMENTS, FORMS, INVOICE, Form, cents, fields, marked, numbered
from systems.oracle_fusion.mapping_shape import day
from systems.oracle_fusion.models import Row
from systems.oracle_fusion.settings import Settings
from systems.postings.siblings import UNCLEAR_REASON, Presence, is_sure, presence, standing
from systems.values.members import money, text
from systems.writing.applying import application_day
from systems.writing.differences import amount_differs, differs

CREDIT, DEBIT, REVERSE, UNAPPLY = ("credit",), ("debit", "debit_complete"), ("mark", "reverse"), ("unapply",)
CORRECT = ("correct", "corrected")
STEPS: Mapping[str, tuple[str, ...]] = {
    "ar_invoice": CREDIT,
    "ar_credit_memo": DEBIT,
    "ar_receipt": REVERSE,
    "ar_application": UNAPPLY,
    "receipt": CORRECT,
    "return": CORRECT,
}
"""The steps that take back a document of each record."""
UNDOING = frozenset((*CREDIT, *DEBIT, *REVERSE, *UNAPPLY, *CORRECT))
OPPOSITE: Mapping[str, str] = {"ar_invoice": "ar_credit_memo", "ar_credit_memo": "ar_invoice"}
"""The record of the document that reverses a transaction."""
MISSING, CHANGED, APPLIED, NO_ACTION, UNCLEAR, WORTHLESS = (
    "missing_in_erp",
    "original_changed",
    "applied",
    "no_receipt_action",
    UNCLEAR_REASON,
    "original_of_no_amount",
)
"""Names of holds."""
Refusal = tuple[str, str]
"""Why something cannot be taken back now, and the name of the hold; two empty texts mean that it can."""
GOOD: Refusal = ("", "")
_ZERO = Decimal(0)


@dataclass(frozen=True)
class Undo:
    """What is taken back, by which command."""

    resolved: ResolvedCommand
    original: Original
    settings: Settings

    @property
    def steps(self) -> tuple[str, ...]:
        """The steps that take it back."""
        return STEPS[self.original.record]

    @property
    def is_correction(self) -> bool:
        """Whether a replacement is written."""
        return self.resolved.record != REVERSAL

    @property
    def day(self) -> date | None:
        """The day of the reversal, never before that of the original; for a correction, the day of the replacement."""
        days = fields(self.resolved.command)["date"], fields(self.original.command)["date"]
        return max((one for one in days if one is not None), default=None)

    @property
    def form(self) -> Form:
        """The form of the reversing transaction in Fusion."""
        return FORMS[OPPOSITE[self.original.record]]

    def counter(self) -> ResolvedCommand:
        """The reversing transaction, as the command that would write it: the written lines with opposite signs."""
        own, ref = fields(self.original.command), self.resolved.command["ref"]
        lines = [_negated(one) for one in own["lines"]]
        why = str(fields(self.resolved.command).get("reason", "")) if not self.is_correction else "written anew"
        told = {
            "ref": ref,
            "date": self.day,
            "amount": -self.original.command["amount"],
            "tax_total": -own["tax_total"],
            "lines": lines,
            "human_number": numbered(str(own["human_number"]), f"V{ref[-4:]}"),
            "description": marked(self.original.erp_id, f"{own['human_number']}: {why}"),
            "terms": own.get("terms") or self.settings.receivables.payment_terms,
            "due_date": None,
            "reverses_id": self.original.erp_id,
        }
        made = cast("CommandEnvelope", {**own, **told})
        return ResolvedCommand(OPPOSITE[self.original.record], made, self.original.ids, post_on=self.resolved.post_on)

    def done(self, erp_id: str, number: str, steps: tuple[str, ...], found: Sequence[str] = ()) -> Document:
        """The state of the reversal, as the document that a look-up reports."""
        command = self.resolved.command
        return Document(erp_id, number, command["ref"], command["amount"], command["currency"], steps, tuple(found))


def _negated(one: PostingLine) -> PostingLine:
    return {**one, "unit_price": -one["unit_price"], "amount": -one["amount"]}


# --- invoices and credit memos ----------------------------------------------------------------------------------------


def refused_transaction(undo: Undo, row: Row | None) -> Refusal:
    """Why an invoice or credit memo cannot be reversed in its present state. `row` is None if Fusion does not show it."""
    command, erp_id = undo.original.command, undo.original.erp_id
    if row is None:
        return f"transaction {erp_id} is not shown any more: see what became of it, then skip this", MISSING
    form = FORMS[undo.original.record]
    number = text(row, "TransactionNumber") or erp_id
    if form is INVOICE and text(row, form.status).upper() != COMPLETE:
        return f"invoice {number} is not complete any more: complete it and release this, or delete it and skip this", CHANGED
    total, wanted = money(row, "EnteredAmount"), cents(command["amount"])
    limit = undo.settings.receivables.difference_limit if fields(command).get("tax_zone") else _ZERO
    if abs(total - wanted) > limit:
        return f"{number} is {total} in Fusion, {wanted} was written: reverse it there, then skip this", CHANGED
    if not wanted:
        return f"{number} has a total of 0.00: reverse its lines by hand if needed, then skip this", WORTHLESS
    left = money(row, "InvoiceBalanceAmount" if form is INVOICE else "AvailableBalance")
    if left != total:
        return f"{number} has {left} of {total} open: take back what is applied or credited, then release this", APPLIED
    return GOOD


def counter_differences(undo: Undo, row: Row) -> Iterator[str]:
    """The differences of a reversing transaction that belongs to another original."""
    yield from differs("reverses", reverses(row, undo.form), undo.original.erp_id)


# --- receipts ---------------------------------------------------------------------------------------------------------

_REVERSED_BY = re.compile(r"\[reversed by (ST-[A-Z2-7]{20})\]$")


def marked_comments(undo: Undo, row: Row) -> str:
    """The comments of a receipt with our mark at their end."""
    mark = f" [reversed by {undo.resolved.command['ref']}]"
    return text(row, "Comments")[: COMMENTS - len(mark)] + mark


def by_reversal(undo: Undo, row: Row) -> Document | None:
    """How far a receipt is reversed; None while nothing has begun. A receipt that a person reversed carries no mark."""
    found = _REVERSED_BY.search(text(row, "Comments"))
    is_done, ref = is_reversed(row), undo.resolved.command["ref"]
    if found is None and not is_done:
        return None
    wrong = list(amount_differs("amount", money(row, "Amount"), cents(undo.original.command["amount"])))
    if found is not None:
        wrong += differs("ref", found.group(1), ref)
    elif undo.is_correction:
        wrong += differs("reversed by", "a person", ref)
    steps = undo.steps if is_done else undo.steps[:1]
    return undo.done(undo.original.erp_id, text(row, "ReceiptNumber"), steps, wrong)


def refused_receipt(undo: Undo, row: Row | None) -> Refusal:
    """Why a receipt that is not yet reversed cannot be reversed in its present state."""
    erp_id = undo.original.erp_id
    if row is None:
        return f"receipt {erp_id} is not shown any more: see what became of it, then skip this", MISSING
    number, amount = text(row, "ReceiptNumber") or erp_id, money(row, "Amount")
    if differing := list(amount_differs("amount", amount, cents(undo.original.command["amount"]))):
        return f"receipt {number}, {differing[0]} was written: reverse it there, then skip this", CHANGED
    left = money(row, "UnappliedAmount")
    if undo.is_correction and left != amount:
        return f"receipt {number} has {left} of {amount} unapplied: take back what it settles, then release this", APPLIED
    if undo.settings.receivables.reverse_by != "action":
        return f"receipt {number}: reverse it in Fusion, then release this; the REST of this pod has no action for it", NO_ACTION
    return GOOD


def reversal_body(undo: Undo) -> dict[str, Any]:
    """The parameters of reverseReceipt."""
    own = undo.settings.receivables
    return {
        "reversalCategoryCode": own.reversal_category,
        "reversalReasonCode": own.reversal_reason,
        "calledFrom": undo.resolved.command["ref"],
    }


# --- applications -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Unapplied:
    """The state of an application: it is taken back, or it remains as the row `standing`, or a person has to look at it (`refusal`)."""

    is_done: bool = False
    standing: Row | None = None
    refusal: Refusal = GOOD


def unapplied(undo: Undo, pair: tuple[Row, Row], rows: Sequence[Row]) -> Unapplied:
    """How far an application is taken back. `rows` are those of the `pair` of receipt and invoice. Rows with the amounts of earlier applications,
    which the command lists, are left out. It is taken back if it is shown as not the latest, or if the receipt has that amount unapplied. A person
    decides if it cannot be distinguished from another one, or if no row shows it."""
    receipt, settled = pair
    if is_reversed(receipt):
        return Unapplied(is_done=True)
    told = fields(undo.original.command)["applications"]
    amount, left = cents(told[-1]["amount"]), list(filter(stands, rows))
    for other in told[:-1]:
        _drop(left, cents(other["amount"]))
    if undo.is_correction:
        _drop_anew(undo, left, amount, day(settled, "TransactionDate"))
    equal = [one for one in left if money(one, "ApplicationAmount") == amount]
    number = text(receipt, "ReceiptNumber")
    if not is_sure(undo.original.erp_id):
        return _unsure(number, amount, len(equal))
    if not equal and sum((money(one, "ApplicationAmount") for one in left), _ZERO) < amount:
        was = any(abs(money(one, "ApplicationAmount")) == amount for one in rows if not stands(one))
        if was or money(receipt, "UnappliedAmount") >= amount:
            return Unapplied(is_done=True)
    only = left[0] if len(left) == 1 else None
    if len(equal) != 1:
        words = f"receipt {number} shows {len(equal)} applications of {amount} to it: take back the right one, then skip this"
        return Unapplied(standing=None if equal else only, refusal=(words, UNCLEAR))
    if undo.settings.receivables.reverse_by != "action":
        words = f"receipt {number}: un-apply {amount} in Fusion, then release this; the REST of this pod has no action for it"
        return Unapplied(standing=equal[0], refusal=(words, NO_ACTION))
    return Unapplied(standing=equal[0])


def _unsure(number: str, amount: Decimal, equal: int) -> Unapplied:
    """If it is not certain that the application was written (`systems/postings/siblings.py`), a person takes it back, unless no row of its amount is
    left."""
    if not equal:
        return Unapplied(is_done=True)
    words = f"receipt {number} shows {equal} applications of {amount} to it, perhaps not this one: take back what is too much, then skip this"
    return Unapplied(refusal=(words, UNCLEAR))


def _drop(left: list[Row], amount: Decimal) -> None:
    found = [one for one in left if money(one, "ApplicationAmount") == amount]
    if found:
        left.remove(found[0])


def _drop_anew(undo: Undo, left: list[Row], amount: Decimal, invoiced_on: date | None) -> None:
    """Leave out the application that the correction itself made to the same invoice. It is recognised by its amount, or by its day if the amount is
    that of the original."""
    wanted, written = fields(undo.resolved.command), fields(undo.original.command)
    if wanted["applications"][-1]["document_id"] != written["applications"][-1]["document_id"]:
        return
    anew = cents(wanted["applications"][-1]["amount"])
    if anew != amount:
        _drop(left, anew)
        return
    on = application_day(undo.resolved, invoiced_on)
    of_that_day = [one for one in left if money(one, "ApplicationAmount") == anew and day(one, "ApplicationDate") == on]
    if of_that_day and len(left) == 1:
        left.clear()


def applied_anew(undo: Undo, rows: Sequence[Row], *, is_known: bool) -> Presence:
    """Whether the application that a correction wants is in force, among those between its receipt and invoice. `is_known`: an answer said so."""
    shown = standing(money(one, "ApplicationAmount") for one in rows if stands(one))
    return presence(fields(undo.resolved.command), shown, is_known=is_known)


def wants_the_same(undo: Undo) -> bool:
    """Whether a correction wants exactly the application that was written: the same invoice, amount and day."""
    wanted, written = fields(undo.resolved.command), fields(undo.original.command)
    if not undo.is_correction:
        return False
    one, other = wanted["applications"][-1], written["applications"][-1]
    return all(one[name] == other[name] for name in ("document_id", "amount")) and wanted["date"] == written["date"]
