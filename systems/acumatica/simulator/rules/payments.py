"""Customer payments, prepayments and refunds, screen AR302000: entry, applications, ReleasePayment, VoidPayment.

An application is a row of DocumentsToApply. Release books it: the invoice's balance is reduced and the row moves to ApplicationHistory (assumed from
the screen's two tabs). A later application is a row appended to a released payment, and a second ReleasePayment. It is dated by the present
ApplicationDate, which is the only date of a released payment that can change while part of it is open (assumed: AdjDate of the screen; the payment
keeps its own date). Release refuses an application dated or posted before the document that it settles (assumed words). What a void or a reversal
takes back stays in the history, with a row of the opposite amount (assumed).
"""

from __future__ import annotations

from decimal import Decimal

from systems.acumatica.simulator.answers import VendorError
from systems.acumatica.simulator.node import Node
from systems.acumatica.simulator.rules import documents, periods, reversals, voids
from systems.acumatica.simulator.rules.applications import (
    INVOICES,
    applied,
    history_row,
    memo_of,
    open_balance,
    refuse_early,
    settled,
    target_of,
)
from systems.acumatica.simulator.rules.lines import branches
from systems.acumatica.simulator.rules.work import Path, Work
from systems.acumatica.simulator.tenant import Change, Tenant

TYPES = ("Payment", "Prepayment", "Refund", "Credit Memo", "Voided Payment", "Voided Refund")
READ_ONLY = ("Status", "AvailableBalance", "AppliedToDocuments", "AppliedToOrders", "ApplicationHistory", "NoteID")
_EDITABLE = ("Description", "Hold", "ExternalRef", "AppliedToDocuments", "AvailableBalance")
_TARGETS = {"Refund": ("Payment", "Prepayment", "Credit Memo")}


def complete(work: Work) -> None:
    """Check and compute the whole document with its applications."""
    node = work.node
    work.default("Type", "Payment")
    work.one_of("Type", TYPES[:3] if work.before is None else TYPES)
    work.require("CustomerID")
    work.exists("CustomerID", "Customer")
    node.values.setdefault("PaymentAmount", Decimal("0.00"))
    if work.released:
        documents.refuse_edits(work, _editable(work), ("DocumentsToApply",))
        node.values["Hold"] = False
    elif node.text("Type").startswith("Voided"):
        voids.complete(work)
        return
    else:
        _header(work)
    _applications(work)


def _editable(work: Work) -> tuple[str, ...]:
    """The fields that may change after release: also the date of applications, while something is open or about to be."""
    before = work.before or Node()
    is_reversing = any(row.hidden.get("reverses") for row in before.rows("DocumentsToApply"))
    return (*_EDITABLE, "ApplicationDate") if is_reversing or before.money("PaymentAmount") != applied(before) else _EDITABLE


def _header(work: Work) -> None:
    node = work.node
    periods.date_and_period(work, "ApplicationDate", "AR")
    _method(work)
    if work.tenant.settings.payment_ref_required:
        work.require("PaymentRef")
    work.default("BranchID", node.text("Branch") or work.branch or "MAIN")
    node.values["Branch"] = node.text("BranchID")
    if node.text("BranchID") not in branches(work):
        work.refuse(("BranchID",), f"'{node.text('BranchID')}' cannot be found in the system.")
    work.default("CurrencyID", work.tenant.settings.currency)
    if node.text("CurrencyID") != work.tenant.settings.currency:
        work.refuse(("CurrencyID",), f"'{node.text('CurrencyID')}' is not the currency of the cash account.")
    work.default("CustomerLocationID", "MAIN")
    work.cents(node, "PaymentAmount", ("PaymentAmount",))
    if node.money("PaymentAmount") < 0:
        work.refuse(("PaymentAmount",), "The amount must not be negative.")
    documents.hold_and_status(work)


def _method(work: Work) -> None:
    node = work.node
    work.require("PaymentMethod")
    method = work.exists("PaymentMethod", "PaymentMethod")
    allowed = [] if method is None else method.details.get("AllowedCashAccounts", [])
    work.default("CashAccount", next((row.text("CashAccount") for row in allowed if row.values.get("ARDefault")), ""))
    if work.require("CashAccount") and node.text("CashAccount") not in {row.text("CashAccount") for row in allowed}:
        work.refuse(("CashAccount",), f"'{node.text('CashAccount')}' cannot be found in the system.")


def _applications(work: Work) -> None:
    node = work.node
    seen: dict[tuple[str, str], Decimal] = {}
    pending = Decimal(0)
    for number, row in enumerate(node.rows("DocumentsToApply")):
        row.hidden.pop("draft", None)
        is_reversal = bool(row.hidden.get("reverses"))
        pending += row.money("AmountPaid") if is_reversal else _application(work, row, ("DocumentsToApply", number), seen)
    left = node.money("PaymentAmount") - applied(node) - pending
    if pending and left < 0:
        work.refuse((), f"The applications exceed the payment by {-left}.")
    node.values["AppliedToDocuments"] = pending
    node.values["AvailableBalance"] = left


def _application(work: Work, row: Node, path: Path, seen: dict[tuple[str, str], Decimal]) -> Decimal:
    node = work.node
    types = _TARGETS.get(node.text("Type"), INVOICES)
    row.values.setdefault("DocType", types[0])
    if row.text("DocType") not in types:
        work.refuse((*path, "DocType"), f"'{row.text('DocType')}' is not one of the allowed values: {', '.join(types)}.")
        return Decimal(0)
    target = target_of(work.tenant, row)
    if target is None:
        work.refuse((*path, "ReferenceNbr"), f"'{row.text('ReferenceNbr')}' cannot be found in the system.")
        return Decimal(0)
    party = target.text("Customer") or target.text("CustomerID")
    if party.casefold() != node.text("CustomerID").casefold():
        work.refuse((*path, "ReferenceNbr"), f"'{row.text('ReferenceNbr')}' belongs to customer '{party}'.")
    elif not target.hidden.get("released") or target.text("Status") != "Open":
        work.refuse((*path, "ReferenceNbr"), f"The document '{row.text('ReferenceNbr')}' is not open ({target.text('Status')}).")
    return _amount(work, row, path, target, seen)


def _amount(work: Work, row: Node, path: Path, target: Node, seen: dict[tuple[str, str], Decimal]) -> Decimal:
    key = (row.text("DocType"), row.text("ReferenceNbr"))
    open_amount = open_balance(target) - seen.get(key, Decimal(0))
    if row.values.get("AmountPaid") is None:
        row.values["AmountPaid"] = max(Decimal(0), min(open_amount, work.node.money("PaymentAmount") - applied(work.node)))
    amount = row.money("AmountPaid")
    if amount < 0 or amount > open_amount:
        work.refuse((*path, "AmountPaid"), f"'{amount}' must be between 0 and the balance of the document, {open_amount}.")
    work.cents(row, "AmountPaid", (*path, "AmountPaid"))
    seen[key] = seen.get(key, Decimal(0)) + amount
    row.values.setdefault("Description", target.text("Description"))
    row.values.setdefault("CustomerOrder", target.text("CustomerOrder"))
    return amount


def release(tenant: Tenant, record: Node) -> list[Change]:
    """Book the payment and the applications and reversals entered so far; for a released payment, only the latter two."""
    node = record.copy()
    pending = node.rows("DocumentsToApply")
    if node.text("Type").startswith("Voided"):
        return voids.release(tenant, node)
    if node.hidden.get("released"):
        if not pending or node.text("Status") == "Voided":
            raise VendorError(500, documents.INVALID_STATUS)
        first: list[Change] = []
    else:
        documents.refuse_unreleasable(record)
        _refuse_partial_refund(node)
        node.hidden["date"] = node.values["ApplicationDate"].isoformat()
        first = [Change("Payment", node, "release")]
    periods.refuse_closed(tenant, periods.period_of(node.values["ApplicationDate"]), "AR")
    node.hidden["released"] = True
    changes = [change for row in pending for change in _booked(tenant, node, row)]
    node.details["DocumentsToApply"] = []
    node.values["AppliedToDocuments"] = Decimal("0.00")
    documents.settle(node, node.money("PaymentAmount") - applied(node), "AvailableBalance")
    return first + _once(changes) + memo_of(tenant, node)


def _booked(tenant: Tenant, node: Node, row: Node) -> list[Change]:
    return reversals.book(tenant, node, row) if row.hidden.get("reverses") else _book(tenant, node, row)


def _refuse_partial_refund(node: Node) -> None:
    if node.text("Type") == "Refund" and node.money("AvailableBalance"):
        raise VendorError(500, "The refund must be applied in full before it is released.")


def _book(tenant: Tenant, node: Node, row: Node) -> list[Change]:
    held = target_of(tenant, row)
    amount = row.money("AmountPaid")
    if held is None or held.text("Status") != "Open" or open_balance(held) < amount:
        raise VendorError(500, f"The application to {row.text('DocType')} {row.text('ReferenceNbr')} exceeds its balance.")
    refuse_early(node, held)
    node.rows("ApplicationHistory").append(history_row(tenant, node, row, amount))
    name = f"{row.text('DocType')}/{row.text('ReferenceNbr')}"
    return [Change("Payment", node, "apply", name, amount), *settled(tenant, node, row, amount)]


def _once(changes: list[Change]) -> list[Change]:
    """Refuse two rows for one document in the same release; entry allows them only within the balance (assumed)."""
    targets = [change.node.id for change in changes if change.operation == "settle"]
    if len(set(targets)) != len(targets):
        raise VendorError(500, "A document is applied twice in one release.")
    return changes
