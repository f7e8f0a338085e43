"""The wire to ServiceTitan: sign-in, limits, and answers that must not be believed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from runtime.errors import Broken, Refused, Transient
from systems.http.calls import TRIES
from systems.servicetitan.client import Client
from systems.servicetitan.settings import Credentials
from tests.systems.servicetitan.scripted import LIST, Answer, Server, access, rows, scripted

PATH = "/crm/v2/tenant/1234567890/customers"
SCOPE = "tn.crm.customers:r"


@pytest.fixture
async def client(server: Server) -> AsyncIterator[Client]:
    found = Client(access(server, request_s=2))
    yield found
    await found.close()


def fresh_tokens(server: Server) -> None:
    server.token = lambda _: Answer({"access_token": f"t{server.tokens}", "expires_in": 900, "token_type": "Bearer"})


async def get(client: Client) -> Any:
    return await client.get(PATH, [("page", "1")], SCOPE)


async def test_fifty_callers_sign_in_once_and_every_call_has_token_and_app_key(server: Server, client: Client) -> None:
    await asyncio.gather(*(get(client) for _ in range(50)))
    assert (server.tokens, len(server.calls)) == (1, 50)
    for call in server.calls:
        assert call.headers["Authorization"] == "Bearer t1"
        assert call.headers["ST-App-Key"] == "ak1.1"


@pytest.mark.parametrize("key", ["ak1.ü", "ak1 1", "ak1.\u6f22", "ak1.\x7f", "ak1.\n"])
def test_an_app_key_that_no_header_carries_is_refused_where_it_is_applied(key: str) -> None:
    with pytest.raises(ValidationError, match="no header carries"):
        Credentials.model_validate({"client_id": "cid.1", "client_secret": "ü", "app_key": key})


async def test_the_token_request_is_a_form_with_client_credentials(server: Server, client: Client) -> None:
    await get(client)
    form = "grant_type=client_credentials&client_id=cid.1&client_secret=cs1.1"
    assert server.token_requests == [("application/x-www-form-urlencoded", form)]


async def test_a_token_is_replaced_after_thirteen_minutes_and_not_before(server: Server, client: Client) -> None:
    await get(client)
    server.clock.moment += timedelta(seconds=779)
    await get(client)
    assert server.tokens == 1
    server.clock.moment += timedelta(seconds=1)
    await asyncio.gather(*(get(client) for _ in range(20)))
    assert server.tokens == 2


async def test_a_second_401_is_broken_and_names_what_to_check(server: Server, client: Client) -> None:
    server.answer = lambda _: Answer(b"", 401)
    with pytest.raises(Broken, match="app_key"):
        await get(client)
    assert (server.tokens, len(server.calls)) == (2, 2)


async def test_a_missing_scope_is_named(server: Server, client: Client) -> None:
    server.answer = lambda _: Answer(b"", 403)
    with pytest.raises(Broken, match=r"tn\.crm\.customers:r"):
        await get(client)
    assert len(server.calls) == 1


async def test_a_wrong_secret_is_broken_and_not_tried_again(server: Server, client: Client) -> None:
    server.token = lambda _: Answer({"error": "invalid_client"}, 400)
    with pytest.raises(Broken, match=r"invalid_client.*client_secret"):
        await get(client)
    assert (server.tokens, server.calls) == (1, [])


@pytest.mark.parametrize(
    "answer",
    [
        Answer(b"", 500),
        Answer(b"<html>502</html>", 502, {"Content-Type": "text/html"}),
        Answer(b"<html>sign in</html>", 200, {"Content-Type": "text/html"}),
        Answer(b'{"data": []}', 200, {"Content-Type": "application/octet-stream"}),
        Answer(rows(), cut=20),
        Answer(b"", 302, {"Location": "/connect/login"}),
        Answer(b"", 408),
    ],
    ids=lambda answer: f"{answer.status}-{answer.headers.get('Content-Type', '')}-{answer.cut}",
)
async def test_a_read_is_tried_a_few_times_and_then_left_for_later(server: Server, client: Client, answer: Answer) -> None:
    server.answer = lambda _: answer
    with pytest.raises(Transient):
        await get(client)
    assert len(server.calls) == TRIES
    assert len(server.clock.slept) == TRIES - 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_to_another_host_is_not_followed_and_takes_no_authorization_along(
    server: Server, client: Client, status: int
) -> None:
    async with scripted() as other:
        server.answer = lambda _: Answer(b"", status, {"Location": f"{other.url}/latest/meta-data/"})
        with pytest.raises(Transient, match="redirect, not followed"):
            await get(client)
        assert other.calls == []
        assert other.tokens == 0


async def test_a_server_that_drips_is_given_up_in_total_time(server: Server) -> None:
    client = Client(access(server, request_s=0.2))
    server.answer = lambda _: Answer(rows(), cut=5, slow_s=1)
    with pytest.raises(Transient, match=r"no complete answer in 0\.2 s"):
        await get(client)
    await client.close()


async def test_a_refused_query_is_told_with_the_vendors_words(server: Server, client: Client) -> None:
    server.answer = lambda _: Answer({"title": "One or more validation errors occurred.", "status": 400}, 400)
    with pytest.raises(Refused, match="validation errors"):
        await get(client)
    assert len(server.calls) == 1


async def test_cookies_of_an_answer_are_not_kept(server: Server, client: Client) -> None:
    server.answer = lambda _: Answer(rows(), 200, {**LIST, "Set-Cookie": "session=evil; Path=/"})
    await get(client)
    await get(client)
    assert all("Cookie" not in call.headers for call in server.calls)


async def test_a_query_is_encoded_and_stays_one_value(server: Server, client: Client) -> None:
    hostile = "O'Brien' or 1 eq 1 --&active=Any#x"
    await client.get(PATH, [("name", hostile), ("sort", "+Id")], SCOPE)
    assert dict(server.calls[0].query) == {"name": hostile, "sort": "+Id"}


async def test_no_secret_is_in_an_error(server: Server, client: Client) -> None:
    server.answer = lambda _: Answer(b"", 403)
    with pytest.raises(Broken) as caught:
        await get(client)
    assert not any(secret in str(caught.value) for secret in ("t1", "ak1.1", "cs1.1"))
