"""The sink: processor time an invoice and commands a second with an ERP answering in its own process, over HTTP, and with 50 ms a call.

Invoices of three steps (create, unhold, release), parents known, throttle off; counted are POSTED results, read by a consumer beside.
The bare client makes the same calls in the same order, without ledger, intents or results.
"""

from __future__ import annotations

import asyncio
import gc
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

import uvloop

from console.demo.facts import demo_of
from runtime.clock import ScaledClock
from runtime.exchange import Request, Response, Transport
from runtime.http import HttpTransport, Reach
from runtime.limits import Limiter, Share
from runtime.settings import settings_from_environment
from schemas.codec import load
from systems import registry
from systems.contract import Access, ResolvedCommand, Role, Verdict, Writer
from tests.bench import scaling
from tests.bench.erp_in_process import ErpInProcess
from tests.bench.ground import BUILD, CONNECTION, ERP, Bench, Process
from tests.bench.report import Figure, at_least, at_most, beside, median
from tests.bench.simulators import Simulated, simulated
from tests.bench.stage import IN_PROCESS, IN_PROCESS_CUSTOMERS, MANY_LANES, SINK, Stage, hops_of, linked
from topology.configuration import Connected
from topology.topics import records_of_topic

OVER_HTTP, SLOW = 1_200, 400
MOST_CPU, LEAST_HTTP, LEAST_SLOW = 2.0, 0.5, 0.8
LANES, CALL_S, WARM = 20, 0.05, 200
"""`WARM`: so many invoices are written before anything is measured, by a sink and by the client alone."""


def measure(bench: Bench) -> list[Figure]:
    """Processor time and commands a second; over four connections; over HTTP."""
    return [*_in_process(bench), *scaling.measure(bench), *_over_http(bench)]


# --- an ERP in the same process


def _in_process(bench: Bench) -> list[Figure]:
    corner = bench.corner()
    corner.connect()
    stage, count = Stage(bench, corner, IN_PROCESS_CUSTOMERS), bench.count(IN_PROCESS)
    sink = corner.process("sink", SINK, ML_CONNECTOR_LANES=str(MANY_LANES)).start()
    seen, plain = [], []
    try:
        sink.await_event("assigned")
        stage.rate([sink], WARM)
        for number in range(bench.rounds):
            plain.append(_bare_in_process(stage, count))
            seen.append(stage.rate([sink], count))
            alone = f"the client alone {plain[-1]['per_s']:,.0f}, {plain[-1]['cpu_us']:,.0f} us"
            bench.say(f"round {number + 1}: in process {seen[-1].per_s:,.0f} commands/s, {seen[-1].cpu_us:,.0f} us each; {alone}")
    finally:
        sink.stop()
    spent = [one.cpu_us for one in seen], [one["cpu_us"] for one in plain]
    words, calls = "the client alone", plain[-1]["calls"]
    figure = at_most("sink, processor time an invoice", *spent, MOST_CPU, words, calls=calls)
    if not figure.met:
        _profile(bench, stage, count)
    rates, limits = [one.per_s for one in seen], [one["per_s"] for one in plain]
    return [figure, beside("sink, ERP in process", rates, limits, words, calls=calls)]


def _bare_in_process(stage: Stage, count: int) -> dict[str, Any]:
    arguments = ("0", str(count), str(MANY_LANES), ",".join(stage.customers))
    return stage.corner.process("bare", "tests.bench.sink:bare", *arguments).start().result(300)


def _profile(bench: Bench, stage: Stage, count: int) -> None:
    path = BUILD / "sink.txt"
    bench.say(f"the target is missed: profile to {path}")
    sink = stage.corner.process("sink", SINK, ML_CONNECTOR_LANES=str(MANY_LANES), BENCH_PROFILE=str(path)).start()
    try:
        sink.await_event("assigned")
        stage.rate([sink], max(WARM, count // 4))
    finally:
        sink.stop()


def sink_in_process() -> int:
    """The sink service with an ERP behind its transport seam."""
    from services.sinks.pool import OpenWriter
    from services.sinks.worker import Seams, run

    def opened(connected: Connected, role: Role) -> OpenWriter:  # the seam's arguments
        return OpenWriter(_writer(connected)[0])

    return run(settings_from_environment(), [ERP], Seams(open_session=opened))


class _Counting:
    """A transport that counts the requests which leave, sign-in included. See `runtime.exchange.Transport`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self.calls = 0

    async def send(self, request: Request, timeout_s: float) -> Response:
        """Pass a request on."""
        self.calls += 1
        return await self._transport.send(request, timeout_s)

    async def close(self) -> None:
        """Close the transport."""
        await self._transport.close()


def _writer(connected: Connected, secret: str = "") -> tuple[Writer, _Counting]:
    """A session with the ERP in this process, or with credentials over HTTP; and what counts its calls."""
    own: Any = connected.settings.side(ERP).own()
    declared, clock = registry.system(ERP), ScaledClock()
    said = json.loads(secret) if secret else dict.fromkeys(("username", "password", "client_id", "client_secret"), "bench")
    transport = _Counting(HttpTransport(Reach(loopback=True)) if secret else ErpInProcess(own.endpoint, own.endpoint_version))
    limiter = Limiter(Share(1e9, timedelta(seconds=1), 1000), clock)
    assert declared.open_writer is not None
    credentials = declared.credentials.model_validate(said)
    access = Access(connected.settings.connection, Role.SINK, own, credentials, transport, limiter, clock)
    return declared.open_writer(access), transport


# --- the client without a sink, in a process of its own


def bare(first: str, count: str, lanes: str, customers: str, secret: str = "") -> int:
    """Write so many invoices on so many lanes, after `WARM` others; print commands a second, processor time and calls a command."""
    settings = settings_from_environment()
    codec = load(settings.registry.url, records_of_topic(settings.kafka.topic_prefix))
    hops = hops_of(settings, codec)
    numbers = range(int(first), int(first) + WARM + int(count))
    commands = [codec.decode(one.value) for one in hops.commands(numbers)]
    made = uvloop.run(_written(hops.snapshot.connections[CONNECTION], commands, (int(lanes), customers.split(","), secret)))
    print(json.dumps(made))  # noqa: T201 - the result of this process
    return 0


async def _written(connected: Connected, commands: list[tuple[str, Any]], how: tuple[int, Sequence[str], str]) -> dict[str, Any]:
    lanes, customers, secret = how
    writer, transport = _writer(connected, secret)
    await writer.reserve(1)  # signs in

    async def lanes_write(these: Sequence[tuple[str, Any]]) -> None:
        left = iter(these)
        await asyncio.gather(*(_lane(writer, left, customers) for _ in range(lanes)))

    await lanes_write(commands[:WARM])
    gc.collect()
    gc.freeze()  # the commands lie in memory for this bench only: walking them is not the client's work
    before, began, cpu = transport.calls, time.perf_counter(), time.process_time()
    await lanes_write(commands[WARM:])
    took_s, cpu_s = time.perf_counter() - began, time.process_time() - cpu
    count = len(commands) - WARM
    calls = (transport.calls - before) / count
    await writer.close()
    return {"per_s": count / took_s, "cpu_us": cpu_s * 1e6 / count, "calls": calls}


async def _lane(writer: Writer, left: Iterator[tuple[str, Any]], customers: Sequence[str]) -> None:
    for name, command in left:
        ids = {f"{p['entity']}/{p['source_id']}": linked(p["source_id"], customers) for p in command["parents"]}
        await _write(writer, name.removeprefix("command."), command, ids)


async def _write(writer: Writer, record: str, command: Any, ids: Mapping[str, str]) -> None:
    write = registry.system(ERP).write_of(record)
    for step in write.steps:
        await writer.reserve(write.calls)
        found = (await writer.find(ResolvedCommand(record, command, ids))).documents
        answer = await writer.perform(step, ResolvedCommand(record, command, ids), found[0] if found else None)
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
            stage.rate([sink], WARM)
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
        ours.append(stage.rate([sink], count))
        bench.say(f"round {number + 1}: over HTTP {ours[-1].per_s:,.0f} commands/s, the client bare {plain[-1]['per_s']:,.0f}")
    rates, limits = [one.per_s for one in ours], [one["per_s"] for one in plain]
    more = {"cpu_us": median([one.cpu_us for one in ours]), "calls_of_bare": plain[-1]["calls"]}
    return at_least("sink over HTTP", rates, limits, LEAST_HTTP, "the same client bare", **more)


def _bare_over_http(stage: Stage, erp: Simulated, count: int) -> dict[str, Any]:
    first, stage.next = stage.next, stage.next + WARM + count
    secret = json.dumps(demo_of(ERP).section(erp.ready["url"], erp.ready["credentials"])[2])
    arguments = (str(first), str(count), str(LANES), ",".join(stage.customers))
    return stage.corner.process("bare", "tests.bench.sink:bare", *arguments, secret).start().result(300)


def _slow(bench: Bench, stage: Stage, sink: Process, erp: Simulated) -> Figure:
    erp.ask("settings", {"latency_s": str(CALL_S)})
    erp.forget_calls()
    stage.one()
    calls = erp.ask("calls")["total"]
    count = bench.count(SLOW)
    seen = [stage.rate([sink], count).per_s for _ in range(bench.rounds)]
    limit = LANES / (calls * CALL_S)
    bench.say(f"{calls} calls a command at {CALL_S * 1000:g} ms on {LANES} lanes: {median(seen):.1f} of {limit:.1f} commands/s")
    words = f"{LANES} / ({calls} calls x {CALL_S * 1000:g} ms)"
    return at_least("sink, 50 ms a call", seen, [limit] * len(seen), LEAST_SLOW, words, calls=calls)
