"""What a partition of the sink does with one document's money while turns, crashes, waits and newer commands come at any moment."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from tests.property.sinks.in_memory import Setup, Sink, install
from tests.property.sinks.scripted import SETTLE_S, Barrier, Scripted, bill, correction_of, sink_of, void
from tests.property.sinks.vouchers import toy
from tests.toy import TARGET

Play = Callable[[Sink, Scripted], Awaitable[None]]
BILL, OTHER = bill("1", "5.00"), bill("2", "70.00")
KEY = BILL["op_key"]


@pytest.fixture(autouse=True)
def _toys(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, toy())


def played(play: Play, setup: Setup | None = None, **chosen: Any) -> tuple[Sink, Scripted]:
    async def run() -> tuple[Sink, Scripted]:
        sink, erp = sink_of(setup=setup, **chosen)
        await play(sink, erp)
        sink.ends()
        return sink, erp

    return asyncio.run(run())


# --- an open intent waits out what its request may still do ----------------------------------------------------------


async def settings_told(sink: Sink) -> None:
    sink.reminds()


async def resumed(sink: Sink) -> None:
    sink.decides("resume")


async def paused_and_told(sink: Sink) -> None:
    sink.decides("pause")
    sink.reminds()
    await sink.turns(40)
    sink.decides("resume")


TURNS: dict[str, list[Callable[[Sink], Awaitable[None]]]] = {
    "settings told twice": [settings_told, settings_told],
    "resumed twice": [resumed, resumed],
    "settings told, then resumed": [settings_told, resumed],
    "paused meanwhile, then resumed": [paused_and_told],
}


@pytest.mark.parametrize("turns", list(TURNS.values()), ids=list(TURNS))
def test_turns_during_the_settle_wait_send_no_second_request(turns: list[Callable[[Sink], Awaitable[None]]]) -> None:
    """The first turn let the open intent go, and with it when it may be looked up; the second looked at once, saw nothing yet and sent
    the request again: two documents, and the ledger said POSTED."""

    async def play(sink: Sink, erp: Scripted) -> None:
        await _crashed_after_the_send(sink, erp)
        for turn in turns:
            await turn(sink)
            await sink.passes(1)
        await sink.passes(SETTLE_S - 1 - len(turns))
        assert erp.requests() == [1000.0], erp.journal
        await sink.passes(60)

    sink, erp = played(play)
    assert (erp.amounts(), sink.state(KEY)[0]) == ([Decimal("5.00")], "POSTED"), erp.journal


def test_settings_that_changed_while_nobody_owned_the_partition_send_no_second_request() -> None:
    """What a new owner finds changed is a turn like any other."""

    async def play(sink: Sink, erp: Scripted) -> None:
        await _crashed_after_the_send(sink, erp, changed=True)
        await sink.passes(1)
        sink.reminds()
        await sink.passes(SETTLE_S - 2)
        assert erp.requests() == [1000.0], erp.journal
        await sink.passes(60)

    _, erp = played(play)
    assert erp.amounts() == [Decimal("5.00")], erp.journal


async def _crashed_after_the_send(sink: Sink, erp: Scripted, changed: bool = False) -> None:
    erp.answers.append(("late", 6.0))
    sink.command("ap_bill", BILL)
    sink.reads()
    await sink.turns(60)
    assert (erp.requests(), sink.state(KEY)[0]) == ([1000.0], "INTENT")
    if changed:
        sink.applies(seen=False)
    sink.crash()


OWNERS = pytest.mark.parametrize("crash", [False, True], ids=["one owner", "another owner"])


@OWNERS
@pytest.mark.parametrize("turns", list(TURNS.values()), ids=list(TURNS))
def test_nor_do_they_while_it_is_held_with_an_open_intent_and_after_a_person_releases_it(
    turns: list[Callable[[Sink], Awaitable[None]]], crash: bool
) -> None:
    """The last request may still be on its way when a person decides, where nobody knows any more when it was sent; whoever has waited
    since then sends one more, and no turn a second one."""

    async def play(sink: Sink, erp: Scripted) -> None:
        await _held_with_an_open_intent(sink, erp, crash)
        for turn in turns:
            await turn(sink)
            await sink.passes(1)
        assert len(erp.requests()) == 3, "held is held"
        sink.decides("retry", KEY)
        await sink.turns(60)
        for turn in turns:
            await turn(sink)
            await sink.passes(1)
        await sink.passes(SETTLE_S - 1 - len(turns))

    _, erp = played(play)
    sent = erp.requests()
    assert len(sent) == (3 if crash else 4), erp.journal
    assert min(after - before for before, after in pairwise(sent)) >= SETTLE_S, erp.journal
    assert len(erp.amounts()) == len(sent) - 3


@OWNERS
def test_what_is_released_with_an_open_intent_comes_to_an_end(crash: bool) -> None:
    """When it was first seen was not known any more, so it never counted as settled: it was looked up every settle wait for ever."""

    async def play(sink: Sink, erp: Scripted) -> None:
        await _held_with_an_open_intent(sink, erp, crash)
        sink.decides("retry", KEY)
        await sink.passes(600)

    sink, erp = played(play)
    looked = len(erp.calls("find"))
    assert (erp.amounts(), sink.state(KEY)[0]) == ([Decimal("5.00")], "POSTED"), f"{sink.state(KEY)} after {looked} look-ups"


async def _held_with_an_open_intent(sink: Sink, erp: Scripted, crash: bool) -> None:
    erp.answers.extend(["never"] * 3)
    sink.command("ap_bill", BILL)
    sink.reads()
    await sink.passes(100)
    assert (len(erp.requests()), sink.state(KEY)) == (3, ("HELD", "unknown")), erp.journal
    if crash:
        sink.crash()


# --- a lost ledger ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("moment", range(24))
def test_a_crash_while_a_lost_ledger_is_rebuilt_loses_no_change_that_was_held(moment: int) -> None:
    """The changed command was replayed after the first commit and its offset not held: a crash in between lost 150.00 for good."""

    async def play(sink: Sink, _: Scripted) -> None:
        sink.command("ap_bill", bill("1", "100.00"))
        sink.command("ap_bill", bill("2", "20.00"))
        await sink.rest()
        sink.command("ap_bill", bill("1", "250.00", version=2))
        await sink.rest()
        assert sink.held() == {correction_of(BILL): ("changed_after_post", Decimal(150))}
        sink.lose(results=False)
        await sink.turns(moment)
        sink.crash()
        await sink.rest()

    sink, erp = played(play)
    assert sink.held() == {correction_of(BILL): ("changed_after_post", Decimal(150))}
    assert erp.amounts() == [Decimal(20), Decimal(100)]


def test_a_lost_ledger_is_rebuilt_in_slices() -> None:
    """One loop and one transaction: a million op-keys stopped every lane for longer than a freeze that is reckoned with."""
    count = 6000

    async def play(sink: Sink, _: Scripted) -> None:
        for number in range(count):
            sink.command("ap_bill", bill(str(number), "1.00", hold="suspect"))
        sink.groups.clear()
        sink.lose(results=False)
        await sink.turns(1000)
        await sink.passes(30.0)  # the settle wait of what the lost ledger may have sent
        await sink.turns(1000)

    sink, _ = played(play)
    assert len(sink.held()) == count
    assert max(sink.groups) <= count // 6, f"op-keys in one transaction: {max(sink.groups)} of {count}"


@pytest.mark.parametrize("results", [False, True], ids=["results kept", "results lost"])
def test_a_request_that_was_on_its_way_when_the_ledger_was_lost_is_not_sent_again(results: bool) -> None:
    """No intent tells of it any more: the new owner looked it up at once, saw nothing yet, and wrote the document a second time."""

    async def play(sink: Sink, erp: Scripted) -> None:
        sink.command("ap_bill", OTHER)  # so that work was done of which offset or result tell
        sink.reads()
        await sink.passes(2)
        erp.answers.append(("late", 6.0))
        sink.command("ap_bill", BILL)
        sink.reads()
        await sink.turns(60)
        sent = len(erp.requests())
        sink.lose(results)
        await sink.passes(120)
        assert len(erp.requests()) == sent, erp.journal

    sink, erp = played(play)
    assert len(erp.kept) == 2, erp.journal
    assert {sink.state(one["op_key"])[0] for one in (BILL, OTHER)} <= {"POSTED", "ADOPTED"}


# --- what comes while the limiter is waited for -----------------------------------------------------------------------


async def _waits_for_calls(sink: Sink, erp: Scripted) -> Barrier:
    limiter = erp.stops("reserve")
    sink.command("ap_bill", BILL)
    sink.reads()
    await sink.turns(60)
    assert len(limiter.waiting) == 1
    return limiter


async def _goes_on(sink: Sink, limiter: Barrier) -> None:
    sink.reads()
    await sink.turns(60)
    limiter.opens()
    await sink.passes(60)


def test_a_void_that_comes_while_the_limiter_is_waited_for_stops_the_write() -> None:
    """Whether it may be written was judged before the wait, and not again."""

    async def play(sink: Sink, erp: Scripted) -> None:
        limiter = await _waits_for_calls(sink, erp)
        sink.command("reversal", void(BILL))
        await _goes_on(sink, limiter)

    sink, erp = played(play)
    assert erp.requests() == [], erp.journal
    assert (sink.state(KEY), sink.state(void(BILL)["op_key"])) == (("SUPERSEDED", "voided"), ("UNCHANGED", "never_posted"))
    assert sink.held() == {}


def test_a_newer_version_that_comes_while_the_limiter_is_waited_for_is_what_is_written() -> None:
    """The older one was sent, and the newer one held as a change after it."""

    async def play(sink: Sink, erp: Scripted) -> None:
        limiter = await _waits_for_calls(sink, erp)
        sink.command("ap_bill", bill("1", "7.00", version=2))
        await _goes_on(sink, limiter)

    sink, erp = played(play)
    assert (erp.amounts(), sink.held(), sink.state(KEY)[0]) == ([Decimal("7.00")], {}, "POSTED"), erp.journal


def test_a_pause_that_comes_while_the_limiter_is_waited_for_stops_the_write_until_it_is_resumed() -> None:
    async def play(sink: Sink, erp: Scripted) -> None:
        limiter = await _waits_for_calls(sink, erp)
        sink.decides("pause")
        await _goes_on(sink, limiter)
        assert erp.requests() == [], erp.journal
        sink.decides("resume")
        await sink.passes(60)

    sink, erp = played(play)
    assert (erp.amounts(), sink.state(KEY)[0]) == ([Decimal("5.00")], "POSTED")


def test_settings_that_only_observe_stop_the_write_though_they_come_while_the_limiter_is_waited_for() -> None:
    async def play(sink: Sink, erp: Scripted) -> None:
        limiter = await _waits_for_calls(sink, erp)
        sink.applies(mode="observe")
        await _goes_on(sink, limiter)

    sink, erp = played(play)
    assert (erp.requests(), sink.state(KEY)) == ([], ("WAITING", "observe")), erp.journal


# --- the ceiling ------------------------------------------------------------------------------------------------------

WIDE = Setup(lanes=12, pauses=True)


@pytest.mark.parametrize("answer", ["yes", "lost"])
@pytest.mark.parametrize("crash", [False, True], ids=["one owner", "another owner meanwhile"])
def test_no_more_than_the_ceiling_is_posted_in_an_hour(answer: str, crash: bool) -> None:
    """Twelve lanes looked at the hour before any of them counted; and what was written without an answer never counted: 40 of 40."""

    async def play(sink: Sink, erp: Scripted) -> None:
        erp.always = answer
        for number in range(40):
            sink.command("ap_bill", bill(str(number), "5.00"))
        sink.reads()
        await sink.passes(20)
        if crash:
            sink.crash()
            sink.reads()
        await sink.passes(300)

    sink, erp = played(play, WIDE, ceiling={"documents_per_hour": 5})
    assert 0 < len(erp.amounts()) <= 5, f"posted at a ceiling of 5: {len(erp.amounts())}"
    assert sink.paused().startswith("ceiling")


def test_what_a_look_up_finds_after_our_own_lost_answer_is_posted_and_not_adopted() -> None:
    """We wrote it: it is ours in the lists, and counts in the hour."""

    async def play(sink: Sink, erp: Scripted) -> None:
        erp.answers.append("lost")
        sink.command("ap_bill", BILL)
        sink.reads()
        await sink.passes(60)

    sink, erp = played(play)
    assert (erp.amounts(), sink.state(KEY)[0]) == ([Decimal("5.00")], "POSTED")


# --- a void of what was never written ---------------------------------------------------------------------------------

VOID = void(BILL)


def _never_listed(sink: Sink) -> None:
    assert sink.state(VOID["op_key"]) == ("UNCHANGED", "never_posted")
    assert sink.held() == {}
    assert [one["op_key"] for one in sink.records(f"result.{TARGET}") if one["outcome"] == "HELD"] == []


def test_a_void_of_what_waits_for_its_window_writes_and_holds_nothing() -> None:
    """A mapping marks every void `void_not_built`, and that was held with its full amount before what it reverses was looked at."""

    async def play(sink: Sink, _: Scripted) -> None:
        sink.command("ap_bill", BILL)
        sink.reads()
        await sink.turns(60)
        sink.command("reversal", VOID)
        await sink.rest()

    sink, erp = played(play, window="daily 18:00")
    assert (erp.amounts(), sink.state(KEY)) == ([], ("SUPERSEDED", "voided"))
    _never_listed(sink)


def test_a_void_of_what_never_came_writes_and_holds_nothing() -> None:
    async def play(sink: Sink, _: Scripted) -> None:
        sink.command("reversal", VOID)
        await sink.rest()

    sink, _ = played(play)
    _never_listed(sink)


def test_a_void_of_a_part_that_waits_for_its_window_writes_and_holds_nothing() -> None:
    """Parts of one document have voids of their own, with a set of their own."""
    part = bill("1", "5.00", part="V", parts={"V": BILL["payload_hash"]})

    async def play(sink: Sink, _: Scripted) -> None:
        sink.command("ap_bill", part)
        sink.reads()
        await sink.turns(60)
        sink.command("reversal", void(part))
        await sink.rest()

    sink, erp = played(play, window="daily 18:00")
    assert (erp.amounts(), sink.held()) == ([], {})
    assert sink.state(part["op_key"])[0] == "SUPERSEDED"
    assert sink.state(void(part)["op_key"]) == ("UNCHANGED", "never_posted")


def test_a_void_of_what_is_written_is_held_with_its_amount() -> None:
    async def play(sink: Sink, _: Scripted) -> None:
        sink.command("ap_bill", BILL)
        await sink.rest()
        sink.command("reversal", VOID)
        await sink.rest()

    sink, _ = played(play)
    assert sink.held() == {VOID["op_key"]: ("void_not_built", Decimal("5.00"))}
