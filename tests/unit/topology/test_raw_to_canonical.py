from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests import toy
from tests.unit.topology.hops import PARTITIONS, Memory, context, decisions, outputs, raw_record
from topology import raw_to_canonical
from topology.batch import ConsumerRecord, Decision, Outcome
from topology.decisions import LARGEST_KEPT_BYTES, audit_outputs, dead_output
from topology.headers import PREVIOUS_STATUS, TRACE, header
from topology.raw_to_canonical import InForce, remembered
from topology.topics import object_key, partition_of


def _apply(*bodies: tuple[int, object], state: Memory | None = None, **raw: object) -> Outcome:
    records = [raw_record(offset, toy.raw("7", version, body, **raw)) for offset, (version, body) in enumerate(bodies)]
    return raw_to_canonical.apply(records, state or Memory(), context())


def test_a_record_becomes_canonical_on_its_own_partition_with_its_coordinates() -> None:
    record = raw_record(5, toy.raw("7", 1, b'{"total": 5.50}'), [(TRACE, b"00-trace")])
    outcome = raw_to_canonical.apply([record], Memory(), context())
    [canonical] = outputs(outcome, "canonical.invoice")
    assert (canonical["raw_topic"], canonical["raw_partition"], canonical["raw_offset"]) == (record.topic, record.partition, 5)
    [output] = outcome.outputs
    assert (output.partition, output.key) == (record.partition, f"acme/{toy.SOURCE}/invoice/7")
    assert header(output.headers, TRACE) == "00-trace"
    assert list(outcome.changes) == [(record.partition, output.key)]


def test_the_same_version_and_hash_is_a_duplicate_also_inside_a_batch() -> None:
    outcome = _apply((1, b'{"total": 5.50}'), (1, b'{"total": 5.50}'))
    assert len(outputs(outcome, "canonical.invoice")) == 1
    assert decisions(outcome) == ["duplicate"]


def test_an_older_version_is_stale_and_changes_nothing() -> None:
    outcome = _apply((2, b'{"total": 5.50}'), (1, b'{"total": 4.50}'))
    assert [str(record["total"]) for record in outputs(outcome, "canonical.invoice")] == ["5.5000"]
    assert decisions(outcome) == ["stale"]


def test_the_same_version_with_another_hash_is_emitted_and_called_renormalised() -> None:
    outcome = _apply((1, b'{"total": 5.50}'), (1, b'{"total": 4.50}'))
    assert len(outputs(outcome, "canonical.invoice")) == 2
    assert decisions(outcome) == ["renormalised"]


def test_what_the_state_knows_counts_and_is_not_changed_by_the_hop() -> None:
    state = Memory()
    first = _apply((1, b'{"total": 5.50}'), state=state)
    assert state.values == {}, "changes apply only after the commit"
    state.values.update(first.changes)
    assert decisions(_apply((1, b'{"total": 5.50}'), state=state)) == ["duplicate"]


def test_a_changed_status_is_told_to_the_next_hop() -> None:
    outcome = _apply((1, b'{"total": 5.50}'), (2, b'{"total": 5.50, "status": "Pending"}'))
    assert [header(output.headers, PREVIOUS_STATUS) for output in outcome.outputs] == ["", "Posted"]


@pytest.mark.parametrize("how", ["webhook", "push"])
def test_a_webhook_always_asks_again_but_once_in_a_batch(how: str) -> None:
    state = Memory()
    state.values.update(_apply((9, b'{"total": 5.50}')).changes)
    outcome = _apply((1, b'{"look": 7}'), (2, b'{"look": 7}'), state=state, shape="hint", how=how)
    [fetch] = outputs(outcome, "fetch")
    assert (fetch["entity"], fetch["source_id"], fetch["reason"]) == ("invoice", "7", how)
    assert decisions(outcome) == ["duplicate"]
    assert outcome.outputs[0].key == "acme"


@pytest.mark.parametrize("how", ["webhook", "push"])
def test_one_body_of_a_sender_asks_for_a_thousand_objects_at_most_and_the_rest_is_said(how: str) -> None:
    """A push of 1 MB made 40,000 fetches."""
    body = b'{"look": [' + b",".join(b"%d" % number for number in range(1, 40_001)) + b"]}"
    outcome = _apply((1, body), shape="hint", how=how)
    assert [fetch["source_id"] for fetch in outputs(outcome, "fetch")] == [f"{number}" for number in range(1, 1001)]
    assert decisions(outcome) == ["refused"]
    assert "names 40000 objects; 1000 are fetched at once" in outcome.decisions[0][1].detail


def test_what_a_feed_or_a_fetch_names_is_not_cut() -> None:
    body = b'{"look": [' + b",".join(b"%d" % number for number in range(1, 2001)) + b"]}"
    assert len(outputs(_apply((1, body), shape="hint", how="export"), "fetch")) == 2000


def test_a_hint_of_a_feed_asks_only_for_what_is_newer() -> None:
    state = Memory()
    state.values.update(_apply((5, b'{"total": 5.50}')).changes)
    outcome = _apply((5, b'{"look": 7}'), (6, b'{"look": 7}'), state=state, shape="hint", how="export")
    assert decisions(outcome) == ["duplicate"]
    assert len(outputs(outcome, "fetch")) == 1


def test_a_fetched_object_that_is_still_incomplete_is_dead_instead_of_asked_for_for_ever() -> None:
    outcome = _apply((1, b'{"look": 7, "total": 12.50}'), how="fetch")
    [dead] = outputs(outcome, "dead")
    assert "after it was fetched" in dead["reason"]
    assert str(dead["amount"]) == "12.5000"


def test_what_is_not_wanted_is_filtered_with_its_reason() -> None:
    outcome = _apply((1, b'{"ignore": 1}'))
    assert [(d.decision, d.detail) for _, d in outcome.decisions] == [("filtered", "not wanted")]


def test_a_bug_of_a_mapping_is_not_taken_for_a_record_that_cannot_be_read() -> None:
    """The batch is tried again, and halved after that: see test_culprits.py."""
    with pytest.raises(ZeroDivisionError):
        _apply((1, b'{"bug": 1}'))


FAR = "9999-12-31T23:59:59.0000000Z"


def test_a_version_that_is_still_to_come_keeps_no_later_one_away() -> None:
    """A change time of the year 9999 was the newest for ever: every later change of that object was stale."""
    state = Memory()
    for body, version in ((b'{"total": 5.50}', FAR), (b'{"total": 6.50}', "2026-03-02T14:00:00.0000000Z")):
        outcome = _apply((3600, body), state=state, source_version=version)
        assert (len(outputs(outcome, "canonical.invoice")), decisions(outcome)) == (1, [])
        state.values.update(outcome.changes)
    assert outputs(outcome, "canonical.invoice")[0]["source_version"] == "2026-03-02T14:00:00.0000000Z"


def test_a_state_with_such_a_version_from_before_is_replaced_too() -> None:
    state, key = Memory(), object_key("acme", toy.SOURCE, "invoice", "7")
    state.values[(partition_of(key, PARTITIONS), key)] = remembered(InForce(FAR, "hash", "Posted"))
    hint = _apply((5, b'{"look": 7}'), state=state, shape="hint", how="export", source_version="2026-03-02T12:00:00.0000000Z")
    assert len(outputs(hint, "fetch")) == 1
    outcome = _apply((1, b'{"total": 5.50, "status": "Pending"}'), state=state, source_version="2026-03-02T12:00:00.0000000Z")
    assert [header(output.headers, PREVIOUS_STATUS) for output in outcome.outputs] == ["Posted"]


def test_equal_countable_decisions_become_one_audit_record_with_count_and_offsets() -> None:
    record = raw_record(0, toy.raw("7", 1, b"{}"))
    decided = [(record._replace(offset=offset), Decision("duplicate", "acme", countable=True)) for offset in (3, 9, 4)]
    decided.append((record, Decision("not_due", "acme", source_id="7")))
    found = [context().codec.decode(output.value)[1] for output in audit_outputs(decided, "hop", context())]
    assert [(one["decision"], one["count"], one["first_offset"], one["last_offset"]) for one in found] == [
        ("duplicate", 3, 3, 9),
        ("not_due", 1, 0, 0),
    ]


def test_a_value_too_long_for_dead_stays_where_it_is_and_dead_says_where() -> None:
    record = ConsumerRecord("raw.x", 1, 7, b"acme/x", b"x" * (LARGEST_KEPT_BYTES + 1), None)
    value = context().codec.decode(dead_output(record, "no", "hop", context()).value)[1]
    assert value["value"] is None
    assert "stay at raw.x/1/7" in value["reason"]


def test_a_feed_that_shows_an_incomplete_object_again_and_again_asks_ever_more_seldom() -> None:
    """An invoice without lines beside an amount was fetched, and laid on `dead`, every time its export showed it."""
    memory, around = Memory(), context()
    hint = raw_record(0, toy.raw("7", 1, b'{"look": 7, "total": 12.50}', shape="hint", how="export"))
    fetched = raw_record(1, toy.raw("7", 1, b'{"look": 7, "total": 12.50}', how="fetch"))
    asked: list[int] = []
    for minute in range(0, 24 * 60, 10):
        now = replace(around, now=toy.NOW + timedelta(minutes=minute))
        outcome = raw_to_canonical.apply([hint], memory, now)
        if outputs(outcome, "fetch"):
            asked.append(minute)
            memory.values.update(raw_to_canonical.apply([fetched], memory, now).changes)
        else:
            assert decisions(outcome) == ["duplicate"]
    assert asked == [0, 10, 20, 50, 110, 170, 230, 290, 350, 410]
    newer = raw_record(2, toy.raw("7", 2, b'{"look": 7}', shape="hint", how="export"))
    assert len(outputs(raw_to_canonical.apply([newer], memory, around), "fetch")) == 1
