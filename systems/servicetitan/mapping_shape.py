"""What every shape function of this system takes and returns, and what documents of this system have in common."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from runtime.errors import Malformed
from runtime.json import canonical_bytes, parse
from systems.servicetitan.settings import Settings
from systems.values.members import Row, identifier, instant, nested, rows, text

PART = "_part"
"""The member of a row that holds the rows of its sublist, which came in separate answers."""


def part_of(answers: Iterable[bytes]) -> list[Row]:
    """The rows of the pages that complete an object. Raises `Malformed` for a body that is not a page."""
    return [row for answer in answers for row in _page_of(parse(answer))]


def _page_of(page: Any) -> list[Row]:
    found = page.get("data") if isinstance(page, dict) else None
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise Malformed("an answer that completes the object is not a page of rows")
    return found


@dataclass(frozen=True)
class Context:
    """Values of the connection that a shape needs: its zone for real timestamps, the tenant's currency, its settings. `notes` receives numbers that
    are not kept as they came."""

    connection: str
    time_zone: str
    currency: str
    settings: Settings
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Shaped:
    """The entity's own fields, and those of the envelope that only the entity knows.

    `fingerprint` holds the values that move money; None for master data. `status` is the posting state, if there is one.
    """

    body: Mapping[str, Any]
    number: str = ""
    status: str = ""
    fingerprint: list[Any] | None = None
    origin_ref: str | None = None


def document(row: Row, body: Mapping[str, Any], fingerprint: list[Any], number: str = "referenceNumber") -> Shaped:
    """A document, with its number and posting state."""
    return Shaped(body, text(row, number), text(row, "syncStatus"), fingerprint)


def moving(body: Mapping[str, Any], names: str, of_lines: str = "") -> list[Any]:
    """The values that move money: these fields and, if `of_lines` names some, these fields of each line. The order of lines moves no money. What a
    document refers to (customer, job, term, due date, order, cost) does not either: changing it is not a correction (accounting.md 34)."""
    own = [body[name] for name in names.split()]
    lines = [[line[name] for name in of_lines.split()] for line in body["lines"]] if of_lines else []
    return [own, sorted(lines, key=canonical_bytes)] if of_lines else own


def business_unit(row: Row) -> dict[str, str]:
    """The business unit of a document or line."""
    unit = nested(row, "businessUnit")
    return {"business_unit_id": identifier(unit, "id"), "business_unit_name": text(unit, "name")}


def ended_on(row: Row, name: str, words: tuple[str, ...]) -> datetime | None:
    """When a document was cancelled, from this member ("" = it has none). A document whose status is one of these words but gives no time takes that
    of its last change."""
    found = instant(row, name) if name else None
    return instant(row, "modifiedOn") if found is None and text(row, "status") in words else found


def in_order(row: Row) -> list[Row]:
    """The items of a document in their order; items with equal order by id."""
    return sorted(rows(row, "items"), key=_order)


def _order(item: Row) -> tuple[int, int]:
    order, source_id = item.get("order"), item.get("id")
    if type(source_id) is not int:
        raise Malformed("items: a line has no id")
    return (order if type(order) is int else 0, source_id)


def by_application(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What a document settles, ordered by application id, because the API promises no order."""
    return sorted(found, key=lambda item: (len(str(item["application_id"])), str(item["application_id"])))
