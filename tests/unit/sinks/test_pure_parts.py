"""Windows, ceilings, refusals, positions, and that the documents tell the same reasons as the code."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import cast
from zoneinfo import ZoneInfo

import pytest

from schemas.records import Ledger
from services.sinks import entry as e
from services.sinks import reasons
from services.sinks.ceiling import Hour, nearly_all_refused
from services.sinks.positions import Position
from services.sinks.windows import opens_at, schedule
from tests.toy import blank

CHICAGO = ZoneInfo("America/Chicago")
SEEN = datetime(2026, 3, 2, 18, 30, tzinfo=UTC)  # Monday, 12:30 in Chicago


def entry(op_key: str, amount: Decimal) -> Ledger:
    return cast("Ledger", blank("result.ledger") | {"op_key": op_key, "amount": amount, "state": e.NEW, "purpose": "sale"})


@pytest.mark.parametrize(
    ("window", "opens"),
    [
        ("daily 18:00", datetime(2026, 3, 3, 0, 0, tzinfo=UTC)),
        ("daily 06:00", datetime(2026, 3, 3, 12, 0, tzinfo=UTC)),
        ("twice-daily 06:00 13:00", datetime(2026, 3, 2, 19, 0, tzinfo=UTC)),
        ("weekly fri 17:30", datetime(2026, 3, 6, 23, 30, tzinfo=UTC)),
        ("cron 0 6 * * 1-5", datetime(2026, 3, 3, 12, 0, tzinfo=UTC)),
    ],
)
def test_a_window_opens_at_the_tenants_local_time(window: str, opens: datetime) -> None:
    assert opens_at(window, CHICAGO, SEEN) == opens


def test_a_window_keeps_its_local_time_over_the_change_to_summer_time() -> None:
    before = datetime(2026, 3, 8, 3, 0, tzinfo=UTC)  # the night in which Chicago's clocks go forward
    assert opens_at("daily 18:00", CHICAGO, before) == datetime(2026, 3, 8, 23, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("window", "seen", "opens"),
    [
        ("weekly fri 17:30", datetime(2026, 3, 7, 1, tzinfo=UTC), datetime(2026, 3, 13, 22, 30, tzinfo=UTC)),  # over the change
        ("weekly fri 17:30", datetime(2026, 10, 31, 1, tzinfo=UTC), datetime(2026, 11, 6, 23, 30, tzinfo=UTC)),  # and back
        ("weekly fri 17:30", datetime(2026, 3, 6, 23, 30, tzinfo=UTC), datetime(2026, 3, 13, 22, 30, tzinfo=UTC)),  # at the opening
        ("weekly sun 02:30", datetime(2026, 3, 7, 12, tzinfo=UTC), datetime(2026, 3, 8, 8, 30, tzinfo=UTC)),  # an hour that is not
        ("weekly sun 01:30", datetime(2026, 10, 31, 12, tzinfo=UTC), datetime(2026, 11, 1, 6, 30, tzinfo=UTC)),  # the first of two
        (
            "weekly sun 01:30",
            datetime(2026, 11, 1, 7, 15, tzinfo=UTC),
            datetime(2026, 11, 8, 7, 30, tzinfo=UTC),
        ),  # never the second
        ("twice-daily 06:00 13:00", datetime(2026, 3, 8, 0, tzinfo=UTC), datetime(2026, 3, 8, 11, 0, tzinfo=UTC)),
        ("twice-daily 06:00 13:00", datetime(2026, 3, 8, 11, 0, tzinfo=UTC), datetime(2026, 3, 8, 18, 0, tzinfo=UTC)),
        ("twice-daily 06:00 13:00", datetime(2026, 11, 1, 3, tzinfo=UTC), datetime(2026, 11, 1, 12, 0, tzinfo=UTC)),
        ("twice-daily 13:00 06:00", datetime(2026, 11, 1, 12, 30, tzinfo=UTC), datetime(2026, 11, 1, 19, 0, tzinfo=UTC)),
    ],
)
def test_weekly_and_twice_daily_keep_the_tenants_wall_clock_when_clocks_change(
    window: str, seen: datetime, opens: datetime
) -> None:
    assert opens_at(window, CHICAGO, seen) == opens


def test_an_immediate_window_is_open_and_a_wrong_one_says_what_is_right() -> None:
    assert opens_at("immediate", CHICAGO, SEEN) is None
    with pytest.raises(ValueError, match="examples: immediate, daily 18:00"):
        schedule("sometimes")


def test_the_ceiling_counts_documents_and_amounts_of_an_hour() -> None:
    hour = Hour()
    for minute in range(3):
        hour.take(f"k{minute}", SEEN + timedelta(minutes=minute), Decimal(-100))
    later = SEEN + timedelta(minutes=3)
    assert hour.exceeded((3, Decimal(10_000)), entry("n", Decimal(1)), later)
    assert hour.exceeded((10, Decimal(350)), entry("n", Decimal(51)), later)
    assert not hour.exceeded((10, Decimal(350)), entry("n", Decimal(50)), later)
    assert not hour.exceeded((3, Decimal(10_000)), entry("k1", Decimal(1)), later), "what has its place keeps it"
    assert not hour.exceeded((3, Decimal(350)), entry("n", Decimal(51)), SEEN + timedelta(minutes=61))


@pytest.mark.parametrize(
    ("state", "left"),
    [
        ({"state": e.WAITING, "reason": reasons.SYSTEM_DOWN}, 0),  # certainly not written
        ({"state": e.HELD, "reason": reasons.REFUSED}, 0),
        ({"state": e.ADOPTED, "erp_id": "D1"}, 0),  # not by us
        ({"state": e.WAITING, "reason": reasons.SETTLE, "intent_attempt": 1}, 1),  # perhaps
        ({"state": e.HELD, "reason": reasons.UNKNOWN, "intent_attempt": 1}, 1),
        ({"state": e.POSTED, "erp_id": "D1"}, 1),
    ],
)
def test_a_document_gives_its_place_back_only_where_we_certainly_did_not_write_it(state: dict[str, object], left: int) -> None:
    hour = Hour()
    hour.take("k", SEEN, Decimal(100))
    hour.follow(e.change(entry("k", Decimal(100)), SEEN, **state))
    assert hour.of_hour(SEEN) == (left, Decimal(100 * left))


def test_twenty_of_twenty_five_refusals_with_one_code_are_nearly_all() -> None:
    assert nearly_all_refused(("",) * 5 + ("ACCT",) * 20) == "ACCT"
    assert not nearly_all_refused(("",) * 6 + ("ACCT",) * 19)
    assert not nearly_all_refused(("A", "B") * 12)


def test_an_offset_is_not_committed_past_a_record_that_still_waits_for_its_op_key() -> None:
    position = Position(10, {7, 9})
    assert position.committable == 7
    position.holding.clear()
    assert position.committable == 10


def test_the_page_of_guarantees_lists_every_reason() -> None:
    page = (Path(__file__).parents[3] / "docs" / "guarantees.md").read_text()
    for name, words in {**reasons.WAITING, **reasons.HELD, **reasons.ENDED}.items():
        assert f"| `{name}` | {words} |" in page
