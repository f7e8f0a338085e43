"""Compares what Fusion keeps with what a command wants: which steps of the document are done, and each field in which it differs. Pure.

An invoice is compared by party, day, currency, number of lines, each line's amount and account, tax and total (accounting.md 8); a receipt by
customer, day, currency and amount. Statuses are spelled as in the samples (Complete, Incomplete); those of a receipt are assumed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from runtime.errors import Malformed, Refused
from schemas.records import CommandEnvelope, PostingLine
from systems.contract import Document, ResolvedCommand
from systems.oracle_fusion.documents import FORMS, INVOICE, Form, Ids, cents, customer_of, fields, is_taxed_by_erp, marked
from systems.oracle_fusion.mapping_sightings import REVERSED
from systems.oracle_fusion.mapping_sightings import ref_in as ref_in  # noqa: PLC0414 - asked of rows that are compared
from systems.oracle_fusion.models import Row
from systems.oracle_fusion.settings import Settings
from systems.postings.siblings import UNCLEAR_REASON, Presence, presence, standing, strangers, unclear, unsure
from systems.values.members import money, money_or_zero, product, required_id, text
from systems.writing.differences import Line, amount_differs, code_differs, day_differs, differs, lines_differ, plain

COMPLETE = "COMPLETE"
_ZERO = Decimal(0)


def _party(command: CommandEnvelope, ids: Ids) -> tuple[str, str] | None:
    """The command's customer; None if its link is not resolved, as when a look-up searches for what an earlier ledger may have written."""
    try:
        return customer_of(command, ids)
    except Refused:
        return None


# --- invoices and credit memos ----------------------------------------------------------------------------------------

Parts = tuple[Sequence[Row], Sequence[Row]]
"""The complete lines and distributions of a transaction."""


def transaction(row: Row, parts: Parts, resolved: ResolvedCommand, settings: Settings) -> Document:
    """The command's invoice or credit memo as Fusion keeps it. Raises `Malformed`."""
    form = FORMS[resolved.record]
    is_complete = form is INVOICE and text(row, form.status).upper() == COMPLETE
    return Document(
        erp_id=required_id(row, "CustomerTransactionId"),
        number=text(row, "TransactionNumber"),
        ref=ref_in(text(row, "CrossReference")),
        amount=money(row, "EnteredAmount"),
        currency=text(row, form.currency),
        steps_done=("create", "complete") if is_complete else ("create",),
        differences=tuple(_differences(row, parts, resolved, settings)),
    )


def _differences(row: Row, parts: Parts, resolved: ResolvedCommand, settings: Settings) -> Iterator[str]:
    command, own, form = resolved.command, fields(resolved.command), FORMS[resolved.record]
    account, site = _party(command, resolved.ids) or (text(row, "BillToCustomerNumber"), text(row, "BillToSite"))
    taxed = is_taxed_by_erp(command)
    limit = settings.receivables.difference_limit if taxed else _ZERO
    total = money(row, "EnteredAmount")
    yield from amount_differs("amount", total, cents(command["amount"]), limit)
    yield from code_differs("customer", text(row, "BillToCustomerNumber"), account)
    yield from code_differs("site", text(row, "BillToSite"), site)
    yield from day_differs("date", text(row, "TransactionDate"), own["date"])
    yield from differs("currency", text(row, form.currency), command["currency"])
    yield from differs("business unit", text(row, "BusinessUnit"), own["dimensions"]["BusinessUnit"])
    yield from lines_differ(_their_lines(parts, form), map(_our_line, own["lines"]))
    if taxed:
        theirs = total - sum((line_amount(one, form) for one in parts[0]), _ZERO)
        yield from amount_differs("tax", theirs, cents(own["tax_total"]), limit)


def line_amount(one: Row, form: Form) -> Decimal:
    """The amount of a line: quantity times price, in cents."""
    return product(one, form.quantity, "UnitSellingPrice")


def _their_lines(parts: Parts, form: Form) -> Iterator[Line]:
    """Each line's amount with the account of its revenue distribution. A line with several distributions shows every account."""
    accounts: dict[str, list[str]] = {}
    for one in parts[1]:
        if text(one, "AccountClass").upper() == "REVENUE":
            accounts.setdefault(text(one, form.line_number), []).append(plain(text(one, "AccountCombination")))
    for one in parts[0]:
        yield "/".join(sorted(accounts.get(text(one, "LineNumber"), ()))), line_amount(one, form)


def _our_line(one: PostingLine) -> Line:
    return plain(one["account"]), cents(one["amount"])


_MARK = marked("", "").partition("]")[0]


def reverses(row: Row, form: Form) -> str:
    """The id that a transaction says it reverses; "" if it reverses nothing."""
    words = text(row, form.comments)
    return words.removeprefix(_MARK).partition("]")[0] if words.startswith(_MARK) else ""


def suspect_transaction(row: Row, command: CommandEnvelope) -> Document | None:
    """The row as a suspect: customer and day were part of the query, the amount is the same, and it has no ref of ours."""
    if ref_in(text(row, "CrossReference")) or money_or_zero(row, "EnteredAmount") != command["amount"]:
        return None
    number = text(row, "TransactionNumber")
    return Document(required_id(row, "CustomerTransactionId"), number, "", command["amount"], command["currency"], ("create",))


# --- receipts ---------------------------------------------------------------------------------------------------------


def is_reversed(row: Row) -> bool:
    """Whether a receipt has been reversed and is worth nothing any more."""
    return text(row, "State").upper() in REVERSED or text(row, "Status").upper() in REVERSED


def receipt(row: Row, command: CommandEnvelope, ids: Ids) -> Document:
    """The command's receipt as Fusion keeps it. Raises `Malformed`."""
    return Document(
        erp_id=required_id(row, "StandardReceiptId"),
        number=text(row, "ReceiptNumber"),
        ref=ref_in(text(row, "Comments")),
        amount=money(row, "Amount"),
        currency=text(row, "Currency"),
        steps_done=("create",),
        differences=tuple(_receipt_differences(row, command, ids)),
    )


def _receipt_differences(row: Row, command: CommandEnvelope, ids: Ids) -> Iterator[str]:
    own = fields(command)
    account, _ = _party(command, ids) or (text(row, "CustomerAccountNumber"), "")
    yield from amount_differs("amount", money(row, "Amount"), cents(command["amount"]))
    yield from code_differs("customer", text(row, "CustomerAccountNumber"), account)
    yield from day_differs("date", text(row, "ReceiptDate"), own["date"])
    yield from differs("currency", text(row, "Currency"), command["currency"])
    yield from differs("business unit", text(row, "BusinessUnit"), own["dimensions"]["BusinessUnit"])
    yield from differs("status", text(row, "Status") or text(row, "State"), "in force", equal=not is_reversed(row))


def suspect_receipt(row: Row, command: CommandEnvelope) -> Document | None:
    """The row as a suspect: a receipt with this number, or of this customer and day, with the same amount and without a ref of ours."""
    if ref_in(text(row, "Comments")) or is_reversed(row) or money_or_zero(row, "Amount") != command["amount"]:
        return None
    number = text(row, "ReceiptNumber")
    return Document(required_id(row, "StandardReceiptId"), number, "", command["amount"], command["currency"], ("create",))


# --- applications -----------------------------------------------------------------------------------------------------


def between(found: Sequence[Row], receipt_id: str, invoice_id: str) -> list[Row]:
    """Applications of a receipt to an invoice, including those that were un-applied."""
    pair = (receipt_id, invoice_id)
    return [one for one in found if (text(one, "StandardReceiptId"), text(one, "ReferenceTransactionId")) == pair]


def stands(row: Row) -> bool:
    """Whether an application is in force."""
    return text(row, "IsLatestApplication").upper() not in ("N", "NO", "FALSE") and money(row, "ApplicationAmount") > 0


def settles(row: Row, settled: Row) -> Decimal:
    """The most that a receipt can have settled of an invoice: no more than its applied amount, and no more than is paid of the invoice."""
    applied = money(row, "Amount") - money(row, "UnappliedAmount")
    return min(applied, money(settled, "EnteredAmount") - money(settled, "InvoiceBalanceAmount"))


def referred(references: Sequence[Row], settled: Row) -> Counter[Decimal]:
    """How many references of each amount a receipt has to an invoice. Raises `Malformed` for an invoice without a number."""
    number = text(settled, "TransactionNumber")
    if not number:
        raise Malformed("TransactionNumber: the invoice has none")
    return standing(money(one, "ReferenceAmount") for one in references if text(one, "ReferenceNumber") == number)


@dataclass(frozen=True)
class Shown:
    """What Fusion shows of a receipt and an invoice: the receipt's references and, if they are needed, its applications to that invoice. `is_known`:
    the command's own row was identified before, or the rows answer a request that was just accepted."""

    references: Sequence[Row]
    applications: Sequence[Row] = ()
    is_known: bool = False


def application(row: Row, settled: Row, shown: Shown, command: CommandEnvelope) -> Document | None:
    """The command's application of the receipt `row` to the invoice `settled`, identified among the rows of its amount
    (`systems/postings/siblings.py`). It may be a reference, the application that AutoMatch made of it, or one that somebody entered. None if it is
    not there.

    It counts as applied if a row of its amount is applied, or if the receipt has applied everything that it refers to and the invoice shows that
    amount."""
    referring = referred(shown.references, settled)
    applied = standing(money(one, "ApplicationAmount") for one in shown.applications if stands(one))
    told, found = fields(command), referring | applied
    where = presence(told, found, is_known=shown.is_known)
    receipt_id = required_id(row, "StandardReceiptId")
    erp_id, number = f"{receipt_id}/{required_id(settled, 'CustomerTransactionId')}", text(row, "ReceiptNumber")
    made = Document(erp_id, number, command["ref"], command["amount"], command["currency"], ())
    if is_reversed(row) and where is not Presence.ABSENT:
        return replace(made, steps_done=("reference",), refusal="the receipt was reversed")
    if where is Presence.THERE:
        is_own = presence(told, applied, is_known=shown.is_known) is Presence.THERE
        is_done = is_own or _is_all_applied(row, settled, shown.references, referring)
        return replace(made, steps_done=("reference", "applied", "apply") if is_done else ("reference",))
    if where is Presence.UNCLEAR:
        words = unclear(told, found, f"receipt {number or receipt_id}, to this invoice,")
        return replace(made, erp_id=unsure(erp_id), refusal=words, refusal_reason=UNCLEAR_REASON)
    if others := strangers(told, found):
        differences = (f"amount: {', '.join(map(str, others))}, {cents(command['amount'])}",)
        return replace(made, erp_id=unsure(erp_id), differences=differences)
    return None


def _is_all_applied(row: Row, settled: Row, references: Sequence[Row], referring: Counter[Decimal]) -> bool:
    whole = sum((money(one, "ReferenceAmount") for one in references), _ZERO)
    is_whole = money(row, "Amount") - money(row, "UnappliedAmount") >= whole
    return bool(referring) and is_whole and settles(row, settled) >= sum(referring.elements(), _ZERO)
