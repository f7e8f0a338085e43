"""The declaration of PeopleSoft: what is read, what is written and how safely, its flows in both directions and its mapping tables."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from pydantic import BaseModel

from systems.contract import Capability, Flow, System, Write, tables_of
from systems.mapped import REVERSAL
from systems.peoplesoft.allocation import TABLES
from systems.peoplesoft.check import open_checker
from systems.peoplesoft.documents import JOURNAL, VOUCHER
from systems.peoplesoft.legends import LEGENDS
from systems.peoplesoft.mapping import to_canonical, to_commands
from systems.peoplesoft.mapping_sightings import SYSTEM as NAME
from systems.peoplesoft.poller import open_reader, position_from
from systems.peoplesoft.resources import FEEDS, FETCHABLE
from systems.peoplesoft.settings import Credentials, Settings
from systems.peoplesoft.sink import BUDGET, CORRECTION_CALLS, is_write, open_writer
from systems.peoplesoft.wanted import REVERSE, STAGE_REVERSAL

BUILT = "built"
"""The step of a staged voucher that Voucher Build does."""
FIELD_SERVICE = "servicetitan"
"""The name of the system from which these flows bring documents, and to which vendors go."""
_P_MAX = timedelta(seconds=900)
"""After this time the application server can no longer commit a call that we gave up (its service time-out; the figure is assumed)."""
_V_MAX = timedelta(seconds=600)
"""The longest time until a queued VOUCHER_BUILD is in the staging tables (assumed; a stopped queue is noticed because the batch does not
progress)."""

_CREATED, _STAGED = ("create", "posted"), ("stage", "built", "posted")
_REF_OF_VOUCHER = "DESCR254_MIXED or USER_VCHR_CHAR1"
_REF_OF_STAGED = f"VCHR_BLD_KEY_C1, then {_REF_OF_VOUCHER}"


def _journal(record: str, title: str, steps: tuple[str, ...], takes_back: str = "") -> Write:
    """One way to write journals."""
    calls = CORRECTION_CALLS if steps[0] == REVERSE else BUDGET.calls
    kept = (Capability.C1, "DESCR254", 254, "DESCR", calls, _P_MAX)
    return Write(record, title, steps, steps[-2], *kept, watched=("posted",), takes_back=takes_back)


def _voucher(record: str, title: str, steps: tuple[str, ...], takes_back: str = "") -> Write:
    """One way to write vouchers: by the interface, or staged for Voucher Build."""
    calls = CORRECTION_CALLS if takes_back else BUDGET.calls
    if BUILT not in steps:
        kept = (Capability.C1, _REF_OF_VOUCHER, 30, "INVOICE_ID", calls, _P_MAX)
        return Write(record, title, steps, steps[-2], *kept, watched=("posted",), takes_back=takes_back)
    staged = (Capability.C4, _REF_OF_STAGED, 25, "INVOICE_ID", calls, _P_MAX, _V_MAX)
    return Write(record, f"{title} (staged)", steps, BUILT, *staged, watched=(BUILT, "posted"), takes_back=takes_back)


WRITES = (
    _journal(JOURNAL, "Journal", _CREATED),
    _voucher(VOUCHER, "Voucher", _CREATED),
    _voucher(VOUCHER, "Voucher", _STAGED),
    _journal(REVERSAL, "Journal with signs turned", _CREATED, JOURNAL),
    _journal(JOURNAL, "Journal with signs turned, then Journal", (REVERSE, *_CREATED), JOURNAL),
    _voucher(REVERSAL, "Reversal voucher", _CREATED, VOUCHER),
    _voucher(REVERSAL, "Reversal voucher", _STAGED, VOUCHER),
    _voucher(VOUCHER, "Reversal voucher, then Voucher", (REVERSE, *_CREATED), VOUCHER),
    _voucher(VOUCHER, "Reversal voucher, then Voucher", (STAGE_REVERSAL, *_STAGED), VOUCHER),
)
FLOWS = (
    Flow(
        "P1",
        "job invoices -> journals, or AP vouchers at cost",
        FIELD_SERVICE,
        NAME,
        "invoice",
        (JOURNAL, VOUCHER, REVERSAL),
        "sale",
        other_purposes=("payable",),
        is_one_purpose=True,
    ),
    Flow("P2", "payments -> journals", FIELD_SERVICE, NAME, "payment", (JOURNAL, REVERSAL), "collection"),
    Flow("P4", "credit memos -> journals", FIELD_SERVICE, NAME, "credit_memo", (JOURNAL, REVERSAL), "sale"),
    Flow("P3", "vendors -> vendors, kept up to date", NAME, FIELD_SERVICE, "vendor", ("vendor",), "master"),
    Flow("M0", "first match of vendors", NAME, FIELD_SERVICE, "", (), "master"),
)


def chosen_write(settings: BaseModel, write: Write) -> Write | None:
    """How a connection writes a record: vouchers by interface or by staging. Its settings say how often the result of a batch is looked up."""
    if not isinstance(settings, Settings):
        return write
    is_voucher = VOUCHER in (write.record, write.takes_back)
    if is_voucher and (BUILT in write.steps) != (settings.voucher.writer == "staging"):
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
    tables_of=tables_of(
        P1="business_unit line_type location project tax_zone sku_vendor order_vendor",
        P2="business_unit payment_type",
        P3="vendor_term",
        P4="business_unit line_type location project tax_zone",
    ),
    legends=LEGENDS,
    without=frozenset({"customer_policy", "orders"}),
    is_write=is_write,
    chosen_write=chosen_write,
    position_from=position_from,
)
