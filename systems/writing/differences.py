"""How a document differs from its command: each difference as `field: theirs, ours`, as `Document.differences` lists them. Pure.

Values are compared by their meaning in the books: amounts by value; codes without case, blanks and the dashes of a mask; lines by their number,
or in any order if the system does not keep our numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

Line = tuple[str | Decimal, ...]


def differs(name: str, theirs: object, ours: object, *, equal: bool | None = None) -> Iterator[str]:
    """The difference of one field, or none. `equal` says whether they are equal, for values that cannot be compared directly."""
    if not (theirs == ours if equal is None else equal):
        yield f"{name}: {theirs}, {ours}"


def texts_differ(theirs: Mapping[str, Any], ours: Mapping[str, Any], names: Iterable[str], of: str = "") -> Iterator[str]:
    """The fields whose texts differ. A field that is absent counts as empty. `of` names what they belong to (`line 2 `)."""
    for name in names:
        yield from differs(f"{of}{name}", str(theirs.get(name, "")), str(ours.get(name, "")))


def amount_differs(name: str, theirs: Decimal, ours: Decimal, within: Decimal = Decimal(0)) -> Iterator[str]:
    """The difference of an amount, if it is larger than the rounding that is allowed."""
    return differs(name, theirs, ours, equal=abs(theirs - ours) <= within)


def day_differs(name: str, theirs: object, ours: date) -> Iterator[str]:
    """The difference of a day. Theirs is a date or a text that begins with one; only the day counts."""
    return differs(name, str(theirs)[:10], ours.isoformat())


def code_differs(name: str, theirs: str, ours: str) -> Iterator[str]:
    """The difference of a code; see `plain`."""
    return differs(name, theirs, ours, equal=plain(theirs) == plain(ours))


def plain(code: str) -> str:
    """The code without case, blanks and the dashes of a mask."""
    return code.replace("-", "").replace(" ", "").casefold()


def lines_differ(theirs: Iterable[Line], ours: Iterable[Line]) -> Iterator[str]:
    """The difference of lines in any order: their number, or else the first of our lines that has no equal."""
    held, wanted = sorted(theirs), sorted(ours)
    yield from differs("lines", len(held), len(wanted))
    if len(held) == len(wanted):
        pairs = ((one, other) for one, other in zip(held, wanted, strict=True) if one != other)
        for one, other in list(pairs)[:1]:
            yield f"line: {_told(one)}, {_told(other)}"


def numbered_lines_differ(
    theirs: Mapping[int, Mapping[str, Any]], ours: Mapping[int, Mapping[str, Any]], names: Sequence[str], amount: str
) -> Iterator[str]:
    """The differences of lines by their number: the texts `names` and the field `amount` of each, which is a Decimal on both sides."""
    if set(theirs) != set(ours):
        yield f"lines: {len(theirs)}, {len(ours)}"
        return
    for number, wanted in ours.items():
        yield from texts_differ(theirs[number], wanted, names, f"line {number} ")
        yield from amount_differs(f"line {number} {amount}", theirs[number][amount], wanted[amount])


def _told(line: Line) -> str:
    return "/".join(map(str, line))
