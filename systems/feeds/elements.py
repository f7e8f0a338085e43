"""The elements of a page, and objects that are asked for by id. Pure, except for `one_by_one`, which asks."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

from runtime.errors import Garbled
from runtime.json import Unreadable
from systems.contract import LONGEST_ID, Element, Page

Cut = tuple[bytes, Any]
"""The exact bytes of a row, and the row itself, or what could still be read of a broken row (`Unreadable`)."""


def digest_of(body: bytes) -> str:
    """The SHA-256 (hex) of a page's bytes."""
    return hashlib.sha256(body).hexdigest()


def element(source_id: str, version: str, body: bytes) -> Element:
    """One element. An id that is too long is left empty."""
    return Element(source_id if len(source_id) <= LONGEST_ID else "", version, body)


def told(row: Any) -> Any:
    """The row, or those members of a broken row that can be read with certainty."""
    return row.members if isinstance(row, Unreadable) else row


def elements(rows: Sequence[Cut], made: Callable[[Any, bytes], Element], what: str) -> tuple[Element, ...]:
    """The elements of a page, each `made` of a row and its bytes. Raises `Garbled` if every row can be read and none has an id, because these are
    not the rows that were asked for. `what` names the system, the list and the id."""
    found = tuple(made(told(row), body) for body, row in rows)
    if found and not any(one.source_id for one in found) and not any(isinstance(row, Unreadable) for _, row in rows):
        raise Garbled(f"{what}: no row has it")
    return found


def require_asked(found: Iterable[Element], asked: Iterable[str], what: str, spelled: Callable[[str], str] = str) -> None:
    """Raise `Garbled` if the answer has an object that was not asked for. The system has then ignored the filter, and the other objects cannot be
    trusted either. `spelled` brings ids that are the same to the system into one form (`str.casefold`)."""
    wanted = {"", *map(spelled, asked)}
    if strange := [one.source_id for one in found if spelled(one.source_id) not in wanted]:
        raise Garbled(f"{what}: {strange[0]} came and was not asked for")


async def one_by_one(
    source_ids: Iterable[str], ask: Callable[[str], Awaitable[tuple[tuple[Element, ...], str]]], what: str
) -> Page:
    """The objects with these ids, each asked for alone. `ask` returns what was found (nothing if the object does not exist) and the digest of the
    answer."""
    found: list[Element] = []
    digest = ""
    for source_id in dict.fromkeys(source_ids):
        one, answered = await ask(source_id)
        require_asked(one, [source_id], what)
        found += one
        digest = answered or digest
    return Page(tuple(found), "", more=False, digest=digest)
