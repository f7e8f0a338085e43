"""Ingress under abuse: how long an honest sender waits, and what memory the server takes, while others misuse it.

`python -m tests.bench.abuse` prints a row per attack. The server (default settings, no Kafka) and the attacker are processes of their own; the
honest sender opens a connection for each of its requests, as one does that was just turned away. docs/limits.md states the figures.
"""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import uvloop

from tests.bench.report import quantile
from tests.unit.ingress.server import fresh_body, head, mac, request, serving

MIB = 1024 * 1024
REQUESTS, SECONDS = 200, 8.0
HONEST = "127.0.0.9"


async def _serve() -> None:
    async with serving(per_address_per_s=600, connections_per_address_per_s=600) as server:
        print(json.dumps({"port": server.port}), flush=True)  # noqa: T201 - read by the parent
        await asyncio.to_thread(sys.stdin.read)


async def _hold(port: int, number: int, content: bytes, addresses: int) -> None:
    """Keep so many connections open, each with this much sent; one that is closed is opened again."""

    async def one(index: int) -> None:
        while True:
            with suppress(OSError):
                reader, writer = await asyncio.open_connection(
                    "127.0.0.1", port, local_addr=(f"127.0.1.{index % addresses + 1}", 0)
                )
                try:
                    writer.write(content)
                    await reader.read()
                finally:
                    writer.close()
            await asyncio.sleep(0.05)

    await asyncio.gather(*(one(index) for index in range(number)))


ATTACKS: dict[str, tuple[str, Callable[[int], Awaitable[None]]]] = {
    "none": ("nobody else", lambda _: asyncio.sleep(3600)),
    "idle": ("2,000 idle connections of one address", lambda port: _hold(port, 2000, b"", 1)),
    "heads": ("4,000 half heads of 40 addresses", lambda port: _hold(port, 4000, b"POST /webhooks", 40)),
    "bodies": ("600 unsigned bodies of 1 MiB of one address", lambda port: _hold(port, 600, head(MIB) + b"x" * (MIB - 1), 1)),
    "spread": ("600 unsigned bodies of 1 MiB of 40 addresses", lambda port: _hold(port, 600, head(MIB) + b"x" * (MIB - 1), 40)),
    "forged": ("50 senders of forged webhooks without a pause", lambda port: _hold(port, 50, request(b"{}", "x-sig: 00"), 5)),
    "copies": ("50 senders of one signed webhook", lambda port: _hold(port, 50, _copied(), 5)),
}


def _copied() -> bytes:
    body = b'{"copied": 1}'
    return request(body, f"x-sig: {mac(body)}", "Connection: close")


async def _attack(name: str, port: int) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(_as_awaited(ATTACKS[name][1](port)), SECONDS + 30)


async def _as_awaited(one: Awaitable[None]) -> None:
    await one


async def _honest(port: int) -> tuple[list[float], int]:
    """Seconds of each request, and how many were not answered 200 at once."""
    took: list[float] = []
    refused = 0
    until = time.perf_counter() + SECONDS
    while len(took) < REQUESTS and time.perf_counter() < until:
        body = fresh_body(1000)
        began = time.perf_counter()
        answer = b""
        with suppress(OSError, asyncio.IncompleteReadError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(HONEST, 0))
            writer.write(request(body, f"x-sig: {mac(body)}"))
            answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)
            writer.close()
        took.append(time.perf_counter() - began)
        refused += not answer.startswith(b"HTTP/1.1 200")
        await asyncio.sleep(0.01)
    return took, refused


def _peak_mib(pid: int) -> int:
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) // 1024 if found else 0


def _measured(name: str) -> str:
    command = [sys.executable, "-m", "tests.bench.abuse"]
    server = subprocess.Popen([*command, "serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert server.stdout is not None
    port = json.loads(server.stdout.readline())["port"]
    attacker = subprocess.Popen([*command, "attack", name, str(port)])
    try:
        time.sleep(3)
        took, refused = asyncio.run(_honest(port))
        peak = _peak_mib(server.pid)
    finally:
        for process in (attacker, server):
            process.kill()
            process.wait()
    cells = [f"{quantile(took, at) * 1000:.0f}" for at in (0.5, 0.99)] + [f"{max(took) * 1000:.0f}"]
    return f"| {ATTACKS[name][0]} | {' | '.join(cells)} | {refused} of {len(took)} | {peak} |"


def main(arguments: list[str]) -> None:
    """Serve, attack, or measure every attack."""
    if arguments[:1] == ["serve"]:
        uvloop.run(_serve())
    elif arguments[:1] == ["attack"]:
        asyncio.run(_attack(arguments[1], int(arguments[2])))
    else:
        for name in arguments or ATTACKS:
            print(_measured(name), flush=True)  # noqa: T201 - the result


if __name__ == "__main__":
    main(sys.argv[1:])
