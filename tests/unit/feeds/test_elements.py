"""The elements of a page, and objects asked for by id."""

from __future__ import annotations

from typing import Any

import pytest

from runtime.errors import Garbled
from runtime.json import pieces
from systems.contract import LONGEST_ID, Element
from systems.feeds.elements import digest_of, element, elements, one_by_one, require_asked


def made(row: Any, body: bytes) -> Element:
    return element(row.get("id", ""), "", body)


def of(page: bytes) -> tuple[Element, ...]:
    return elements(pieces(page, None)[1], made, "erp rows, id")


def test_each_row_is_an_element_with_its_exact_bytes_one_that_cannot_be_read_too() -> None:
    found = of(b'[{"id": "a"}, {"id": "b", "x": 1, "x": 2}, { }]')
    assert [(one.source_id, one.body) for one in found] == [
        ("a", b'{"id": "a"}'),
        ("b", b'{"id": "b", "x": 1, "x": 2}'),
        ("", b"{ }"),
    ]


def test_rows_without_any_id_are_none_of_ours() -> None:
    with pytest.raises(Garbled, match="erp rows, id"):
        of(b'[{"name": "a"}, {}]')
    assert of(b"[]") == ()


def test_an_id_that_is_too_long_is_none() -> None:
    assert element("x" * LONGEST_ID, "", b"").source_id
    assert element("x" * (LONGEST_ID + 1), "", b"").source_id == ""


def test_what_was_not_asked_for_is_told() -> None:
    found = [element("a", "", b""), element("", "", b"")]
    require_asked(found, ["a", "b"], "erp rows")
    with pytest.raises(Garbled, match="erp rows: a came and was not asked for"):
        require_asked(found, ["A"], "erp rows")
    require_asked(found, ["A"], "erp rows", str.casefold)


async def test_objects_that_are_asked_for_alone_are_one_page() -> None:
    asked: list[str] = []

    async def ask(source_id: str) -> tuple[tuple[Element, ...], str]:
        asked.append(source_id)
        return ((element(source_id, "", b""),), digest_of(source_id.encode())) if source_id != "gone" else ((), "")

    page = await one_by_one(["a", "b", "a", "gone"], ask, "erp rows")
    assert (asked, [one.source_id for one in page.elements]) == (["a", "b", "gone"], ["a", "b"])
    assert page.digest == digest_of(b"b")

    async def other(_: str) -> tuple[tuple[Element, ...], str]:
        return (element("x", "", b""),), ""

    with pytest.raises(Garbled, match="x came"):
        await one_by_one(["a"], other, "erp rows")
