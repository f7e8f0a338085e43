"""What a command means to an op-key that is known, or not."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from schemas.records import CommandEnvelope, Ledger
from services.sinks import entry as e
from services.sinks.arrive import Changed, Nothing, Taken, arrive
from services.sinks.entry import Incoming
from tests.unit.sinks.commands import command_at


def incoming(offset: int, version: str = "1", **more: Any) -> Incoming:
    made = command_at(offset, version, more.pop("source_hash", "a"), more.pop("amount", "100.00"))
    return replace(made, command=cast("CommandEnvelope", {**made.command, **more}))


def known(state: str, **more: Any) -> Ledger:
    first = incoming(0)
    return e.change(e.fresh(first), first.at, state=state, **more)


def test_an_unknown_op_key_is_taken() -> None:
    assert isinstance(arrive(None, incoming(0)), Taken)


def test_the_same_place_in_the_log_is_a_duplicate_in_every_state() -> None:
    for state in (e.NEW, e.WAITING, e.HELD, e.POSTED, e.SUPERSEDED, e.REJECTED):
        assert arrive(known(state), incoming(0)) == Nothing("duplicate")


def test_an_older_version_is_stale_even_with_other_money() -> None:
    newer = e.replaced(known(e.WAITING), incoming(5, "2", source_hash="b"))
    assert arrive(newer, incoming(6, "1")) == Nothing("stale")


def test_a_newer_version_replaces_what_waits_is_held_or_was_certainly_refused() -> None:
    for state in (e.NEW, e.WAITING, e.HELD):
        found = arrive(known(state, attempt_count=2), incoming(1, "2", source_hash="b", amount="120.00"))
        assert isinstance(found, Taken)
        assert (found.entry["state"], found.entry["amount"], found.entry["attempt_count"]) == (e.NEW, Decimal(120), 2)


def test_a_newer_version_after_an_attempt_that_may_have_written_is_a_change() -> None:
    assert isinstance(arrive(known(e.HELD, intent_attempt=1), incoming(1, "2", source_hash="b")), Changed)
    assert isinstance(arrive(known(e.HELD, erp_id="D1"), incoming(1, "2", source_hash="b")), Changed)
    assert isinstance(arrive(known(e.POSTED), incoming(1, "2", source_hash="b")), Changed)


def test_another_source_that_wants_the_same_document_is_no_change() -> None:
    """A fingerprint of which more is left out than before, or a line's id: it was held as a change of 0.00, which no release lifts."""
    placed = known(e.POSTED)
    assert arrive(placed, incoming(1, "2", source_hash="b", payload_hash=placed["payload_hash"])) == Nothing("duplicate")


def test_an_edit_that_moves_no_money_changes_nothing() -> None:
    assert arrive(known(e.POSTED), incoming(1, "2")) == Nothing("duplicate")
    assert arrive(known(e.POSTED), incoming(1, "2", payload_hash="other")) == Nothing("remapped")


def test_master_data_in_place_is_its_owners() -> None:
    placed = known(e.UNCHANGED, purpose="master")
    assert arrive(placed, incoming(1, "2", source_hash="b", purpose="master")) == Nothing("remapped")


def test_a_create_after_its_void_is_never_written_unless_it_is_newer() -> None:
    void = {**known(e.UNCHANGED), "source_version": "3", "action": "void"}
    early = arrive(None, incoming(1, "2"), cast("Ledger", void))
    later = arrive(None, incoming(1, "4"), cast("Ledger", void))
    assert isinstance(early, Taken)
    assert isinstance(later, Taken)
    assert (early.entry["state"], later.entry["state"]) == (e.SUPERSEDED, e.NEW)


def test_a_skipped_document_stays_skipped_until_its_content_changes() -> None:
    assert arrive(known(e.REJECTED), incoming(1, "2")) == Nothing("duplicate")
    assert isinstance(arrive(known(e.REJECTED), incoming(1, "2", source_hash="b")), Taken)


def test_a_held_unmapped_command_is_replaced_by_its_new_mapping_of_the_same_version() -> None:
    waits = known(e.HELD, reason="unmapped")
    assert isinstance(arrive(waits, incoming(1, "1", payload_hash="mapped now")), Taken)


# The log of an op-key never goes back to an older version: hop 1 keeps the order of its object.
LOGS = st.lists(st.tuples(st.integers(1, 4), st.sampled_from("ab")), min_size=1, max_size=6).map(
    lambda log: sorted(log, key=lambda one: one[0])
)


def fold(log: list[Incoming]) -> tuple[str, str]:
    """What is in hand after a log of which nothing was written yet."""
    entry: Ledger | None = None
    for one in log:
        found = arrive(entry, one)
        if isinstance(found, Taken):
            entry = found.entry
    assert entry is not None
    return entry["source_version"], entry["source_hash"]


@given(LOGS)
def test_replaying_the_log_once_more_ends_where_it_ended(log: list[tuple[int, str]]) -> None:
    commands = [incoming(offset, str(version), source_hash=content) for offset, (version, content) in enumerate(log)]
    assert fold(commands) == fold(commands + commands)


@given(LOGS, st.randoms(use_true_random=False))
def test_the_newest_version_stays_whatever_the_order_of_repeats(log: list[tuple[int, str]], draw: Any) -> None:
    commands = [incoming(offset, str(version), source_hash=content) for offset, (version, content) in enumerate(log)]
    repeats = [draw.choice(commands) for _ in range(10)]
    assert fold(commands) == fold(commands + repeats)


@given(LOGS)
def test_what_is_posted_never_changes(log: list[tuple[int, str]]) -> None:
    posted = known(e.POSTED)
    for offset, (version, content) in enumerate(log, 1):
        assert not isinstance(arrive(posted, incoming(offset, str(version), source_hash=content)), Taken)
