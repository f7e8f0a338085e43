"""A table of rules: the first row that fits, what it is to a write and to a read, and what is in no row."""

from __future__ import annotations

from datetime import timedelta

import pytest

from runtime.errors import Broken, ConnectorError, Refused, Throttled, Transient
from runtime.exchange import response
from systems.contract import Verdict
from systems.http.rules import Rule, Words, classify, refused_read, rule_of

NOTHING = Words("", "")


class Absent(Broken):
    """A system's own kind of `Broken`."""


TABLE = (
    Rule((), "licence", Verdict.DEFINITE_NO, "sessions", throttled=True),
    Rule((429,), "", Verdict.DEFINITE_NO, "throttled", throttled=True),
    Rule((403,), "", Verdict.DEFINITE_NO, "rights", broken=True, words="not allowed", remedy="Grant {what}."),
    Rule((404,), "", Verdict.DEFINITE_NO, "endpoint", broken=True, read=Absent),
    Rule((409,), "", Verdict.DUPLICATE, "exists"),
    Rule((), "", Verdict.DUPLICATE, "row_exists", code=r"91,\d9"),
    Rule((500,), r"^App\.Locked$", Verdict.DEFINITE_NO, "concurrency"),
    Rule(range(500, 502), r"period .*closed", Verdict.REJECT, "period_closed"),
)


@pytest.mark.parametrize(
    ("status", "said", "verdict", "reason", "error"),
    [
        (500, Words("", "No free licence"), Verdict.DEFINITE_NO, "sessions", Throttled),
        (429, NOTHING, Verdict.DEFINITE_NO, "throttled", Throttled),
        (403, NOTHING, Verdict.DEFINITE_NO, "rights", Broken),
        (404, NOTHING, Verdict.DEFINITE_NO, "endpoint", Absent),
        (409, NOTHING, Verdict.DUPLICATE, "exists", Transient),
        (500, Words("App.Locked", "x"), Verdict.DEFINITE_NO, "concurrency", Transient),
        (501, Words("", "Period 3 is CLOSED"), Verdict.REJECT, "period_closed", Refused),
        (502, Words("", "Period 3 is closed"), Verdict.AMBIGUOUS, "unknown_answer", Transient),
        (200, Words("91,49", "Row exists"), Verdict.DUPLICATE, "row_exists", Transient),
        (200, Words("191,49", "91,49"), Verdict.AMBIGUOUS, "unknown_answer", Transient),
        (418, NOTHING, Verdict.AMBIGUOUS, "unknown_answer", Refused),
        (408, NOTHING, Verdict.AMBIGUOUS, "unknown_answer", Transient),
        (425, NOTHING, Verdict.AMBIGUOUS, "unknown_answer", Transient),
        (302, NOTHING, Verdict.AMBIGUOUS, "unknown_answer", Transient),
        (200, NOTHING, Verdict.AMBIGUOUS, "unknown_answer", Transient),
    ],
)
def test_a_row_says_what_an_answer_is_to_a_write_and_to_a_read(
    status: int, said: Words, verdict: Verdict, reason: str, error: type[ConnectorError]
) -> None:
    found = classify(TABLE, response(status), said)
    assert (found.verdict, found.reason) == (verdict, reason)
    assert found.throttled == (error is Throttled)
    assert type(refused_read(TABLE, response(status), said, "erp", "rows")) is error


def test_the_first_row_that_fits_counts() -> None:
    found = rule_of(TABLE, 403, Words("", "licence"))
    assert found is not None
    assert found.reason == "sessions"


def test_code_and_words_are_the_systems_own_where_it_has_any() -> None:
    found = classify(TABLE, response(500), Words("App.Locked", "in use"))
    assert (found.code, found.words) == ("App.Locked", "in use")
    found = classify(TABLE, response(403), NOTHING)
    assert (found.code, found.words) == ("403", "not allowed")
    found = classify(TABLE, response(599), NOTHING)
    assert (found.code, found.words) == ("599", "HTTP 599")


def test_a_read_tells_system_status_code_words_and_what_to_do() -> None:
    error = refused_read(TABLE, response(403), Words("E7", "no right"), "erp", "rows")
    assert str(error) == "erp rows: 403 E7 no right. Grant rows."
    refused = refused_read(TABLE, response(400), Words("400", "bad"), "erp", "rows")
    assert isinstance(refused, Refused)
    assert (str(refused), refused.code) == ("erp rows: 400 bad", "400")


@pytest.mark.parametrize("status", [429, 503])
def test_the_wait_that_is_asked_for_is_told(status: int) -> None:
    answer = response(status, headers={"Retry-After": "17"})
    error = refused_read(TABLE, answer, NOTHING, "erp", "rows")
    assert isinstance(error, Throttled)
    assert error.retry_after_s == 17
    expected = timedelta(seconds=17) if status == 429 else None  # a 503 may have been handled
    assert classify(TABLE, answer, NOTHING).retry_after == expected
