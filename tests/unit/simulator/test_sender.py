"""A sender of events: tried again after its waits, given up, a bounded number at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from runtime.simulator.sender import Event, Manner, Sender
from tests.moved import until


class Receiver:
    """Answers with the statuses it is given, 200 when they are used up; knows how many calls ran at once."""

    def __init__(self, *statuses: int) -> None:
        self.statuses, self.bodies, self.stamps = list(statuses), list[bytes](), list[str]()
        self.running = self.most = 0

    async def take(self, request: web.Request) -> web.Response:
        self.running += 1
        self.most = max(self.most, self.running)
        self.bodies.append(await request.read())
        self.stamps.append(request.headers.get("X-Try", ""))
        await asyncio.sleep(0.01)
        self.running -= 1
        return web.Response(status=self.statuses.pop(0) if self.statuses else 200)


@pytest.fixture
async def receiver() -> AsyncIterator[Any]:
    """Serves a receiver; gives its address."""
    servers: list[TestServer] = []

    async def serve(held: Receiver) -> str:
        app = web.Application()
        app.router.add_post("/hook", held.take)
        servers.append(TestServer(app))
        await servers[-1].start_server()
        return str(servers[-1].make_url("/hook"))

    yield serve
    for server in servers:
        await server.close()


def _sender(waits: list[float], at_once: int = 5) -> tuple[Sender, list[float]]:
    paused: list[float] = []

    async def pause(seconds: float) -> None:
        paused.append(seconds)

    return Sender(Manner(tuple(waits), pause, range(200, 201), at_once=at_once)), paused


async def _none_waits(sender: Sender) -> bool:
    return sender.waiting == 0


async def test_an_event_is_tried_again_with_new_headers_until_it_is_accepted(receiver: Any) -> None:
    held = Receiver(500, 204)
    sender, paused = _sender([10, 30, 60])
    tries = iter("123")
    sender.send(Event(await receiver(held), b"{}", lambda: {"X-Try": next(tries)}))
    await until(lambda: _none_waits(sender))
    await sender.close()
    assert (held.stamps, paused) == (["1", "2", "3"], [10, 30])
    assert dict(sender.counts) == {"sent": 3, "ok": 1, "refused": 2, "retried": 2}
    assert sender.failed == []


async def test_an_event_that_nobody_takes_is_given_up_and_shown() -> None:
    sender, paused = _sender([10])
    sender.send(Event("http://127.0.0.1:9/hook", b"{}", dict, {"id": 7}), after_s=2.5)
    await until(lambda: _none_waits(sender))
    await sender.close()
    assert paused == [2.5, 10]
    assert sender.failed == [{"id": 7, "status": "ClientConnectorError", "tries": 2}]
    assert (sender.counts["failed"], sender.counts["refused"]) == (1, 2)


async def test_no_more_run_at_once_than_the_system_sends(receiver: Any) -> None:
    held = Receiver()
    sender, _ = _sender([], at_once=2)
    url = await receiver(held)
    for number in range(9):
        sender.send(Event(url, str(number).encode(), dict))
    assert sender.waiting == 9
    await until(lambda: _none_waits(sender))
    await sender.close()
    assert (len(held.bodies), held.most) == (9, 2)
