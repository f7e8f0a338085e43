"""The declaration of Oracle Fusion Cloud ERP: what is read, what is written and how safely, its flows in both directions and its mapping tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from pydantic import BaseModel

from systems.contract import Capability, Flow, System, Write, tables_of
from systems.flow import AT_ONCE, no_orders
from systems.mapped import REVERSAL
from systems.oracle_fusion.allocation import TABLES
from systems.oracle_fusion.check import open_checker
from systems.oracle_fusion.finder import open_finder
from systems.oracle_fusion.importing import JOURNAL
from systems.oracle_fusion.importing import STEPS as IMPORTED
from systems.oracle_fusion.legends import LEGENDS
from systems.oracle_fusion.mapping import to_canonical, to_commands
from systems.oracle_fusion.models import SYSTEM as NAME
from systems.oracle_fusion.poller import open_reader, position_from
from systems.oracle_fusion.resources import FEEDS, FETCHABLE
from systems.oracle_fusion.settings import Credentials, Settings
from systems.oracle_fusion.sink import BUDGET, is_write, open_writer
from systems.oracle_fusion.undo import CORRECT, OPPOSITE, STEPS

FIELD_SERVICE = "servicetitan"
"""The name of the system from which these flows bring documents, and to which vendors and orders go."""
_P_MAX = timedelta(seconds=600)
"""After this time the server can no longer commit a call that we gave up (assumed; no figure is published)."""
_REF = 23
"""The length of our ref; CrossReference has 150 characters, Comments 1760 (assumed)."""

INVOICE = Write(
    "ar_invoice",
    "Receivables invoice",
    ("create", "complete"),
    "complete",
    Capability.C3,
    "CrossReference",
    _REF,
    "TransactionNumber or Comments",
    BUDGET.calls,
    _P_MAX,
)
"""If the transaction source assigns numbers, nothing refuses a second invoice (C3). If it takes our number, it refuses a second one (C1)."""
REFERENCED = Write(
    "ar_application",
    "Remittance reference, applied by AutoMatch",
    ("reference", "applied"),
    "applied",
    Capability.C3,
    "",
    0,
    "",
    BUDGET.calls,
    _P_MAX,
    watched=("applied",),
)
APPLIED = Write("ar_application", "Application of a receipt", ("apply",), "apply", Capability.C3, "", 0, "", BUDGET.calls, _P_MAX)


def _goods(record: str, document: str, done: str, number: str) -> Write:
    """A request to receiving, which the receiving processor handles later (`watched`)."""
    return Write(
        record,
        document,
        ("create", done),
        done,
        Capability.C3,
        "ExternalSystemTransactionReference",
        _REF,
        number,
        BUDGET.calls,
        _P_MAX,
        watched=(done,),
    )


MEMO = replace(
    INVOICE,
    record="ar_credit_memo",
    document="Receivables credit memo",
    steps=("create",),
    promised="create",
    human_number_field="TransactionNumber or CreditMemoComments",
)
RECEIPT = replace(MEMO, record="ar_receipt", document="Standard receipt", ref_field="Comments", human_number_field="ReceiptNumber")


RECEIVED = _goods("receipt", "Receiving request", "received", "ReceiptNumber")
RETURNED = _goods("return", "Receiving transaction request", "returned", "")


def _taking_back() -> Iterator[Write]:
    """The writes that take back what was written, and those that write a replacement. A receipt and its applications have no place for the ref of
    their reversal, so their own state shows it."""
    for one in (INVOICE, MEMO, RECEIPT, APPLIED):
        steps = STEPS[one.record]
        back = replace(one, record=REVERSAL, steps=steps, promised=steps[-1], takes_back=one.record)
        yield back if one.record in OPPOSITE else replace(back, ref_field="", ref_length=0, human_number_field="")
        for original in OPPOSITE if one.record in OPPOSITE else (one.record,):
            yield replace(one, steps=(*STEPS[original], *one.steps), takes_back=original)
    for one in (RECEIVED, RETURNED):
        yield replace(one, record=REVERSAL, steps=CORRECT, promised=CORRECT[-1], takes_back=one.record, watched=CORRECT[1:])
        yield replace(one, steps=(*CORRECT, *one.steps), takes_back=one.record, watched=(*CORRECT[1:], *one.watched))


BOOKED = Write(
    JOURNAL,
    "Journal of the general ledger, imported",
    IMPORTED,
    "imported",
    Capability.C4,
    "REFERENCE1",
    _REF,
    "REFERENCE5",
    BUDGET.calls,
    _P_MAX,
    timedelta(hours=24),
    watched=IMPORTED[1:],
)
"""A lost answer leaves the job's number unknown, so a day has to pass, after which its batch must be visible (assumed)."""
_TWICE = "the same sale or payment would be booked by Receivables and by a journal"

WRITES = (
    INVOICE,
    MEMO,
    RECEIPT,
    REFERENCED,
    APPLIED,
    RECEIVED,
    RETURNED,
    BOOKED,
    replace(BOOKED, record=REVERSAL, document="Journal with signs turned", takes_back=JOURNAL),
    replace(BOOKED, document="Journal with signs turned, and Journal", takes_back=JOURNAL),
    *_taking_back(),
)
_TWICE_DAILY = "twice-daily 05:00 17:00"


def _no_journals(erp: BaseModel, _: BaseModel) -> str:
    """Why these settings import no journals; "" if they do."""
    if not isinstance(erp, Settings):
        return ""
    names = ("ledger_id", "data_access_set_id", "segments")
    missing = [f"ledger.{name}" for name in names if not getattr(erp.ledger, name)]
    return f"{', '.join(missing)} of the settings say nothing" if missing else ""


FLOWS = (
    Flow("F1", "suppliers -> vendors, kept up to date", NAME, FIELD_SERVICE, "vendor", ("vendor",), "master"),
    Flow(
        "F2",
        "purchase orders -> purchase orders, with their status",
        NAME,
        FIELD_SERVICE,
        "purchase_order",
        ("purchase_order", "reversal"),
        "order",
        due=AT_ONCE,
        unavailable=no_orders,
    ),
    Flow(
        "F4",
        "job invoices -> AR invoices",
        FIELD_SERVICE,
        NAME,
        "invoice",
        ("ar_invoice", "ar_credit_memo", "reversal"),
        "sale",
        _TWICE_DAILY,
    ),
    Flow(
        "F5",
        "payments -> AR receipts, applied",
        FIELD_SERVICE,
        NAME,
        "payment",
        ("ar_receipt", "ar_application", "ar_refund", "reversal"),
        "collection",
        _TWICE_DAILY,
    ),
    Flow(
        "F3",
        "receipts of orders -> receipts, for invoice matching",
        FIELD_SERVICE,
        NAME,
        "receipt",
        ("receipt", "reversal"),
        "receipt",
        due=AT_ONCE,
    ),
    Flow("F3R", "returns -> returns to vendor", FIELD_SERVICE, NAME, "return", ("return", "reversal"), "receipt", due=AT_ONCE),
    Flow(
        "J4",
        "job invoices -> journals by import, in the place of Receivables",
        FIELD_SERVICE,
        NAME,
        "invoice",
        (JOURNAL, "reversal"),
        "sale",
        _TWICE_DAILY,
        off_by_default=True,
        excludes={"F4": _TWICE, "F5": _TWICE},
        unavailable=_no_journals,
    ),
    Flow(
        "J5",
        "payments -> journals by import, in the place of Receivables",
        FIELD_SERVICE,
        NAME,
        "payment",
        (JOURNAL, "reversal"),
        "collection",
        _TWICE_DAILY,
        off_by_default=True,
        excludes={"F4": _TWICE, "F5": _TWICE},
        unavailable=_no_journals,
    ),
    Flow("F6", "customers matched to account and bill-to site, never created", NAME, "", "customer", ()),
    Flow("M0", "first match of customers and vendors", NAME, FIELD_SERVICE, "", (), "master"),
)


def chosen_write(settings: BaseModel, write: Write) -> Write | None:
    """How a connection writes a record. Receipts are applied by AutoMatch or by an action. Which side assigns the numbers of invoices decides what is
    promised about a second one."""
    if not isinstance(settings, Settings):
        return write
    if JOURNAL in (write.record, write.takes_back):
        return replace(write, watch_every=timedelta(seconds=settings.ledger.job_poll_s))
    if write.record in ("ar_invoice", "ar_credit_memo") and settings.receivables.numbering == "ours":
        return replace(write, capability=Capability.C1)
    other = APPLIED if settings.receivables.apply_by == "automatch" else REFERENCED
    return None if write == other else write


SYSTEM = System(
    name=NAME,
    title="Oracle Fusion Cloud ERP",
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
    simulator="systems.oracle_fusion.simulator.app",
    demo="systems.oracle_fusion.demo",
    crosswalk_tables=TABLES,
    tables_of=tables_of(
        F1="vendor_term",
        F2="order_item order_place",
        F3="order_item receiving_place",
        F3R="order_item receiving_place",
        F4="business_unit line_type tax_zone term bill_to opening_balance",
        F5="business_unit payment_type bill_to opening_balance",
        J4="business_unit line_type tax_zone",
        J5="business_unit payment_type",
    ),
    legends=LEGENDS,
    is_write=is_write,
    chosen_write=chosen_write,
    asked_for=("customer",),
    open_finder=open_finder,
    position_from=position_from,
)
