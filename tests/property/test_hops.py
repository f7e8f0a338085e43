"""The hops as laws: a replay adds nothing, any order has the same end, any cut into batches gives the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import toy
from tests.unit.topology import hops
from tests.unit.topology.hops import Memory, canonical_records, context, outputs, raw_record
from topology import canonical_to_command, raw_to_canonical
from topology.batch import ConsumerRecord, Context

BODIES = [b'{"total": %d.50, "status": "%s"}' % (total, status) for total in (1, 2) for status in (b"Posted", b"Pending")]


@pytest.fixture(autouse=True, scope="module")
def _toys() -> Iterator[None]:
    with hops.toys():
        yield


def _sighting(number: int, source_id: int, version: int) -> ConsumerRecord:
    # One version has one content: what the source promises by its change time.
    body = BODIES[(source_id + version) % len(BODIES)]
    return raw_record(number, toy.raw(str(source_id), version, body))


sightings = st.lists(st.tuples(st.integers(0, 3), st.integers(1, 5)), min_size=1, max_size=30)


def _run(records: Sequence[ConsumerRecord], cuts: Sequence[int], state: Memory, around: Context) -> list[dict[str, object]]:
    emitted = []
    borders = [0, *sorted(cut % (len(records) + 1) for cut in cuts), len(records)]
    for start, end in pairwise(borders):
        outcome = raw_to_canonical.apply(records[start:end], state, around)
        state.values.update(outcome.changes)
        emitted += outputs(outcome, "canonical.invoice")
    return emitted


@given(sightings, st.lists(st.integers(0, 30), max_size=4))
@settings(max_examples=200, deadline=None)
def test_a_replay_of_everything_emits_nothing(seen: list[tuple[int, int]], cuts: list[int]) -> None:
    records = [_sighting(number, *one) for number, one in enumerate(seen)]
    state, around = Memory(), context()
    _run(records, cuts, state, around)
    kept = dict(state.values)
    assert _run(records, [], state, around) == []
    assert state.values == kept


@given(sightings, st.randoms(use_true_random=False), st.lists(st.integers(0, 30), max_size=4))
@settings(max_examples=200, deadline=None)
def test_any_order_has_the_same_end(seen: list[tuple[int, int]], random: object, cuts: list[int]) -> None:
    around = context()
    records = [_sighting(number, *one) for number, one in enumerate(seen)]
    shuffled = list(records)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis gives a Random
    in_order, disordered = Memory(), Memory()
    first = _run(records, [], in_order, around)
    second = _run(shuffled, cuts, disordered, around)
    assert in_order.values == disordered.values
    newest = {record["source_id"]: record["content_hash"] for record in first}
    assert newest == {record["source_id"]: record["content_hash"] for record in second}


@given(sightings, st.lists(st.integers(0, 30), max_size=4))
@settings(max_examples=200, deadline=None)
def test_every_record_leaves_a_trace(seen: list[tuple[int, int]], cuts: list[int]) -> None:
    around, state = context(), Memory()
    records = [_sighting(number, *one) for number, one in enumerate(seen)]
    outcome = raw_to_canonical.apply(records, state, around)
    assert len(outcome.outputs) + sum(1 for _, d in outcome.decisions if d.decision in ("duplicate", "stale")) == len(records)


@given(sightings)
@settings(max_examples=200, deadline=None)
def test_mapping_twice_gives_the_same_commands(seen: list[tuple[int, int]]) -> None:
    around = context()
    first = raw_to_canonical.apply([_sighting(number, *one) for number, one in enumerate(seen)], Memory(), around)
    records = canonical_records(first)
    once = canonical_to_command.apply(records, Memory(), around)
    assert once == canonical_to_command.apply(records, Memory(), around)
    commands = outputs(once, f"command.{toy.TARGET}")
    assert len({command["op_key"] for command in commands}) == len({command["source_id"] for command in commands})
