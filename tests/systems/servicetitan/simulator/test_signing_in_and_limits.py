"""What every call must carry, and how many of them pass. Sources: OAuth 2.0 and get-going pages, scopes of the OpenAPI documents."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from runtime.simulator.openapi import Validator
from tests.systems.servicetitan.simulator.world import World, world


async def test_a_token_looks_as_documented(tenant: World) -> None:
    body = (await tenant.sign_in()).data
    head, claims = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in body["access_token"].split(".")[:2])
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 900)
    assert "tn.acc.invoices:r" in body["scope"].split()
    assert (head["alg"], head["typ"]) == ("RS256", "at+jwt")
    assert claims["tenant"] == tenant.credentials["tenant_id"]
    assert claims["client_id"] == tenant.credentials["client_id"]
    assert claims["exp"] - claims["iat"] == 900


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"client_secret": "cs1.wrong"}, "invalid_client"),
        ({"client_id": "cid.wrong"}, "invalid_client"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
    ],
)
async def test_a_wrong_sign_in_is_refused_with_its_word(tenant: World, changes: dict[str, str], error: str) -> None:
    reply = await tenant.sign_in(**changes)
    assert (reply.status, reply.data["error"]) == (400, error)


async def test_sign_in_takes_a_form_and_no_json(tenant: World) -> None:
    reply = await tenant.call("POST", "/connect/token", json={"grant_type": "client_credentials"})
    assert reply.status == 400


async def test_a_token_ends_after_fifteen_minutes_of_the_clock(tenant: World) -> None:
    await tenant.sign_in()
    await tenant.clock.turn(seconds=899)
    assert (await tenant.api("GET", "crm/customers")).status == 200
    await tenant.clock.turn(seconds=1)
    assert (await tenant.api("GET", "crm/customers")).status == 401


async def test_no_token_and_no_app_key_are_401(tenant: World) -> None:
    assert (await tenant.api("GET", "crm/customers", headers={"Authorization": "Bearer nothing"})).status == 401
    assert (await tenant.api("GET", "crm/customers", headers={"ST-App-Key": "ak1.other"})).status == 401


async def test_another_tenant_is_403(tenant: World) -> None:
    await tenant.sign_in()
    headers = {"Authorization": f"Bearer {tenant.token}", "ST-App-Key": tenant.credentials["app_key"]}
    reply = await tenant.call("GET", "/crm/v2/tenant/99/customers", headers=headers)
    assert reply.status == 403


async def test_a_scope_that_is_not_granted_is_403_and_the_others_work(tmp_path: Path, documents: list[Validator]) -> None:
    async with world(tmp_path, documents, scopes_off="tn.acc.invoices:r, tn.inv.vendors:w") as tenant:
        refused = await tenant.api("GET", "accounting/invoices")
        assert (refused.status, refused.data["status"]) == (403, 403)
        assert "tn.acc.invoices:r" in refused.data["title"]
        assert (await tenant.api("GET", "accounting/payments")).status == 200
        assert (await tenant.api("GET", "inventory/vendors")).status == 200
        assert (await tenant.api("POST", "inventory/vendors", json={})).status == 403


async def test_more_calls_than_a_second_allows_are_429_with_the_gateways_words(tmp_path: Path, documents: list[Validator]) -> None:
    async with world(tmp_path, documents, calls_per_second="5") as tenant:
        replies = [await tenant.api("GET", "crm/customers") for _ in range(6)]
        assert [reply.status for reply in replies[:5]] == [200] * 5
        assert replies[5].status == 429
        assert replies[5].headers["Retry-After"] == "1"
        assert replies[5].data == {"statusCode": 429, "message": "Rate limit is exceeded. Try again in 1 seconds."}


async def test_the_token_endpoint_is_throttled_by_itself(tmp_path: Path, documents: list[Validator]) -> None:
    async with world(tmp_path, documents, tokens_per_second="2") as tenant:
        assert [(await tenant.sign_in()).status for _ in range(3)] == [200, 200, 429]


async def test_an_error_has_the_six_members_of_the_vendors_body(tenant: World) -> None:
    reply = await tenant.api("GET", "accounting/invoices?ids=x")
    assert reply.status == 400
    assert set(reply.data) == {"type", "title", "status", "traceId", "errors", "data"}
    assert "ids" in reply.data["errors"]
