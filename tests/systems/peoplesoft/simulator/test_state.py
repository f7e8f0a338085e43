"""What outlives the process, that the same seed and requests give the same state, and the seeded vendors."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from pathlib import Path
from typing import Any

import aiohttp

from runtime.simulator.people import companies
from runtime.simulator.serve import Served
from tests.moved import MovedClock
from tests.systems.peoplesoft.simulator.world import Make, World, journal, voucher

_SERVE = """
import asyncio, sys
from pathlib import Path
from runtime.clock import clock_from_environment
from runtime.simulator.serve import Options, serve_until_stopped
from systems.peoplesoft.simulator.app import build
options = Options(3, Path(sys.argv[1]), clock_from_environment(), {"batch_seconds": "0"})
asyncio.run(serve_until_stopped(build(options), 0))
"""


async def test_a_restart_keeps_documents_numbers_tokens_and_what_an_administrator_did(make: Make) -> None:
    first = await make("same")
    await first.create(journal(JOURNAL_ID="NEXT"))
    await first.create(voucher(), "ML_VOUCHER_CI")
    await first.batch()
    await first.sim("operations", {"name": "VOUCHER_BUILD", "routing": "I"})
    await first.sim("vendors", {"NAME1": "New Supply"})
    kinds = ("Journal", "Voucher", "Vendor", "Operation", "Period", "Account")
    before = [await first.kept(kind) for kind in kinds]
    second = await make("same", clock=first.clock)
    assert [await second.kept(kind) for kind in kinds] == before
    assert (await second.create(journal(JOURNAL_ID="NEXT"))).texts("JOURNAL_ID") == ["0000000002"]
    assert (await second.soap("ML_VOUCHER_CI", "Create", voucher())).codes == ["91,49"]
    assert len(await second.query("ML_JOURNALS", BUSINESS_UNIT="US001", REF="ST-K1")) == 2


async def test_the_same_seed_and_requests_give_the_same_state(make: Make) -> None:
    shown: list[Any] = []
    for directory in ("a", "b"):
        world = await make(directory)
        await world.create(journal(JOURNAL_ID="NEXT"))
        held = {name: value for name, value in world.credentials.items() if name not in ("wsdl", "token_url")}
        shown.append((await world.kept("Journal"), await world.journal(), await world.kept("Vendor"), held))
    assert shown[0] == shown[1]


async def _started(state: Path) -> tuple[asyncio.subprocess.Process, dict[str, Any]]:
    arguments = ["-c", _SERVE, str(state)]
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    return process, json.loads(await asyncio.wait_for(process.stdout.readline(), 30))


def _world(ready: dict[str, Any], http: aiohttp.ClientSession) -> World:
    class Elsewhere(Served):
        """A site in a process of its own."""

        @property
        def credentials(self) -> dict[str, Any]:
            return dict(ready["credentials"])

    return World(Elsewhere(ready["url"], None, None), MovedClock(), http)  # type: ignore[arg-type]  # it is served elsewhere


async def test_a_journal_whose_answer_was_read_survives_kill_9(tmp_path: Path) -> None:
    process, ready = await _started(tmp_path)
    assert ready["system"] == "peoplesoft"
    assert [address.startswith(ready["url"]) for address in ready["credentials"]["wsdl"]] == [True, True]
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        world = _world(ready, http)
        await world.create(journal())
        await world.batch()
        process.send_signal(signal.SIGKILL)
        await process.wait()
        process, ready = await _started(tmp_path)
        world = _world(ready, http)
        assert [(one["number"], one["status"]) for one in await world.kept("Journal")] == [("K000000001", "V")]
        assert [one["operation"] for one in await world.journal()] == ["create", "edit"]
    process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(process.wait(), 10) == 0


async def test_seeded_vendors_are_near_those_of_other_simulators_of_the_seed(world: World) -> None:
    truth = await world.sim("masters/truth")
    kept = {one["id"]: one for one in await world.kept("Vendor")}
    known = companies(7, 40)
    assert len(truth["vendors"]) == len(kept) == 40
    kinds = {one["kind"] for one in truth["vendors"]}
    assert {"exact", "abbreviated", "only_here"} <= kinds
    exact = [one for one in truth["vendors"] if one["kind"] == "exact"]
    assert len(exact) >= 20
    for one in exact:
        company, row = known[one["index"]], kept[one["key"]]
        assert (row["name"], row["ADDRESS1"], row["PHONE"]) == (company.name, company.street, company.phone)
    assert sum(row["VENDOR_NAME_SHORT"].startswith("V0") for row in kept.values()) == 20
    assert {row["VENDOR_STATUS"] for row in kept.values()} == {"A", "I", "E"}
    assert {row["VENDOR_CLASS"] for row in kept.values()} == {"R", "E"}
    assert {row["SETID"] for row in kept.values()} == {"SHARE", "STX01"}


async def test_more_vendors_can_be_planted_later(make: Make) -> None:
    world = await make(vendors=3)
    assert len((await world.sim("masters", {"vendors": 12}))["vendors"]) == 12
    assert len(await world.kept("Vendor")) == 12
    other = await make("other", vendors=12)
    shown = [{name: value for name, value in one.items() if name != "LAST_MODIFIED_DATE"} for one in await world.kept("Vendor")]
    assert [
        {name: value for name, value in one.items() if name != "LAST_MODIFIED_DATE"} for one in await other.kept("Vendor")
    ] == shown
