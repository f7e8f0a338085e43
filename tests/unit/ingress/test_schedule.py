"""Whose turn it is: fresh before catching up, failed behind the others, nothing while the system is paused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from services.ingress.fetches import FetchQueue, FetchRecord, Offsets
from services.ingress.schedule import FAR, Schedule
from systems.contract import Feed

NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
A = Feed("a", "invoice", "token", "hint", MINUTE)
B = Feed("b", "customer", "window", "object", 5 * MINUTE)


def test_a_feed_comes_again_after_its_cadence() -> None:
    schedule = Schedule([A], NOW)
    assert schedule.next(NOW, 0) == A
    schedule.read(A, more=False, now=NOW)
    assert schedule.next(NOW + MINUTE - timedelta(microseconds=1), 0) is None
    assert schedule.wait(NOW, 0) == (MINUTE, None)
    assert schedule.next(NOW + MINUTE, 0) == A


def test_a_feed_that_catches_up_lets_the_others_go_first() -> None:
    schedule = Schedule([A, B], NOW)
    schedule.read(A, more=True, now=NOW - MINUTE)
    assert schedule.next(NOW, 0) == B
    schedule.read(B, more=False, now=NOW)
    assert schedule.next(NOW, 0) == A
    assert schedule.is_catching_up(A)


def test_a_feed_that_failed_waits_real_seconds_and_the_others_do_not() -> None:
    schedule = Schedule([A, B], NOW)
    assert schedule.failed(A) == 1
    schedule.back_off(A, 2.0)
    assert schedule.next(NOW, 0) == B
    schedule.read(B, more=False, now=NOW)
    assert schedule.next(NOW + MINUTE, 1.9) is None
    assert schedule.wait(NOW, 1.5) == (5 * MINUTE, 0.5)
    assert schedule.next(NOW, 2.0) == A
    schedule.read(A, more=False, now=NOW)
    assert schedule.failed(A) == 1


def test_a_pause_holds_every_feed() -> None:
    schedule = Schedule([A, B], NOW)
    schedule.pause(NOW + MINUTE)
    schedule.pause(NOW)
    assert schedule.next(NOW, 0) is None
    assert schedule.wait(NOW, 0) == (MINUTE, None)
    assert schedule.next(NOW + MINUTE, 0) is not None


def test_a_stopped_feed_comes_again_by_itself_much_later() -> None:
    schedule = Schedule([A], NOW)
    schedule.stop(A, NOW)
    assert schedule.next(NOW + FAR - MINUTE, 0) is None
    assert schedule.next(NOW + FAR, 0) == A


def test_a_system_without_feeds_is_never_due() -> None:
    assert Schedule([], NOW).next(NOW, 0) is None
    assert Schedule([], NOW).wait(NOW, 0) == (timedelta(hours=1), None)


def test_the_first_open_offset_is_committed() -> None:
    offsets = Offsets()
    assert offsets.commit == -1
    for offset in (7, 8, 9):
        offsets.opened(offset)
    offsets.done(8)
    assert offsets.commit == 7
    offsets.done(7)
    assert offsets.commit == 9
    offsets.done(9)
    assert offsets.commit == 10


def test_wishes_for_one_object_are_one_and_a_later_one_asks_again() -> None:
    queue, offsets = FetchQueue(), Offsets()
    for offset, source_id in enumerate(["1", "2", "1"]):
        offsets.opened(offset)
        queue.add(("invoice", source_id), FetchRecord(offsets, offset))
    assert list(queue.batch({"invoice": 50})) == [("invoice", "1"), ("invoice", "2")]
    seen = queue.count(("invoice", "1"))
    offsets.opened(3)
    queue.add(("invoice", "1"), FetchRecord(offsets, 3))
    queue.done(("invoice", "1"), seen)
    assert list(queue.batch({"invoice": 50})) == [("invoice", "2"), ("invoice", "1")]
    queue.done(("invoice", "2"), 1)
    assert offsets.commit == 3
    queue.done(("invoice", "1"), 1)
    assert (len(queue), offsets.commit) == (0, 4)


def test_a_batch_holds_one_entity_and_no_more_than_fit() -> None:
    queue, offsets = FetchQueue(), Offsets()
    for n in range(5):
        queue.add(("invoice" if n != 1 else "job", str(n)), FetchRecord(offsets, n))
    assert list(queue.batch({"invoice": 3, "job": 1})) == [("invoice", "0"), ("invoice", "2"), ("invoice", "3")]


def test_an_object_that_was_refused_is_asked_alone_behind_the_others() -> None:
    queue, offsets = FetchQueue(), Offsets()
    for n in range(3):
        queue.add(("invoice", str(n)), FetchRecord(offsets, n))
    assert queue.failed_alone(("invoice", "0")) == 0
    assert list(queue.batch({"invoice": 50})) == [("invoice", "1"), ("invoice", "2")]
    for one in ("1", "2"):
        queue.done(("invoice", one), 1)
    assert list(queue.batch({"invoice": 50})) == [("invoice", "0")]
    assert queue.failed_alone(("invoice", "0")) == 1
