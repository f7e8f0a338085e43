"""Open balances from the documents of the pod: `GET /__sim__/balances`."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from systems.oracle_fusion.simulator.pod import BILLS, Pod, money
from systems.oracle_fusion.simulator.rules.billing import CREDIT, INVOICE
from systems.oracle_fusion.simulator.rules.invoices import COMPLETE
from systems.oracle_fusion.simulator.rules.receipts import KIND as RECEIPTS
from systems.oracle_fusion.simulator.rules.receipts import postings

_DEBITS = frozenset({"Receivable"})
Sums = dict[str, Decimal]


def balances(pod: Pod) -> dict[str, Any]:
    """`{"customers": [{id, open, unapplied, balance}], "sites", "vendors": [{id, balance}], "accounts": [{account, balance}]}`; amounts are texts.

    A customer's id is the account number, a site's the account with the bill-to site (`1008/14`), a vendor's the SupplierId. `open` is what remains
    of complete invoices and credit memos, `unapplied` what remains of receipts. An account's balance is its debits less its credits, from complete
    receivables documents, receipts and journals.
    """
    opened: Sums = {}
    unapplied: Sums = {}
    for row in pod.rows(INVOICE.kind):
        if row["InvoiceStatus"] == COMPLETE:
            _add(opened, row["BillToCustomerNumber"], money(row["InvoiceBalanceAmount"]))
    for row in pod.rows(CREDIT.kind):
        _add(opened, row["BillToCustomerNumber"], money(row["AvailableBalance"]))
    for row in pod.rows(RECEIPTS):
        _add(unapplied, row["CustomerAccountNumber"] or "", money(row["UnappliedAmount"]))
    vendors: Sums = {}
    for row in pod.rows(BILLS):
        _add(vendors, str(row["SupplierId"]), money(row["Amount"]))
    return {
        "customers": [_customer(key, opened, unapplied) for key in sorted({*opened, *unapplied})],
        "sites": [{"id": key, "balance": f"{amount:.2f}"} for key, amount in sorted(_sites(pod).items())],
        "vendors": [{"id": key, "balance": f"{amount:.2f}"} for key, amount in sorted(vendors.items())],
        "accounts": [{"account": key, "balance": f"{amount:.2f}"} for key, amount in sorted(_accounts(pod).items()) if amount],
    }


def _sites(pod: Pod) -> Sums:
    """What is open at each bill-to site: invoices, less credit memos and what remains of receipts."""
    sums: Sums = {}
    for row in pod.rows(INVOICE.kind):
        if row["InvoiceStatus"] == COMPLETE:
            _add(sums, f"{row['BillToCustomerNumber']}/{row['BillToSite']}", money(row["InvoiceBalanceAmount"]))
    for row in pod.rows(CREDIT.kind):
        _add(sums, f"{row['BillToCustomerNumber']}/{row['BillToSite']}", money(row["AvailableBalance"]))
    for row in pod.rows(RECEIPTS):
        if row["CustomerAccountNumber"]:
            _add(sums, f"{row['CustomerAccountNumber']}/{row['CustomerSite']}", -money(row["UnappliedAmount"]))
    return sums


def _accounts(pod: Pod) -> Sums:
    sums: Sums = {}
    for form, is_booked in ((INVOICE, lambda row: row["InvoiceStatus"] == COMPLETE), (CREDIT, lambda _: True)):
        for row in filter(is_booked, pod.rows(form.kind)):
            for one in row[form.distributions]:
                sign = 1 if one["AccountClass"] in _DEBITS else -1
                _add(sums, one["AccountCombination"], sign * money(one["Amount"]))
    for row in pod.rows(RECEIPTS):
        for account, amount in postings(row):
            _add(sums, account, amount)
    for row in pod.rows("journalBatches"):
        for header in row["journalHeaders"]:
            for line in header["journalLines"]:
                _add(sums, line["AccountCombination"], money(line["EnteredDr"]) - money(line["EnteredCr"]))
    return sums


def _add(sums: Sums, key: str, amount: Decimal) -> None:
    sums[key] = sums.get(key, Decimal(0)) + amount


def _customer(key: str, opened: Sums, unapplied: Sums) -> dict[str, str]:
    left, free = opened.get(key, Decimal(0)), unapplied.get(key, Decimal(0))
    return {"id": key, "open": f"{left:.2f}", "unapplied": f"{free:.2f}", "balance": f"{left - free:.2f}"}
