"""The declaration of SYSPRO: what is read, what is written and how safely, its flows in both directions and its mapping tables."""

from __future__ import annotations

from datetime import timedelta

from pydantic import BaseModel

from systems.contract import Capability, Flow, StockNames, System, Write, tables_of
from systems.flow import AT_ONCE, no_orders
from systems.mapped import REVERSAL
from systems.syspro import goods, payables, suppliers
from systems.syspro.allocation import KIND_TABLE, STOCK_TABLE, TABLES, WAREHOUSE_TABLE
from systems.syspro.check import open_checker
from systems.syspro.legends import LEGENDS
from systems.syspro.mapping import to_canonical, to_commands
from systems.syspro.models import SYSTEM as NAME
from systems.syspro.poller import open_reader, position_from
from systems.syspro.resources import FEEDS, FETCHABLE
from systems.syspro.settings import NO_ENET, NO_ODATA, Credentials, Settings
from systems.syspro.sink import BUDGET, is_write, open_writer

FIELD_SERVICE = "servicetitan"
"""The name of the system from which these flows bring documents, and to which vendors and orders go."""
_P_MAX = timedelta(seconds=600)
"""After this time the service can no longer commit a call that we gave up (assumed; no figure is published)."""
_REF = 30
"""Characters of Reference, PaymentReference and CustomerPoNumber."""


def _invoice(record: str, document: str, steps: tuple[str, ...], field: str, takes_back: str = "") -> Write:
    """SYSPRO refuses an invoice number a second time for its supplier (C1), but not a second credit of it."""
    capability = Capability.C1 if not takes_back else Capability.C3
    return Write(
        record, document, steps, steps[-1], capability, field, _REF, "Invoice", BUDGET.calls, _P_MAX, takes_back=takes_back
    )


def _goods(record: str, document: str, steps: tuple[str, ...], fields: tuple[str, str], takes_back: str = "") -> Write:
    """Nothing refuses a second document, so it is looked up by our ref (C3). `fields` hold the ref and the number."""
    return Write(
        record, document, steps, steps[-1], Capability.C3, fields[0], _REF, fields[1], BUDGET.calls, _P_MAX, takes_back=takes_back
    )


_OF_ORDER, _OF_MOVEMENT = ("CustomerPoNumber", "PurchaseOrder"), ("Reference", "Journal")
_BILL, _ORDER, _STOCK = payables.RECORD, goods.ORDER, goods.ADJUSTMENT
WRITES = (
    _invoice(_BILL, "AP invoice", (payables.CREATE,), "Reference"),
    _invoice(REVERSAL, "AP credit of the invoice", (payables.CREDIT,), "PaymentReference", _BILL),
    _invoice(_BILL, "AP credit, then AP invoice", (payables.CREDIT, payables.CREATE), "PaymentReference, then Reference", _BILL),
    Write(
        suppliers.RECORD,
        "Supplier",
        (suppliers.STEP,),
        suppliers.STEP,
        Capability.C3,
        "",
        0,
        "Supplier",
        BUDGET.calls,
        _P_MAX,
        updates=True,
    ),
    _goods(_ORDER, "Purchase order", (goods.CREATE,), _OF_ORDER),
    _goods(REVERSAL, "Cancelled purchase order", (goods.CANCEL,), _OF_ORDER, _ORDER),
    _goods(_ORDER, "Cancelled purchase order, then purchase order", (goods.CANCEL, goods.CREATE), _OF_ORDER, _ORDER),
    _goods(goods.RECEIPT, "Purchase order receipt", (goods.CREATE,), _OF_MOVEMENT),
    _goods(_STOCK, "Inventory adjustment", (goods.CREATE,), _OF_MOVEMENT),
    _goods(REVERSAL, "Inventory adjustment with signs turned", (goods.REVERSE,), _OF_MOVEMENT, _STOCK),
)


def needs_enet(erp: BaseModel, _: BaseModel) -> str:
    """Why a flow that needs e.net cannot run: a tenant with OData alone can only read AP invoices (accounting.md 25)."""
    return NO_ENET if isinstance(erp, Settings) and not erp.rest_url else ""


def needs_odata(erp: BaseModel, _: BaseModel) -> str:
    """Why AP invoices are not read."""
    return NO_ODATA if isinstance(erp, Settings) and not erp.odata_url else ""


def orders_back(erp: BaseModel, field_service: BaseModel) -> str:
    """Why orders of SYSPRO do not go to the field-service side."""
    return needs_enet(erp, field_service) or no_orders(erp, field_service)


FLOWS = (
    Flow(
        "S1",
        "job invoices -> AP invoices at cost",
        FIELD_SERVICE,
        NAME,
        "invoice",
        (_BILL, REVERSAL),
        "payable",
        unavailable=needs_enet,
    ),
    Flow(
        "S2", "suppliers -> vendors, kept up to date", NAME, FIELD_SERVICE, "vendor", ("vendor",), "master", unavailable=needs_enet
    ),
    Flow("S2V", "vendors -> suppliers, by code", FIELD_SERVICE, NAME, "vendor", ("vendor",), "master", unavailable=needs_enet),
    Flow(
        "S3",
        "purchase orders -> purchase orders, with their status",
        NAME,
        FIELD_SERVICE,
        "purchase_order",
        (_ORDER, REVERSAL),
        "order",
        due=AT_ONCE,
        unavailable=orders_back,
    ),
    Flow(
        "S3W",
        "ServiceTitan's purchase orders -> purchase orders",
        FIELD_SERVICE,
        NAME,
        "purchase_order",
        (_ORDER, REVERSAL),
        "order",
        due=AT_ONCE,
        unavailable=needs_enet,
    ),
    Flow(
        "S3R",
        "receipts of orders -> receipts",
        FIELD_SERVICE,
        NAME,
        "receipt",
        (goods.RECEIPT, REVERSAL),
        "receipt",
        due=AT_ONCE,
        unavailable=needs_enet,
    ),
    Flow(
        "S4",
        "adjustments of stock -> adjustments by quantity",
        FIELD_SERVICE,
        NAME,
        "inventory_adjustment",
        (_STOCK, REVERSAL),
        "stock",
        due=AT_ONCE,
        unavailable=needs_enet,
    ),
    Flow("S4L", "stock levels -> read", NAME, "", "stock_level", (), unavailable=needs_enet),
    Flow("S5", "AP invoices -> read", NAME, "", "bill", (), unavailable=needs_odata),
    Flow("M0", "first match of vendors", NAME, FIELD_SERVICE, "", (), "master"),
)

SYSTEM = System(
    name=NAME,
    title="SYSPRO",
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
    simulator="systems.syspro.simulator.app",
    demo="systems.syspro.demo",
    crosswalk_tables=TABLES,
    tables_of=tables_of(
        S1="business_unit line_type order_vendor sku_vendor stock_code technician",
        S2="vendor_term",
        S3="order_item order_place",
        S3W="business_unit stock_code warehouse",
        S3R="business_unit stock_code warehouse",
        S4="business_unit stock_code warehouse adjustment_type",
    ),
    legends=LEGENDS,
    without=frozenset({"customer_policy", "tax_mode"}),
    is_write=is_write,
    signs_in_as=("operator", "company_id"),
    stock_names=StockNames((STOCK_TABLE, "stock_code"), (WAREHOUSE_TABLE, "warehouse"), (KIND_TABLE, "post")),
    position_from=position_from,
)
