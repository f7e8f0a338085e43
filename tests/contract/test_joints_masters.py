"""Masters that come from both sides, shown on the toy: a customer created on either side, changed on both, in the real hop and the real core."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

import pytest

from runtime.settings import Settings
from schemas.codec import offline_codec
from schemas.records import CommandEnvelope, Ledger, Link, Parent
from services.sinks import entry as e
from services.sinks.context import SinkContext
from services.sinks.parents import Parents, resolve
from services.sinks.views import Sights
from systems import registry
from systems.contract import Answer, Capability, Document, Flow, Found, ResolvedCommand, System, Verdict, Write
from systems.mapped import Draft, NoCommand, Plan
from systems.owners import ERP, FIELD_SERVICE, OWNERS, owned
from systems.postings.document import Mapped
from systems.postings.masters import ADDRESS, upsert
from tests import toy as toys
from tests.contract import examples
from tests.contract.conftest import Declare
from tests.contract.ground import Case
from tests.contract.protocol import Run
from tests.contract.seam import VirtualClock
from tests.contract.test_joints import NOW, Unread
from tests.contract.toybooks.system import SYSTEM
from topology import canonical_to_command
from topology.batch import ConsumerRecord, Context
from topology.configuration import Connected, Snapshot
from topology.topics import records_of_topic

FIELDS = ("name", *ADDRESS, "customer_class", "terms", "tax_zone")
SIDES = {registry.FIELD_SERVICE: FIELD_SERVICE, SYSTEM.name: ERP}
UPSERT = Write("customer", "Customer", ("upsert",), "upsert", Capability.C1, "ref", 23, updates=True)
OUT = Flow("C1", "customers", registry.FIELD_SERVICE, SYSTEM.name, "customer", ("customer",), "master")
BACK = replace(OUT, id="C2", title="customers back", source=SYSTEM.name, target=registry.FIELD_SERVICE)


def to_commands(entity: str, record: Mapping[str, Any], plan: Plan) -> Sequence[Draft | NoCommand]:
    """A customer is a customer, whichever way it goes; its terms travel in the field that a canonical customer has for them."""
    own = {"customer_class": record["kind"], "terms": record["payment_term_id"], "tax_zone": record["tax_id"]}
    return [upsert(entity, record, own, Mapped(plan, plan.settings, None), plan.towards[entity][0])]


@dataclass
class Books:
    """One side: its customers by id, what was written there, and how often each was changed."""

    name: str
    people: dict[str, dict[str, str]] = field(default_factory=dict)
    changes: dict[str, int] = field(default_factory=dict)
    creates: int = 0
    updates: int = 0

    def put(self, person: str, **fields: str) -> None:
        """Create or change a customer."""
        known = self.people.setdefault(person, dict.fromkeys((*FIELDS, "ref"), ""))
        known |= fields
        self.changes[person] = self.changes.get(person, 0) + 1

    # --- as `systems.contract.Writer` -------------------------------------------------------------------------------------

    async def reserve(self, calls: int) -> None:
        """Nothing limits it."""

    async def find(self, resolved: ResolvedCommand) -> Found:
        partner, command = resolved.known_id, resolved.command
        found = [partner] if partner in self.people else [key for key, one in self.people.items() if one["ref"] == command["ref"]]
        return Found(tuple(self._document(key, command) for key in found))

    async def perform(self, step: str, resolved: ResolvedCommand, document: Document | None) -> Answer:
        command = resolved.command
        wanted = {name: str(command.get(name, "")) for name in FIELDS}
        if document is None:
            person, mine = f"{self.name[0].upper()}-{len(self.people) + 1}", wanted
            self.creates += 1
        else:
            person, mine = document.erp_id, {name: wanted[name] for name in self._brought(command)}
            self.updates += 1
        self.put(person, **mine, ref=command["ref"])
        return Answer(Verdict.YES, self._document(person, command))

    def _brought(self, command: CommandEnvelope) -> tuple[str, ...]:
        """What the side owns that the command comes from."""
        return owned("customer", SIDES[command["source_system"]])

    def _document(self, person: str, command: CommandEnvelope) -> Document:
        theirs = self.people[person]
        differing = [f"{name}: {theirs[name]}, {command[name]}" for name in self._brought(command) if theirs[name] != command[name]]  # type: ignore[literal-required]  # names of CustomerCommand
        done = () if differing else ("upsert",)
        ref = command["ref"] if theirs["ref"] else ""
        return Document(person, person, ref, Decimal(0), "", done, tuple(differing))


class Joined:
    """Both sides, what hop 2 makes of every change, and a sink that carries it out and records links as the product's does."""

    def __init__(self, connected: Connected) -> None:
        self.connected, self.clock = connected, VirtualClock()
        self.sides = {name: Books(name) for name in SIDES}
        self.links: dict[tuple[str, str], str] = {}
        self.ended: list[str] = []
        self._seen: dict[tuple[str, str], int] = {}
        self.writer, self.known = Routed(self.sides), dict[str, str]()

    async def settle(self) -> int:
        """Read every change until there is none; how many commands that took."""
        for count in range(20):
            changed = [
                (name, person)
                for name, side in self.sides.items()
                for person, number in side.changes.items()
                if self._seen.get((name, person)) != number
            ]
            if not changed:
                return count
            name, person = changed[0]
            self._seen[changed[0]] = self.sides[name].changes[person]
            for command in self.commands(name, person):
                await self.carried_out(command)
        raise AssertionError(f"it goes round for ever: {self.ended}")

    def commands(self, name: str, person: str) -> list[CommandEnvelope]:
        """What hop 2 makes of a customer as a side shows it now."""
        shown = self.sides[name].people[person]
        own = {"kind": shown["customer_class"], "payment_term_id": shown["terms"], "tax_id": shown["tax_zone"]}
        record = toys.blank("canonical.customer") | {one: shown[one] for one in ("name", *ADDRESS)} | own
        record |= {"connection": "acme", "system": name, "entity": "customer", "source_id": person, "active": True}
        record |= {"origin_ref": shown["ref"] or None, "content_hash": str(self.sides[name].changes[person])}
        topic, codec = "canonical.customer", offline_codec(records_of_topic())
        context = Context(Snapshot({"acme": self.connected}), codec, str, 4, NOW)
        outcome = canonical_to_command.apply(
            [ConsumerRecord(topic, 0, 0, b"k", codec.encode(topic, topic, record), None)], Unread(), context
        )
        self.ended += [decision.decision for _, decision in outcome.decisions]
        return [cast("CommandEnvelope", codec.decode(one.value)[1]) for one in outcome.outputs]

    async def carried_out(self, command: CommandEnvelope) -> Ledger:
        """The command, ended; the pair of ids is known from both sides afterwards."""
        run = Run(self, Case(UPSERT, command, {}))  # type: ignore[arg-type]  # what is used of the ground
        run.partner = self.links.get((command["system"], command["source_id"]), "")
        run.parents = resolve(command["parents"], Linked(run.partner))
        entry = await run.to_the_end()
        self.ended.append(f"{entry['state']} {entry['reason']}".strip())
        link = e.link_of(entry, "test")
        for one in (link, e.turned(link)) if link is not None else ():
            self._keep(one)
        return entry

    def _keep(self, link: Link) -> None:
        self.links[(link["target_system"], link["source_id"])] = link["target_id"]

    def written(self) -> list[tuple[int, int]]:
        """Creates and updates at each side."""
        return [(one.creates, one.updates) for one in self.sides.values()]


@dataclass
class Routed:
    """The writer of whichever side a command goes to."""

    sides: Mapping[str, Books]

    async def reserve(self, calls: int) -> None:
        """Nothing limits it."""

    async def find(self, resolved: ResolvedCommand) -> Found:
        return await self.sides[resolved.command["system"]].find(resolved)

    async def perform(self, step: str, resolved: ResolvedCommand, document: Document | None) -> Answer:
        return await self.sides[resolved.command["system"]].perform(step, resolved, document)


@dataclass(frozen=True)
class Linked:
    """What a sink knows of a customer's partner."""

    partner: str

    def link(self, entity: str, source_id: str) -> str | None:
        return self.partner or None

    def pair(self, parent: Parent) -> str | None:
        return None

    def entries(self, entity: str, source_id: str) -> Sequence[Ledger]:
        return ()

    def stands(self, entry: Ledger) -> bool:
        return False


def both(declared: Declare, monkeypatch: pytest.MonkeyPatch, *flows: Flow) -> Joined:
    """A connection whose sides keep customers by these flows."""
    system = declared(flows=flows, to_commands=to_commands, writes=(UPSERT,))
    known = registry.system
    ours = replace(known(registry.FIELD_SERVICE), to_commands=to_commands)
    monkeypatch.setattr(registry, "system", lambda name: ours if name == registry.FIELD_SERVICE else known(name))
    return Joined(connected(system))


def connected(system: System) -> Connected:
    return examples.connected(system)


@pytest.fixture
def joined(declared: Declare, monkeypatch: pytest.MonkeyPatch) -> Joined:
    return both(declared, monkeypatch, OUT, BACK)


@pytest.mark.parametrize("first", SIDES)
async def test_a_customer_created_on_either_side_is_created_once_on_the_other(joined: Joined, first: str) -> None:
    """The echo is compared with its partner, differs in nothing, and ends."""
    joined.sides[first].put("7", name="Ana Lopez", phone="214", terms="N30")
    assert await joined.settle() == 2
    assert joined.ended == ["POSTED", "UNCHANGED"]
    assert sum(one.creates for one in joined.sides.values()) == 1
    (ours,), (theirs,) = (list(one.people.values()) for one in joined.sides.values())
    assert {name: ours[name] for name in FIELDS} == {name: theirs[name] for name in FIELDS}


@pytest.mark.parametrize("first", SIDES)
async def test_what_is_changed_on_both_sides_flows_from_the_owner_of_each_field_and_ends(joined: Joined, first: str) -> None:
    """Without one owner for each field, two changes at the same time would be swapped for ever."""
    joined.sides[first].put("7", name="Ana Lopez", phone="214", terms="N30")
    await joined.settle()
    field_service, books = joined.sides.values()
    (ours,), (theirs,) = field_service.people, books.people
    field_service.put(ours, name="Ana Lopez-Diaz", phone="972", terms="N60")
    books.put(theirs, name="LOPEZ A", terms="COD", customer_class="RES")
    await joined.settle()
    for one in (field_service.people[ours], books.people[theirs]):
        told = {name: one[name] for name in ("name", "phone", "terms", "customer_class")}
        assert told == {"name": "Ana Lopez-Diaz", "phone": "972", "terms": "COD", "customer_class": "RES"}
    written = joined.written()
    assert sum(creates for creates, _ in written) == 1
    field_service.put(ours)
    books.put(theirs)
    assert await joined.settle() == 2
    assert (joined.ended[-2:], joined.written()) == (["UNCHANGED", "UNCHANGED"], written)


@pytest.mark.parametrize("side", SIDES)
async def test_what_carries_our_ref_waits_for_its_partner_and_is_never_created(joined: Joined, side: str) -> None:
    """Its pair of ids may come later than the record itself. After a day it is held, whatever `create_missing` says."""
    joined.sides[side].put("7", name="Ana Lopez", ref="ST-AAAAAAAAAAAAAAAAAAAA")
    (command,) = joined.commands(side, "7")
    assert [(one["role"], one["source_id"]) for one in command["parents"]] == [("partner", "7")]
    before = joined.clock.now()
    entry = await joined.carried_out(command)
    assert (entry["state"], entry["reason"], entry["detail"]) == ("HELD", "parent_missing", "did not come: customer/7")
    assert joined.clock.now() - before >= timedelta(hours=24)
    assert joined.written() == [(0, 0), (0, 0)]


@pytest.mark.parametrize(
    ("state", "known"), [(e.WAITING, Parents(missing=("customer/7",))), (e.POSTED, Parents({"customer/7": "T-1"}))]
)
def test_a_record_that_waits_for_its_partner_does_not_wait_for_itself(joined: Joined, state: str, known: Parents) -> None:
    """It would never be held: its own entry, which waits, was what it waited for."""
    joined.sides[SYSTEM.name].put("7", ref="ST-AAAAAAAAAAAAAAAAAAAA")
    (command,) = joined.commands(SYSTEM.name, "7")
    entry = e.fresh(e.Incoming("customer", command, b"", 0, 0, NOW)) | {"state": state, "erp_id": "T-1"}
    cases = SimpleNamespace(of_source=lambda source: {command["op_key"]}, shown=lambda op_key: (entry, False))
    ground = SimpleNamespace(system=SYSTEM, followed=SimpleNamespace(link=lambda *of: None, pair=lambda *of: None))
    assert Sights(cast("Any", ground), cast("Any", cases)).parents(entry, command) == known


@pytest.mark.parametrize(("flows", "sources"), [((OUT, BACK), ["7", "T-1"]), ((OUT,), ["7"])])
async def test_the_pair_of_ids_is_recorded_from_both_sides_where_both_write(
    declared: Declare, monkeypatch: pytest.MonkeyPatch, flows: tuple[Flow, ...], sources: list[str]
) -> None:
    joined = both(declared, monkeypatch, *flows)
    joined.sides[registry.FIELD_SERVICE].put("7", name="Ana Lopez")
    (command,) = joined.commands(registry.FIELD_SERVICE, "7")
    entry = await joined.carried_out(command)
    sources_told = []

    def encode(topic: str, name: str, record: Mapping[str, Any]) -> bytes:
        if name == "connection.link":
            sources_told.append(record["source_id"])
        return b""

    codec = SimpleNamespace(encode_after=lambda *of: b"", encode=encode)
    followed = SimpleNamespace(link=lambda *of: None)
    snapshot = Snapshot({"acme": joined.connected})
    about = (Settings(), codec, SYSTEM, joined.clock, followed, None, lambda: snapshot)
    SinkContext(*cast("Any", about)).out(entry, 0, b"")
    assert sources_told == sources


async def test_where_masters_come_from_one_side_our_ref_ends_their_way(declared: Declare, monkeypatch: pytest.MonkeyPatch) -> None:
    joined = both(declared, monkeypatch, OUT)
    joined.sides[registry.FIELD_SERVICE].put("7", name="Ana Lopez", ref="ST-AAAAAAAAAAAAAAAAAAAA")
    assert (await joined.settle(), joined.ended) == (1, ["own_origin"])


@pytest.mark.parametrize("entity", OWNERS)
def test_a_field_has_one_owner_and_is_one_of_the_command(entity: str) -> None:
    fields = [name for side in (ERP, FIELD_SERVICE) for name in owned(entity, side)]
    assert len(fields) == len(set(fields))
    envelope = set(CommandEnvelope.__annotations__) | {"create_missing"}
    assert set(fields) == set(toys.blank(f"command.{entity}")) - envelope
