"""A producer that is fenced: by a broker that ended its transaction, or by another process with the same transactional id."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

import pytest
from confluent_kafka import TopicPartition

from runtime import kafka
from runtime.errors import Broken, Transient
from tests import toy
from tests.integration.topology.wire import TopologyProcess, Wire, until
from topology.batch import Output
from topology.transactions import Indefinite, Transactions
from topology.way import way

pytestmark = [pytest.mark.kafka]
Start = Callable[..., TopologyProcess]


def _output(topics: Wire, number: int) -> Output:
    topic = topics.settings.topic("dead")
    value = topics.codec.encode(topic, "audit.dead", toy.blank("audit.dead") | {"reason": str(number)})
    return Output(topic, 0, "k", value, [])


def _commit(one: Transactions, topics: Wire, number: int, outputs: Iterable[Output] = ()) -> None:
    """A transaction of one output, or of those given, and one offset."""
    client = kafka.consumer(topics.settings.kafka, "fenced")
    try:
        offsets = [TopicPartition(topics.settings.topic("remap"), 0, number)]
        one.commit(outputs or [_output(topics, number)], offsets, client.consumer_group_metadata())
    finally:
        client.close()


def _slowly(topics: Wire, number: int) -> Iterator[Output]:
    """Outputs that take so long that the producer hears of its fence while it is still given some."""
    for _ in range(600):
        yield _output(topics, number)
        time.sleep(0.05)


def test_a_fenced_producer_is_made_anew_and_only_a_rival_that_comes_back_ends_the_process(topics: Wire) -> None:
    own = Transactions(topics.settings.kafka, f"{topics.settings.kafka.topic_prefix}one")
    _commit(own, topics, 1)
    for number in (2, 3, 4):
        Transactions(topics.settings.kafka, f"{topics.settings.kafka.topic_prefix}one").close()
        with pytest.raises(Indefinite):
            _commit(own, topics, number)
    _commit(own, topics, 5)
    Transactions(topics.settings.kafka, f"{topics.settings.kafka.topic_prefix}one").close()
    with pytest.raises(Broken, match="another process"):
        _commit(own, topics, 6)
    own.close()
    assert [record["reason"] for record in topics.read("dead")] == ["1", "5"]


def test_a_rival_is_known_too_when_the_fence_is_heard_of_while_writing(topics: Wire) -> None:
    own = Transactions(topics.settings.kafka, f"{topics.settings.kafka.topic_prefix}one")
    for number in (1, 2, 3, 4):
        Transactions(topics.settings.kafka, f"{topics.settings.kafka.topic_prefix}one").close()
        with pytest.raises(Broken if number == 4 else Indefinite, match="another process" if number == 4 else "fenced"):
            _commit(own, topics, number, _slowly(topics, number))
    own.close()
    assert topics.count("dead") == 0


def test_a_process_whose_producers_were_fenced_goes_on_and_each_record_is_there_once(topics: Wire, topology_process: Start) -> None:
    """A broker that comes back ends transactions that are too old and raises their epoch, as another process with the id would."""
    topics.apply({"east": "4000"})
    process = topology_process()
    topics.send_raw(toy.raw(str(number), 1, b'{"total": 1.25}') for number in range(500))
    until(lambda: topics.count(f"command.{toy.TARGET}"), lambda count: count >= 500, 60, process.tail)
    for hop in way():
        Transactions(topics.settings.kafka, f"{hop}-0").close()
    topics.send_raw(toy.raw(str(number), 1, b'{"total": 1.25}') for number in range(500, 1000))
    until(lambda: topics.count(f"command.{toy.TARGET}"), lambda count: count >= 1000, 90, process.tail)
    assert len(process.lines("transaction_fenced")) == len(way())
    assert process.end() == 0, process.tail()
    wanted = Counter(str(number) for number in range(1000))
    assert Counter(record["source_id"] for record in topics.read("canonical.invoice")) == wanted
    assert Counter(record["source_id"] for record in topics.read(f"command.{toy.TARGET}")) == wanted


def test_a_topic_that_is_read_to_its_end_is_given_up_when_nothing_comes_before_it(
    topics: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An open transaction stands before the end. A reading that never ended kept a sink from its partitions, and nobody heard of it."""
    settings = topics.settings.kafka
    producer = kafka.transactional_producer(settings, f"{settings.topic_prefix}open")
    producer.init_transactions(30)
    producer.begin_transaction()
    output = _output(topics, 7)
    producer.produce(output.topic, key=b"k", value=output.value, partition=0)
    producer.flush(15)
    monkeypatch.setattr(kafka, "_STALLED_S", 1.0)
    with pytest.raises(Transient, match=r"partitions \[0\] give nothing for 1 s before their end"):
        topics.read("dead")
    producer.commit_transaction(15)
    assert [record["reason"] for record in topics.read("dead")] == ["7"]
