"""Webhooks: what is signed, when it is tried again, what is lost and doubled."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web

from systems.servicetitan.simulator.signing import signature_headers
from systems.servicetitan.simulator.webhooks import Subscriber
from tests.systems.servicetitan.simulator.test_books import booked
from tests.systems.servicetitan.simulator.world import World, eventually

KEY = "0123456789abcdef0123456789abcdef"


@dataclass
class Receiver:
    """Takes deliveries and answers with the next status, 200 when there is none left."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)
    taken: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        self.taken.append((dict(request.headers), await request.read()))
        return web.Response(status=self.statuses.pop(0) if self.statuses else 200)

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.taken]


@asynccontextmanager
async def receiving(*statuses: int) -> AsyncIterator[Receiver]:
    """A receiver on a free port."""
    receiver = Receiver(statuses=list(statuses))
    app = web.Application()
    app.router.add_post("/in", receiver.take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/in"
    try:
        yield receiver
    finally:
        await runner.cleanup()


async def counted(tenant: World, **wanted: int) -> dict[str, Any]:
    """The counts once they are as wanted."""

    async def look() -> Any:
        return await tenant.control("webhooks")

    found: dict[str, Any] = await eventually(look, lambda counts: all(counts[name] == count for name, count in wanted.items()))
    return found


async def rename(tenant: World, name: str) -> int:
    customer: int = (await tenant.get("crm/customers?sort=%2BId"))["data"][0]["id"]
    await tenant.do({"do": "change_customer", "customer": customer, "name": name})
    return customer


async def renames(tenant: World, count: int) -> None:
    customer: int = (await tenant.get("crm/customers?sort=%2BId"))["data"][0]["id"]
    await tenant.do(*({"do": "change_customer", "customer": customer, "name": f"Name {number:03d}"} for number in range(count)))


async def test_a_change_is_sent_with_its_record_and_signed_over_the_raw_body(tenant: World) -> None:
    async with receiving() as receiver:
        await tenant.control("webhooks", {"url": receiver.url, "key": KEY})
        customer = await rename(tenant, "Ada Brook")
        await counted(tenant, ok=1, waiting=0)
        headers, body = receiver.taken[0]
        event = json.loads(body)
        assert headers["x-servicetitan-signature"] == hmac.new(KEY.encode(), body, hashlib.sha256).hexdigest()
        assert (event["eventType"], event["tenantId"]) == ("customer.updated", int(tenant.credentials["tenant_id"]))
        assert (event["data"]["id"], event["data"]["name"]) == (customer, "Ada Brook")
        assert event["eventId"]
        assert event["timestamp"] == "2026-03-02T12:00:00.0000000Z"


async def test_booking_tells_of_the_job_and_of_its_invoice(tenant: World) -> None:
    async with receiving() as receiver:
        await tenant.control("webhooks", {"url": receiver.url, "key": KEY})
        made = await booked(tenant)
        await counted(tenant, ok=2, waiting=0)
        told = {event["eventType"]: event["data"]["id"] for event in receiver.events}
        assert told == {"job.created": made["job"], "invoice.created": made["invoice"]}


async def test_a_refused_event_is_tried_after_10_30_60_and_300_seconds_and_then_listed(tenant: World) -> None:
    async with receiving(500, 500, 302, 204, 404) as receiver:
        await tenant.control("webhooks", {"url": receiver.url, "key": KEY})
        await rename(tenant, "Ada Brook")
        for tries, wait_s in enumerate((10, 30, 60, 300), start=1):
            await counted(tenant, refused=tries, retried=tries)
            await asyncio.sleep(0)
            await tenant.clock.turn(seconds=wait_s - 1)
            assert len(receiver.taken) == tries, "not a second early"
            await tenant.clock.turn(seconds=1)
        await counted(tenant, refused=5, failed=1, waiting=0)
        assert len({event["eventId"] for event in receiver.events}) == 1
        failed = (await tenant.control("webhooks/failed"))["failed"]
        assert [(one["eventType"], one["status"], one["tries"]) for one in failed] == [("customer.updated", "404", 5)]


async def test_one_that_is_accepted_later_is_not_listed(tenant: World) -> None:
    async with receiving(503) as receiver:
        await tenant.control("webhooks", {"url": receiver.url, "key": KEY})
        await rename(tenant, "Ada Brook")
        await counted(tenant, refused=1, retried=1)
        await tenant.clock.turn(seconds=10)
        await counted(tenant, ok=1, waiting=0)
        assert (await tenant.control("webhooks/failed"))["failed"] == []
        assert receiver.taken[0][1] == receiver.taken[1][1]


async def test_dropped_events_are_never_sent_and_doubled_ones_twice(tenant: World) -> None:
    async with receiving() as receiver:
        await tenant.control("webhooks", {"url": receiver.url, "key": KEY, "drop": 0.1, "duplicate": 0.2})
        await renames(tenant, 200)
        counts = await counted(tenant, waiting=0)
        assert counts["ok"] == len(receiver.taken) == 200 - counts["dropped"] + counts["duplicated"]
        assert 8 <= counts["dropped"] <= 40
        assert 20 <= counts["duplicated"] <= 60
        assert len({event["eventId"] for event in receiver.events}) == 200 - counts["dropped"]


async def test_disorder_lets_a_later_event_pass_an_earlier_one(tenant: World) -> None:
    async with receiving() as receiver:
        await tenant.control("webhooks", {"url": receiver.url, "key": KEY, "disorder": 0.5, "delay_s": 60})
        await renames(tenant, 20)
        delayed = (await tenant.control("webhooks"))["delayed"]
        await counted(tenant, ok=20 - delayed)
        await tenant.clock.turn(seconds=60)
        await counted(tenant, ok=20, waiting=0)
        names = [event["data"]["name"] for event in receiver.events]
        assert len(set(names)) == 20
        assert names != sorted(names)


async def test_nothing_listens_is_a_failure_too(tenant: World) -> None:
    async with receiving() as receiver:
        url = receiver.url
    await tenant.control("webhooks", {"url": url, "key": KEY})
    await rename(tenant, "Ada Brook")
    await counted(tenant, refused=1, retried=1)


@pytest.mark.parametrize("change", [{"key": "short"}, {"encoding": "rot13"}, {"scheme": "none"}, {"colour": "red"}])
async def test_a_registration_that_makes_no_sense_is_refused(tenant: World, change: dict[str, str]) -> None:
    body = {"url": "http://127.0.0.1:1/in", "key": KEY} | change
    assert (await tenant.call("POST", "/__sim__/webhooks", json=body)).status == 400


def test_the_signature_is_written_as_asked_for() -> None:
    body = b'{"a":1}'
    mac = hmac.new(KEY.encode(), body, hashlib.sha256)
    written = {"hex": mac.hexdigest(), "HEX": mac.hexdigest().upper(), "base64": base64.b64encode(mac.digest()).decode()}
    for encoding, text in written.items():
        how = Subscriber("http://127.0.0.1/", KEY, "x-sig", encoding, "sha256=")
        assert signature_headers(how, "e1", 1, body) == {"x-sig": f"sha256={text}"}


def test_standard_webhooks_signs_id_time_and_body() -> None:
    """The vector of the Standard Webhooks specification."""
    how = Subscriber("http://127.0.0.1/", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", scheme="standard-webhooks")
    headers = signature_headers(how, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
