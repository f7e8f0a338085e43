"""Strict JSON: what is refused, exact slices, and the one spelling that hashes are made of."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.json import canonical_bytes, envelope, parse, slices
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
        b'\xef\xbb\xbf{"a": 1}',
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
