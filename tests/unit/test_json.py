"""Strict JSON: what is refused, exact slices, and the one spelling that hashes are made of."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.json import Unreadable, canonical_bytes, envelope, member, members, parse, pieces, slices
from schemas.errors import Malformed

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**18), 10**18) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner),
    max_leaves=20,
)


def test_numbers_that_are_not_whole_are_decimals_and_keep_their_places() -> None:
    assert str(parse(b'{"a": 10.50}')["a"]) == "10.50"
    assert isinstance(parse(b'{"a": 1E-5}')["a"], Decimal)


@pytest.mark.parametrize(
    "body",
    [
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": -Infinity}',
        b'{"a": 1e999}',
        b'{"a": 1e-999}',
        b'{"a": ' + b"9" * 41 + b"}",
        b'{"a": 0.' + b"9" * 41 + b"}",
        b'{"a": 1, "a": 2}',
        b'{"x": {"a": 1, "a": 1}}',
        b'"\\ud800"',
        b'["\\uDC00 tail"]',
        b'\xef\xbb\xbf\xef\xbb\xbf{"a": 1}',
        b'{"a": 1}\xef\xbb\xbf',
        b'{"a": 1e99999999999999999999}',
        b'{"a": -1E-99999999999999999999}',
        b'[{"a": [0.1e+99999999999999999999]}]',
        b'{"a": ' + b"9" * 5000 + b"}",
        b'{"a": "\\ud83d"}',
        b'{"\\ud83d": 1}',
        '{"a": 1}'.encode("utf-16"),
        b'{"a": "\xff"}',
        b'{"a": "\x00"}',
        b'{"a": 1} {"a": 2}',
        b'{"a": 01}',
        b"[1,]",
        b"",
        b"[" * 101 + b"]" * 101,
        b"[" * 100_000,
        b'["]]]]]]]]",' + b'["]]]]]]]]",' * 101 + b"1" + b"]" * 102,
    ],
)
def test_what_another_reader_could_see_otherwise_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        parse(body)


def test_one_byte_order_mark_is_skipped_by_every_reader() -> None:
    mark = b"\xef\xbb\xbf"
    assert parse(mark + b'{"a": 1}') == {"a": 1}
    assert envelope(mark + '{"data": ["\u00e9", 2], "b": 3}'.encode(), "data") == (
        {"b": 3},
        [('"\u00e9"'.encode(), "\u00e9"), (b"2", 2)],
    )
    assert slices(mark + b"[1, 2]", None) == [(b"1", 1), (b"2", 2)]
    assert member(mark + b'{"a": [1], "b": 2}', "a") == ({"b": 2}, b"[1]")
    assert members(mark + b'{"a": 1}') == {"a": 1}


UNREADABLE = [
    b'{"id": 7, "text": "half \\ud800"}',
    b'{"id": 7, "text": "\xed\xa0\x80"}',
    b'{"id": 7, "text": "latin \xe9"}',
    b'{"id": 7, "total": ' + b"1" * 41 + b"}",
    b'{"id": 7, "total": 1e99999999999999999999}',
    b'{"id": 7, "total": NaN}',
    b'{"id": 7, "a": 1, "a": 2}',
    b'{"id": 7, "text": "a\x0bb"}',
]
BROKEN = [
    b'{"id": 01}',
    b'{"id": 7,}',
    b"{'id': 7}",
    b"tru",
    b'{"id": 7, "a": "\\x"}',
    b"[" * 300 + b"]" * 300,
    b"{7}",
    b'{"id": 7',
]


@pytest.mark.parametrize("bad", [*UNREADABLE, *BROKEN[:-1]])
@pytest.mark.parametrize("where", [0, 1, 2])
@pytest.mark.parametrize("member", [None, "data"])
def test_an_element_that_cannot_be_read_leaves_the_others_of_its_page(bad: bytes, where: int, member: str | None) -> None:
    good = [b'{"id": 1, "t": "},{"}', '{"id": 2, "t": "\u00e9"}'.encode()]
    parts = [*good[:where], bad, *good[where:]]
    array = b"[" + b" , ".join(parts) + b"]"
    page = array if member is None else b'{"hasMore": false, "data": ' + array + b', "next": "x"}'
    others, found = pieces(page, member)
    assert others == ({} if member is None else {"hasMore": False, "next": "x"})
    assert [part for part, _ in found] == parts
    assert [isinstance(value, Unreadable) for _, value in found] == [part == bad for part in parts]
    if bad in UNREADABLE:
        assert found[where][1].members["id"] == 7
    with pytest.raises(Malformed):
        envelope(page, member) if member is not None else slices(page, None)


@pytest.mark.parametrize(
    "page",
    [
        b'{"data": [{"id": 1}, {"id": "a"b"}]}',
        b'{"data": [{"id": "}, {"id": 2}]}',
        b'{"data": [{"id": 1}, {"id": 2]',
        b'{"data": [1,, 2]}',
        b'{"data": [1,]}',
        b'{"data": [NaN], "data": []}',
        b'{"data": [NaN], "next": "\\ud800"}',
        b'{"data": [NaN], "next": "\xff"}',
        b'{"data": [NaN], "next": NaN}',
        b'{"data": [NaN], "next": ' + b"[" * 101 + b"]" * 101 + b"}",
        b'{"data": {"a": NaN}}',
        b'{"hasMore": false}',
        b'{"data": [NaN]} x',
    ],
)
def test_a_page_whose_elements_cannot_be_told_apart_is_malformed(page: bytes) -> None:
    with pytest.raises(Malformed):
        pieces(page, "data")


@given(st.lists(VALUES), st.lists(st.sampled_from(UNREADABLE), max_size=3), st.randoms(use_true_random=False))
def test_pieces_are_the_exact_bytes_of_each_element(values: list[Any], bad: list[bytes], random: Any) -> None:
    parts = [json.dumps(value, ensure_ascii=False).encode() for value in values] + bad
    random.shuffle(parts)
    found = pieces(b'{"data":[' + b",".join(parts) + b"]}", "data")[1]
    assert [part for part, _ in found] == parts
    assert sum(isinstance(value, Unreadable) for _, value in found) == len(bad)


def test_what_an_unreadable_document_says_beyond_doubt_is_told() -> None:
    body = b'{"a": 1, "a": 2, "b": "\\ud800", "c": 1e99999999999999999999, "d": "x", "e": {"f": 1, "f": 1, "g": 2.50}}'
    assert members(body) == {"c": None, "d": "x", "e": {"g": Decimal("2.50")}}
    assert members(b"[1]") == members(b"{") == members(b'{"a": 1} x') == members(b"[" * 100_000) == {}


def test_a_deep_text_in_a_string_is_not_a_deep_document() -> None:
    assert parse(b'["' + b"[" * 500 + b'"]') == ["[" * 500]
    assert parse(b"[" * 100 + b"]" * 100)


def test_a_whole_surrogate_pair_is_a_character() -> None:
    assert parse(b'"\\ud83d\\ude00"') == "\U0001f600"


@given(st.lists(VALUES), st.sampled_from([", ", ",", " ,\n\t "]), st.booleans())
def test_slices_are_the_exact_bytes_of_each_element(values: list[Any], comma: str, ascii_only: bool) -> None:
    parts = [json.dumps(value, ensure_ascii=ascii_only) for value in values]
    array = f" [ {comma.join(parts)} ] "
    for found in (
        slices(array.encode(), None),
        slices(f'{{"page": 1, "data": {array}, "hasMore": false}}'.encode(), "data"),
    ):
        assert [body.decode() for body, _ in found] == parts
        assert [value for _, value in found] == values


def test_the_other_members_of_a_page_come_with_its_elements() -> None:
    others, found = envelope(b'{"hasMore": true, "data": [{"id": 1}], "continueFrom": "t"}', "data")
    assert others == {"hasMore": True, "continueFrom": "t"}
    assert found == [(b'{"id": 1}', {"id": 1})]


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b'{"data": null}',
        b'{"data": {}}',
        b'{"items": []}',
        b'{"data": []} x',
        b'{"data": [], "data": []}',
        b'{"data": [1 2]}',
        b'{"data": [1',
        b'{"data": [],}',
        b"[]",
        b"<html>login</html>",
        b'{"data": [], "hasMore": false, "hasMore": true}',
        b'{"data": [{"a": 1, "a": 2}]}',
        b'{"data": [' + b"[" * 101 + b"]" * 101 + b"]}",
        b'{"data": [1], "other": ' + b"[" * 101 + b"]" * 101 + b"}",
        b'{"data": [' + b"[" * 100_000,
        b'{"data": ["\\ud800"]}',
    ],
)
def test_a_page_that_is_not_explicit_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        envelope(body, "data")


@pytest.mark.parametrize("body", [b"[] x", b"[1", b'{"a": 1}', b"[1] [2]"])
def test_a_bare_array_is_one_array_and_nothing_else(body: bytes) -> None:
    with pytest.raises(Malformed):
        slices(body, None)


@given(VALUES)
def test_every_cut_of_a_page_is_malformed(value: Any) -> None:
    body = json.dumps({"hasMore": False, "data": [value]}).encode()
    for end in range(len(body)):
        with pytest.raises(Malformed):
            envelope(body[:end], "data")


def test_equal_values_have_one_spelling() -> None:
    first = {"b": Decimal("1.50"), "a": [date(2026, 3, 2), datetime(2026, 3, 2, 6, tzinfo=UTC), None, Decimal("-0.00")]}
    second = {"a": [date(2026, 3, 2), datetime(2026, 3, 2, 6, tzinfo=UTC), None, Decimal(0)], "b": Decimal("1.5000")}
    assert canonical_bytes(first) == canonical_bytes(second)
    assert canonical_bytes(first) == b'{"a":["2026-03-02","2026-03-02T06:00:00Z",null,"0"],"b":"1.5"}'


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**15), max_value=10**15, places=6))
def test_the_spelling_of_a_decimal_is_its_value_and_not_its_form(value: Decimal) -> None:
    assert canonical_bytes(value) == canonical_bytes(value * Decimal("1.000"))
    assert Decimal(json.loads(canonical_bytes(value))) == value


def test_what_has_no_spelling_is_malformed() -> None:
    with pytest.raises(Malformed):
        canonical_bytes({"a": object()})
