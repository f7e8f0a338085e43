"""The declaration of Acumatica: what is read, what is written and how safely, its flows and its mapping tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from pydantic import BaseModel

from systems.acumatica.check import open_checker
from systems.acumatica.legends import LEGENDS
from systems.acumatica.mapping import to_canonical, to_commands
from systems.acumatica.mapping_sightings import SYSTEM as NAME
from systems.acumatica.paying import HELD
from systems.acumatica.poller import open_reader, position_from
from systems.acumatica.resources import FEEDS, FETCHABLE
from systems.acumatica.settings import Credentials, Settings
from systems.acumatica.sink import BUDGET, open_writer
from systems.acumatica.undo import STEPS
from systems.contract import Capability, Flow, Signing, System, Write, tables_of
from systems.mapped import REVERSAL
from systems.values.codes import PART

FIELD_SERVICE = "servicetitan"
"""The name of the system from which these flows bring documents."""
_CALLS = BUDGET.calls
_P_MAX = timedelta(seconds=600)
"""The server's own time-out of a request (Integration Development Guide). After it nothing can be committed any more."""


def _document(record: str, document: str, steps: tuple[str, ...], human: str, promised: str = "release") -> Write:
    """A document that is found by the first word of its description. The look-up is consistent, but nothing refuses a second document (C3)."""
    return Write(record, document, steps, promised, Capability.C3, "Description", 23, human, _CALLS, _P_MAX)


def _application(record: str, document: str, steps: tuple[str, ...]) -> Write:
    """An application has no place for a ref, so it is found by the two documents that it joins and by its amount. A hold on a bill is found in the
    same way, by its bill."""
    return Write(record, document, steps, steps[-1], Capability.C3, "", 0, "", _CALLS, _P_MAX)


def _master(record: str, document: str) -> Write:
    return Write(record, document, ("upsert",), "upsert", Capability.C3, "AccountRef", 50, f"{document}ID", _CALLS, _P_MAX)


_RELEASED = ("create", "unhold", "release")
_SETTLED = (*_RELEASED, "apply", "settle")
_DOCUMENTS = (
    _document("ar_invoice", "Invoice", _RELEASED, "CustomerOrder"),
    _document("ar_credit_memo", "Invoice (Credit Memo)", _SETTLED, "CustomerOrder"),
    _document("ar_receipt", "Payment", _RELEASED, "ExternalRef"),
    _document("ar_refund", "Payment (Refund)", _RELEASED, "ExternalRef"),
    _document("ap_bill", "Bill", _RELEASED, "VendorRef"),
    _document("ap_credit", "Bill (Debit Adj.)", _RELEASED, "VendorRef"),
    _application("ar_application", "Payment.DocumentsToApply", ("apply", "release")),
    _application("ap_application", "Bill.Applications", ("apply", "settle")),
    _application("ap_pay_hold", "Bill.ApprovedForPayment", HELD),
)
_CORRECTED = {
    "ar_invoice": ("ar_invoice", "ar_credit_memo"),
    "ar_credit_memo": ("ar_credit_memo", "ar_invoice"),
    "ar_receipt": ("ar_receipt",),
    "ar_refund": ("ar_refund",),
    "ap_bill": ("ap_bill",),
    "ap_credit": ("ap_credit",),
    "ar_application": ("ar_application",),
}
"""For each record, the records of the documents that it may replace: an invoice whose sign changes becomes a credit memo, and the reverse."""


def _reversals() -> Iterator[Write]:
    """The writes that take back what was written, and those that write a replacement."""
    for one in _DOCUMENTS:
        if one.record in STEPS:
            steps = STEPS[one.record]
            yield replace(one, record=REVERSAL, steps=steps, promised=steps[-1], takes_back=one.record)
        for original in _CORRECTED.get(one.record, ()):
            yield replace(one, steps=(*STEPS[original], *one.steps), takes_back=original)


WRITES = (*_DOCUMENTS, *_reversals(), _master("customer", "Customer"), _master("vendor", "Vendor"))


def _flow(flow_id: str, title: str, entity: str, records: tuple[str, ...], purpose: str) -> Flow:
    return Flow(flow_id, title, FIELD_SERVICE, NAME, entity, records, purpose)


FLOWS = (
    _flow("A1", "job invoices -> AR invoices", "invoice", ("ar_invoice", "ar_credit_memo", "reversal"), "sale"),
    _flow(
        "A2", "payments -> AR payments, applied", "payment", ("ar_receipt", "ar_application", "ar_refund", "reversal"), "collection"
    ),
    _flow("A3", "inventory bills -> AP bills", "bill", ("ap_bill", "ap_pay_hold", "reversal"), "payable"),
    _flow("A3V", "vendors first", "vendor", ("vendor",), "master"),
    _flow("A4", "customers first", "customer", ("customer",), "master"),
    Flow("A5", "accounts, subaccounts -> crosswalk validation", NAME, "", "gl_account", ()),
    Flow("A6", "catch-up of documents and masters", NAME, "", "invoice", ()),
    _flow(
        "A7",
        "vendor credits -> debit adjustments, applied",
        "vendor_credit",
        ("ap_credit", "ap_application", "reversal"),
        "payable",
    ),
    _flow(
        "A8", "credit memos -> AR credit memos, applied", "credit_memo", ("ar_credit_memo", "ar_application", "reversal"), "sale"
    ),
    Flow("M0", "first match of customers and vendors", FIELD_SERVICE, NAME, "", (), "master"),
)


def _signing(settings: BaseModel) -> Signing:
    """Push notifications are not signed (guide). A secret header, which is set up with their destination, is used instead (assumed)."""
    header = settings.push_header if isinstance(settings, Settings) else "x-ml-secret"
    return Signing("shared-secret", header)


SYSTEM = System(
    name=NAME,
    title="Acumatica",
    settings=Settings,
    credentials=Credentials,
    feeds=FEEDS,
    fetchable=FETCHABLE,
    writes=WRITES,
    flows=FLOWS,
    to_canonical=to_canonical,
    to_commands=to_commands,
    open_reader=open_reader,
    open_writer=open_writer,
    open_checker=open_checker,
    simulator="systems.acumatica.simulator.app",
    demo="systems.acumatica.demo",
    without=frozenset({"orders", "owners_change", "external_marks_key"}),
    crosswalk_tables={
        "business_unit": ("business_unit", "subaccount", "branch", "sales_account", "customer", "currency"),
        "line_type": ("line_type", "account", "subaccount"),
        "tax_zone": ("tax_zone", PART, "account", "subaccount", "share", "erp_zone"),
        "payment_type": ("payment_type", "payment_method", "cash_account"),
        "bill_line": ("bill_line", "account", "subaccount"),
        "term": ("term", "terms"),
        "customer_class": ("kind", "customer_class", "terms", "tax_zone"),
        "bill_to": ("customer_id", "customer"),
        "project": ("source_project", "project", "task", "cost_code"),
        "opening_balance": ("source_id", "erp_number"),
    },
    tables_of=tables_of(
        A1="business_unit line_type tax_zone term project bill_to opening_balance",
        A2="business_unit payment_type bill_to opening_balance",
        A3="business_unit bill_line project",
        A4="customer_class",
        A7="business_unit bill_line opening_balance",
        A8="business_unit line_type tax_zone bill_to opening_balance",
    ),
    legends=LEGENDS,
    signing=_signing,
    position_from=position_from,
)
