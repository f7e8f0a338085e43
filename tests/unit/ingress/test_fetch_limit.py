"""What senders name to be read again: so many at once for a connection, the rest said; what feeds name is never left out."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest
from confluent_kafka import Message

from services.ingress.fetches import MOST_OF_SENDERS, FetchQueue, FetchRecord, Offsets
from services.ingress.pollers import Pollers
from services.ingress.produce import NotStored
from systems.raw import Where
from tests.unit.following.log import CODEC
from topology.batch import Decision
from topology.raw_to_canonical import MOST_NAMED


class Said:
    """What was written to `audit`; with `fails` nothing can be."""

    def __init__(self) -> None:
        self.decisions: list[tuple[Decision, int]] = []
        self.fails = False

    async def decision(self, made: Decision, count: int = 1) -> None:
        if self.fails:
            raise NotStored("no")
        self.decisions.append((made, count))


def fetch(offsets: Offsets, offset: int) -> FetchRecord:
    offsets.opened(offset)
    return FetchRecord(offsets, offset)


def message(reason: str, source_id: int, connection: str = "acme") -> Message:
    value = {
        "connection": connection,
        "system": "erp",
        "entity": "invoice",
        "source_id": f"{source_id}",
        "reason": reason,
        "at": datetime.now(UTC),
    }
    encoded = CODEC.encode("fetch", "raw.fetch", value)
    return cast("Message", SimpleNamespace(value=lambda: encoded, partition=lambda: 0, offset=lambda: source_id))


@pytest.fixture
def pollers() -> Any:
    made = cast("Any", Pollers.__new__(Pollers))
    made._codec, made._queues, made._writing = CODEC, {}, Said()
    return made


@pytest.mark.parametrize("reason", ["webhook", "push"])
async def test_what_senders_name_beyond_the_cap_of_a_connection_is_said_and_done(pollers: Any, reason: str) -> None:
    offsets = Offsets()
    records = [(message(reason, number), fetch(offsets, number)) for number in range(MOST_OF_SENDERS + 50)]
    await pollers.fetches_read(records)
    queue = pollers._queues[Where("acme", "erp")]
    assert (len(queue), len(offsets)) == (MOST_OF_SENDERS, MOST_OF_SENDERS)
    [(decision, count)] = pollers._writing.decisions
    assert (decision.connection, decision.system, decision.decision, count) == ("acme", "erp", "refused", 50)
    assert f"{MOST_OF_SENDERS} objects" in decision.detail


async def test_what_is_wanted_already_what_feeds_name_and_other_connections_are_taken(pollers: Any) -> None:
    offsets = Offsets()
    await pollers.fetches_read([(message("push", number), fetch(offsets, number)) for number in range(MOST_OF_SENDERS)])
    more = [message("push", 5), *(message("hint", 10_000 + number) for number in range(100)), message("push", 1, "other")]
    await pollers.fetches_read([(one, fetch(offsets, 50_000 + number)) for number, one in enumerate(more)])
    assert pollers._writing.decisions == []
    assert len(pollers._queues[Where("acme", "erp")]) == MOST_OF_SENDERS + 100
    assert len(pollers._queues[Where("other", "erp")]) == 1


async def test_what_cannot_be_said_is_not_left_out(pollers: Any) -> None:
    offsets = Offsets()
    pollers._writing.fails = True
    await pollers.fetches_read([(message("push", number), fetch(offsets, number)) for number in range(MOST_OF_SENDERS + 50)])
    assert len(pollers._queues[Where("acme", "erp")]) == MOST_OF_SENDERS + 50
    assert len(offsets) == MOST_OF_SENDERS + 50


def test_a_wish_that_is_answered_makes_room_for_another() -> None:
    queue, offsets = FetchQueue(), Offsets()
    for number in range(MOST_OF_SENDERS):
        assert queue.add(("invoice", f"{number}"), fetch(offsets, number), of_sender=True)
    assert not queue.add(("invoice", "new"), fetch(offsets, 90_000), of_sender=True)
    queue.done(("invoice", "7"), 1)
    assert queue.add(("invoice", "new"), fetch(offsets, 90_001), of_sender=True)
    assert MOST_NAMED <= MOST_OF_SENDERS
