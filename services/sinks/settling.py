"""Which application has to wait if one application of a source object to a document is taken back and another one comes. Pure.

In some systems an application has no ref of its own: it is found by what it applies, what it settles and its amount. The look-up of a new
one would then find the row of another one that is still to be taken back. Therefore all entries about the same document go in this order:

1. entries with an open attempt are settled first, if they or the waiting entry take something back
2. reversals
3. the correction that was begun
4. the other corrections, in the order of the log
5. new applications

An application whose document is unknown may settle any document. A held entry keeps the later ones waiting, too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from schemas.records import Ledger
from services.sinks import entry as e
from services.sinks import reasons
from systems.mapped import COMPLETION

_REVERSAL, _BEGUN, _CHANGE, _NEW = range(4)


def ahead(entry: Ledger, alike: Iterable[Ledger]) -> Ledger | None:
    """The first entry of the set that has to end before `entry` is looked up or written; None if there is none."""
    parts: dict[str, list[Ledger]] = defaultdict(list)
    for one in alike:
        if one["record"] != COMPLETION:
            parts[one["part"]].append(one)
    own = _settled([entry, *parts.pop(entry["part"], ())])
    open_ones = [_open(of_part) for of_part in parts.values() if _meet(own, _settled(of_part))]
    found = [one for of_part in open_ones for one in of_part if e.intent_open(one) and (e.takes_back(one) or e.takes_back(entry))]
    if not found and _rank(entry) != _REVERSAL:
        nexts = [_next(of_part) for of_part in open_ones if any(map(e.takes_back, of_part))]
        found = [one for one in nexts if _order(one) < _order(entry)]
    return min(found, key=_order, default=None)


def in_turn(entry: Ledger, first: Ledger | None, at: datetime) -> Ledger | None:
    """The entry, waiting for the one that is ahead of it."""
    if first is None or e.intent_open(entry):
        return None
    stands = first["state"].lower() if not first["reason"] else f"{first['state'].lower()} ({first['reason']})"
    about = f"{_words(first)} {first['part']} ({first['amount']} {first['currency']}, {first['ref']})"
    detail = f"{about} to the same document ends first: {stands}"
    return e.waits(entry, at, reasons.PARENT, detail, waits_for=[f"{entry['source_entity']}/{entry['source_id']}"])


def _words(entry: Ledger) -> str:
    if not e.takes_back(entry):
        return "application"
    return "correction of application" if e.is_change(entry) else "reversal of application"


def _open(of_part: Iterable[Ledger]) -> list[Ledger]:
    return [one for one in of_part if not e.is_terminal(one)]


def _next(of_part: Iterable[Ledger]) -> Ledger:
    """Of the entries that take a part back, the one that goes first: the one that was begun, else the newest."""
    takers = [one for one in of_part if e.takes_back(one)]
    return max(takers, key=lambda one: (e.may_exist(one), e.place(one)))


def _rank(entry: Ledger) -> int:
    if not e.takes_back(entry):
        return _NEW
    if not e.is_change(entry):
        return _REVERSAL
    return _BEGUN if e.may_exist(entry) else _CHANGE


def _order(entry: Ledger) -> tuple[int, tuple[str, int], str]:
    return _rank(entry), e.place(entry) if e.takes_back(entry) else ("", 0), entry["op_key"] if e.takes_back(entry) else ""


def _settled(of_part: Iterable[Ledger]) -> set[str] | None:
    """Every document that a part settles, or settled before; None if that is unknown."""
    found = [one.get("settles") or [] for one in of_part]
    return {name for names in found for name in names} if all(found) else None


def _meet(one: set[str] | None, other: set[str] | None) -> bool:
    return one is None or other is None or bool(one & other)
