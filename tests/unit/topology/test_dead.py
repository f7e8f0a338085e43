"""What `dead` tells of a record: its bytes, why, and the whole amount or none."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest

from schemas.errors import Malformed
from tests import toy
from tests.unit.topology import hops
from tests.unit.topology.hops import CODEC, Memory, canonical_records, context, outputs, raw_record
from topology import raw_to_canonical
from topology.batch import ConsumerRecord
from topology.decisions import dead_output


@pytest.fixture(autouse=True, scope="module")
def _toys() -> Iterator[None]:
    with hops.toys():
        yield


def _amount(record: ConsumerRecord) -> Decimal | None:
    found: Decimal | None = CODEC.decode(dead_output(record, "no", "hop", context()).value)[1]["amount"]
    return found


@pytest.mark.parametrize(
    ("body", "amount"),
    [
        (b'{"total": 1324.75, "text": "\\ud800"}', "1324.75"),
        (b'{"total": "1324.75"}', "1324.75"),
        (b'\xef\xbb\xbf{"total": "-1324.7500000000"}', "-1324.75"),
        (b'{"lines": [{"total": 5, "amount": 6}], "total": 7}', "7"),
        (b'{"billAmount": "12.3456", "amount": 1}', "12.3456"),
        (b'{"total": null, "amount": 12}', "12"),
        (b'{"total": "1,324.75"}', None),
        (b'{"total": "1234.5600000000002"}', None),
        (b'{"total": 1234.5600000000002}', None),
        (b'{"total": 1E+2}', None),
        (b'{"total": 1e99999999999999999999, "amount": 5}', None),
        (b'{"total": NaN, "amount": 5}', None),
        (b'{"total": 1, "total": 2, "amount": 5}', None),
        (b'{"total": "\\ud800", "amount": 5}', None),
        (b'{"items": [{"total": 5}, {"total": 1, "total": 2}], "billAmount": 12}', "12"),
        (b'{"items": [{"total": 1e999}], "billAmount": 12}', "12"),
        (b'{"total": "1\xc2\xa0324.75"}', None),
        (b'{"total": "(1324.75)"}', None),
        (b'{"total": "$1324.75"}', None),
        (b'{"total": "1324.75-"}', None),
        (b'{"total": "1.324,75"}', None),
        (b'{"total": "+1324.75"}', None),
        (b'{"total": "1324."}', None),
        (b'{"total": ".75"}', None),
        (b'{"total": " 1324.75"}', None),
        ('{"total": "١٣٢٤"}'.encode(), None),
        ('{"total": "１３２４"}'.encode(), None),
        (b'{"total": "Infinity"}', None),
        (b'{"total": 0.30000000000000004}', None),
        (b'{"total": 1e400}', None),
        (b'{"total": [5], "amount": 6}', None),
        (b'{"total": -0.00}', "0"),
        (b'{"total": "", "amount": 5}', None),
        (b'{"total": 1, "total": 2}', None),
        (b'{"lines": [{"total": 5}]}', None),
        (b'{"data": {"amount": 5}}', None),
        (b'{"total": 1234', None),
        (b'{"total": 1' + b"0" * 15 + b"}", None),
        (b'{"total": true}', None),
        (b'{"total": {"value": 5}}', None),
        (b'"total": 5', None),
        (b"\x00\xff", None),
    ],
)
def test_the_whole_amount_of_an_unreadable_object_or_none(body: bytes, amount: str | None) -> None:
    assert _amount(raw_record(0, toy.raw("7", 1, body))) == (None if amount is None else Decimal(amount))


def test_the_amount_of_a_canonical_record_that_a_rule_fails_over_is_told() -> None:
    outcome = raw_to_canonical.apply([raw_record(0, toy.raw("7", 1, b'{"total": 5.50}'))], Memory(), context())
    [record] = canonical_records(outcome)
    assert _amount(record) == Decimal("5.50")
    assert _amount(record._replace(value=(record.value or b"")[:-1])) is None
    assert _amount(record._replace(value=None)) is None


@pytest.mark.parametrize("source_id", ["", "x" * 256])
def test_a_hint_whose_id_cannot_be_told_is_dead_and_asks_for_nothing(source_id: str) -> None:
    record = raw_record(0, toy.raw("7", 1, b'{"look": "%s"}' % source_id.encode(), shape="hint", how="export"))
    outcome = raw_to_canonical.apply([record], Memory(), context())
    [dead] = outputs(outcome, "dead")
    assert (dead["value"], outputs(outcome, "fetch")) == (record.value, [])


def test_a_webhook_behind_a_byte_order_mark_is_read() -> None:
    outcome = raw_to_canonical.apply(
        [raw_record(0, toy.raw("", 1, b'\xef\xbb\xbf{"look": 7}', shape="hint", how="webhook"))], Memory(), context()
    )
    assert [one["source_id"] for one in outputs(outcome, "fetch")] == ["7"]


def test_a_reason_of_any_characters_is_told() -> None:
    record = raw_record(0, toy.raw("7", 1, b"{}"))
    dead = CODEC.decode(dead_output(record, "half \ud800 " + "x" * 5000, "hop", context()).value)[1]
    assert dead["reason"].startswith("half ? x")
    with pytest.raises(Malformed):
        CODEC.decode(dead["value"][:-1])
