"""What outlives the process: documents, numbers, tokens; and that the same seed and requests give the same state."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from pathlib import Path
from typing import Any

import aiohttp
import aiohttp.web

from runtime.simulator.people import people
from tests.moved import until
from tests.systems.acumatica.simulator.world import Client, Make, act, customer, invoice, line, put, read


async def test_a_restart_keeps_documents_numbers_tokens_and_order(make: Make) -> None:
    first = await make("same")
    client = await first.client()
    who = await customer(client)
    number = await invoice(client, who, 10.1, Description="ST-k1 job")
    before = (await client.call("GET", "/Invoice", expand="Details")).body
    await client.call("POST", "/__sim__/periods", {"period": "022026", "status": "Closed"})
    second = await make("same", clock=first.clock)
    client = Client(second.served.url, second.http, client.headers)
    assert (await client.call("GET", "/Invoice", expand="Details")).body == before
    assert (await act(client, "Invoice", "ReleaseInvoice", number)).status == 500
    assert await invoice(client, who, 5) == "000002"
    year = await read(client, "/FinancialPeriod/2026", expand="Details")
    assert [row["Status"] for row in year["Details"]][:3] == ["Open", "Closed", "Open"]
    assert (await client.call("GET", "/Invoice", filter="startswith(Description,'ST-k1')")).body[0]["id"] == before[0]["id"]


async def test_the_same_seed_and_requests_give_the_same_ids(make: Make) -> None:
    shown: list[Any] = []
    for directory in ("a", "b"):
        world = await make(directory)
        client = await world.client()
        await invoice(client, await customer(client), 5)
        shown.append(((await client.call("GET", "/Invoice", expand="Details")).body, await world.journal(), client.headers))
    assert shown[0] == shown[1]


async def _started(state: Path) -> tuple[asyncio.subprocess.Process, dict[str, Any]]:
    arguments = [
        "-m",
        "tests.watched",
        "simulate",
        "acumatica",
        "--seed",
        "3",
        "--state-dir",
        str(state),
        "--set",
        "release_seconds=0",
    ]
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    return process, json.loads(await asyncio.wait_for(process.stdout.readline(), 30))


async def _signed_in(http: aiohttp.ClientSession, ready: dict[str, Any]) -> Client:
    known = ready["credentials"]
    form = {name: known[name] for name in ("client_id", "client_secret", "username", "password")}
    async with http.post(
        f"{ready['url']}/identity/connect/token", data=form | {"grant_type": "password", "scope": "api"}
    ) as answer:
        return Client(ready["url"], http, {"Authorization": f"Bearer {(await answer.json())['access_token']}"})


async def test_a_killed_simulator_has_lost_nothing_that_it_answered(tmp_path: Path) -> None:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        process, ready = await _started(tmp_path)
        assert set(ready["credentials"]) >= {"username", "password", "tenant", "client_id", "client_secret", "endpoint_version"}
        client = await _signed_in(http, ready)
        who = await customer(client)
        numbers = [(await put(client, "Invoice", Customer=who, Details=[line(5)]))["ReferenceNbr"] for _ in range(20)]
        process.send_signal(signal.SIGKILL)
        await process.wait()
        process, ready = await _started(tmp_path)
        client = await _signed_in(http, ready)
        assert [row["ReferenceNbr"]["value"] for row in (await client.call("GET", "/Invoice")).body] == numbers
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 10) == 0


async def test_changes_are_pushed_as_documented(make: Make) -> None:
    world = await make()
    received: list[tuple[str, dict[str, Any]]] = []

    async def take(request: aiohttp.web.Request) -> aiohttp.web.Response:
        received.append((request.headers["X-Secret"], await request.json()))
        return aiohttp.web.Response()

    app = aiohttp.web.Application()
    app.router.add_post("/push", take)
    runner = aiohttp.web.AppRunner(app)
    await runner.setup()
    await aiohttp.web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/push"
    client = await world.client()
    await client.call(
        "POST", "/__sim__/push", {"url": url, "header": "X-Secret", "secret": "s3", "query": "Customers", "entity": "Customer"}
    )
    await world.fault(kind="push_duplicate", path="/Customer", skip=1)
    who = await customer(client)
    await until(lambda: _at_least(received, 1))
    await put(client, "Customer", CustomerID=who, CustomerName="Other")
    await until(lambda: _at_least(received, 3))
    await runner.cleanup()
    secret, inserted = received[0]
    assert (secret, inserted["Query"], inserted["CompanyId"], inserted["Deleted"]) == ("s3", "Customers", "Company", [])
    assert inserted["Inserted"][0]["CustomerID"] == who
    assert inserted["Inserted"][0]["LastModifiedDateTime"].startswith("2026-03-16T10:00:00")
    assert not inserted["Inserted"][0]["LastModifiedDateTime"].endswith("00:00")
    updated, again = received[1][1], received[2][1]
    assert len(updated["Inserted"]) == len(updated["Deleted"]) == 1
    assert updated == again
    assert updated["TimeStamp"] >= inserted["TimeStamp"] > 630_000_000_000_000_000


async def _at_least(received: list[Any], count: int) -> bool:
    return len(received) >= count


async def test_existing_masters_are_those_of_the_seed_with_their_variants(make: Make) -> None:
    world = await make(customers=200, vendors=40)
    client = await world.client()
    truth = (await client.call("GET", "/__sim__/masters/truth")).body
    customers = {
        row["CustomerID"]["value"]: row for row in (await client.call("GET", "/Customer", expand="MainContact/Address")).body
    }
    assert (len(customers), len(truth["customers"]), len(truth["vendors"])) == (200, 200, 40)
    assert {row["kind"] for row in truth["customers"]} >= {
        "exact",
        "abbreviated",
        "misspelt",
        "no_phone",
        "duplicate",
        "relative",
        "only_here",
    }
    first = next(row for row in truth["customers"] if row["kind"] == "exact")
    from_seed = people(7, 200)[first["index"]]
    shown = customers[first["number"]]
    assert shown["CustomerName"]["value"] == from_seed.name
    assert shown["MainContact"]["Address"]["AddressLine1"]["value"] == from_seed.street
    assert shown["MainContact"]["Phone1"]["value"] == from_seed.phone
    assert await world.journal() == []
    more = (await client.call("POST", "/__sim__/masters", {"customers": 210, "vendors": 40})).body
    assert more["customers"][:200] == truth["customers"]
    assert len(more["customers"]) == 210
    assert (await put(client, "Invoice", Customer=first["number"], Details=[line(5)]))["Terms"] == "30D"
