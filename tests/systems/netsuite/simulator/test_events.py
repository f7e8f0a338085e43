"""What the user-event script sends: signed, once, and not for every context."""

from __future__ import annotations

import hmac
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web

from tests.moved import until
from tests.systems.netsuite.simulator.world import VENDOR, Client, World

SECRET = "a secret of thirty-two characters"


@dataclass
class Receiver:
    """What arrived: headers and bytes; `status` is what it answers."""

    url: str = ""
    status: int = 200
    got: list[tuple[Any, bytes]] = field(default_factory=list)

    @property
    def notes(self) -> list[dict[str, Any]]:
        return [json.loads(raw) for _, raw in self.got]

    async def arrived(self, count: int) -> list[dict[str, Any]]:
        async def check() -> bool:
            return len(self.got) >= count

        await until(check)
        return self.notes


@pytest.fixture
async def receiver(world: World) -> AsyncIterator[Receiver]:
    found = Receiver()

    async def take(request: web.Request) -> web.Response:
        found.got.append((request.headers, await request.read()))
        return web.Response(status=found.status)

    app = web.Application()
    app.router.add_post("/webhooks/netsuite/one", take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    found.url = f"http://127.0.0.1:{runner.addresses[0][1]}/webhooks/netsuite/one"
    await world.sim("events", {"url": found.url, "secret": SECRET, "types": "vendor,department"})
    yield found
    await runner.cleanup()


async def test_a_change_is_told_with_a_signature_over_time_and_body(world: World, client: Client, receiver: Receiver) -> None:
    key = await client.made("vendor", VENDOR | {"externalId": "ST-V-1"})
    await client.made(f"vendor/{key}", {"phone": "1"}, "PATCH")
    assert (await client.call("DELETE", f"vendor/{key}")).status == 204
    notes = await receiver.arrived(3)
    assert {note["eventType"] for note in notes} == {"create", "edit", "delete"}
    first = next(note for note in notes if note["eventType"] == "create")
    told = {"recordType": "vendor", "recordId": key, "externalId": "ST-V-1", "accountId": world.credentials["account"]}
    assert first == told | {"eventId": first["eventId"], "eventType": "create", "occurredAt": "2026-03-16T15:00:00Z"}
    for headers, raw in receiver.got:
        signed = f"{headers['X-NetSuite-Timestamp']}.".encode() + raw
        assert headers["X-NetSuite-Signature"] == f"sha256={hmac.digest(SECRET.encode(), signed, 'sha256').hex()}"
        assert headers["X-NetSuite-Event-Id"] == json.loads(raw)["eventId"]
    assert len({note["eventId"] for note in notes}) == 3


async def test_people_are_told_of_and_imports_are_not(world: World, client: Client, receiver: Receiver) -> None:
    await client.made("customer", {"companyName": "Nobody listens", "subsidiary": {"id": "2"}})
    await world.sim("enter", {"type": "vendor", "values": VENDOR | {"companyName": "Import"}, "context": "CSV"})
    made = await world.sim("enter", {"type": "department", "values": {"name": "Insulation", "parent": "1"}})
    [note] = await receiver.arrived(1)
    assert (note["recordType"], note["recordId"]) == ("department", made["id"])
    assert (await client.read(f"department/{made['id']}"))["fullName"] == "Operations : Insulation"


async def test_a_receiver_that_is_down_is_told_once(world: World, client: Client, receiver: Receiver) -> None:
    receiver.status = 503
    await client.made("vendor", VENDOR)
    await receiver.arrived(1)

    async def settled() -> bool:
        return not (await world.sim("events"))["waiting"]

    await until(settled)
    assert (await world.sim("events"))["counts"] == {"sent": 1, "refused": 1, "failed": 1}


async def test_notes_are_dropped_doubled_and_late_on_request(world: World, client: Client, receiver: Receiver) -> None:
    for kind, seconds in (("event_drop", 0), ("event_duplicate", 0), ("event_late", 0.2)):
        await world.fault(kind=kind, path="/vendor", seconds=seconds)
    keys = [await client.made("vendor", VENDOR | {"companyName": name}) for name in ("Dropped", "Late and doubled", "Third")]
    notes = await receiver.arrived(3)
    assert [note["recordId"] for note in notes] == [keys[1], keys[2], keys[1]]
    assert notes[0]["eventId"] == notes[2]["eventId"]
