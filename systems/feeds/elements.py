"""The elements of a page, and objects that are asked for by id. Pure but for `one_by_one`, which asks."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

from runtime.errors import Garbled
from runtime.json import Unreadable
from systems.contract import LONGEST_ID, Element, Page

Cut = tuple[bytes, Any]
"""A row's exact bytes, and the row: what could be told of it (`Unreadable`) where it cannot be read."""


def digest_of(body: bytes) -> str:
    """SHA-256 (hex) of a page's bytes."""
    return hashlib.sha256(body).hexdigest()


def element(source_id: str, version: str, body: bytes) -> Element:
    """One element; an id that is too long is none."""
    return Element(source_id if len(source_id) <= LONGEST_ID else "", version, body)


def told(row: Any) -> Any:
    """The row, or what can be told beyond doubt of one that cannot be read."""
    return row.members if isinstance(row, Unreadable) else row


def elements(rows: Sequence[Cut], made: Callable[[Any, bytes], Element], what: str) -> tuple[Element, ...]:
    """The elements of a page, each `made` of a row and its bytes. Raises `Garbled` where every row can be read and none has an id: then
    they are no rows of ours. `what` names system, list and id."""
    found = tuple(made(told(row), body) for body, row in rows)
    if found and not any(one.source_id for one in found) and not any(isinstance(row, Unreadable) for _, row in rows):
        raise Garbled(f"{what}: no row has it")
    return found


def require_asked(found: Iterable[Element], asked: Iterable[str], what: str, spelled: Callable[[str], str] = str) -> None:
    """Raise `Garbled` where an object came that was not asked for: then the filter was not kept, and the others cannot be believed either.
    `spelled` makes ids alike that are the same to the system (`str.casefold`)."""
    wanted = {"", *map(spelled, asked)}
    if strange := [one.source_id for one in found if spelled(one.source_id) not in wanted]:
        raise Garbled(f"{what}: {strange[0]} came and was not asked for")


async def one_by_one(
    source_ids: Iterable[str], ask: Callable[[str], Awaitable[tuple[tuple[Element, ...], str]]], what: str
) -> Page:
    """The objects of these ids, each asked for alone: `ask` gives what was found (nothing where it is not there) and the answer's digest."""
    found: list[Element] = []
    digest = ""
    for source_id in dict.fromkeys(source_ids):
        one, answered = await ask(source_id)
        require_asked(one, [source_id], what)
        found += one
        digest = answered or digest
    return Page(tuple(found), "", more=False, digest=digest)
