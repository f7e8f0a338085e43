"""And, or, not and parentheses, over a small language of its own: `colour = 'red' and not size < 5`."""

from __future__ import annotations

import operator
import re
from typing import Any

import pytest

from runtime.simulator.conditions import BadCondition, Condition, Probe, Reader

Row = dict[str, Any]
_TOKEN = re.compile(r"\s*(?:(?P<text>'[^']*')|(?P<number>\d+)|(?P<name>\w+)|(?P<mark>[()=<]))")
ROWS: list[Row] = [
    {"id": 1, "colour": "red", "size": 3},
    {"id": 2, "colour": "red", "size": 9},
    {"id": 3, "colour": "blue", "size": 9},
]


def _comparison(reader: Reader[Row]) -> Condition[Row]:
    kind, name = reader.take()
    if kind != "name":
        raise BadCondition(f"a member expected, found '{name}'")
    compare = {"=": operator.eq, "<": operator.lt}[reader.take()[1]]
    kind, text = reader.take()
    value = int(text) if kind == "number" else text.strip("'")
    probes = (Probe(name, str(value), cost=1 if name == "id" else 5),) if compare is operator.eq else ()
    return Condition(lambda row: bool(compare(row[name], value)), probes)


def _read(text: str) -> Condition[Row]:
    return Reader(text, _TOKEN, _comparison).whole()


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("colour = 'red'", [1, 2]),
        ("colour = 'red' and not size < 5", [2]),
        ("size < 5 or colour = 'blue' and size = 9", [1, 3]),
        ("(size < 5 or colour = 'blue') and size = 9", [3]),
        ("not (size = 9 or id = 1)", []),
        ("not not size = 9 ", [2, 3]),
    ],
)
def test_and_binds_closer_than_or_and_parentheses_closest(text: str, ids: list[int]) -> None:
    assert [row["id"] for row in ROWS if _read(text).matches(row)] == ids


def test_the_probes_are_necessary_and_those_that_leave_least() -> None:
    assert _read("colour = 'red' and id = 2").probes == (Probe("id", "2", cost=1),)
    assert [probe.text for probe in _read("id = 1 or colour = 'blue'").probes] == ["1", "blue"]
    assert _read("id = 1 or size < 5").probes == ()
    assert _read("not id = 1").probes == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "a member expected, found ''"),
        ("id = 1 id = 2", "unexpected 'id'"),
        ("(id = 1", r"'\)' expected"),
        ("id = 1 and", "a member expected"),
        ("id = ;", r"at 4: ' ;'"),
        ("not " * 200 + "id = 1", "nested too deeply"),
    ],
)
def test_what_is_no_condition_is_refused_in_words(text: str, words: str) -> None:
    with pytest.raises(BadCondition, match=words):
        _read(text)
