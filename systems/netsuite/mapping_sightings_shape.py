"""An object of NetSuite with everything that was read of it: its row, the rows of its lines, and the rows of its links to what it settles. Pure.

In a row of SuiteQL every value is a text; ids, amounts and quantities are numbers in decimal notation, a column without a value is absent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from runtime.errors import Malformed
from runtime.json import parse
from schemas.records import Raw
from systems.mapped import Reading
from systems.netsuite.models import SYSTEM, Row, truth
from systems.netsuite.settings import Settings
from systems.netsuite.wall import instant
from systems.values.members import money, money_or_zero, text, timed

ZERO = Decimal(0)


@dataclass(frozen=True)
class Whole:
    """An object: its row, its lines after the main line, its tax lines, its main line, what it settles, when it was read, and the choices of the
    connection. `notes` receives what was rounded or left out."""

    row: Row
    main: Row
    lines: Sequence[Row]
    taxes: Sequence[Row]
    links: Sequence[Row]
    read_at: datetime
    reading: Reading
    settings: Settings
    notes: list[str] = field(default_factory=list)

    def instant(self, name: str) -> datetime | None:
        """A time of the user's zone; None if there is none. Raises `Malformed`."""
        found = text(self.row, name)
        if not found:
            return None
        try:
            return instant(found, self.read_at, self.settings.time_zone)
        except ValueError as error:
            raise Malformed(f"{name}: {found[:40]!r} is not a time") from error

    @property
    def currency(self) -> str:
        """The currency of a document."""
        return text(self.row, "currencysymbol") or self.reading.currency

    @property
    def total(self) -> Decimal:
        """The amount of a document on its main line; a debit is positive."""
        return money(self.row, "foreigntotal")

    @property
    def tax(self) -> Decimal:
        """The sum of its tax lines; a debit is positive."""
        return sum((money_or_zero(line, "foreignamount") for line in self.taxes), ZERO)

    @property
    def subsidiary(self) -> str:
        """The subsidiary of a document. A journal has no main line that gives it."""
        return next((found for row in (self.main, *self.lines) if (found := text(row, "subsidiary"))), "")


def dimensions(row: Row) -> dict[str, str]:
    """Department, class and location of a line, by their ids."""
    return {name: found for name in ("department", "class", "location") if (found := text(row, name))}


def whole(raw: Raw, reading: Reading, settings: Settings) -> Whole:
    """The object of a raw record. Raises `Malformed`."""
    what = f"{SYSTEM} {raw['entity']} {raw['source_id']}"
    rows = [_object(body, what) for body in raw.get("further") or ()]
    lines = [row for row in rows if "mainline" in row]
    main = next((row for row in lines if truth(row, "mainline")), {})
    own = [row for row in lines if not truth(row, "mainline")]
    return Whole(
        _object(raw["body"], what),
        main,
        [row for row in own if not truth(row, "taxline")],
        [row for row in own if truth(row, "taxline")],
        [row for row in rows if "mainline" not in row],
        raw["received_at"],
        reading,
        settings,
    )


def _object(body: bytes, what: str) -> dict[str, Any]:
    found = parse(body)
    if not isinstance(found, dict):
        raise Malformed(f"{what}: an answer is not an object")
    return found


def day(row: Row, name: str) -> date | None:
    """A day as `TO_CHAR` wrote it; None if there is none."""
    return timed(row, name, "a day", date.fromisoformat)
