"""What Fusion keeps against what a command wants: how far the document is, and each field in which it differs. Pure.

An invoice is compared by party, day, currency, number of lines, each line's amount and account, tax and total (accounting.md 8); a receipt by
customer, day, currency and amount. Statuses are spelled as in the samples (Complete, Incomplete); those of a receipt are assumed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from runtime.errors import Malformed, Refused
from schemas.records import CommandEnvelope, PostingLine
from systems.contract import Document, ResolvedCommand
from systems.oracle_fusion.documents import FORMS, INVOICE, Form, Ids, cents, customer_of, fields, is_taxed_by_erp, marked
from systems.oracle_fusion.mapping_sightings import REVERSED
from systems.oracle_fusion.mapping_sightings import ref_in as ref_in  # noqa: PLC0414 - asked of rows that are compared
from systems.oracle_fusion.models import Row
from systems.oracle_fusion.settings import Settings
from systems.values.members import money, money_or_zero, product, required_id, text
from systems.writing.differences import Line, amount_differs, code_differs, day_differs, differs, lines_differ, plain

COMPLETE = "COMPLETE"
_ZERO = Decimal(0)


def _party(command: CommandEnvelope, ids: Ids) -> tuple[str, str] | None:
    """The command's customer; None where its link is not resolved, as in a look-up of what an earlier ledger may have written."""
    try:
        return customer_of(command, ids)
    except Refused:
        return None


# --- invoices and credit memos ----------------------------------------------------------------------------------------

Parts = tuple[Sequence[Row], Sequence[Row]]
"""Lines and distributions of a transaction, complete."""


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
    """What a line comes to: quantity times price, in cents."""
    return product(one, form.quantity, "UnitSellingPrice")


def _their_lines(parts: Parts, form: Form) -> Iterator[Line]:
    """Each line's amount with the account of its revenue distribution; a line that is distributed otherwise shows every account."""
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
    """The id that a transaction says it reverses; "" for one that reverses nothing."""
    words = text(row, form.comments)
    return words.removeprefix(_MARK).partition("]")[0] if words.startswith(_MARK) else ""


def suspect_transaction(row: Row, command: CommandEnvelope) -> Document | None:
    """The row as a suspect: same customer and day were asked for, same amount, without a ref of ours."""
    if ref_in(text(row, "CrossReference")) or money_or_zero(row, "EnteredAmount") != command["amount"]:
        return None
    number = text(row, "TransactionNumber")
    return Document(required_id(row, "CustomerTransactionId"), number, "", command["amount"], command["currency"], ("create",))


# --- receipts ---------------------------------------------------------------------------------------------------------


def is_reversed(row: Row) -> bool:
    """Whether a receipt is worth nothing any more."""
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
    """The row as a suspect: a receipt of this number, or of this customer and day, of the same amount, without a ref of ours."""
    if ref_in(text(row, "Comments")) or is_reversed(row) or money_or_zero(row, "Amount") != command["amount"]:
        return None
    number = text(row, "ReceiptNumber")
    return Document(required_id(row, "StandardReceiptId"), number, "", command["amount"], command["currency"], ("create",))


def application(row: Row, references: Sequence[Row], settled: Row, command: CommandEnvelope) -> Document | None:
    """The command's application of the receipt `row` to the invoice `settled`; None where nothing refers to it yet.

    All references of the receipt to that invoice are summed: those that the command tells from before, and this one. It is applied when the
    receipt has no more to apply than what nothing refers to, or when both sides show as much as this receipt owes that invoice.
    """
    told = fields(command)["applications"]
    until = sum((one["amount"] for one in told), _ZERO)
    before = until - told[-1]["amount"]
    number, receipt_id = text(settled, "TransactionNumber"), required_id(row, "StandardReceiptId")
    if not number:
        raise Malformed("TransactionNumber: the invoice has none")
    amounts = [(text(one, "ReferenceNumber"), money(one, "ReferenceAmount")) for one in references]
    referred = sum((amount for name, amount in amounts if name == number), _ZERO)
    applied = money(row, "Amount") - money(row, "UnappliedAmount")
    paid = money(settled, "EnteredAmount") - money(settled, "InvoiceBalanceAmount")
    settles = min(applied, paid)
    is_applied = settles >= until and applied >= sum((amount for _, amount in amounts), _ZERO)
    shown = max(referred, settles)
    if shown <= before:
        return None
    differences = () if shown >= until else (f"amount: {shown - before}, {told[-1]['amount']}",)
    done = ("reference", "applied", "apply") if is_applied else ("reference",)
    return Document(
        f"{receipt_id}/{required_id(settled, 'CustomerTransactionId')}",
        text(row, "ReceiptNumber"),
        command["ref"],
        command["amount"],
        command["currency"],
        done,
        differences,
        refusal="the receipt was reversed" if is_reversed(row) else "",
    )
