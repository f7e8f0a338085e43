"""What every shape function of this system takes and gives, and what documents of this system have alike."""

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
"""Where a row holds the rows of the list below it, which came in answers of their own."""


def part_of(answers: Iterable[bytes]) -> list[Row]:
    """The rows of the pages that complete an object. Raises `Malformed` for one that is no page."""
    return [row for answer in answers for row in _page_of(parse(answer))]


def _page_of(page: Any) -> list[Row]:
    found = page.get("data") if isinstance(page, dict) else None
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise Malformed("an answer that completes the object is no page of rows")
    return found


@dataclass(frozen=True)
class Context:
    """Values of the connection that a shape needs: its zone for real timestamps, the tenant's currency, its settings; and what a shape
    notes of numbers that are not kept as they came."""

    connection: str
    time_zone: str
    currency: str
    settings: Settings
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Shaped:
    """The entity's own fields, and what of the envelope only the entity knows.

    `fingerprint` holds the values that move money; None for master data. `status` is the posting state where there is one.
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
    """The values that move money: of these fields, and where `of_lines` names some, of each line. The order of lines moves none, and what a
    document refers to (customer, job, term, due date, order, cost) does not either: a change of that is no correction (accounting.md 34)."""
    own = [body[name] for name in names.split()]
    lines = [[line[name] for name in of_lines.split()] for line in body["lines"]] if of_lines else []
    return [own, sorted(lines, key=canonical_bytes)] if of_lines else own


def business_unit(row: Row) -> dict[str, str]:
    """The business unit of a document or line."""
    unit = nested(row, "businessUnit")
    return {"business_unit_id": identifier(unit, "id"), "business_unit_name": text(unit, "name")}


def ended_on(row: Row, name: str, words: tuple[str, ...]) -> datetime | None:
    """When a document was cancelled, by this member ("" = it has none); the last change of one whose status is one of these words and that
    tells no time."""
    found = instant(row, name) if name else None
    return instant(row, "modifiedOn") if found is None and text(row, "status") in words else found


def in_order(row: Row) -> list[Row]:
    """The items of a document in their order, those of an equal one by their ids."""
    return sorted(rows(row, "items"), key=_order)


def _order(item: Row) -> tuple[int, int]:
    order, source_id = item.get("order"), item.get("id")
    if type(source_id) is not int:
        raise Malformed("items: a line has no id")
    return (order if type(order) is int else 0, source_id)


def by_application(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What a document settles, in the order of the applications' ids, for the API promises no order."""
    return sorted(found, key=lambda item: (len(str(item["application_id"])), str(item["application_id"])))
