"""The lag of a group: nothing once the end was told and everything read is committed, whatever offsets the markers take."""

from __future__ import annotations

from typing import Any, cast

import pytest
from confluent_kafka import Consumer, KafkaError, Message

from runtime import lag as lags
from runtime.lag import Lag
from runtime.metrics import REGISTRY

GROUP, TOPIC = "hop", "canonical.invoice"
PLACE = (TOPIC, 0)


class Clock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        self.now_s += lags.EVERY_S
        return self.now_s


class Client:
    """What the client knows of the partition's first offset and of the end that may be read."""

    def __init__(self, low: int, high: int) -> None:
        self.marks = (low, high)

    def get_watermark_offsets(self, *_: Any, **__: Any) -> tuple[int, int]:
        return self.marks


class Read:
    def __init__(self, offset: int, at_s: float = 0.0, ends: bool = False) -> None:
        self._offset, self._at_s, self._ends = offset, at_s, ends

    def topic(self) -> str:
        return TOPIC

    def partition(self) -> int:
        return 0

    def offset(self) -> int:
        return self._offset

    def timestamp(self) -> tuple[int, int]:
        return 1, int(self._at_s * 1000)

    def error(self) -> KafkaError | None:
        return KafkaError(KafkaError._PARTITION_EOF) if self._ends else None


def read(lag: Lag, *records: Read) -> None:
    lag.read(cast("list[Message]", records))


def told(lag: Lag, client: Client) -> tuple[float | None, float | None]:
    lag.tell(cast("Consumer", client))
    return (
        REGISTRY.get_sample_value("ml_connector_lag_records", {"group": GROUP, "topic": TOPIC}),
        REGISTRY.get_sample_value("ml_connector_lag_oldest_seconds", {"group": GROUP}),
    )


@pytest.fixture
def lag() -> Lag:
    made = Lag(GROUP, Clock())
    made.assigned([PLACE])
    return made


def test_a_marker_behind_the_last_record_is_no_lag(lag: Lag) -> None:
    client = Client(0, 11)  # ten records and the marker of their transaction
    read(lag, *(Read(offset, at_s=990) for offset in range(10)))
    assert told(lag, client) == (11, 11)
    read(lag, Read(11, ends=True))
    lag.committed({PLACE: 10})
    assert told(lag, client) == (0, 0)


def test_what_was_read_and_is_not_committed_counts_although_the_end_was_reached(lag: Lag) -> None:
    client = Client(0, 4)
    read(lag, Read(0, at_s=500), Read(1, at_s=700), Read(2, at_s=900), Read(4, ends=True))
    lag.committed({PLACE: 1})
    count, age = told(lag, client)
    assert (count, age) == (3, 301)
    lag.committed({PLACE: 3})
    assert told(lag, client) == (0, 0)


def test_records_that_come_after_the_end_was_told_count_again(lag: Lag) -> None:
    read(lag, Read(0, ends=True))
    assert told(lag, Client(0, 0)) == (0, 0)
    read(lag, Read(0, at_s=1000))
    assert told(lag, Client(0, 2))[0] == 2


def test_a_partition_that_is_somebody_elses_does_not_count(lag: Lag) -> None:
    read(lag, Read(0, at_s=10))
    lag.assigned([])
    assert told(lag, Client(0, 5)) == (0, 0)


def test_a_huge_backlog_keeps_few_marks(lag: Lag) -> None:
    read(lag, *(Read(offset, at_s=10) for offset in range(5 * lags._MOST_MARKS)))
    assert len(lag._partitions[PLACE].reads) == lags._MOST_MARKS
    lag.committed({PLACE: 5 * lags._MOST_MARKS})
    read(lag, Read(5 * lags._MOST_MARKS, ends=True))
    assert told(lag, Client(0, 5 * lags._MOST_MARKS)) == (0, 0)
