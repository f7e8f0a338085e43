"""The ceiling: how many documents, and what amount, a connection may write in an hour before it pauses and a person is asked.

A document takes its place when its first request is intended, so that two lanes cannot take the same place. It gives the place back when it
is certain that we wrote nothing. After a lost answer it keeps the place.
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

    `open` are the places of documents whose end is not known yet, by op-key.
    """

    minutes: dict[int, tuple[int, Decimal]] = field(default_factory=dict)
    open: dict[str, tuple[int, Decimal]] = field(default_factory=dict)
    _count: int = 0
    _total: Decimal = Decimal(0)

    def take(self, op_key: str, at: datetime, amount: Decimal) -> None:
        """Take a place for this document. Taking it twice has no further effect."""
        if op_key not in self.open:
            minute = int(at.timestamp()) // _MINUTE_S
            self.open[op_key] = (minute, abs(amount))
            self._add(minute, 1, abs(amount))

    def give_back(self, op_key: str) -> None:
        """Give the place back: we wrote nothing of this document."""
        place = self.open.pop(op_key, None)
        if place is not None and place[0] in self.minutes:
            self._add(place[0], -1, -place[1])

    def ended(self, op_key: str) -> None:
        """The document was written: it can no longer give its place back."""
        self.open.pop(op_key, None)

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
        if count + 1 > limits[0]:
            return f"{count} documents in an hour, the ceiling is {limits[0]}"
        if total + abs(entry["amount"]) > limits[1]:
            return f"{total:.2f} in an hour and {abs(entry['amount']):.2f} more, the ceiling is {limits[1]:.2f}"
        return ""

    def follow(self, entry: Ledger) -> None:
        """Keep or give back the document's place, depending on its newest state."""
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
    """When we wrote a document that the ceiling counts, or may have written it; None if we did not."""
    if not counts(entry) or entry["state"] == e.ADOPTED or not e.is_written(entry) or entry["state"] == e.UNCHANGED:
        return None
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
