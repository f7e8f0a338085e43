"""The ceiling: how many documents, and what amount, a connection may write in an hour before it pauses and a person is asked.

A document takes its place when its first request is intended, so that two lanes cannot take the same place. It gives the place back when it
is certain that we wrote nothing. After a lost answer it keeps the place.

After the loss of a ledger, a document that an earlier ledger may have written counts as if it was written when its command came, until it
was looked up: found under our ref it keeps the place.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from schemas.records import Ledger
from services.sinks import entry as e

HOUR = timedelta(hours=1)
_MINUTE_S = 60


@dataclass
class Hour:
    """What one connection wrote, or may have written, in the last hour: count and amount for each minute since the epoch.

    `open` are the places of documents whose end is not known yet, by op-key; `doubted` those of documents that a lost ledger may have written:
    they count for every other document, and not for their own.
    """

    minutes: dict[int, tuple[int, Decimal]] = field(default_factory=dict)
    open: dict[str, tuple[int, Decimal]] = field(default_factory=dict)
    doubted: dict[str, tuple[int, Decimal]] = field(default_factory=dict)
    _count: int = 0
    _total: Decimal = Decimal(0)

    def take(self, op_key: str, at: datetime, amount: Decimal) -> None:
        """Take a place for this document. Taking it twice has no further effect."""
        self._give_back(self.doubted, op_key)
        self._take(self.open, op_key, at, amount)

    def doubt(self, op_key: str, at: datetime, amount: Decimal) -> None:
        """Count this document as one that a lost ledger may have written."""
        self._take(self.doubted, op_key, at, amount)

    def give_back(self, op_key: str) -> None:
        """Give the place back: we wrote nothing of this document."""
        self._give_back(self.open, op_key)

    def ended(self, op_key: str) -> None:
        """The document was written: it can no longer give its place back."""
        self.open.pop(op_key, None)

    def _doubt_ends(self, entry: Ledger) -> None:
        """It was looked up: what was found keeps the place."""
        op_key = entry["op_key"]
        if op_key in self.doubted and e.is_written(entry) and op_key not in self.open:
            self.open[op_key] = self.doubted.pop(op_key)
        self._give_back(self.doubted, op_key)

    def _take(self, places: dict[str, tuple[int, Decimal]], op_key: str, at: datetime, amount: Decimal) -> None:
        if op_key not in places:
            minute = int(at.timestamp()) // _MINUTE_S
            places[op_key] = (minute, abs(amount))
            self._add(minute, 1, abs(amount))

    def _give_back(self, places: dict[str, tuple[int, Decimal]], op_key: str) -> None:
        place = places.pop(op_key, None)
        if place is not None and place[0] in self.minutes:
            self._add(place[0], -1, -place[1])

    def _add(self, minute: int, count: int, amount: Decimal) -> None:
        known, total = self.minutes.get(minute, (0, Decimal(0)))
        self.minutes[minute] = (known + count, total + amount)
        self._count += count
        self._total += amount

    def of_hour(self, at: datetime) -> tuple[int, Decimal]:
        """Count and amount of the hour before `at`. Forgets what is older."""
        first = int(at.timestamp()) // _MINUTE_S - 60
        for minute in [m for m in self.minutes if m <= first]:
            count, total = self.minutes.pop(minute)
            self._count -= count
            self._total -= total
        return self._count, self._total

    def exceeded(self, limits: tuple[int, Decimal], entry: Ledger, at: datetime) -> str:
        """Why one more document would exceed the ceiling (`limits` = documents and amount per hour); "" if it would not."""
        if entry["op_key"] in self.open:
            return ""
        count, total = self.of_hour(at)
        minute, amount = self.doubted.get(entry["op_key"], (0, Decimal(0)))
        if minute in self.minutes:
            count, total = count - 1, total - amount
        if count + 1 > limits[0]:
            return f"{count} documents in an hour, the ceiling is {limits[0]}"
        if total + abs(entry["amount"]) > limits[1]:
            return f"{total:.2f} in an hour and {abs(entry['amount']):.2f} more, the ceiling is {limits[1]:.2f}"
        return ""

    def follow(self, entry: Ledger) -> None:
        """Keep or give back the document's place, depending on its newest state."""
        if not e.may_predate(entry):
            self._doubt_ends(entry)
        if entry["op_key"] not in self.open:
            return
        if entry["state"] == e.ADOPTED or not e.is_written(entry):
            self.give_back(entry["op_key"])
        elif e.is_terminal(entry):
            self.ended(entry["op_key"])


def counts(entry: Ledger) -> bool:
    """Whether the ceiling counts such documents. It does not count masters."""
    return entry["purpose"] != e.MASTER


def written_at(entry: Ledger) -> datetime | None:
    """When we wrote a document that the ceiling counts, or may have written it; None if we did not. What a lost ledger may have written is
    counted when its command came."""
    if not counts(entry) or not e.is_written(entry) or entry["state"] == e.UNCHANGED:
        return None
    if entry["state"] == e.ADOPTED:
        return entry["first_seen_at"] if entry.get("tried_since") is None else None
    if e.is_presumed(entry):
        return entry["first_seen_at"]
    sent = [one["at"] for one in entry["attempts"] if one["answer"] in ("yes", "ambiguous", "found")]
    return sent[0] if sent else entry["updated_at"]


REFUSALS_SEEN, REFUSALS_ALIKE = 25, 20


def nearly_all_refused(recent: Iterable[str]) -> str:
    """The code with which nearly every recent attempt was refused ("" = none). `recent` holds the codes, "" for an attempt that was not refused."""
    last = list(recent)[-REFUSALS_SEEN:]
    for code in set(last) - {""}:
        if last.count(code) >= REFUSALS_ALIKE:
            return code
    return ""
