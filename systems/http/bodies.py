"""The body of an answer that has to be JSON. Pure.

Any other answer, such as the page of a gateway or a login page, is `Transient`. JSON of another shape is `Garbled`. Neither is ever taken for an
empty page. `what` names the system and what was asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from runtime.errors import Garbled, Malformed, Transient
from runtime.exchange import Response
from runtime.json import Unreadable, parse, pieces
from systems.values.members import Row


def is_json(answer: Response) -> bool:
    """Whether the answer's content type is JSON."""
    return answer.content_type == "application/json" or answer.content_type.endswith("+json")


def require_json(answer: Response, what: str) -> None:
    """Raise `Transient` if the answer is not JSON."""
    if not is_json(answer):
        raise Transient(f"{what}: {answer.status}, but {answer.content_type or 'no content type'} instead of JSON")


def said_in(answer: Response) -> dict[str, Any]:
    """The members of an answer that is a JSON object, for a caller that searches it for words; empty for any other answer."""
    try:
        found = parse(answer.body) if is_json(answer) else None
    except Malformed:
        return {}
    return found if isinstance(found, dict) else {}


def object_of(answer: Response, what: str) -> dict[str, Any]:
    """The JSON object of an answer. Raises `Transient` if it is not one."""
    require_json(answer, what)
    try:
        found = parse(answer.body)
    except Malformed as error:
        raise Transient(f"{what}: {error}") from error
    if not isinstance(found, dict):
        raise Transient(f"{what}: the answer is not an object")
    return found


def page_of(answer: Response, member: str | None, what: str) -> tuple[dict[str, Any], list[tuple[bytes, Any]]]:
    """The members of the answer, and the rows in `member` (None: the answer itself is the list) with their exact bytes. A row that cannot be read is
    `Unreadable`. Raises `Transient` or `Garbled`."""
    require_json(answer, what)
    try:
        return pieces(answer.body, member)
    except Malformed as error:
        raise Garbled(f"{what}: the page does not have the documented form: {error}", answer.body) from error


@dataclass(frozen=True)
class Listed:
    """A page that counts its rows: the rows with their exact bytes, whether the system says that there are more, and how many there are in all (-1 =
    not given)."""

    system: str
    rows: list[tuple[bytes, Any]]
    has_more: bool
    total: int = -1

    def whole(self, what: str) -> list[Row]:
        """The rows, if every one of them can be read. Raises `Garbled` otherwise."""
        if bad := [row for _, row in self.rows if isinstance(row, Unreadable)]:
            raise Garbled(f"{self.system} {what}: a row cannot be read: {bad[0].reason}")
        return [row for _, row in self.rows]


def listed(answer: Response, system: str, what: str) -> Listed:
    """A page `{"items": [..], "count": 2, "hasMore": false, "totalResults": 2}`. An answer is not a page if it has no `items`, if `count` is not the
    number of its rows, or if it does not say whether there are more. Raises `Transient` or `Garbled`."""
    others, found = page_of(answer, "items", f"{system} {what}")
    if not all(isinstance(row, (dict, Unreadable)) for _, row in found):
        raise Garbled(f"{system} {what}: a row is not an object", answer.body)
    total = others.get("totalResults")
    return Listed(system, found, has_more(others, len(found), f"{system} {what}", answer.body), total if type(total) is int else -1)


def has_more(others: Mapping[str, Any], count: int, what: str, body: bytes = b"") -> bool:
    """Whether a page with `count` rows says that another one follows. Raises `Garbled` if it does not say so, or counts other rows."""
    if others.get("count", count) != count:
        raise Garbled(f"{what}: {count} rows, and it says {str(others.get('count'))[:20]}", body)
    if not isinstance(others.get("hasMore"), bool):
        raise Garbled(f"{what}: it does not say whether there is more", body)
    return bool(others["hasMore"])
