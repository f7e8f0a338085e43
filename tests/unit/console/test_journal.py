"""What happened to documents on a day of the tenant's: events, whose act each was, and where the day begins."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from rich.cells import cell_len

from console.books.journal import CONNECTOR, Days, Event, Journal, events
from console.cli.journal import lines, wanted_days
from console.output import print_json
from runtime.errors import Broken
from tests.unit.console.entries import ERP, SOURCE, example, settings

DAY = date(2026, 3, 2)
NOW = datetime(2026, 3, 2, 18, tzinfo=UTC)
FIELDS = ["at", "event", "connection", "flow", "ref", "number", "erp_number", "amount", "currency", "customer", "actor"]


def at(hour: int, minute: int = 0, day: int = 2) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


def result(outcome: str, when: datetime, number: str = "7", **more: Any) -> dict[str, Any]:
    about = {"system": ERP, "source_system": SOURCE, "op_key": f"k{number}", "ref": f"ST-{number}", "source_number": number}
    is_there = outcome in ("POSTED", "ADOPTED")
    there = {"erp_number": "000004" if is_there else "", "erp_id": "4" if is_there else ""}
    return example("result.result", **{**about, **there, "outcome": outcome, "at": when, "connection": "acme", **more})


def control(action: str, when: datetime, number: str = "7", actor: str = "Ada") -> dict[str, Any]:
    return example("connection.control", action=action, at=when, op_key=f"k{number}", actor=actor, reason="seen", system=ERP)


def happened(*records: dict[str, Any], days: Days | None = None) -> list[Event]:
    made = Journal(days or Days(DAY, DAY, NOW), {"acme": settings()})
    for record in records:
        if "control_id" in record:
            made.learn_decision(record)
    return events(made, [record for record in records if "control_id" not in record])


def told(*records: dict[str, Any]) -> list[tuple[str, str]]:
    return [(event.event, event.actor) for event in happened(*records)]


def test_a_document_that_was_held_released_and_posted_is_three_lines() -> None:
    found = told(
        result("HELD", at(15), reason="suspect"),
        control("accept", at(16)),
        result("POSTED", at(16, 1)),
        control("pause", at(16), ""),
    )
    assert found == [("held", CONNECTOR), ("released", "Ada"), ("posted", CONNECTOR)]


def test_a_skip_is_the_person_s_and_once() -> None:
    found = told(result("HELD", at(15), reason="refused"), control("skip", at(16)), result("REJECTED", at(16, 1), reason="skipped"))
    assert found == [("held", CONNECTOR), ("skipped", "Ada")]


def test_holding_again_for_the_same_reason_is_no_news_unless_a_person_had_released_it() -> None:
    held = [result("HELD", at(15, minute), reason="refused", detail="no") for minute in (0, 5)]
    assert told(*held) == [("held", CONNECTOR)]
    assert told(held[0], control("release", at(15, 3)), held[1]) == [("held", CONNECTOR), ("released", "Ada"), ("held", CONNECTOR)]
    other = result("HELD", at(15, 9), reason="period_closed")
    assert told(held[0], other) == [("held", CONNECTOR), ("held", CONNECTOR)]


@pytest.mark.parametrize("outcome", ["UNCHANGED", "SUPERSEDED"])
def test_what_writes_nothing_is_no_event(outcome: str) -> None:
    assert told(result(outcome, at(15))) == []


def test_the_day_is_the_tenant_s() -> None:
    """Chicago: 6 hours behind in winter. 05:59 UTC is still the day before."""
    early, first, last, late = at(5, 59), at(6), at(5, 59, day=3), at(6, day=3)
    found = happened(*(result("POSTED", when, str(n)) for n, when in enumerate((early, first, last, late))))
    assert [event.about["source_number"] for event in found] == ["1", "2"]


def test_programs_get_the_contract_with_local_time_and_two_places() -> None:
    (event,) = happened(result("POSTED", at(15), amount=example("result.result")["amount"]))
    row = event.as_json(settings(), "Jane Smith")
    assert list(row) == FIELDS
    assert row == {
        "at": "2026-03-02T09:00:00-06:00", "event": "posted", "connection": "acme", "flow": "A1", "ref": "ST-7", "number": "7",
        "erp_number": "000004", "amount": "324.75", "currency": "USD", "customer": "Jane Smith", "actor": CONNECTOR,
    }  # fmt: skip


def test_a_decision_of_another_day_still_names_who_skipped_it() -> None:
    assert told(control("skip", at(23, day=1)), result("REJECTED", at(15))) == [("skipped", "Ada")]


def test_the_lines_fit_a_hundred_columns_and_end_with_sums() -> None:
    long = {"source_number": "9" * 60, "detail": "why 為什麼 " * 60 + "at last", "amount": Decimal("-123456789.01")}
    found = happened(result("POSTED", at(15)), result("HELD", at(15), "8", reason="refused", **long))
    shown = list(
        lines([(event, event.as_json(settings(), "王大明 " * 20)) for event in found], {"acme": settings()}, Days(DAY, DAY, NOW))
    )
    assert max(map(cell_len, shown)) <= 100
    assert shown[0] == "acme, 2026-03-02, local time (America/Chicago)"
    assert shown[-3].endswith("at last"), "why it is held is told whole"
    assert shown[-2:] == ["  held: 1 invoice, -123,456,789.01 USD", "  posted: 1 invoice, 324.75 USD"]


def test_a_payment_and_its_application_are_not_one_sum() -> None:
    """120.00 taken and applied were `posted: 2, 240.00`."""
    paid = {"source_entity": "payment", "purpose": "collection", "amount": Decimal("120.00")}
    found = happened(
        result("POSTED", at(15), "1", record="ar_receipt", source_id="9", **paid),
        result("POSTED", at(15, 1), "2", record="ar_application", source_id="9/1", **paid),
    )
    shown = list(lines([(event, event.as_json(settings(), "Jane")) for event in found], {"acme": settings()}, Days(DAY, DAY, NOW)))
    assert shown[-2:] == ["  posted: 1 application, 120.00 USD", "  posted: 1 payment, 120.00 USD"]


def test_a_line_for_a_program_is_one_line_whatever_the_customer_is_called(capsys: pytest.CaptureFixture[str]) -> None:
    """A name with U+2028 or U+0085 made two lines of one object."""
    (event,) = happened(result("POSTED", at(15)))
    print_json(event.as_json(settings(), "Jane\u2028Smith\x85\x9b"))
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["customer"] == "Jane\u2028Smith\x85\x9b"


def test_a_connection_that_was_asked_for_is_named_where_nothing_happened() -> None:
    (shown,) = lines([], {"acme": settings()}, Days(DAY, DAY, NOW), ["acme"])
    assert shown == "acme, 2026-03-02, local time (America/Chicago): nothing happened"


@pytest.mark.parametrize(
    ("day", "between", "words"),
    [
        ("2026-13-01", ("", ""), "--day '2026-13-01'"),
        ("", ("yesterday", ""), "--from 'yesterday'"),
        ("", ("", "02.03.2026"), "--to '02.03.2026'"),
        ("2026-03-02", ("2026-03-01", ""), "--day and --from/--to"),
        ("", ("2026-03-02", "2026-03-01"), "is after"),
        ("2026-03-04", ("", ""), "--day 2026-03-04 is still to come"),
        ("", ("2026-03-04", ""), "--from 2026-03-04 is still to come"),
    ],
)
def test_a_day_that_is_none_is_refused_by_its_option(day: str, between: tuple[str, str], words: str) -> None:
    with pytest.raises(Broken, match=words):
        wanted_days(day, between, NOW)


def test_without_a_day_it_is_today_and_an_open_end_is_today() -> None:
    today = wanted_days("", ("", ""), NOW)
    assert (today.holds(NOW, settings()), today.shown(settings())) == (True, "2026-03-02")
    since = wanted_days("", ("2026-02-28", ""), NOW)
    assert since.shown(settings()) == "2026-02-28 to 2026-03-02"
    until = wanted_days("", ("", "2026-03-01"), NOW)
    assert (until.holds(at(5), settings()), until.holds(at(7), settings())) == (True, False)


def test_today_is_each_tenant_s_own() -> None:
    """With tenants in two zones it was the day of UTC for all: in Sydney nothing had happened yet, hours after it had."""
    zoned = {name: settings(name).model_copy(update={"time_zone": name}) for name in ("Australia/Sydney", "America/Chicago")}
    morning = at(22, day=2)
    today = wanted_days("", ("", ""), morning)
    assert {name: today.shown(own) for name, own in zoned.items()} == {
        "Australia/Sydney": "2026-03-03",
        "America/Chicago": "2026-03-02",
    }
    assert all(today.holds(morning, own) for own in zoned.values())
    assert wanted_days("2026-03-03", ("", ""), morning).holds(morning, zoned["Australia/Sydney"])


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 8), 23), (date(2026, 11, 1), 25)], ids=["spring", "autumn"])
def test_a_day_on_which_clocks_change_is_whole(day: date, hours: int) -> None:
    begin = datetime(day.year, day.month, day.day, 5 if hours == 25 else 6, tzinfo=UTC)
    days = Days(day, day, begin)
    held = [days.holds(begin + timedelta(hours=n), settings()) for n in range(-1, 26)]
    assert (held.count(True), held[0], held[1]) == (hours, False, True)
