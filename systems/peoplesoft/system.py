"""The declaration of PeopleSoft: what is read, what is written and how safely, its flows in both directions and its mapping tables."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from pydantic import BaseModel

from systems.contract import Capability, Flow, System, Write
from systems.peoplesoft.allocation import TABLES
from systems.peoplesoft.check import open_checker
from systems.peoplesoft.documents import JOURNAL, VOUCHER
from systems.peoplesoft.legends import LEGENDS
from systems.peoplesoft.mapping import to_canonical, to_commands
from systems.peoplesoft.mapping_sightings import SYSTEM as NAME
from systems.peoplesoft.poller import open_reader, position_from
from systems.peoplesoft.resources import FEEDS, FETCHABLE
from systems.peoplesoft.settings import Credentials, Settings
from systems.peoplesoft.sink import BUDGET, is_write, open_writer

FIELD_SERVICE = "servicetitan"
"""The name of the system from which these flows bring documents, and to which vendors go."""
_P_MAX = timedelta(seconds=900)
"""After this time the application server commits nothing of a call that we gave up (its service time-out; the figure is assumed)."""
_V_MAX = timedelta(seconds=600)
"""After how long at most a queued VOUCHER_BUILD is in the staging tables (assumed; a queue that stands still is noticed by its batch)."""

INTERFACE = Write(
    VOUCHER,
    "Voucher",
    ("create", "posted"),
    "create",
    Capability.C1,
    "DESCR254_MIXED or USER_VCHR_CHAR1",
    30,
    "INVOICE_ID",
    BUDGET.calls,
    _P_MAX,
    watched=("posted",),
)
STAGED = Write(
    VOUCHER,
    "Voucher (staged)",
    ("stage", "built", "posted"),
    "built",
    Capability.C4,
    "VCHR_BLD_KEY_C1, then DESCR254_MIXED or USER_VCHR_CHAR1",
    25,
    "INVOICE_ID",
    BUDGET.calls,
    _P_MAX,
    _V_MAX,
    watched=("built", "posted"),
)
WRITES = (
    Write(
        JOURNAL,
        "Journal",
        ("create", "posted"),
        "create",
        Capability.C1,
        "DESCR254",
        254,
        "DESCR",
        BUDGET.calls,
        _P_MAX,
        watched=("posted",),
    ),
    INTERFACE,
    STAGED,
)
FLOWS = (
    Flow(
        "P1",
        "job invoices -> journals, or AP vouchers at cost",
        FIELD_SERVICE,
        NAME,
        "invoice",
        (JOURNAL, VOUCHER, "reversal"),
        "sale",
        other_purposes=("payable",),
        is_one_purpose=True,
    ),
    Flow("P2", "payments -> journals", FIELD_SERVICE, NAME, "payment", (JOURNAL, "reversal"), "collection"),
    Flow("P3", "vendors -> vendors, kept up to date", NAME, FIELD_SERVICE, "vendor", ("vendor",), "master"),
    Flow("M0", "first match of vendors", NAME, FIELD_SERVICE, "", (), "master"),
)


def chosen_write(settings: BaseModel, write: Write) -> Write | None:
    """How a connection writes a record: vouchers by interface or by staging. Its settings say how often a batch is looked at."""
    if not isinstance(settings, Settings):
        return write
    other = STAGED if settings.voucher.writer == "interface" else INTERFACE
    if write == other:
        return None
    return replace(write, watch_every=timedelta(seconds=settings.batch_poll_s))


SYSTEM = System(
    name=NAME,
    title="PeopleSoft",
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
    simulator="systems.peoplesoft.simulator.app",
    demo="systems.peoplesoft.demo",
    crosswalk_tables=TABLES,
    legends=LEGENDS,
    without=frozenset({"customer_policy"}),
    is_write=is_write,
    chosen_write=chosen_write,
    position_from=position_from,
)
