"""Which item is which line: by sku, quantity, cost and order, and never by a guess."""

from __future__ import annotations

from decimal import Decimal

import pytest

from systems.servicetitan.order_lines import Item, Wanted, equal_lines, paired, shown

D = Decimal


def wants(*values: tuple[str, str, str]) -> list[Wanted]:
    return [Wanted(f"L{number}", sku, D(quantity), D(cost)) for number, (sku, quantity, cost) in enumerate(values)]


def items(*values: tuple[str, str, str]) -> list[Item]:
    return [Item(str(100 + number), sku, D(quantity), D(cost)) for number, (sku, quantity, cost) in enumerate(values)]


A5, A3, A9, B5 = ("1", "5", "2"), ("1", "3", "2"), ("1", "9", "2"), ("2", "5", "2")


@pytest.mark.parametrize(
    ("ours", "theirs", "found", "gone"),
    [
        ([A5, B5, A3], [A5, B5, A3], ["100", "101", "102"], []),
        ([B5, A5], [A5, B5], ["101", "100"], []),  # another order of different skus tells nothing
        ([A5, A3], [A5, A9], ["100", "101"], []),  # one line changed
        ([A9], [A5], ["100"], []),
        ([A5, A3, A9], [A5, A3], ["100", "101", None], []),  # one was added
        ([A5, A9, A3], [A5, A3], ["100", None, "101"], []),  # also between others
        ([A3], [A5, A3], ["101"], ["100"]),  # one was taken away
        ([B5], [A5], [None], ["100"]),  # another sku is another item
        ([A5], [], [None], []),
    ],
)
def test_what_can_be_told_is_paired(
    ours: list[tuple[str, str, str]], theirs: list[tuple[str, str, str]], found: list[str | None], gone: list[str]
) -> None:
    made = paired(wants(*ours), items(*theirs), by_position=False)
    assert made.ambiguous == ""
    assert [(line.source_id, item and item.id) for line, item in made.lines] == [(f"L{n}", one) for n, one in enumerate(found)]
    assert [item.id for item in made.gone] == gone


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ([A5, A5], [A5, A5]),  # equal in everything
        ([A5, A3], [A3, A5]),  # exchanged: two changes, or items in another order
        ([A5, A3], [A9, ("1", "8", "2")]),  # both changed
        ([A5, A3, A9], [A3, A5]),  # exchanged, and one more
        ([A5, A3], [A5, A5]),  # two equal items, one of which changed
        ([A5, A5], [A5]),
        ([A9, A3, A5], [A5, ("1", "8", "2")]),  # one was added and one was changed
    ],
)
def test_what_cannot_be_told_is_a_persons(ours: list[tuple[str, str, str]], theirs: list[tuple[str, str, str]]) -> None:
    made = paired(wants(*ours), items(*theirs), by_position=False)
    assert made.lines == ()
    assert "cannot be told apart" in made.ambiguous


def test_a_person_may_say_that_the_order_of_ids_tells_it() -> None:
    made = paired(wants(A5, A5), items(A5, A5), by_position=True)
    assert [item and item.id for _, item in made.lines] == ["100", "101"]
    changed = paired(wants(A5, A3), items(A5, A5), by_position=True)
    assert [item and item.id for _, item in changed.lines] == ["100", "101"]
    assert paired(wants(A5, A5, A5), items(A5, A5), by_position=True).ambiguous, "of which one was added, nobody can say"


def test_a_quantity_is_a_number_and_not_its_spelling() -> None:
    row = {
        "items": [{"id": 9, "skuId": 1, "quantity": D("5.000"), "cost": D("2.0")}, {"id": 8, "skuId": 1, "quantity": 3, "cost": 2}]
    }
    assert [item.id for item in shown(row)] == ["8", "9"]
    assert paired(wants(A3, A5), shown(row), by_position=False).ambiguous == ""


def test_lines_that_nothing_tells_apart_are_told_before_anything_is_written() -> None:
    assert equal_lines(wants(A5, B5, A3)) == ""
    assert equal_lines(wants(A5, B5, A5)) == "lines L0 and L2 are equal in item, quantity and cost"
    assert equal_lines([Wanted("L0", "1", D(1), D(1)), Wanted("L0", "2", D(1), D(1))]) == "a line has no id of its own"
    assert equal_lines([Wanted("", "1", D(1), D(1))]) == "a line has no id of its own"
