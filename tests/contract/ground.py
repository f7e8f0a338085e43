"""A simulator and an open writer for any system of the registry, and its documents to be written: all from declarations and examples.

A case is one command as the hop makes it from a canonical example, with the ids of its parents, which are written first. Copies of a
case are other documents: the same example with other source ids.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from aiohttp import web
from pydantic import BaseModel

from runtime.exchange import Request, Transport
from runtime.http import HttpTransport, Reach
from runtime.limits import Limiter, Share
from runtime.simulator.serve import Options, Simulator, start
from schemas.records import CommandEnvelope, Parent
from systems.contract import Access, Document, Original, ResolvedCommand, Role, System, Verdict, Write, Writer
from systems.demo import BookedDocument, Demo
from systems.mapped import APPLY, COMPLETION, REVERSAL, Draft
from systems.parents import is_meant, link_name
from tests.contract import examples
from tests.contract.registered import way_of, ways
from tests.contract.seam import InProcess, Seam, VirtualClock
from topology.configuration import Connected
from topology.rules.envelope import Source, command
from topology.rules.identity import ref_of

MOST_RUNS = 6
"""Runs of a system's batch after which every step of a document is done."""
SHARE = Share(1_000_000, timedelta(seconds=1), 100)


@dataclass(frozen=True)
class Case:
    """One document to be written: its declaration, its command, and its parents' ids in the system."""

    write: Write
    command: CommandEnvelope
    ids: Mapping[str, str]
    tried_since: datetime | None = None
    original: Original | None = None
    """What a way takes back, as it was written."""

    @property
    def record(self) -> str:
        """Name of the command's record."""
        return self.write.record

    @property
    def resolved(self) -> ResolvedCommand:
        """What a writer is asked with, where the sink knows the parents, since when it was tried, and what it takes back."""
        return ResolvedCommand(self.record, self.command, self.ids, tried_since=self.tried_since, original=self.original)

    @property
    def ref(self) -> str:
        """Our ref of the document."""
        return self.command["ref"]


@dataclass
class SystemUnderTest:
    """A simulator, the connection to it, and one open writer whose requests pass a seam."""

    system: System
    simulator: Simulator
    url: str
    connected: Connected
    clock: VirtualClock
    seam: Seam
    writer: Writer
    own: BaseModel
    """The system's own settings, as the writer has them."""
    began: datetime
    """Before it nothing was tried."""
    known: dict[str, str] = field(default_factory=dict)
    """Ids of what was written as a parent, by `entity/source_id`."""
    settled: Decimal = Decimal(0)
    """What settles other documents in the books that the simulator begins with, where a way has no ref by which its own is told."""
    chosen: dict[str, str] = field(default_factory=dict)
    """The example by which each way is tried, once it was looked for (`example_of`)."""
    made: dict[tuple[str, str], list[tuple[Draft, CommandEnvelope]]] = field(default_factory=dict)
    """The drafts of a copy of an example as it is, once they were made (`drafts`): each parent is looked for among those of all examples."""

    # --- commands -----------------------------------------------------------------------------------------------------

    def drafts(self, example: str, copy: str = "", **changes: Any) -> list[tuple[Draft, CommandEnvelope]]:
        """The drafts of a copy of an example, with changes of its canonical record, and their commands as the hop makes them."""
        if changes:
            return self._drafted(example, copy, changes)
        if (example, copy) not in self.made:
            self.made[(example, copy)] = self._drafted(example, copy, {})
        return self.made[(example, copy)]

    def _drafted(self, example: str, copy: str, changes: dict[str, Any]) -> list[tuple[Draft, CommandEnvelope]]:
        record = copied(examples.canonical(self.system.name, example), copy) | changes
        entity = example.partition(".")[0]
        source = Source(entity, record, f"canonical.{entity}", 0, 0, b"")
        found = self.system.to_commands(entity, record, examples.plan(self.connected, self.system.name, example))
        made = [one for one in found if isinstance(one, Draft)]
        return [(one, cast("CommandEnvelope", command(one, source, self.connected, None))) for one in made]

    async def case(self, way: str, copy: str = "", example: str = "", **changes: Any) -> Case:
        """A document that is written in this way, its parents written."""
        write = ways(self.system)[way]
        if write.takes_back:
            return await self._taking_back(way, write, copy)
        name = example or example_of(self, way)
        draft, made = next(pair for pair in self.drafts(name, copy, **changes) if pair[0].record == write.record)
        found = await self.prepared(name, copy, draft, made)
        assert found.write.steps == write.steps, f"examples/connection.json: `ways` has no settings under which {way} is written"
        return found

    async def _taking_back(self, way: str, write: Write, copy: str) -> Case:
        """What takes a document back, and what is written in its place; that document is written, it and its parents."""
        named = examples.told(self.system.name).examples
        first = await self.case(self._makes(write.takes_back), copy, named.get(f"original of {way}", ""))
        document = await self.written(first)
        original = Original(first.record, first.command, document.erp_id, document.number, first.ids)
        if write.record == REVERSAL:
            key = f"{first.command['op_key']}|void"
            written_on = first.command["posting_date"]
            day = written_on + timedelta(days=1) if written_on is not None else None
            body = {"reverses": first.command["op_key"], "date": day, "posting_date": day, "reason": "it was voided"}
            made = {**first.command, **body, "op_key": key, "ref": ref_of(key), "action": "void"}
            return Case(write, cast("CommandEnvelope", made), first.ids, self.began, original)
        wanted = await self.case(self._makes(write.record), copy, named.get(way, ""))
        key = f"{first.command['op_key']}|correct|1"
        own = {"op_key": key, "ref": ref_of(key), "action": "correct", "payload_hash": wanted.command["payload_hash"][::-1]}
        made = {**wanted.command, **_other_application(wanted.command), **own}
        return Case(write, cast("CommandEnvelope", made), wanted.ids, self.began, original)

    def _makes(self, record: str) -> str:
        """The way in which these settings write a record anew."""
        return way_of(self.system, self.system.write_of(record, self.own))

    async def prepared(self, example: str, copy: str, draft: Draft, made: CommandEnvelope) -> Case:
        """The case of a draft, its parents written."""
        ids = {}
        for parent in draft.parents:
            wanted = link_name(parent)
            if wanted not in self.known:
                await self._write_parent(parent, example, copy)
            ids[wanted] = self.known[wanted]
        return Case(self.system.write_of(draft.record, self.own), made, ids, self.began)

    async def _write_parent(self, parent: Parent, example: str, copy: str) -> None:
        """Write the document of an example, of this copy, that this link means: one of the same example before others."""
        entity, source_id = parent["entity"].removesuffix("_line"), parent["source_id"]
        is_part = entity != parent["entity"]  # a line, whose pair comes with the document that has it
        flows = self.connected.settings.erp.declared.flows
        masters = {flow.entity for flow in flows if flow.target == self.system.name and flow.purpose == "master"}
        of_copy = "" if entity in masters else copy
        order = [example, *examples.names(self.system.name, "canonical")]
        for name in order:
            if name in examples.told(self.system.name).not_written:
                continue
            for draft, made in self.drafts(name, of_copy):
                is_it = made["source_entity"] == entity and (is_part or (made["source_id"] == source_id and is_meant(made, parent)))
                if is_it and is_written(draft):
                    await self.written(await self.prepared(name, of_copy, draft, made))
                    return
        raise AssertionError(f"{self.system.name}: no example of {entity} {source_id}, which {example} needs; add one")

    async def written(self, case: Case, until: str = "") -> Document:
        """Write a document: every step in order, up to and with `until`; each has to be answered yes, or done by the batch."""
        document: Document | None = None
        for step in case.write.steps:
            document = await self.done(step, case, document) or document
            if step == until:
                break
        assert document is not None
        if not until or until == case.write.steps[-1]:
            self.known |= dict.fromkeys(names_of(case.command), document.erp_id)
            self.known |= {f"{pair.entity}/{pair.source_id}": pair.target_id for pair in document.pairs}
        return document

    async def done(self, step: str, case: Case, document: Document | None) -> Document | None:
        """One step: sent and answered yes, or waited for while the system's own batch runs."""
        if document is not None and step in document.steps_done:
            return document
        if step in case.write.watched:
            return await self.built(step, case)
        await self.writer.reserve(case.write.calls)
        answer = await self.writer.perform(step, case.resolved, document)
        assert answer.verdict is Verdict.YES, f"{case.record} {step}: {answer}"
        return answer.document

    async def built(self, step: str, case: Case) -> Document:
        """The document after the system's own batch has done this step; a look-up finds it by its ref all the while."""
        for _ in range(MOST_RUNS):
            await self.run_batch()
            (document,) = await self.look(case)
            if step in document.steps_done:
                return document
        raise AssertionError(f"{case.record}: the batch ran {MOST_RUNS} times and {step} is not done: {document}")

    async def run_batch(self) -> None:
        """Let the system's own batch run once."""
        told = examples.told(self.system.name).batch
        assert told, "examples/connection.json: `batch` does not say how the simulator's batch is run"
        await self.at_the_simulator(told)

    async def at_the_simulator(self, told: Mapping[str, Any]) -> None:
        """Something that somebody does at the simulator: `path` under `/__sim__/` and the `body` that is posted there."""
        await at_the_simulator(self.simulator, told)

    async def look(self, case: Case, known_id: str = "") -> tuple[Document, ...]:
        """What a look-up shows, when everything that was written is shown."""
        self.clock.move(case.write.v_max.total_seconds())
        await self.writer.reserve(case.write.calls)
        before = len(self.seam.writes)
        found = await self.writer.find(replace(case.resolved, known_id=known_id))
        assert len(self.seam.writes) == before, "a look-up changes nothing"
        return found.documents

    # --- what the simulator holds -------------------------------------------------------------------------------------

    async def kept(self) -> list[BookedDocument]:
        """Everything that the simulator keeps, as its system's demo module tells it."""
        demo = demo_of(self.system)
        transport = InProcess(self.simulator.app)
        told = {path: _json((await transport.send(Request("GET", f"{self.url}/__sim__/{path}"), 10)).body) for path in demo.paths()}
        return demo.booked(told.__getitem__)

    async def kept_of(self, case: Case) -> list[BookedDocument]:
        """What it keeps under the ref of a case."""
        return [one for one in await self.kept() if one.ref == case.ref]

    async def applied(self) -> Decimal:
        """What of everything kept settles other documents, and did not when the books began."""
        return sum((one.applied or Decimal(0) for one in await self.kept()), -self.settled)


def names_of(command: Mapping[str, Any]) -> list[str]:
    """Every name under which a link may mean the document of a command or ledger entry."""
    entity, source_id = command["source_entity"], command["source_id"]
    parts = (command["part"],) if command["action"] == APPLY else dict.fromkeys(("", command["part"]))
    choices = [(purpose, part) for purpose in ("", command["purpose"]) for part in parts]
    return [link_name(Parent(role="", entity=entity, source_id=source_id, purpose=one, part=part)) for one, part in choices]


async def at_the_simulator(simulator: Simulator, told: Mapping[str, Any]) -> None:
    """Post a body to a path under `/__sim__/`."""
    request = Request("POST", f"http://127.0.0.1:1/__sim__/{told['path']}", {}, json.dumps(told.get("body", {})).encode())
    answer = await InProcess(simulator.app).send(request, 10)
    assert answer.status == 200, answer.body


def _json(body: bytes) -> Any:
    from runtime.json import parse

    return parse(body)


def demo_of(system: System) -> Demo:
    """The demo module of a system."""
    return cast("Demo", import_module(system.demo).DEMO)


def is_written(draft: Draft) -> bool:
    """Whether a draft would go to the system by itself: it is no milestone, nothing holds it, and it is no reversal, which needs what was written."""
    return not draft.hold and not draft.unresolved and draft.record not in (COMPLETION, REVERSAL)


def _other_application(command: Mapping[str, Any]) -> dict[str, Any]:
    """What an application becomes that is written anew: half of it, a day later. Nothing of any other document."""
    if command["action"] != APPLY:
        return {}
    told = [{**one, "amount": one["amount"] / 2} for one in command["applications"]]
    return {"applications": told, "amount": command["amount"] / 2, "date": command["date"] + timedelta(days=1)}


def example_of(ground: SystemUnderTest, way: str) -> str:
    """The example that is named for a way, else the first that makes a command of its record, one that moves money before others."""
    if way not in ground.chosen:
        ground.chosen[way] = examples.told(ground.system.name).examples.get(way) or _first_example(ground, way)
    return ground.chosen[way]


def _first_example(ground: SystemUnderTest, way: str) -> str:
    system, record = ground.system.name, ways(ground.system)[way].record
    found: dict[bool, str] = {}
    for name in examples.names(system, "canonical"):
        if name in examples.told(system).not_written:
            continue
        for draft, _ in ground.drafts(name):
            if draft.record == record and is_written(draft):
                found.setdefault(bool(draft.amount), name)
    assert found, f"systems/{system}/examples: no example makes a command {record}; every write needs one"
    return found.get(True) or found[False]


def copied(record: Mapping[str, Any], copy: str) -> dict[str, Any]:
    """The same record as another document: its own id and numbers, and the ids of the documents that it settles, get an ending."""
    if not copy:
        return dict(record)
    made = dict(record)
    for name in ("source_id", "number", "vendor_number", "adjustment_to_id", "refunded_payment_id"):
        if record.get(name):
            made[name] = f"{record[name]}-{copy}"
    if "applications" in record:
        made["applications"] = [{**one, "document_id": f"{one['document_id']}-{copy}"} for one in record["applications"]]
    return made


def simulator_of(system: System, folder: Path, clock: VirtualClock) -> Simulator:
    """The simulator of a system, with the switches that its examples ask for."""
    switches = dict(demo_of(system).simulator_settings(1.0)) | dict(examples.told(system.name).simulator)
    return cast("Simulator", import_module(system.simulator).build(Options(7, folder, clock, switches)))


def access(system: System, url: str, simulator: Simulator, clock: VirtualClock, transport: Transport) -> Access:
    """What a session is opened with."""
    own, _, secrets = demo_of(system).section(url, simulator.credentials)
    settings = system.settings.model_validate(own | dict(examples.told(system.name).settings) | _addresses(own, url))
    return Access("acme", Role.SINK, settings, system.credentials.model_validate(secrets), transport, Limiter(SHARE, clock), clock)


@asynccontextmanager
async def opened(system: System, folder: Path, role: Role) -> AsyncIterator[tuple[Access, Simulator]]:
    """Access to a simulator in process, for sessions that read or check."""
    clock = VirtualClock()
    simulator = simulator_of(system, folder, clock)
    runner = web.AppRunner(simulator.app, handle_signals=False, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        made = access(system, "http://127.0.0.1:1", simulator, clock, Seam(InProcess(simulator.app)))
        yield replace(made, role=role), simulator
    finally:
        await asyncio.wait_for(runner.cleanup(), 10)
        simulator.store.close()


def otherwise(entered: Access, over: Mapping[str, Any]) -> Access:
    """The same with other settings of the system."""
    settings = entered.settings
    return replace(entered, settings=type(settings).model_validate(examples.laid(settings.model_dump(), over)))


_OWN = ("tenant_id", "endpoint_version", "tenant", "external_data_application_guid")


def _addresses(own: Mapping[str, Any], url: str) -> dict[str, Any]:
    """What the simulator's own section says about where it is and who it is: that cannot come from an example."""
    return {name: value for name, value in own.items() if name in _OWN or str(value).startswith(url)}


@asynccontextmanager
async def ground(system: System, folder: Path, way: str = "", sockets: bool = False) -> AsyncIterator[SystemUnderTest]:
    """A simulator with an open writer, and settings under which a record is written in this way; over real sockets or in process.
    Virtual time for both."""
    clock = VirtualClock()
    simulator = simulator_of(system, folder, clock)
    if sockets:
        served = await start(simulator)
        url, inner, stop = served.url, cast("Transport", HttpTransport(Reach(loopback=True))), served.stop
    else:
        runner = web.AppRunner(simulator.app, handle_signals=False, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        url, inner, stop = "http://127.0.0.1:1", InProcess(simulator.app), runner.cleanup
    seam = Seam(inner, is_write=system.writes_by)
    entered = otherwise(access(system, url, simulator, clock, seam), examples.told(system.name).ways.get(way, {}))
    assert system.open_writer is not None
    made = SystemUnderTest(
        system,
        simulator,
        url,
        examples.connected(system, entered.settings.model_dump(mode="json")),
        clock,
        seam,
        system.open_writer(entered),
        entered.settings,
        clock.now(),
        dict(examples.told(system.name).linked),
    )
    if way and not ways(system)[way].ref_field:
        made.settled = await made.applied()
    try:
        yield made
    finally:
        await made.writer.close()
        await asyncio.wait_for(stop(), 10)
        if not sockets:
            simulator.store.close()
