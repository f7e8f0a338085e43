"""Bad datums (docs: bytes that come from a topic are hostile until decoded): each is `Malformed`, none crashes or swells."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from schemas.codec import MAX_DATUM_BYTES, MAX_WRITTEN_BYTES, Codec, full_name, offline_codec, subject
from schemas.errors import Malformed
from tests.toy import blank
from topology.topics import records_of_topic

CODEC: Codec = offline_codec(records_of_topic())
INVOICE = "canonical.invoice"


def _invoice(**more: Any) -> dict[str, Any]:
    return blank(INVOICE) | more


def _bytes(**more: Any) -> bytes:
    return CODEC.encode(INVOICE, INVOICE, _invoice(**more))


def _refused(value: bytes | None, words: str) -> None:
    started = time.monotonic()
    with pytest.raises(Malformed, match=words):
        CODEC.decode(value)
    assert time.monotonic() - started < 1, "refusing is quick"


def test_a_record_comes_back_as_it_went() -> None:
    record = _invoice(
        total=Decimal("1234567890123.4567"),
        invoice_date=date(2026, 3, 2),
        created_on=datetime(2026, 3, 2, 5, 6, 7, 891011, tzinfo=UTC),
        summary="ümlaut",
    )
    name, back = CODEC.decode(CODEC.encode(INVOICE, INVOICE, record))
    assert name == INVOICE
    assert back == record


@pytest.mark.parametrize("magic", [1, 2, 0x7B, 0xFF])
def test_67_a_wrong_first_byte_is_refused(magic: int) -> None:
    _refused(bytes([magic]) + _bytes()[1:], "wire format")


@pytest.mark.parametrize("value", [None, b"", b"\x00", b"\x00\x00\x00\x01"])
def test_68_what_is_shorter_than_a_head_is_refused(value: bytes | None) -> None:
    _refused(value, "shorter")


def test_69_an_unknown_schema_id_is_refused() -> None:
    _refused(b"\x00\x7f\xff\xff\xff" + _bytes()[5:], "not one of ours")


def test_70_the_id_of_another_record_does_not_read_as_ours() -> None:
    other = CODEC.ids[("fetch", "raw.fetch")].to_bytes(4, "big")
    _refused(b"\x00" + other + _bytes()[5:], "raw.fetch")


def test_72_a_datum_over_the_cap_is_refused_before_it_is_read() -> None:
    _refused(_bytes()[:5] + b"\x00" * MAX_DATUM_BYTES, "over the cap")
    with pytest.raises(Malformed, match="over the cap"):
        _bytes(summary="x" * MAX_WRITTEN_BYTES)


def _varint(number: int) -> bytes:
    number, made = (number << 1) ^ (number >> 63), b""
    while number > 0x7F:
        made, number = made + bytes([number & 0x7F | 0x80]), number >> 7
    return made + bytes([number])


def _array(name: str, record: str, field: str, count: bytes) -> bytes:
    """A datum of a record that ends with an array, the array's block count replaced."""
    good = CODEC.encode(name, record, blank(record))
    assert good.endswith(b"\x00"), f"{record}.{field} is the last field and empty"
    return good[:-1] + count


@pytest.mark.parametrize(
    "count",
    [_varint(2**40), _varint(2**62), _varint(-1), _varint(-(2**40)), b"\xff" * 20, b"\x80" * 20 + b"\x00"],
    ids=["2^40", "2^62", "-1", "-2^40", "20-byte varint", "20-byte zero"],
)
def test_73_an_absurd_block_count_is_refused_at_once(count: bytes) -> None:
    _refused(_array(INVOICE, INVOICE, "lines", count), "invoice")


@pytest.mark.parametrize("length", [_varint(2**40), _varint(-5), b"\xff" * 20], ids=["2^40", "-5", "20-byte varint"])
def test_73_an_absurd_string_length_is_refused(length: bytes) -> None:
    head = CODEC.encode("fetch", "raw.fetch", blank("raw.fetch"))[:5]
    _refused(head + length + b"abc", "raw.fetch")


def test_73_text_that_is_no_utf_8_is_refused() -> None:
    head = CODEC.encode("fetch", "raw.fetch", blank("raw.fetch"))[:5]
    _refused(head + b"\x04\xff\xfe" + b"\x00" * 5, "raw.fetch")


def test_73_a_union_index_out_of_range_is_refused() -> None:
    good = _bytes(
        origin_ref=None, connection="", system="", entity="", source_id="", source_version="", content_hash="", fingerprint=""
    )
    at = 5 + 7  # seven empty strings come before the first union
    assert good[at] == 0
    for index in (4, 9, 0x7E):
        _refused(good[:at] + bytes([index]) + good[at + 1 :], "invoice")


def test_73_long_runs_of_high_bytes_in_a_text_are_no_overlong_numbers() -> None:
    assert CODEC.decode(_bytes(summary="漢字" * 50))[1]["summary"] == "漢字" * 50


@pytest.mark.parametrize("tail", [b"\x00", b"x", b"\x00" * 100])
def test_74_bytes_after_the_end_are_refused(tail: bytes) -> None:
    _refused(_bytes() + tail, "after its end")


def test_74_every_truncation_is_refused() -> None:
    good = _bytes(lines=[], summary="some words")
    for end in range(5, len(good)):
        _refused(good[:end], "invoice")


@pytest.mark.parametrize("amount", ["NaN", "sNaN", "Infinity", "-Infinity", "1.00001", "1e40", "12345678901234567.0"])
def test_75_an_amount_that_is_no_amount_is_never_written(amount: str) -> None:
    with pytest.raises(Malformed, match=r"total|decimal|precision|scale|fit"):
        _bytes(total=Decimal(amount))


@pytest.mark.parametrize("total", [1.5, "1.5", None, True])
def test_75_only_a_decimal_is_an_amount(total: Any) -> None:
    with pytest.raises(Malformed):
        _bytes(total=total)


def test_75_negative_zero_reads_as_zero() -> None:
    read = CODEC.decode(_bytes(total=Decimal("-0.00")))[1]["total"]
    assert read == 0
    assert not read.is_signed()


def test_75_a_date_beyond_the_calendar_is_refused() -> None:
    good = _bytes(invoice_date=date(9999, 12, 31))
    assert CODEC.decode(good)[1]["invoice_date"] == date(9999, 12, 31)
    day = _varint(date(9999, 12, 31).toordinal() - date(1970, 1, 1).toordinal())
    assert good.count(day) == 1
    _refused(good.replace(day, _varint(2**31 - 1)), "invoice")


def test_an_instant_without_a_zone_is_never_written() -> None:
    with pytest.raises(Malformed):
        _bytes(created_on=datetime(2026, 3, 2, 12))  # noqa: DTZ001 - what is to be refused


def test_names_follow_topic_record_name_strategy() -> None:
    assert full_name("command.ar_invoice") == "ml_connector.command.ArInvoice"
    assert subject("command.x", "command.ar_invoice") == "command.x-ml_connector.command.ArInvoice"
