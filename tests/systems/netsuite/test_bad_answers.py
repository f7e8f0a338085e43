"""Refusals in every form: the account's codes and words are kept, all of them, and what is no refusal of the account is told as what it is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from runtime.errors import Malformed
from runtime.exchange import Response, response
from systems.contract import Verdict
from systems.netsuite.errors import OF_ONE, classify
from systems.netsuite.models import sublist


def refused(details: Any, status: int = 400) -> Response:
    headers = {"Content-Type": "application/vnd.oracle.resource+json; type=error; charset=UTF-8"}
    return response(status, json.dumps({"title": "Bad Request", "o:errorDetails": details}).encode(), headers)


def detail(words: Any, code: str = "USER_ERROR", place: str = "") -> dict[str, Any]:
    return {"detail": words, "o:errorCode": code} | ({"o:errorPath": place} if place else {})


def test_every_detail_is_kept_with_its_place_and_the_code_that_differs() -> None:
    answer = classify(
        refused([detail("No such account", place="expense.items[0].account"), detail("No such day", "INVALID_CONTENT", "tranDate")])
    )
    assert (answer.verdict, answer.code) == (Verdict.REJECT, "USER_ERROR")
    assert answer.words == "expense.items[0].account: No such account; INVALID_CONTENT: tranDate: No such day"


def test_a_long_detail_hides_no_other() -> None:
    answer = classify(refused([detail("x" * 5000), detail("the vendor is inactive")]))
    assert answer.words.endswith("; the vendor is inactive")
    assert len(answer.words) < OF_ONE + 40


@pytest.mark.parametrize("details", [[], None, "words", [None, 5], [detail(None)], {"detail": "x"}])
def test_a_refusal_without_words_is_still_one(details: Any) -> None:
    answer = classify(refused(details))
    assert (answer.verdict, answer.reason) == (Verdict.REJECT, "refused")
    assert answer.code or answer.words


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b"<html>busy</html>", b'{"a":1,"a":2}', b"\xff\xfe", b'{"o:errorDetails":[{"detail":']
)
def test_what_is_no_answer_of_the_account_is_never_a_yes(body: bytes) -> None:
    assert classify(response(500, body)).verdict is Verdict.AMBIGUOUS
    assert classify(response(200, body)).verdict is Verdict.AMBIGUOUS
    assert classify(response(400, body)).verdict is Verdict.REJECT


@pytest.mark.parametrize("told", ["soon", "-5", "", "99999999999", "Thu, 01 Jan 1970 00:00:00 GMT"])
def test_a_pause_that_cannot_be_meant_pauses_no_longer_than_an_hour(told: str) -> None:
    answer = classify(response(429, b"", {"Retry-After": told}))
    assert answer.throttled
    assert answer.retry_after is None or 0 <= answer.retry_after.total_seconds() <= 3600


@pytest.mark.parametrize(
    "cut",
    [
        {"hasMore": True},
        {"hasMore": "true"},
        {"count": 3},
        {"totalResults": 3},
        {"totalResults": "2"},
        {"items": None},
        {"items": [1]},
    ],
)
def test_a_sublist_that_was_cut_short_is_no_sublist(cut: dict[str, Any]) -> None:
    whole = {"items": [{"line": 1}, {"line": 2}], "count": 2, "hasMore": False, "offset": 0, "totalResults": 2}
    assert len(sublist({"expense": whole}, "expense")) == 2
    with pytest.raises(Malformed):
        sublist({"expense": whole | cut}, "expense")
