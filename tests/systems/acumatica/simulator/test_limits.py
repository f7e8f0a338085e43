"""The limits of the licence: sessions in their three forms, calls per minute and at once."""

from __future__ import annotations

import asyncio

from tests.moved import until
from tests.systems.acumatica.simulator.world import Answer, Client, Make, World


async def _login(world: World) -> Answer:
    body = {"name": world.credentials["username"], "password": world.credentials["password"], "tenant": "Company"}
    return await world.bare().call("POST", "/entity/auth/login", body)


async def test_a_login_over_the_limit_answers_500_with_its_words(make: Make) -> None:
    world = await make(max_sessions=1)
    assert (await _login(world)).status == 204
    answer = await _login(world)
    assert answer.status == 500
    assert "API Login Limit" in answer.message


async def test_a_login_over_the_limit_may_answer_429_in_plain_text(make: Make) -> None:
    world = await make(max_sessions=0, login_limit_form="429")
    answer = await _login(world)
    assert answer.status == 429
    assert b"API Login Limit" in answer.raw
    assert "Retry-After" not in answer.headers


async def test_a_bearer_call_over_the_limit_is_sent_to_an_error_page(make: Make) -> None:
    world = await make(max_sessions=1)
    first, second = await world.client(), await world.client()
    assert (await first.call("GET", "/entity")).status == 200
    answer = await second.call("GET", "/entity")
    assert answer.status == 302
    assert answer.headers["Location"].startswith("/Frames/Error.aspx?")
    page = await second.call("GET", "/Frames/Error.aspx")
    assert page.raw.startswith(b"<html>")


async def test_logout_with_bearer_frees_the_session(make: Make) -> None:
    world = await make(max_sessions=1)
    first, second = await world.client(), await world.client()
    await first.call("GET", "/entity")
    assert (await first.call("POST", "/entity/auth/logout")).status == 204
    assert (await second.call("GET", "/entity")).status == 200


async def test_calls_over_the_minute_are_refused_without_a_hint_when_to_come_back(make: Make) -> None:
    world = await make(calls_per_minute=3)
    client = await world.client()
    assert [(await client.call("GET", "/entity")).status for _ in range(4)] == [200, 200, 200, 429]
    answer = await client.call("GET", "/entity")
    assert "Retry-After" not in answer.headers
    world.clock.move(seconds=61)
    assert (await client.call("GET", "/entity")).status == 200


async def _account(client: Client) -> int:
    return (await client.call("GET", "/Account", top="1")).status


async def test_a_call_that_finds_no_place_and_no_queue_is_429(make: Make) -> None:
    world = await make(concurrent_calls=-1, queued_calls=0)  # not even one at once
    answer = await (await world.client()).call("GET", "/entity")
    assert answer.status == 429
    assert "concurrent API requests" in answer.message
    assert (await world.bare().call("GET", "/__sim__/calls")).body["refused"] == {"throttled": 1}


async def _refusal(client: Client) -> Answer | None:
    answer = await client.call("GET", "/entity")
    return answer if answer.status == 429 else None


async def test_a_place_is_free_again_when_a_call_ends(make: Make) -> None:
    world = await make(concurrent_calls=1, queued_calls=50)
    client = await world.client()
    assert set(await asyncio.gather(*[_account(client) for _ in range(20)])) == {200}


async def test_calls_are_counted_by_method_and_path_template(world: World, client: Client) -> None:
    for path in ("/Account/10100", "/Account/11000", "/Account"):
        await client.call("GET", path)
    calls = (await client.call("GET", "/__sim__/calls")).body["calls"]
    assert calls["GET /Account/{key}"] == 2
    assert calls["GET /Account"] == 1
    assert calls["POST /identity/connect/token"] == 1
    await client.call("DELETE", "/__sim__/calls")
    assert (await client.call("GET", "/__sim__/calls")).body["total"] == 0


async def test_a_form_that_is_denied_answers_403(make: Make) -> None:
    world = await make(denied="Bill")
    answer = await (await world.client()).call("GET", "/Bill")
    assert answer.status == 403
    assert "insufficient rights" in answer.message


async def test_settings_change_while_it_runs(world: World, client: Client) -> None:
    await client.call("POST", "/__sim__/settings", {"calls_per_minute": "1"})
    assert await until(lambda: _refusal(client))
    assert (await client.call("POST", "/__sim__/settings", {"calls_per_hour": "1"})).status == 400
