"""Applications of one source object to one document, where one is taken back and another comes: which of them has to wait. Pure.

An application may have no ref of its own in the system: it is found by what it applies, what it settles and its amount. The look-up of a new one
would then take the row of another one that is still to be taken back for its own. So of all that concerns the same document:

1. what has an attempt open is settled first, where it or the other takes something back
2. reversals
3. the correction that was begun
4. the other corrections, in the order of the log
5. new applications

An application whose document is not known may settle any of them. What is held keeps the later ones waiting, too.
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
    """The first of what has to end before `entry` is looked up or written, of all entries of its set."""
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
    """Which of those that take a part back goes on first: what was begun, else the newest."""
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
    """All that a part settles, or settled before; None where that is not known."""
    found = [one.get("settles") or [] for one in of_part]
    return {name for names in found for name in names} if all(found) else None


def _meet(one: set[str] | None, other: set[str] | None) -> bool:
    return one is None or other is None or bool(one & other)
