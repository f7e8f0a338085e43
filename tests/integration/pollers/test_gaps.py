"""What a feed shows and no webhook told of is a gap, counted on the audit trail: a sender that drops is seen before anybody misses a document."""

from __future__ import annotations

import pytest

from tests.integration.ingress.stage import Stage, eventually
from tests.integration.pollers.conftest import polling
from tests.integration.pollers.source import Source, element
from tests.integration.pollers.test_feeds import cursor
from tests.integration.pollers.test_fetches import fetched, want

pytestmark = pytest.mark.kafka


def _changes(source: Source, stage: Stage) -> list[tuple[str, str, int]]:
    """Decisions after invoice 1 was told of and read again, and the feed shows the changes of 1 and of 2."""
    source.rows = {"invoices": [element("0")]}
    source.objects = {("invoice", "1"): element("1", "2")}
    want(stage, "1")
    with polling(stage):
        eventually(lambda: fetched(stage), lambda found: found == ["1"])
        eventually(lambda: cursor(stage), lambda position: position == "1")
        source.rows["invoices"] += [element("1", "2"), element("2", "2")]
        eventually(lambda: cursor(stage), lambda position: position == "3")
    return [(r["decision"], r["entity"], r["count"]) for r in stage.records("audit")]


def test_a_change_that_nobody_told_of_is_a_gap_and_one_that_was_told_is_none(source: Source, stage: Stage) -> None:
    stage.connect("acme", webhook_keys=[{"name": "first", "secret": "env:X"}])
    assert _changes(source, stage) == [("gap", "invoice", 1)]


def test_without_webhooks_nothing_is_a_gap(source: Source, stage: Stage) -> None:
    assert _changes(source, stage) == []
