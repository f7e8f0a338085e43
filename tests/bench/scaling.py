"""The same number of invoices on four connections, each in a partition of its own, posted by one sinks process and by two of a group.

The ERP answers in the sinks' own processes. Broker, reader and sinks share the machine's cores.
"""

from __future__ import annotations

from collections.abc import Sequence

from tests.bench.ground import Bench, Corner, Process, one_for_each_partition, until
from tests.bench.rate import Rate
from tests.bench.report import Figure, beside, median
from tests.bench.stage import IN_PROCESS, IN_PROCESS_CUSTOMERS, MANY_LANES, SINK, Stage

NAME, LEAST = "scaling over four connections", 1_200
"""Fewer invoices than this lie in the lanes all at once, and nothing can be seen of a rate."""


def measure(bench: Bench) -> list[Figure]:
    """Commands a second of one process and of two, and the processor time an invoice of both."""
    corner = bench.corner()
    connections = one_for_each_partition(corner)
    for connection in connections:
        corner.connect(connection)
    stage = Stage(bench, corner, IN_PROCESS_CUSTOMERS, connections)
    count = bench.count(IN_PROCESS, LEAST) // len(connections) * len(connections)
    alone, together = [], []
    for number in range(bench.rounds):
        one, two = _round(stage, count)
        alone.append(one)
        together.append(two)
        words = f"two {two.per_s:,.0f}/s, {two.cpu_us:,.0f} us each"
        bench.say(f"round {number + 1}: one process {one.per_s:,.0f} commands/s, {one.cpu_us:,.0f} us each; {words}")
    return _figures(alone, together)


def _figures(alone: Sequence[Rate], together: Sequence[Rate]) -> list[Figure]:
    rates = [one.per_s for one in together], [one.per_s for one in alone]
    spent = [one.cpu_us for one in together], [one.cpu_us for one in alone]
    words = "one process"
    return [
        Figure(f"{NAME}, one process", median(rates[1]), "commands/s", "", None, rounds=rates[1]),
        beside(f"{NAME}, two processes", *rates, words),
        Figure(f"{NAME}, processor time of two", median(spent[0]), "us", "", None, median(spent[1]), words, *spent),
    ]


def _round(stage: Stage, count: int) -> tuple[Rate, Rate]:
    started: list[Process] = []
    try:
        return _with_one_more(stage, started, count), _with_one_more(stage, started, count)
    finally:
        for process in started:
            process.stop()


def _with_one_more(stage: Stage, started: list[Process], count: int) -> Rate:
    """The rate with one process more than before, once each has partitions and its sessions are open."""
    started.append(stage.corner.process(f"sink-{len(started)}", SINK, ML_CONNECTOR_LANES=str(MANY_LANES)).start())
    until(lambda: [_owned(one) for one in started], lambda owned: _is_shared(stage.corner, owned), 120)
    stage.rate(started, 200)  # signs in, warms up
    return stage.rate(started, count)


def _owned(process: Process) -> set[int]:
    """The partitions that the process was given last."""
    return set((process.event("assigned") or {"partitions": []})["partitions"])


def _is_shared(corner: Corner, owned: Sequence[set[int]]) -> bool:
    """Whether each has some, no two the same, and none is left out."""
    partitions = corner.settings.kafka.partitions
    return all(owned) and sum(map(len, owned)) == partitions and set().union(*owned) == set(range(partitions))
