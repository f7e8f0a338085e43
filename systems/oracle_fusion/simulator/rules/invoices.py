"""Receivables invoices: created incomplete, completed, changed in the few attributes that PATCH takes, deleted while incomplete.

Sources: FIN:Create_an_Invoice_with_Lines (what a create must contain), Complete_an_Invoice, Incomplete_an_Invoice,
Points_to_Consider_When_Updating_Receivables_Invoices (the attributes of PATCH; the print attributes need InvoicePrinted = Y; payment terms cannot
change after posting; nothing is derived again), Update_Installments_on_an_Invoice. Assumed: which attributes are required beyond that sample, that
the number is unique by business unit and source, and the words of refusals.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from runtime.simulator.records import Change, Row
from systems.oracle_fusion.simulator.answers import bad
from systems.oracle_fusion.simulator.pod import Pod, cents, money
from systems.oracle_fusion.simulator.rules.billing import INVOICE, distributions_of, lines_of, total_of
from systems.oracle_fusion.simulator.rules.ledger import refuse_closed
from systems.oracle_fusion.simulator.rules.setup import (
    days_of,
    numbers_itself,
    refuse_currency,
    refuse_type,
    refuse_unit,
    require,
    site_of,
)
from systems.oracle_fusion.simulator.seed.company import LEGAL_ENTITY_NUMBER
from systems.oracle_fusion.simulator.seed.suppliers import blank

KIND, INSTALLMENTS = INVOICE.kind, "receivablesInvoiceInstallments"
COMPLETE, INCOMPLETE = "Complete", "Incomplete"
_REQUIRED = (
    "BusinessUnit",
    "TransactionSource",
    "TransactionType",
    "TransactionDate",
    "BillToCustomerNumber",
    "InvoiceCurrencyCode",
    "PaymentTerms",
    INVOICE.lines,
)
_PRINTING = frozenset({"OriginalPrintDate", "LastPrintDate", "DeliveryMethod", "Email"})
_CHANGEABLE = frozenset({"InvoiceStatus", "PaymentTerms", "TransactionDate", "InvoicePrinted", INSTALLMENTS}) | _PRINTING
_DERIVED = frozenset(
    {
        "CustomerTransactionId",
        "EnteredAmount",
        "InvoiceBalanceAmount",
        "CreationDate",
        "CreatedBy",
        "LastUpdateDate",
        "LastUpdatedBy",
    }
)


def create(pod: Pod, draft: Row) -> Row:
    """A new incomplete invoice. Raises 400."""
    require(draft, _REQUIRED)
    derived = next((name for name in draft if name in _DERIVED), None)
    if derived or draft.get(INSTALLMENTS):
        raise bad(f"The attribute {derived or INSTALLMENTS} cannot be set.", "JBO-27008", derived or INSTALLMENTS)
    if draft.get("InvoiceStatus") not in (None, INCOMPLETE) and not pod.settings.complete_on_post:
        raise bad("An invoice is created incomplete.", "AR-855120", "InvoiceStatus")
    refuse_unit(pod, draft["BusinessUnit"])
    refuse_type(draft["TransactionType"], ("INV", "DM"))
    refuse_currency(pod, draft["InvoiceCurrencyCode"], "InvoiceCurrencyCode")
    site = site_of(pod, draft["BillToCustomerNumber"], draft.get("BillToCustomerName"), draft.get("BillToSite"))
    day = draft.get("AccountingDate") or draft["TransactionDate"]
    refuse_closed(pod, day, "AR", "AccountingDate")
    due = draft.get("DueDate") or _after(draft["TransactionDate"], days_of(draft["PaymentTerms"]))
    if due < draft["TransactionDate"]:
        raise bad("The due date is before the transaction date.", "AR-855121", "DueDate")
    lines = lines_of(pod, INVOICE, draft)
    total = total_of(lines)
    if total < 0:
        raise bad("The total does not have the sign of the transaction type.", "AR-855122", "EnteredAmount")
    number = number_of(pod, KIND, draft)
    distributions = distributions_of(pod, INVOICE, draft, lines, day)
    row = (
        blank(KIND)
        | draft
        | {
            "CustomerTransactionId": pod.new_id(),
            "TransactionNumber": number,
            "BillToCustomerName": site["CustomerName"],
            "BillToSite": site["BillToSiteNumber"],
            "BillToPartyId": site["CustomerId"],
            "DueDate": due,
            "BillingDate": draft.get("BillingDate") or draft["TransactionDate"],
            "AccountingDate": day,
            "LegalEntityIdentifier": LEGAL_ENTITY_NUMBER,
            "InvoiceStatus": INCOMPLETE,
            "EnteredAmount": cents(total),
            "InvoiceBalanceAmount": cents(total),
            "FreightAmount": draft.get("FreightAmount"),
            "AllowCompletion": "Y",
            "InvoicePrinted": draft.get("InvoicePrinted") or "N",
            INVOICE.lines: lines,
            INVOICE.distributions: distributions,
            INSTALLMENTS: [],
        }
    )
    if draft.get("InvoiceStatus") == COMPLETE:
        row = completed(pod, row)
    return pod.save(KIND, row, "create")


def number_of(pod: Pod, kind: str, draft: Row) -> str:
    """The number of a new transaction: assigned by its source, or the number that was sent, if it is not taken. Raises 400."""
    sent = draft.get("TransactionNumber")
    if numbers_itself(pod, draft["TransactionSource"]):
        if sent:
            raise bad(
                "The transaction source numbers automatically; a transaction number cannot be entered.",
                "AR-855125",
                "TransactionNumber",
            )
        return pod.number("transaction", 0, 864)
    if not sent:
        raise bad("Attribute TransactionNumber is required for this transaction source.", "JBO-27014", "TransactionNumber")
    same = (draft["BusinessUnit"], draft["TransactionSource"])
    for other in (kind, *({KIND, "receivablesCreditMemos"} - {kind})):
        for row in pod.rows_with(other, "TransactionNumber", sent):
            if pod.settings.unique_numbers and (row["BusinessUnit"], row["TransactionSource"]) == same:
                raise bad(
                    f"The transaction number {sent} already exists for this transaction source.", "AR-855126", "TransactionNumber"
                )
    return str(sent)


def completed(pod: Pod, row: Row) -> Row:
    """The completed invoice, with its installment. Raises 400."""
    refuse_closed(pod, row["AccountingDate"], "AR", "AccountingDate")
    if pod.faults.take("complete_fails", "PATCH", f"/{KIND}") is not None:
        raise bad("The transaction cannot be completed: tax has to be calculated.", "AR-855130", "InvoiceStatus")
    part = blank(f"{KIND}.{INSTALLMENTS}") | {
        "InstallmentId": pod.new_id(),
        "InstallmentSequenceNumber": "1",
        "InstallmentDueDate": row["DueDate"],
        "OriginalAmount": row["EnteredAmount"],
        "InstallmentBalanceDue": row["EnteredAmount"],
    }
    return row | {"InvoiceStatus": COMPLETE, INSTALLMENTS: [part]}


def change(pod: Pod, row: Row, draft: Row) -> Row:
    """PATCH of the documented attributes only. Raises 400."""
    forbidden = next((name for name in draft if name not in _CHANGEABLE), None)
    if forbidden:
        raise bad(f"The attribute {forbidden} cannot be updated.", "JBO-27008", forbidden)
    printed = draft.get("InvoicePrinted", row["InvoicePrinted"])
    if draft.keys() & _PRINTING and printed != "Y":
        raise bad("Print attributes need InvoicePrinted = Y.", "AR-855131", "InvoicePrinted")
    if "PaymentTerms" in draft:
        days_of(draft["PaymentTerms"])
        if row.get("_accounted"):
            raise bad("The payment terms of a posted invoice cannot be changed.", "AR-855132", "PaymentTerms")
    if "TransactionDate" in draft and (row["InvoiceStatus"] == COMPLETE or not draft["TransactionDate"]):
        raise bad("The transaction date of a complete invoice cannot be changed.", "AR-855133", "TransactionDate")
    after = row | {name: value for name, value in draft.items() if name not in ("InvoiceStatus", INSTALLMENTS)}
    if INSTALLMENTS in draft:
        after[INSTALLMENTS] = _installments(row, draft[INSTALLMENTS])
    if not draft:
        return row
    status = draft.get("InvoiceStatus", row["InvoiceStatus"])
    operation = "update"
    if status not in (COMPLETE, INCOMPLETE):
        raise bad(f"The status {status} is not valid.", "AR-855134", "InvoiceStatus")
    if (row["InvoiceStatus"], status) == (INCOMPLETE, COMPLETE):
        after, operation = completed(pod, after), "complete"
    elif (row["InvoiceStatus"], status) == (COMPLETE, INCOMPLETE):
        _refuse_activity(row)
        after, operation = after | {"InvoiceStatus": INCOMPLETE, INSTALLMENTS: []}, "incomplete"
    return pod.save(KIND, after, operation)


def _refuse_activity(row: Row) -> None:
    if row["InvoiceBalanceAmount"] != row["EnteredAmount"] or row.get("_accounted"):
        raise bad("The invoice has activity or is posted; it cannot become incomplete.", "AR-855135", "InvoiceStatus")


def _installments(row: Row, sent: list[Row]) -> list[Row]:
    held = {part["InstallmentId"]: part for part in row[INSTALLMENTS]}
    for one in sent:
        unknown = one.keys() - {"InstallmentId", "InstallmentDueDate", "OriginalAmount"}
        if one.get("InstallmentId") not in held or unknown:
            raise bad("Only due date and amount of an installment that is there can be updated.", "AR-855136", INSTALLMENTS)
        held[one["InstallmentId"]] = held[one["InstallmentId"]] | one
    if sum((money(part["OriginalAmount"]) for part in held.values()), Decimal(0)) != money(row["EnteredAmount"]):
        raise bad("The installments do not come to the amount of the invoice.", "AR-855137", "OriginalAmount")
    return list(held.values())


def remove(pod: Pod, row: Row) -> None:
    """DELETE of an incomplete invoice, if the system options allow it. Raises 400."""
    if row["InvoiceStatus"] == COMPLETE or not pod.settings.delete_invoices:
        raise bad("The transaction cannot be deleted.", "AR-855138")
    pod.commit([Change(KIND, str(row["CustomerTransactionId"]), row, "delete", is_gone=True)], pod.request_id)


def settled(pod: Pod, row: Row, amount: Decimal) -> Change:
    """The invoice with its balance reduced by an application (or increased, if negative)."""
    left = money(row["InvoiceBalanceAmount"]) - amount
    parts = row[INSTALLMENTS]
    shown = [
        part | {"InstallmentBalanceDue": cents(left if len(parts) == 1 else money(part["InstallmentBalanceDue"]))} for part in parts
    ]
    return pod.put(KIND, row | {"InvoiceBalanceAmount": cents(left), INSTALLMENTS: shown}, "apply", f"{amount:.2f}")


def answers_with_items(pod: Pod, draft: Row) -> bool:
    """Whether a PATCH is answered like the documented Complete: the row within `items`."""
    return pod.settings.complete_answer == "items" and draft.get("InvoiceStatus") == COMPLETE


def _after(day: str, days: int) -> str:
    return (date.fromisoformat(day) + timedelta(days=days)).isoformat()
