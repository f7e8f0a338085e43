"""A day of the toy that uses what declarations may say beyond the first systems, in one piece: plan, match, poller's raw records, both hops,
the real sink in memory, and the toy's own books at the end.

An order and its bill come from one source object, whose lines the first answer cut off. The bill names its order by purpose and part, the order's
lines by their pairs, and its vendor by the match that was asked for. The toy writes by GET, finds documents by when they were created, would refuse
one account beforehand, and loses an answer.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest

from console.matching.asking import ask
from console.matching.masters import Masters
from console.matching.score import Master
from console.matching.summary import hindrances, open_proposals
from runtime.errors import Refused
from runtime.settings import Settings
from schemas.codec import Codec, offline_codec
from schemas.records import Parent, Raw
from services.ingress.produce import Deliveries, Outgoing
from services.ingress.writing import Writing
from services.sinks import entry as e
from systems import registry
from systems.contract import Answer, Document, Element, Found, Page, Pair, ResolvedCommand, System
from systems.mapped import Canonical, Draft, Normalised, Plan, Reading
from systems.parents import parent_id
from systems.raw import How, Where
from tests.contract import examples
from tests.contract.conftest import Declare
from tests.contract.ground import SystemUnderTest, ground
from tests.contract.seam import VirtualClock
from tests.contract.test_joints import BILLS, JOURNALS, NOW, SIGNED, Forgetful, Kept, Unread, joined, quota, refused
from tests.contract.test_joints_matching import OURS, Asked
from tests.contract.test_joints_matching import to_canonical as master_heard
from tests.contract.toybooks.system import SYSTEM, WriterByGet, is_post, to_commands
from tests.property.sinks import in_memory, stand_ins
from tests.property.sinks.in_memory import Sink
from topology import canonical_to_command, raw_to_canonical
from topology.batch import ConsumerRecord, Context, Decision, Outcome
from topology.configuration import Connected, Snapshot
from topology.topics import records_of_topic

VENDOR = "7001"


def _unavailable(erp: Any) -> str:
    return "company readers takes no bills" if erp.company_id == "readers" else ""


FLOWS = (replace(BILLS, due="at_once", other_purposes=("order",), unavailable=lambda erp, _: _unavailable(erp)), JOURNALS)
WORTH = {"1": Decimal("336.75"), "2": Decimal("12.00"), "3": Decimal("13.00")}
REFUSED = "3"
"""The bill whose account the toy does not take."""


def in_pieces(raw: Raw, _: Reading) -> Sequence[Normalised]:
    """A bill whose lines come in further answers, each the id of one line."""
    bill = examples.canonical(SYSTEM.name, "bill.of_a_vendor") | {"source_id": raw["source_id"], "status": "Pending"}
    amounts = {name: Decimal(0) for name in ("tax", "shipping", "other")} | {"subtotal": WORTH[raw["source_id"]]}
    lines = [{**bill["lines"][0], "line_id": f"{raw['source_id']}-{one.decode()}"} for one in (raw["body"], *raw["further"])]
    made = {"number": f"N{raw['source_id']}", "total": WORTH[raw["source_id"]], "lines": lines, "origin_ref": None}
    return [Canonical("bill", bill | amounts | made)]


def order_and_bill(entity: str, record: Mapping[str, Any], plan: Plan) -> list[Draft]:
    """An order, and the bill of it and of each of its lines."""
    (bill,) = cast("Sequence[Draft]", to_commands(entity, record, plan))
    part = record["vendor_id"]

    def of_order(role: str, entity: str, source_id: str) -> Parent:
        return Parent(role=role, entity=entity, source_id=source_id, purpose="order", part=part)

    lines = [of_order(one["line_id"], "bill_line", one["line_id"]) for one in record["lines"]]
    vendor, order = Parent(role="vendor", entity="vendor", source_id=part), of_order("order", entity, record["source_id"])
    return [replace(bill, purpose="order", part=part), replace(bill, part="V|2", parents=(vendor, order, *lines))]


class DayWriter(WriterByGet):
    """Finds by a window of creation, tells the lines of an order, and asks beforehand whether an account is taken."""

    async def find(self, resolved: ResolvedCommand) -> Found:
        if resolved.tried_since is None:
            raise Refused("nobody knows since when it was tried")
        found = await super().find(resolved)
        is_refused = resolved.command["source_id"] == REFUSED and resolved.command["purpose"] == "payable"
        shown = tuple(_with_lines(one, resolved) for one in found.documents)
        return Found(shown, (), *(("ACCT-12: no such combination", "account") if is_refused else ()))

    async def perform(self, step: str, resolved: ResolvedCommand, document: Document | None) -> Answer:
        for parent in resolved.command["parents"]:
            assert parent_id(resolved.command, parent["role"], resolved.ids) == _id_of(parent), parent
        answer = await super().perform(step, resolved, document)
        return replace(answer, document=_with_lines(answer.document, resolved)) if answer.document is not None else answer


def _with_lines(document: Document, resolved: ResolvedCommand) -> Document:
    if resolved.command["purpose"] != "order":
        return document
    lines = (f"{resolved.command['source_id']}-{number}" for number in (1, 2))
    _IDS["bill", resolved.command["source_id"]] = document.erp_id
    _IDS.update({("bill_line", one): f"{document.erp_id}/{one}" for one in lines})
    return replace(
        document, pairs=tuple(Pair(*name, there) for name, there in _IDS.items() if there.startswith(f"{document.erp_id}/"))
    )


_IDS: dict[tuple[str, str], str] = {}
"""The toy's id of everything that a bill names, by entity and source id."""


def _id_of(parent: Parent) -> str:
    return _IDS[parent["entity"], parent["source_id"]]


@dataclass(frozen=True)
class Hops:
    """Both hops over what a poller wrote, under one set of settings."""

    connected: Connected
    codec: Codec
    entity: str = "bill"
    decisions: list[Decision] = field(default_factory=list)
    """What hop 2 decided beside its commands."""

    async def commands(self, system: System, elements: Iterable[Element]) -> list[tuple[str, dict[str, Any]]]:
        """What becomes of a page of objects."""
        kept = Kept()
        writing = Writing(Settings(), self.codec, cast("Deliveries", kept), VirtualClock())
        page = Page(tuple(elements), "", more=False, digest="d")
        await writing.elements(
            Where("acme", registry.FIELD_SERVICE), How(self.entity, "object", "list"), page, enumerate(page.elements)
        )
        canonical = raw_to_canonical.apply(self._batch(kept.records), Forgetful(), self._context())
        mapped = canonical_to_command.apply(self._outputs(canonical), Unread(), self._context())
        self.decisions.extend(decision for _, decision in mapped.decisions)
        found = [self.codec.decode(one.value) for one in mapped.outputs if one.topic == f"command.{system.name}"]
        return [(name.removeprefix("command."), command) for name, command in found]

    def _context(self) -> Context:
        return Context(Snapshot({"acme": self.connected}), self.codec, str, 4, NOW)

    def _batch(self, written: Sequence[Outgoing]) -> list[ConsumerRecord]:
        return [ConsumerRecord(one.topic, 0, number, one.key, one.value, None) for number, one in enumerate(written)]

    def _outputs(self, outcome: Outcome) -> list[ConsumerRecord]:
        made = [one for one in outcome.outputs if one.topic.startswith("canonical.")]
        return [ConsumerRecord(one.topic, 0, number, cast("bytes", one.key), one.value, None) for number, one in enumerate(made)]


def _planned(system: System) -> None:
    """`plan` takes the connection as it is meant, and says why it takes no other."""
    assert refused(joined(system, **SIGNED)) == []
    both = {key: {"enabled": True, "cutover_date": "2026-01-01"} for key in ("T1", "T2")}
    (excluded,) = refused(joined(system, flows=both, **SIGNED))
    assert "a bill would be booked twice" in excluded
    (unavailable,) = refused(joined(system, **examples.laid(SIGNED, {"erp": {"settings": {"company_id": "readers"}}})))
    assert "takes no bills" in unavailable
    (quota_of_sink,) = refused(joined(system, **examples.laid(SIGNED, quota(sink=0))))
    assert quota_of_sink.startswith("erp.quota.sink: 0 of 100 calls")
    (signed,) = refused(joined(system))
    assert "signs in to Toy books with the same token" in signed


async def _matched(system: System) -> str:
    """The toy's id of the vendor, for whom it was asked by name and number."""
    ours = {"customer": Masters(), "vendor": Masters([replace(OURS[1], id=VENDOR)], ours_read=1)}
    heard = await ask(Asked(), system, examples.connected(system).readings[system.name], ours)
    settings = examples.connected(system).settings
    (proposal,) = open_proposals(ours, hindrances(settings, heard.added(ours)))
    assert (proposal.verdict, proposal.target is not None) == ("exact", True)
    return cast("Master", proposal.target).id


def element(number: str) -> Element:
    return Element(number, "v1", b"1", (b"2",))


async def test_a_day_that_uses_every_joint(declared: Declare, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    system = declared(
        flows=FLOWS, to_commands=order_and_bill, open_writer=DayWriter, is_write=is_post, signs_in_as=("token",),
        asked_for=("vendor",), open_finder=lambda access: Asked(), to_canonical=master_heard,
    )  # fmt: skip
    side = registry.system(registry.FIELD_SERVICE)
    known = registry.system
    monkeypatch.setattr(
        registry, "system", lambda name: replace(side, to_canonical=in_pieces) if name == side.name else known(name)
    )
    codec = offline_codec(records_of_topic())
    for module in (in_memory, stand_ins):
        monkeypatch.setattr(module, "CODEC", codec)

    _planned(system)
    partner = await _matched(system)
    _IDS.clear()
    _IDS["vendor", VENDOR] = partner

    async with ground(system, tmp_path) as on:
        monkeypatch.setattr(Sink, "_joined", lambda _, name: {"acme": on.connected}[name])
        sink = Sink(system, on.writer, random.Random(1))
        for record, command in await Hops(on.connected, codec).commands(system, map(element, WORTH)):
            sink.command(record, command)
        on.simulator.faults.plan([{"kind": "lost_answer", "method": "GET", "path": "/post", "count": 1}])
        sink.reads()
        await sink.passes(30)
        assert {(one["purpose"], one["state"], one["reason"]) for one in sink.index.all() if one["record"] != "completion"} == {
            ("order", e.POSTED, ""), ("payable", e.WAITING, "parent"),
        }, "no bill goes before its vendor is known"  # fmt: skip
        sink.links_to("vendor", VENDOR, partner)
        await sink.passes(60)
        await sink.rest()
        sink.ends()

        await _balances(sink, on)


async def _balances(sink: Sink, on: SystemUnderTest) -> None:
    """What the books hold is what the ledger says, and everything else is on the list with reason and amount."""
    entries = [one for one in sink.index.all() if one["record"] != "completion"]
    posted = {one["ref"]: one["amount"] for one in entries if one["state"] == e.POSTED}
    assert {one.ref: one.amount for one in await on.kept()} == posted, "the books hold what the ledger says, and nothing else"
    assert sorted(posted.values()) == sorted([*WORTH.values(), *(worth for number, worth in WORTH.items() if number != REFUSED)])
    assert sink.held() == {
        one["op_key"]: ("account", WORTH[REFUSED]) for one in entries if (one["source_id"], one["purpose"]) == (REFUSED, "payable")
    }
    assert len(sink.held()) == 1
    answers = [attempt["answer"] for one in entries for attempt in one["attempts"]]
    assert (answers.count("yes"), answers.count("ambiguous")) == (len(posted) - 1, 1), "one answer was lost"
    assert len(on.seam.writes) == len(posted), "each request that writes was sent once"
    assert sum(one["origin"] == "pair" for one in sink.records("links")) == 2 * 2 * len(WORTH), "each line, both ways"
