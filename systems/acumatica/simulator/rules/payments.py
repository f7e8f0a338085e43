"""Customer payments, prepayments and refunds, screen AR302000: entry, applications, ReleasePayment, VoidPayment.

An application is a row of DocumentsToApply; release books it: the invoice's balance goes down and the row moves to ApplicationHistory
(assumed from the screen's two tabs). A later application is a row appended to a released payment and a second ReleasePayment.
"""

from __future__ import annotations

from decimal import Decimal

from systems.acumatica.simulator.answers import VendorError
from systems.acumatica.simulator.node import Node
from systems.acumatica.simulator.rules import documents, periods
from systems.acumatica.simulator.rules.lines import branches
from systems.acumatica.simulator.rules.work import Path, Work
from systems.acumatica.simulator.tenant import Change, Tenant

TYPES = ("Payment", "Prepayment", "Refund", "Credit Memo", "Voided Payment", "Voided Refund")
READ_ONLY = ("Status", "AvailableBalance", "AppliedToDocuments", "AppliedToOrders", "ApplicationHistory", "NoteID")
_EDITABLE = ("Description", "Hold", "ExternalRef", "ApplicationDate", "AppliedToDocuments", "AvailableBalance")
_TARGETS = {"Refund": ("Payment", "Prepayment", "Credit Memo")}
_INVOICES = ("Invoice", "Debit Memo", "Overdue Charge")


def complete(work: Work) -> None:
    """Check and compute the whole document with its applications."""
    node = work.node
    work.default("Type", "Payment")
    work.one_of("Type", TYPES[:3] if work.before is None else TYPES)
    work.require("CustomerID")
    work.exists("CustomerID", "Customer")
    node.values.setdefault("PaymentAmount", Decimal("0.00"))
    if work.released:
        documents.refuse_edits(work, _EDITABLE, ("DocumentsToApply",))
        node.values["Hold"] = False
    else:
        _header(work)
    _applications(work)


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
        pending += _application(work, row, ("DocumentsToApply", number), seen)
    left = node.money("PaymentAmount") - applied(node) - pending
    if pending and left < 0:
        work.refuse((), f"The applications exceed the payment by {-left}.")
    node.values["AppliedToDocuments"] = pending
    node.values["AvailableBalance"] = left


def _application(work: Work, row: Node, path: Path, seen: dict[tuple[str, str], Decimal]) -> Decimal:
    node = work.node
    types = _TARGETS.get(node.text("Type"), _INVOICES)
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


def target_of(tenant: Tenant, row: Node) -> Node | None:
    """The document that an application row names."""
    entity = "Invoice" if row.text("DocType") in _INVOICES else "Payment"
    return tenant.table(entity).by_keys(row.text("DocType"), row.text("ReferenceNbr"))


def open_balance(target: Node) -> Decimal:
    """What is left to apply to a document."""
    return target.money("Balance") if "Balance" in target.values else target.money("AvailableBalance")


def applied(node: Node) -> Decimal:
    """What is booked already; a refund taken out of the payment counts too."""
    return sum((row.money("AmountPaid") for row in node.details.get("ApplicationHistory", [])), Decimal(0))


def release(tenant: Tenant, record: Node) -> list[Change]:
    """Book the payment and the applications entered so far; on a released payment, the applications alone."""
    node = record.copy()
    pending = node.rows("DocumentsToApply")
    if node.text("Type").startswith("Voided"):
        return _release_void(tenant, node)
    if node.hidden.get("released"):
        if not pending or node.text("Status") == "Voided":
            raise VendorError(500, documents.INVALID_STATUS)
        first: list[Change] = []
    else:
        documents.refuse_unreleasable(record)
        _refuse_partial_refund(node)
        first = [Change("Payment", node, "release")]
    periods.refuse_closed(tenant, periods.posting_period(node), "AR")
    node.hidden["released"] = True
    changes = [change for row in pending for change in _book(tenant, node, row)]
    node.details["DocumentsToApply"] = []
    node.values["AppliedToDocuments"] = Decimal("0.00")
    documents.settle(node, node.money("PaymentAmount") - applied(node), "AvailableBalance")
    return first + _once(changes) + _memo(tenant, node)


def _refuse_partial_refund(node: Node) -> None:
    if node.text("Type") == "Refund" and node.money("AvailableBalance"):
        raise VendorError(500, "The refund must be applied in full before it is released.")


def _book(tenant: Tenant, node: Node, row: Node) -> list[Change]:
    held = target_of(tenant, row)
    amount = row.money("AmountPaid")
    if held is None or held.text("Status") != "Open" or open_balance(held) < amount:
        raise VendorError(500, f"The application to {row.text('DocType')} {row.text('ReferenceNbr')} exceeds its balance.")
    target = held.copy()
    name = f"{row.text('DocType')}/{row.text('ReferenceNbr')}"
    node.rows("ApplicationHistory").append(_history(tenant, node, row))
    if "Balance" in target.values:
        documents.settle(target, target.money("Balance") - amount)
        target.rows("ApplicationsDefault").append(_mirror(tenant, node, amount))
        entity = "Invoice"
    else:
        target.rows("ApplicationHistory").append(_history(tenant, node, row))
        documents.settle(target, target.money("AvailableBalance") - amount, "AvailableBalance")
        entity = "Payment"
    return [
        Change("Payment", node, "apply", name, amount),
        Change(entity, target, "settle", f"by {node.text('ReferenceNbr')}", amount),
    ]


def _once(changes: list[Change]) -> list[Change]:
    """Refuse two rows for one document in the same release, which entry allows only within the balance (assumed)."""
    targets = [change.node.id for change in changes if change.operation == "settle"]
    if len(set(targets)) != len(targets):
        raise VendorError(500, "A document is applied twice in one release.")
    return changes


def _history(tenant: Tenant, node: Node, row: Node) -> Node:
    number = len(node.rows("ApplicationHistory")) + 1
    values = {
        "AdjustedDocType": row.text("DocType"),
        "AdjustedRefNbr": row.text("ReferenceNbr"),
        "AdjustingDocType": node.text("Type"),
        "AdjustingRefNbr": node.text("ReferenceNbr"),
        "AdjustmentNbr": number,
        "AmountPaid": row.money("AmountPaid"),
        "ApplicationPeriod": periods.posting_period(node),
        "Customer": node.text("CustomerID"),
        "Date": node.values["ApplicationDate"],
        "DisplayDocType": row.text("DocType"),
        "DisplayRefNbr": row.text("ReferenceNbr"),
        "Description": row.text("Description"),
        "CustomerOrder": row.text("CustomerOrder"),
    }
    return Node(id=tenant.new_id("history", node.id, row.id, str(number)), values=values)


def _mirror(tenant: Tenant, node: Node, amount: Decimal) -> Node:
    values = {
        "DocType": node.text("Type"),
        "ReferenceNbr": node.text("ReferenceNbr"),
        "AmountPaid": amount,
        "Balance": Decimal("0.00"),
        "PaymentDate": node.values["ApplicationDate"],
        "Status": "Closed",
    }
    return Node(id=tenant.new_id("mirror", node.id, str(len(node.rows("ApplicationHistory")))), values=values)


def _memo(tenant: Tenant, node: Node) -> list[Change]:
    memo = tenant.table("Invoice").get(str(node.hidden.get("memo", "")))
    if memo is None:
        return []
    copy = memo.copy()
    documents.settle(copy, node.money("AvailableBalance"))
    return [Change("Invoice", copy, "settle", "credit memo applied")]


def void(tenant: Tenant, record: Node) -> list[Change]:
    """VoidPayment: a Voided Payment of the same number and the opposite amount, to be released (assumed)."""
    if not record.hidden.get("released") or record.text("Status") == "Voided" or record.text("Type") not in TYPES[:3]:
        raise VendorError(500, documents.INVALID_STATUS)
    kind = "Voided Refund" if record.text("Type") == "Refund" else "Voided Payment"
    if tenant.table("Payment").by_keys(kind, record.text("ReferenceNbr")) is not None:
        raise VendorError(500, f"The {kind} {record.text('ReferenceNbr')} exists already.")
    node = Node(id=tenant.new_id("Payment", kind, record.text("ReferenceNbr")), values=dict(record.values))
    node.values |= {
        "Type": kind,
        "ApplicationDate": tenant.today(),
        "PaymentAmount": -record.money("PaymentAmount"),
        "AvailableBalance": Decimal("0.00"),
        "AppliedToDocuments": Decimal("0.00"),
        "Status": "Balanced",
        "Hold": False,
    }
    node.custom = dict(record.custom)
    node.hidden = {"period": periods.period_of(tenant.today()), "voids": record.id}
    return [Change("Payment", node, "create", f"voids {record.text('Type')}/{record.text('ReferenceNbr')}")]


def _release_void(tenant: Tenant, node: Node) -> list[Change]:
    documents.refuse_unreleasable(node)
    periods.refuse_closed(tenant, periods.posting_period(node), "AR")
    node.hidden["released"] = True
    node.values["Status"] = "Closed"
    original = tenant.table("Payment").get(str(node.hidden["voids"]))
    if original is None:
        raise VendorError(500, "The voided document is gone.")
    copy = original.copy()
    copy.values |= {"Status": "Voided", "AvailableBalance": Decimal("0.00")}
    reopened = [change for row in copy.rows("ApplicationHistory") for change in _reopen(tenant, row)]
    return [Change("Payment", node, "release"), Change("Payment", copy, "void"), *reopened]


def _reopen(tenant: Tenant, row: Node) -> list[Change]:
    target = tenant.table("Invoice").by_keys(row.text("AdjustedDocType"), row.text("AdjustedRefNbr"))
    if target is None:
        return []
    copy = target.copy()
    documents.settle(copy, copy.money("Balance") + row.money("AmountPaid"))
    return [Change("Invoice", copy, "reopen", f"by {row.text('AdjustingRefNbr')}", row.money("AmountPaid"))]
