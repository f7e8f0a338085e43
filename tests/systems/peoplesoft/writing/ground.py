"""A simulated site in this process with an open writer, and commands for it: a journal of an invoice, a voucher for a vendor."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

from aiohttp import web

from runtime.exchange import Request, Response
from runtime.json import parse
from runtime.limits import Limiter, Share
from runtime.simulator.serve import Options, Simulator
from schemas.records import CommandEnvelope
from systems.contract import Access, Answer, Document, Found, ResolvedCommand, Role, Verdict, Writer
from systems.peoplesoft.settings import Credentials, Settings
from systems.peoplesoft.simulator.app import build
from systems.peoplesoft.sink import BUDGET, open_writer
from systems.peoplesoft.wsdl import LISTENER, pinned
from tests.contract.seam import InProcess, Seam, VirtualClock
from topology.rules.identity import ref_of

URL = "http://127.0.0.1:1"
DAY = date(2026, 3, 10)
VENDOR = "SHARE/0000000001"
INTERFACES = ("ML_JOURNAL_CI", "ML_VOUCHER_CI")
Changes = Mapping[str, Any]


def line(account: str, amount: str, role: str = "line", **more: Any) -> dict[str, Any]:
    """A posting line."""
    return {
        "source_line_id": "1",
        "role": role,
        "description": "Replace valve",
        "quantity": Decimal(1),
        "unit_price": Decimal(amount),
        "amount": Decimal(amount),
        "account": account,
        "subaccount": "",
        "dimensions": {},
        "item": "",
        "tax_code": "",
    } | more


def envelope(source_id: str, purpose: str, **more: Any) -> dict[str, Any]:
    """What every command has, with an identity like the hop's."""
    key = f"test:1|peoplesoft:x:y|{purpose}|invoice:{source_id}||create"
    return {
        "connection": "acme",
        "system": "peoplesoft",
        "op_key": key,
        "ref": ref_of(key),
        "purpose": purpose,
        "action": "create",
        "source_system": "servicetitan",
        "source_entity": "invoice",
        "source_id": source_id,
        "source_version": "1",
        "source_number": f"N{source_id}",
        "part": "",
        "parts": None,
        "source_hash": "s",
        "payload_hash": "p",
        "posting_date": DAY,
        "currency": "USD",
        "parents": [],
        "unresolved": [],
        "defaulted": [],
        "hold": "",
        "hold_detail": "",
        "config_version": "",
        "crosswalk_version": "",
        "canonical_topic": "",
        "canonical_partition": 0,
        "canonical_offset": 0,
        "canonical": None,
    } | more


def journal(source_id: str = "101", **changes: Any) -> CommandEnvelope:
    """An invoice of 108.25: receivable, revenue and tax."""
    lines = [
        line("120000", "108.25", "receivable", description="N101"),
        line("401000", "-100.00", dimensions={"DEPTID": "21000", "OPERATING_UNIT": "AUSTIN", "PRODUCT": "PLMB"}),
        line("220000", "-8.25", "tax", description="Sales tax"),
    ]
    own = {
        "amount": Decimal("108.25"),
        "business_unit": "US001",
        "date": DAY,
        "description": "Ana Lopez, 12 Elm St",
        "human_number": f"N{source_id}",
        "dimensions": {"LEDGER_GROUP": "RECORDING", "LEDGER": "LOCAL", "SOURCE": "ONL"},
        "lines": lines,
    }
    return cast("CommandEnvelope", envelope(source_id, "sale") | own | changes)


def voucher(source_id: str = "101", **changes: Any) -> CommandEnvelope:
    """A payable of 80.00 in two lines to a vendor that the crosswalk names."""
    setid, _, vendor_id = VENDOR.partition("/")
    own = {
        "amount": Decimal("80.00"),
        "date": DAY,
        "due_date": None,
        "terms": "",
        "description": "Costs of N101",
        "human_number": f"N{source_id}",
        "dimensions": {"BUSINESS_UNIT": "AP001", "VENDOR_SETID": setid, "VENDOR_ID": vendor_id},
        "pay_hold": False,
        "tax_total": Decimal(0),
        "lines": [
            line("501000", "50.00", dimensions={"BUSINESS_UNIT_GL": "US001", "DEPTID": "21000"}),
            line("502000", "30.00", dimensions={"BUSINESS_UNIT_GL": "US001"}),
        ],
    }
    return cast("CommandEnvelope", envelope(source_id, "payable") | own | changes)


@dataclass
class Site:
    """A site and one writer of it. Whatever is asked passes `seam`."""

    simulator: Simulator
    seam: Seam
    clock: VirtualClock
    settings: Settings
    writer: Writer
    inner: InProcess
    ids: dict[str, str] = field(default_factory=dict)

    async def step(self, step: str, record: str, command: CommandEnvelope, document: Document | None = None) -> Answer:
        """One step as the core takes it: reserved, then performed; requests are counted from here."""
        await self.writer.reserve(BUDGET.calls)
        self.seam.forget()
        return await self.writer.perform(step, ResolvedCommand(record, command, self.ids), document)

    async def made(self, record: str, command: CommandEnvelope, step: str = "create") -> Document:
        """The document of a step that has to succeed."""
        answer = await self.step(step, record, command)
        assert answer.verdict is Verdict.YES, answer
        assert answer.document is not None
        return answer.document

    async def find(self, record: str, command: CommandEnvelope) -> Found:
        """A look-up as the core makes it."""
        await self.writer.reserve(BUDGET.calls)
        return await self.writer.find(ResolvedCommand(record, command, self.ids))

    async def kept(self, kind: str) -> list[dict[str, Any]]:
        """What the site keeps of a kind."""
        answer = await self.inner.send(Request("GET", f"{URL}/__sim__/documents?kind={kind}"), 10)
        return list(cast("dict[str, Any]", parse(answer.body))["documents"])

    async def do(self, what: str, **body: Any) -> Any:
        """Something that a person or the batch does at the site."""
        from runtime.json import canonical_bytes

        answer = await self.inner.send(Request("POST", f"{URL}/__sim__/{what}", {}, canonical_bytes(body)), 10)
        assert answer.status == 200, answer.body
        return parse(answer.body)

    def calls_of(self, action: str) -> list[Request]:
        """The SOAP calls of one operation."""
        return [one for one in self.seam.requests if one.headers.get("SOAPAction", "").strip('"') == action]

    @property
    def creates(self) -> list[Request]:
        """Every request that could have written."""
        return [one for one in self.seam.requests if one.method == "POST" and "_G." not in one.headers.get("SOAPAction", "")]

    @property
    def soap(self) -> list[Response]:
        """The answers of SOAP calls, in their order."""
        return [
            answer
            for request, answer in zip(self.seam.requests, self.seam.answers, strict=False)
            if "SOAPAction" in request.headers
        ]


@asynccontextmanager
async def site(folder: Path, settings: Changes | None = None, **switches: str) -> AsyncIterator[Site]:
    """A site with these switches, and a writer with these settings; the batch runs when a test says so."""
    clock = VirtualClock()
    simulator = build(Options(7, folder, clock, {"batch_seconds": "0", **switches}))
    runner = web.AppRunner(simulator.app, handle_signals=False, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    inner = InProcess(simulator.app)
    seam = Seam(inner)
    own = {"base_url": URL, "instance_id": "x", "company_id": "BLUERIDGE", **(settings or {})}
    if "wsdl_hashes" not in own:
        own["wsdl_hashes"] = {one: pinned(one, await document(inner, one)).digest for one in INTERFACES}
    chosen = Settings.model_validate(own)
    known = {name: simulator.credentials[name] for name in ("username", "password", "client_id", "client_secret")}
    limiter = Limiter(Share(1_000_000, timedelta(seconds=1), 100), clock)
    access = Access("acme", Role.SINK, chosen, Credentials.model_validate(known), seam, limiter, clock)
    made = Site(simulator, seam, clock, chosen, open_writer(access), inner)
    try:
        yield made
    finally:
        await made.writer.close()
        await runner.cleanup()
        simulator.store.close()


async def document(inner: InProcess, interface: str) -> bytes:
    """The WSDL of an interface as the site gives it."""
    answer = await inner.send(Request("GET", f"{URL}{LISTENER}/PSFT_EP/CI_{interface}.1.wsdl"), 10)
    return answer.body
