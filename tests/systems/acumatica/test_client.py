"""Signing in and out, and what the client does when the licence has no room: each form in which the vendor shows it."""

from __future__ import annotations

from urllib.parse import parse_qs

import pytest

from runtime.errors import Broken, Throttled, Transient
from runtime.exchange import response
from systems.acumatica.resources import FEEDS
from systems.contract import Feed
from tests.systems.acumatica import ground
from tests.systems.acumatica.tenant import MovedClock, Start, Tenant, books, made

CUSTOMERS: Feed = next(feed for feed in FEEDS if feed.entity == "customer")


async def sessions(tenant: Tenant) -> int:
    return len((await tenant.ask("sessions"))["sessions"])


@pytest.mark.parametrize(
    "own", [{}, {"concurrent_access": True}, {"sign_in": "cookie"}], ids=["oauth", "concurrent_access", "cookie"]
)
async def test_every_way_of_signing_in_uses_one_session_and_gives_it_back(tenant: Tenant, own: dict[str, object]) -> None:
    reader, wire = tenant.reader(tenant.settings(**own))
    for _ in range(3):
        await reader.page(CUSTOMERS, "")
    assert await sessions(tenant) == 1
    await reader.close()
    assert await sessions(tenant) == 0
    assert len(wire.of("GET", "/entity")) - len(wire.of("GET", "/entity/")) == 1  # the version was checked once


async def test_an_expired_token_is_renewed_by_the_refresh_token_which_is_used_once(tenant: Tenant) -> None:
    reader, wire = tenant.reader()
    used: list[str] = []
    for _ in range(3):
        await reader.page(CUSTOMERS, "")
        assert isinstance(tenant.clock, MovedClock)
        tenant.clock.move(seconds=3590)
    forms = [parse_qs(one.body.decode()) for one in wire.of("POST", "/connect/token")]
    assert [form["grant_type"] for form in forms] == [["password"], ["refresh_token"], ["refresh_token"]]
    used = [form["refresh_token"][0] for form in forms[1:]]
    assert len(set(used)) == 2
    assert not [one for one in wire.answers if one.status == 401]


async def test_a_refresh_token_that_is_not_taken_any_more_means_a_new_grant(tenant: Tenant) -> None:
    reader, wire = tenant.reader()
    await reader.page(CUSTOMERS, "")
    assert isinstance(tenant.clock, MovedClock)
    tenant.clock.move(days=31)
    await reader.page(CUSTOMERS, "")
    forms = [parse_qs(one.body.decode())["grant_type"][0] for one in wire.of("POST", "/connect/token")]
    assert forms == ["password", "refresh_token", "password"]


async def test_a_read_that_gets_401_is_repeated_once_with_a_fresh_sign_in(tenant: Tenant) -> None:
    reader, wire = tenant.reader()
    await reader.page(CUSTOMERS, "")
    await tenant.fault(kind="refuse", status=401, path="/Customer")
    await reader.page(CUSTOMERS, "")
    assert len(wire.of("POST", "/connect/token")) == 2
    await tenant.fault(kind="refuse", status=401, path="/Customer", count=2)
    with pytest.raises(Broken, match="The sign-in is fresh"):
        await reader.page(CUSTOMERS, "")


async def test_a_write_that_gets_401_is_not_repeated_and_the_next_attempt_signs_in_anew(tenant: Tenant) -> None:
    held = await books(tenant)
    record, command = made("invoice", ground.invoice())
    await tenant.fault(kind="refuse", status=401, method="PUT", path="/Invoice")
    before = len(held.wire.of("PUT", "/Invoice"))
    assert (await held.step("create", record, command)).reason == "signed_out"
    assert len(held.wire.of("PUT", "/Invoice")) - before == 1
    assert (await held.step("create", record, command)).verdict == "yes"
    assert len(held.wire.of("POST", "/connect/token")) == 2


@pytest.mark.parametrize("form", ["500", "429"])
async def test_a_cookie_login_over_the_limit_is_throttled(tenants: Start, form: str) -> None:
    tenant = await tenants(max_sessions=1, login_limit_form=form)
    first, _ = tenant.reader()
    await first.page(CUSTOMERS, "")
    second, wire = tenant.reader(tenant.settings(sign_in="cookie"))
    with pytest.raises(Throttled, match="concurrent API logins"):
        await second.page(CUSTOMERS, "")
    await first.close()
    assert len((await second.page(CUSTOMERS, "")).elements) == 0
    assert wire.of("POST", "/auth/login")


async def test_a_bearer_call_over_the_limit_is_throttled_and_its_redirect_is_not_followed(tenants: Start) -> None:
    tenant = await tenants(max_sessions=1)
    first, _ = tenant.reader()
    await first.page(CUSTOMERS, "")
    second, wire = tenant.reader()
    with pytest.raises(Throttled, match="number of concurrent API logins"):
        await second.page(CUSTOMERS, "")
    assert not wire.of("GET", "/Frames/")


async def test_after_a_429_everything_waits_longer_each_time(tenant: Tenant) -> None:
    reader, _ = tenant.reader()
    await reader.page(CUSTOMERS, "")
    await tenant.fault(kind="refuse", status=429, path="/Customer", count=4, seconds=30)
    assert isinstance(tenant.clock, MovedClock)
    for _ in range(4):
        before = tenant.clock.now()
        with pytest.raises(Throttled):
            await reader.page(CUSTOMERS, "")
    before = tenant.clock.now()
    await reader.page(CUSTOMERS, "")
    assert (tenant.clock.now() - before).total_seconds() >= 29.9


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"password": "wrong"}, "invalid_grant.*Check username, password and tenant"),
        ({"client_secret": "wrong"}, "invalid_client.*Check client_id"),
        ({"client_id": ""}, "client_id is empty"),
    ],
)
async def test_a_wrong_credential_is_named_and_nothing_is_tried_again(tenant: Tenant, change: dict[str, str], named: str) -> None:
    reader, wire = tenant.reader(credentials=tenant.credentials(**change))
    with pytest.raises(Broken, match=named):
        await reader.page(CUSTOMERS, "")
    assert len(wire.sent) <= 1


async def test_a_wrong_password_of_a_cookie_login_is_named(tenant: Tenant) -> None:
    reader, _ = tenant.reader(tenant.settings(sign_in="cookie"), tenant.credentials(password="wrong"))
    with pytest.raises(Broken, match="Invalid credentials"):
        await reader.page(CUSTOMERS, "")


async def test_a_version_that_is_not_offered_is_named_with_those_that_are(tenant: Tenant) -> None:
    reader, _ = tenant.reader(tenant.settings(endpoint_version="25.200.001"))
    with pytest.raises(Broken, match=r"25\.200\.001 is not offered; there are: 24\.200\.001, 23\.200\.001"):
        await reader.page(CUSTOMERS, "")


@pytest.mark.parametrize("own", [{}, {"sign_in": "cookie"}], ids=["oauth", "cookie"])
async def test_a_sign_in_whose_version_could_not_be_seen_is_kept_for_the_next_try(tenant: Tenant, own: dict[str, object]) -> None:
    """Each further sign-in would hold a further session of the licence."""
    reader, wire = tenant.reader(tenant.settings(**own))
    wire.answer = lambda asked, got: response(429) if asked.url.endswith("/entity") else got
    with pytest.raises(Throttled):
        await reader.page(CUSTOMERS, "")
    wire.answer = None
    await reader.page(CUSTOMERS, "")
    assert len(wire.of("POST", "/connect/token") + wire.of("POST", "/auth/login")) == 1
    assert await sessions(tenant) == 1


async def test_a_token_that_is_no_token_is_tried_again_later(tenant: Tenant) -> None:
    reader, _ = tenant.reader()
    await tenant.fault(kind="html", path="/connect/token", count=3)
    with pytest.raises(Transient, match="token"):
        await reader.page(CUSTOMERS, "")


async def test_a_session_is_given_back_when_the_work_failed(tenant: Tenant) -> None:
    reader, _ = tenant.reader()
    await reader.page(CUSTOMERS, "")
    await tenant.fault(kind="html", path="/Customer", count=9)
    with pytest.raises(Transient):
        await reader.page(CUSTOMERS, "")
    await reader.close()
    assert await sessions(tenant) == 0


async def test_an_address_that_carries_secrets_nowhere(tenant: Tenant) -> None:
    reader, wire = tenant.reader()
    await reader.page(CUSTOMERS, "")
    password = tenant.credentials().password.get_secret_value()
    assert not [one for one in wire.sent if password in one.url]
    assert password not in repr(tenant.credentials())
