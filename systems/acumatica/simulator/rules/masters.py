"""Customers, vendors and the plain lists (accounts, subaccounts, classes, methods, projects).

Required fields, statuses and class defaults are assumed. A customer's number is the one that was sent, else the next of its series.
"""

from __future__ import annotations

from systems.acumatica.simulator.node import Node
from systems.acumatica.simulator.rules.documents import TERMS
from systems.acumatica.simulator.rules.work import Work

READ_ONLY = ("BAccountID", "CreatedDateTime", "NoteID", "PrimaryContactID", "AccountID", "SubaccountID")
_CUSTOMER_STATUS = ("Active", "On Hold", "Credit Hold", "One-Time", "Inactive")
_VENDOR_STATUS = ("Active", "On Hold", "Hold Payments", "One-Time", "Inactive")
_ACCOUNT_TYPES = ("Asset", "Liability", "Income", "Expense")


def customer(work: Work) -> None:
    """Check and complete a customer. A name is required; the default class is that of the AR preferences, which may name none."""
    work.require("CustomerName")
    work.default("CustomerClass", work.tenant.settings.default_customer_class)
    found = _class(work, "CustomerClass")
    work.default("Terms", "30D" if found is None else found.text("Terms"))
    work.default("TaxZone", "" if found is None else found.text("TaxZoneID"))
    work.default("StatementCycleID", "MONTHLY")
    _party(work, _CUSTOMER_STATUS)


def vendor(work: Work) -> None:
    """Check and complete a vendor. A name is required; the default class is that of the AP preferences, which may name none."""
    work.require("VendorName")
    work.default("VendorClass", work.tenant.settings.default_vendor_class)
    _class(work, "VendorClass")
    work.default("LegalName", work.node.text("VendorName"))
    work.default("Terms", "30D")
    for name, entity in (("APAccount", "Account"), ("APSubaccount", "Subaccount"), ("PaymentMethod", "PaymentMethod")):
        work.exists(name, entity)
    _party(work, _VENDOR_STATUS)


def _class(work: Work, name: str) -> Node | None:
    work.require(name)
    return work.exists(name, name)


def _party(work: Work, statuses: tuple[str, ...]) -> None:
    work.default("Status", "Active")
    work.one_of("Status", statuses)
    work.default("CurrencyID", work.tenant.settings.currency)
    work.default("LocationName", "Primary Location")
    if work.node.text("Terms") not in TERMS:
        work.refuse(("Terms",), f"'{work.node.text('Terms')}' cannot be found in the system.")
    work.exists("TaxZone", "TaxZone")
    if work.before is None:
        work.node.values["BAccountID"] = work.tenant.store.next("BAccountID", 7001)
    contact = work.node.linked.setdefault("MainContact", Node(id=work.tenant.new_id("contact", work.node.id)))
    contact.linked.setdefault("Address", Node(id=work.tenant.new_id("address", work.node.id)))
    name = work.node.text("CustomerName") or work.node.text("VendorName")
    contact.values["CompanyName"] = name
    if "Email" in work.tenant.table(work.entity).shape.scalars:
        _one_email(work, contact)


def _one_email(work: Work, contact: Node) -> None:
    """Customer.Email and MainContact/Email are one field of the screen (assumed); the value that was sent counts."""
    sent = work.draft.values.get("Email")
    if sent is not None:
        contact.values["Email"] = sent
    elif contact.text("Email"):
        work.node.values["Email"] = contact.text("Email")


def listed(work: Work) -> None:
    """A row of a plain list: its key is required; accounts have a type."""
    for key in work.tenant.table(work.entity).keys:
        work.require(key)
    if work.entity == "Account":
        work.require("Type")
        work.one_of("Type", _ACCOUNT_TYPES)
        work.default("Active", True)
    if work.entity == "Subaccount":
        work.default("Active", True)
