"""The declaration of ServiceTitan: what is read from it and what is written to it. The ERPs declare the flows of both directions."""

from __future__ import annotations

from datetime import timedelta

from systems.contract import Capability, System, Write
from systems.servicetitan.check import open_checker
from systems.servicetitan.legends import LEGENDS
from systems.servicetitan.mapping import SYSTEM as NAME
from systems.servicetitan.mapping import to_canonical, to_commands
from systems.servicetitan.mapping_commands import VENDOR, VENDOR_TERM
from systems.servicetitan.mapping_orders import ITEM_TABLE, PLACE_TABLE
from systems.servicetitan.order_documents import STEP
from systems.servicetitan.order_lines import ORDER
from systems.servicetitan.poller import open_reader, position_from
from systems.servicetitan.resources import FEEDS, FETCHABLE
from systems.servicetitan.settings import Credentials, Settings
from systems.servicetitan.sink import open_writer
from systems.servicetitan.sink_orders import BUDGET as ORDER_BUDGET
from systems.servicetitan.sink_vendors import BUDGET as VENDOR_BUDGET
from systems.servicetitan.webhook import signing

REF_CHARACTERS = 100
"""The most characters of our ref in a value of external data (assumed; the API names no limit)."""
_P_MAX = timedelta(seconds=100)
"""The API's own time-out (time-outs page). After it nothing can be committed any more."""
_V_MAX = timedelta(seconds=60)
"""The longest time until a read shows what was written (assumed: clients report some seconds, one reports minutes for another resource)."""

WRITES = (
    Write(
        VENDOR,
        "Vendor",
        ("upsert",),
        "upsert",
        Capability.C4,
        "externalData.mlConnectorRef",
        REF_CHARACTERS,
        "name",
        VENDOR_BUDGET.calls,
        _P_MAX,
        _V_MAX,
        updates=True,
    ),
    Write(
        ORDER,
        "Purchase order",
        (STEP,),
        STEP,
        Capability.C4,
        "memo or vendorInvoiceNumber",
        REF_CHARACTERS,
        "number",
        ORDER_BUDGET.calls,
        _P_MAX,
        _V_MAX,
        updates=True,
    ),
)

SYSTEM = System(
    name=NAME,
    title="ServiceTitan",
    settings=Settings,
    credentials=Credentials,
    feeds=FEEDS,
    fetchable=FETCHABLE,
    writes=WRITES,
    flows=(),
    to_canonical=to_canonical,
    to_commands=to_commands,
    open_reader=open_reader,
    open_writer=open_writer,
    open_checker=open_checker,
    simulator="systems.servicetitan.simulator.app",
    demo="systems.servicetitan.demo",
    crosswalk_tables={
        VENDOR_TERM: ("term", "payment_term_id"),
        PLACE_TABLE: ("place", "inventory_location_id", "business_unit_id"),
        ITEM_TABLE: ("item", "sku_id", "unit", "factor"),
    },
    legends=LEGENDS,
    signing=signing,
    position_from=position_from,
)
