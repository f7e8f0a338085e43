"""Which document of one side corresponds to which document of the other, if neither carries a ref of ours. Pure.

Documents that people typed on both sides have no common id. Documents of one kind and currency are paired by these rules, in this order, each
document once:

    1  party and number are equal, and so is the amount
    2  party, day and amount are equal
    3  party and amount are equal, and the days are at most a week apart, the nearest first
    4  number and amount are equal, whatever the party is: a partner that nobody matched
    5  party and number are equal, but the amounts differ

Unpaired documents are on one side only. A pairing is only reported to people; no decision follows from it.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

BOTH, DIFFERENT, SOURCE_ONLY, ERP_ONLY = "both", "different", "source_only", "erp_only"
KINDS = (BOTH, DIFFERENT, SOURCE_ONLY, ERP_ONLY)
"""On both sides with one amount; on both sides with two amounts; only at the source; only in the ERP."""
NEAR_DAYS = 7


@dataclass(frozen=True, slots=True)
class Entered:
    """A document of one side. `kind` is its entity, `numbers` are those by which people know it, and `parties` the names of its partner: ids in the
    ERP and the folded name."""

    kind: str
    id: str
    numbers: frozenset[str]
    parties: frozenset[str]
    party_name: str
    day: date | None
    amount: Decimal
    currency: str

    @property
    def number(self) -> str:
        """The number that is shown."""
        return min(self.numbers, default="")


@dataclass(frozen=True, slots=True)
class Pair:
    """One result: two documents that belong together, or a single one."""

    found: str
    source: Entered | None
    erp: Entered | None

    @property
    def shown(self) -> Entered:
        """The document that represents the pair: the source's, else the ERP's."""
        found = self.source or self.erp
        assert found is not None
        return found

    @property
    def difference(self) -> Decimal:
        """The source's amount less the ERP's."""
        mine = self.source.amount if self.source is not None else Decimal(0)
        return mine - (self.erp.amount if self.erp is not None else Decimal(0))


Keys = Callable[[Entered], Iterable[Hashable]]


def _by_number_and_amount(one: Entered) -> Iterator[Hashable]:
    yield from ((party, number, one.amount) for party in one.parties for number in one.numbers)


def _by_day(one: Entered) -> Iterator[Hashable]:
    yield from ((party, one.day, one.amount) for party in one.parties if one.day is not None)


def _by_number(one: Entered) -> Iterator[Hashable]:
    yield from ((number, one.amount) for number in one.numbers)


def _by_party_and_number(one: Entered) -> Iterator[Hashable]:
    yield from ((party, number) for party in one.parties for number in one.numbers)


def _days_apart(days: int) -> Keys:
    """Keys like `_by_day`, for documents that many days before or after."""

    def keys(one: Entered) -> Iterator[Hashable]:
        if one.day is not None:
            near = one.day - timedelta(days=days), one.day + timedelta(days=days)
            yield from ((party, day, one.amount) for day in near for party in one.parties)

    return keys


_RULES: tuple[tuple[Keys, Keys, str], ...] = (
    (_by_number_and_amount, _by_number_and_amount, BOTH),
    (_by_day, _by_day, BOTH),
    *((_days_apart(days), _by_day, BOTH) for days in range(1, NEAR_DAYS + 1)),
    (_by_number, _by_number, BOTH),
    (_by_party_and_number, _by_party_and_number, DIFFERENT),
)
"""The keys under which documents of the source are looked up, those under which documents of the ERP are stored, and the kind of pair. Each is an
index look-up, so that fifty thousand equal documents cost no more than others."""


def paired(source: Iterable[Entered], erp: Iterable[Entered]) -> list[Pair]:
    """Every document of both sides, once. The order of the arguments' documents does not matter."""
    ours, theirs = _grouped(source), _grouped(erp)
    found: list[Pair] = []
    for group in sorted(ours.keys() | theirs.keys()):
        found += _paired(ours[group], theirs[group])
    return found


def _grouped(documents: Iterable[Entered]) -> dict[tuple[str, str], list[Entered]]:
    made: dict[tuple[str, str], list[Entered]] = defaultdict(list)
    for one in sorted(documents, key=lambda one: (one.day or date.min, one.id)):
        made[(one.kind, one.currency)].append(one)
    return made


def _paired(ours: Sequence[Entered], theirs: Sequence[Entered]) -> Iterator[Pair]:
    free = {one.id: one for one in theirs}
    left = list(ours)
    for looked_for, kept_under, found in _RULES:
        places: dict[Hashable, deque[str]] = defaultdict(deque)
        for one in free.values():
            for key in kept_under(one):
                places[key].append(one.id)
        rest = []
        for mine in left:
            choice = _first_free(mine, looked_for, places, free)
            if choice is None:
                rest.append(mine)
            else:
                yield Pair(found, mine, free.pop(choice))
        left = rest
    yield from (Pair(SOURCE_ONLY, mine, None) for mine in left)
    yield from (Pair(ERP_ONLY, None, one) for one in free.values())


def _first_free(mine: Entered, keys: Keys, places: Mapping[Hashable, deque[str]], free: Mapping[str, Entered]) -> str | None:
    """The earliest unpaired document of the first of these keys that has one. Documents that are already paired are dropped when they are met."""
    for key in keys(mine):
        place = places.get(key, deque())
        while place and place[0] not in free:
            place.popleft()
        if place:
            return place[0]
    return None
