"""An object of Fusion with everything that was read of it: its row, and the answers that complete its child lists. Pure.

The answers are distinguished by their rows: a site has `SupplierSiteId`, an address only `SupplierAddressId`, a schedule `LineLocationId`, and a line
`POLineId` without that. An answer that is an object and not a collection is the life cycle of an order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from runtime.errors import Malformed
from runtime.json import parse
from schemas.records import Raw
from systems.mapped import Reading
from systems.oracle_fusion.models import SYSTEM, Children, Row, children
from systems.oracle_fusion.settings import Settings
from systems.values.members import identifier, text, timed


@dataclass(frozen=True)
class Whole:
    """An object: its row, the rows of the answers that complete it, its life cycle, the day on which it was read, and the connection's choices."""

    row: Row
    further: Sequence[Row]
    progress: Row
    read_on: date
    reading: Reading
    settings: Settings
    notes: list[str] = field(default_factory=list)

    def children(self, of: Row, name: str, key: str, is_one: Callable[[Row], bool]) -> list[Row]:
        """A complete child list of one of its rows, by the child's key. Raises `Malformed` if the list was truncated."""
        own: Children = children(of, name)
        more = [one for one in self.further if is_one(one)]
        if not own.is_whole and isinstance(of.get(name), dict) and not more:
            raise Malformed(f"{name}: the list is cut short")
        return list({identifier(one, key): one for one in (*own.rows, *more)}.values())


def whole(raw: Raw, reading: Reading, settings: Settings) -> Whole:
    """The object of a raw record. Raises `Malformed`."""
    row = _object(raw["body"], raw)
    rows: list[Row] = []
    progress: Row = {}
    for body in raw.get("further") or ():
        found = _object(body, raw)
        items = found.get("items")
        if isinstance(items, list):
            rows += [one for one in items if isinstance(one, dict)]
        else:
            progress = found
    return Whole(row, rows, progress, raw["received_at"].date(), reading, settings)


def _object(body: bytes, raw: Raw) -> dict[str, Any]:
    found = parse(body)
    if not isinstance(found, dict):
        raise Malformed(f"{SYSTEM} {raw['entity']} {raw['source_id']}: an answer is not an object")
    return found


def day(row: Row, name: str) -> date | None:
    """A date as it is printed; None if there is none."""
    return timed(row, name, "a date", lambda found: date.fromisoformat(found[:10]))


def is_active(row: Row, on: date) -> bool:
    """Whether a supplier, site or address is active on a day: its status says so, and its end date is not reached."""
    ends = day(row, "InactiveDate")
    return text(row, "Status").upper() not in ("INACTIVE", "I") and (ends is None or ends > on)
