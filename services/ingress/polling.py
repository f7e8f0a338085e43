"""One system of one connection: polls its feeds in turn, and before them fetches what is requested by id.

The records of a page are acked before its cursor moves, and the cursor is acked before the next page is requested. A crash in between reads
the page again and never skips one. The type of an error says what comes next (runtime/errors.py). A feed that fails stops no other feed.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal

from runtime import metrics
from runtime.clock import Clock
from runtime.errors import Broken, ConnectorError, Garbled, Throttled
from runtime.log import log
from runtime.retry import Backoff
from schemas.codec import Record
from schemas.errors import Malformed
from services.ingress.fetches import FetchQueue, ObjectKey, answered, is_of_its_objects, tries_until_believed
from services.ingress.produce import NotStored
from services.ingress.schedule import FAR, Schedule
from services.ingress.seen import Fetched, Run, WrittenElements
from services.ingress.sessions import ReaderSession
from services.ingress.standing import Standing
from services.ingress.writing import Writing, decided
from systems.contract import Element, Feed, Page, System
from systems.raw import How, Where

_HOW = {"token": "export", "window": "list", "full": "scan"}
_ABSENT = "not in the answer of the system; nothing is cancelled"
_FRESH = timedelta(minutes=5)
"""A cursor that does not move is written again after this time, because it also says when its feed was last read."""
Cursors = dict[tuple[str, str], Record]
"""(connection, feed) -> its cursor."""


@dataclass(frozen=True)
class Polled:
    """What a poller works on and with. `sends_hints` says that webhooks or pushes are on, so that a change that only the poller saw is a
    gap. `standing` reports to `audit` whether its side is read."""

    where: Where
    system: System
    feeds: tuple[Feed, ...]
    session: ReaderSession
    writing: Writing
    clock: Clock
    backoff: Backoff
    sends_hints: bool
    standing: Standing


class SystemPoller:
    """The two loops of one session: fetches by id, and feeds. `run` ends only when it is cancelled."""

    def __init__(self, polled: Polled, queue: FetchQueue, cursors: Cursors) -> None:
        self._polled = polled
        self._queue = queue
        self._cursors = cursors
        self._schedule = Schedule(polled.feeds, polled.clock.now())
        self._seen = WrittenElements()
        self._runs: dict[str, Run] = {feed.name: Run() for feed in polled.feeds}
        self._fetched = Fetched()
        self._draw = random.Random()  # noqa: S311 - jitter, no secret
        self._fetching = False
        self._fetch_failures = self._fetches_broken = 0
        self._broken_in_a_row = 0
        self._troubles: dict[str, str] = {}
        self._pending = asyncio.Event()

    @property
    def trouble(self) -> str:
        """What a person has to correct; "" if nothing."""
        return " ".join(dict.fromkeys(self._troubles.values()))

    def read_now(self) -> None:
        """Read every feed at once, also those that wait for a person or back off."""
        self._schedule.at_once(self._polled.clock.now())
        self._pending.set()

    async def run(self) -> None:
        """Poll until cancelled. The session is closed at the end."""
        log.info("polling", connection=self._polled.where.connection, system=self._polled.where.system)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._fetch_always())
                both.create_task(self._read_always())
        finally:
            with contextlib.suppress(ConnectorError, OSError, TimeoutError):
                await asyncio.wait_for(self._polled.session.close(), 10)

    # --- feeds ---

    async def _read_always(self) -> None:
        clock = self._polled.clock
        while True:
            feed = self._schedule.next(clock.now(), clock.monotonic())
            if feed is None:
                await self._wait()
            elif self._fetching and len(self._queue):
                await asyncio.sleep(0.01)  # fetches go first, as long as they succeed
            else:
                await self._turn(feed)

    async def _wait(self) -> None:
        scaled, real_s = self._schedule.wait(self._polled.clock.now(), self._polled.clock.monotonic())
        waits = {asyncio.ensure_future(self._polled.clock.sleep(scaled)), asyncio.ensure_future(self._pending.wait())}
        try:
            await asyncio.wait(waits, timeout=real_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waits:
                one.cancel()
        self._pending.clear()

    async def _turn(self, feed: Feed) -> None:
        try:
            page = await self._polled.session.reader.page(feed, self._position(feed))
            more = await self._store(feed, page)
        except Exception as error:  # noqa: BLE001 - the edge of the loop: the failure of one feed does not stop the others
            self._failed(feed, error)
            await self._polled.standing.failed(feed.name, error)
        else:
            self._recovered(feed)
            await self._polled.standing.read(feed.name)
            self._schedule.read(feed, more, self._polled.clock.now())
            if not more:
                metrics.FEED_READ.labels(*self._labels(feed.name)).set(self._polled.clock.now().timestamp())

    def _position(self, feed: Feed) -> str:
        cursor = self._cursors.get((self._polled.where.connection, self._cursor_name(feed)))
        return str(cursor["position"]) if cursor is not None else ""

    def _cursor_name(self, feed: Feed) -> str:
        return f"{self._polled.where.system}.{feed.name}"

    async def _store(self, feed: Feed, page: Page) -> bool:
        """Ack all elements, then the cursor, then remember them. Returns whether the next page follows at once."""
        before = self._position(feed)
        if page.more and page.position == before:
            raise Malformed(f"{feed.name}: the page says that more follow, but its position does not move")
        fresh = [(n, element) for n, element in enumerate(page.elements) if not self._seen.is_known(feed.name, element)]
        how = How(feed.entity, feed.shape, _HOW[feed.kind])
        await self._polled.writing.elements(self._polled.where, how, page, fresh)
        for _, element in fresh:
            self._seen.remember(feed.name, element)
        self._count(feed, len(fresh), len(page.elements) - len(fresh))
        await self._report_gap(feed, [element for _, element in fresh])
        if page.restarted:
            await self._restarted(feed, "continuation", page.restarted)
        more = page.more
        if self._runs[feed.name].repeats(feed, page):
            await self._restarted(
                feed, "circle", "a page of this run came again, although the system says that more follow; the run ends"
            )
            more = False
        await self._move_cursor(feed, page, len(fresh))
        return more

    async def _restarted(self, feed: Feed, reason: str, words: str) -> None:
        metrics.POLL_RESTARTS.labels(*self._labels(feed.name), reason).inc()
        where = self._polled.where
        log.warning("feed_restarted", connection=where.connection, system=where.system, feed=feed.name, why=words)
        await self._polled.writing.decision(decided(where, "refused", f"feed {feed.name}: {words}", (feed.entity, "")))

    async def _move_cursor(self, feed: Feed, page: Page, records: int) -> None:
        key = (self._polled.where.connection, self._cursor_name(feed))
        before = self._cursors.get(key)
        is_where_it_was = before is not None and before["position"] == page.position
        if before is not None and is_where_it_was and self._polled.clock.now() - before["at"] < _FRESH:
            return
        cursor = {
            "connection": key[0],
            "feed": key[1],
            "position": page.position,
            "page_digest": page.digest,
            "records": (before["records"] if before is not None else 0) + records,
            "at": self._polled.clock.now(),
        }
        await self._polled.writing.cursor(cursor)
        self._cursors[key] = cursor

    async def _report_gap(self, feed: Feed, elements: list[Element]) -> None:
        if not self._polled.sends_hints or self._schedule.is_catching_up(feed) or not self._position(feed):
            return
        news = sum(self._fetched.is_unreported(feed.entity, element) for element in elements)
        if news:
            metrics.POLL_GAPS.labels(*self._labels(feed.name)).inc(news)
            detail = f"feed {feed.name}: changes that no webhook reported"
            await self._polled.writing.decision(decided(self._polled.where, "gap", detail, (feed.entity, "")), news)

    def _count(self, feed: Feed, fresh: int, known: int) -> None:
        metrics.POLLED.labels(*self._labels(feed.name)).inc(fresh)
        metrics.POLLED_SEEN.labels(*self._labels(feed.name)).inc(known)

    def _labels(self, feed: str) -> tuple[str, str, str]:
        return self._polled.where.connection, self._polled.where.system, feed

    # --- what comes next after a failure ---

    def _recovered(self, feed: Feed) -> None:
        self._broken_in_a_row = 0
        if self._troubles.pop(feed.name, ""):
            metrics.FEED_STOPPED.labels(*self._labels(feed.name)).set(0)

    def _failed(self, feed: Feed, error: Exception) -> None:
        failures = self._schedule.failed(feed)
        kind = self._note_failure(feed.name, error, failures)
        now, monotonic_s = self._polled.clock.now(), self._polled.clock.monotonic()
        if kind == "throttled":
            self._schedule.pause(now + self._pause(error, failures))
        elif kind == "broken":
            self._stop_feed(feed)
        else:
            self._schedule.back_off(feed, monotonic_s + self._polled.backoff.wait(failures, self._draw).total_seconds())

    def _stop_feed(self, feed: Feed) -> None:
        """A feed waits for a person. Two in a row without a page between them mean that the whole system does."""
        now = self._polled.clock.now()
        self._schedule.stop(feed, now)
        metrics.FEED_STOPPED.labels(*self._labels(feed.name)).set(1)
        self._broken_in_a_row += 1
        if self._broken_in_a_row >= min(2, len(self._polled.feeds)):
            self._schedule.pause(now + FAR)
            log.error(
                "system_stopped", connection=self._polled.where.connection, system=self._polled.where.system, why=self.trouble
            )

    def _pause(self, error: Exception, failures: int) -> timedelta:
        asked = error.asked if isinstance(error, Throttled) else None
        return self._polled.backoff.wait(failures, self._draw, asked)

    def _note_failure(self, what: str, error: Exception, failures: int) -> Literal["throttled", "broken", "again"]:
        """Count and log a failure; returns what comes next. The message never contains a body."""
        kind: Literal["throttled", "broken", "again"] = "again"
        if isinstance(error, Throttled):
            kind = "throttled"
        elif isinstance(error, Broken):
            kind = "broken"
            self._troubles[what] = str(error)
        name = type(error).__name__
        metrics.POLL_FAILURES.labels(*self._labels(what), name).inc()
        where = {"connection": self._polled.where.connection, "system": self._polled.where.system, "feed": what}
        if isinstance(error, (ConnectorError, Malformed)):
            level = log.error if kind == "broken" else log.warning
            level("poll_failed", **where, attempt=failures, outcome=kind, error=f"{name}: {str(error)[:300]}")
        else:
            log.error("poll_failed", **where, attempt=failures, outcome="defect", exc_info=error)
        return kind

    # --- what is fetched by id ---

    async def _fetch_always(self) -> None:
        while True:
            await self._queue.arrived()
            await self._fetch_once()

    async def _fetch_once(self) -> None:
        waiting = metrics.FETCH_WAITING.labels(self._polled.where.connection, self._polled.where.system)
        waiting.set(len(self._queue))
        batch = self._queue.batch(self._polled.system.fetchable)
        try:
            self._fetching = True
            await self._fetch(batch)
        except Exception as error:  # noqa: BLE001 - the edge of the loop: the batch stays in the queue
            self._fetching = False
            self._fetch_failures += 1
            await self._fetch_failed(batch, error, self._fetch_failures)
        else:
            self._fetch_failures = self._fetches_broken = 0
            self._queue.succeeded()
            self._troubles.pop("fetch", "")
        finally:
            waiting.set(len(self._queue))

    async def _fetch(self, keys: Sequence[ObjectKey]) -> None:
        entity, counts = keys[0][0], {one: self._queue.count(one) for one in keys}
        if entity not in self._polled.system.fetchable:
            await self._decide(keys, "refused", f"{self._polled.where.system} cannot read {entity} by id")
        else:
            page = await self._polled.session.reader.fetch(entity, [source_id for _, source_id in keys])
            answer = answered(keys, page.elements)
            await self._store_fetched(entity, replace(page, elements=answer.elements))
            await self._decide(answer.absent, "filtered", _ABSENT)
            for one in answer.alone:
                self._queue.failed_alone(one)
            keys = [one for one in keys if one not in answer.alone]
        for one in keys:
            self._queue.done(one, counts[one])

    async def _store_fetched(self, entity: str, page: Page) -> None:
        how = How(entity, "object", "fetch")
        await self._polled.writing.elements(self._polled.where, how, page, enumerate(page.elements))
        for element in page.elements:
            self._fetched.fetched(entity, element)

    async def _decide(self, keys: Sequence[ObjectKey], decision: str, detail: str) -> None:
        for one in keys:
            await self._polled.writing.decision(decided(self._polled.where, decision, detail, one))

    async def _fetch_failed(self, keys: Sequence[ObjectKey], error: Exception, failures: int) -> None:
        kind = self._note_failure("fetch", error, failures)
        if is_of_its_objects(error):
            for one in keys:
                if self._queue.failed_alone(one) >= tries_until_believed(error):
                    await self._give_up(one, error)
        elif kind == "again":
            self._queue.failed(keys)
        if kind == "throttled":
            await self._polled.clock.sleep(self._pause(error, failures))
        elif kind == "broken":
            await self._stop_fetches(keys[0][0])
        else:
            await asyncio.sleep(self._polled.backoff.wait(failures, self._draw).total_seconds())

    async def _stop_fetches(self, entity: str) -> None:
        """The fetches of an entity wait for a person and go behind the others. Two in a row without an answer between them mean that the
        whole system waits."""
        self._fetches_broken += 1
        if self._fetches_broken >= min(2, self._queue.move_behind(entity)):
            self._fetches_broken = 0
            await self._polled.clock.sleep(FAR)

    async def _give_up(self, key: ObjectKey, error: Exception) -> None:
        """Stop fetching an object because its answer is believed. What came is written in its place, and hop 1 puts it on `dead`; if
        nothing came, the refusal is recorded. If that cannot be stored, the object stays in the queue."""
        entity, source_id = key
        try:
            if isinstance(error, Garbled) and error.body:
                digest = hashlib.sha256(error.body).hexdigest()
                await self._store_fetched(entity, Page((Element(source_id, "", error.body),), "", more=False, digest=digest))
            else:
                await self._decide([key], "refused", f"cannot be read: {type(error).__name__}: {str(error)[:300]}")
        except NotStored as failed:
            log.warning("fetch_not_given_up", connection=self._polled.where.connection, error=str(failed)[:300])
        else:
            self._queue.done(key, self._queue.count(key))
