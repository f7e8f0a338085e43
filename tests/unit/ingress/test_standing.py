"""A feed that stops is told once, and once when it is read again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from runtime.errors import Broken, Throttled, Transient
from services.ingress.produce import NotStored
from services.ingress.schedule import FAR, Schedule
from services.ingress.standing import READ, SESSION, STOPPED, Standing
from systems.contract import Feed

NOW = datetime(2026, 3, 2, tzinfo=UTC)


class Told:
    """What the audit was told; `fails`: Kafka does not take it."""

    def __init__(self) -> None:
        self.records: list[tuple[str, str, str]] = []
        self.fails = False

    async def __call__(self, decision: str, feed: str, detail: str) -> None:
        if self.fails:
            raise NotStored("no broker")
        self.records.append((decision, feed, detail))


async def test_what_needs_a_person_is_told_at_once_and_only_once() -> None:
    told = Told()
    standing = Standing(told)
    for _ in range(5):
        await standing.failed("invoices", Broken("No right to read Invoice.", "Grant it."))
    assert told.records == [(STOPPED, "invoices", "a person is needed: No right to read Invoice. Grant it.")]
    await standing.read("bills")
    assert len(told.records) == 1, "another feed says nothing about it"
    for _ in range(2):
        await standing.read("invoices")
    assert [one[:2] for one in told.records] == [(STOPPED, "invoices"), (READ, "invoices")]


async def test_what_passes_by_itself_is_told_when_it_does_not() -> None:
    told = Told()
    standing = Standing(told)
    for _ in range(2):
        await standing.failed("invoices", Throttled("429"))
    await standing.read("invoices")
    assert told.records == []
    for _ in range(4):
        await standing.failed("invoices", Transient("timed out"))
    assert told.records == [(STOPPED, "invoices", "no answer: timed out")]


async def test_a_session_is_there_once_any_feed_is_read() -> None:
    told = Told()
    standing = Standing(told)
    await standing.failed(SESSION, Broken("credentials are missing"))
    await standing.read("bills")
    assert [one[:2] for one in told.records] == [(STOPPED, SESSION), (READ, SESSION)]


async def test_what_could_not_be_stored_is_told_with_the_next_failure() -> None:
    told = Told()
    standing = Standing(told)
    told.fails = True
    await standing.failed("invoices", Broken("no"))
    told.fails = False
    await standing.failed("invoices", Broken("no"))
    assert len(told.records) == 1


def test_a_person_s_wish_makes_every_feed_due_also_one_that_stopped_or_backs_off() -> None:
    made = [Feed(name, "invoice", "full", "object", timedelta(hours=1)) for name in ("a", "b", "c")]
    schedule = Schedule(made, NOW)
    schedule.stop(made[0], NOW)
    schedule.back_off(made[1], 500.0)
    schedule.read(made[2], False, NOW)
    schedule.pause(NOW + FAR)
    assert schedule.next(NOW, 0.0) is None
    schedule.at_once(NOW)
    seen = set()
    while (feed := schedule.next(NOW, 0.0)) is not None:
        seen.add(feed.name)
        schedule.read(feed, False, NOW)
    assert seen == {"a", "b", "c"}
