"""Which item of an order in ServiceTitan belongs to which line of the ERP's order. Pure.

An item has no number and keeps no key of ours (OpenAPI). It is identified by its sku, quantity and cost, and by its place among the items of the same
sku. Ids grow in the order in which items are sent (assumed). If these do not suffice, a person decides (accounting.md 23), because a receipt of the
wrong line would be posted to the wrong schedule.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from runtime.errors import Malformed
from systems.values.members import Row, required_id, rows
from systems.values.numbers import number

ORDER, LINE = "purchase_order", "order_line"
"""The entities of an order and of its lines in pairs and parents."""
AMBIGUOUS = "ambiguous_lines"


@dataclass(frozen=True)
class Wanted:
    """A line as the command wants it; `source_id` is the id of the line in the ERP."""

    source_id: str
    sku: str
    quantity: Decimal
    cost: Decimal

    @property
    def value(self) -> tuple[Decimal, Decimal]:
        """What distinguishes the line from others of its sku: quantity and cost."""
        return self.quantity, self.cost


@dataclass(frozen=True)
class Item:
    """An item as ServiceTitan shows it."""

    id: str
    sku: str
    quantity: Decimal
    cost: Decimal

    @property
    def value(self) -> tuple[Decimal, Decimal]:
        """See `Wanted.value`."""
        return self.quantity, self.cost


@dataclass(frozen=True)
class Pairing:
    """Each wanted line with its item (None = there is none yet), in the order of the lines; the items without a line; and why the pairing is unclear
    ("" = it is clear)."""

    lines: tuple[tuple[Wanted, Item | None], ...]
    gone: tuple[Item, ...] = ()
    ambiguous: str = ""


def wanted(lines: Sequence[Mapping[str, Any]]) -> list[Wanted]:
    """The lines of a command."""
    return [Wanted(one["source_line_id"], one["item"], one["quantity"], one["unit_cost"]) for one in lines]


def shown(row: Row) -> list[Item]:
    """The items of an order, by their ids. Raises `Malformed`."""
    found = [
        Item(required_id(one), required_id(one, "skuId"), _decimal(one, "quantity"), _decimal(one, "cost"))
        for one in rows(row, "items")
    ]
    return sorted(found, key=lambda item: (len(item.id), item.id))


def _decimal(item: Row, name: str) -> Decimal:
    found = number(item.get(name))
    if found is None:
        raise Malformed(f"items: {name} is not a number")
    return found


def equal_lines(lines: Sequence[Wanted]) -> str:
    """The lines that are equal in sku, quantity and cost, in words; "" if there are none."""
    seen: dict[tuple[str, Decimal, Decimal], str] = {}
    for one in lines:
        other = seen.setdefault((one.sku, *one.value), one.source_id)
        if other != one.source_id:
            return f"lines {other} and {one.source_id} are equal in item, quantity and cost"
    ids = [one.source_id for one in lines]
    return "" if len(set(ids)) == len(ids) and all(ids) else "a line has no id of its own"


def paired(lines: Sequence[Wanted], items: Sequence[Item], *, by_position: bool) -> Pairing:
    """See `Pairing`. With `by_position`, as a person may decide, lines that are equal in everything are paired in the order of the ids."""
    found: dict[str, Item | None] = {}
    gone: list[Item] = []
    for sku in dict.fromkeys([*(one.sku for one in lines), *(one.sku for one in items)]):
        ours, theirs = [one for one in lines if one.sku == sku], [one for one in items if one.sku == sku]
        matched = _matched(ours, theirs, by_position=by_position)
        if matched is None:
            ids = f"{', '.join(one.source_id for one in ours) or 'none'} and items {', '.join(one.id for one in theirs)}"
            return Pairing((), (), f"sku {sku}: lines {ids} cannot be told apart by quantity, cost and order")
        found |= {one.source_id: item for one, item in zip(ours, matched, strict=True)}
        gone += [item for item in theirs if item not in matched]
    return Pairing(tuple((one, found[one.source_id]) for one in lines), tuple(gone))


def _matched(ours: list[Wanted], theirs: list[Item], *, by_position: bool) -> list[Item | None] | None:
    """For each of our lines of one sku, its item; None if it is unclear which one."""
    if not theirs:
        return [None] * len(ours)
    if not ours:
        return []
    wants, holds = [one.value for one in ours], [one.value for one in theirs]
    are_distinct = len(set(wants)) == len(wants) and len(set(holds)) == len(holds)
    if not (are_distinct or by_position):
        return None
    if len(ours) == len(theirs):
        changed = [pair for pair in zip(wants, holds, strict=True) if pair[0] != pair[1]]
        return list(theirs) if len(changed) <= 1 or by_position else None
    return _within(wants, holds, theirs) if are_distinct else None


def _within(
    wants: list[tuple[Decimal, Decimal]], holds: list[tuple[Decimal, Decimal]], theirs: list[Item]
) -> list[Item | None] | None:
    """The pairing if lines were only added or removed, and the others are unchanged and in order; None otherwise."""
    places = {value: place for place, value in enumerate(holds)}
    at = [places.get(value) for value in wants]
    kept = [place for place in at if place is not None]
    if kept != sorted(kept) or len(kept) != min(len(wants), len(holds)):
        return None
    return [None if place is None else theirs[place] for place in at]
