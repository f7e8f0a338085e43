"""The log in an outage: one line of a kind each minute, with a count; and one for the whole process when the cluster goes and comes."""

from __future__ import annotations

import contextlib
import logging
from typing import Any

import pytest
import structlog

from runtime.log import COLLAPSE_S, Repeats, _ToStructuredLog
from runtime.outage import Outage


class Log:
    """What comes through, at a time that the test sets."""

    def __init__(self) -> None:
        self.now = 0.0
        self.lines: list[dict[str, Any]] = []
        self._repeats = Repeats(lambda: self.now)

    def say(self, method: str, event: str, **fields: Any) -> None:
        with contextlib.suppress(structlog.DropEvent):
            self.lines.append(dict(self._repeats(None, method, {"event": event, **fields})))


def test_repeats_become_one_line_a_minute_with_a_count() -> None:
    """14,600 lines in 50 s of outage."""
    log = Log()
    for number in range(1000):
        log.now = number * COLLAPSE_S / 1000
        log.say("warning", "not_stored", count=number, error=f"Local: Message timed out after {number} ms")
    assert log.lines == [{"event": "not_stored", "count": 0, "error": "Local: Message timed out after 0 ms"}]
    log.now = COLLAPSE_S + 1
    log.say("warning", "not_stored", count=7, error="Local: Message timed out after 7 ms")
    assert log.lines[1]["repeats"] == 999
    log.now += COLLAPSE_S + 1
    log.say("warning", "not_stored", count=8, error="Local: Message timed out after 8 ms")
    assert "repeats" not in log.lines[2]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"connection": "acme"}, {"connection": "bolt"}),
        ({"ref": "T-1"}, {"ref": "T-2"}),
        ({"error": "Topic authorization failed"}, {"error": "Message timed out"}),
        ({"partition": 1}, {"partition": 2}),
    ],
)
def test_what_is_about_something_else_is_said(one: dict[str, Any], other: dict[str, Any]) -> None:
    log = Log()
    log.say("error", "held", **one)
    log.say("error", "held", **other)
    assert len(log.lines) == 2


def test_what_is_no_warning_is_never_left_out() -> None:
    log = Log()
    for _ in range(3):
        log.say("info", "assigned", partitions=[1])
    assert len(log.lines) == 3


def test_the_client_library_says_that_a_broker_is_away_once_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each client and each of its threads says so, in words with numbers of their own."""
    log = Log()
    monkeypatch.setattr(
        "runtime.log.log", type("L", (), {"warning": lambda _, event, **fields: log.say("warning", event, **fields)})()
    )
    for name in ("consumer-3", "producer-1", "consumer-4"):
        for line in (
            f"FAIL [rdkafka#{name}] [thrd:127.0.0.1:9092/bootstrap]: Connect to ipv4#127.0.0.1:9092 failed: Connection refused",
            f"ERROR [rdkafka#{name}] [thrd:127.0.0.1:9092/1]: 1/1 brokers are down",
            f"MAXPOLL [rdkafka#{name}] [thrd:main]: Application maximum poll interval exceeded",
        ):
            _ToStructuredLog().emit(logging.LogRecord("k", logging.WARNING, "", 0, line, None, None))
    assert [line["facility"] for line in log.lines] == ["connection", "MAXPOLL"]


def test_an_outage_is_one_line_and_its_end_another_however_many_threads_see_it() -> None:
    outage = Outage()
    with structlog.testing.capture_logs() as logs:
        for who in ("configuration", "credentials", "configuration"):
            outage.began(who, "1/1 brokers are down")
        outage.over("configuration")
        assert [one["event"] for one in logs] == ["outage"]
        outage.over("credentials")
        outage.over("credentials")
        outage.began("configuration", "1/1 brokers are down")
    assert [one["event"] for one in logs] == ["outage", "outage_over", "outage"]
