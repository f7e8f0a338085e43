"""What a sink goes on with: errors that nobody reckoned with, settings applied under load, slow look-ups; and what it does not keep."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from runtime.errors import Garbled
from schemas.codec import MAX_WRITTEN_BYTES
from schemas.errors import Malformed
from services.sinks import alarms, arrivals, follow
from systems.contract import System
from tests.property.sinks.in_memory import Setup, Sink, install
from tests.property.sinks.scripted import Scripted, bill, sink_of, void, watching
from tests.property.sinks.stand_ins import CODEC
from tests.property.sinks.vouchers import toy
from tests.toy import TARGET

Play = Callable[[Sink, Scripted], Awaitable[None]]
BILL, OTHER = bill("1", "5.00"), bill("2", "70.00")
KEY = BILL["op_key"]
HOUR_S = 3600.0


@pytest.fixture(autouse=True)
def _toys(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, toy())


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """What is logged of a defect is drawn with all that its functions knew, which takes longer than the rest of a test."""
    with capture_logs():
        yield


def played(play: Play, setup: Setup | None = None, system: System | None = None, **chosen: Any) -> tuple[Sink, Scripted]:
    async def run() -> tuple[Sink, Scripted]:
        sink, erp = sink_of(system, setup, **chosen)
        await play(sink, erp)
        sink.ends()
        return sink, erp

    return asyncio.run(run())


# --- an error of any kind ends one attempt ----------------------------------------------------------------------------

ERRORS = [
    RuntimeError("a defect"),
    KeyError("total"),
    Malformed("the answer cannot be read"),
    ZeroDivisionError("division by zero"),
]


def _all_posted(sink: Sink, erp: Scripted) -> None:
    assert [sink.state(one["op_key"])[0] for one in (BILL, OTHER)] == ["POSTED", "POSTED"], erp.journal
    assert erp.amounts() == [Decimal(5), Decimal(70)]
    assert (sink.offset, sink.ended, sink.takes) == (2, "", 1), "the partition was not taken anew either"


async def _parked_then_tried_again(sink: Sink, erp: Scripted, raises: Callable[[], None]) -> None:
    raises()
    for one in (BILL, OTHER):
        sink.command("ap_bill", one)
    sink.reads()
    await sink.turns(300)
    state, reason = sink.state(KEY)
    assert (state in ("WAITING", "HELD"), bool(reason)) == (True, True), f"{state} {reason!r} after {erp.journal}"
    await sink.passes(30)
    assert sink.state(OTHER["op_key"])[0] == "POSTED", "others go on"
    await sink.passes(900, step=5.0)


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_whatever_a_look_up_raises_parks_that_attempt_and_it_is_tried_again(error: Exception) -> None:
    """Only errors of our own tree were expected: any other left the op-key in the hands of a run that was gone, until a restart."""

    async def play(sink: Sink, erp: Scripted) -> None:
        await _parked_then_tried_again(sink, erp, lambda: erp.raises_of[BILL["ref"]].append(error))

    _all_posted(*played(play))


def test_a_look_up_that_cannot_be_read_concerns_its_document_alone() -> None:
    """It counted as an outage: the other document waited too, and this one was asked for again and again for ever, on no list of held documents."""

    async def play(sink: Sink, erp: Scripted) -> None:
        erp.raises_of[BILL["ref"]].extend([Garbled("toy: TotalAmount is not a number")] * 9)
        for one in (BILL, OTHER):
            sink.command("ap_bill", one)
        sink.reads()
        await sink.turns(300)
        assert sink.state(OTHER["op_key"])[0] == "POSTED", "no time has passed"
        assert sink.state(KEY) == ("WAITING", "system_down")
        await sink.passes(900, step=5.0)

    sink, erp = played(play)
    assert sink.held() == {KEY: ("defect", Decimal(5))}
    assert [one["detail"] for one in sink.index.all() if one["op_key"] == KEY] == ["toy: TotalAmount is not a number"]
    assert erp.amounts() == [Decimal(70)], "it is never written without a look-up"


def test_a_system_that_answers_nothing_readable_is_paused_and_its_documents_are_not_all_held() -> None:
    several = [bill(str(number), "5.00") for number in range(30, 60)]

    async def play(sink: Sink, erp: Scripted) -> None:
        for one in several:
            erp.raises_of[one["ref"]].extend([Garbled("toy: no page")] * 99)
            sink.command("ap_bill", one)
        sink.reads()
        await sink.passes(360, step=10.0)
        assert len(sink.held()) < 5
        erp.raises_of.clear()
        await sink.passes(360, step=10.0)
        states = [sink.state(one["op_key"])[0] for one in several]
        assert states.count("POSTED") == len(several) - states.count("HELD") > 25

    played(play)


@pytest.mark.parametrize("what", ["reserve", "open_session"])
@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_whatever_is_raised_before_the_intent_parks_that_attempt_and_it_is_tried_again(error: Exception, what: str) -> None:
    """Nothing was recorded of it, and the offset waited for a record that nobody made any more."""

    async def play(sink: Sink, erp: Scripted) -> None:
        await _parked_then_tried_again(sink, erp, lambda: erp.raises[what].append(error))

    _all_posted(*played(play))


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_a_session_that_cannot_be_had_between_intent_and_send_ends_that_attempt_only(error: Exception) -> None:
    """Other credentials came while the look-up was on its way; the op-key stayed SENDING for good, and a newer version behind it."""

    async def play(sink: Sink, erp: Scripted) -> None:
        def replaced(_: Any) -> None:
            erp.on_find = None
            sink.new_credentials()
            erp.raises["open_session"].append(error)

        erp.on_find = replaced
        for one in (BILL, OTHER):
            sink.command("ap_bill", one)
        sink.reads()
        await sink.passes(900, step=5.0)
        assert {sink.state(one["op_key"])[0] for one in (BILL, OTHER)} == {"POSTED"}, erp.journal
        for one in (BILL, OTHER):
            sink.command("ap_bill", bill(one["source_id"], "9.00", version=2))
        sink.reads()
        await sink.passes(60)

    sink, erp = played(play)
    assert (erp.amounts(), sink.offset) == ([Decimal(5), Decimal(70)], 4)
    assert [reason for reason, _ in sink.held().values()] == ["changed_after_post"] * 2


@pytest.mark.parametrize("state", ["INTENT", "POSTED"])
def test_a_ledger_record_that_cannot_be_written_ends_that_attempt_only(state: str) -> None:
    """Whether the intent or the outcome: what may have been sent is looked up and never sent twice."""

    async def play(sink: Sink, erp: Scripted) -> None:
        sink.codec_fails(state, RuntimeError("a defect"))
        for one in (BILL, OTHER):
            sink.command("ap_bill", one)
        sink.reads()
        await sink.passes(900, step=5.0)

    _all_posted(*played(play))


@pytest.mark.parametrize("after", range(5))
def test_an_index_that_cannot_be_read_ends_that_attempt_only_whenever_it_is(after: int) -> None:
    """When the command comes it is told with its amount; at its turn, when the wait for its calls is over, and at the last moment before
    its request it is tried again."""

    async def play(sink: Sink, erp: Scripted) -> None:
        sink.reading_fails(void(BILL)["op_key"], after, RuntimeError("a defect"))
        for one in (BILL, OTHER):
            sink.command("ap_bill", one)
        sink.reads()
        await sink.passes(900, step=5.0)

    sink, erp = played(play)
    told = [(one["offset"], one["amount"]) for one in sink.records("dead")]
    assert (told, erp.amounts()) in (([(0, Decimal(5))], [Decimal(70)]), ([], [Decimal(5), Decimal(70)])), (
        sink.state(KEY),
        erp.journal,
    )
    assert (sink.offset, sink.ended, sink.takes) == (2, "", 1)


@pytest.mark.parametrize("after", range(9))
def test_a_void_that_waits_is_carried_out_or_told_whenever_the_index_cannot_be_read(after: int) -> None:
    """It waited at the head of its document's queue, and what it waited for had forgotten it."""

    async def play(sink: Sink, erp: Scripted) -> None:
        sink.command("ap_bill", BILL)
        sink.reads()
        await sink.passes(10)
        assert sink.state(KEY) == ("WAITING", "window")
        sink.command("reversal", void(BILL))
        sink.reading_fails(void(BILL)["op_key"], after, RuntimeError("a defect"))
        sink.reads()
        await sink.passes(900, step=5.0)

    sink, erp = played(play, window="daily 18:00")
    told = [(one["offset"], one["amount"]) for one in sink.records("dead")]
    assert (told, sink.state(KEY)) in (([], ("SUPERSEDED", "voided")), ([(1, Decimal(5))], ("WAITING", "window")))
    assert (sink.offset, sink.ended, sink.takes, erp.amounts()) == (2, "", 1, [])


# --- what is too large, or cannot be read ------------------------------------------------------------------------------


def _of_size(size: int, hold: str) -> dict[str, Any]:
    """A bill whose value has so many bytes."""
    topic, record, about = f"command.{TARGET}", "command.ap_bill", {**BILL, "hold": hold}
    room = size - len(CODEC.encode(topic, record, {**about, "description": "x" * 1_500_000})) + 1_500_000
    made = {**about, "description": "x" * room}
    assert len(CODEC.encode(topic, record, made)) == size
    return made


@pytest.mark.parametrize("hold", ["", "suspect"], ids=["to be written", "held by its mapping"])
@pytest.mark.parametrize("below", [0, 1, 100, 249])
def test_a_command_so_large_that_its_ledger_record_is_too_large_is_held_by_name_and_the_next_one_is_read(
    below: int, hold: str
) -> None:
    """It ended the process, at each start, or its op-key lay in no ledger and its offset was never committed."""

    async def play(sink: Sink, _: Scripted) -> None:
        sink.command("ap_bill", _of_size(MAX_WRITTEN_BYTES - below, hold))
        sink.command("ap_bill", OTHER)
        sink.reads()
        await sink.passes(60)

    sink, erp = played(play)
    assert sink.ended == ""
    assert (sink.state(KEY)[0], [amount for _, amount in sink.held().values()]) == ("HELD", [Decimal(5)])
    assert all(reason for reason, _ in sink.held().values())
    assert (erp.amounts(), sink.offset) == ([Decimal(70)], 2)


@pytest.mark.parametrize("size", [100, MAX_WRITTEN_BYTES - 1, MAX_WRITTEN_BYTES + 32 * 1024], ids=["small", "large", "over"])
def test_what_cannot_be_decoded_is_told_to_dead_whatever_its_size_and_the_next_one_is_read(size: int) -> None:
    """With the value in it, the record for `dead` was too large itself."""

    async def play(sink: Sink, _: Scripted) -> None:
        sink.raw(b"\x01" * size)
        sink.command("ap_bill", OTHER)
        sink.reads()
        await sink.passes(60)

    sink, erp = played(play)
    assert sink.ended == ""
    assert [one["offset"] for one in sink.records("dead")] == [0]
    assert (erp.amounts(), sink.offset) == ([Decimal(70)], 2)


# --- settings applied under load ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["reserve", "find", "perform"])
@pytest.mark.parametrize("told", ["settings", "credentials"])
def test_settings_applied_under_load_make_one_new_session_cut_nothing_and_send_nothing_by_the_old_ones(
    told: str, where: str
) -> None:
    """Runs of the old settings and of the new ones took turns in opening their session, each closing the other's."""

    async def play(sink: Sink, erp: Scripted) -> None:
        gate = erp.stops(where)
        for number in range(36):
            sink.command("ap_bill", bill(str(number), "5.00"))
        sink.reads()
        await sink.turns(200)
        assert len(gate.waiting) == 12
        sent, new = len(erp.requests()), _applied(sink, told)
        for _ in range(60):
            gate.lets(1)
            await sink.turns(30)
        gate.opens()
        await sink.passes(120)
        versions, old = erp.opened, [call for call in erp.calls("perform")[sent:] if call.version != new]
        assert (versions, len(erp.cut), len(old)) == (["1.0", new], 0, 0), (
            f"opened {versions}, cut {len(erp.cut)}, by the old {len(old)}"
        )

    sink, erp = played(play, Setup(lanes=12))
    assert (erp.amounts(), sink.held()) == ([Decimal(5)] * 36, {})


def _applied(sink: Sink, told: str) -> str:
    if told == "settings":
        sink.applies()
        return "2.0"
    sink.new_credentials()
    sink.reminds()
    return "1.1"


# --- look-ups that are slow, or watched ---------------------------------------------------------------------------------


def test_a_look_up_that_always_takes_longer_than_the_lease_backs_off_and_is_held_by_name() -> None:
    """It was made again at once, for ever: 1,437 look-ups an hour of one document."""

    async def play(sink: Sink, erp: Scripted) -> None:
        erp.takes_s["find"] = 2.5
        sink.command("ap_bill", BILL)
        sink.reads()
        await sink.passes(HOUR_S, step=0.5)

    sink, erp = played(play)
    assert len(erp.calls("find")) <= 60, f"look-ups in an hour: {len(erp.calls('find'))}"
    assert (sink.state(KEY), erp.amounts()) == (("HELD", "slow_look_up"), [])


def test_one_slow_look_up_is_no_reason_to_hold_anything() -> None:
    async def play(sink: Sink, erp: Scripted) -> None:
        erp.takes_s["find"] = 2.5
        sink.command("ap_bill", BILL)
        sink.reads()
        await sink.passes(4, step=0.5)
        erp.takes_s["find"] = 0.1
        await sink.passes(HOUR_S, step=0.5)

    sink, erp = played(play)
    assert (sink.state(KEY)[0], erp.amounts()) == ("POSTED", [Decimal(5)])


@pytest.mark.parametrize("events", [0, 1, 20])
def test_settings_events_do_not_multiply_the_look_ups_of_a_watched_document(events: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each event set one more alarm, and each alarm that rang set the next one."""
    install(monkeypatch, watching())

    async def play(sink: Sink, erp: Scripted) -> None:
        sink.command("ap_bill", BILL)
        sink.reads()
        await sink.passes(20)
        assert sink.state(KEY) == ("WAITING", "erp_batch")
        for _ in range(events):
            sink.reminds()
            await sink.passes(5)
        before = len(erp.calls("find"))
        await sink.passes(2 * HOUR_S, step=5.0)
        looked = len(erp.calls("find")) - before
        every = watching().writes[0].watch_every / timedelta(hours=2)
        assert looked <= 1 / every + 1, f"look-ups in two hours after {events} events: {looked}"

    played(play, system=watching())


# --- what is not kept ---------------------------------------------------------------------------------------------------


async def _ended(sink: Sink, number: int) -> None:
    sink.command("ap_bill", bill(str(number), "5.00"))
    sink.reads()
    await sink.passes(2)


async def _waited_for_its_parent(sink: Sink, number: int) -> None:
    parent = {"role": "bill", "entity": "invoice", "source_id": f"p{number}"}
    sink.command("ap_bill", bill(f"c{number}", "5.00", parents=[parent]))
    sink.reads()
    await sink.passes(2)
    sink.command("ap_bill", bill(f"p{number}", "5.00"))
    sink.reads()
    await sink.passes(2)


async def _mapped_again(sink: Sink, number: int) -> None:
    unmapped: dict[str, Any] = {"unresolved": ["vendor=x"], "canonical": b"as it was", "config_version": "0"}
    sink.command("ap_bill", bill(str(number), "4.00", **unmapped))
    sink.reads()
    await sink.passes(2)
    await _ended_with(sink, number, 2)


async def _decided(sink: Sink, number: int) -> None:
    made = bill(str(number), "5.00", hold="suspect")
    sink.command("ap_bill", made)
    sink.reads()
    await sink.passes(2)
    sink.decides("release", made["op_key"])
    await sink.passes(2)


async def _resumed(sink: Sink, number: int) -> None:
    sink.decides("pause")
    sink.decides("resume")
    await _ended(sink, number)


async def _ended_with(sink: Sink, number: int, version: int) -> None:
    sink.command("ap_bill", bill(str(number), "5.00", version=version))
    sink.reads()
    await sink.passes(2)


LIVES = [_ended, _waited_for_its_parent, _mapped_again, _decided, _resumed]


@pytest.mark.parametrize("life", LIVES, ids=lambda life: life.__name__.removeprefix("_"))
def test_nothing_is_remembered_of_what_has_ended(
    life: Callable[[Sink, int], Awaitable[None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sets of what was asked, fetched, mapped again and decided only grew. What is remembered up to a bound has reached it here."""
    for where, bound in ((alarms, "_SPARE"), (arrivals, "CORRECTIONS"), (follow, "SEEN")):
        monkeypatch.setattr(where, bound, 10)

    async def play(sink: Sink, erp: Scripted) -> None:
        counts = []
        for number in range(120):
            await life(sink, number)
            counts.append(sink.remembered())
        assert {sink.state(one["op_key"])[0] for one in map(_command, sink.log)} == {"POSTED"}
        assert counts[-1] - counts[39] <= 20, f"remembered after 40 and after 120 of them: {counts[39]}, {counts[-1]}"

    played(play)


def _command(message: Any) -> dict[str, Any]:
    return CODEC.decode(message.value())[1]


def test_links_of_connections_whose_commands_lie_elsewhere_are_not_kept_in_memory(tmp_path: Path) -> None:
    """Each process kept each link of all connections, 443 bytes a link."""

    async def play(sink: Sink, _: Scripted) -> None:
        await sink.passes(2)
        before = sink.remembered()
        for number in range(500):
            sink.links("elsewhere", f"v{number}", partition=3)
        assert sink.remembered() - before <= 10, f"remembered of 500 links: {sink.remembered() - before}"

    played(play, Setup(folder=tmp_path / "links"))
