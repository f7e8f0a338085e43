"""What is given up is asked for first, once, and not written meanwhile."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, cast

import pytest

from schemas.records import CommandEnvelope, Ledger
from services.sinks import entry as e
from services.sinks import reasons, withdrawal
from services.sinks.core import step
from services.sinks.entry import Incoming
from services.sinks.gate import View
from services.sinks.lookups import FAILING_S
from services.sinks.parts import Part
from services.sinks.state import Find, Key, LookedUp, LookupFailed, Record, Reserve, Reserved, Rules, Turn, Wait
from systems.contract import Capability, Document, Found
from tests.unit.sinks.commands import TIMES, command_at

AT = datetime(2026, 3, 2, tzinfo=UTC)
RULES = Rules(("create", "release"), Capability.C3, 3, TIMES)
C = command_at(0, "1", "a", "100.00")
WAITS = e.waits(e.fresh(C), AT, reasons.PARENT, "missing: customer/1", waits_for=["customer/1"], due_at=AT + timedelta(hours=24))
THERE = Document("D1", "INV1", "ST-1", Decimal(100), "USD", ("create", "release"))


def incoming(offset: int, version: str, **more: Any) -> Incoming:
    made = command_at(offset, version, "a", "100.00")
    return replace(made, command=cast("CommandEnvelope", {**made.command, **more}))


UNPOSTED = incoming(5, "2", hold=reasons.UNPOSTED)


def asked(entry: Ledger, found: Found) -> Ledger:
    made, effects = step(Key(entry, RULES), Turn(0.0, View(AT), C.command, withdraws=True))
    assert effects == (Reserve(3),)
    made, effects = step(made, Reserved(0.0, AT, View(AT, create_missing=True)))
    assert effects == (Find(),)
    _, effects = step(made, LookedUp(found, 0.0, 0.1, AT))
    (record,) = effects
    assert isinstance(record, Record)
    assert record.final
    return record.entry


@pytest.mark.parametrize("entry", [WAITS, e.fresh(C), e.held(e.fresh(C), AT, reasons.UNMAPPED)], ids=["waits", "new", "held"])
def test_what_is_not_there_goes_on_waiting_as_it_was_and_is_asked_for_once(entry: Ledger) -> None:
    made = asked(entry, Found(()))
    kept = ("state", "reason", "detail", "due_at", "waits_for", "intent_attempt", "erp_id")
    assert {name: dict(made)[name] for name in kept} == {name: dict(entry)[name] for name in kept}
    assert not withdrawal.must_be_asked(Key(made, RULES))
    after, effects = step(Key(made, RULES), Turn(1.0, View(AT), C.command, withdraws=True))
    assert (after.entry, effects) == (made, ()), "it is not written before the command came that gives it up"


def test_what_is_there_is_adopted() -> None:
    made = asked(WAITS, Found((THERE,)))
    assert (made["state"], made["erp_id"], made["attempts"][-1]["answer"]) == (e.ADOPTED, "D1", "found")


@pytest.mark.parametrize(
    "found",
    [(replace(THERE, differences=("amount: 99, 100",)),), (THERE, replace(THERE, erp_id="D2")), (replace(THERE, steps_done=("create",)),)],
    ids=["differs", "twice", "half done"],
)  # fmt: skip
def test_what_is_there_otherwise_counts_as_written(found: tuple[Document, ...]) -> None:
    made = asked(WAITS, Found(found))
    assert e.is_written(made)
    assert not withdrawal.must_be_asked(Key(made, RULES))


def test_a_paused_connection_is_not_asked_and_tried_again_later() -> None:
    after, effects = step(Key(WAITS, RULES), Turn(0.0, View(AT, paused=reasons.PAUSED), C.command, withdraws=True))
    assert (after.entry, effects) == (WAITS, (Wait(due_at=AT + withdrawal.AGAIN),))


@pytest.mark.parametrize(("reason", "state"), [(reasons.SYSTEM_DOWN, e.WAITING), (reasons.REFUSED, e.HELD)])
def test_a_look_up_that_our_own_content_prevents_for_an_hour_is_a_persons_and_a_system_that_is_down_is_waited_for(
    reason: str, state: str
) -> None:
    key = Key(WAITS, RULES)
    for now_s in (0.0, FAILING_S):
        key, _ = step(key, Turn(now_s, View(AT), C.command, withdraws=True))
        key, _ = step(key, Reserved(now_s, AT, View(AT, create_missing=True)))
        key, effects = step(key, LookupFailed(reason, "no id here", timedelta(seconds=60), now_s, AT))
        assert now_s or effects == (Wait(due_at=AT + timedelta(seconds=60)),)
    assert (key.entry["state"], e.may_exist(key.entry)) == (state, state == e.HELD)


def test_only_what_takes_something_back_asks() -> None:
    assert not withdrawal.may_withdraw(incoming(5, "2"))
    for name, what in (("hold", reasons.UNPOSTED), ("reverses", "x"), ("parts", {})):
        assert withdrawal.may_withdraw(incoming(5, "2", **{name: what}))


def test_the_document_that_is_no_longer_posted_or_reversed_is_given_up() -> None:
    assert withdrawal.withdrawn(UNPOSTED, WAITS, None, ()) == [WAITS]
    assert withdrawal.withdrawn(incoming(5, "2", reverses=WAITS["op_key"]), None, WAITS, ()) == [WAITS]
    assert withdrawal.withdrawn(incoming(0, "1", hold=reasons.UNPOSTED), WAITS, None, ()) == [], "the same place in the log"


def test_parts_are_given_up_that_the_newer_set_has_no_more_or_otherwise() -> None:
    def part(name: str, payload: str) -> Part:
        entry = e.change(WAITS, AT, op_key=f"t|e|payable|invoice:1|{name}|create", part=name, payload_hash=payload)
        return Part(entry)

    others = (part("V", "same"), part("W", "older"), part("X", "gone"))
    own = part("Y", "older").entry
    newer = incoming(5, "2", parts={"V": "same", "W": "newer", "Y": "newer"}, part="Y", payload_hash="newer")
    assert [one["part"] for one in withdrawal.withdrawn(newer, own, None, others)] == ["W", "X", "Y"]


@pytest.mark.parametrize(
    ("entry", "rules"),
    [
        (WAITS, replace(RULES, capability=Capability.C5)),
        (WAITS, replace(RULES, steps=())),
        (e.change(WAITS, AT, state=e.POSTED), RULES),
        (e.change(WAITS, AT, intent_attempt=1), RULES),
        (e.change(WAITS, AT, attempts=e.noted(WAITS, "reject", "", AT)), RULES),
    ],
    ids=["no look-up", "no write", "posted", "attempt open", "refused"],
)
def test_nothing_is_asked_where_it_is_known_or_cannot_be(entry: Ledger, rules: Rules) -> None:
    assert withdrawal.must_be_asked(Key(WAITS, RULES))
    assert not withdrawal.must_be_asked(Key(entry, rules))
