"""Shapes of ServiceTitan's answers: the token, a page of a list, a page of an export feed, one object.

A page that is not what it should be is `Garbled`: a login page, `{}` or null rows never look like an empty page.
Source: ServiceTitan OpenAPI (PaginatedResponse_Of_*, ExportResponse_Of_*), OAuth 2.0 page.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from runtime.errors import Garbled, Malformed
from runtime.exchange import Response
from runtime.json import Unreadable, members, parse, pieces
from runtime.tokens import Granted, granted
from systems.contract import Element
from systems.values.instants import sortable

MAX_LIFE = timedelta(seconds=780)
"""A token lives 900 s and is refreshed at 13 minutes (OAuth 2.0 page); a longer promise is not believed."""


@dataclass(frozen=True)
class ListPage:
    """A page of a list: its elements, whether there are more, how many there are in all."""

    elements: tuple[Element, ...]
    has_more: bool
    total: int
    digest: str


@dataclass(frozen=True)
class ExportPage:
    """A page of an export feed: its elements and where to go on."""

    elements: tuple[Element, ...]
    has_more: bool
    continue_from: str
    digest: str


def token(body: bytes) -> Granted:
    """The token of a token answer. Raises `Transient` where it is not usable."""
    return granted(body, "servicetitan token", MAX_LIFE)


def list_page(answer: Response, what: str) -> ListPage:
    """The page of a list that was asked for with includeTotal."""
    others, elements = _page(answer, what)
    return ListPage(elements, _flag(others, "hasMore", what), _count(others, what), _digest(answer.body))


def export_page(answer: Response, what: str) -> ExportPage:
    """The page of an export feed."""
    others, elements = _page(answer, what)
    continue_from = others.get("continueFrom")
    if not isinstance(continue_from, str) or not continue_from or len(continue_from) > 4096:
        raise Garbled(f"servicetitan {what}: the page has no continueFrom")
    return ExportPage(elements, _flag(others, "hasMore", what), continue_from, _digest(answer.body))


def one_object(answer: Response, what: str) -> tuple[Element, str]:
    """The single object that an answer is, and the digest of its bytes. Of one that cannot be read only the id has to be told."""
    try:
        row = parse(answer.body)
    except Malformed as error:
        row = members(answer.body)
        if not row:
            raise Garbled(f"servicetitan {what}: {error}", answer.body) from error
    found = _element(answer.body, row)
    if not found.source_id:
        raise Garbled(f"servicetitan {what}: the object has no usable id", answer.body)
    return found, _digest(answer.body)


def _page(answer: Response, what: str) -> tuple[dict[str, Any], tuple[Element, ...]]:
    """The other members, and the elements. Rows without an id are no rows of ours where the page has no other ones."""
    try:
        others, found = pieces(answer.body, "data")
    except Malformed as error:
        raise Garbled(f"servicetitan {what}: the page is not what it should be: {error}", answer.body) from error
    elements = tuple(_element(body, value.members if isinstance(value, Unreadable) else value) for body, value in found)
    if found and not any(one.source_id for one in elements) and not any(isinstance(value, Unreadable) for _, value in found):
        raise Garbled(f"servicetitan {what}: no row has a usable id", answer.body)
    return others, elements


def _element(body: bytes, row: Any) -> Element:
    told = row if isinstance(row, Mapping) else {}
    source_id = told.get("id")
    is_id = isinstance(source_id, int) and not isinstance(source_id, bool) and 0 < source_id < 2**63
    return Element(str(source_id) if is_id else "", sortable(told.get("modifiedOn")), body)


def _flag(others: dict[str, Any], name: str, what: str) -> bool:
    value = others.get(name)
    if not isinstance(value, bool):
        raise Garbled(f"servicetitan {what}: the page does not say {name}")
    return value


def _count(others: dict[str, Any], what: str) -> int:
    value = others.get("totalCount")
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise Garbled(f"servicetitan {what}: the page does not say totalCount")
    return value


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def newest(elements: Sequence[Element]) -> str:
    """The latest change time of the elements; "" where none has any."""
    return max((element.source_version for element in elements), default="")
