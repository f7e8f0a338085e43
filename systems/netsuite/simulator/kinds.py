"""The record types of the account: their family, how a document is numbered, their names in SuiteQL and in statuses, and what the role may do.

Sources: type codes and status letters of transactions as public SuiteQL samples and status lists give them. Letters of orders, and letters that are
not on those lists, are assumed. Entities share one series of internal ids, transactions another; every other type has its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Kind:
    """A record type. `party` is the field with its customer or vendor; `lock` is the side of a period's lock that stops it (`ap`, `ar`, "" = all)."""

    name: str
    family: str
    code: str = ""
    label: str = ""
    prefix: str = ""
    party: str = ""
    lock: str = ""
    statuses: dict[str, str] = field(default_factory=dict)
    is_posting: bool = True
    is_written: bool = True


_ORDER = {
    "A": "Pending Supervisor Approval",
    "B": "Pending Receipt",
    "C": "Rejected by Supervisor",
    "D": "Partially Received",
    "E": "Pending Billing/Partially Received",
    "F": "Pending Bill",
    "G": "Fully Billed",
    "H": "Closed",
}
_BILL = {"A": "Open", "B": "Paid In Full", "C": "Cancelled", "D": "Pending Approval", "E": "Rejected", "F": "Payment in Transit"}
_PAID = {"A": "Open", "B": "Paid In Full", "D": "Pending Approval"}
_CREDIT = {"A": "Open", "B": "Fully Applied"}
_DEPOSIT = {"A": "Not Deposited", "B": "Deposited", "C": "Fully Applied"}
_PAYMENT = {"C": "Not Deposited", "D": "Deposited"}

TRANSACTIONS = (
    Kind("purchaseOrder", "transaction", "PurchOrd", "Purchase Order", "PO", "entity", "", _ORDER, is_posting=False),
    Kind("vendorBill", "transaction", "VendBill", "Bill", "BILL", "entity", "ap", _BILL),
    Kind("vendorCredit", "transaction", "VendCred", "Bill Credit", "VC", "entity", "ap", _CREDIT),
    Kind("vendorPayment", "transaction", "VendPymt", "Bill Payment", "BP", "entity", "ap", {"A": "Approved"}, is_written=False),
    Kind("invoice", "transaction", "CustInvc", "Invoice", "INV", "entity", "ar", _PAID),
    Kind("creditMemo", "transaction", "CustCred", "Credit Memo", "CM", "entity", "ar", _CREDIT),
    Kind("customerPayment", "transaction", "CustPymt", "Payment", "PYMT", "customer", "ar", _PAYMENT),
    Kind("customerDeposit", "transaction", "CustDep", "Customer Deposit", "CD", "customer", "ar", _DEPOSIT),
    Kind("depositApplication", "transaction", "DepAppl", "Deposit Application", "DA", "customer", "ar", {"A": "Applied"}),
    Kind("customerRefund", "transaction", "CustRfnd", "Customer Refund", "CR", "customer", "ar", {"A": "Approved"}),
    Kind("journalEntry", "transaction", "Journal", "Journal", "JE", "", "", {"A": "Pending Approval", "B": "Approved for Posting"}),
)
_LISTS = (
    "department classification location subsidiary account accountingPeriod item currency term paymentMethod salesTaxItem".split()  # noqa: SIM905
)
KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("vendor", "entity", "Vendor"),
        Kind("customer", "entity", "CustJob"),
        Kind("job", "entity", "Job"),
        *TRANSACTIONS,
        *(Kind(name, name, is_written=False) for name in _LISTS),
    )
}
BY_CODE = {kind.code: kind for kind in TRANSACTIONS}
ITEM_TYPES = {
    "serviceResaleItem": "Service",
    "nonInventoryResaleItem": "NonInvtPart",
    "inventoryItem": "InvtPart",
    "otherChargeResaleItem": "OthCharge",
    "discountItem": "Discount",
}
"""Items have no single record type in the record service: each sort of item is one."""
