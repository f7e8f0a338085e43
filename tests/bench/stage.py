"""What the sink's benches stand on: commands put in front of sinks, and the results that are counted behind them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any

from confluent_kafka import TopicPartition

from runtime import kafka
from tests.bench import invoices
from tests.bench.ground import CONNECTION, ERP, Bench, Corner, Process, filled, until
from tests.bench.rate import Rate, cpu_s, measured
from topology.batch import Output
from topology.configuration import Follower

IN_PROCESS, MANY_LANES = 12_000, 64
IN_PROCESS_CUSTOMERS = [f"C{number:06d}" for number in range(200)]
SINK = "tests.bench.sink:sink_in_process"
"""An ERP behind the transport seam of the sink's own process: invoices at full size, lanes, its customers, the function that runs it."""


class Stage:
    """A corner with sinks in front of which commands are put, and whose results are counted. Its connections are applied already."""

    def __init__(self, bench: Bench, corner: Corner, customers: Sequence[str], connections: Sequence[str] = (CONNECTION,)) -> None:
        self.bench, self.corner = bench, corner
        self.customers, self.connections, self.next = customers, connections, 0
        self._hops = hops_of(corner.settings, corner.codec)
        for connection in connections:
            source_ids = map(invoices.customer, range(invoices.CUSTOMERS))
            corner.link_customers(((one, linked(one, customers)) for one in source_ids), connection)

    def _made(self, count: int) -> list[tuple[str, Output]]:
        """New commands with their connections, as many of each, taking turns."""
        share = count // len(self.connections)
        made = []
        for connection in self.connections:
            commands = self._hops.commands(range(self.next, self.next + share), connection)
            made.append([(connection, one) for one in commands])
            self.next += share
        return [one for turn in zip(*made, strict=True) for one in turn]

    def _put(self, commands: Sequence[tuple[str, Output]]) -> None:
        for connection, one in commands:
            self.corner.put(f"command.{ERP}", connection, one.value, one.partition, one.headers)
        self.corner.flush()

    def one(self) -> None:
        """Put one and wait until it is posted."""
        before = filled(self.corner, f"result.{ERP}")
        self._put(self._made(1))
        until(lambda: filled(self.corner, f"result.{ERP}"), lambda now: now > before, 60)

    def rate(self, sinks: Sequence[Process], count: int) -> Rate:
        """Put so many, a multiple of the number of connections, and count what is posted. Their processor time is all that the sinks
        take from the first command put: where many lanes are open, much of the work is done before the first of them is posted."""
        topic = self.corner.topic(f"result.{ERP}")
        outcomes: Counter[str] = Counter()
        with closing(kafka.reader(self.corner.settings.kafka)) as client:
            partitions = range(self.corner.settings.kafka.partitions)
            ends = kafka.ends(client, topic, partitions)
            client.assign([TopicPartition(topic, p, ends[p][1]) for p in partitions])

            def posted() -> int:
                for message in client.consume(num_messages=2000, timeout=0.0):
                    if message.error() is None:
                        result = self.corner.codec.decode(message.value())[1]
                        outcomes[f"{result['outcome']} {result['reason']} {result['detail'][:120]}".strip()] += 1
                if outcomes.total() > outcomes["POSTED"] + 20:
                    raise RuntimeError(f"the sink does not post: {outcomes.most_common(5)}")
                return outcomes["POSTED"]

            posted()
            made = self._made(count)
            before_s = cpu_s(sinks)
            self._put(made)
            found = measured(posted, count, sinks, self.bench.say)
            return replace(found, cpu_us=(found.cpu_s - before_s) * 1e6 / count)


def linked(source_id: str, customers: Sequence[str]) -> str:
    """The ERP's customer of one of the source."""
    return customers[int(source_id) % len(customers)]


def hops_of(settings: Any, codec: Any) -> invoices.Hops:
    """The hops of what is applied now."""
    follower = Follower(settings, codec).start()
    follower.stop()
    return invoices.Hops(follower.snapshot, codec, settings.kafka.topic_prefix, settings.kafka.partitions)
