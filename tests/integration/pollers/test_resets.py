"""A cursor that a person resets: the running poller reads the feed again from there, and a restart does not forget it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from services.ingress.writing import RESET
from tests.integration.ingress.stage import Stage, eventually
from tests.integration.pollers.conftest import polling
from tests.integration.pollers.source import Source, element
from tests.integration.pollers.test_feeds import CURSOR, cursor, ids

pytestmark = pytest.mark.kafka


def reset(stage: Stage, position: str) -> None:
    record = {
        "connection": "acme",
        "feed": CURSOR,
        "position": position,
        "page_digest": RESET,
        "records": 0,
        "at": datetime.now(UTC),
    }
    stage.write("cursors", "raw.cursor", "acme", record)


def test_a_running_poller_reads_again_from_the_place_that_a_person_set(source: Source, stage: Stage) -> None:
    source.rows = {"invoices": [element(str(n)) for n in range(7)]}
    with polling(stage):
        eventually(lambda: cursor(stage), lambda position: position == "7")
        source.asked.clear()
        reset(stage, "5")
        eventually(lambda: sorted(ids(stage, "invoice")), lambda found: found.count("5") == found.count("6") == 2)
        eventually(lambda: source.asked, lambda asked: ("invoices", "5") in asked and ("invoices", "7") in asked)
        eventually(lambda: cursor(stage), lambda position: position == "7")
    found = ids(stage, "invoice")
    assert [found.count(str(n)) for n in range(7)] == [1, 1, 1, 1, 1, 2, 2]
    assert ("invoices", "") not in source.asked


def test_a_reset_to_the_start_while_nobody_polls_is_read_at_the_next_start(source: Source, stage: Stage) -> None:
    source.rows = {"invoices": [element(str(n)) for n in range(3)]}
    with polling(stage):
        eventually(lambda: cursor(stage), lambda position: position == "3")
    reset(stage, "")
    source.asked.clear()
    with polling(stage):
        eventually(lambda: source.asked, lambda asked: ("invoices", "") in asked)
        eventually(lambda: cursor(stage), lambda position: position == "3")


def test_a_reset_is_kept_though_the_poller_was_writing_its_own_cursor(source: Source, stage: Stage) -> None:
    source.rows = {"invoices": [element(str(n)) for n in range(60)]}
    with polling(stage):
        for _ in range(5):
            reset(stage, "0")
        eventually(lambda: cursor(stage), lambda position: position == "60")
    assert {str(n) for n in range(60)} <= set(ids(stage, "invoice"))
    records = [r for r in stage.records("cursors") if r["feed"] == CURSOR]
    assert records[-1]["page_digest"] != RESET
