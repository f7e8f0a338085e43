"""Invoices and credit memos, screen AR301000: entry and ReleaseInvoice.

A released credit memo also appears on the payment screen, under the same number, and is applied there (field notes: the Payment list also holds
credit memos).
"""

from __future__ import annotations

from systems.acumatica.simulator.node import Node
from systems.acumatica.simulator.rules import documents, periods
from systems.acumatica.simulator.rules.lines import INVOICE, branches, check_lines, tax_of
from systems.acumatica.simulator.rules.work import Work
from systems.acumatica.simulator.tenant import Change, Tenant

TYPES = ("Invoice", "Credit Memo", "Debit Memo", "Overdue Charge")
READ_ONLY = ("Status", "Balance", "TaxTotal", "IsTaxValid", "ApplicationsDefault", "ApplicationsCreditMemo", "CreatedDateTime")
_EDITABLE = ("Description", "DueDate", "CustomerOrder", "BillingPrinted", "Hold")


def complete(work: Work) -> None:
    """Check and compute the whole document."""
    node = work.node
    work.default("Type", "Invoice")
    work.one_of("Type", TYPES)
    work.require("Customer")
    customer = work.exists("Customer", "Customer")
    if customer is not None and customer.text("Status") not in ("Active", "One-Time"):
        work.refuse(("Customer",), f"The customer status is '{customer.text('Status')}'.")
    if work.released:
        documents.refuse_edits(work, _EDITABLE)
        node.values["Hold"] = False
        return
    periods.date_and_period(work, "Date", "AR")
    work.default("LinkBranch", work.branch or "MAIN")
    if node.text("LinkBranch") not in branches(work):
        work.refuse(("LinkBranch",), f"'{node.text('LinkBranch')}' cannot be found in the system.")
    work.default("LinkARAccount", "11000")
    work.exists("LinkARAccount", "Account")
    work.default("LocationID", "MAIN")
    work.exists("Project", "Project")
    _money(work, customer)
    documents.hold_and_status(work)


def _money(work: Work, customer: Node | None) -> None:
    credit = work.node.text("Type") == "Credit Memo"
    terms = "" if customer is None or credit else customer.text("Terms") or "30D"
    documents.terms_and_due(work, terms)
    lines = check_lines(work, INVOICE, work.node.text("LinkBranch"))
    tax = tax_of(work, "" if customer is None else customer.text("TaxZone"))
    documents.total(work, lines + tax)


def release(tenant: Tenant, record: Node) -> list[Change]:
    """Book the document: Open with its balance, or Closed if there is none."""
    documents.refuse_unreleasable(record)
    periods.refuse_closed(tenant, periods.posting_period(record), "AR")
    node = record.copy()
    node.hidden["released"] = True
    documents.settle(node, node.money("Amount"))
    changes = [Change("Invoice", node, "release")]
    if node.text("Type") == "Credit Memo":
        changes.append(Change("Payment", _as_payment(tenant, node), "open", "credit memo"))  # one document, shown on two screens
    return changes


def _as_payment(tenant: Tenant, memo: Node) -> Node:
    amount = memo.money("Amount")
    values = {
        "Type": "Credit Memo",
        "ReferenceNbr": memo.text("ReferenceNbr"),
        "CustomerID": memo.text("Customer"),
        "ApplicationDate": memo.values["Date"],
        "PaymentAmount": amount,
        "AvailableBalance": amount,
        "Description": memo.text("Description"),
        "CurrencyID": tenant.settings.currency,
        "Branch": memo.text("LinkBranch"),
        "BranchID": memo.text("LinkBranch"),
        "Hold": False,
        "Status": memo.text("Status"),
    }
    hidden = {"released": True, "period": memo.text("PostPeriod"), "memo": memo.id}
    return Node(id=tenant.new_id("Payment", "Credit Memo", memo.text("ReferenceNbr")), values=values, hidden=hidden)
