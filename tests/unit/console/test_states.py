"""How each connection runs, and the state of every document by amount."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from rich.cells import cell_len
from typer.testing import CliRunner

from console.books.controls import Pause, pauses
from console.books.states import Feeds, Head, States, heads
from console.cli.main import app
from console.cli.status import lines, was_paused
from runtime.errors import Broken
from tests.unit.console.entries import ERP, SOURCE, application, entry, example, settings, without_feeds

AT = datetime(2026, 3, 2, 18, tzinfo=UTC)


def control(action: str, actor: str = "Ada", **more: Any) -> dict[str, Any]:
    about = {"connection": "acme", "system": "", "op_key": "", "reason": "month end", "at": AT}
    return example("connection.control", action=action, actor=actor, **{**about, **more})


def states(*entries: dict[str, Any]) -> States:
    made = States()
    for one in entries:
        made.learn(one)
    return made


def feeds(*records: tuple[str, dict[str, Any]]) -> Feeds:
    made = Feeds()
    for kind, record in records:
        if kind == "cursor":
            made.learn_cursor(record)
        else:
            made.learn_decision(record)
    return made


def cursor(feed: str, minutes: int = 0) -> tuple[str, dict[str, Any]]:
    return "cursor", example("raw.cursor", connection="acme", feed=feed, at=AT + timedelta(minutes=minutes))


def stopped(feed: str, why: str, minutes: int = 0, system: str = ERP) -> tuple[str, dict[str, Any]]:
    about = {"connection": "acme", "system": system, "entity": feed, "source_id": "", "detail": why}
    return "audit", example("audit.audit", decision="side_stopped", at=AT + timedelta(minutes=minutes), **about)


def head(of: States, read: Feeds, paused: dict[str, list[Pause]] | None = None) -> Head:
    (made,) = heads([settings()], paused or {}, read, of)
    return made


def met(controls: list[dict[str, Any]]) -> list[Pause]:
    return pauses(controls).get("acme", [])


def said_of(controls: list[dict[str, Any]]) -> str:
    return "; and ".join(pause.words() for pause in met(controls))


def why(of: States, read: Feeds) -> list[str]:
    return [side.why for side in head(of, read).sides]


def test_a_document_counts_once_with_its_newest_state() -> None:
    found = states(
        entry("invoice", "1", "HELD", "refused", amount="10.00"),
        entry("invoice", "2", "POSTED", amount="5.00"),
        entry("invoice", "1", "POSTED", amount="10.00"),
    ).rows()
    assert [(row["state"], row["count"], row["amount"]) for row in found] == [("POSTED", 2, Decimal("15.00"))]
    (stored,) = states(entry("invoice", "1", "HELD", "refused", amount="10.0000")).rows()
    assert str(stored["amount"]) == "10.00", "JSON has amounts with two places, and records have four"


def test_whatever_waits_says_for_what() -> None:
    waiting = (
        entry("invoice", "1", "WAITING", "parent", waits_for=["customer/5"]),
        application("9", "1", "1.00", "payment/9", "invoice/1"),
        entry("invoice", "2", "INTENT", intent_attempt=1),
        entry("invoice", "3", "NEW"),
        entry("invoice", "4", "WAITING", "erp_batch"),
        entry("invoice", "5", "WAITING", "window", due_at=AT),
        entry("invoice", "6", "WAITING", "something new", detail="why"),
        entry("invoice", "7", "HELD", "a_rule"),
    )
    said = {row["words"] for row in states(*waiting).rows()}
    assert "" not in said
    assert {"for its customer", "for its invoice and payment", "a rule", "something new"} <= said
    assert "created; waiting for Acumatica's posting run" in said


def test_the_application_of_a_payment_that_was_never_posted_has_ended_with_it() -> None:
    """It waited for ever in `status`, while `open` did not know it any more."""
    applied = application("9", "1", "120.00", "payment/9", detail="payment/9: superseded (voided)")
    found = states(applied, entry("payment", "9", "SUPERSEDED", "voided", amount="120.00"))
    said = {(row["document"], row["state"], row["words"]) for row in found.rows()}
    assert ("ar_application", "SUPERSEDED", "its payment ended without being posted") in said
    assert "WAITING" not in {row["state"] for row in found.rows()}
    found.learn(entry("payment", "9", "POSTED", amount="120.00"))
    assert {row["state"] for row in found.rows()} == {"WAITING", "POSTED"}, "the payment came back"
    found.learn({**applied, "state": "POSTED", "reason": ""})
    assert [(row["state"], row["count"]) for row in found.rows()] == [("POSTED", 1), ("POSTED", 1)]


def test_a_side_that_nothing_is_said_of_is_ok_and_tells_when_it_was_read_and_written() -> None:
    posted = entry("invoice", "1", "POSTED", updated_at=AT)
    side = head(states(posted), feeds(cursor(f"{ERP}.invoices"), cursor(f"{ERP}.bills", 5))).sides[1]
    assert (side.why, side.last_read, side.last_write) == ("", AT + timedelta(minutes=5), AT)
    assert side.as_json()["state"] == "ok"


def test_a_feed_that_stopped_is_told_until_it_is_read_again() -> None:
    denied = stopped("invoices", "a person is needed: no right to read Invoice", 10)
    assert why(states(), feeds(cursor(f"{ERP}.invoices"), denied)) == ["", "invoices: a person is needed: no right to read Invoice"]
    again = ("audit", {**denied[1], "decision": "side_read"})
    assert why(states(), feeds(denied, again)) == ["", ""]
    assert why(states(), feeds(cursor(f"{ERP}.invoices", 11), denied)) == ["", ""], "its cursor is newer"
    assert why(states(), feeds(cursor(f"{ERP}.bills", 11), denied))[1].startswith("invoices: ")


def test_a_feed_that_is_off_by_now_is_not_missed() -> None:
    """Who switched a feed off because its scope is missing was told for ever that the side is stopped."""
    denied = feeds(stopped("jobs", "a person is needed: no right to read jobs", system=SOURCE))
    (told,) = heads([without_feeds(settings(), "jobs")], {}, denied, states())
    assert [one.why for one in told.sides] == ["", ""]
    assert why(states(), denied)[0].startswith("jobs: ")


def test_a_feed_that_is_off_does_not_look_like_one_that_was_never_read() -> None:
    """A side whose feeds were all off was `not read yet` for ever, and nobody saw which feeds are off."""
    some, every = ("jobs", "invoices"), [feed.name for feed in settings().field_service.declared.feeds]
    for off, state in ((some, "not read"), (every, "feeds off")):
        (told,) = heads([without_feeds(settings(), *off)], {}, Feeds(), states())
        assert (told.sides[0].state, told.sides[0].as_json()["feeds_off"]) == (state, sorted(off))
        assert (told.sides[1].state, told.sides[1].as_json()["feeds_off"]) == ("not read", [])
        shown = "\n".join(lines([told], [], [], []))
        assert "not read, as its feeds_off says: " in shown
        assert ("not read yet" in shown.splitlines()[1]) == (off is some)


def test_a_session_that_could_not_be_opened_is_told_until_any_feed_is_read() -> None:
    none = stopped("", "throttled: login limit", 10)
    assert why(states(), feeds(none)) == ["", "no session: throttled: login limit"]
    assert why(states(), feeds(cursor(f"{ERP}.bills", 11), none)) == ["", ""]


def test_feeds_that_stopped_alike_are_told_once() -> None:
    alike = [stopped(feed, "no answer: timed out", system=SOURCE) for feed in ("a", "b", "c", "d")]
    assert why(states(), feeds(*alike)) == ["a, b and 2 more: no answer: timed out", ""]


def test_what_keeps_the_writing_is_told_as_long_as_a_document_waits_for_it() -> None:
    waiting = entry("invoice", "1", "WAITING", "credentials", detail="401 signed out", updated_at=AT)
    assert why(states(waiting), feeds())[1] == "writing: the system refused our credentials or permissions (401 signed out)"
    assert why(states(waiting, entry("invoice", "1", "POSTED")), feeds()) == ["", ""]


def test_a_pause_tells_who_and_why_and_ends_with_its_resume() -> None:
    assert said_of([control("pause")]) == "by Ada: month end"
    assert pauses([control("pause"), control("resume", "Bo")]) == {}
    one_side = [control("pause", system=ERP), control("resume", system=SOURCE)]
    assert [one.system for one in pauses(one_side)["acme"]] == [ERP]
    assert pauses([control("release", op_key="k")]) == {}


@pytest.mark.parametrize("verb", ["pause", "resume"])
def test_a_pause_or_resume_without_a_reason_is_refused(verb: str) -> None:
    """A blank was kept as the reason why nothing is written."""
    with pytest.raises(Broken, match="--reason is empty"):
        CliRunner().invoke(app, [verb, "acme", "--reason", " "], catch_exceptions=False)


def test_what_a_pause_or_resume_met_is_told() -> None:
    """One resume ends the pauses of two people, and the second one was not named to anybody."""
    assert was_paused(met([control("pause")])) == "it was paused by Ada: month end"
    assert was_paused(met([control("pause"), control("resume", "Bo")])) == "it was not paused"


def test_every_pause_that_a_resume_ends_is_told_the_sinks_own_first() -> None:
    """Only the newest was named: who resumed after a month end did not hear that the ceiling had been reached, too."""
    own = control("pause", "sinks", reason="ceiling: 1000 documents in an hour", system=ERP)
    said = was_paused(met([own, control("pause"), control("pause", "Bo", reason="audit", system=SOURCE)]))
    assert said.startswith("it was paused by its own rule: the connection's ceiling of an hour is reached")
    assert said.endswith("; and by Ada: month end; and by Bo: audit")
    assert met([own, control("pause"), control("resume", "Bo")]) == []
    both = [control("pause", system=ERP), own]
    assert [one.actor for one in met(both)] == ["Ada"], "a pause of the sink's own replaced a person's"


def test_status_shows_every_pause_with_who_since_when_why_and_what_lifts_them() -> None:
    """Only the newest was shown: whoever saw `by Bo: audit` did not know that the ceiling had been reached, and that Ada had paused, too."""
    own = control("pause", "sinks", reason="ceiling: 1000 documents in an hour", system=ERP)
    later = {"at": AT + timedelta(hours=1)}
    decided = pauses([own, control("pause"), control("pause", "Bo", reason="audit", **later), control("pause", reason="again")])
    told = head(states(), feeds(), decided)
    shown = list(lines([told], [], [], []))
    assert [line.strip() for line in shown if "PAUSED" in line] == [
        "PAUSED for Acumatica since 2026-03-02 12:00 by its own rule: the connection's ceiling of an hour",
        "PAUSED since 2026-03-02 12:00 by Ada: again",
        "PAUSED since 2026-03-02 13:00 by Bo: audit",
    ]
    assert "    `ml-connector resume acme --reason WHY` lifts all of them" in shown
    assert [one["actor"] for one in told.as_json()["pauses"]] == ["sinks", "Ada", "Bo"]
    assert told.as_json()["paused"]["actor"] == "Bo"


def test_a_flow_that_runs_otherwise_than_its_connection_is_named() -> None:
    """The head of a connection said `live` while one of its flows only observed."""
    own = settings()
    flows = {"A1": own.flows["A1"].model_copy(update={"mode": "observe"})}
    (told,) = heads([own.model_copy(update={"mode": "live", "flows": {**own.flows, **flows}})], {}, Feeds(), states())
    assert told.otherwise() == told.as_json()["flows"] == {"A1": "observe"}
    assert "  except: A1 observe; its file says so" in lines([told], [], [], [])


def test_the_sinks_own_pause_is_told_as_its_rule() -> None:
    own = control("pause", "sinks", reason="ceiling: 1000 documents in an hour, the ceiling is 1000", system=ERP)
    said = said_of([own])
    assert said.startswith("by its own rule: the connection's ceiling of an hour is reached")
    assert said.endswith("(1000 documents in an hour, the ceiling is 1000)")


def test_a_person_sees_it_within_a_hundred_columns() -> None:
    long = entry("invoice", "1", "HELD", "refused", amount="123456789.00")
    at_work = head(states(long), feeds(stopped("x" * 30, "why 為什麼" * 60)), pauses([control("pause", reason="because " * 30)]))
    dead = [{"from": "raw.x/0/1", "amount": Decimal(12), "stage": "hop", "reason": "no " * 60}]
    rows = states(long).rows()
    shown = list(lines([at_work], rows, [{"group": "sinks", "topic": "command.x", "lag": 3}], dead))
    assert max(map(cell_len, shown)) <= 100
    assert shown[0] == "acme (Acme): live"
    assert any(line.startswith("  PAUSED since 2026-03-02 12:00 by Ada: because") for line in shown)
    assert any("STOPPED since 2026-03-02 12:00" in line for line in shown)
    assert "command.x: 3 records that sinks has still to read" in shown
