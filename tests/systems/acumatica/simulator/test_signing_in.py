"""Signing in: OAuth 2.0 and the cookie, as the Integration Development Guide describes them."""

from __future__ import annotations

import re

from tests.systems.acumatica.simulator.world import BASE, Make, World


async def test_a_password_sign_in_gives_a_token_for_an_hour(world: World) -> None:
    answer = await world.token()
    assert answer.status == 200
    assert answer.body["expires_in"] == 3600
    assert answer.body["token_type"] == "Bearer"
    assert answer.body["refresh_token"]
    client = world.bare().with_headers(Authorization=f"Bearer {answer.body['access_token']}")
    assert (await client.call("GET", "/entity")).status == 200


async def test_without_offline_access_there_is_no_refresh_token(world: World) -> None:
    assert "refresh_token" not in (await world.token("api")).body


async def test_an_access_token_ends_after_an_hour(world: World) -> None:
    client = await world.client()
    world.clock.move(minutes=10)
    assert (await client.call("GET", "/entity")).status == 200
    world.clock.move(minutes=51)
    answer = await client.call("GET", "/entity")
    assert answer.status == 401
    assert "invalid_token" in answer.headers["WWW-Authenticate"]


async def test_a_refresh_token_works_once_and_for_thirty_days(world: World) -> None:
    first = (await world.token()).body["refresh_token"]
    world.clock.move(days=29)
    second = await world.form("/identity/connect/token", grant_type="refresh_token", refresh_token=first)
    assert second.status == 200
    again = await world.form("/identity/connect/token", grant_type="refresh_token", refresh_token=first)
    assert (again.status, again.body) == (400, {"error": "invalid_grant"})
    world.clock.move(days=31)
    late = await world.form("/identity/connect/token", grant_type="refresh_token", refresh_token=second.body["refresh_token"])
    assert late.body == {"error": "invalid_grant"}


async def test_each_wrong_part_of_a_sign_in_has_its_own_error(world: World) -> None:
    application = world.credentials["client_id"].split("@")[0]
    assert (await world.token(client_secret="wrong")).body == {"error": "invalid_client"}
    assert (await world.token(client_id=application)).body == {"error": "invalid_client"}  # the tenant is part of the id
    assert (await world.token(password="wrong")).body == {"error": "invalid_grant"}
    assert (await world.token("api everything")).body == {"error": "invalid_scope"}
    assert (await world.token(grant_type="client_credentials")).body == {"error": "unsupported_grant_type"}


async def test_the_token_endpoint_takes_a_form_only(world: World) -> None:
    answer = await world.bare().call("POST", "/identity/connect/token", {"grant_type": "password"})
    assert (answer.status, answer.body) == (400, {"error": "invalid_request"})


async def test_a_token_without_the_scope_api_may_not_call(world: World) -> None:
    client = await world.client("openid")
    answer = await client.call("GET", "/entity")
    assert answer.status == 403
    assert "insufficient_scope" in answer.headers["WWW-Authenticate"]


async def test_a_revoked_token_is_refused_but_its_session_stays(world: World) -> None:
    token = (await world.token()).body["access_token"]
    client = world.bare().with_headers(Authorization=f"Bearer {token}")
    await client.call("GET", "/entity")
    assert (await world.form("/identity/connect/revocation", token=token)).status == 200
    assert (await client.call("GET", "/entity")).status == 401
    assert len((await client.call("GET", "/__sim__/sessions")).body["sessions"]) == 1


async def test_the_discovery_document_names_the_endpoints(world: World) -> None:
    answer = await world.bare().call("GET", "/identity/.well-known/openid-configuration")
    assert answer.body["token_endpoint"] == f"{world.served.url}/identity/connect/token"


def _cookies(headers: object) -> dict[str, str]:
    return dict(re.findall(r"([\w.]+)=([^;]*);", " ".join(headers.getall("Set-Cookie"))))  # type: ignore[attr-defined]  # a multidict


async def test_a_cookie_sign_in_opens_a_session_and_logout_ends_it(world: World) -> None:
    body = {
        "name": world.credentials["username"],
        "password": world.credentials["password"],
        "tenant": "Company",
        "locale": "en-US",
    }
    answer = await world.bare().call("POST", "/entity/auth/login", body)
    assert answer.status == 204
    cookies = _cookies(answer.headers)
    client = world.bare().with_headers(Cookie="; ".join(f"{name}={value}" for name, value in cookies.items()))
    assert (await client.call("GET", "/entity")).status == 200
    assert (await client.call("POST", "/entity/auth/logout")).status == 204
    assert (await client.call("GET", "/entity")).status == 401


async def test_a_bad_cookie_sign_in_answers_500_as_the_product_does(world: World) -> None:
    answer = await world.bare().call("POST", "/entity/auth/login", {"name": "admin", "password": "x", "tenant": "Company"})
    assert answer.status == 500
    assert answer.message == "Error: Invalid credentials. Please try again."
    assert answer.body["exceptionType"] == "PX.Data.PXException"


async def test_nothing_of_the_endpoint_is_shown_without_signing_in(world: World) -> None:
    for path in ("/entity", f"{BASE}/swagger.json", f"{BASE}/Invoice", "/entity/Default/99.999.999/Invoice"):
        assert (await world.bare().call("GET", path)).status == 401


async def test_an_idle_session_ends(world: World) -> None:
    body = {"name": world.credentials["username"], "password": world.credentials["password"], "tenant": "Company"}
    answer = await world.bare().call("POST", "/entity/auth/login", body)
    cookies = _cookies(answer.headers)
    client = world.bare().with_headers(Cookie="; ".join(f"{name}={value}" for name, value in cookies.items()))
    world.clock.move(minutes=21)
    assert (await client.call("GET", "/entity")).status == 401


async def test_the_tokens_of_one_grant_share_a_session(world: World) -> None:
    first = (await world.token()).body
    second = (await world.form("/identity/connect/token", grant_type="refresh_token", refresh_token=first["refresh_token"])).body
    for token in (first, second):
        assert (
            await world.bare().with_headers(Authorization=f"Bearer {token['access_token']}").call("GET", "/entity")
        ).status == 200
    assert len((await world.bare().call("GET", "/__sim__/sessions")).body["sessions"]) == 1


async def test_concurrent_access_opens_a_session_for_each_client_without_its_cookie(make: Make) -> None:
    world = await make(max_sessions=3)
    client = await world.client("api api:concurrent_access")
    first = await client.call("GET", "/entity")
    kept = client.with_headers(Cookie=f"ASP.NET_SessionId={_cookies(first.headers)['ASP.NET_SessionId']}")
    assert (await kept.call("GET", "/entity")).status == 200
    assert len((await client.call("GET", "/__sim__/sessions")).body["sessions"]) == 1
    await client.call("GET", "/entity")
    assert len((await client.call("GET", "/__sim__/sessions")).body["sessions"]) == 2
