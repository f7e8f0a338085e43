"""What every simulator has: planned faults of the network, the latency, the journal, switches and calls under `/__sim__/`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from runtime.simulator.answers import json_answer
from runtime.simulator.control import add_asked, add_deleted, add_told, application
from runtime.simulator.installation import Installation
from runtime.simulator.serve import Options, Served, start
from runtime.simulator.store import Commit
from runtime.simulator.switches import Switches
from tests.moved import MovedClock, until


@dataclass
class Toy(Switches):
    """A system that keeps what is put."""

    system = "toy"
    most: int = 3


class World:
    """A toy that keeps each PUT under a number, and calls to it."""

    def __init__(self, installation: Installation[Toy], served: Served, http: aiohttp.ClientSession) -> None:
        self.installation, self.served, self.http = installation, served, http

    async def call(self, method: str, path: str, body: Any = None) -> tuple[int | None, bytes]:
        """Status and body, None and nothing when the connection broke."""
        try:
            async with self.http.request(method, self.served.url + path, json=body) as answer:
                return answer.status, await answer.read()
        except aiohttp.ClientError:
            return None, b""

    async def sim(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """A control route."""
        async with self.http.request(method, f"{self.served.url}/__sim__/{path}", json=body) as answer:
            return answer.status, await answer.json()

    async def commits(self) -> int:
        """How many writes the journal has."""
        return len((await self.sim("GET", "journal"))[1]["commits"])


def _toy(folder: Path) -> tuple[Installation[Toy], web.Application]:
    held = Installation(Options(7, folder, MovedClock(), {}), Toy())
    app = application(held)

    async def put(request: web.Request) -> web.Response:
        await request.read()
        number = held.number("thing", 4)
        held.store.commit(held.tick(), Commit("thing", "create", number))
        held.calls["PUT /thing"] += 1
        return json_answer({"number": number})

    def refuse(_: object) -> Any:
        raise KeyError("missing")

    app.router.add_put("/thing", put)
    add_asked(app, things_last=lambda query: {"asked": dict(query)}, wrong=refuse)
    add_told(app, things=lambda body: {"told": body})
    add_deleted(app, things=lambda _: {"gone": True})
    return held, app


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """A served toy."""
    held, app = _toy(tmp_path)
    served = await start(held.simulator(app, {}))
    async with aiohttp.ClientSession() as http:
        http._retry_connection = False  # aiohttp sends a PUT again when its connection breaks; see runtime/http.py
        yield World(held, served, http)
    await served.stop()


async def test_a_body_that_is_not_in_the_encoding_it_names_is_refused(world: World) -> None:
    headers = {"Content-Encoding": "gzip"}
    async with world.http.put(f"{world.served.url}/thing", data=b"no gzip", headers=headers) as answer:
        assert (answer.status, await answer.text()) == (400, "400: the body cannot be read: Can not decode content-encoding: gzip")
    assert await world.commits() == 0


@pytest.mark.parametrize(
    ("fault", "status", "commits"),
    [
        ({"kind": "refuse"}, 503, 0),
        ({"kind": "refuse", "status": 429}, 429, 0),
        ({"kind": "html"}, 200, 0),
        ({"kind": "fail_after"}, 500, 1),
        ({"kind": "html_after"}, 200, 1),
        ({"kind": "empty_after"}, 200, 1),
        ({"kind": "lost_answer"}, None, 1),
        ({"kind": "half_answer", "bytes": 4}, None, 1),
        ({"kind": "half_head", "bytes": 12}, None, 1),
        ({"kind": "slow", "seconds": 0.02}, 200, 1),
        ({"kind": "altered", "find": "0001", "text": "0002"}, 200, 1),
    ],
    ids=lambda value: str(value.get("kind")) if isinstance(value, dict) else "",
)
async def test_a_fault_hits_one_write_and_the_journal_knows_what_it_did(
    world: World, fault: dict[str, Any], status: int | None, commits: int
) -> None:
    assert await world.sim("POST", "faults", {"faults": [fault | {"method": "PUT", "path": "/thing"}]}) == (200, {"planned": 1})
    answered = await world.call("PUT", "/thing")
    assert answered[0] == status
    if fault["kind"] == "altered":
        assert answered[1] == b'{"number":"0002"}'
    assert await world.commits() == commits
    assert (await world.call("PUT", "/thing"))[0] == 200
    assert await world.sim("GET", "faults") == (200, {"hits": {fault["kind"]: 1}, "planned": []})


async def test_a_late_commit_happens_after_the_connection_is_gone(world: World) -> None:
    await world.sim("POST", "faults", {"faults": [{"kind": "late_commit", "seconds": 0.1}]})
    assert (await world.call("PUT", "/thing"))[0] is None
    assert await world.commits() == 0
    assert await until(world.commits) == 1


async def test_faults_are_skipped_counted_and_forgotten(world: World) -> None:
    await world.sim("POST", "faults", {"faults": [{"kind": "refuse", "skip": 1, "count": 5}]})
    assert [(await world.call("PUT", "/thing"))[0] for _ in range(3)] == [200, 503, 503]
    assert await world.sim("DELETE", "faults") == (200, {"planned": 0})
    assert (await world.call("PUT", "/thing"))[0] == 200


async def test_what_is_wrong_in_a_request_is_said_with_400(world: World) -> None:
    assert (await world.sim("POST", "faults", {"faults": [{"kind": "html", "often": 1}]}))[0] == 400
    assert await world.sim("POST", "faults", {}) == (400, {"error": "KeyError: 'faults'"})
    assert (await world.sim("GET", "journal?after=soon"))[0] == 400
    assert await world.sim("GET", "wrong") == (400, {"error": "KeyError: 'missing'"})
    status, told = await world.sim("POST", "settings", {"most": "many"})
    assert (status, told["error"]) == (400, "ValueError: setting most: 'many' cannot be read as int")


async def test_switches_change_while_it_runs_and_calls_are_counted(world: World) -> None:
    assert await world.sim("POST", "settings", {"most": "5"}) == (200, {"timezone": "UTC", "latency_s": 0.0, "most": 5})
    assert (await world.sim("GET", "settings"))[1]["most"] == 5
    await world.call("PUT", "/thing")
    world.installation.refused["calls"] += 1
    counted = (await world.sim("GET", "calls"))[1]
    assert counted.pop("inside_s") > 0
    assert counted == {"calls": {"PUT /thing": 1}, "total": 1, "refused": {"calls": 1}}
    assert (await world.sim("DELETE", "calls"))[1] == {"calls": {}, "total": 0, "refused": {}, "inside_s": 0.0}


async def test_a_system_adds_functions_of_queries_and_bodies(world: World) -> None:
    assert await world.sim("GET", "things/last?kind=a") == (200, {"asked": {"kind": "a"}})
    assert await world.sim("POST", "things", {"a": 1}) == (200, {"told": {"a": 1}})
    assert await world.sim("POST", "things") == (200, {"told": {}})
    assert await world.sim("DELETE", "things") == (200, {"gone": True})


async def test_every_call_of_the_vendors_takes_the_latency_longer(world: World) -> None:
    await world.sim("POST", "settings", {"latency_s": "0.2"})
    began = asyncio.get_running_loop().time()
    await world.sim("GET", "journal")
    assert asyncio.get_running_loop().time() - began < 0.2
    await world.call("PUT", "/thing")
    assert asyncio.get_running_loop().time() - began >= 0.2


async def test_the_journal_begins_after_a_sequence_number_and_outlives_the_process(world: World, tmp_path: Path) -> None:
    for _ in range(3):
        await world.call("PUT", "/thing")
    commits = (await world.sim("GET", "journal?after=1"))[1]["commits"]
    assert [(one["seq"], one["id"]) for one in commits] == [(2, "0002"), (3, "0003")]
    again, _ = _toy(tmp_path)
    assert (len(again.store.journal()), again.number("thing", 4)) == (3, "0004")
    again.store.close()


def test_instants_never_repeat_although_the_clock_stands_still(tmp_path: Path) -> None:
    held, _ = _toy(tmp_path)
    instants = [held.tick() for _ in range(5)]
    assert instants == sorted(set(instants))
    held.store.close()
