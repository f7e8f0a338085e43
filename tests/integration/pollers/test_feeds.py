"""Feeds: every row is in raw at least once, whatever fails, and the cursor never passes what is not acked."""

from __future__ import annotations

import pytest

from runtime.errors import Broken, Throttled, Transient
from schemas.errors import Malformed
from services.ingress.produce import Deliveries, NotStored
from services.ingress.writing import Writing
from tests.integration.ingress import toy
from tests.integration.ingress.stage import Stage, eventually
from tests.integration.pollers.conftest import connected, polling
from tests.integration.pollers.source import Source, element
from topology.topics import object_key, partition_of

pytestmark = pytest.mark.kafka
RAW = f"raw.{toy.FIELD_SERVICE}"
CURSOR = f"{toy.FIELD_SERVICE}.invoices"


def ids(stage: Stage, entity: str, connection: str = "acme") -> list[str]:
    return [r["source_id"] for r in stage.records(RAW) if (r["entity"], r["connection"]) == (entity, connection)]


def cursor(stage: Stage, feed: str = CURSOR) -> str:
    found = [r["position"] for r in stage.records("cursors") if r["feed"] == feed]
    return found[-1] if found else ""


def test_every_row_is_written_with_its_exact_bytes_and_then_the_cursor(source: Source, stage: Stage) -> None:
    source.rows = {"invoices": [element(str(n)) for n in range(7)], "customers": [element("9", "v", b'{"a": 1.10 }')]}
    with polling(stage):
        eventually(lambda: cursor(stage), lambda position: position == "7")
        eventually(lambda: ids(stage, "customer"), lambda found: found == ["9"])
    assert sorted(ids(stage, "invoice")) == [str(n) for n in range(7)]
    customer = next(r for r in stage.records(RAW) if r["entity"] == "customer")
    assert (customer["body"], customer["shape"], customer["how"], customer["source_version"]) == (
        b'{"a": 1.10 }',
        "object",
        "list",
        "v",
    )
    invoice = next(m for m in stage.messages(RAW) if m.key() == b"acme/servicetitan/invoice/3")
    assert invoice.partition() == partition_of(object_key("acme", toy.FIELD_SERVICE, "invoice", "3"), 4)
    record = stage.codec.decode(invoice.value())[1]
    assert (record["shape"], record["how"], record["page_index"], len(record["page_digest"])) == ("hint", "export", 0, 64)


def test_a_restart_goes_on_at_the_cursor(source: Source, stage: Stage) -> None:
    source.rows = {"invoices": [element(str(n)) for n in range(4)]}
    with polling(stage):
        eventually(lambda: cursor(stage), lambda position: position == "4")
    source.rows["invoices"].append(element("4"))
    source.asked.clear()
    with polling(stage):
        eventually(lambda: cursor(stage), lambda position: position == "5")
    assert source.asked[0][1] == "4" or ("invoices", "4") in source.asked
    assert ("invoices", "") not in source.asked
    assert sorted(ids(stage, "invoice")) == ["0", "1", "2", "3", "4"]


@pytest.mark.parametrize(
    "failure", [Transient("an HTML page"), Malformed("items is missing"), RuntimeError("a defect"), Throttled("slow", 0.2)]
)
def test_a_page_that_fails_does_not_move_the_cursor_and_stops_no_other_feed(
    source: Source, stage: Stage, failure: Exception
) -> None:
    source.rows = {"invoices": [element("1")], "customers": [element("2")]}
    source.always = {"invoices": failure}
    with polling(stage):
        eventually(lambda: ids(stage, "customer"), lambda found: found == ["2"])
        eventually(lambda: len([1 for feed, _ in source.asked if feed == "invoices"]), lambda times: times >= 2)
        assert (cursor(stage), ids(stage, "invoice")) == ("", [])
        source.always = {}
        eventually(lambda: cursor(stage), lambda position: position == "1")


def test_a_feed_without_permission_stops_alone_and_says_so(source: Source, stage: Stage) -> None:
    source.rows = {"customers": [element("2")]}
    source.always = {"invoices": Broken("acme: the scope for invoices is missing.", "Grant it.")}
    with polling(stage) as pollers:
        eventually(lambda: [*pollers.stopped().values()], lambda reasons: any("scope for invoices" in reason for reason in reasons))
        eventually(lambda: ids(stage, "customer"), lambda found: found == ["2"])
        assert len([1 for feed, _ in source.asked if feed == "invoices"]) == 1


def test_wrong_credentials_stop_the_system_until_other_ones_are_applied(source: Source, stage: Stage) -> None:
    source.rows = {"invoices": [element("1")]}
    source.always = {feed.name: Broken("acme: the password is wrong.", "Apply another.") for feed in toy.FEEDS}
    with polling(stage) as pollers:
        eventually(lambda: len(source.asked), lambda times: times == 2)
        eventually(lambda: [*pollers.stopped().values()], bool)
        source.always = {}
        connected(stage, "acme", password="another")
        eventually(lambda: cursor(stage), lambda position: position == "1")
    assert len(source.opened) == 2
    assert source.closed == 2


def test_a_connection_without_credentials_stops_nobody(source: Source, stage: Stage) -> None:
    source.rows = {"invoices": [element("1")]}
    stage.connect("poor")
    with polling(stage):
        eventually(lambda: ids(stage, "invoice"), lambda found: found == ["1"])
    assert ids(stage, "invoice", "poor") == []


def test_a_connection_applied_while_they_run_is_polled(source: Source, stage: Stage) -> None:
    source.rows = {"invoices": [element("1")]}
    with polling(stage):
        eventually(lambda: ids(stage, "invoice"), bool)
        connected(stage, "later")
        eventually(lambda: ids(stage, "invoice", "later"), lambda found: found == ["1"])


def test_rows_that_move_while_paging_are_not_skipped(source: Source, stage: Stage) -> None:
    """Page drift: a row changed during the walk comes again at the end of the feed."""
    source.rows = {"invoices": [element(str(n)) for n in range(9)]}
    with polling(stage):
        eventually(lambda: cursor(stage), lambda position: position in ("3", "6", "9"))
        source.rows["invoices"].append(element("1", "2"))
        eventually(lambda: cursor(stage), lambda position: position == "10")
    assert set(ids(stage, "invoice")) == {str(n) for n in range(9)}
    assert "2" in [r["source_version"] for r in stage.records(RAW) if r["source_id"] == "1"]


def test_what_an_overlap_shows_again_unchanged_is_not_written_again(source: Source, stage: Stage) -> None:
    row = element("1")
    source.rows = {"invoices": [row, row, element("1", "2"), element("1", "2"), row]}
    source.page_size = 1
    with polling(stage):
        eventually(lambda: cursor(stage), lambda position: position == "5")
    assert [r["source_version"] for r in stage.records(RAW)] == ["1", "2", "1"]


def test_a_page_whose_position_does_not_move_is_no_endless_loop(source: Source, stage: Stage) -> None:
    source.rows = {"invoices": [element("1")], "customers": [element("2")]}
    source.page_size = 0
    with polling(stage):
        eventually(lambda: len(source.asked), lambda times: times >= 4)
        assert len(source.asked) < 40
    assert (cursor(stage), stage.records(RAW)) == ("0", [])


def test_a_crash_between_a_page_and_its_cursor_reads_the_page_again(
    source: Source, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    source.rows = {"invoices": [element(str(n)) for n in range(3)]}

    async def crash(*_: object) -> None:
        raise Transient("the process died before the cursor was written")

    with monkeypatch.context() as patch:
        patch.setattr(Writing, "cursor", crash)
        with polling(stage):
            eventually(lambda: ids(stage, "invoice"), lambda found: len(found) == 3)
    assert cursor(stage) == ""
    with polling(stage):
        eventually(lambda: cursor(stage), lambda position: position == "3")
    assert sorted(ids(stage, "invoice")) == ["0", "0", "1", "1", "2", "2"]


def test_the_cursor_does_not_move_before_the_page_is_acked(source: Source, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    source.rows = {"invoices": [element("1")]}

    async def unacked(*_: object) -> None:
        raise NotStored("no delivery report")

    with monkeypatch.context() as patch:
        patch.setattr(Deliveries, "send_all", unacked)
        with polling(stage):
            eventually(lambda: len([1 for feed, _ in source.asked if feed == "invoices"]), lambda times: times >= 2)
    assert (cursor(stage), {position for feed, position in source.asked if feed == "invoices"}) == ("", {""})
