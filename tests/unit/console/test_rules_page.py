"""The page of the rules of the books: each rule has a row, a state, and tests and files that are there; what is partly kept says what is missing."""

from __future__ import annotations

import re

import pytest

from tests.named import NAMED, ROOT, is_there

PAGE = (ROOT / "docs" / "accounting-rules.md").read_text()
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if re.match(r"\| \d+ \|", line)]
STATES = ("kept", "partly: ", "not yet: ")


def test_every_rule_has_one_row_in_its_order() -> None:
    assert [int(row[0]) for row in ROWS] == list(range(1, 37))


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_a_rule_says_whether_it_is_kept_where_and_by_which_test(row: list[str]) -> None:
    number, rule, state, where, shown = row
    assert rule, number
    assert state.startswith(STATES), f"{number}: {state}"
    if not state.startswith("not yet"):
        assert where, number
        assert NAMED.findall(shown), f"{number} names no test"


def test_no_rule_is_broken() -> None:
    assert "broken" not in PAGE


def test_every_test_that_the_page_names_is_there() -> None:
    named = set(NAMED.findall(PAGE))
    assert len(named) > 40
    assert sorted(one for one in named if not is_there(one)) == []


def test_every_file_that_the_page_names_is_there() -> None:
    named = {one for one in re.findall(r"`([\w./-]+)`", PAGE) if "/" in one and not one.startswith("tests/")}
    assert len(named) > 25
    assert sorted(one for one in named if not (ROOT / one).exists()) == []
