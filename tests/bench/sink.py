"""The sink: commands a second with an ERP answering in its own process, over HTTP beside the same client bare, and with 50 ms a call.

Invoices of three steps (create, unhold, release), parents known, throttle off; counted are POSTED results, read by a consumer beside.
The bare client makes the same calls in the same order, without ledger, intents or results.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import timedelta
from typing import Any

import uvloop
from confluent_kafka import TopicPartition

from console.demo.facts import demo_of
from runtime import kafka
from runtime.clock import ScaledClock
from runtime.exchange import Transport
from runtime.http import HttpTransport, Reach
from runtime.limits import Limiter, Share
from runtime.settings import settings_from_environment
from schemas.codec import load
from systems import registry
from systems.contract import Access, Role, Verdict, Writer
from tests.bench import invoices
from tests.bench.erp_in_process import ErpInProcess
from tests.bench.ground import BUILD, CONNECTION, ERP, Bench, Corner, Process, filled, until
from tests.bench.rate import Rate, measured
from tests.bench.report import Figure, at_least, median
from tests.bench.simulators import Simulated, simulated
from topology.configuration import Connected, Follower
from topology.topics import records_of_topic

IN_PROCESS, OVER_HTTP, SLOW = 12_000, 1_200, 400
PER_S, LEAST_HTTP, LEAST_SLOW = 1500, 0.5, 0.8
LANES, CALL_S = 20, 0.05
IN_PROCESS_CUSTOMERS = [f"C{number:06d}" for number in range(200)]


def measure(bench: Bench) -> list[Figure]:
    """The three figures."""
    return [_in_process(bench), *_over_http(bench)]


class Stage:
    """A corner with a sink in front of which commands are put, and whose results are counted."""

    def __init__(self, bench: Bench, corner: Corner, customers: Sequence[str]) -> None:
        self.bench, self.corner = bench, corner
        self.customers, self.next = customers, 0
        self._hops = _hops(corner.settings, corner.codec)
        source_ids = map(invoices.customer, range(invoices.CUSTOMERS))
        corner.link_customers((one, linked(one, customers)) for one in source_ids)

    def put(self, count: int) -> None:
        """New commands."""
        for one in self._hops.commands(range(self.next, self.next + count)):
            self.corner.put(f"command.{ERP}", CONNECTION, one.value, one.partition, one.headers)
        self.corner.flush()
        self.next += count

    def one(self) -> None:
        """Put one and wait until it is posted."""
        before = filled(self.corner, f"result.{ERP}")
        self.put(1)
        until(lambda: filled(self.corner, f"result.{ERP}"), lambda now: now > before, 60)

    def rate(self, sink: Process, count: int) -> Rate:
        """Put so many and count what is posted."""
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
            self.put(count)
            return measured(posted, count, sink, self.bench.say)


def linked(source_id: str, customers: Sequence[str]) -> str:
    """The ERP's customer of one of the source."""
    return customers[int(source_id) % len(customers)]


def _hops(settings: Any, codec: Any) -> invoices.Hops:
    follower = Follower(settings, codec).start()
    follower.stop()
    return invoices.Hops(follower.snapshot, codec, settings.kafka.topic_prefix, settings.kafka.partitions)


# --- an ERP in the same process


def _in_process(bench: Bench) -> Figure:
    corner = bench.corner()
    corner.connect()
    stage, count = Stage(bench, corner, IN_PROCESS_CUSTOMERS), bench.count(IN_PROCESS)
    sink = corner.process("sink", "tests.bench.sink:sink_in_process", ML_CONNECTOR_LANES="64").start()
    seen = []
    try:
        sink.await_event("assigned")
        for number in range(bench.rounds):
            seen.append(stage.rate(sink, count))
            bench.say(f"round {number + 1}: in process {seen[-1].per_s:,.0f} commands/s, {seen[-1].cpu_us:.0f} us each")
    finally:
        sink.stop()
    rates = [one.per_s for one in seen]
    met = median(rates) >= PER_S
    if not met:
        _profile(bench, stage, count)
    arguments = ("0", str(count), "64", ",".join(stage.customers))
    bare = corner.process("bare", "tests.bench.sink:bare", *arguments).start().result(300)
    words, more = "the client alone", {"cpu_us": median([one.cpu_us for one in seen]), "calls": bare["calls"]}
    target = f">= {PER_S:,}/s"
    return Figure("sink, ERP in process", median(rates), "commands/s", target, met, bare["per_s"], words, rates, (), more)


def _profile(bench: Bench, stage: Stage, count: int) -> None:
    path = BUILD / "sink.txt"
    bench.say(f"the target is missed: profile to {path}")
    what = "tests.bench.sink:sink_in_process"
    sink = stage.corner.process("sink", what, ML_CONNECTOR_LANES="64", BENCH_PROFILE=str(path)).start()
    try:
        sink.await_event("assigned")
        stage.rate(sink, max(200, count // 4))
    finally:
        sink.stop()


def sink_in_process() -> int:
    """The sink service with an ERP behind its transport seam."""
    from services.sinks.sessions import Session
    from services.sinks.worker import Seams, run

    def opened(connected: Connected, role: Role) -> Session:  # the seam's arguments
        return Session(_writer(connected))

    return run(settings_from_environment(), [ERP], Seams(open_session=opened))


def _writer(connected: Connected, secret: str = "") -> Writer:
    """A session with the ERP in this process, or with credentials over HTTP."""
    own: Any = connected.settings.side(ERP).own()
    declared, clock = registry.system(ERP), ScaledClock()
    said = json.loads(secret) if secret else dict.fromkeys(("username", "password", "client_id", "client_secret"), "bench")
    transport: Transport = HttpTransport(Reach(loopback=True)) if secret else ErpInProcess(own.endpoint, own.endpoint_version)
    limiter = Limiter(Share(1e9, timedelta(seconds=1), 1000), clock)
    assert declared.open_writer is not None
    credentials = declared.credentials.model_validate(said)
    return declared.open_writer(Access(CONNECTION, Role.SINK, own, credentials, transport, limiter, clock))


# --- the client without a sink, in a process of its own


def bare(first: str, count: str, lanes: str, customers: str, secret: str = "") -> int:
    """Write so many invoices on so many lanes; print commands a second and calls a command."""
    settings = settings_from_environment()
    codec = load(settings.registry.url, records_of_topic(settings.kafka.topic_prefix))
    hops = _hops(settings, codec)
    numbers = range(int(first), int(first) + int(count))
    commands = [codec.decode(one.value) for one in hops.commands(numbers)]
    made = uvloop.run(_written(hops.snapshot.connections[CONNECTION], commands, (int(lanes), customers.split(","), secret)))
    print(json.dumps(made))  # noqa: T201 - the result of this process
    return 0


async def _written(connected: Connected, commands: list[tuple[str, Any]], how: tuple[int, Sequence[str], str]) -> dict[str, Any]:
    lanes, customers, secret = how
    writer: Any = _writer(connected, secret)
    await writer.reserve(1)  # signs in
    left, count = iter(commands), len(commands)
    before, began = writer._client.calls, time.perf_counter()

    async def lane() -> None:
        for name, command in left:
            ids = {f"{p['entity']}/{p['source_id']}": linked(p["source_id"], customers) for p in command["parents"]}
            await _write(writer, name.removeprefix("command."), command, ids)

    await asyncio.gather(*(lane() for _ in range(lanes)))
    took_s = time.perf_counter() - began
    calls = (writer._client.calls - before) / count
    await writer.close()
    return {"per_s": count / took_s, "calls": calls}


async def _write(writer: Writer, record: str, command: Any, ids: Mapping[str, str]) -> None:
    write = registry.system(ERP).write_of(record)
    for step in write.steps:
        await writer.reserve(write.calls)
        found = (await writer.find(record, command, ids)).documents
        answer = await writer.perform(step, record, command, ids, found[0] if found else None)
        if answer.verdict is not Verdict.YES:
            raise RuntimeError(f"{command['ref']} {step}: {answer}")


# --- over HTTP


def _over_http(bench: Bench) -> list[Figure]:
    corner = bench.corner()
    # a release is done when its call returns: the pause before its state is asked for is the ERP's time, no call and not the sink's
    erp = simulated(corner, ERP, concurrent_calls="0", max_sessions="100", release_seconds="0")
    try:
        corner.connect(urls={ERP: erp.ready})
        stage = Stage(bench, corner, [one["CustomerID"] for one in erp.ask("documents?kind=Customer")["documents"]])
        sink = corner.service("sinks", ML_CONNECTOR_LANES=str(LANES)).start()
        try:
            sink.await_event("assigned")
            stage.rate(sink, 200)  # signs in, warms up
            return [_beside_bare(bench, stage, sink, erp), _slow(bench, stage, sink, erp)]
        finally:
            sink.stop()
    finally:
        erp.stop()


def _beside_bare(bench: Bench, stage: Stage, sink: Process, erp: Simulated) -> Figure:
    count = bench.count(OVER_HTTP)
    ours, plain = [], []
    for number in range(bench.rounds):
        plain.append(_bare_over_http(stage, erp, count))
        ours.append(stage.rate(sink, count))
        bench.say(f"round {number + 1}: over HTTP {ours[-1].per_s:,.0f} commands/s, the client bare {plain[-1]['per_s']:,.0f}")
    rates, limits = [one.per_s for one in ours], [one["per_s"] for one in plain]
    more = {"cpu_us": median([one.cpu_us for one in ours]), "calls_of_bare": plain[-1]["calls"]}
    return at_least("sink over HTTP", rates, limits, LEAST_HTTP, "the same client bare", **more)


def _bare_over_http(stage: Stage, erp: Simulated, count: int) -> dict[str, Any]:
    first, stage.next = stage.next, stage.next + count
    secret = json.dumps(demo_of(ERP).section(erp.ready["url"], erp.ready["credentials"])[2])
    arguments = (str(first), str(count), str(LANES), ",".join(stage.customers))
    return stage.corner.process("bare", "tests.bench.sink:bare", *arguments, secret).start().result(300)


def _slow(bench: Bench, stage: Stage, sink: Process, erp: Simulated) -> Figure:
    erp.ask("settings", {"latency_s": str(CALL_S)})
    erp.forget_calls()
    stage.one()
    calls = erp.ask("calls")["total"]
    count = bench.count(SLOW)
    seen = [stage.rate(sink, count).per_s for _ in range(bench.rounds)]
    limit = LANES / (calls * CALL_S)
    bench.say(f"{calls} calls a command at {CALL_S * 1000:g} ms on {LANES} lanes: {median(seen):.1f} of {limit:.1f} commands/s")
    words = f"{LANES} / ({calls} calls x {CALL_S * 1000:g} ms)"
    return at_least("sink, 50 ms a call", seen, [limit] * len(seen), LEAST_SLOW, words, calls=calls)
