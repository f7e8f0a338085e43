"""The ceiling: how many documents, and how much, a connection may post in an hour before it pauses and asks. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

HOUR = timedelta(hours=1)
_MINUTE_S = 60


@dataclass(frozen=True, slots=True)
class Posted:
    """Documents and amount per minute, by the minute's number since the epoch; kept for an hour."""

    minutes: Mapping[int, tuple[int, Decimal]] = field(default_factory=dict)

    def plus(self, at: datetime, amount: Decimal) -> Posted:
        """One more document of this amount."""
        minute = int(at.timestamp()) // _MINUTE_S
        kept = {m: v for m, v in self.minutes.items() if m > minute - 60}
        count, total = kept.get(minute, (0, Decimal(0)))
        return Posted({**kept, minute: (count + 1, total + abs(amount))})

    def of_hour(self, at: datetime) -> tuple[int, Decimal]:
        """Count and amount of the hour before `at`."""
        minute = int(at.timestamp()) // _MINUTE_S
        recent = [v for m, v in self.minutes.items() if m > minute - 60]
        return sum(count for count, _ in recent), sum((total for _, total in recent), Decimal(0))


Hour = dict[str, Posted]
"""By connection."""


def counted(hour: Hour, connection: str, at: datetime, amount: Decimal) -> None:
    """One more document of a connection."""
    hour[connection] = hour.get(connection, Posted()).plus(at, amount)


def exceeded(posted: Posted, limits: tuple[int, Decimal], amount: Decimal, at: datetime) -> str:
    """Why one more document of `amount` is over the ceiling (`limits` = documents and amount an hour); "" when it is not."""
    count, total = posted.of_hour(at)
    if count + 1 > limits[0]:
        return f"{count} documents in an hour, the ceiling is {limits[0]}"
    if total + abs(amount) > limits[1]:
        return f"{total} in an hour and {abs(amount)} more, the ceiling is {limits[1]}"
    return ""


REFUSALS_SEEN, REFUSALS_ALIKE = 25, 20


def nearly_all_refused(recent: tuple[str, ...]) -> str:
    """The code that nearly every recent attempt was refused with ("" = none); `recent` holds codes, "" for what was not refused."""
    last = recent[-REFUSALS_SEEN:]
    for code in set(last) - {""}:
        if last.count(code) >= REFUSALS_ALIKE:
            return code
    return ""
