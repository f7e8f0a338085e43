"""The protocol step by step: every answer, every look-up, and what each leaves in the ledger."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from services.sinks import entry as e
from services.sinks.core import OutOfTurn, step
from services.sinks.gate import View
from services.sinks.parents import Parents
from services.sinks.rebuild import looked_up_first
from services.sinks.state import (
    Acked,
    Answered,
    Decided,
    Find,
    Key,
    Late,
    LookedUp,
    LookupFailed,
    Phase,
    Record,
    Reserve,
    Reserved,
    Restored,
    Rules,
    Send,
    Turn,
    Wait,
    Withheld,
)
from systems.contract import Answer, Capability, Document, Found, Verdict
from tests.unit.sinks.commands import TIMES, command_at

AT = datetime(2026, 3, 2, tzinfo=UTC)
NOTHING = Found(())
C = replace(command_at(0, "1", "a", "100.00"), came_at=AT)


def key(capability: Capability = Capability.C3) -> Key:
    return Key(e.fresh(C), Rules(("create", "release"), capability, 3, TIMES))


def document(*steps: str, amount: str = "100.00") -> Document:
    differences = () if amount == "100.00" else (f"amount: {amount}, 100.00",)
    return Document("D1", "INV1", "ST-1", Decimal(amount), "USD", steps, differences)


def intended(capability: Capability = Capability.C3) -> Key:
    """Up to the intent on its way."""
    made, effects = step(key(capability), Turn(0.0, View(AT), C.command))
    assert effects == (Reserve(6),)
    made, effects = step(made, Reserved(0.0, AT, View(AT, create_missing=True)))
    assert isinstance(effects[0], Record)
    assert effects[0].entry["state"] == e.INTENT
    return made


def sending(capability: Capability = Capability.C3) -> Key:
    made, effects = step(intended(capability), Acked(0.0, AT))
    assert effects == (Find(),)
    made, effects = step(made, LookedUp(NOTHING, 0.0, 0.1, AT))
    assert effects == (Send("create", None, TIMES.lease_s),)
    return made


def answered(made: Key, answer: Answer, now_s: float = 1.0) -> tuple[Key, Record]:
    after, effects = step(made, Answered(answer, timedelta(seconds=1), now_s, AT))
    assert isinstance(effects[0], Record)
    return after, effects[0]


def test_nothing_is_sent_before_the_intent_is_acked() -> None:
    with pytest.raises(OutOfTurn):
        step(intended(), LookedUp(NOTHING, 0.0, 0.0, AT))


def test_the_outcome_of_a_step_and_the_intent_of_the_next_are_one_record() -> None:
    made, record = answered(sending(), Answer(Verdict.YES, document("create")))
    assert not record.final
    assert (record.entry["steps_done"], record.entry["intent_step"], record.entry["state"]) == (["create"], "release", e.INTENT)
    made, effects = step(made, Acked(1.0, AT))
    made, effects = step(made, LookedUp(Found((document("create"),)), 1.0, 1.1, AT))
    assert isinstance(effects[0], Send)
    made, record = answered(made, Answer(Verdict.YES, document("create", "release")))
    assert record.final
    assert (record.entry["state"], record.entry["step"], record.entry["command"]) == (e.POSTED, "release", None)


def test_a_lease_that_ran_out_makes_the_intent_anew() -> None:
    _, effects = step(sending(), Late(50.0, AT))
    assert isinstance(effects[0], Record)
    assert (effects[0].entry["attempt_count"], effects[0].entry["intent_attempt"]) == (2, 2)


@pytest.mark.parametrize("reason", ["throttled", "broken", ""])
def test_a_definite_no_closes_the_intent_and_waits(reason: str) -> None:
    no = Answer(Verdict.DEFINITE_NO, throttled=reason == "throttled", broken=reason == "broken")
    _, record = answered(sending(), no)
    wanted = {"throttled": "throttled", "broken": "credentials", "": "system_down"}[reason]
    assert (record.entry["state"], record.entry["reason"], record.entry["intent_attempt"]) == (e.WAITING, wanted, 0)


def test_a_refusal_is_held_with_the_code_and_words_of_the_system() -> None:
    _, record = answered(sending(), Answer(Verdict.REJECT, code="422", words="no such account"))
    assert (record.entry["state"], record.entry["reason"], record.entry["detail"]) == (e.HELD, "refused", "422: no such account")


def test_an_answer_that_does_not_echo_our_ref_is_no_yes() -> None:
    _, record = answered(sending(), Answer(Verdict.YES, replace(document("create"), ref="ST-other")))
    assert (record.entry["state"], record.entry["reason"], record.entry["intent_attempt"]) == (e.WAITING, "settle", 1)


def test_a_document_that_differs_is_held() -> None:
    _, record = answered(sending(), Answer(Verdict.YES, document("create", amount="99.00")))
    assert (record.entry["state"], record.entry["reason"]) == (e.HELD, "mismatch")


def test_an_ambiguous_answer_waits_the_whole_settle_time_where_the_system_has_no_uniqueness() -> None:
    made, _ = answered(sending(), Answer(Verdict.AMBIGUOUS))
    _, effects = step(made, Acked(1.0, AT))
    assert effects == (Wait(look_s=TIMES.settle_s),)


def test_an_ambiguous_answer_is_looked_up_at_once_where_the_system_refuses_a_second_create() -> None:
    made, _ = answered(sending(Capability.C1), Answer(Verdict.AMBIGUOUS))
    _, effects = step(made, Acked(1.0, AT))
    assert effects == (Wait(look_s=1.0),)


def test_without_a_look_up_the_first_ambiguous_answer_is_a_persons() -> None:
    made, effects = step(intended(Capability.C5), Acked(0.0, AT))
    assert isinstance(effects[0], Send)
    _, record = answered(made, Answer(Verdict.AMBIGUOUS))
    assert (record.entry["state"], record.entry["reason"], record.entry["intent_attempt"]) == (e.HELD, "unknown", 1)


def _looked(found: Found, asked_s: float, capability: Capability = Capability.C3) -> tuple[Key, tuple[object, ...]]:
    made, _ = answered(sending(capability), Answer(Verdict.AMBIGUOUS))
    made, _ = step(made, Acked(1.0, AT))
    made, effects = step(made, Turn(asked_s, View(AT), C.command))
    assert effects == (Reserve(3),)
    made, effects = step(made, Reserved(asked_s, AT, View(AT, create_missing=True)))
    assert effects == (Find(),)
    return step(made, LookedUp(found, asked_s, asked_s + 0.1, AT))


def test_absent_after_the_settle_wait_is_written_again() -> None:
    _, effects = _looked(NOTHING, TIMES.settle_s)
    assert isinstance(effects[0], Record)
    assert (effects[0].entry["state"], effects[0].entry["intent_attempt"], effects[0].entry["rounds"]) == (e.NEW, 0, 1)


def test_a_lagging_look_up_is_asked_twice() -> None:
    _, effects = _looked(NOTHING, TIMES.settle_s, Capability.C4)
    assert effects == (Wait(look_s=TIMES.settle_s + 0.1 + TIMES.v_max_s),)


def test_two_documents_of_ours_are_a_persons() -> None:
    _, effects = _looked(Found((document("create"), document("create"))), TIMES.settle_s)
    assert isinstance(effects[0], Record)
    assert effects[0].entry["reason"] == "duplicate_in_erp"


def test_a_document_found_complete_after_a_request_of_ours_was_written_by_us() -> None:
    """It was told as ADOPTED, and the ceiling did not count it."""
    _, effects = _looked(Found((document("create", "release"),)), TIMES.settle_s)
    assert isinstance(effects[0], Record)
    assert (effects[0].entry["state"], effects[0].entry["erp_id"]) == (e.POSTED, "D1")


def test_a_document_found_complete_before_anything_was_sent_is_adopted() -> None:
    made, _ = step(intended(), Acked(0.0, AT))
    _, effects = step(made, LookedUp(Found((document("create", "release"),)), 0.0, 0.1, AT))
    assert isinstance(effects[0], Record)
    assert (effects[0].entry["state"], effects[0].entry["erp_id"]) == (e.ADOPTED, "D1")


def test_a_duplicate_that_cannot_be_found_is_never_written() -> None:
    made, _ = answered(sending(Capability.C1), Answer(Verdict.DUPLICATE))
    made, effects = step(made, Acked(1.0, AT))
    now_s = 1.0
    for _ in range(5):
        made, effects = step(made, Turn(now_s, View(AT), C.command))
        made, effects = step(made, Reserved(now_s, AT, View(AT, create_missing=True)))
        made, effects = step(made, LookedUp(NOTHING, now_s, now_s, AT))
        if isinstance(effects[0], Wait):
            assert effects[0].look_s is not None
            now_s = effects[0].look_s
    assert isinstance(effects[0], Record)
    assert (effects[0].entry["state"], effects[0].entry["reason"], effects[0].entry["intent_attempt"]) == (
        e.HELD, "duplicate_unfindable", 1,
    )  # fmt: skip


def test_the_third_ambiguous_round_is_a_persons() -> None:
    made = sending()
    made = made.but(entry=e.change(made.entry, AT, rounds=2))
    _, record = answered(made, Answer(Verdict.AMBIGUOUS))
    assert (record.entry["state"], record.entry["reason"]) == (e.HELD, "unknown")


def test_a_look_up_that_fails_for_an_hour_is_a_persons_and_the_intent_stays_open() -> None:
    made, _ = answered(sending(), Answer(Verdict.AMBIGUOUS))
    made, effects = step(made, Acked(1.0, AT))
    for now_s in (TIMES.settle_s, TIMES.settle_s + 3601):
        made, effects = step(made, Turn(now_s, View(AT), C.command))
        made, effects = step(made, Reserved(now_s, AT, View(AT, create_missing=True)))
        made, effects = step(made, LookupFailed("system_down", "no", timedelta(seconds=1), now_s, AT))
    assert isinstance(effects[0], Record)
    assert (effects[0].entry["state"], effects[0].entry["reason"], effects[0].entry["intent_attempt"]) == (e.HELD, "unknown", 1)


def test_a_new_owner_waits_the_whole_settle_time_from_when_it_saw_the_intent() -> None:
    left = intended().entry
    made, effects = step(Key(left, key().rules), Restored(1000.0))
    assert effects == (Wait(look_s=1000.0 + TIMES.settle_s),)
    assert made.seen_s == 1000.0


@pytest.mark.parametrize("capability", [Capability.C1, Capability.C2, Capability.C3])
def test_what_a_lost_ledger_may_have_known_is_judged_by_the_gate_before_it_is_written(capability: Capability) -> None:
    """It was sent again at once after a look-up, before its parent was there, though its source had taken it back."""
    left = looked_up_first(e.fresh(C), AT, ("create", "release"))
    made, effects = step(Key(left, key(capability).rules), Restored(10.0))
    assert effects == (Wait(look_s=10.0 + TIMES.settle_s),)
    made, _ = step(made, Turn(10.0 + TIMES.settle_s, View(AT), C.command))
    made, _ = step(made, Reserved(10.0 + TIMES.settle_s, AT, View(AT)))
    made, (record,) = step(made, LookedUp(NOTHING, 10.0 + TIMES.settle_s, 11.0 + TIMES.settle_s, AT))
    assert isinstance(record, Record)
    assert (record.entry["state"], record.entry["intent_attempt"]) == (e.NEW, 0)
    made, _ = step(made, Acked(20.0, AT))
    _, (kept,) = step(made, Turn(20.0, View(AT, parents=Parents(missing=("customer/1",))), C.command))
    assert isinstance(kept, Record)
    assert (kept.entry["state"], kept.entry["reason"]) == (e.WAITING, "parent")


def test_a_withdrawal_of_the_sinks_own_whose_answer_was_lost_is_posted_and_not_adopted() -> None:
    """It has no payload and so no hash; it was taken for an attempt that a lost ledger may have known, and gave back its place under the ceiling."""
    own = replace(C, command={**C.command, "payload_hash": ""})
    made, _ = step(Key(e.fresh(own), key().rules), Turn(0.0, View(AT), own.command))
    made, _ = step(made, Reserved(0.0, AT, View(AT, create_missing=True)))
    made, _ = step(made, Acked(0.0, AT))
    made, _ = step(made, LookedUp(NOTHING, 0.0, 0.0, AT))
    made, _ = step(made, Answered(Answer(Verdict.AMBIGUOUS), timedelta(0), 1.0, AT))
    assert (e.intent_open(made.entry), e.is_presumed(made.entry)) == (True, False)
    made, _ = step(made, Acked(1.0, AT))
    at_s = TIMES.settle_s + 1.0
    made, _ = step(made, Turn(at_s, View(AT), own.command))
    made, _ = step(made, Reserved(at_s, AT, View(AT)))
    made, _ = step(made, LookedUp(Found((document("create", "release"),)), at_s, at_s, AT))
    assert made.entry["state"] == e.POSTED


@pytest.mark.parametrize(("capability", "waits"), [(Capability.C3, False), (Capability.C4, True)])
def test_what_a_lost_ledger_may_have_known_is_looked_up_twice_where_one_look_up_may_miss_it(
    capability: Capability, waits: bool
) -> None:
    """It was looked up once right before the write, and the system's batch hid it at that moment."""
    rebuilt = Key(e.fresh(replace(C, came_at=None)), key(capability).rules)
    made, effects = step(rebuilt, Turn(10.0, View(AT), C.command))
    if not waits:
        assert effects == (Reserve(6),)
        return
    assert isinstance(effects[0], Record)
    assert (made.entry["reason"], made.look_s) == ("settle", 10.0 + TIMES.settle_s)
    at_s = 10.0 + TIMES.settle_s
    for shows_again in (True, False):
        made, _ = step(made.but(phase=Phase.IDLE), Turn(at_s, View(AT), C.command))
        made, _ = step(made, Reserved(at_s, AT, View(AT)))
        made, effects = step(made, LookedUp(NOTHING, at_s, at_s, AT))
        assert e.is_presumed(made.entry) == shows_again
        at_s += TIMES.v_max_s
    made, effects = step(made.but(phase=Phase.IDLE), Turn(at_s, View(AT), C.command))
    assert effects == (Reserve(6),)


def test_neither_hold_nor_release_closes_an_open_intent() -> None:
    held = e.held(intended().entry, AT, "unknown")
    made, effects = step(Key(held, key().rules), Decided("release", "ann", "looked", 50.0, AT))
    assert isinstance(effects[0], Record)
    assert (effects[0].entry["state"], effects[0].entry["reason"], effects[0].entry["intent_attempt"]) == (e.WAITING, "settle", 1)
    assert made.look_s == 50.0 + TIMES.settle_s


def test_what_nothing_built_could_go_on_with_is_not_released() -> None:
    held = e.held(e.fresh(C), AT, "changed_after_post")
    made, effects = step(Key(held, key().rules), Decided("release", "ann", "please", 0.0, AT))
    assert isinstance(effects[0], Record)
    assert (made.entry["state"], effects[0].audits[0]["decision"]) == (e.HELD, "refused")


def test_suspects_hold_the_first_create_until_a_person_accepts_them() -> None:
    made, _ = step(intended(), Acked(0.0, AT))
    suspect = Document("S1", "S1", "", Decimal(100), "USD", ())
    _, effects = step(made, LookedUp(Found((), (suspect,)), 0.0, 0.1, AT))
    assert isinstance(effects[0], Record)
    assert (effects[0].entry["reason"], effects[0].entry["intent_attempt"]) == ("suspect", 0)
    accepted = made.but(entry=e.change(made.entry, AT, accepted=True))
    _, effects = step(accepted, LookedUp(Found((), (suspect,)), 0.0, 0.1, AT))
    assert isinstance(effects[0], Send)


def test_what_we_wrote_and_is_not_shown_is_never_written_again() -> None:
    made, _ = answered(sending(), Answer(Verdict.YES, document("create")))
    made, _ = step(made, Acked(1.0, AT))
    made, effects = step(made, LookedUp(NOTHING, 1.0, 1.1, AT))
    assert isinstance(effects[0], Record)
    assert (effects[0].entry["state"], effects[0].entry["reason"]) == (e.WAITING, "settle")
    assert made.phase is Phase.CLOSING


def test_a_change_held_beside_a_document_is_written_by_no_turn() -> None:
    posted = e.change(e.fresh(C), AT, state=e.POSTED, erp_id="D1")
    held = Key(e.correction(posted, 1, C), Rules(("create", "release"), Capability.C3, 3, TIMES))
    after, effects = step(held, Turn(0.0, View(AT, create_missing=True), C.command))
    assert (after.entry, after.phase, effects) == (held.entry, Phase.IDLE, ())


def test_an_open_intent_whose_times_are_not_known_waits_for_the_whole_settle_wait() -> None:
    """It was taken for one that was seen long ago, looked up at once, and written a second time."""
    for state in (e.INTENT, e.WAITING):
        entry = e.change(intended().entry, AT, state=state, reason="settle")
        after, effects = step(Key(entry, key().rules), Turn(100.0, View(AT), C.command))
        assert effects == (Wait(look_s=100.0 + TIMES.settle_s),)
        assert after.seen_s == 100.0


def test_the_gate_judges_again_when_the_wait_for_calls_is_over() -> None:
    made, _ = step(key(), Turn(0.0, View(AT), C.command))
    void = e.change(e.fresh(C), AT, source_version="2", record="reversal", action="void")
    for view, state, reason in (
        (View(AT, paused="paused"), e.WAITING, "paused"),
        (View(AT, void=void), e.SUPERSEDED, "voided"),
        (View(AT, mode="observe"), e.WAITING, "observe"),
    ):
        _, (record,) = step(made, Reserved(900.0, AT, view))
        assert isinstance(record, Record)
        assert (record.entry["state"], record.entry["reason"], record.entry["intent_attempt"]) == (state, reason, 0)


def test_what_keeps_a_request_back_at_the_last_moment_closes_its_intent_and_no_older_one() -> None:
    made, (record,) = step(sending(), Withheld("the connection was paused", 1.0, AT))
    assert isinstance(record, Record)
    assert (record.entry["state"], record.entry["intent_attempt"], made.phase) == (e.NEW, 0, Phase.CLOSING)
    older = sending(Capability.C1)
    older = older.but(entry=e.change(older.entry, AT, attempt_count=2))
    made, (record,) = step(older, Withheld("the connection was paused", 1.0, AT))
    assert isinstance(record, Record)
    assert (record.entry["state"], record.entry["reason"], record.entry["intent_attempt"]) == (e.WAITING, "settle", 1)


def test_a_look_up_that_always_takes_longer_than_the_lease_is_held_in_the_end() -> None:
    """It was made again and again, 1,437 times an hour."""
    made, pauses = key(), []
    for _ in range(3):
        made, _ = step(made, Turn(0.0, View(AT, create_missing=True), C.command))
        made, effects = step(made, Reserved(0.0, AT, View(AT, create_missing=True)))
        for _ in range(3):
            made, _ = step(made, Acked(0.0, AT))
            made, _ = step(made, LookedUp(NOTHING, 0.0, 9.0, AT))
            made, effects = step(made, Late(9.0, AT))
        assert isinstance(effects[0], Record)
        pauses.append(effects[0].entry["due_at"])
        made, _ = step(made, Acked(9.0, AT))
    assert pauses == [AT + timedelta(minutes=5), AT + timedelta(minutes=20), None]
    assert (made.entry["state"], made.entry["reason"], made.entry["intent_attempt"]) == (e.HELD, "slow_look_up", 0)
