"""What is not believed is kept in `audit`, a few of a flood."""

from __future__ import annotations

from typing import Any

import pytest

from runtime import kafka
from runtime.signing import Place
from services import refusals
from services.refusals import Refusals
from tests.unit.following.log import CODEC, SETTINGS
from topology.trust import Refusal


class Producer:
    """Keeps what is produced."""

    def __init__(self) -> None:
        self.produced: list[tuple[str, dict[str, Any]]] = []

    def produce(self, topic: str, **what: Any) -> None:
        self.produced.append((topic, what))

    def poll(self, _: float) -> None:
        """Nothing is on its way."""

    def flush(self, _: float) -> None:
        """Nothing is on its way."""


@pytest.fixture
def producer(monkeypatch: pytest.MonkeyPatch) -> Producer:
    made = Producer()
    monkeypatch.setattr(kafka, "producer", lambda _: made)
    return made


def refusal(key: bytes = b"acme", offset: int = 7) -> Refusal:
    return Refusal(Place("control", 0, key), offset, "it is not signed", "Decide again.")


@pytest.mark.parametrize(
    ("key", "connection"), [(b"acme", "acme"), (b"acme/webhook", "acme"), (b"\xff\x00", ""), (b"", ""), (b"A" * 5000, "")]
)
def test_a_record_that_is_not_believed_is_kept_with_its_place_and_the_reason(
    producer: Producer, key: bytes, connection: str
) -> None:
    keep = Refusals(SETTINGS, CODEC, "sinks")
    keep(refusal(key))
    keep.close()
    ((topic, what),) = producer.produced
    record = CODEC.decode(what["value"])[1]
    assert (topic, record["connection"], record["decision"]) == ("audit", connection, "refused")
    assert (record["topic"], record["partition"], record["first_offset"]) == ("control", 0, 7)
    assert record["detail"] == "it is not signed. Decide again."
    assert record["natural_key"] == "control/0/7"


def test_a_flood_does_not_fill_the_audit_too(producer: Producer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusals, "MOST", 3)
    keep = Refusals(SETTINGS, CODEC, "sinks")
    for offset in range(10):
        keep(refusal(offset=offset))
    assert len(producer.produced) == 3
