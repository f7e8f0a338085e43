"""Both hops on real invoices, as the service runs them; beside each a bare loop: the same codec functions (strict JSON, Avro in and
out) and the same transactions, without rules, state or headers.

Every round brings new invoices to the raw topic; hop 1 and its bare loop read those, hop 2 and its own read what hop 1 made of them.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Mapping
from contextlib import closing
from itertools import cycle
from typing import Any

from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]  # documented, not in __all__

from runtime import kafka
from runtime.json import parse
from runtime.settings import Settings, settings_from_environment
from schemas.codec import Codec, load
from tests.bench import invoices
from tests.bench.ground import BUILD, ERP, FIELD_SERVICE, Bench, Corner
from tests.bench.rate import Rate, growth
from tests.bench.report import Figure, at_least, median
from topology import canonical_to_command, raw_to_canonical
from topology.batch import Output
from topology.configuration import Follower
from topology.topics import partition_of, records_of_topic
from topology.transactions import Transactions

COUNT, LEAST = 60_000, 0.5
HOPS = {raw_to_canonical.STAGE: "canonical.invoice", canonical_to_command.STAGE: f"command.{ERP}"}
"""Each hop with the topic on which its output is counted."""
_INPUTS = {raw_to_canonical.STAGE: f"raw.{FIELD_SERVICE}", canonical_to_command.STAGE: "canonical.invoice"}


def measure(bench: Bench) -> list[Figure]:
    """Rate of each hop."""
    corner, count = bench.corner(), bench.count(COUNT)
    corner.connect()
    _bare_topics(corner)
    seen: dict[str, list[Rate]] = {name: [] for hop in HOPS for name in (hop, f"bare {hop}")}
    for number in range(bench.rounds):
        _fill(corner, range(number * count, (number + 1) * count))
        for hop in HOPS:
            for name in (f"bare {hop}", hop):
                found = _round(bench, corner, name, count)
                seen[name].append(found)
                bench.say(f"round {number + 1}: {name} {found.per_s:,.0f}/s, {found.cpu_us:.0f} us of processor a record")
    figures = [_figure(hop, seen) for hop in HOPS]
    if not all(one.met for one in figures):
        _profile(bench, corner, range(bench.rounds * count, bench.rounds * count + count // 2))
    return figures


def _figure(hop: str, seen: Mapping[str, list[Rate]]) -> Figure:
    ours, bare = seen[hop], seen[f"bare {hop}"]
    cpu = {"hop": median([one.cpu_us for one in ours]), "bare": median([one.cpu_us for one in bare])}
    rates = [one.per_s for one in ours], [one.per_s for one in bare]
    return at_least(f"hop {hop}", *rates, LEAST, "bare loop: codec and transactions", cpu_us=cpu)


def _round(bench: Bench, corner: Corner, name: str, count: int, **environment: str) -> Rate:
    bare, _, hop = name.rpartition(" ")
    what = "tests.bench.hops:bare" if bare else "tests.bench.hops:hop"
    process = corner.process(name.replace(" ", "-"), what, hop, **environment)
    topic = corner.topic(f"bare.{hop}") if bare else corner.topic(HOPS[hop])
    try:
        return growth(corner, topic, process, count, bench.say)
    finally:
        process.stop()


def _fill(corner: Corner, numbers: range) -> None:
    partitions = corner.settings.kafka.partitions
    name = f"raw.{FIELD_SERVICE}"
    for number in numbers:
        key, record = invoices.raw(number)
        corner.put(name, key, corner.codec.encode(corner.topic(name), "raw.raw", record), partition_of(key, partitions))
    corner.flush()


def _bare_topics(corner: Corner) -> None:
    admin = AdminClient(kafka.client_settings(corner.settings.kafka))
    new = [NewTopic(corner.topic(f"bare.{hop}"), num_partitions=corner.settings.kafka.partitions) for hop in HOPS]
    for future in admin.create_topics(new).values():
        future.result()


def _profile(bench: Bench, corner: Corner, numbers: range) -> None:
    _fill(corner, numbers)
    for hop in HOPS:
        path = BUILD / f"{hop}.txt"
        bench.say(f"a target is missed: profile to {path}")
        _round(bench, corner, hop, len(numbers), BENCH_PROFILE=str(path))


# --- in processes of their own


def hop(name: str) -> int:
    """The topology service with one hop."""
    from services.topology import run

    return run(settings_from_environment(), [name])


def bare(name: str) -> int:
    """The bare loop beside a hop, until SIGTERM."""
    settings = settings_from_environment()
    codec = load(settings.registry.url, records_of_topic(settings.kafka.topic_prefix))
    convert, out = _converters(settings, codec)[name], settings.topic(f"bare.{name}")
    transactions = Transactions(settings.kafka, f"bare-{name}")
    stopped: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: stopped.append(number))
    with closing(kafka.consumer(settings.kafka, f"bare-{name}")) as client:
        client.subscribe([settings.topic(_INPUTS[name])])
        while not stopped:
            ends: dict[tuple[str, int], int] = {}
            outputs: list[Output] = []
            for message in client.consume(num_messages=2000, timeout=0.1):
                at: Any = (message.topic(), message.partition())
                ends[at] = (message.offset() or 0) + 1
                outputs.append(Output(out, at[1], message.key(), convert(message.value()), []))
            if outputs:
                offsets = [TopicPartition(topic, partition, offset) for (topic, partition), offset in ends.items()]
                transactions.commit(outputs, offsets, client.consumer_group_metadata())
    return 0


def _converters(settings: Settings, codec: Codec) -> dict[str, Callable[[Any], bytes]]:
    """Avro in, strict JSON where there is some, Avro out: what comes out are records of the same kinds and sizes, made once."""
    follower = Follower(settings, codec).start()
    follower.stop()
    hops = invoices.Hops(follower.snapshot, codec, settings.kafka.topic_prefix, settings.kafka.partitions)
    numbers = range(len(invoices.KINDS))
    canonical = cycle([codec.decode(one.value) for one in hops.canonical(numbers)])
    commands = cycle([codec.decode(one.value) for one in hops.commands(numbers)])
    canonical_topic, command_topic = (settings.topic(name) for name in HOPS.values())

    def first(value: bytes) -> bytes:
        parse(codec.decode(value)[1]["body"])
        return codec.encode(canonical_topic, *next(canonical))

    def second(value: bytes) -> bytes:
        codec.decode(value)
        return codec.encode(command_topic, *next(commands))

    return dict(zip(HOPS, (first, second), strict=True))
