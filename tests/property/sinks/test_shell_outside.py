"""What surrounds the owners: the consumer that throttles them, the threads that follow other topics, the clock that leases are counted by."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException

from runtime.clock import ScaledClock
from tests.property.sinks.consumed import Consumed
from tests.property.sinks.followers import Following, Pauses, Told, record_of
from tests.property.sinks.in_memory import install
from tests.property.sinks.scripted import bill
from tests.property.sinks.vouchers import toy


@pytest.fixture(autouse=True)
def _toys(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, toy())


# --- a partition that was throttled -----------------------------------------------------------------------------------


def _fails_a_commit(consumed: Consumed) -> None:
    consumed.fails_a_commit()
    consumed.erp_goes_on()


def _rebalances(consumed: Consumed) -> None:
    consumed.rebalances()


def _does_nothing(consumed: Consumed) -> None:
    consumed.erp_goes_on()


WHILE_PAUSED: list[Callable[[Consumed], None]] = [_does_nothing, _fails_a_commit, _rebalances]


@pytest.mark.parametrize("happens", WHILE_PAUSED, ids=lambda one: one.__name__.removeprefix("_"))
def test_a_throttled_partition_is_read_on_whatever_happens_while_it_is_paused(
    happens: Callable[[Consumed], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Taken anew it counted as not paused, and the client, which keeps a pause through seek, revoke and assign, gave nothing any more."""

    async def run() -> None:
        consumed = Consumed(monkeypatch, toy(), full=20)
        consumed.erp.stops("reserve")
        for number in range(60):
            consumed.command("ap_bill", bill(str(number), "5.00"))
        consumed.start()
        assert await consumed.until(lambda: consumed.client.paused), "there is much to do"
        happens(consumed)
        before = len(consumed.client.read)
        for number in range(60, 100):
            consumed.command("ap_bill", bill(str(number), "5.00"))
        done = await consumed.until(lambda: consumed.committed == 100 and len(consumed.erp.kept) == 100)
        read = len({at for at in consumed.client.read[before:] if at >= 60})
        committed, kept = consumed.committed, len(consumed.erp.kept)
        await consumed.stop()
        assert done, f"read {read} of the 40 that came since, committed {committed}, posted {kept} of 100"

    asyncio.run(run())


# --- the threads that follow ------------------------------------------------------------------------------------------

FOLLOWERS = ["control", "configuration", "credentials"]
PASSING: dict[str, Any] = {
    "not allowed for a while": Told(0, None, code=KafkaError.TOPIC_AUTHORIZATION_FAILED),
    "the client raises": KafkaException(KafkaError(KafkaError._TRANSPORT)),
    "a defect": RuntimeError("a defect"),
}


@pytest.mark.parametrize("error", list(PASSING.values()), ids=list(PASSING))
@pytest.mark.parametrize("name", FOLLOWERS)
def test_a_follower_goes_on_after_an_error_or_says_that_it_is_in_trouble(
    name: str, error: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Its thread ended and nobody knew: pauses, releases, settings and credentials went unheard while health stayed green."""
    following = Following(monkeypatch, name, [record_of(name, "first"), error, record_of(name, "second")], tmp_path)
    following.play("second")
    assert "first" in following.heard
    assert "second" in following.heard or following.trouble, f"dead and silent: {following.died}"


def test_pauses_may_be_looked_through_while_the_sink_makes_one_of_its_own() -> None:
    """A resume looked through all pauses in its thread while the sink put its own there from another one."""
    followed = Pauses()
    inserted = threading.Event()

    class Sly(str):
        """Whoever compares it is not alone."""

        __slots__ = ()
        __hash__ = str.__hash__

        def __eq__(self, other: object) -> bool:
            if not inserted.is_set():
                inserted.set()
                other_thread = threading.Thread(target=lambda: followed.pauses_itself("third", "ceiling"))
                other_thread.start()
                other_thread.join(timeout=0.5)  # where it has to wait for us, it comes after
            return str.__eq__(self, other)

    inserted.set()
    followed.pauses_itself(Sly("acme"), "ceiling")
    followed.pauses_itself("second", "ceiling")
    inserted.clear()
    failed = followed.resumes("acme")
    assert failed == ""
    assert (followed.paused("acme"), bool(followed.paused("second"))) == ("", True)


# --- the clock --------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(not hasattr(time, "CLOCK_BOOTTIME"), reason="only Linux has a clock that stands still while it is suspended")
def test_leases_count_the_time_in_which_the_machine_was_suspended(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that slept for an hour between check and send sent with a lease that had not run out."""
    clock, slept_s = ScaledClock(), 3600.0
    monotonic_s = time.monotonic()
    with monkeypatch.context() as patch:
        patch.setattr(time, "monotonic", lambda: monotonic_s)
        patch.setattr(time, "clock_gettime", lambda which: monotonic_s + (slept_s if which == time.CLOCK_BOOTTIME else 0.0))
        patch.setattr(
            time, "clock_gettime_ns", lambda which: int(1e9 * (monotonic_s + (slept_s if which == time.CLOCK_BOOTTIME else 0.0)))
        )
        told_s = clock.monotonic()
    assert told_s - monotonic_s >= slept_s - 1.0, f"counted of an hour's sleep: {told_s - monotonic_s:g} s"
