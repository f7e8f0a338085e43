"""Standard receipts: created with remittance references, applied later by AutoMatch or, in newer releases, at once by an action.

Sources: FIN:Create_a_Standard_Receipt and variants (attributes; amounts are texts), api-standard-receipts 24d and 26d (actions applyReceipt,
unapplyReceipt, reverseReceipt and refundReceipt are of 26d), op-standardreceipts-...-action-* (their parameters). Assumed: what is required, one
bank account for a method, states and statuses, that a receipt of an unknown customer is refused to us (`unidentified`), that numbers repeat.
"""

from __future__ import annotations

import re
from collections import defaultdict
from decimal import Decimal
from typing import Any

from runtime.simulator.records import Change, Row
from systems.oracle_fusion.simulator.answers import Refused, bad
from systems.oracle_fusion.simulator.pod import Pod, cents, money
from systems.oracle_fusion.simulator.rules import invoices
from systems.oracle_fusion.simulator.rules.ledger import refuse_closed
from systems.oracle_fusion.simulator.rules.setup import refuse_currency, refuse_derived, refuse_unit, require, site_of
from systems.oracle_fusion.simulator.seed.receivables import BANK, ENDED_NAMES, MATCH_BY, METHOD, RECEIVABLE, UNAPPLIED
from systems.oracle_fusion.simulator.seed.suppliers import blank

KIND, REFERENCES = "standardReceipts", "remittanceReferences"
_REQUIRED = ("ReceiptNumber", "ReceiptMethod", "BusinessUnit", "Amount", "Currency", "RemittanceBankAccountNumber")
_DERIVED = ("StandardReceiptId", "State", "Status", "UnappliedAmount", "AccountedAmount", "CustomerName")
_AMOUNT = re.compile(r"[0-9]{1,15}(\.[0-9]{1,2})?")
_CATEGORIES = ("REV", "NSF", "STOP", "CCRR")
APPLIED, UNAPPLIED_STATUS, UNIDENTIFIED, REVERSED, REFUNDED = "Applied", "Unapplied", "Unidentified", "Reversed", "Refunded"


def create(pod: Pod, draft: Row) -> Row:
    """A new receipt, not applied to anything. Raises 400."""
    require(draft, _REQUIRED)
    refuse_derived(draft, _DERIVED)
    refuse_unit(pod, draft["BusinessUnit"])
    refuse_currency(pod, draft["Currency"], "Currency")
    amount = _amount(draft["Amount"], "Amount")
    method = METHOD.get(draft["ReceiptMethod"])
    if method is None or method.name in ENDED_NAMES:
        raise bad(f"The receipt method {draft['ReceiptMethod']} is not valid.", "AR-855201", "ReceiptMethod")
    if draft["RemittanceBankAccountNumber"] != method.bank_account:
        raise bad("The bank account is not one of the receipt method.", "AR-855202", "RemittanceBankAccountNumber")
    site = _site(pod, draft)
    day = draft.get("ReceiptDate") or pod.today().isoformat()
    accounting = draft.get("AccountingDate") or day
    refuse_closed(pod, accounting, "AR", "AccountingDate")
    references = [reference(pod, one) for one in draft.get(REFERENCES) or []]
    _refuse_more(references, amount)
    row = (
        blank(KIND)
        | draft
        | {
            "StandardReceiptId": pod.new_id(),
            "ReceiptDate": day,
            "AccountingDate": accounting,
            "MaturityDate": day,
            "Amount": cents(amount),
            "State": "Cleared",
            "Status": UNAPPLIED_STATUS if site else UNIDENTIFIED,
            "UnappliedAmount": cents(amount),
            "AccountedAmount": cents(amount),
            "RemittanceBankName": BANK[0],
            "RemittanceBankBranch": BANK[1],
            "RemittanceBankDepositDate": day,
            "RemittanceBankAllowOverride": "Y",
            "CustomerName": site["CustomerName"] if site else None,
            "CustomerSite": site["BillToSiteNumber"] if site else None,
            "_cash": method.cash,
            "_applications": [],
            REFERENCES: references,
        }
    )
    return pod.save(KIND, row, "create")


def _site(pod: Pod, draft: Row) -> Row | None:
    """The customer's site; None for a receipt that stays unidentified."""
    if draft.get("CustomerAccountNumber"):
        return site_of(pod, draft["CustomerAccountNumber"], None, draft.get("CustomerSite") or _first_site(pod, draft))
    if pod.settings.unidentified == "refuse":
        raise bad("An unidentified receipt cannot be created by this user.", "AR-855203", "CustomerAccountNumber")
    return None


def _first_site(pod: Pod, draft: Row) -> str | None:
    """The account's first site, for a receipt without a site."""
    rows = pod.rows_with("receivablesCustomerAccountSiteActivities", "AccountNumber", draft["CustomerAccountNumber"])
    return str(rows[0]["BillToSiteNumber"]) if rows else None


def _amount(text: str, attribute: str) -> Decimal:
    if not _AMOUNT.fullmatch(text):
        raise bad(f"The amount {text[:40]!r} is not valid.", "AR-855204", attribute)
    return Decimal(text)


def reference(pod: Pod, sent: Row) -> Row:
    """A remittance reference. Raises 400."""
    require(sent, ("ReceiptMatchBy", "ReferenceNumber", "ReferenceAmount"))
    if sent["ReceiptMatchBy"] not in MATCH_BY:
        raise bad(f"A receipt is not matched by {sent['ReceiptMatchBy']}.", "AR-855205", "ReceiptMatchBy")
    amount = _amount(sent["ReferenceAmount"], "ReferenceAmount")
    return blank(f"{KIND}.{REFERENCES}") | sent | {"ReferenceAmount": cents(amount), "RemittanceReferenceId": pod.new_id()}


def _refuse_more(references: list[Row], amount: Decimal) -> None:
    if sum((money(one["ReferenceAmount"]) for one in references), Decimal(0)) > amount:
        raise bad("The references come to more than the receipt.", "AR-855206", "ReferenceAmount")


def add_reference(pod: Pod, row: Row, draft: Row) -> Row:
    """Add a remittance reference to an existing receipt. Raises 400."""
    if row["Status"] in (REVERSED, REFUNDED):
        raise bad("The receipt is reversed or refunded.", "AR-855210", "Status")
    added = reference(pod, draft)
    references = [*row[REFERENCES], added]
    _refuse_more(references, money(row["Amount"]))
    pod.save(KIND, row | {REFERENCES: references}, "reference", f"{added['ReceiptMatchBy']} {added['ReferenceNumber']}")
    return added


def change(pod: Pod, row: Row, draft: Row) -> Row:
    """PATCH of the comments. Raises 400."""
    forbidden = next((name for name in draft if name != "Comments"), None)
    if forbidden:
        raise bad(f"The attribute {forbidden} cannot be updated.", "JBO-27008", forbidden)
    return pod.save(KIND, row | draft, "update")


def remove(pod: Pod, row: Row) -> None:
    """DELETE of a receipt that was never applied or reversed. Raises 400."""
    if row["_applications"] or row["Status"] in (REVERSED, REFUNDED):
        raise bad("The receipt has activity; it cannot be deleted.", "AR-855211")
    pod.commit([Change(KIND, str(row["StandardReceiptId"]), row, "delete", is_gone=True)], pod.request_id)


def applied(pod: Pod, row: Row, invoice: Row, amount: Decimal, on: str = "") -> list[Change]:
    """The receipt and the invoice after an application of this amount on a day ("" is today); the caller commits. Raises 400."""
    left = money(row["UnappliedAmount"])
    if invoice["InvoiceStatus"] != invoices.COMPLETE or amount <= 0:
        raise bad("The transaction is not complete, or nothing is applied.", "AR-855212", "amountApplied")
    if amount > left or amount > money(invoice["InvoiceBalanceAmount"]):
        raise bad("The amount is more than what is open.", "AR-855213", "amountApplied")
    if row["CustomerAccountNumber"] != invoice["BillToCustomerNumber"]:
        raise bad("The transaction is another customer's.", "AR-855214", "appliedPaymentScheduleId")
    application = {
        "id": pod.new_id(),
        "invoice": invoice["CustomerTransactionId"],
        "number": invoice["TransactionNumber"],
        "amount": cents(amount),
        "date": on or pod.today().isoformat(),
        "installment": invoice[invoices.INSTALLMENTS][0]["InstallmentId"] if invoice[invoices.INSTALLMENTS] else None,
    }
    return [
        pod.put(KIND, _with(row, [*row["_applications"], application]), "apply", f"{amount:.2f} to {invoice['TransactionNumber']}"),
        invoices.settled(pod, invoice, amount),
    ]


def _with(row: Row, applications: list[Row]) -> Row:
    used = sum((money(one["amount"]) for one in applications), Decimal(0))
    left = money(row["Amount"]) - used - money(row.get("_refunded"))
    status = row["Status"] if row["Status"] == UNIDENTIFIED else (UNAPPLIED_STATUS if left else APPLIED)
    return row | {"_applications": applications, "UnappliedAmount": cents(left), "Status": status}


def act(pod: Pod, row: Row, name: str, body: Row) -> str:
    """An action of a receipt; older releases have none. Raises 400 or 404."""
    if name not in actions(pod):
        raise Refused(404)
    if not isinstance(body, dict):
        raise bad("The body has to be an object.", "JBO-25003")
    if row["Status"] in (REVERSED, REFUNDED):
        raise bad("The receipt is reversed or refunded.", "AR-855210", "Status")
    pod.commit(_ACTIONS[name](pod, row, body), pod.request_id)
    return "Success"


def actions(pod: Pod) -> tuple[str, ...]:
    """The actions on a receipt in the pod's release."""
    return tuple(_ACTIONS) if pod.settings.release == "26d" else ()


def _apply(pod: Pod, row: Row, body: Row) -> list[Change]:
    invoice = _by_installment(pod, body.get("appliedPaymentScheduleId"))
    given = body.get("amountApplied")
    amount = money(invoice["InvoiceBalanceAmount"]) if given is None else _amount(str(given), "amountApplied")
    refuse_closed(pod, body.get("accountingDate") or pod.today().isoformat(), "AR", "accountingDate")
    on = str(body.get("applicationDate") or "")
    if on and on < max(invoice["TransactionDate"], row["ReceiptDate"]):
        raise bad("The application date is before the date of the transaction or of the receipt.", "AR-855219", "applicationDate")
    return applied(pod, row, invoice, amount, on)


def _by_installment(pod: Pod, key: Any) -> Row:
    for row in pod.rows(invoices.KIND):
        if any(part["InstallmentId"] == key for part in row[invoices.INSTALLMENTS]):
            return row
    raise bad(f"The installment {key} is not found.", "AR-855215", "appliedPaymentScheduleId")


def _unapply(pod: Pod, row: Row, body: Row) -> list[Change]:
    key = body.get("receivableApplicationId")
    invoice = _by_installment(pod, body.get("appliedPaymentScheduleId")) if key is None else None
    gone = [
        one
        for one in row["_applications"]
        if (one["id"] == key if invoice is None else one["invoice"] == invoice["CustomerTransactionId"])
    ]
    if not gone:
        raise bad("The receipt is not applied to this installment.", "AR-855216", "appliedPaymentScheduleId")
    return _undone(pod, row, gone, "unapply")


def _undone(pod: Pod, row: Row, gone: list[Row], operation: str) -> list[Change]:
    kept = [one for one in row["_applications"] if one not in gone]
    past = {"_past": [*row.get("_past", []), *gone]}
    changes = [
        pod.put(KIND, _with(row, kept) | past, operation, ", ".join(f"{one['amount']} from {one['number']}" for one in gone))
    ]
    opened: defaultdict[str, Decimal] = defaultdict(Decimal)
    for one in gone:  # two of them may be of one invoice
        opened[str(one["invoice"])] += money(one["amount"])
    for key, amount in opened.items():
        invoice = pod.get(invoices.KIND, key)
        if invoice is not None:
            changes.append(invoices.settled(pod, invoice, -amount))
    return changes


def _reverse(pod: Pod, row: Row, body: Row) -> list[Change]:
    """Reverse a receipt: what it was applied to is open again, and nothing of the receipt remains."""
    if str(body.get("reversalCategoryCode")) not in _CATEGORIES or not body.get("reversalReasonCode"):
        raise bad("A reversal needs a category and a reason.", "AR-855217", "reversalCategoryCode")
    refuse_closed(pod, pod.today().isoformat(), "AR", "AccountingDate")
    first, *others = _undone(pod, row, list(row["_applications"]), "reverse")
    gone = {"Status": REVERSED, "State": "Reversed", "UnappliedAmount": "0.00", "_reversed": pod.today().isoformat()}
    return [pod.put(KIND, first.body | gone, "reverse", str(body["reversalCategoryCode"])), *others]


def reverse_by_hand(pod: Pod, row: Row, category: str) -> str:
    """A person reverses a receipt at the screen; returns its number."""
    pod.commit(_reverse(pod, row, {"reversalCategoryCode": category, "reversalReasonCode": "BY HAND"}))
    return str(row["ReceiptNumber"])


def _refund(pod: Pod, row: Row, body: Row) -> list[Change]:
    """Refund the unapplied amount; the payment itself is made in payables."""
    left = money(row["UnappliedAmount"])
    amount = left if body.get("amount") is None else _amount(str(body["amount"]), "amount")
    if not 0 < amount <= left:
        raise bad("Nothing of the receipt is open to be refunded.", "AR-855218", "amount")
    kept = left - amount
    after = row | {"UnappliedAmount": cents(kept), "_refunded": cents(money(row.get("_refunded")) + amount)}
    if not kept and not row["_applications"]:
        after["Status"] = REFUNDED
    return [pod.put(KIND, after, "refund", f"{amount:.2f}")]


_ACTIONS = {"applyReceipt": _apply, "unapplyReceipt": _unapply, "reverseReceipt": _reverse, "refundReceipt": _refund}


def applications_of(pod: Pod, site: Row) -> list[Row]:
    """The applications of receipts to invoices of a bill-to site, as its child standardReceiptApplications lists them. Those that were un-applied
    stay in the list and are no longer the latest (assumed)."""
    mine = {
        str(one["CustomerTransactionId"]): one
        for one in pod.rows_with(invoices.KIND, "BillToCustomerNumber", site["AccountNumber"])
        if one["BillToSite"] == site["BillToSiteNumber"]
    }
    return [
        _application(row, one, mine[str(one["invoice"])], stands)
        for row in pod.rows_with(KIND, "CustomerAccountNumber", site["AccountNumber"])
        for stands, listed in (("Y", row["_applications"]), ("N", row.get("_past", [])))
        for one in listed
        if str(one["invoice"]) in mine
    ]


def _application(row: Row, one: Row, invoice: Row, stands: str) -> Row:
    return {
        "ApplicationId": one["id"],
        "StandardReceiptId": row["StandardReceiptId"],
        "ReceiptNumber": row["ReceiptNumber"],
        "ReceiptMethod": row["ReceiptMethod"],
        "ApplicationAmount": one["amount"],
        "EnteredCurrency": row["Currency"],
        "ApplicationDate": one["date"],
        "AccountingDate": one["date"],
        "ApplicationStatus": "Applied",
        "IsLatestApplication": stands,
        "ReferenceInstallmentId": one.get("installment"),
        "ReferenceTransactionId": invoice["CustomerTransactionId"],
        "ReferenceTransactionNumber": invoice["TransactionNumber"],
        "ReferenceTransactionStatus": invoice["InvoiceStatus"],
    }


def postings(row: Row) -> list[tuple[str, Decimal]]:
    """Debits less credits by account that a receipt posts."""
    if row["Status"] == REVERSED:
        return []
    used = sum((money(one["amount"]) for one in row["_applications"]), Decimal(0))
    refunded = money(row.get("_refunded"))
    cash = money(row["Amount"]) - refunded
    return [(row["_cash"], cash), (RECEIVABLE, -used), (UNAPPLIED, -money(row["UnappliedAmount"]))]
