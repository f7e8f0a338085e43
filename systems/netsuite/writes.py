"""What NetSuite keeps for us, and how safely: each record, what takes it back, and what is written in its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta

from systems.contract import Capability, Write
from systems.mapped import REVERSAL
from systems.netsuite.sink import BUDGET
from systems.netsuite.undo import STEPS

_P_MAX = timedelta(minutes=15)
"""NetSuite's own time-out of a request. After it nothing can be committed any more."""


def _document(record: str, document: str, steps: tuple[str, ...] = ("create",)) -> Write:
    """A document that carries our ref as external id; the account refuses a second one with it (assumed, and probed by `check`)."""
    return Write(record, document, steps, steps[-1], Capability.C1, "externalId", 255, "tranId", BUDGET.calls, _P_MAX)


def _master(record: str) -> Write:
    """A master under its external id (an upsert merges a second create), kept up to date."""
    return Write(
        record, record, ("upsert",), "upsert", Capability.C2, "externalId", 255, "entityId", BUDGET.calls, _P_MAX, updates=True
    )


_DOCUMENTS = (
    _document("ap_bill", "purchaseOrder, then vendorBill made of it", ("order", "bill")),
    _document("ap_credit", "vendorCredit"),
    _document("ar_invoice", "invoice"),
    _document("ar_credit_memo", "creditMemo"),
    _document("ar_receipt", "customerPayment or customerDeposit"),
    _document("ar_refund", "customerRefund"),
    _document("journal", "journalEntry"),
    Write("ar_application", "customerPayment.apply", ("apply",), "apply", Capability.C3, "", 0, "", BUDGET.calls, _P_MAX),
)
_CORRECTED: Mapping[str, tuple[str, ...]] = {
    "ap_bill": ("ap_bill", "ap_credit"),
    "ap_credit": ("ap_credit", "ap_bill"),
    "ar_invoice": ("ar_invoice", "ar_credit_memo"),
    "ar_credit_memo": ("ar_credit_memo", "ar_invoice"),
    "ar_receipt": ("ar_receipt",),
    "ar_refund": ("ar_refund",),
    "journal": ("journal",),
    "ar_application": ("ar_application",),
}
"""For each record, the records of the documents that it may replace: a document whose sign changes becomes a credit, and the reverse."""


def _reversals() -> Iterator[Write]:
    """The writes that take back what was written, and those that write a replacement."""
    for one in _DOCUMENTS:
        steps = STEPS[one.record]
        yield replace(one, record=REVERSAL, steps=steps, promised=steps[-1], takes_back=one.record)
        for original in _CORRECTED[one.record]:
            yield replace(one, steps=(*STEPS[original], *one.steps), takes_back=original)


WRITES = (*_DOCUMENTS, *_reversals(), _master("customer"), _master("vendor"))
