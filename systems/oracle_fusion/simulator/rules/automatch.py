"""Apply Receipts Using AutoMatch: the batch that applies receipts by their remittance references, and what a person applies by hand.

Source: FIN:api-standard-receipts (references are used when the process runs, asynchronously). Assumed: a reference matches the exact number of one
complete, open transaction of the same business unit and customer; a receipt without a match stays unapplied; a credit memo that a receipt references
by its number is not netted. It runs `automatch_s` of the pod's clock after the last run, or when it is told to.
"""

from __future__ import annotations

from decimal import Decimal

from runtime.simulator.records import Change, Row
from systems.oracle_fusion.simulator.answers import Refused
from systems.oracle_fusion.simulator.pod import SETUP, Pod, cents, money, wire_time
from systems.oracle_fusion.simulator.rules import credits, invoices, receipts

_LAST, _MATCHED_BY = "automatch", {"Transaction Number": "TransactionNumber", "Purchase Order": "PurchaseOrder"}


def run_due(pod: Pod) -> None:
    """Run the process if it is due."""
    every = pod.settings.automatch_s
    last = pod.get(SETUP, _LAST)
    if every and (last is None or pod.due(last["at"], every)):
        pod.commit([Change(SETUP, _LAST, {"at": wire_time(pod.clock.now())})])
        run(pod)


def run(pod: Pod) -> int:
    """Apply what matches; returns how many applications were made."""
    count = 0
    for key in [str(row["StandardReceiptId"]) for row in pod.rows(receipts.KIND)]:
        for reference in (pod.get(receipts.KIND, key) or {}).get(receipts.REFERENCES, []):
            row = pod.get(receipts.KIND, key)
            if row is not None and row["Status"] == receipts.UNAPPLIED_STATUS:
                count += _match(pod, row, reference)
    return count


def _match(pod: Pod, row: Row, reference: Row) -> int:
    done = row.get("_matched", [])
    found = _matching(pod, row, reference)
    if reference["RemittanceReferenceId"] in done or len(found) != 1:
        return 0
    open_amounts = (money(reference["ReferenceAmount"]), money(found[0]["InvoiceBalanceAmount"]), money(row["UnappliedAmount"]))
    amount = min(open_amounts)
    if amount <= 0:
        return 0
    marked = row | {"_matched": [*done, reference["RemittanceReferenceId"]]}
    try:
        pod.commit(receipts.applied(pod, marked, found[0], amount))
    except Refused:
        return 0
    return 1


def _matching(pod: Pod, row: Row, reference: Row) -> list[Row]:
    """The transactions that a reference can mean."""
    name, number = _MATCHED_BY.get(reference["ReceiptMatchBy"], ""), reference["ReferenceNumber"]
    if not name:
        return []
    rows = pod.rows_with(invoices.KIND, name, number) if pod.is_found_by(invoices.KIND, name) else pod.rows(invoices.KIND)
    return [
        one
        for one in rows
        if one.get(name) == number
        and one["BusinessUnit"] == row["BusinessUnit"]
        and one["BillToCustomerNumber"] == row["CustomerAccountNumber"]
        and one["InvoiceStatus"] == invoices.COMPLETE
        and money(one["InvoiceBalanceAmount"]) > 0
    ]


def by_hand(pod: Pod, wanted: dict[str, str]) -> str:
    """A person applies a receipt or a credit memo to an invoice: `{"receipt" or "memo", "invoice", "amount"}`. Raises ValueError."""
    invoice = next(iter(pod.rows_with(invoices.KIND, "TransactionNumber", wanted["invoice"])), None)
    kind, name = (credits.KIND, "TransactionNumber") if "memo" in wanted else (receipts.KIND, "ReceiptNumber")
    row = next(iter(pod.rows_with(kind, name, wanted.get("memo") or wanted["receipt"])), None)
    if invoice is None or row is None:
        raise ValueError("no such invoice, receipt or credit memo")
    balance = money(invoice["InvoiceBalanceAmount"])
    left = -money(row["AvailableBalance"]) if kind == credits.KIND else money(row["UnappliedAmount"])
    amount = Decimal(wanted["amount"]) if "amount" in wanted else min(balance, left)
    if kind == receipts.KIND:
        try:
            pod.commit(receipts.applied(pod, row, invoice, amount))
        except Refused as refused:
            raise ValueError(str(refused)) from refused
        return cents(amount)
    if not 0 < amount <= min(balance, left):
        raise ValueError(f"{amount} is more than what is open")
    memo = row | {"AvailableBalance": cents(money(row["AvailableBalance"]) + amount)}
    pod.commit([pod.put(credits.KIND, memo, "apply", f"{amount:.2f}"), invoices.settled(pod, invoice, amount)])
    return cents(amount)
