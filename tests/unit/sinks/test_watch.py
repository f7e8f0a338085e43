"""Steps of the system's own batch, masters that are kept up to date, and what the source takes back: each move by itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, cast

import pytest

from runtime.settings import Timing
from schemas.records import CommandEnvelope, Ledger
from services.sinks import entry as e
from services.sinks import reasons
from services.sinks.arrive import Changed, Nothing, Taken, arrive, beside
from services.sinks.core import step
from services.sinks.entry import Incoming
from services.sinks.gate import View, gate
from services.sinks.rules import rules_of, stands, write_of
from services.sinks.state import (
    Acked,
    Answered,
    Decided,
    Key,
    LookedUp,
    LookupFailed,
    Phase,
    Record,
    Reserved,
    Restored,
    Turn,
    Wait,
)
from systems.contract import Answer, Capability, Document, Found, Verdict, Write
from tests.unit.sinks.commands import command_at

AT = datetime(2026, 3, 2, tzinfo=UTC)
C = command_at(0, "1", "a", "100.00")
BY_REQUEST = Write("ap_bill", "Voucher", ("create", "posted"), "create", Capability.C1, "ref", 30, watched=("posted",))
STAGED = Write("ap_bill", "Voucher", ("stage", "built", "posted"), "built", Capability.C4, "key", 30, watched=("built", "posted"))
KEPT_UP = Write("vendor", "Vendor", ("upsert",), "upsert", Capability.C3, "ref", 30, updates=True)


def document(*done: str, **more: Any) -> Document:
    return Document("D1", "V1", "ST-1", Decimal(100), "USD", done, **more)


def watched(write: Write = BY_REQUEST) -> Key:
    """Created, and waiting for the batch."""
    entry = e.waits(e.fresh(C), AT, "erp_batch", due_at=AT + write.watch_every, steps_done=[write.steps[0]], erp_id="D1")
    return Key(entry, rules_of(write, Timing()))


def looked(key: Key, found: Found, at: datetime = AT + timedelta(minutes=5)) -> tuple[Key, tuple[object, ...]]:
    """A look-up when its time has come."""
    made, _ = step(key, Turn(0.0, View(at), C.command))
    made, _ = step(made, Reserved(0.0, at, View(at, create_missing=True)))
    assert made.phase is Phase.WATCHING
    return step(made, LookedUp(found, 0.0, 0.1, at))


def recorded(effects: tuple[object, ...]) -> Ledger:
    assert isinstance(effects[0], Record)
    return effects[0].entry


def test_after_our_last_step_no_intent_is_made_and_the_document_waits_for_the_batch() -> None:
    key = Key(e.fresh(C), rules_of(BY_REQUEST, Timing()))
    for event in (
        Turn(0.0, View(AT), C.command),
        Reserved(0.0, AT, View(AT, create_missing=True)),
        Acked(0.0, AT),
        LookedUp(Found(()), 0.0, 0.1, AT),
    ):
        key, _ = step(key, event)
    key, effects = step(key, Answered(Answer(Verdict.YES, document("create")), timedelta(0), 1.0, AT))
    entry = recorded(effects)
    assert (entry["state"], entry["reason"], entry["intent_attempt"]) == (e.WAITING, "erp_batch", 0)
    assert step(key, Acked(1.0, AT))[1] == (Wait(due_at=AT + BY_REQUEST.watch_every),)


def test_it_is_not_looked_at_before_its_time_and_a_look_that_shows_nothing_new_records_nothing() -> None:
    assert step(watched(), Turn(0.0, View(AT), C.command))[1] == (Wait(due_at=AT + BY_REQUEST.watch_every),)
    _, effects = looked(watched(), Found((document("create"),)))
    assert effects == (Wait(due_at=AT + timedelta(minutes=10)),)


@pytest.mark.parametrize(
    ("write", "shown", "state", "reason"),
    [
        (BY_REQUEST, document("create", "posted"), e.POSTED, ""),
        (STAGED, document("stage", "built"), e.WAITING, "erp_batch"),
        (STAGED, document("posted"), e.POSTED, ""),
        (BY_REQUEST, document("create", refusal="5010.44: closed"), e.HELD, "refused"),
        (BY_REQUEST, document("create", "posted", refusal="7030.1: twice", refusal_reason="suspect"), e.HELD, "suspect"),
        (BY_REQUEST, document("create", "posted", differences=("amount: 1, 2",)), e.HELD, "mismatch"),
    ],
)
def test_what_a_look_at_a_watched_document_means(write: Write, shown: Document, state: str, reason: str) -> None:
    entry = recorded(looked(watched(write), Found((shown,)))[1])
    assert (entry["state"], entry["reason"], entry["amount"]) == (state, reason, Decimal(100))
    assert entry["detail"].startswith(shown.refusal) or reason == "mismatch"


def test_a_refused_one_is_looked_at_again_by_itself_and_at_once_when_a_person_releases_it() -> None:
    key, effects = looked(watched(), Found((document("create", refusal="5010.44: closed"),)))
    at = recorded(effects)["updated_at"]
    held, effects = step(key, Acked(1.0, at))
    assert effects == (Wait(due_at=at + timedelta(hours=1)),)
    _, effects = looked(held, Found((document("create", refusal="5010.44: closed"),)), at)
    assert effects == (Wait(due_at=at + timedelta(hours=1)),), "the same refusal is not told twice"
    made, effects = step(held, Decided("release", "ann", "mended", 1.0, at))
    assert recorded(effects)["state"] == e.NEW
    made, _ = step(made, Acked(1.0, at))
    assert recorded(looked(made, Found((document("create", "posted"),)), at)[1])["state"] == e.POSTED


def test_a_batch_that_is_late_is_held_by_name_and_posted_when_it_comes() -> None:
    late = AT + timedelta(hours=25)
    key, effects = looked(watched(), Found((document("create"),)), late)
    assert (recorded(effects)["state"], recorded(effects)["reason"]) == (e.HELD, "erp_batch_late")
    held, effects = step(key, Acked(1.0, late))
    assert effects == (Wait(due_at=late + BY_REQUEST.watch_every),)
    assert recorded(looked(held, Found((document("create", "posted"),)), late)[1])["state"] == e.POSTED


def test_what_is_no_longer_shown_is_looked_at_a_few_times_counted_in_the_ledger_and_never_sent_again() -> None:
    key = watched()
    for number in range(1, 5):
        key, effects = looked(key, Found(()))
        assert (recorded(effects)["reason"], recorded(effects)["rounds"]) == ("not_shown", number)
        key = replace(key, phase=Phase.IDLE)
    entry = recorded(looked(key, Found(()))[1])
    assert (entry["state"], entry["reason"], entry["steps_done"]) == (e.HELD, "missing_in_erp", ["create"])


def test_a_look_that_cannot_be_made_waits_and_what_is_held_stays_held() -> None:
    made, _ = step(
        step(watched(), Turn(0.0, View(AT + timedelta(minutes=5)), C.command))[0],
        Reserved(0.0, AT, View(AT + timedelta(minutes=5))),
    )
    _, effects = step(made, LookupFailed("system_down", "no answer", timedelta(seconds=9), 1.0, AT))
    assert (recorded(effects)["reason"], recorded(effects)["due_at"]) == ("system_down", AT + timedelta(seconds=9))


def test_a_paused_connection_looks_at_nothing_and_a_restart_forgets_no_wait() -> None:
    _, effects = step(watched(), Turn(0.0, View(AT + timedelta(hours=1), paused="paused"), C.command))
    assert recorded(effects)["reason"] == "paused"
    assert step(watched(), Restored(0.0))[1] == (Wait(due_at=AT + BY_REQUEST.watch_every),)


def test_a_created_document_stands_for_its_children_and_a_held_or_staged_one_does_not() -> None:
    assert stands(watched().entry, BY_REQUEST)
    assert not stands(watched(STAGED).entry, STAGED), "its promise is the build"
    assert not stands(e.held(watched().entry, AT, "refused"), BY_REQUEST)


def test_what_was_begun_in_one_way_is_ended_in_it() -> None:
    entry = e.fresh(C)
    assert write_of((STAGED, BY_REQUEST), entry) is STAGED
    assert write_of((STAGED, BY_REQUEST), e.change(entry, AT, steps_done=["create"])) is BY_REQUEST
    assert write_of((STAGED, BY_REQUEST), e.change(entry, AT, intent_step="create")) is BY_REQUEST


# --- masters that are kept up to date ---------------------------------------------------------------------------------


def version(offset: int, name: str, **more: Any) -> Incoming:
    made = command_at(offset, str(offset), name, "0.00")
    return replace(
        made, record="vendor", command=cast("CommandEnvelope", {**made.command, "purpose": "master", "action": "upsert", **more})
    )


def compared(found: Found, link: str | None) -> tuple[Key, Ledger]:
    key, command = Key(e.fresh(version(1, "a")), rules_of(KEPT_UP, Timing())), version(1, "a").command
    view = View(AT, create_missing=True, link=link)
    for event in (Turn(0.0, view, command), Reserved(0.0, AT, view)):
        key, _ = step(key, event)
    assert key.phase is Phase.COMPARING
    key, effects = step(key, LookedUp(found, 0.0, 0.1, AT))
    return key, recorded(effects)


@pytest.mark.parametrize(
    ("shown", "link", "state", "reason"),
    [
        ((document("upsert"),), "D1", e.UNCHANGED, ""),
        ((document("upsert"),), None, e.ADOPTED, ""),
        ((document("upsert", differences=("name: b, a",)),), "D1", e.INTENT, ""),
        ((), None, e.INTENT, ""),
        ((), "D1", e.WAITING, "not_shown"),
        ((document("upsert"), document("upsert")), "D1", e.HELD, "duplicate_in_erp"),
    ],
)
def test_a_master_is_compared_before_anything_is_intended(
    shown: tuple[Document, ...], link: str | None, state: str, reason: str
) -> None:
    _, entry = compared(Found(shown), link)
    assert (entry["state"], entry["reason"]) == (state, reason)


def test_a_persons_change_is_told_with_the_intent_and_one_made_after_that_is_compared_again() -> None:
    theirs = document("upsert", differences=("name: b, a",), overruled=("name: b -> a",))
    key, _ = compared(Found((theirs,)), "D1")
    _, effects = step(compared(Found((replace(theirs, overruled=()),)), "D1")[0], Acked(0.0, AT))
    made, _ = step(key, Acked(0.0, AT))
    assert made.phase is Phase.READING
    _, effects = step(made, LookedUp(Found((replace(theirs, overruled=("name: c -> a",)),)), 0.0, 0.1, AT))
    assert (recorded(effects)["state"], recorded(effects)["intent_attempt"]) == (e.NEW, 0)


def test_without_a_link_a_master_is_created_only_where_that_is_allowed_and_never_against_a_persons_word() -> None:
    entry, command = e.fresh(version(1, "a")), version(1, "a").command
    for view in (View(AT), View(AT, link="", create_missing=True)):
        held = gate(entry, command, view, updates=True)
        assert held is not None
        assert held["reason"] == "create_missing"
    assert gate(entry, command, View(AT, link="D1"), updates=True) is None
    linked = gate(entry, command, View(AT, link="D1"))
    assert linked is not None
    assert linked["reason"] == "linked"


@pytest.mark.parametrize("state", [e.POSTED, e.ADOPTED, e.UNCHANGED, e.HELD, e.REJECTED])
def test_a_newer_source_opens_the_op_key_again_and_an_older_or_equal_one_does_not(state: str) -> None:
    known = e.change(e.fresh(version(5, "a")), AT, state=state, erp_id="D1", steps_done=["upsert"], reason="refused")
    found = arrive(known, version(6, "b"), updates=True)
    assert isinstance(found, Taken)
    assert (found.entry["state"], found.entry["erp_id"], found.entry["steps_done"]) == (e.NEW, "D1", [])
    assert arrive(known, version(4, "b"), updates=True) == Nothing("stale")
    if state in e.IN_PLACE:
        assert arrive(known, version(6, "a"), updates=True) == Nothing("duplicate")
        assert arrive(known, version(6, "a", payload_hash="m"), updates=True) == Nothing("remapped")


def test_an_open_attempt_stays_open_when_a_newer_source_comes() -> None:
    known = e.waits(
        e.fresh(version(5, "a")), AT, "settle", intent_attempt=2, attempt_count=2, intent_step="upsert", intent_hash="pa"
    )
    found = arrive(known, version(6, "b"), updates=True)
    assert isinstance(found, Taken)
    kept = found.entry
    assert (kept["state"], kept["reason"], kept["intent_attempt"], kept["intent_hash"], kept["source_hash"]) == (
        e.WAITING, "settle", 2, "pa", "b",
    )  # fmt: skip


# --- what the source takes back ---------------------------------------------------------------------------------------


def test_what_is_no_longer_posted_in_the_source_is_held_beside_the_document_with_all_of_its_amount() -> None:
    posted = e.change(e.fresh(C), AT, state=e.POSTED, erp_id="D1")
    back = command_at(1, "2", "a", "100.00")
    back = replace(back, command=cast("CommandEnvelope", {**back.command, "hold": "unposted"}))
    found = arrive(posted, back)
    assert found == Changed(posted, "unposted")
    made = e.correction(posted, 1, back, "unposted")
    assert (made["reason"], made["amount"], made["state"]) == ("unposted", Decimal(-100), e.HELD)


def test_before_it_is_written_the_command_itself_is_held_when_taken_back_and_goes_on_when_posted_again() -> None:
    def command(offset: int, hold: str) -> Incoming:
        made = command_at(offset, str(offset), "a", "100.00")
        return replace(made, command=cast("CommandEnvelope", {**made.command, "hold": hold}))

    waits = e.waits(e.fresh(C), AT, "window")
    back = arrive(waits, command(2, "unposted"))
    assert isinstance(back, Taken)
    held = gate(back.entry, command(2, "unposted").command, View(AT))
    assert held is not None
    assert (held["state"], held["reason"]) == (e.HELD, "unposted")
    assert isinstance(arrive(held, command(3, "")), Taken)


def test_a_change_that_came_back_after_it_was_taken_back_is_held_again() -> None:
    posted = e.change(e.fresh(C), AT, state=e.POSTED)

    def change(offset: int, content: str) -> Ledger:
        return e.correction(posted, 1, command_at(offset, str(offset), content, "120.00"))

    reverted = e.change(change(2, "b"), AT, state=e.SUPERSEDED, source_version="3")
    assert beside(reverted, change(4, "b")) == "here"
    assert beside(reverted, change(2, "b")) == "stale"
    assert beside(change(2, "b"), change(3, "b")) == "duplicate"
    assert beside(change(2, "b"), change(3, "c")) == "here"
    assert beside(e.change(change(2, "b"), AT, state=e.REJECTED), change(3, "b")) == "duplicate"
    assert beside(e.change(change(2, "b"), AT, state=e.REJECTED), change(3, "c")) == "next"


def test_a_create_whose_void_is_known_is_never_written() -> None:
    entry = e.fresh(C)
    void = cast("Ledger", {**entry, "action": "void", "source_version": "1"})
    ended = gate(entry, C.command, View(AT, void=void))
    assert ended is not None
    assert (ended["state"], ended["reason"]) == (e.SUPERSEDED, "voided")
    assert gate(entry, C.command, View(AT, void=cast("Ledger", {**void, "source_version": "0"}))) is None


def test_what_is_not_shown_is_looked_up_by_the_next_owner_too() -> None:
    """Its pause was known to the owner before only; the next one had no alarm for it, and nobody looked again."""
    entry = e.waits(watched().entry, AT, reasons.NOT_SHOWN, rounds=1)
    _, effects = step(Key(entry, watched().rules), Restored(100.0))
    assert effects == (Wait(look_s=0.0),)
