"""Rows in memory: by key, by text, by the beginning of a text, in the order of their changes, and as they were."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from runtime.simulator.table import Table

Row = dict[str, Any]


def _found_by(row: Row) -> Iterator[tuple[str, str]]:
    yield "name", row["name"].casefold()
    yield "changed", row["changed"]


def _table(*rows: tuple[int, str, str]) -> Table[int, Row]:
    table: Table[int, Row] = Table(_found_by, lambda: 0.0)
    for key, name, changed in rows:
        table.put(key, {"id": key, "name": name, "changed": changed})
    return table


def _ids(rows: Any) -> list[int]:
    return [row["id"] for row in rows]


def test_rows_are_found_by_key_text_and_beginning() -> None:
    table = _table((3, "ST-1 a", "t1"), (1, "st-1 B", "t2"), (2, "ST-10", "t3"))
    assert (_ids(table), _ids(table.by_key()), len(table)) == ([3, 1, 2], [1, 2, 3], 3)
    assert (table.get(4), (table.get(1) or {})["name"]) == (None, "st-1 B")
    assert _ids(table.rows_with("name", "st-10")) == [2]
    assert _ids(table.rows_with("name", "st-1")) == []
    assert _ids(table.rows_with("name", "st-1", is_prefix=True)) == [3, 1, 2]
    assert _ids(table.rows_with("name", "st-1 ", is_prefix=True)) == [3, 1]
    assert table.keys_with("colour", "red") == []


def test_a_row_that_changes_is_found_by_what_it_holds_now_although_it_was_changed_in_place() -> None:
    table = _table((1, "a", "t1"), (2, "b", "t2"))
    row = table.get(1)
    assert row is not None
    row |= {"name": "c", "changed": "t3"}
    table.put(1, row)
    assert (_ids(table.rows_with("name", "a")), _ids(table.rows_with("name", "c"))) == ([], [1])
    assert (_ids(table), _ids(table.following("changed", "", 0, 9))) == ([1, 2], [2, 1])
    table.delete(1)
    table.delete(1)
    assert (_ids(table), _ids(table.rows_with("name", "c")), table.last_text("changed")) == ([2], [], "t2")


def test_a_feed_goes_on_after_a_text_and_a_key() -> None:
    table = _table((1, "a", "t1"), (2, "b", "t2"), (3, "c", "t2"), (4, "d", "t3"))
    assert _ids(table.following("changed", "t2", 0, 9)) == [2, 3, 4]
    assert _ids(table.following("changed", "t2", 2, 1)) == [3]
    assert _ids(table.following("changed", "t3", 4, 9)) == []
    assert _table().last_text("changed") == ""


def test_what_was_there_a_while_ago_is_shown_in_the_order_of_creation() -> None:
    now = [100.0]
    table: Table[int, Row] = Table(_found_by, lambda: now[0])
    for at, key, name in ((100, 2, "old"), (110, 1, "new"), (111, 2, "newer")):
        now[0] = at
        table.put(key, {"id": key, "name": name, "changed": ""})
    now[0] = 120
    table.delete(1)
    assert [row["name"] for row in table.as_of(0)] == ["newer"]
    assert [row["name"] for row in table.as_of(5)] == ["newer", "new"]
    assert [row["name"] for row in table.as_of(9.5)] == ["old", "new"]
    assert [row["name"] for row in table.as_of(15)] == ["old"]
    assert list(table.as_of(30)) == []
    assert _ids(table.in_order([2])) == [2]
