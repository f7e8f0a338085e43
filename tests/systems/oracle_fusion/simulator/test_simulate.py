"""`ml-connector simulate oracle_fusion` as a process, and a client that knows nothing of ours: the standard library's HTTP, JSON and base64."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode, urlsplit
from urllib.request import Request, urlopen

import pytest

from tests.systems.served import simulated

SUPPLIERS = "/fscmRestApi/resources/11.13.18.05/suppliers"


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def token(ready: dict[str, Any]) -> str:
    """An access token by OAuth client credentials, as RFC 6749 says."""
    held = ready["credentials"]
    form = urlencode({"grant_type": "client_credentials", "scope": held["scope"]}).encode()
    asked = Request(ready["token_url"], form, {"Authorization": basic(held["client_id"], held["client_secret"])})
    with urlopen(asked, timeout=10) as answer:
        told = json.load(answer)
    return f"{told['token_type']} {told['access_token']}"


def suppliers(ready: dict[str, Any], sign_in: str, limit: int) -> list[str]:
    """The number of every supplier, read in pages until the server has no more."""
    found: list[str] = []
    more = True
    while more:
        query = urlencode({"limit": limit, "offset": len(found), "onlyData": "true", "orderBy": "SupplierId"})
        with urlopen(Request(f"{ready['url']}{SUPPLIERS}?{query}", headers={"Authorization": sign_in}), timeout=10) as answer:
            page = json.load(answer)
        assert page["count"] == len(page["items"]) <= limit
        found += [row["SupplierNumber"] for row in page["items"]]
        more = page["hasMore"]
    return found


def test_a_client_of_somebody_else_pages_through_suppliers_with_oauth_and_with_basic() -> None:
    with simulated("oracle_fusion", "--set", "suppliers=45", "--seed", "5") as ready:
        held = ready["credentials"]
        assert {"client_id", "client_secret", "scope", "username", "password"} <= set(held)
        assert urlsplit(ready["token_url"]).hostname == urlsplit(ready["url"]).hostname == "127.0.0.1"
        by_token = suppliers(ready, token(ready), 20)
        by_password = suppliers(ready, basic(held["username"], held["password"]), 7)
    assert len(by_token) == len(set(by_token)) == 45
    assert by_password == by_token


def test_a_wrong_password_and_a_token_of_nobody_are_refused() -> None:
    with simulated("oracle_fusion", "--set", "suppliers=2") as ready:
        for sign_in in (basic(ready["credentials"]["username"], "wrong"), "Bearer made-up"):
            with pytest.raises(HTTPError, match="401"):
                suppliers(ready, sign_in, 5)
