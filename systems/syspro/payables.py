"""AP invoices for the writer: found by supplier and number, taken back by a credit, corrected by both.

Facts (schema notes of APSTIN): for its supplier, an invoice number must not exist for code I and must exist for code C. SYSPRO itself therefore
refuses a second invoice with our number (C1). Assumed: TransactionReference becomes ApInvoice.Reference and, for a credit,
ApInvoicePay.PaymentReference; a credit is kept there with code C and a negative value; OrigInvValue stays as entered, and MthInvBal1 is what is open
now.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import date

from runtime.errors import Refused
from schemas.records import CommandEnvelope
from systems.contract import Document, Found, Original, ResolvedCommand
from systems.mapped import REVERSAL
from systems.syspro import documents
from systems.syspro.books import Books, original_of, posted_on
from systems.syspro.documents import Entry, Posting, fields
from systems.syspro.find import Where
from systems.syspro.keys import erp_id, parts_of, ref_in
from systems.syspro.mapping_invoice import BRANCH
from systems.syspro.models import SYSTEM, Row, amount
from systems.writing.differences import amount_differs, code_differs, day_differs, differs
from systems.writing.frame import Attempt

RECORD = "ap_bill"
CREDIT, CREATE = "credit", "create"
_INVOICE = (
    "Supplier", "Invoice", "Reference", "Branch", "InvoiceDate", "JournalDate", "Journal", "OrigInvValue", "MthInvBal1", "MthInvBal2",
    "MthInvBal3", "Currency", "TotalAdjustments",
)  # fmt: skip
_ENTRY = ("Supplier", "Invoice", "EntryNumber", "TrnType", "PaymentReference", "TrnValue", "JournalDate")


class Payables:
    """See `systems.syspro.sink`."""

    def __init__(self, books: Books) -> None:
        self._books = books

    async def look_up(self, attempt: Attempt) -> Found:
        """The documents that carry our ref. If there are none: suspects, and whether SYSPRO would accept the document."""
        if attempt.resolved.record == REVERSAL:
            return await self._reversal(attempt)
        if attempt.resolved.original is not None:
            return await self._correction(attempt)
        return await self._invoice(attempt)

    async def shown(self, attempt: Attempt) -> Sequence[Document]:
        """What a step wrote."""
        if attempt.resolved.record == REVERSAL:
            return await self._credits(attempt, await self._standing(attempt))
        if attempt.resolved.original is not None:
            return await self._corrected(attempt)
        return [one for row in await self._numbered(attempt) if (one := _invoice(row, attempt.resolved)).ref == attempt.ref]

    async def posting(self, attempt: Attempt) -> Posting:
        """The posting of a step."""
        resolved = attempt.resolved
        if attempt.step == CREDIT:
            return await self._credit(attempt, _original(resolved))
        return await self._create(attempt)

    # --- an invoice ---------------------------------------------------------------------------------------------------

    async def _invoice(self, attempt: Attempt) -> Found:
        rows = await self._numbered(attempt)
        found = [_invoice(row, attempt.resolved) for row in rows]
        if ours := tuple(one for one in found if one.ref == attempt.ref):
            return Found(ours)
        if taken := _taken(rows, attempt.resolved):
            return taken
        if suspects := await self._suspects(attempt):
            return Found((), suspects)
        return await self._would_take(attempt, self._create)

    async def _would_take(self, attempt: Attempt, made: Callable[[Attempt], Awaitable[Posting]]) -> Found:
        try:
            posting = await made(attempt)
        except Refused as error:
            return Found((), refusal=str(error), refusal_reason=error.code)
        return await self._books.refusal(attempt, posting)

    async def _create(self, attempt: Attempt) -> Posting:
        resolved, command = attempt.resolved, attempt.resolved.command
        own, moved = fields(command)["date"], resolved.post_on
        period = await self._books.period(attempt, posted_on(resolved))
        note = f"of {own} {fields(command)['description']}" if moved is not None and moved != own else ""
        entry = Entry(
            "I", documents.supplier_of(command), documents.invoice_number(command), command["ref"], moved or own, period, note
        )
        return documents.payable(entry, command, self._books.settings)

    async def _numbered(self, attempt: Attempt) -> list[Row]:
        """The invoices of the supplier with the number of this command: at most one."""
        command = attempt.resolved.command
        return await self._of_number(attempt, documents.supplier_of(command), documents.invoice_number(command))

    async def _of_number(self, attempt: Attempt, supplier: str, number: str) -> list[Row]:
        where = (Where("Supplier", "EQ", supplier), Where("Invoice", "EQ", number))
        rows = await self._books.rows(attempt, "ApInvoice", _INVOICE, where, ("Supplier", "Invoice"))
        return [row for row in rows if row.get("Supplier") == supplier and row.get("Invoice") == number]

    async def _suspects(self, attempt: Attempt) -> tuple[Document, ...]:
        """Invoices that a person may have typed: same supplier, day and amount, without a ref of ours."""
        command = attempt.resolved.command
        on = fields(command)["date"]
        if on is None:
            return ()
        where = (Where("Supplier", "EQ", documents.supplier_of(command)), Where("InvoiceDate", "EQ", on.isoformat()))
        rows = await self._books.rows(attempt, "ApInvoice", _INVOICE, where, ("Supplier", "Invoice"))
        alike = [row for row in rows if not ref_in(row["Reference"]) and amount(row, "OrigInvValue") == command["amount"]]
        return tuple(replace(_invoice(row, attempt.resolved), ref="") for row in alike)

    # --- taking back --------------------------------------------------------------------------------------------------

    async def _reversal(self, attempt: Attempt) -> Found:
        row = await self._standing(attempt)
        if made := await self._credits(attempt, row):
            return Found(tuple(made))
        if refused := _refusal(_original(attempt.resolved), row):
            return refused
        return await self._would_take(attempt, self._credit_of_original)

    async def _correction(self, attempt: Attempt) -> Found:
        if found := await self._corrected(attempt):
            return Found(tuple(found))
        original = _original(attempt.resolved)
        if refused := _refusal(original, await self._standing(attempt)):
            return refused
        return await self._would_take(attempt, self._credit_of_original)

    async def _corrected(self, attempt: Attempt) -> list[Document]:
        """The credit and the invoice of a correction as one document."""
        command = attempt.resolved.command
        credit = await self._credits(attempt, None)
        new = [one for row in await self._numbered(attempt) if (one := _invoice(row, attempt.resolved)).ref == command["ref"]]
        if len(credit) > 1 or len(new) > 1 or not (credit or new):
            return [*credit, *new]
        shown = (new or credit)[0]
        told = [
            *(f"credit {one}" for document in credit for one in document.differences),
            *(one for document in new for one in document.differences),
        ]
        if new and not credit:
            told.append("credit: not there, wanted")
        steps = tuple(step for step, made in ((CREDIT, credit), (CREATE, new)) if made)
        return [replace(shown, amount=shown.amount if new else command["amount"], steps_done=steps, differences=tuple(told))]

    async def _standing(self, attempt: Attempt) -> Row | None:
        """The present row of the invoice that is taken back."""
        found = await self._of_number(attempt, *parts_of(original_of(attempt.resolved)))
        return found[0] if found else None

    async def _credits(self, attempt: Attempt, row: Row | None) -> list[Document]:
        """The credits of the original that carry our ref."""
        original = _original(attempt.resolved)
        supplier, number = parts_of(original.erp_id)
        where = (Where("Supplier", "EQ", supplier), Where("Invoice", "EQ", number))
        rows = await self._books.rows(attempt, "ApInvoicePay", _ENTRY, where, ("Supplier", "Invoice", "EntryNumber"))
        own = [one for one in rows if one.get("Invoice") == number and ref_in(one["PaymentReference"]) == attempt.ref]
        currency = row["Currency"] if row is not None else original.command["currency"]
        return [_credit(one, original, attempt, currency) for one in own]

    async def _credit_of_original(self, attempt: Attempt) -> Posting:
        return await self._credit(attempt, _original(attempt.resolved))

    async def _credit(self, attempt: Attempt, original: Original) -> Posting:
        resolved = attempt.resolved
        supplier, number = parts_of(original.erp_id)
        on = resolved.post_on or fields(resolved.command).get("date") or posted_on(resolved)
        period = await self._books.period(attempt, on)
        entry = Entry("C", supplier, number, attempt.ref, on, period, f"takes back {number}")
        return documents.payable(entry, original.command, self._books.settings)


# --- documents --------------------------------------------------------------------------------------------------------


def _original(resolved: ResolvedCommand) -> Original:
    original_of(resolved)
    assert resolved.original is not None
    return resolved.original


def _invoice(row: Row, resolved: ResolvedCommand) -> Document:
    """An AP invoice as SYSPRO keeps it. Raises `Malformed`."""
    command = resolved.command
    on = resolved.post_on or fields(command)["date"]
    told = [
        *code_differs("Supplier", row["Supplier"], documents.supplier_of(command)),
        *differs("Invoice", row["Invoice"], documents.invoice_number(command)),
        *amount_differs("OrigInvValue", amount(row, "OrigInvValue"), command["amount"]),
        *_branch_differs(row, command),
        *(day_differs("InvoiceDate", row["InvoiceDate"], on) if isinstance(on, date) else ()),
    ]
    return Document(
        erp_id(row["Supplier"], row["Invoice"]),
        row["Invoice"],
        ref_in(row["Reference"]),
        amount(row, "OrigInvValue"),
        command["currency"],
        (CREATE,),
        tuple(told),
    )


def _branch_differs(row: Row, command: CommandEnvelope) -> Sequence[str]:
    wanted = fields(command)["dimensions"].get(BRANCH, "")
    return list(code_differs("Branch", row["Branch"], wanted)) if wanted else []


def _credit(row: Row, original: Original, attempt: Attempt, currency: str) -> Document:
    """A credit of the original, with what it takes back."""
    value = amount(row, "TrnValue")
    return Document(
        original.erp_id,
        row["Invoice"],
        attempt.ref,
        abs(value),
        currency if len(currency) == 3 else attempt.resolved.command["currency"],
        (CREDIT,),
        (*differs("TrnType", row["TrnType"], "C"), *amount_differs("TrnValue", abs(value), abs(original.command["amount"]))),
    )


def _taken(rows: Sequence[Row], resolved: ResolvedCommand) -> Found | None:
    """The number belongs to another invoice. If that one is the same but typed by hand, it is a suspect; otherwise it blocks ours."""
    if not rows:
        return None
    row, command = rows[0], resolved.command
    if not ref_in(row["Reference"]) and amount(row, "OrigInvValue") == command["amount"]:
        return Found((), (replace(_invoice(row, resolved), ref=""),))
    said = row["Reference"] or "no reference"
    words = f"invoice {row['Invoice']} of supplier {row['Supplier']} is there already, of {row['OrigInvValue']} and with {said}"
    return Found((), refusal=f"{SYSTEM}: {words}: decide which of the two is valid", refusal_reason="number_taken")


def _refusal(original: Original, row: Row | None) -> Found | None:
    """Why what was written cannot be taken back in its present state."""
    named = f"invoice {original.erp_id} of {original.command['amount']}"
    if row is None:
        return Found(
            (), refusal=f"{named}, which is to be taken back, is not found: see what became of it", refusal_reason="missing_in_erp"
        )
    value, balance = amount(row, "OrigInvValue"), amount(row, "MthInvBal1")
    if value != original.command["amount"] or ref_in(row["Reference"]) != original.command["ref"]:
        words = f"{named} shows {value} and reference {row['Reference'] or 'none'}: take it back in SYSPRO, then skip this"
        return Found((), refusal=words, refusal_reason="original_changed")
    if balance < value:
        words = f"{named} has {balance} open: it is paid or credited in part; agree with the vendor, enter what follows there, skip this"
        return Found((), refusal=words, refusal_reason="paid")
    return None
