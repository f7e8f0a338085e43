"""Requests for offsets: asked again while the cluster is between two states, refused when a partition's answer is an error."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import pytest
from confluent_kafka import OFFSET_INVALID, Consumer, KafkaError, KafkaException, TopicPartition

from runtime import kafka

ROOT = Path(__file__).parents[3]
PACKAGES = ("runtime", "systems", "topology", "services", "console")
ASKED = {"get_watermark_offsets", "committed", "offsets_for_times"}
PLACE = TopicPartition("t", 3)
PASSING = (
    KafkaError._UNKNOWN_PARTITION,
    KafkaError._UNKNOWN_TOPIC,
    KafkaError.UNKNOWN_TOPIC_OR_PART,
    KafkaError.LEADER_NOT_AVAILABLE,
    KafkaError.NOT_COORDINATOR,
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError._TRANSPORT,
)


class Client:
    """A consumer whose first answers are these errors; `placed` is the error that one partition's answer carries instead."""

    def __init__(self, *errors: int, placed: int | None = None) -> None:
        self._errors: Iterator[int] = iter(errors)
        self._placed = placed
        self.asked = 0

    def _answer(self) -> None:
        self.asked += 1
        error = next(self._errors, None)
        if error is not None:
            raise KafkaException(KafkaError(error))

    def get_watermark_offsets(self, place: TopicPartition, timeout: float) -> tuple[int, int]:
        self._answer()
        return 5, 7

    def committed(self, places: Sequence[TopicPartition], timeout: float) -> list[Any]:
        self._answer()
        return [Answer(place, self._placed if place.partition == 1 else None) for place in places]


class Answer:
    """One partition's answer, as the client gives it."""

    def __init__(self, place: TopicPartition, error: int | None) -> None:
        self.partition = place.partition
        self.offset = OFFSET_INVALID if error is not None else 10 + place.partition
        self.error = KafkaError(error) if error is not None else None


def _client(*errors: int, placed: int | None = None) -> tuple[Client, Consumer]:
    client = Client(*errors, placed=placed)
    return client, cast("Consumer", client)


@pytest.mark.parametrize("error", PASSING)
def test_a_request_is_repeated_while_the_cluster_is_between_two_states(error: int) -> None:
    client, consumer = _client(error, error)
    assert kafka.watermarks(consumer, PLACE) == (5, 7)
    assert client.asked == 3
    client, consumer = _client(error)
    assert [place.offset for place in kafka.committed(consumer, [TopicPartition("t", 0), TopicPartition("t", 1)])] == [10, 11]


def test_what_does_not_pass_is_raised_at_once_and_what_passes_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    client, consumer = _client(KafkaError.TOPIC_AUTHORIZATION_FAILED)
    with pytest.raises(KafkaException):
        kafka.watermarks(consumer, PLACE)
    assert client.asked == 1
    monkeypatch.setattr(kafka, "_PATIENCE_S", 0.3)
    client, consumer = _client(*[KafkaError._UNKNOWN_PARTITION] * 1000)
    with pytest.raises(KafkaException):
        kafka.watermarks(consumer, PLACE)
    assert client.asked > 1


def test_a_partition_whose_offset_is_refused_is_not_one_without_an_offset() -> None:
    _, consumer = _client(placed=KafkaError.GROUP_AUTHORIZATION_FAILED)
    with pytest.raises(KafkaException):
        kafka.committed(consumer, [TopicPartition("t", 0), TopicPartition("t", 1)])


def test_offsets_are_asked_for_at_one_place() -> None:
    """A request made elsewhere ends its process when a broker has just come back. (`cached` asks nobody.)"""
    found = set()
    for path in (file for package in PACKAGES for file in (ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ASKED):
                continue
            if any(keyword.arg == "timeout" for keyword in node.keywords):
                found.add(path.relative_to(ROOT).as_posix())
    assert found == {"runtime/kafka.py"}
