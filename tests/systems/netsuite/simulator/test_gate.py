"""The limit of an account is of requests at the same time, whoever sends them."""

from __future__ import annotations

import asyncio

import pytest

from tests.systems.netsuite.simulator.world import VENDOR, Make


async def test_a_request_too_many_fails_and_the_others_do_not(make: Make) -> None:
    world = await make(concurrent_requests=3, work_s=0.2)
    bearer, signing = await world.client(), world.signing()
    answers = await asyncio.gather(*[(bearer if place % 2 else signing).call("GET", "department") for place in range(5)])
    assert sorted(answer.status for answer in answers) == [200, 200, 200, 429, 429]
    refused = next(answer for answer in answers if answer.status == 429)
    assert refused.problem == (429, "CONCURRENCY_LIMIT_EXCEEDED", "")
    assert refused.body["title"] == "Too Many Requests"
    assert "Retry-After" not in refused.headers
    assert (await bearer.call("GET", "department")).status == 200
    assert (await world.sim("calls"))["refused"] == {"concurrency": 2}


async def test_over_the_limit_may_look_like_an_invalid_login(make: Make) -> None:
    world = await make(concurrent_requests=1, work_s=0.2, over_limit_form="invalid_login")
    client = await world.client()
    answers = await asyncio.gather(*[client.call("GET", "department") for _ in range(2)])
    assert sorted(answer.status for answer in answers) == [200, 401]
    assert (await client.call("GET", "department")).status == 200


@pytest.mark.parametrize(("others", "status"), [(4, 200), (5, 429), (9, 429)])
async def test_people_and_other_apps_use_places_too(make: Make, others: int, status: int) -> None:
    world = await make(used_by_others=others)
    assert (await (await world.client()).call("GET", "department")).status == status


async def test_a_refused_write_is_not_done(make: Make) -> None:
    world = await make(used_by_others=5)
    assert (await (await world.client()).call("POST", "vendor", VENDOR)).status == 429
    assert await world.journal() == []


async def test_an_administrator_reads_the_limit(make: Make) -> None:
    world = await make(concurrent_requests=15)
    answer = await (await world.client()).call("GET", "/services/rest/system/v1/governanceLimits")
    assert answer.body["accountConcurrencyLimit"] == 15
