"""Ingress: signed webhooks of 1.5 KB on 64 connections, answered when Kafka has them; beside it the same server answering without Kafka.

Two servers run side by side and are loaded in turn; the second is the same in everything but that a record counts as stored at once.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
import uuid
from functools import partial
from typing import Any

import uvloop

from tests.bench.ground import BUILD, CONNECTION, FIELD_SERVICE, WEBHOOK_KEY, Bench, Corner, Process, filled
from tests.bench.report import Figure, at_least, median, quantile

CONNECTIONS, BODY_BYTES, BODIES = 64, 1500, 2000
WARM_UP_S, LONG_S = 1.0, 8.0
LEAST, P99_MS = 0.8, 25.0


def measure(bench: Bench) -> list[Figure]:
    """Rate and p99 of answers."""
    corner = bench.corner()
    corner.connect()
    server = corner.service("ingress").start()
    bare = corner.process("bare", "tests.bench.ingress:without_kafka").start()
    seen: dict[str, list[dict[str, Any]]] = {"ingress": [], "bare": []}
    try:
        for number in range(bench.rounds):
            for process in (bare, server):
                found = _loaded(bench, corner, process)
                seen[process.name].append(found)
                bench.say(f"round {number + 1}: {process.name} {found['per_s']:,.0f}/s, p99 {found['p99_ms']:.1f} ms")
        stored = filled(corner, f"raw.{FIELD_SERVICE}")
        answered = sum(one["answered"] for one in seen["ingress"])
        rss_mb = server.status_mb("VmHWM")
    finally:
        server.stop()
        bare.stop()
    figures = _figures(seen, {"stored": stored, "answered_200": answered, "not_200": _bad(seen["ingress"]), "rss_mb": rss_mb})
    if not all(one.met for one in figures):
        _profile(bench, corner)
    return figures


def _figures(seen: dict[str, list[dict[str, Any]]], more: dict[str, Any]) -> list[Figure]:
    rates = {name: [one["per_s"] for one in found] for name, found in seen.items()}
    p99 = [one["p99_ms"] for one in seen["ingress"]]
    more["cpu_us"] = {name: median([one["cpu_us"] for one in found]) for name, found in seen.items()}
    rate = at_least("ingress", rates["ingress"], rates["bare"], LEAST, "same server, no Kafka", **more)
    worst = median(p99)
    limits = [one["p99_ms"] for one in seen["bare"]]
    limit = median(limits)
    words = "ms: same server, no Kafka"
    late = Figure("ingress p99", worst, "ms", f"<= {P99_MS:g} ms", worst <= P99_MS, limit, words, tuple(p99), limits)
    return [rate, late]


def _bad(found: list[dict[str, Any]]) -> int:
    return sum(one["not_200"] for one in found)


def _loaded(bench: Bench, corner: Corner, process: Process) -> dict[str, Any]:
    port = process.await_event("ready")["port"]
    seconds = max(2.0, LONG_S * min(1.0, bench.size))
    before = process.cpu_s()
    load = corner.process("load", "tests.bench.ingress:load", str(port), str(seconds)).start()
    found = load.result(seconds + 60)
    found["cpu_us"] = (process.cpu_s() - before) * 1e6 / max(1, found["answered"])
    return found


def _profile(bench: Bench, corner: Corner) -> None:
    path = BUILD / "ingress.txt"
    bench.say(f"a target is missed: profile to {path}")
    server = corner.service("ingress", BENCH_PROFILE=str(path)).start()
    try:
        _loaded(bench, corner, server)
    finally:
        server.stop()


# --- the server without Kafka, in a process of its own


class _AtOnce:
    """Stands in for `Deliveries`: every record counts as stored when it is handed over."""

    trouble = ""

    def start(self) -> None:
        self._loop = asyncio.get_running_loop()

    def send(self, _: object) -> asyncio.Future[None]:
        future: asyncio.Future[None] = self._loop.create_future()
        future.set_result(None)
        return future

    async def stop(self) -> None:
        return


def without_kafka() -> int:
    """The ingress service with `_AtOnce` in the place of its producer."""
    from runtime import log
    from runtime.settings import settings_from_environment
    from services.ingress import webhooks

    setattr(webhooks, "Deliveries", lambda _: _AtOnce())  # noqa: B010 - the one difference to the service
    log.configure(service="bare")
    return webhooks.run(settings_from_environment())


# --- the load, in a process of its own


class _Sender(asyncio.Protocol):
    """One connection: the next request goes out when the last one is answered."""

    def __init__(self, requests: list[bytes], first: int, taken: list[tuple[float, float]], bad: list[bytes]) -> None:
        self._requests, self._next, self._taken, self._bad = requests, first, taken, bad
        self._received = b""
        self.stopped = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport
        self._send()

    def _send(self) -> None:
        self._sent = time.perf_counter()
        self._transport.write(self._requests[self._next % len(self._requests)])
        self._next += 1

    def data_received(self, data: bytes) -> None:
        self._received += data
        if not self._received.endswith(b"\r\n\r\n"):  # every answer of the ingress has an empty body
            return
        now = time.perf_counter()
        if self._received.startswith(b"HTTP/1.1 200"):
            self._taken.append((now, now - self._sent))
        else:
            self._bad.append(self._received)
        self._received = b""
        if not self.stopped:
            self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.stopped:
            self._bad.append(b"connection lost")


def load(port: str, seconds: str) -> int:
    """Keep every connection busy for so long; print what was answered after the warm-up."""
    print(json.dumps(uvloop.run(_load(int(port), float(seconds)))))  # noqa: T201 - the result of this process
    return 0


async def _load(port: int, seconds: float) -> dict[str, Any]:
    requests = [_request(number) for number in range(BODIES)]
    taken: list[tuple[float, float]] = []
    bad: list[bytes] = []
    loop = asyncio.get_running_loop()
    senders = []
    for number in range(CONNECTIONS):
        first = number * (BODIES // CONNECTIONS)
        _, sender = await loop.create_connection(partial(_Sender, requests, first, taken, bad), "127.0.0.1", port)
        senders.append(sender)
    await asyncio.sleep(WARM_UP_S)
    began = time.perf_counter()
    await asyncio.sleep(seconds)
    ended = time.perf_counter()
    for sender in senders:
        sender.stopped = True
    await asyncio.sleep(0.5)
    waits_ms = [wait * 1000 for at, wait in taken if began <= at < ended]
    return {
        "per_s": len(waits_ms) / (ended - began),
        "p50_ms": quantile(waits_ms, 0.5) if waits_ms else 0.0,
        "p99_ms": quantile(waits_ms, 0.99) if waits_ms else 0.0,
        "answered": len(taken),
        "not_200": len(bad),
        "bad": bad[0].decode(errors="replace")[:200] if bad else "",
    }


def _request(number: int) -> bytes:
    head = f'{{"eventId": "{uuid.uuid4()}", "eventType": "invoice.updated", "tenantId": 1234567890, "data": {{"id": {number}}}, "note": "'
    body = (head + "x" * (BODY_BYTES - len(head) - 2) + '"}').encode()
    signature = hmac.new(WEBHOOK_KEY.encode(), body, hashlib.sha256).hexdigest()
    lines = [
        f"POST /webhooks/{FIELD_SERVICE}/{CONNECTION} HTTP/1.1",
        "Host: 127.0.0.1",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        f"x-servicetitan-signature: {signature}",
        "",
        "",
    ]
    return "\r\n".join(lines).encode() + body
