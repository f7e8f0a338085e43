"""Deliveries of the user-event script: what the ingress lets in, and what follows from it."""

from __future__ import annotations

import hmac
import json
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from aiohttp import web
from multidict import CIMultiDict, CIMultiDictProxy

from runtime.errors import Malformed
from schemas.records import Raw
from services.ingress.signature import TOLERANCE_S, Key, verified
from systems.contract import Element
from systems.mapped import Fetch, Filtered, Normalised
from systems.netsuite.mapping_sightings import sightings
from systems.netsuite.settings import EVENTS
from systems.netsuite.simulator.app import build
from systems.netsuite.simulator.kinds import KINDS
from systems.netsuite.system import SIGNING
from systems.raw import How, Where, raw_record
from tests.moved import until
from tests.systems.netsuite.account import account
from tests.systems.netsuite.simulator.world import VENDOR, World
from tests.systems.served import starting

SECRET = "a secret of thirty-two characters"
INSTALL = Path(__file__).parents[3] / "systems" / "netsuite" / "install" / "suitescript" / "src"
NOW = datetime(2026, 3, 16, 15, tzinfo=UTC)
BODY = b'{"eventId":"1","eventType":"edit","recordType":"vendor","recordId":"1001","accountId":"9000007_SB1"}'


def signed(
    changed: Mapping[str, str] = MappingProxyType({}), body: bytes = BODY, at: datetime = NOW, secret: str = SECRET
) -> CIMultiDictProxy[str]:
    """The headers of a delivery."""
    seconds = str(int(at.timestamp()))
    mac = hmac.digest(secret.encode(), f"{seconds}.".encode() + body, "sha256").hex()
    told = {"X-NetSuite-Event-Id": "1", "X-NetSuite-Timestamp": seconds, "X-NetSuite-Signature": f"sha256={mac}"}
    found = {name: value for name, value in {**told, **changed}.items() if value}
    return CIMultiDictProxy(CIMultiDict(found))


def let_in(headers: CIMultiDictProxy[str], body: bytes = BODY, now: datetime = NOW) -> bool:
    """Whether a delivery is let in."""
    return verified(SIGNING, (Key("one", SECRET.encode()),), headers, body, now) == "one"


@pytest.mark.parametrize("late", [0, TOLERANCE_S - 1, -TOLERANCE_S + 1])
def test_a_signed_delivery_is_let_in(late: int) -> None:
    assert let_in(signed(), now=NOW + timedelta(seconds=late))


@pytest.mark.parametrize(
    "headers",
    [
        signed(secret="another secret of that many letters"),
        signed(body=BODY + b" "),
        signed({"X-NetSuite-Timestamp": str(int(NOW.timestamp()) + 1)}),
        signed({"X-NetSuite-Timestamp": ""}),
        signed({"X-NetSuite-Timestamp": "now"}),
        signed({"X-NetSuite-Timestamp": "9" * 40}),
        signed({"X-NetSuite-Signature": ""}),
        signed({"X-NetSuite-Signature": "sha256="}),
        signed(at=NOW - timedelta(seconds=TOLERANCE_S + 1)),
        signed(at=NOW + timedelta(seconds=TOLERANCE_S + 1)),
    ],
)
def test_any_other_delivery_is_not(headers: CIMultiDictProxy[str]) -> None:
    assert not let_in(headers)


def test_a_signature_without_its_prefix_is_not_let_in() -> None:
    bare = signed()["X-NetSuite-Signature"].removeprefix("sha256=")
    assert not let_in(signed({"X-NetSuite-Signature": bare}))


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """A served account."""
    async with starting(tmp_path, build, World) as start_one:
        yield await start_one()


async def test_what_the_script_of_an_account_sends_is_let_in_and_read_again(world: World) -> None:
    got: list[tuple[Any, bytes]] = []

    async def take(request: web.Request) -> web.Response:
        got.append((request.headers, await request.read()))
        return web.Response(status=202)

    app = web.Application()
    app.router.add_post("/push/netsuite/acme", take)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/push/netsuite/acme"
        await world.sim("events", {"url": url, "secret": SECRET, "types": ""})
        key = await (await world.client()).made("vendor", VENDOR)

        async def arrived() -> bool:
            return bool(got)

        await until(arrived)
    finally:
        await runner.cleanup()
    headers, body = got[0]
    assert let_in(headers, body, world.clock.now())
    assert json.loads(body)["recordId"] == key


def event(**changes: Any) -> dict[str, Any]:
    """The body of a delivery."""
    return {**json.loads(BODY), **changes}


async def follows(tmp_path: Path, body: bytes) -> list[Normalised]:
    """What follows from a delivery."""
    async with account(tmp_path) as site:
        how = How("push", "hint", "push")
        made: Raw = raw_record(Where("acme", "netsuite"), how, Element("", "", body), NOW)
        return list(sightings(made, site.reading()))


@pytest.mark.parametrize(("kind", "entity"), sorted(EVENTS.items()))
async def test_a_change_of_what_is_read_is_read_again(kind: str, entity: str, tmp_path: Path) -> None:
    found = await follows(tmp_path, json.dumps(event(recordType=kind)).encode())
    assert found == [Fetch(entity, "1001", "hint")]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"accountId": "7654321"}, "of account 7654321"),
        ({"accountId": None}, "of account none"),
        ({"recordType": "supportcase"}, "which is not read"),
        ({"eventType": "delete"}, "was deleted"),
    ],
)
async def test_nothing_follows_from_another_delivery(changes: dict[str, Any], words: str, tmp_path: Path) -> None:
    (found,) = await follows(tmp_path, json.dumps(event(**changes)).encode())
    assert isinstance(found, Filtered)
    assert words in found.reason


@pytest.mark.parametrize(
    "body", [b"[]", b"nothing", json.dumps(event(recordId="1 OR 1=1")).encode(), json.dumps(event(recordId=None)).encode()]
)
async def test_a_delivery_that_cannot_be_read_is_malformed(body: bytes, tmp_path: Path) -> None:
    with pytest.raises(Malformed):
        await follows(tmp_path, body)


def test_the_script_is_deployed_on_every_record_type_that_is_read() -> None:
    text = (INSTALL / "Objects" / "customscript_mlc_events.xml").read_text()
    assert all(f"<recordtype>{kind.upper()}</recordtype>" in text for kind in EVENTS)
    assert text.count("<recordtype>") == len(EVENTS)
    assert set(EVENTS) <= {kind.lower() for kind in KINDS}
