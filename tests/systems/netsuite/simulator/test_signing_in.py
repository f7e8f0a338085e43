"""Both sign-ins, what each refuses, and what a role may do."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.systems.netsuite.simulator.world import VENDOR, Client, Make, World, assertion

LOGIN = (401, "INVALID_LOGIN", "")


async def test_a_client_assertion_gives_a_token_that_lives_an_hour(world: World) -> None:
    granted = (await world.token()).body
    assert (granted["token_type"], granted["expires_in"]) == ("bearer", "3600")
    client = Client(world.served.url, world.http, lambda *_: f"Bearer {granted['access_token']}")
    assert (await client.call("GET", "department")).status == 200
    world.clock.move(minutes=59)
    assert (await client.call("GET", "department")).status == 200
    world.clock.move(minutes=1)
    assert (await client.call("GET", "department")).problem == LOGIN
    assert (await (await world.client()).call("GET", "department")).status == 200


async def test_an_rsa_key_signs_with_ps256(make: Make) -> None:
    world = await make(certificate_key="rsa")
    assert "BEGIN CERTIFICATE" in world.credentials["certificate"]
    assert (await world.token()).status == 200
    refused = await world.token(alg="RS256")
    assert (refused.status, refused.body) == (400, {"error": "invalid_client"})


@pytest.mark.parametrize("scope", [["restlets", "rest_webservices"], "restlets,rest_webservices", "restlets rest_webservices"])
async def test_scopes_come_in_three_forms(world: World, scope: Any) -> None:
    assert (await world.token(scope=scope)).status == 200


async def test_a_token_without_the_scope_of_the_service_signs_in_nowhere(world: World) -> None:
    token = (await world.token(scope="restlets")).body["access_token"]
    client = Client(world.served.url, world.http, lambda *_: f"Bearer {token}")
    assert (await client.call("GET", "vendor")).problem == LOGIN


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"aud": "https://1.suitetalk.api.netsuite.com/services/rest/auth/oauth2/v1/token"}, "invalid_grant"),
        ({"exp": 1}, "invalid_grant"),
        ({"exp": int(datetime.fromisoformat("2026-03-16T16:00:01+00:00").timestamp())}, "invalid_grant"),
        ({"iat": int(datetime.fromisoformat("2026-03-16T15:02:00+00:00").timestamp())}, "invalid_grant"),
        ({"iat": "now"}, "invalid_grant"),
        ({"iss": "another"}, "invalid_client"),
        ({"kid": "another"}, "invalid_client"),
        ({"alg": "none"}, "invalid_client"),
        ({"alg": "RS256"}, "invalid_client"),
        ({"alg": "ES384"}, "invalid_client"),
        ({"typ": "JWS"}, "invalid_client"),
        ({"scope": "everything"}, "invalid_scope"),
        ({"scope": ""}, "invalid_scope"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"client_assertion_type": "jwt"}, "invalid_request"),
        ({"client_assertion": "a.b"}, "invalid_request"),
        ({"client_assertion": "!.!.!"}, "invalid_request"),
    ],
)
async def test_a_wrong_assertion_is_refused(world: World, changed: dict[str, Any], error: str) -> None:
    answer = await world.token(**changed)
    assert (answer.status, answer.body) == (400, {"error": error})


async def test_an_assertion_that_was_tampered_with_is_refused(world: World) -> None:
    head, claims, signature = assertion(world.credentials, world.clock, {}).split(".")
    other = assertion(world.credentials, world.clock, {"scope": ["restlets", "rest_webservices"]}).split(".")[1]
    assert (await world.token(client_assertion=f"{head}.{other}.{signature}")).body == {"error": "invalid_client"}
    assert (await world.token(client_assertion=f"{head}.{claims}.{signature}")).status == 200


async def test_a_certificate_has_an_end(make: Make) -> None:
    world = await make(certificate_days=30)
    until = datetime.fromisoformat(world.credentials["certificate_until"])
    assert until == world.clock.now() + timedelta(days=30)
    world.clock.move(days=29)
    assert (await world.token()).status == 200
    world.clock.move(days=1)
    assert (await world.token()).body == {"error": "invalid_client"}


async def test_token_based_authentication_signs_each_request_with_its_query(world: World) -> None:
    client = world.signing()
    assert (await client.call("GET", "department", limit=2, offset=0)).body["count"] == 2
    assert (await client.call("GET", "vendor", q='entityId START_WITH "O\'Brien & Söhne"')).status == 200
    assert (await client.rows("SELECT name FROM department ORDER BY id", limit=1)) == [{"name": "Operations"}]


@pytest.mark.parametrize(
    "changed",
    [
        {"consumer_secret": "no"},
        {"token_secret": "no"},
        {"consumer_key": "no"},
        {"token_id": "no"},
        {"account": "9000007_sb1"},
        {"account": "9000007-SB1"},
        {"timestamp": "1773673501"},  # five minutes and a second from now
        {"timestamp": "1773672899"},
        {"timestamp": "now"},
    ],
)
async def test_a_wrong_signature_realm_or_time_is_an_invalid_login(world: World, changed: dict[str, str]) -> None:
    assert int(world.clock.now().timestamp()) == 1773673200
    assert (await world.signing(**changed).call("GET", "department")).problem == LOGIN


async def test_a_nonce_counts_once(world: World) -> None:
    client = world.signing(nonce="abcdef")
    assert (await client.call("GET", "department")).status == 200
    assert (await client.call("GET", "department")).problem == LOGIN
    world.clock.move(seconds=1)
    assert (await client.call("GET", "department")).status == 200


async def test_a_client_may_sign_a_hash_of_the_body_too(world: World) -> None:
    """Some libraries for OAuth 1.0 add `oauth_body_hash` whenever the body is no form."""
    assert await world.signing(oauth_body_hash="2jmj7l5rSw0yVb/vlWAYkK/YBwk=").rows("SELECT id FROM currency WHERE id = 1") == [
        {"id": "1"}
    ]


async def test_a_signature_is_for_one_query_alone(world: World) -> None:
    signed = world.signing()
    header = signed.sign("GET", f"{world.served.url}/services/rest/record/v1/department", {"limit": "2"})  # type: ignore[misc]  # it has one
    answer = await world.bare().with_headers(Authorization=header).call("GET", "department", limit=3)
    assert answer.problem == LOGIN


async def test_an_account_may_have_ended_token_based_authentication(make: Make) -> None:
    world = await make(tba_enabled=False)
    assert (await world.signing().call("GET", "department")).problem == LOGIN
    assert (await (await world.client()).call("GET", "department")).status == 200


async def test_without_a_sign_in_nothing_is_told(world: World) -> None:
    for method, path in (
        ("GET", "vendor"),
        ("POST", "vendor"),
        ("GET", "metadata-catalog"),
        ("POST", "/services/rest/query/v1/suiteql"),
    ):
        assert (await world.bare().call(method, path, {} if method == "POST" else None)).problem == LOGIN


async def test_a_role_lacks_what_was_taken_from_it(make: Make) -> None:
    world = await make(denied="customer,vendor:edit,suiteql")
    client = await world.client()
    assert (await client.call("GET", "customer")).problem == (403, "INSUFFICIENT_PERMISSION", "")
    assert (await client.call("GET", "vendor")).status == 200
    assert (await client.call("POST", "vendor", VENDOR)).problem == (403, "INSUFFICIENT_PERMISSION", "")
    assert (await client.query("SELECT id FROM vendor")).problem[:2] == (403, "INSUFFICIENT_PERMISSION")
    assert (await client.call("POST", "department", {"name": "New"})).problem == (403, "INSUFFICIENT_PERMISSION", "")
    await world.sim("settings", {"denied": "customer"})
    assert "Record 'customer' was not found" in (await client.query("SELECT id FROM customer")).words
    await world.sim("settings", {"denied": "rest"})
    assert (await client.call("GET", "vendor")).problem == (403, "INSUFFICIENT_PERMISSION", "")
