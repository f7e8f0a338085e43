"""Bills and debit adjustments, screen AP301000: entry, ReleaseBill, ReverseBill.

"Raise an Error on Duplicate Vendor Reference" and "Require Vendor Reference" are preferences (settings). Applications of a debit
adjustment are entered as its `Applications` rows and booked by ReleaseBill (assumed; the product books them on the payment screen).
"""

from __future__ import annotations

from decimal import Decimal

from systems.acumatica.simulator.answers import VendorError
from systems.acumatica.simulator.node import Node
from systems.acumatica.simulator.rules import documents, periods
from systems.acumatica.simulator.rules.lines import BILL, branches, check_lines, tax_of
from systems.acumatica.simulator.rules.work import Path, Work
from systems.acumatica.simulator.tenant import Change, Tenant

TYPES = ("Bill", "Credit Adj.", "Debit Adj.", "Prepayment")
READ_ONLY = ("Status", "Balance", "TaxTotal", "IsTaxValid")
_EDITABLE = ("Description", "DueDate", "Hold", "ApprovedForPayment")


def complete(work: Work) -> None:
    """Check and compute the whole document."""
    node = work.node
    work.default("Type", "Bill")
    work.one_of("Type", TYPES)
    work.require("Vendor")
    vendor = work.exists("Vendor", "Vendor")
    if work.released:
        documents.refuse_edits(work, _EDITABLE, ("Applications",))
        node.values["Hold"] = False
    else:
        _header(work, vendor)
    _applications(work)


def _header(work: Work, vendor: Node | None) -> None:
    node, debit = work.node, work.node.text("Type") == "Debit Adj."
    if vendor is not None and vendor.text("Status") not in ("Active", "One-Time", "Hold Payments"):
        work.refuse(("Vendor",), f"The vendor status is '{vendor.text('Status')}'.")
    if work.tenant.settings.vendor_ref_required and not debit:
        work.require("VendorRef")
    _refuse_duplicate(work)
    periods.date_and_period(work, "Date", "AP")
    work.default("BranchID", work.branch or "MAIN")
    if node.text("BranchID") not in branches(work):
        work.refuse(("BranchID",), f"'{node.text('BranchID')}' cannot be found in the system.")
    work.default("CurrencyID", work.tenant.settings.currency)
    if node.text("CurrencyID") != work.tenant.settings.currency:
        work.refuse(("CurrencyID",), f"'{node.text('CurrencyID')}' cannot be found in the system.")
    work.default("LocationID", "MAIN")
    work.exists("CashAccount", "Account")
    work.exists("Project", "Project")
    documents.terms_and_due(work, "" if debit or vendor is None else vendor.text("Terms") or "30D")
    tax_zone = "" if vendor is None else vendor.text("TaxZone")
    documents.total(work, check_lines(work, BILL, node.text("BranchID")) + tax_of(work, tax_zone))
    documents.hold_and_status(work)


def _refuse_duplicate(work: Work) -> None:
    node, settings = work.node, work.tenant.settings
    if settings.duplicate_vendor_ref != "error" or not node.text("VendorRef"):
        return
    wanted = (node.text("Vendor").casefold(), node.text("Type"))
    for other in work.tenant.table("Bill").with_value("VendorRef", node.text("VendorRef")):
        if other.id != node.id and (other.text("Vendor").casefold(), other.text("Type")) == wanted:
            text = (
                f"Document with the same vendor reference '{node.text('VendorRef')}' already exists: {other.text('ReferenceNbr')}."
            )
            work.refuse(("VendorRef",), text)


def _applications(work: Work) -> None:
    node = work.node
    rows = node.rows("Applications")
    pending = [row for row in rows if not row.hidden.get("booked")]
    for row in pending:
        row.hidden.pop("draft", None)
    if pending and node.text("Type") != "Debit Adj.":
        work.refuse((), "Applications are entered on the debit adjustment.")
        return
    for number, row in enumerate(rows):
        if not row.hidden.get("booked"):
            _application(work, row, ("Applications", number))
    if sum((row.money("AmountPaid") for row in pending), Decimal(0)) > node.money("Balance"):
        work.refuse((), "The applications exceed the balance of the adjustment.")


def _application(work: Work, row: Node, path: Path) -> None:
    row.values.setdefault("DocType", "Bill")
    bill = work.tenant.table("Bill").by_keys(row.text("DocType"), row.text("ReferenceNbr"))
    if bill is None or bill.text("Vendor").casefold() != work.node.text("Vendor").casefold():
        work.refuse((*path, "ReferenceNbr"), f"'{row.text('ReferenceNbr')}' cannot be found in the system.")
    elif bill.text("Status") != "Open":
        work.refuse((*path, "ReferenceNbr"), f"The document '{row.text('ReferenceNbr')}' is not open ({bill.text('Status')}).")
    elif not 0 < row.money("AmountPaid") <= bill.money("Balance"):
        work.refuse((*path, "AmountPaid"), f"'{row.money('AmountPaid')}' must be above 0 and within {bill.money('Balance')}.")


def release(tenant: Tenant, record: Node) -> list[Change]:
    """Book the document and the applications entered so far; for a released adjustment, only the applications."""
    node = record.copy()
    pending = [row for row in node.rows("Applications") if not row.hidden.get("booked")]
    first: list[Change] = []
    if not (node.hidden.get("released") and pending):
        documents.refuse_unreleasable(record)
        node.hidden["released"] = True
        first = [Change("Bill", node, "release")]
    periods.refuse_closed(tenant, periods.posting_period(node), "AP")
    changes = [change for row in pending for change in _book(tenant, node, row)]
    documents.settle(node, node.money("Balance"))
    return first + changes


def _book(tenant: Tenant, node: Node, row: Node) -> list[Change]:
    held = tenant.table("Bill").by_keys(row.text("DocType"), row.text("ReferenceNbr"))
    amount = row.money("AmountPaid")
    if held is None or held.text("Status") != "Open" or held.money("Balance") < amount:
        raise VendorError(500, f"The application to Bill {row.text('ReferenceNbr')} exceeds its balance.")
    bill = held.copy()
    documents.settle(bill, bill.money("Balance") - amount)
    values = {"DocType": node.text("Type"), "ReferenceNbr": node.text("ReferenceNbr"), "AmountPaid": amount, "Status": "Closed"}
    mirror = Node(id=tenant.new_id("mirror", node.id, row.id), values=values, hidden={"booked": True})
    bill.rows("Applications").append(mirror)
    row.hidden["booked"] = True
    row.values["Balance"] = bill.money("Balance")
    node.values["Balance"] = node.money("Balance") - amount
    name = f"Bill/{row.text('ReferenceNbr')}"
    return [Change("Bill", node, "apply", name, amount), Change("Bill", bill, "settle", f"by {node.text('ReferenceNbr')}", amount)]


def pay(tenant: Tenant, number: str, amount: Decimal) -> Node:
    """A person pays a bill by check. The endpoint's bill shows only the new balance. Raises ValueError above the open amount."""
    held = tenant.table("Bill").by_keys("Bill", number)
    if held is None or held.text("Status") != "Open" or not 0 < amount <= held.money("Balance"):
        raise ValueError(f"no open bill {number!r} with a balance of {amount}")
    bill = held.copy()
    documents.settle(bill, bill.money("Balance") - amount)
    tenant.commit([Change("Bill", bill, "settle", "by a check", amount)])
    return bill


def reverse(tenant: Tenant, record: Node) -> list[Change]:
    """ReverseBill: a debit adjustment with the same lines, on hold or balanced as the preferences say."""
    if not record.hidden.get("released") or record.text("Type") not in ("Bill", "Credit Adj."):
        raise VendorError(500, documents.INVALID_STATUS)
    number = tenant.number("Bill", 6)
    node = Node(id=tenant.new_id("Bill", number), values=dict(record.values), custom=dict(record.custom))
    hold = tenant.settings.hold_on_entry
    today = tenant.today()
    node.values |= {"Type": "Debit Adj.", "ReferenceNbr": number, "Date": today, "PostPeriod": periods.period_of(today)}
    node.values |= {"Hold": hold, "Status": "On Hold" if hold else "Balanced", "Balance": record.money("Amount")}
    periods.refuse_closed(tenant, periods.period_of(today), "AP")
    for name in ("Details", "TaxDetails"):
        node.details[name] = [_copied(tenant, node, row) for row in record.details.get(name, [])]
    return [Change("Bill", node, "reverse", f"Bill/{record.text('ReferenceNbr')}")]


def _copied(tenant: Tenant, node: Node, row: Node) -> Node:
    copy = row.copy()
    copy.id = tenant.new_id("row", node.id, row.id)
    return copy
