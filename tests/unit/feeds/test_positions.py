"""Positions as they are stored: those of earlier versions can be read, and what is none is refused with what to do."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from runtime.errors import Broken
from systems.feeds.keyset import Keyset
from systems.feeds.offset import Offset
from systems.feeds.pages import Pages
from systems.feeds.positions import midnight, moment_of, position_of, stamp, stored
from systems.feeds.token import Token

STORED = [
    (Token("b2Zmc2V0OjQy", "2026-03-02T10:00:00.000Z"), '{"since": "2026-03-02T10:00:00.000Z", "token": "b2Zmc2V0OjQy"}'),
    (
        Pages("2026-03-01T00:00:00.000Z", "2026-03-02T00:00:00.000Z", 3, 1432, 1),
        '{"after": "2026-03-01T00:00:00.000Z", "before": "2026-03-02T00:00:00.000Z", "page": 3, "total": 1432, "walks": 1}',
    ),
    (
        Offset("2026-03-01T00:00:00.0000000Z", 100, "6f3c", "2026-03-02T00:00:00.0000000Z", "2026-03-02T01:00:00.0000000Z", 2),
        '{"since":"2026-03-01T00:00:00.0000000Z","skip":100,"last":"6f3c","newest":"2026-03-02T00:00:00.0000000Z",'
        '"began":"2026-03-02T01:00:00.0000000Z","walks":2}',
    ),
    (
        Keyset("2026-03-15", "2026-03-16", ("SHARE", "EUR01"), "0000000009"),
        '{"since":"2026-03-15","until":"2026-03-16","parts":["SHARE","EUR01"],"last":"0000000009"}',
    ),
]
IDS = [type(position).__name__ for position, _ in STORED]


@pytest.mark.parametrize(("position", "text"), STORED, ids=IDS)
def test_a_position_is_read_as_it_was_stored_and_as_earlier_versions_stored_it(position: Any, text: str) -> None:
    start = type(position)()
    assert position_of(start, text, "erp") == position
    assert position_of(start, stored(position), "erp") == position
    assert position_of(start, "", "erp") == start


def test_fields_that_came_later_have_their_default() -> None:
    assert position_of(Offset(), '{"since": "", "skip": 1, "last": "x"}', "erp", later=("newest", "began", "walks")).skip == 1
    with pytest.raises(Broken):
        position_of(Offset(), '{"since": "", "skip": 1, "last": "x"}', "erp")


@pytest.mark.parametrize("start", [Token(), Pages(), Offset(), Keyset()], ids=IDS)
@pytest.mark.parametrize("text", ["not json", "{}", "[]", "7", "null", "[" * 5000, "\ud800", '{"x": 1}', '{"skip": 1, "skip": 2}'])
def test_what_is_no_position_is_refused_with_what_to_do(start: Any, text: str) -> None:
    with pytest.raises(Broken, match=r"erp: the cursor .* cannot be read.*cursors reset"):
        position_of(start, text, "erp")


@pytest.mark.parametrize(
    ("position", "change"),
    [
        (STORED[0], ('"b2Zmc2V0OjQy"', "4")),
        (STORED[0], ("2026-03-02T10:00:00.000Z", "yesterday")),
        (STORED[1], ("3,", "true,")),
        (STORED[1], ("2026-03-01T00:00:00.000Z", "x")),
        (STORED[1], ("2026-03-02T00:00:00.000Z", "0001-01-01T00:00:00Z")),
        (STORED[2], (":100", ":-1")),
        (STORED[2], (":100", ":1.5")),
        (STORED[2], ("2026-03-01T00:00:00.0000000Z", "2026-03-01")),
        (STORED[3], ("2026-03-15", "x")),
        (STORED[3], ('"EUR01"', "7")),
        (STORED[3], ('["SHARE","EUR01"]', '"SHARE"')),
    ],
    ids=str,
)
def test_a_value_that_is_none_is_refused(position: tuple[Any, str], change: tuple[str, str]) -> None:
    text = position[1].replace(*change, 1)
    assert text != position[1]
    with pytest.raises(Broken, match="cursor"):
        position_of(type(position[0])(), text, "erp")


def test_instants_of_positions() -> None:
    assert stamp(datetime(2026, 3, 2, 10, 0, 0, 123999, UTC)) == "2026-03-02T10:00:00.123Z"
    assert midnight(date(2026, 3, 2)) == "2026-03-02T00:00:00.000Z"
    assert moment_of("2026-03-02T10:00:00.9999999Z") == datetime(2026, 3, 2, 10, tzinfo=UTC)
