"""The declaration of NetSuite: what is read, what is written and how safely, its flows in both directions and its mapping tables."""

from __future__ import annotations

from pydantic import BaseModel

from systems.contract import Flow, Signing, System, tables_of
from systems.flow import AT_ONCE, no_orders
from systems.mapped import MANUAL, REVERSAL
from systems.netsuite.check import open_checker
from systems.netsuite.client import is_write
from systems.netsuite.legends import LEGENDS, TABLES
from systems.netsuite.mapping import to_canonical, to_commands
from systems.netsuite.models import SYSTEM as NAME
from systems.netsuite.poller import open_reader, position_from
from systems.netsuite.resources import FEEDS, FETCHABLE
from systems.netsuite.settings import Credentials, Settings
from systems.netsuite.sink import open_writer
from systems.netsuite.writes import WRITES

FIELD_SERVICE = "servicetitan"
"""The name of the system from which these flows bring documents, and to which vendors and orders go."""
FLOWS = (
    Flow(
        "N1",
        "job invoices at cost -> purchase orders, then vendor bills made of them",
        FIELD_SERVICE,
        NAME,
        "invoice",
        ("ap_bill", "ap_credit", REVERSAL),
        "payable",
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
        "N1C",
        "credit memos -> credit memos, applied",
        FIELD_SERVICE,
        NAME,
        "credit_memo",
        ("ar_credit_memo", "ar_invoice", "ar_application", REVERSAL),
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
        due=AT_ONCE,
        off_by_default=True,
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
    Flow(
        "N5",
        "bills of received orders read, to confirm that they came; never written",
        FIELD_SERVICE,
        NAME,
        "bill",
        (MANUAL,),
        "payable",
    ),
    Flow("N6", "reconciliation and historical load, which post nothing", NAME, "", "invoice", ()),
    Flow("N7", "customers first", FIELD_SERVICE, NAME, "customer", ("customer",), "master"),
    Flow("M0", "first match of customers and vendors", FIELD_SERVICE, NAME, "", (), "master"),
)
SIGNING = Signing("timed-hmac", "x-netsuite-signature", prefix="sha256=", timestamp="x-netsuite-timestamp")


def signing(settings: BaseModel) -> Signing:  # noqa: ARG001 - every account signs in the same way
    """How the user-event script signs its messages (`install/`)."""
    return SIGNING


SYSTEM = System(
    name=NAME,
    title="Oracle NetSuite",
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
    simulator="systems.netsuite.simulator.app",
    demo="systems.netsuite.demo",
    crosswalk_tables=TABLES,
    tables_of=tables_of(
        N1="business_unit job_type cost_line order_vendor sku_vendor",
        N1S="business_unit job_type line_type tax_zone term bill_to opening_balance",
        N1C="business_unit job_type line_type tax_zone bill_to opening_balance",
        N1L="business_unit job_type pay_type",
        N2="business_unit payment_type bill_to opening_balance",
        N3="vendor_term",
        N4="order_item order_place",
        N7="customer_class",
    ),
    legends=LEGENDS,
    signing=signing,
    is_write=is_write,
    position_from=position_from,
)
