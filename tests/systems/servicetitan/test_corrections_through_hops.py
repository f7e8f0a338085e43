"""A day with every kind of correction through both hops, for each ERP: of every record that carries money there is a command, or a decision
that tells its amount. What gives nothing yet is named in `SILENT`, and nothing else may be silent."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from runtime.exchange import Response
from schemas.codec import offline_codec
from systems import registry
from systems.contract import Element
from systems.servicetitan.models import list_page
from tests.contract import examples
from tests.systems.servicetitan.examples import raw
from tests.systems.servicetitan.simulator.test_day import played
from tests.systems.servicetitan.simulator.world import World, world
from topology import canonical_to_command, raw_to_canonical
from topology.batch import ConsumerRecord, Context, Outcome
from topology.configuration import Snapshot
from topology.headers import Headers
from topology.topics import records_of_topic

CODEC = offline_codec(records_of_topic())
NOW = datetime(2026, 3, 9, tzinfo=UTC)
LISTS = {
    "invoice": "accounting/invoices?activeState=All",
    "payment": "accounting/payments?activeState=All",
    "credit_memo": "accounting/credit-memos?active=Any",
    "bill": "accounting/ap-bills?billType=NotSet",
    "vendor_credit": "accounting/ap-credits?page=1",
    "ap_payment": "accounting/ap-payments?page=1",
    "bank_deposit": "accounting/bank-deposits?page=1",
    "return": "inventory/returns?active=Any",
    "inventory_adjustment": "inventory/adjustments?active=Any",
}
SILENT = {
    "peoplesoft": {"ap_payment", "bank_deposit", "bill", "credit_memo", "return", "vendor_credit"},
}
"""Entities that carry money and of which an ERP hears nothing yet; an ERP that is not named hears of all.
An entity leaves this list when its flow or its counted hold is there."""


class Memory:
    """What hop 1 has seen."""

    def __init__(self) -> None:
        self.values: dict[tuple[int, str], bytes] = {}

    def get(self, partition: int, key: str) -> bytes | None:
        return self.values.get((partition, key))


@dataclass(frozen=True)
class Said:
    """What hop 2 said of one version of an object: commands, and the amounts of its decisions."""

    entity: str
    record: dict[str, Any]
    commands: list[dict[str, Any]]
    amounts: list[Decimal | None]

    @property
    def is_heard(self) -> bool:
        """Whether there is a command (held or not) or a decision that tells an amount."""
        return bool(self.commands) or any(amount is not None for amount in self.amounts)


@dataclass
class Hops:
    """Both hops towards one ERP; `said` is what they said of each version of each object."""

    erp: str
    state: Memory = field(default_factory=Memory)
    said: list[Said] = field(default_factory=list)

    def __post_init__(self) -> None:
        connected = examples.connected(registry.system(self.erp))
        self._context = Context(Snapshot({"acme": connected}), CODEC, str, 4, NOW)

    def see(self, entity: str, elements: Iterator[Element]) -> int:
        """Pass rows on; how many of them became canonical."""
        count = 0
        for element in elements:
            record = raw(entity, element.body, source_id=element.source_id)
            record |= {"source_version": element.source_version, "further": list(element.further)}
            outcome = raw_to_canonical.apply([self._record("raw.servicetitan", "raw.raw", record)], self.state, self._context)
            self.state.values.update(outcome.changes)
            for output in (one for one in outcome.outputs if one.topic == f"canonical.{entity}"):
                count += 1
                self._mapped(entity, output.value or b"", output.headers)
        return count

    def _record(self, topic: str, name: str, value: Any) -> ConsumerRecord:
        return ConsumerRecord(topic, 0, len(self.said), b"k", CODEC.encode(topic, name, value), None)

    def _mapped(self, entity: str, body: bytes, headers: Headers | None) -> None:
        at = ConsumerRecord(f"canonical.{entity}", 0, len(self.said), b"k", body, headers)
        outcome: Outcome = canonical_to_command.apply([at], Memory(), self._context)
        commands = [CODEC.decode(one.value or b"")[1] for one in outcome.outputs if one.topic.startswith("command.")]
        amounts = [decision.amount for _, decision in outcome.decisions]
        self.said.append(Said(entity, CODEC.decode(body)[1], commands, amounts))


async def rows_of(tenant: World, entity: str) -> Iterator[Element]:
    """Every row of a list, in its exact bytes."""
    reply = await tenant.api("GET", f"{LISTS[entity]}&pageSize=5000&includeTotal=true")
    found = list_page(Response(200, CIMultiDictProxy(CIMultiDict(reply.headers)), reply.text.encode()), entity).elements
    return iter([await _whole(tenant, BELOW[entity], one) for one in found] if entity in BELOW else found)


BELOW = {"bank_deposit": "accounting/bank-deposits/{}/transactions", "credit_memo": "accounting/credit-memos/{}/items"}
"""The list below an object that completes it: the payments of a deposit, the lines of a credit memo."""


async def _whole(tenant: World, below: str, found: Element) -> Element:
    reply = await tenant.api("GET", f"{below.format(found.source_id)}?pageSize=5000&includeTotal=true")
    return replace(found, further=(reply.text.encode(),))


async def corrected(erp: str, folder: Path) -> Hops:
    """The day before it was corrected, then after."""
    seen = Hops(erp)
    async with world(folder, [], customers="20", vendors="8") as tenant:
        await played(tenant, 3.0, corrections=2, correction_kinds="all", when_told=True, adjusts_stock=True)
        for entity in LISTS:
            assert seen.see(entity, await rows_of(tenant, entity)) or entity == "bank_deposit", entity
        assert (await tenant.control("day/corrections", {}))["errors"] == []
        changed = {entity: seen.see(entity, await rows_of(tenant, entity)) for entity in LISTS}
    assert all(changed.values()), changed
    return seen


@pytest.fixture(scope="module", params=[one.name for one in registry.erps()])
def hops(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Hops:
    """The hops after such a day."""
    return asyncio.run(corrected(request.param, tmp_path_factory.mktemp("day")))


def test_no_record_that_carries_money_vanishes(hops: Hops) -> None:
    silent = {one.entity for one in hops.said if not one.is_heard}
    assert silent <= SILENT.get(hops.erp, set()), "these entities gave no command and no decision with an amount"


def test_what_is_silent_is_silent_as_a_whole(hops: Hops) -> None:
    """An entity is heard of or not; single documents of one that is heard of do not vanish."""
    for entity in LISTS:
        heard = {one.is_heard for one in hops.said if one.entity == entity}
        assert len(heard) == 1, f"{entity}: some of its records gave nothing"


def test_every_decision_about_money_tells_its_amount(hops: Hops) -> None:
    decided = [one for one in hops.said if one.amounts and not one.commands]
    assert decided, "some documents are only decided about"
    assert [(one.entity, one.record["source_id"]) for one in decided if None in one.amounts] == []
