"""The way of an order: made in the toy ERP, written to the field-service system, received there; its receipt goes back to the toy with the ids of
the order's lines. Through both readers, both hops' mappings and the protocol itself; polling both ways again and again adds nothing."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest

from runtime.exchange import Request
from runtime.json import parse
from schemas.codec import Codec, offline_codec
from schemas.records import CommandEnvelope, Ledger, Link, Parent
from services.sinks import entry as e
from services.sinks.links import MemoryLinks
from services.sinks.pairs import links_of, pair_key, pair_keys
from services.sinks.parents import resolve
from systems import registry
from systems.contract import Element, Feed, Role, System
from systems.mapped import Canonical
from tests.contract import examples
from tests.contract.conftest import Declare
from tests.contract.ground import Case, SystemUnderTest, ground
from tests.contract.protocol import Run
from tests.contract.registered import ways
from tests.contract.seam import InProcess
from tests.contract.toyerp import FLOWS, ORDER_OF, WRITES, with_receipts
from tests.unit.topology.hops import PARTITIONS, Memory
from topology import canonical_to_command
from topology.batch import ConsumerRecord, Context, Outcome
from topology.configuration import Snapshot
from topology.topics import object_key, records_of_topic

NOW = datetime(2026, 3, 10, tzinfo=UTC)
ORDER = examples.canonical(registry.FIELD_SERVICE, "purchase_order.of_the_erp") | {"system": "toybooks"}
POLLED = ("purchase-orders", "receipts", "warehouses", "trucks")


@dataclass
class Joined:
    """Both systems, hop 2 between them, a ledger of what was written, and the links that pairs became."""

    there: SystemUnderTest
    erp: SystemUnderTest
    codec: Codec
    links: MemoryLinks = field(default_factory=MemoryLinks)
    ledger: dict[str, Ledger] = field(default_factory=dict)
    decisions: list[str] = field(default_factory=list)

    # --- the hop ----------------------------------------------------------------------------------------------------------

    def hop(self, record: Mapping[str, Any]) -> list[tuple[str, CommandEnvelope]]:
        """What hop 2 makes of a canonical record of either side."""
        entity, made = record["entity"], self.there.connected
        topic, key = f"canonical.{entity}", object_key("acme", record["system"], entity, record["source_id"])
        encoded = self.codec.encode(topic, f"canonical.{entity}", dict(record))
        context = Context(Snapshot({"acme": made}), self.codec, str, PARTITIONS, NOW)
        outcome: Outcome = canonical_to_command.apply([ConsumerRecord(topic, 0, 0, key.encode(), encoded, None)], Memory(), context)
        self.decisions += [decision.decision for _, decision in outcome.decisions]
        told = (self.codec.decode(output.value) for output in outcome.outputs)
        return [
            (name.removeprefix("command."), cast("CommandEnvelope", value)) for name, value in told if name.startswith("command.")
        ]

    # --- a sink -----------------------------------------------------------------------------------------------------------

    async def sink(self, record: str, command: CommandEnvelope) -> Ledger:
        """A command, taken as the sink of its system takes it: unchanged where it is known, else written once its parents are there."""
        known = self.ledger.get(command["op_key"])
        if known is not None and known["source_hash"] == command["source_hash"]:
            return known
        on = self.there if command["system"] == registry.FIELD_SERVICE else self.erp
        parents = resolve(command["parents"], _Known(self, command["system"]))
        assert (parents.missing, parents.blocked) == ((), {}), (record, parents)
        run = Run(on, Case(on.system.write_of(record), command, parents.ids, on.began))
        run.parents = parents
        if known is not None:
            run.key = run.key.but(entry=e.change(run.key.entry, on.clock.now(), erp_id=known["erp_id"]))
        entry = await run.to_the_end()
        self.ledger[command["op_key"]] = entry
        for pair in run.pairs:
            self.keep(*links_of(entry, pair, "sinks"))
        return entry

    def keep(self, *links: Link) -> None:
        """Record links of pairs as a follower does."""
        for link in links:
            key = (link["target_system"], link["connection"], link["entity"], link["source_id"])
            for place in pair_keys(key, link.get("purpose", ""), link.get("part", "")):
                self.links.put(place, link["target_id"])

    # --- polling ----------------------------------------------------------------------------------------------------------

    async def polled(self, names: tuple[str, ...] = POLLED) -> list[dict[str, Any]]:
        """Everything that these feeds of the field-service side show, as canonical records."""
        self.there.clock.move(60)
        system, found = self.there.system, []
        entered = replace(_access(self.there), role=Role.POLLER, transport=InProcess(self.there.simulator.app))
        reader = system.open_reader(entered)
        for feed in (one for one in system.feeds if one.name in names):
            page = await reader.page(feed, "")
            found += [self.canonical(feed, one) for one in page.elements]
        await reader.close()
        return [one for one in found if one is not None]

    def canonical(self, feed: Feed, one: Element) -> dict[str, Any] | None:
        """An element as hop 1 normalises it."""
        raw = examples.raw(self.there.system, "purchase_order.canceled") | {"entity": feed.entity, "body": one.body, "further": []}
        (made,) = self.there.system.to_canonical(raw, self.there.connected.readings[self.there.system.name])
        assert isinstance(made, Canonical), made
        return {**made.record, "raw_topic": "raw.servicetitan", "raw_partition": 0, "raw_offset": 0}

    async def cycle(self, order: Mapping[str, Any]) -> None:
        """Both sides are polled once, and whatever follows is written."""
        for record in (order, *await self.polled()):
            for name, command in self.hop(record):
                await self.sink(name, command)

    def written(self) -> list[str]:
        """What was written at the field-service side, sign-ins left out: the resource of each request."""
        return [one.url.split("/tenant/")[1].split("/")[1] for one in self.there.seam.writes if "/tenant/" in one.url]

    async def state(self) -> tuple[list[str], int, int, list[str]]:
        """What was written at both sides, what the ledger knows, and the bills that are there."""
        return self.written(), len(self.erp.seam.writes), len(self.ledger), sorted(map(str, await self.ask("bills")))

    async def ask(self, entity: str) -> list[dict[str, Any]]:
        """What the field-service simulator holds."""
        answer = await InProcess(self.there.simulator.app).send(Request("GET", f"http://x/__sim__/holdings?entity={entity}"), 5)
        rows: list[dict[str, Any]] = parse(answer.body)["holdings"]
        return rows


@dataclass(frozen=True)
class _Known:
    """What a sink knows of parents (`services/sinks/parents.py`)."""

    joined: Joined
    system: str

    def link(self, entity: str, source_id: str) -> str | None:
        return self.joined.there.known.get(f"{entity}/{source_id}") if self.system == registry.FIELD_SERVICE else None

    def pair(self, parent: Parent) -> str | None:
        key = (self.system, "acme", parent["entity"], parent["source_id"])
        return self.joined.links.get(pair_key(key, parent.get("purpose", ""), parent.get("part", "")))

    def entries(self, entity: str, source_id: str) -> list[Ledger]:
        return [one for one in self.joined.ledger.values() if (one["source_entity"], one["source_id"]) == (entity, source_id)]

    def stands(self, entry: Ledger) -> bool:
        return False


def _access(on: SystemUnderTest) -> Any:
    from tests.contract.ground import access

    return access(on.system, on.url, on.simulator, on.clock, InProcess(on.simulator.app))


@pytest.fixture
async def joined(declared: Declare, tmp_path: Path) -> AsyncIterator[Joined]:
    erp: System = declared(flows=FLOWS, writes=WRITES, to_commands=with_receipts)
    side = registry.system(registry.FIELD_SERVICE)
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(ground(side, tmp_path / "1"))
        second = await stack.enter_async_context(ground(erp, tmp_path / "2"))
        made = Joined(first, second, offline_codec(records_of_topic()))
        vendor = await first.case("vendor", "", "vendor.of_the_erp")
        await first.written(vendor)
        yield made


async def test_an_order_of_the_erp_is_received_there_and_its_receipt_names_the_orders_lines(joined: Joined) -> None:
    ((record, command),) = joined.hop(ORDER)
    written = await joined.sink(record, command)
    assert written["state"] == e.POSTED
    await joined.there.at_the_simulator({"path": "events", "body": {"events": [_received(written["erp_id"], "4", "6")]}})
    receipts = [one for one in await joined.polled() if one["entity"] == "receipt"]
    ((record, command),) = joined.hop(receipts[0])
    assert (record, command["system"], command["amount"]) == ("receipt", "toybooks", Decimal("152.38")), "it is due at once"
    ids = resolve(command["parents"], _Known(joined, "toybooks"))
    lines = [one["source_id"] for one in command["parents"] if one["entity"] == "order_line"]
    assert [ids.ids[f"{ORDER_OF}|order_line/{one}|"] for one in lines] == ["300100111/1/1", "300100111/2/1"]
    order = next(one for one in command["parents"] if one["entity"] == "purchase_order")
    assert ids.ids[f"{ORDER_OF}|purchase_order/{order['source_id']}|"] == ORDER["source_id"]
    assert (await joined.sink(record, command))["state"] == e.POSTED


def _received(order: str, *shares: str) -> dict[str, Any]:
    return {"do": "receive", "purchase_order": int(order), "shares": list(shares)}


async def test_ten_cycles_of_polling_both_ways_add_nothing(joined: Joined) -> None:
    await joined.cycle(ORDER)
    (order,) = await joined.ask("orders")
    await joined.there.at_the_simulator({"path": "events", "body": {"events": [_received(str(order["id"]), "10", "6")]}})
    await joined.cycle(ORDER)
    before = await joined.state()
    joined.decisions.clear()
    for _ in range(10):
        await joined.cycle(ORDER)
    assert await joined.state() == before
    assert before[:2] == (["vendors", "purchase-orders"], 1), "a vendor and an order there, a receipt here"
    assert joined.decisions.count("own_origin") == 10, "the order that carries our ref never travels back"


async def test_receiving_makes_the_bill_and_no_request_of_ours_does(joined: Joined) -> None:
    """AP bills are the field-service system's own (accounting.md 23): a receipt of the whole order makes one of the order's whole amount."""
    await joined.cycle(ORDER)
    (order,) = await joined.ask("orders")
    assert await joined.ask("bills") == []
    await joined.there.at_the_simulator({"path": "events", "body": {"events": [_received(str(order["id"]), "10", "6")]}})
    (bill,) = await joined.ask("bills")
    assert Decimal(bill["amount"]) == ORDER["total"]
    assert joined.written() == ["vendors", "purchase-orders"]


async def test_the_erps_status_is_one_line_of_the_memo_however_often_it_changes(joined: Joined) -> None:
    await joined.cycle(ORDER)
    (order,) = await joined.ask("orders")
    said = {"do": "change_order", "purchase_order": order["id"], "memo": f"Ring the bell\n{order['memo']}\nGate code 12"}
    await joined.there.at_the_simulator({"path": "events", "body": {"events": [said]}})
    for number, status in enumerate(("OPEN", "RECEIVED", "BILLED", "CLOSED")):
        await joined.cycle(ORDER | {"status": status, "fingerprint": f"f{number}", "source_version": f"2026-03-0{number + 3}"})
    (after,) = await joined.ask("orders")
    lines = after["memo"].splitlines()
    assert lines[:2] == ["Ring the bell", "Gate code 12"]
    assert [line for line in lines if "status" in line] == [
        "[ml-connector status] PO PO-4711: CLOSED, received 0 of 16, billed 0 of 16"
    ]
    assert len([line for line in lines if "ref]" in line]) == 1


def test_the_write_of_orders_is_declared_honestly() -> None:
    write = ways(registry.system(registry.FIELD_SERVICE))["purchase_order"]
    assert (write.capability, write.updates, write.v_max.total_seconds() > 0) == ("C4", True, True)
    assert json.loads(examples.text(registry.FIELD_SERVICE, "purchase_order.of_the_erp", "commands"))[0]["amount"] == "237.7"
