"""The answer of a token endpoint, read for every system: `expires_in` as number or text or absent, and what is no token."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import orjson
import pytest

from runtime.errors import Transient
from systems.http.tokens import MAX_LIFE, UNTOLD_LIFE, Granted, granted

GOOD: dict[str, Any] = {"access_token": "abc", "token_type": "Bearer"}


def read(body: bytes) -> Granted:
    return granted(body, "erp token")


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        (b"600", 540),
        (b'"600"', 540),
        (b'" 600 "', 540),
        (b"600.0", 540),
        (b'"600.0"', 540),
        (b"6E+2", 540),
        (b"60", 30),
        (b'"60"', 30),
    ],
)
def test_a_life_is_read_as_number_or_text(said: bytes, seconds: int) -> None:
    assert read(b'{"access_token": "abc", "expires_in": ' + said + b"}").life == timedelta(seconds=seconds)


@pytest.mark.parametrize("said", [{}, {"expires_in": None}, {"expires_in": ""}])
def test_a_life_that_is_not_told_is_a_short_one(said: dict[str, Any]) -> None:
    assert read(orjson.dumps(GOOD | said)).life == UNTOLD_LIFE - timedelta(seconds=60)


@pytest.mark.parametrize(
    "said", [0, -1, True, False, "0", "-1", "soon", "an hour", "NaN", "Infinity", [], {}, 0.4, "1e-7", "1e-999999", "-0", "0x10"]
)
def test_a_life_that_is_none_is_no_token(said: Any) -> None:
    with pytest.raises(Transient, match="expires_in"):
        read(orjson.dumps(GOOD | {"expires_in": said}))


def test_a_long_promise_is_not_believed() -> None:
    body = b'{"access_token": "abc", "expires_in": ' + b"9" * 30 + b"}"
    assert granted(body, "x").life == MAX_LIFE - timedelta(seconds=60)
    assert granted(b'{"access_token": "abc", "expires_in": "1e999999"}', "x").life == MAX_LIFE - timedelta(seconds=60)
    assert granted(body, "x", timedelta(minutes=13)).life == timedelta(minutes=13)


@pytest.mark.parametrize("refresh", [7, "", "a\r\nb", "\N{SNOWMAN}", "x" * 10_000, None])
def test_a_refresh_token_that_is_none_is_left_out(refresh: Any) -> None:
    assert read(orjson.dumps(GOOD | {"refresh_token": refresh})).refresh == ""


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b"null",
        orjson.dumps({"access_token": ""}),
        orjson.dumps({"access_token": "a b"}),
        orjson.dumps({"access_token": "a\r\nX: 1"}),
        orjson.dumps({"access_token": "a" * 10_000}),
        orjson.dumps({"access_token": "a" * 1_000_000}),
        orjson.dumps({"access_token": ["abc"]}),
        orjson.dumps({"access_token": "abc", "token_type": "mac"}),
        orjson.dumps({"access_token": "abc", "token_type": 1}),
    ],
    ids=range(13),
)
def test_what_is_no_token_is_not_used(body: bytes) -> None:
    with pytest.raises(Transient):
        read(body)
