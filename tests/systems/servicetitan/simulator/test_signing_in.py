"""Tokens, keys, scopes and limits."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from runtime.simulator.openapi import Validator
from tests.systems.servicetitan.simulator.world import World, world


async def test_a_token_lives_900_seconds_and_names_its_tenant_and_scopes(tenant: World) -> None:
    answer = (await tenant.sign_in()).data
    assert (answer["expires_in"], answer["token_type"]) == (900, "Bearer")
    payload = answer["access_token"].split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    assert claims["tenant"] == tenant.credentials["tenant_id"]
    assert claims["exp"] - claims["nbf"] == 900
    assert "tn.acc.invoices:r" in claims["scope"]
    assert answer["scope"] == " ".join(claims["scope"])


async def test_a_token_ends_with_its_900_seconds(tenant: World) -> None:
    await tenant.get("crm/customers")
    await tenant.clock.turn(seconds=899)
    assert (await tenant.api("GET", "crm/customers")).status == 200
    await tenant.clock.turn(seconds=1)
    assert (await tenant.api("GET", "crm/customers")).status == 401


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"client_secret": "cs1.wrong"}, "invalid_client"),
        ({"client_id": "cid.wrong"}, "invalid_client"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
    ],
)
async def test_a_wrong_sign_in_is_refused_with_its_name(tenant: World, changes: dict[str, str], error: str) -> None:
    reply = await tenant.sign_in(**changes)
    assert (reply.status, reply.data) == (400, {"error": error})


async def test_the_token_endpoint_takes_a_form_only(tenant: World) -> None:
    form = {"grant_type": "client_credentials", **{key: tenant.credentials[key] for key in ("client_id", "client_secret")}}
    assert (await tenant.call("POST", "/connect/token", json=form)).status == 400


@pytest.mark.parametrize(
    "headers", [{"Authorization": ""}, {"Authorization": "Bearer a.b.c"}, {"ST-App-Key": "ak1.wrong"}, {"ST-App-Key": ""}]
)
async def test_a_call_without_token_or_app_key_is_401(tenant: World, headers: dict[str, str]) -> None:
    assert (await tenant.api("GET", "accounting/invoices", headers=headers)).status == 401


async def test_another_tenant_is_403(tenant: World) -> None:
    await tenant.sign_in()
    headers = {"Authorization": f"Bearer {tenant.token}", "ST-App-Key": tenant.credentials["app_key"]}
    assert (await tenant.call("GET", "/crm/v2/tenant/999/customers", headers=headers)).status == 403


async def test_a_scope_that_the_app_lacks_is_403_for_its_resource_alone(tmp_path: Path, documents: list[Validator]) -> None:
    async with world(tmp_path, documents, scopes_off="tn.acc.invoices:r") as tenant:
        assert (await tenant.api("GET", "accounting/invoices")).status == 403
        assert (await tenant.api("GET", "accounting/payments")).status == 200


async def test_the_61st_call_of_a_second_is_429_with_retry_after(tmp_path: Path, documents: list[Validator]) -> None:
    async with world(tmp_path, documents, calls_per_second="3") as tenant:
        replies = [await tenant.api("GET", "settings/business-units") for _ in range(4)]
        assert [reply.status for reply in replies] == [200, 200, 200, 429]
        assert int(replies[-1].headers["Retry-After"]) >= 1
        assert replies[-1].data["statusCode"] == 429
        assert (await tenant.control("calls"))["refused"]["calls"] == 1


async def test_the_token_endpoint_is_throttled(tmp_path: Path, documents: list[Validator]) -> None:
    async with world(tmp_path, documents, tokens_per_second="1") as tenant:
        assert [(await tenant.sign_in()).status for _ in range(2)] == [200, 429]


async def test_the_date_header_is_the_tenants_clock(tenant: World) -> None:
    reply = await tenant.api("GET", "crm/customers")
    assert reply.headers["Date"] == "Mon, 02 Mar 2026 12:00:00 GMT"


async def test_a_route_that_is_none_answers_in_the_vendors_error_form(tenant: World) -> None:
    reply = await tenant.api("GET", "accounting/nothing")
    assert reply.status == 404
    assert set(reply.data) == {"type", "title", "status", "traceId", "errors", "data"}
