"""Replay: commands that the ledger knows, from the group's first offset to their end, as `kafka-consumer-groups --reset-offsets` starts it.

Seen from outside by the offsets that the sink commits. Beside it: the client reading the same records, doing nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing

from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition
from confluent_kafka.admin import AdminClient

from runtime import kafka
from tests.bench.ground import BUILD, CONNECTION, ERP, Bench, Corner
from tests.bench.ledgers import Templates, templates
from tests.bench.rate import Rate, measured
from tests.bench.report import Figure, median

COUNT, PER_S = 300_000, 30_000
LEAST = 30_000
"""Offsets follow four times a second: of fewer commands nothing could be seen between the first and the last of them."""


def measure(bench: Bench) -> list[Figure]:
    """Commands a second."""
    corner, count = bench.corner(), bench.count(COUNT, LEAST)
    corner.connect()
    known = templates(corner, [CONNECTION])[0]
    bench.say(f"writing {count:,} commands and what the ledger knows of them")
    for number in range(count):
        known.command.put(corner, known.command_topic, known.partition, number)
        known.posted.put(corner, known.ledger_topic, known.partition, number)
    corner.flush()
    seen, plain = [], []
    for number in range(bench.rounds):
        plain.append(_read_only(corner, known, count))
        seen.append(_round(bench, corner, known, count))
        bench.say(f"round {number + 1}: {seen[-1].per_s:,.0f}/s, {seen[-1].cpu_us:.1f} us; only reading {plain[-1]:,.0f}/s")
    rates = [one.per_s for one in seen]
    met = median(rates) >= PER_S
    if not met:
        path = BUILD / "replay.txt"
        bench.say(f"the target is missed: profile to {path}")
        _round(bench, corner, known, count, BENCH_PROFILE=str(path))
    words, more = "the client reading them", {"cpu_us": median([one.cpu_us for one in seen])}
    target = f">= {PER_S:,}/s"
    return [Figure("replay of known commands", median(rates), "/s", target, met, median(plain), words, rates, plain, more)]


def _round(bench: Bench, corner: Corner, known: Templates, count: int, **environment: str) -> Rate:
    _to_first_offset(corner, known)
    process = corner.service("sinks", **environment)
    with closing(kafka.consumer(corner.settings.kafka, f"sinks.{ERP}")) as client:
        process.start()
        try:
            return measured(_committed(corner, client, known), count, [process], bench.say)
        finally:
            process.stop()


def _committed(corner: Corner, client: object, known: Templates) -> Callable[[], int]:
    place = TopicPartition(corner.topic(known.command_topic), known.partition)

    def offset() -> int:
        (found,) = client.committed([place], timeout=10)  # type: ignore[attr-defined]  # a consumer, whose stub has no such name
        return max(0, int(found.offset))

    return offset


def _to_first_offset(corner: Corner, known: Templates) -> None:
    admin = AdminClient(kafka.client_settings(corner.settings.kafka))
    group = corner.settings.kafka.topic_prefix + f"sinks.{ERP}"
    places = [TopicPartition(corner.topic(known.command_topic), known.partition, 0)]
    for future in admin.alter_consumer_group_offsets([ConsumerGroupTopicPartitions(group, places)]).values():
        future.result()


def _read_only(corner: Corner, known: Templates, count: int) -> float:
    topic, read = corner.topic(known.command_topic), 0
    began = time.perf_counter()
    with closing(kafka.reader(corner.settings.kafka)) as client:
        client.assign([TopicPartition(topic, known.partition, 0)])
        while read < count:
            for message in client.consume(num_messages=2000, timeout=0.2):
                kafka.raise_if_fatal(message)
                read += message.error() is None
    return read / (time.perf_counter() - began)
