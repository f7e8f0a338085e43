"""Tokens that outlive a restart, and the answers of a token endpoint."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from runtime.simulator.store import Store
from runtime.simulator.tokens import Denied, Form, Tokens, granted, name_and_password, same
from tests.moved import MovedClock


def test_a_token_is_known_until_its_end_also_after_a_restart(tmp_path: Path) -> None:
    clock, path = MovedClock(), tmp_path / "state.sqlite"
    Tokens(Store(path), clock).keep("t-1", timedelta(minutes=15), scopes=["read"])
    tokens = Tokens(Store(path), clock)
    clock.move(minutes=14)
    assert (tokens.allowed("t-1") or {})["scopes"] == ["read"]
    assert tokens.allowed("t-2") is None
    clock.move(minutes=1)
    assert tokens.allowed("t-1") is None


def test_tokens_can_be_taken_back_and_none_lies_in_the_state_in_clear(tmp_path: Path) -> None:
    store = Store(tmp_path / "state.sqlite")
    tokens = Tokens(store, MovedClock())
    for name in ("t-1", "t-2", "t-3"):
        tokens.keep(name, timedelta(hours=1))
    tokens.revoke("t-1")
    assert (tokens.allowed("t-1"), tokens.allowed("t-2") is not None) == (None, True)
    assert "t-2" not in str(store.all("token"))
    assert tokens.revoke_all() == 2
    assert tokens.allowed("t-3") is None


def _grant(form: Form) -> dict[str, Any]:
    if form.get("client_id") != "c":
        raise Denied("invalid_client", 401)
    return {"access_token": "t"}


@pytest.mark.parametrize(
    ("sent", "status", "body"),
    [
        ({"data": {"client_id": "c"}}, 200, {"access_token": "t"}),
        ({"data": {"client_id": "other"}}, 401, {"error": "invalid_client"}),
        ({"data": aiohttp.FormData([("client_id", "c"), ("client_id", "c")])}, 401, {"error": "invalid_client"}),
        ({"json": {"client_id": "c"}}, 400, {"error": "invalid_request"}),
    ],
    ids=["granted", "denied", "a field twice", "no form"],
)
async def test_a_token_endpoint_answers_as_rfc_6749_has_it(sent: dict[str, Any], status: int, body: dict[str, str]) -> None:
    async def token(request: web.Request) -> web.Response:
        return await granted(request, _grant)

    app = web.Application()
    app.router.add_post("/token", token)
    async with TestServer(app) as server, aiohttp.ClientSession() as http, http.post(server.make_url("/token"), **sent) as answer:
        assert (answer.status, json.loads(await answer.read())) == (status, body)
        assert answer.headers.get("Cache-Control") == ("no-store" if status == 200 else None)


def test_a_credential_of_http_basic_that_cannot_be_read_names_nobody() -> None:
    assert name_and_password("YTpiOmM=") == ("a", "b:c")
    assert name_and_password("not base64!") == name_and_password("/w==") == ("", "")


def test_each_part_of_what_is_given_has_to_be_the_same() -> None:
    assert same(("a", "b"), ("a", "b"))
    assert not same(("a", "B"), ("a", "b"))
    assert not same((None, "b"), ("a", "b"))


@pytest.mark.parametrize("credential", ["", "###", "\u00e9\u00e9", "\u0661", "//79", "eA", "=" * 8])
def test_a_credential_that_cannot_be_read_is_nobodys(credential: str) -> None:
    assert name_and_password(credential) == ("", "")
