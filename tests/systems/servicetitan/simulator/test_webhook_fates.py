"""What a seed and a restart do to webhooks: every event has one fate, registrations stay, and the signature is the published one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from runtime.simulator.openapi import Validator
from systems.servicetitan.simulator.signing import signature_headers
from systems.servicetitan.simulator.webhooks import Subscriber
from tests.systems.servicetitan.simulator.world import World, world

NOBODY = {"url": "http://127.0.0.1:9/hook", "key": "0123456789abcdef0123456789abcdef"}


async def fates(tenant: World) -> dict[str, Any]:
    """What was drawn for fifty changes of a customer."""
    await tenant.control("webhooks", NOBODY | {"drop": 0.3, "duplicate": 0.3, "disorder": 0.3})
    customer = (await tenant.get("crm/customers"))["data"][0]["id"]
    await tenant.do(*({"do": "change_balance", "customer": customer, "balance": n} for n in range(50)))
    report = await tenant.control("webhooks")
    return {name: report[name] for name in ("events", "dropped", "duplicated", "delayed")}


async def test_the_same_seed_gives_every_event_the_same_fate(tmp_path: Path, documents: list[Validator]) -> None:
    seen = []
    for place, seed in (("a", 1), ("b", 1), ("c", 2)):
        async with world(tmp_path / place, documents, seed=seed) as tenant:
            seen.append(await fates(tenant))
    assert seen[0] == seen[1]
    assert seen[0] != seen[2]
    assert seen[0]["events"] == 50


async def test_a_registration_is_kept_over_a_restart(tmp_path: Path, documents: list[Validator]) -> None:
    async with world(tmp_path, documents) as tenant:
        await tenant.control("webhooks", NOBODY)
    async with world(tmp_path, documents) as tenant:
        assert [one["url"] for one in (await tenant.control("webhooks"))["subscribers"]] == [NOBODY["url"]]


def test_the_signature_is_that_of_rfc_4231_case_2() -> None:
    found = signature_headers(Subscriber("http://x", key="Jefe"), "e", 0, b"what do ya want for nothing?")
    assert found == {"x-servicetitan-signature": "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"}
