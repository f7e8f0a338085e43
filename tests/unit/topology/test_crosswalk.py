"""Look-ups in mapping tables: one form of a code on both sides, parts by a column, look-alikes told apart from what has no row."""

from __future__ import annotations

import unicodedata
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from systems.values.codes import code, key_of, row_name, shape, visible
from topology.crosswalk import Tables, tables_of


def tables(*rows: tuple[str, dict[str, str]], day: date | None = None) -> Tables:
    return tables_of({"table": "line_type", "row": name, "values": values, "effective_from": day} for name, values in rows)


SAME = [
    "PIPE-1 ",
    " PIPE-1",
    "PIPE-1\u00a0",
    "PIPE\u200b-1",
    "\ufeffPIPE-1",
    "PIPE\u00ad-1",
    "PIPE-1\n",
    "PIPE-1\x00",
    "PIPE-1\ufe0e",
]
ALIKE = ["pipe-1", "PIPE–1", "PIPE‑1", "РIРE-1", "ＰＩＰＥ-1", "PIPE -1", "PIPE−1", "PlPE-1", "PÍPE-1", "PIPE-I"]


@pytest.mark.parametrize("key", SAME)
def test_what_nobody_sees_does_not_make_another_code(key: str) -> None:
    """`PIPE-1` + blank in a record was another code than `PIPE-1` in the table, and went to another account."""
    for found in (
        tables(("PIPE-1", {"account": "1"})).row("line_type", key),
        tables((key, {"account": "1"})).row("line_type", "PIPE-1"),
    ):
        assert found == {"account": "1"}


def test_composed_and_decomposed_accents_are_one_code() -> None:
    composed, decomposed = (unicodedata.normalize("NFC", "Café"), unicodedata.normalize("NFD", "Café"))
    assert tables((composed, {"account": "1"})).row("line_type", decomposed) == {"account": "1"}
    assert tables((decomposed, {"account": "1"})).row("line_type", composed) == {"account": "1"}


@pytest.mark.parametrize("key", ALIKE)
def test_a_look_alike_has_no_row_and_is_told(key: str) -> None:
    found = tables(("PIPE-1", {"account": "1"}))
    assert found.row("line_type", key) is None
    assert found.alike("line_type", key) == "PIPE-1"


@pytest.mark.parametrize(
    ("key", "row"),
    [
        ("2200.10", "2200.1"),
        ("2200.0", "2200"),
        ("２２００．１０", "2200.1"),
        ("0.50", "0.5"),
        ("'00123", "00123"),
        ("’123", "00123"),
        ("'PIPE", "PIPE"),
        ("PIPØ-1", "PIP0-1"),
        ("A⁄B", "A/B"),
        ("A∕B", "A/B"),
        ("A˗B", "A-B"),
        ("PIPE\u00ad-2", "Pipe-2"),
        ("ΡΙΡΕ", "PIPE"),
        ("ᲞᲘᲞᲔ", "პიპე"),
        ("İSTANBUL", "istanbul"),
        ("ISTANBUL", "ıstanbul"),
        ("٤٠١٠٠", "40100"),
        ("Straße", "STRASSE"),
    ],
)
def test_what_a_spreadsheet_takes_off_or_another_keyboard_writes_is_a_look_alike(key: str, row: str) -> None:
    """`2200.10` fell to the default where the table has what a spreadsheet made of it."""
    found = tables((row, {"account": "1"}), ("*", {"account": "9"}))
    assert (found.row("line_type", key), found.alike("line_type", key)) == (None, row)


@pytest.mark.parametrize(
    ("key", "row"), [("1.10.0", "1.1"), ("v1.10", "v1.1"), ("5'", "5"), ("10", "1"), ("100.5", "1005"), ("PIPE.", "PIPE")]
)
def test_zeros_and_apostrophes_that_mean_something_make_no_look_alike(key: str, row: str) -> None:
    assert tables((row, {})).alike("line_type", key) == ""


@pytest.mark.parametrize(
    ("key", "row"), [("40100", "040100"), ("0123", "123"), ("٤٠١", "401"), ("４０１", "401"), ("Net 30", "NET30")]
)
def test_leading_zeros_width_and_blanks_make_look_alikes(key: str, row: str) -> None:
    assert tables((row, {})).alike("line_type", key) == row


@pytest.mark.parametrize("key", ["PIPE-1", "PIPE-2", "", " ", "\u200b", "100.05", "की"])
def test_a_code_of_its_own_looks_like_no_other(key: str) -> None:
    assert tables(("PIPE-1", {}), ("PIPE-11", {}), ("100.5", {}), ("का", {})).alike("line_type", key) == ""


def test_rows_of_an_older_configuration_that_became_one_code_count_for_nothing() -> None:
    found = tables(("PIPE-1", {"account": "1"}), ("PIPE-1\u200b", {"account": "2"}))
    assert found.row("line_type", "PIPE-1") is None
    assert found.alike("line_type", "PIPE-1") == "PIPE-1"


def test_a_part_is_a_column_and_a_name_may_hold_any_sign() -> None:
    """The tax of code `Austin` was split over the zone named `Austin/Travis` as well."""
    parts = [(row_name("Austin", part), {"part": part, "account": number}) for part, number in (("state", "1"), ("city", "2"))]
    others = [("Austin/Travis", {"account": "3"}), ("Austin city", {"account": "4"}), ("Austin (city)", {"account": "5"})]
    found = tables(*parts, *others)
    assert [row["account"] for row in found.parts("line_type", "Austin")] == ["2", "1"]
    assert found.row("line_type", "Austin") is None
    assert [found.row("line_type", name) for name, _ in others] == [values for _, values in others]
    assert not any(found.parts("line_type", name) for name, _ in others)


def test_rows_are_taken_as_of_a_day_in_their_normal_form() -> None:
    later: dict[str, Any] = {"table": "line_type", "row": "x\u200b", "values": {"account": "2"}, "effective_from": date(2026, 4, 1)}
    found = tables_of([later])
    assert found.row("line_type", "x", date(2026, 3, 31)) is None
    assert found.row("line_type", "x", date(2026, 4, 1)) == {"account": "2"}
    assert found.alike("line_type", "x") == ""


@given(st.text(max_size=12))
def test_the_normal_form_is_one(text: str) -> None:
    assert code(code(text)) == code(text) == code(f" {visible(text)}\u200b\u00a0")
    assert code(unicodedata.normalize("NFD", text)) == code(text)
    assert shape(code(text)) == shape(text)
    assert "  " not in code(text)


@given(st.text(max_size=8).map(code), st.text(max_size=8).map(code))
def test_a_row_gives_its_key_back(key: str, part: str) -> None:
    assert key_of(row_name(key, part), {"part": part}) == key
