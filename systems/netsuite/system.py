"""The declaration of NetSuite: what is read, what is written and how safely, its flows in both directions and its mapping tables."""

from __future__ import annotations

from datetime import timedelta

from pydantic import BaseModel

from systems.contract import Capability, Flow, Signing, Write
from systems.flow import AT_ONCE, no_orders
from systems.mapped import REVERSAL
from systems.netsuite.models import SYSTEM as NAME

FIELD_SERVICE = "servicetitan"
"""The name of the system from which these flows bring documents, and to which vendors and orders go."""
CALLS = 8
"""The most calls of a look-up and a step; the writer's budget takes its place."""
_P_MAX = timedelta(minutes=15)
"""NetSuite's own time-out of a request. After it nothing is committed any more."""
_EXTERNAL_ID = ("externalId", 255)


def _document(record: str, document: str) -> Write:
    """A document that carries our ref as external id; the account refuses a second one with it (assumed, and probed by `check`)."""
    return Write(record, document, ("create",), "create", Capability.C1, *_EXTERNAL_ID, "tranId", CALLS, _P_MAX)


def _master(record: str, document: str) -> Write:
    """A master under its external id, kept up to date."""
    return Write(record, document, ("upsert",), "upsert", Capability.C2, *_EXTERNAL_ID, "entityId", CALLS, _P_MAX, updates=True)


WRITES = (
    _document("purchase_order", "purchaseOrder"),
    _document("ap_bill", "vendorBill, made of its order"),
    _document("ar_invoice", "invoice"),
    _document("ar_credit_memo", "creditMemo"),
    _document("ar_receipt", "customerPayment or customerDeposit"),
    Write("ar_application", "customerPayment.apply", ("apply",), "apply", Capability.C3, "", 0, "", CALLS, _P_MAX),
    _document("journal", "journalEntry"),
    _master("customer", "customer"),
    _master("vendor", "vendor"),
)
_COST = "the invoice's labor lines are in its bill at cost already"
FLOWS = (
    Flow(
        "N1",
        "job invoices at cost -> purchase orders, then vendor bills made of them",
        FIELD_SERVICE,
        NAME,
        "invoice",
        ("purchase_order", "ap_bill", REVERSAL),
        "payable",
        other_purposes=("order",),
    ),
    Flow(
        "N1S",
        "job invoices -> invoices to customers",
        FIELD_SERVICE,
        NAME,
        "invoice",
        ("ar_invoice", "ar_credit_memo", REVERSAL),
        "sale",
        off_by_default=True,
    ),
    Flow(
        "N1L",
        "payroll by job -> journals of job labor",
        FIELD_SERVICE,
        NAME,
        "labor_entry",
        ("journal", REVERSAL),
        "labor",
        off_by_default=True,
        excludes={"N1": _COST},
    ),
    Flow(
        "N2",
        "payments -> customer payments, applied; deposits or journals",
        FIELD_SERVICE,
        NAME,
        "payment",
        ("ar_receipt", "ar_application", "ar_refund", "journal", REVERSAL),
        "collection",
    ),
    Flow("N2C", "bill payments read and compared, never written", NAME, "", "ap_payment", ()),
    Flow("N3", "vendors -> vendors, kept up to date", NAME, FIELD_SERVICE, "vendor", ("vendor",), "master"),
    Flow("N3V", "vendors -> vendors, what ServiceTitan owns", FIELD_SERVICE, NAME, "vendor", ("vendor",), "master"),
    Flow("N3D", "departments, classes and locations -> validation of the mapping tables", NAME, "", "dimension", ()),
    Flow(
        "N4",
        "purchase orders -> purchase orders, with their status",
        NAME,
        FIELD_SERVICE,
        "purchase_order",
        ("purchase_order", REVERSAL),
        "order",
        due=AT_ONCE,
        unavailable=no_orders,
    ),
    Flow("N5", "bills of received orders read, to confirm that they came", FIELD_SERVICE, "", "bill", ()),
    Flow("N6", "reconciliation and historical load, which post nothing", NAME, "", "invoice", ()),
    Flow("N7", "customers first", FIELD_SERVICE, NAME, "customer", ("customer",), "master"),
    Flow("M0", "first match of customers and vendors", FIELD_SERVICE, NAME, "", (), "master"),
)
SIGNING = Signing("timed-hmac", "x-netsuite-signature", prefix="sha256=")


def signing(settings: BaseModel) -> Signing:  # noqa: ARG001 - every account sends alike
    """How the user-event script signs what it sends (`install/`)."""
    return SIGNING
