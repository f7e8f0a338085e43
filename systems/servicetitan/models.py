"""Shapes of ServiceTitan's answers: a page of a list, a page of an export feed, one object.

A page of another form is `Garbled`: a login page, `{}` or null rows must never look like an empty page.
Source: ServiceTitan OpenAPI (PaginatedResponse_Of_*, ExportResponse_Of_*).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runtime.errors import Garbled, Malformed
from runtime.exchange import Response
from runtime.json import members, parse
from systems.contract import Element
from systems.feeds.elements import digest_of, element, elements
from systems.http.bodies import page_of
from systems.values.instants import sortable


@dataclass(frozen=True)
class ListPage:
    """A page of a list: its elements, whether there are more, how many there are in all."""

    elements: tuple[Element, ...]
    has_more: bool
    total: int
    digest: str


@dataclass(frozen=True)
class ExportPage:
    """A page of an export feed: its elements, and where the next call continues."""

    elements: tuple[Element, ...]
    has_more: bool
    continue_from: str
    digest: str


def list_page(answer: Response, what: str) -> ListPage:
    """The page of a list that was asked for with includeTotal."""
    others, elements = _page(answer, what)
    return ListPage(elements, _flag(others, "hasMore", what), _count(others, what), digest_of(answer.body))


def export_page(answer: Response, what: str) -> ExportPage:
    """The page of an export feed."""
    others, elements = _page(answer, what)
    continue_from = others.get("continueFrom")
    if not isinstance(continue_from, str) or not continue_from or len(continue_from) > 4096:
        raise Garbled(f"servicetitan {what}: the page has no continueFrom")
    return ExportPage(elements, _flag(others, "hasMore", what), continue_from, digest_of(answer.body))


def one_object(answer: Response, what: str) -> tuple[Element, str]:
    """The single object of an answer, and the digest of its bytes. If the object cannot be read, its id at least has to be readable."""
    try:
        row = parse(answer.body)
    except Malformed as error:
        row = members(answer.body)
        if not row:
            raise Garbled(f"servicetitan {what}: {error}", answer.body) from error
    found = _element(row, answer.body)
    if not found.source_id:
        raise Garbled(f"servicetitan {what}: the object has no usable id", answer.body)
    return found, digest_of(answer.body)


def _page(answer: Response, what: str) -> tuple[dict[str, Any], tuple[Element, ...]]:
    """The other members, and the elements."""
    others, found = page_of(answer, "data", f"servicetitan {what}")
    return others, elements(found, _element, f"servicetitan {what}, id")


def _element(row: Any, body: bytes) -> Element:
    shown = row if isinstance(row, Mapping) else {}
    source_id = shown.get("id")
    is_id = isinstance(source_id, int) and not isinstance(source_id, bool) and 0 < source_id < 2**63
    return element(str(source_id) if is_id else "", sortable(shown.get("modifiedOn")), body)


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


def newest(elements: Sequence[Element]) -> str:
    """The latest change time of the elements; "" if none has any."""
    return max((element.source_version for element in elements), default="")
