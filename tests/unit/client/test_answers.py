"""What every answer says about time: Retry-After in both of its forms, one cap for all systems, and never less than our own backoff."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from runtime.errors import ConnectorError, Throttled
from runtime.exchange import Response, response
from runtime.retry import MAX_PAUSE, Backoff, Pauses
from systems.acumatica import errors as acumatica
from systems.http.answers import asked_pause, http_date, server_date
from systems.peoplesoft import errors as peoplesoft
from systems.servicetitan import errors as servicetitan

NOW = datetime(2026, 3, 2, 12, 0, 0, tzinfo=UTC)
DATED = {"Date": "Mon, 02 Mar 2026 12:00:00 GMT"}
ASKED = [
    ("600", 600),
    (" 600 ", 600),
    ("0600", 600),
    ("600.5", 601),
    ("600.0", 600),
    ("600.", 600),
    ("5, 600", 600),
    ("Mon, 02 Mar 2026 12:10:00 GMT, 5", 600),
    ("0" * 4000 + "600", 600),
    ("0", 0),
    ("-5", 0),
    ("99999", 3600),
    ("9" * 60, 3600),
    ("9" * 5000, 3600),
    ("-" + "9" * 5000, 0),
    ("Mon, 02 Mar 2026 12:10:00 GMT", 600),
    ("Monday, 02-Mar-26 12:10:00 GMT", 600),
    ("Mon Mar  2 12:10:00 2026", 600),
    ("Mon, 02 Mar 2026 13:10:00 +0100", 600),
    ("Mon, 02 Mar 2026 11:00:00 GMT", 0),
    ("Mon, 02 Mar 2026 12:09:60 GMT", 599),
    ("Monday, 02-Mar-26 12:09:60 GMT", 599),
    ("Fri, 31 Dec 9999 23:59:59 GMT", 3600),
]
NOT_SAID = [
    "",
    "soon",
    "1e9",
    "٣٠",
    "Mon, 99 Mar 2026 12:10:00 GMT",
    "Fri, 31 Dec 9999 23:59:59 -1200",
    "x" * 100_000,
    "9" * 100_000,
    ",,",
    "5,x"[1:],
]

Read = Callable[[Response], ConnectorError | None]
READS: list[Read] = [
    lambda answer: servicetitan.refused_read(answer, "x", "scope"),
    lambda answer: acumatica.refused_read(answer, "x"),
    lambda answer: peoplesoft.refused_read(answer, "x"),
]


def throttled(said: str, status: int = 429) -> Response:
    return response(status, b"", {**DATED, "Retry-After": said})


@pytest.mark.parametrize(("said", "seconds"), ASKED)
def test_both_forms_are_read_and_bounded(said: str, seconds: int) -> None:
    assert asked_pause(throttled(said)) == timedelta(seconds=seconds)


@pytest.mark.parametrize("said", NOT_SAID, ids=range(len(NOT_SAID)))
def test_what_is_neither_form_asks_for_nothing(said: str) -> None:
    assert asked_pause(throttled(said)) is None


def test_a_date_is_counted_from_our_clock_where_the_answer_has_none() -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(minutes=10), usegmt=True)
    asked = asked_pause(response(429, b"", {"Retry-After": soon}))
    assert asked is not None
    assert timedelta(minutes=9) < asked <= timedelta(minutes=10)


@pytest.mark.parametrize("text", ["", "-0000", "x" * 100_000, "Mon, 02 Mar 2026 12:00:00", "Mon, 02 Mar 2026 12:00:00 -0000"])
def test_a_date_header_is_an_aware_instant_or_none(text: str) -> None:
    found = http_date(text)
    assert found is None or found == NOW
    assert server_date(response(200, b"", {"Date": text})) == found


@pytest.mark.parametrize("read", READS, ids=["servicetitan", "acumatica", "peoplesoft"])
@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(("said", "seconds"), ASKED)
def test_every_system_reads_it_alike(read: Read, status: int, said: str, seconds: int) -> None:
    error = read(throttled(said, status))
    assert isinstance(error, Throttled)
    assert error.retry_after_s == seconds


@pytest.mark.parametrize(("said", "seconds"), ASKED)
def test_every_system_reads_it_alike_for_a_write(said: str, seconds: int) -> None:
    answer = throttled(said)
    of_peoplesoft = peoplesoft.of_status(answer)
    assert of_peoplesoft is not None
    classed = (servicetitan.classify(answer), acumatica.classify(answer), of_peoplesoft)
    assert {one.retry_after for one in classed} == {timedelta(seconds=seconds)}


@pytest.mark.parametrize("asked_s", [0, 1, 600, 3600, 99_999])
def test_a_wait_is_never_below_our_own_backoff_and_never_above_the_cap(asked_s: int) -> None:
    backoff = Backoff(first=timedelta(seconds=5), cap=timedelta(minutes=2), floor=timedelta(seconds=1))
    pauses = Pauses(backoff, random.Random(1))
    for number in range(1, 20):
        own = backoff.wait(number, random_like(pauses))
        wait = pauses.next(timedelta(seconds=asked_s))
        assert wait == max(own, min(timedelta(seconds=asked_s), MAX_PAUSE))
    pauses.over()
    assert pauses.in_a_row == 0


def random_like(pauses: Pauses) -> random.Random:
    """A copy of the pauses' own draw, in the state that it has now."""
    copy = random.Random()
    copy.setstate(pauses.draw.getstate())
    return copy
