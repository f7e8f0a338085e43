"""The resources as trees: their attributes, their key and their children, as `describe` of a pod would show them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from systems.oracle_fusion.spec import Attribute, attributes

_KEYS = {
    "suppliers": "SupplierId",
    "suppliers.sites": "SupplierSiteId",
    "suppliers.addresses": "SupplierAddressId",
    "purchaseOrders": "POHeaderId",
    "purchaseOrders.lines": "POLineId",
    "purchaseOrders.lines.schedules": "LineLocationId",
    "purchaseOrders.lines.schedules.distributions": "PODistributionId",
    "purchaseOrderLifeCycleDetails": "POHeaderId",
    "purchaseOrderLifeCycleDetails.schedules": "LineLocationId",
    "receivingReceiptRequests": "HeaderInterfaceId",
    "receivingReceiptRequests.lines": "InterfaceTransactionId",
    "receivingReceiptRequests.lines.processingErrors": "InterfaceErrorId",
    "receivingReceiptTransactionRequests": "InterfaceTransactionId",
    "receivingReceiptTransactionRequests.processingErrors": "InterfaceErrorId",
    "receivingTransactionsHistory": "TransactionId",
    "receivablesInvoices": "CustomerTransactionId",
    "receivablesInvoices.receivablesInvoiceLines": "CustomerTransactionLineId",
    "receivablesInvoices.receivablesInvoiceLines.receivablesInvoiceLineTaxLines": "CustomerTransactionLineId",
    "receivablesInvoices.receivablesInvoiceDistributions": "DistributionId",
    "receivablesInvoices.receivablesInvoiceInstallments": "InstallmentId",
    "receivablesCreditMemos": "CustomerTransactionId",
    "receivablesCreditMemos.receivablesCreditMemoLines": "CustomerTransactionLineId",
    "receivablesCreditMemos.receivablesCreditMemoLines.receivablesCreditMemoLineTaxLines": "CustomerTransactionLineId",
    "receivablesCreditMemos.receivablesCreditMemoDistributions": "DistributionId",
    "standardReceipts": "StandardReceiptId",
    "standardReceipts.remittanceReferences": "RemittanceReferenceId",
    "receivablesCustomerAccountSiteActivities": "BillToSiteUseId",
    "receivablesCustomerAccountSiteActivities.standardReceiptApplications": "ApplicationId",
    "accountCombinationsLOV": "_CODE_COMBINATION_ID",
    "accountingPeriodStatusLOV": "PeriodNameId",
    "valueSets": "ValueSetCode",
    "journalBatches": "JeBatchId",
    "journalBatches.journalHeaders": "JeHeaderId",
    "journalBatches.journalHeaders.journalLines": "JeLineNumber",
    "erpintegrations": "ReqstId",
}
_PLAIN = frozenset(
    {
        "purchaseOrderLifeCycleDetails",
        "receivablesInvoices",
        "receivablesCreditMemos",
        "standardReceipts",
        "receivablesCustomerAccountSiteActivities",
        "accountCombinationsLOV",
        "journalBatches",
        "valueSets",
    }
)
"""Resources whose path key is the id itself according to the documentation; for the others it "could be a hash of the key" (since 26a)."""


@dataclass(frozen=True)
class Shape:
    """A resource or a child; `path` is its dotted name, `name` the last part of it."""

    path: str
    attributes: Mapping[str, Attribute]
    key: str
    children: Mapping[str, Shape]

    @property
    def name(self) -> str:
        """Its own name."""
        return self.path.rpartition(".")[2]

    @property
    def is_hashed(self) -> bool:
        """Whether its path key may be a hash."""
        return self.path.partition(".")[0] not in _PLAIN

    def descend(self, dotted: str) -> Shape | None:
        """The child at a dotted name below this one; None if there is none."""
        shape: Shape | None = self
        for part in dotted.split("."):
            shape = shape.children.get(part) if shape is not None else None
        return shape

    def whole(self) -> Iterator[Shape]:
        """This shape and everything below it."""
        yield self
        for child in self.children.values():
            yield from child.whole()


@cache
def shapes() -> Mapping[str, Shape]:
    """Every resource by name."""
    return {path: _shape(path) for path in attributes() if "." not in path}


def _shape(path: str) -> Shape:
    known = attributes()
    depth = path.count(".") + 1
    inner = [other for other in known if other.startswith(path + ".") and other.count(".") == depth]
    key = _KEYS.get(path) or next(iter(known[path]))
    return Shape(path, known[path], key, {other.rpartition(".")[2]: _shape(other) for other in inner})
