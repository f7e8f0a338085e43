"""The documents that Fusion keeps for us: the bodies of the requests that make them. Pure.

Source: REST API for Financials (receivablesInvoices, standardReceipts: attributes, samples). Distributions at creation replace AutoAccounting. Child
lists cannot be changed later, and a PATCH never derives defaults again. So an invoice is created with everything that it has, and PATCH is used only
to complete it. Amounts are JSON numbers; those of a receipt are text, as in the samples.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any, cast

from runtime.errors import Refused
from schemas.records import Application, CommandEnvelope, PostingLine
from systems.contract import ResolvedCommand
from systems.oracle_fusion.mapping_receivable import RECEIVABLE
from systems.oracle_fusion.models import SYSTEM
from systems.oracle_fusion.settings import Settings
from systems.parents import parent_id
from systems.values.numbers import cents_of
from systems.writing.applying import application_day

Ids = Mapping[str, str]
COMMENTS = 240
NUMBER = 20
"""The most characters of a transaction number."""
RECEIPT_NUMBER = 30
COMPLETED: Mapping[str, str] = {"InvoiceStatus": "Complete"}
"""The change that completes an invoice."""


def fields(command: CommandEnvelope) -> dict[str, Any]:
    """The command with its record's own fields."""
    return cast("dict[str, Any]", command)


cents = partial(cents_of, SYSTEM)
"""An amount with two places. Raises `Malformed` if it has more."""


def body(**told: Any) -> dict[str, Any]:
    """The fields that have a value: None and "" are left out, False and zero are sent. A date is text."""
    made = {name: value.isoformat() if isinstance(value, date) else value for name, value in told.items()}
    return {name: value for name, value in made.items() if value is not None and value != ""}


def customer_of(command: CommandEnvelope, ids: Ids) -> tuple[str, str]:
    """Account number and bill-to site of a document: those that the crosswalk names, else the resolved link. Raises `Refused` if either is missing,
    because Fusion keeps a document without a customer as unidentified."""
    named = str(fields(command)["dimensions"].get("Customer", "")) or parent_id(command, "customer", ids)
    account, _, site = named.partition("/")
    if not account or not site:
        raise Refused(f"{SYSTEM} {command['ref']}: customer {named!r} is not ACCOUNT/SITE; match it again, or correct its row")
    return account, site


def is_taxed_by_erp(command: CommandEnvelope) -> bool:
    """Whether Fusion computes the tax of this document (tax_mode erp)."""
    return bool(fields(command).get("tax_zone"))


def numbered(number: str, addition: str) -> str:
    """A transaction number with a suffix, for a transaction beside the one that has this number: `N101-VQ7KD`."""
    return f"{number[: NUMBER - 1 - len(addition)]}-{addition}"


def marked(erp_id: str, words: str) -> str:
    """The comments of a transaction that reverses another: they begin with its id."""
    return f"[reverses {erp_id}] {words}"


_CORRECT = "correct"
"""The action of a command that is written after an earlier one of its source."""


def own_number(resolved: ResolvedCommand, settings: Settings) -> str:
    """The transaction number that we give to an invoice; "" if its transaction source assigns numbers. What is written anew has a suffix, because the
    original keeps the number, even if it was reversed. Raises `Refused` for a number that is too long."""
    if settings.receivables.numbering == "automatic":
        return ""
    command = resolved.command
    number = str(fields(command)["human_number"])
    is_anew = command["action"] == _CORRECT and not fields(command).get("reverses_id")
    if number and (is_anew or resolved.original is not None):
        number = numbered(number, f"C{command['ref'][-4:]}")
    if not number or len(number) > NUMBER:
        raise Refused(f"{SYSTEM} {command['ref']}: transaction number {number!r} has to have 1 to {NUMBER} characters")
    return number


# --- invoices and credit memos ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Form:
    """The name of a kind of transaction in Fusion, and of those members whose names differ."""

    collection: str
    lines: str
    distributions: str
    line_number: str
    quantity: str
    description: str
    currency: str
    comments: str
    status: str

    @property
    def expand(self) -> str:
        """Its child lists in the form of `expand`."""
        return f"{self.lines},{self.distributions}"


INVOICE = Form(
    "receivablesInvoices",
    "receivablesInvoiceLines",
    "receivablesInvoiceDistributions",
    "InvoiceLineNumber",
    "Quantity",
    "Description",
    "InvoiceCurrencyCode",
    "Comments",
    "InvoiceStatus",
)
MEMO = Form(
    "receivablesCreditMemos",
    "receivablesCreditMemoLines",
    "receivablesCreditMemoDistributions",
    "CreditMemoLineNumber",
    "LineQuantityCredit",
    "LineDescription",
    "CreditMemoCurrency",
    "CreditMemoComments",
    "CreditMemoStatus",
)
FORMS: Mapping[str, Form] = {"ar_invoice": INVOICE, "ar_credit_memo": MEMO}


def transaction_body(resolved: ResolvedCommand, settings: Settings) -> dict[str, Any]:
    """The body that creates an invoice, incomplete, or a credit memo, with the lines and the distribution of each."""
    command, own, form = resolved.command, fields(resolved.command), FORMS[resolved.record]
    account, site = customer_of(command, resolved.ids)
    lines: list[PostingLine] = own["lines"]
    receivables, is_memo = settings.receivables, form is MEMO
    made = body(
        BusinessUnit=own["dimensions"]["BusinessUnit"],
        TransactionSource=receivables.transaction_source,
        TransactionType=receivables.credit_type if is_memo else receivables.transaction_type,
        TransactionNumber=own_number(resolved, settings),
        TransactionDate=own["date"],
        AccountingDate=resolved.post_on or own["date"],
        BillToCustomerNumber=account,
        BillToSite=site,
        CrossReference=command["ref"],
        **{form.currency: command["currency"], form.comments: comments(resolved)},
    )
    if not is_memo:
        made |= body(
            BillingDate=own["date"],
            DueDate=None if own["terms"] else own["due_date"],
            PaymentTerms=own["terms"],
            InvoiceStatus="Incomplete",
        )
    made[form.lines] = [_line(number, one, form) for number, one in enumerate(lines, 1)]
    receivable = {"AccountClass": "Receivable", "AccountCombination": own["dimensions"][RECEIVABLE], "Percent": 100}
    made[form.distributions] = [*(_revenue(number, one, form) for number, one in enumerate(lines, 1)), receivable]
    return made


def comments(resolved: ResolvedCommand) -> str:
    """The comments of a transaction: the ServiceTitan number, its job, and its own day if it is posted on another."""
    own = fields(resolved.command)
    moved = f"dated {own['date']}" if resolved.post_on and resolved.post_on != own["date"] else ""
    said = (
        (str(own["description"]), moved) if own.get("reverses_id") else (str(own["human_number"]), moved, str(own["description"]))
    )
    return ", ".join(filter(None, said))[:COMMENTS]


def _line(number: int, one: PostingLine, form: Form) -> dict[str, Any]:
    text = one["description"] or one["role"]
    told = {form.description: text, form.quantity: one["quantity"], "UnitSellingPrice": one["unit_price"]}
    return body(LineNumber=number, TaxClassificationCode=one["tax_code"], **told)


def _revenue(number: int, one: PostingLine, form: Form) -> dict[str, Any]:
    told = {"AccountClass": "Revenue", "AccountCombination": one["account"], "Amount": cents(one["amount"])}
    return {form.line_number: number, **told}


# --- receipts ---------------------------------------------------------------------------------------------------------


def receipt_number(command: CommandEnvelope) -> str:
    """The receipt's number, by which people know it: that of the payment."""
    return str(fields(command)["human_number"])[:RECEIPT_NUMBER]


def receipt_body(resolved: ResolvedCommand) -> dict[str, Any]:
    """The body that creates a receipt, with nothing applied. Comments begin with our ref."""
    command, own = resolved.command, fields(resolved.command)
    account, site = customer_of(command, resolved.ids)
    moved = f"dated {own['date']}" if resolved.post_on and resolved.post_on != own["date"] else ""
    words = " ".join(filter(None, (command["ref"], str(own["payment_ref"]), moved, str(own["description"]))))
    return body(
        ReceiptNumber=receipt_number(command),
        ReceiptMethod=own["payment_method"],
        BusinessUnit=own["dimensions"]["BusinessUnit"],
        ReceiptDate=own["date"],
        AccountingDate=resolved.post_on or own["date"],
        Amount=str(cents(command["amount"])),
        Currency=command["currency"],
        RemittanceBankAccountNumber=own["cash_account"],
        CustomerAccountNumber=account,
        CustomerSite=site,
        Comments=words[:COMMENTS],
    )


def reference_body(one: Application, number: str) -> dict[str, Any]:
    """The remittance reference by which AutoMatch applies a receipt to an invoice."""
    return {"ReceiptMatchBy": "Transaction Number", "ReferenceNumber": number, "ReferenceAmount": str(cents(one["amount"]))}


def apply_body(resolved: ResolvedCommand, one: Application, installment: int, invoiced_on: date | None) -> dict[str, Any]:
    """The body of the action that applies a receipt to an installment of an invoice (26D)."""
    day = application_day(resolved, invoiced_on)
    return body(appliedPaymentScheduleId=installment, amountApplied=cents(one["amount"]), accountingDate=day, applicationDate=day)
