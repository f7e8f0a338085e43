"""A rule that fails over one record: that record is on `dead`, the others are as they would be without it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.errors import Broken
from tests import toy
from tests.unit.topology import hops
from tests.unit.topology.hops import Memory, context, decisions, outputs, raw_record
from topology import way
from topology.batch import ConsumerRecord, Context, Outcome, State
from topology.culprits import halved, whole
from topology.raw_to_canonical import STAGE

GOOD, BUG = b'{"total": 5.50}', b'{"total": 5.50, "bug": 1}'


@pytest.fixture(autouse=True, scope="module")
def _toys() -> Iterator[None]:
    with hops.toys():
        yield


def _hop() -> way.Hop:
    return way.way()[STAGE]


def _records(bodies: list[bytes]) -> list[ConsumerRecord]:
    return [raw_record(number, toy.raw(str(number), 1, body)) for number, body in enumerate(bodies)]


@given(st.lists(st.booleans(), min_size=1, max_size=40))
@settings(deadline=None)
def test_each_culprit_is_on_dead_with_its_bytes_and_reason_and_the_others_go_on(is_bad: list[bool]) -> None:
    records, around = _records([BUG if bad else GOOD for bad in is_bad]), context()
    outcome = halved(_hop(), records, Memory(), around)
    dead = outputs(outcome, "dead")
    assert [one["value"] for one in dead] == [record.value for record, bad in zip(records, is_bad, strict=True) if bad]
    assert all("ZeroDivisionError" in one["reason"] and str(one["amount"]) == "5.5000" for one in dead)
    good = [record for record, bad in zip(records, is_bad, strict=True) if not bad]
    expected = whole(_hop(), good, Memory(), around)
    assert outputs(outcome, "canonical.invoice") == outputs(expected, "canonical.invoice")
    assert outcome.changes == expected.changes


def test_a_batch_without_a_culprit_is_not_cut() -> None:
    records = [raw_record(offset, toy.raw("7", 1, GOOD)) for offset in range(9)]
    assert halved(_hop(), records, Memory(), context()) == whole(_hop(), records, Memory(), context())


def test_the_second_half_knows_what_the_first_one_changed() -> None:
    records = [raw_record(offset, toy.raw("7", 1, body)) for offset, body in enumerate([GOOD, BUG, GOOD, GOOD])]
    outcome = halved(_hop(), records, Memory(), context())
    assert len(outputs(outcome, "canonical.invoice")) == 1
    assert sum(one["count"] for one in outputs(outcome, "audit") if one["decision"] == "duplicate") == 2


@pytest.mark.parametrize("error", [Broken("the settings are wrong"), OSError("no descriptors"), MemoryError()])
def test_what_is_no_records_fault_is_raised(error: Exception) -> None:
    def failing(batch: object, state: State, around: Context) -> Outcome:
        raise error

    hop = way.Hop("x", (), (), (), failing)
    with pytest.raises(type(error)):
        halved(hop, _records([GOOD, GOOD]), Memory(), context())


def test_an_output_that_kafka_would_not_take_makes_its_record_the_culprit() -> None:
    """A status of half a megabyte travels as a header too: the producer refused it, and the hop began anew for ever."""
    huge = b'{"total": 5.50, "status": "' + b"x" * 500_000 + b'"}'
    records = _records([GOOD, huge, GOOD])
    outcome = halved(_hop(), records, Memory(), context())
    assert len(outputs(outcome, "canonical.invoice")) == 2
    [dead] = outputs(outcome, "dead")
    assert "key and headers" in dead["reason"]


@pytest.mark.parametrize("status", ["Pos\\u0000ted", "\\u0000", "\\u0000\\u0000\\u0000"])
def test_a_status_with_a_nul_does_not_keep_later_versions_away(status: str) -> None:
    state, around = Memory(), context()
    for version, told in enumerate([status, "Posted", status], 1):
        body = b'{"total": 5.50, "status": "%s"}' % told.encode()
        outcome = whole(_hop(), [raw_record(version, toy.raw("7", version, body))], state, around)
        assert len(outputs(outcome, "canonical.invoice")) == 1
        state.values.update(outcome.changes)
    again = _hop().apply([raw_record(9, toy.raw("7", 3, b'{"total": 5.50, "status": "%s"}' % status.encode()))], state, around)
    assert decisions(again) == ["duplicate"]


def test_a_record_of_any_size_fits_on_dead() -> None:
    around = context()
    for key, header in ((b"k" * 900_000, b"h"), (b"acme/x", b"h" * 1_900_000), (b"\xff\x00/x", b"h")):
        record = ConsumerRecord("raw.x", 1, 7, key, b"not avro", [("name", header)])
        [dead] = outputs(halved(_hop(), [record], Memory(), around), "dead")
        assert dead["value"] == b"not avro"
        assert ("stay at raw.x/1/7" in dead["reason"]) == (len(key) + len(header) > 1000)
