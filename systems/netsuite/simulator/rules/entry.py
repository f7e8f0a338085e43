"""Saving and deleting a record: the rules that apply, and what is committed with it.

A save is one transaction: the record, the orders and documents that it changes, and the entry that reverses a journal.
"""

from __future__ import annotations

from collections.abc import Callable

from systems.netsuite.simulator.account import Account, Change, Row
from systems.netsuite.simulator.answers import user_error
from systems.netsuite.simulator.rules import documents, journals, masters, orders, payments, periods
from systems.netsuite.simulator.rules.applications import release
from systems.netsuite.simulator.rules.work import Work

RULES: dict[str, Callable[[Work], None]] = {
    "vendor": masters.party,
    "customer": masters.party,
    "job": masters.project,
    "purchaseOrder": orders.order,
    "vendorBill": documents.bill,
    "vendorCredit": documents.vendor_credit,
    "vendorPayment": payments.vendor_payment,
    "invoice": documents.invoice,
    "creditMemo": documents.credit_memo,
    "customerPayment": payments.payment,
    "customerDeposit": payments.deposit,
    "depositApplication": payments.deposit_application,
    "customerRefund": payments.refund,
    "journalEntry": journals.journal,
}


def save(work: Work, request_id: str = "") -> Row:
    """Save a new or changed record; returns the row. Raises `NsError`, and then nothing is saved."""
    row, account, is_new = work.row, work.account, work.before is None
    _refuse_external_twice(account, row)
    if is_new:
        row["id"] = account.new_id(row["_kind"])
    if row["_kind"] in RULES:
        RULES[row["_kind"]](work)
    changes = work.changes("create" if is_new else "update")
    if row["_kind"] == "journalEntry" and row.get("reversalDate") and not row.get("reversalEntry"):
        changes.append(Change(_reversed(work), "create", f"reverses {row['id']}", work.context))
    account.commit(changes, request_id)
    return row


def _refuse_external_twice(account: Account, row: Row) -> None:
    external = row.get("externalId")
    if not external:
        return
    held = account.by_external(row["_kind"], external)
    if held is not None and held["id"] != row.get("id") and account.settings.duplicate_external_id == "refuse":
        raise user_error(f"This record already exists (externalId {external}).", "externalId")


def _reversed(work: Work) -> Row:
    row = work.row
    other = Work(work.account, journals.reversal_of(row) | {"id": work.account.new_id("journalEntry")}, None, work.context)
    journals.journal(other)
    row["reversalEntry"] = other.row["tranId"]
    return other.row


def delete(account: Account, row: Row, context: str = "REST", request_id: str = "") -> None:
    """Delete a record; refused if others depend on it or its period is not open."""
    kind = row["_kind"]
    if row.get("_applied") or (kind == "purchaseOrder" and _is_used(row)):
        raise user_error("This transaction cannot be deleted because it is linked to by one or more transactions.")
    if kind in ("vendor", "customer") and account.used[row["id"]]:
        raise user_error(f"This {kind} cannot be deleted because it has dependent records.")
    if row.get("postingPeriod"):
        periods.refuse_closed(account, row["postingPeriod"], Work(account, row, row).kind.lock)
    work = Work(account, row, row, context)
    release(work)
    if kind == "vendorBill":
        orders.give_back(work)
    account.commit(work.changes("delete"), request_id)


def _is_used(row: Row) -> bool:
    return any(
        line.get("_billed") or float(line.get("quantityBilled") or 0) or float(line.get("quantityReceived") or 0)
        for name in ("item", "expense")
        for line in row.get(name) or []
    )
