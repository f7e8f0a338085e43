"""How a document differs from what its command wants: each difference as `field: theirs, ours`, as `Document.differences` lists them. Pure.

Values are compared as the books mean them: amounts by value, codes without case, blanks and the dashes of a mask, lines by their number or, where a
system gives them none of ours, in any order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

Line = tuple[str | Decimal, ...]


def differs(name: str, theirs: object, ours: object, *, equal: bool | None = None) -> Iterator[str]:
    """The difference of one field, if any; `equal` says it where the values themselves do not."""
    if not (theirs == ours if equal is None else equal):
        yield f"{name}: {theirs}, {ours}"


def texts_differ(theirs: Mapping[str, Any], ours: Mapping[str, Any], names: Iterable[str], of: str = "") -> Iterator[str]:
    """Fields that are not the same text; one that is absent is empty. `of` says whose they are (`line 2 `)."""
    for name in names:
        yield from differs(f"{of}{name}", str(theirs.get(name, "")), str(ours.get(name, "")))


def amount_differs(name: str, theirs: Decimal, ours: Decimal, within: Decimal = Decimal(0)) -> Iterator[str]:
    """An amount that is further from ours than a rounding that is allowed."""
    return differs(name, theirs, ours, equal=abs(theirs - ours) <= within)


def day_differs(name: str, theirs: object, ours: date) -> Iterator[str]:
    """A day that is another one; of theirs, a date or a text that begins with one, the day alone counts."""
    return differs(name, str(theirs)[:10], ours.isoformat())


def code_differs(name: str, theirs: str, ours: str) -> Iterator[str]:
    """A code of the system's that is another one; see `plain`."""
    return differs(name, theirs, ours, equal=plain(theirs) == plain(ours))


def plain(code: str) -> str:
    """A code without case, blanks and the dashes of a mask."""
    return code.replace("-", "").replace(" ", "").casefold()


def lines_differ(theirs: Iterable[Line], ours: Iterable[Line]) -> Iterator[str]:
    """Lines in any order: how many there are, else the first that has no equal."""
    held, wanted = sorted(theirs), sorted(ours)
    yield from differs("lines", len(held), len(wanted))
    if len(held) == len(wanted):
        pairs = ((one, other) for one, other in zip(held, wanted, strict=True) if one != other)
        for one, other in list(pairs)[:1]:
            yield f"line: {_told(one)}, {_told(other)}"


def numbered_lines_differ(
    theirs: Mapping[int, Mapping[str, Any]], ours: Mapping[int, Mapping[str, Any]], names: Sequence[str], amount: str
) -> Iterator[str]:
    """Lines by their number: the texts `names` and the field `amount` of each, which is a Decimal in both."""
    if set(theirs) != set(ours):
        yield f"lines: {len(theirs)}, {len(ours)}"
        return
    for number, wanted in ours.items():
        yield from texts_differ(theirs[number], wanted, names, f"line {number} ")
        yield from amount_differs(f"line {number} {amount}", theirs[number][amount], wanted[amount])


def _told(line: Line) -> str:
    return "/".join(map(str, line))
