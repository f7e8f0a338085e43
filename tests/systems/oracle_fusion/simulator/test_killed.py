"""A pod in a process of its own that is killed has lost nothing that it answered."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from pathlib import Path
from typing import Any

import aiohttp

from tests.systems.oracle_fusion.simulator.test_invoices import invoice
from tests.systems.oracle_fusion.simulator.world import Client, basic

SERVE = """
import asyncio, sys
from datetime import UTC, datetime
from pathlib import Path
from runtime.clock import ScaledClock
from runtime.simulator.serve import Options, serve_until_stopped
from systems.oracle_fusion.simulator.app import build
clock = ScaledClock(1.0, datetime(2026, 3, 16, 15, 0, tzinfo=UTC), __import__("time").time())
asyncio.run(serve_until_stopped(build(Options(3, Path(sys.argv[1]), clock, {})), 0))
"""


async def _started(state: Path) -> tuple[asyncio.subprocess.Process, dict[str, Any]]:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", SERVE, str(state), stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    return process, json.loads(await asyncio.wait_for(process.stdout.readline(), 60))


async def test_a_killed_pod_has_lost_nothing_that_it_answered(tmp_path: Path) -> None:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        process, ready = await _started(tmp_path)
        assert ready["token_url"] == ready["credentials"]["token_url"] == f"{ready['url']}/oauth2/v1/token"
        assert set(ready["credentials"]) >= {"client_id", "client_secret", "scope", "username", "password"}
        sign = {"Authorization": basic(ready["credentials"]["username"], ready["credentials"]["password"])}
        client = Client(ready["url"], http, sign)
        rows = [(await client.post("/receivablesInvoices", invoice(number=str(number)))).body for number in range(20)]
        process.send_signal(signal.SIGKILL)
        await process.wait()
        process, ready = await _started(tmp_path)
        client = Client(ready["url"], http, sign)
        found = (await client.get("/receivablesInvoices", orderBy="CustomerTransactionId:asc", onlyData="true")).items
        assert [row["CustomerTransactionId"] for row in found] == [row["CustomerTransactionId"] for row in rows]
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 20) == 0
