"""Webhooks that the tenant sends: signed, retried, and as unreliable as asked for.

Sources: V2 webhooks page and FAQ (POST, JSON, HMAC key of 32 to 64 characters, anything but 200 is a failure, retries after 10, 30,
60 and 300 s). Header, encoding, envelope and event names are not published (assumed; all but the names are settings of the
registration). Whether a wait counts from the try before is not said; here it does. What waits to be sent is lost on a restart.
"""

from __future__ import annotations

import asyncio
import random
import uuid
from collections import Counter
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from typing import Any

import aiohttp
import orjson

from systems.servicetitan.simulator.kinds import KINDS
from systems.servicetitan.simulator.shapes import Row
from systems.servicetitan.simulator.signing import signature_headers
from systems.servicetitan.simulator.tenant import Tenant, instant

RETRIES_S = (10, 30, 60, 300)
_STORED = "webhook"
_EVENTS = {"create": "created", "complete": "completed"}


@dataclass(frozen=True)
class Subscriber:
    """One registration: where to, how signed, how unreliable. Shares are of 1; `delay_s` bounds the draw of a disordered one."""

    url: str
    key: str = ""
    header: str = "x-servicetitan-signature"
    encoding: str = "hex"
    prefix: str = ""
    scheme: str = "body-hmac"
    drop: float = 0.0
    duplicate: float = 0.0
    disorder: float = 0.0
    delay_s: float = 120.0
    events: tuple[str, ...] = ()


@dataclass(frozen=True)
class Delivery:
    """One event on its way to one subscriber."""

    subscriber: Subscriber
    event_id: str
    event_type: str
    body: bytes
    tries: int = 0


@dataclass
class Webhooks:
    """The sender: a bounded number of deliveries run at once, all others wait."""

    tenant: Tenant
    subscribers: list[Subscriber] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    failed: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.subscribers = [Subscriber(**_tupled(row)) for row in self.tenant.store.all(_STORED)]
        self._queue: asyncio.Queue[Delivery] = asyncio.Queue()
        self._tasks: set[asyncio.Task[None]] = set()
        self._session: aiohttp.ClientSession | None = None
        self.waiting = 0

    def subscribe(self, subscriber: Subscriber) -> None:
        """Register; kept over a restart."""
        if subscriber.key and not 32 <= len(subscriber.key) <= 64 and not subscriber.key.startswith("whsec_"):
            raise ValueError("key: an HMAC key has 32 to 64 characters")
        signature_headers(subscriber, "id", 0, b"")  # a wrong encoding or scheme is refused now, not at the first event
        self.tenant.store.put(_STORED, f"{len(self.subscribers):06d}", asdict(subscriber), self.tenant.clock.now())
        self.subscribers.append(subscriber)

    def unsubscribe_all(self) -> None:
        """Forget every registration; what is on its way still arrives."""
        for number in range(len(self.subscribers)):
            self.tenant.store.delete(_STORED, f"{number:06d}")
        self.subscribers.clear()

    def told(self, kind: str, operation: str, row: Row) -> None:
        """A row changed: an event for every subscriber (listener of the tenant)."""
        noun = KINDS[kind].event if kind in KINDS else ""
        if not noun or not self.subscribers:
            return
        event_type = f"{noun}.{_EVENTS.get(operation, 'updated')}"
        number = self.tenant.next_id("webhook-event")
        event_id = str(uuid.uuid5(uuid.NAMESPACE_URL, f"servicetitan/{self.tenant.seed}/{number}"))
        body = orjson.dumps(
            {
                "eventId": event_id,
                "eventType": event_type,
                "tenantId": self.tenant.tenant_id,
                "timestamp": instant(self.tenant.clock.now()),
                "data": self.tenant.as_list_shows(kind, row),
            }
        )
        for place, subscriber in enumerate(self.subscribers):
            if not subscriber.events or event_type in subscriber.events:
                self._offer(Delivery(subscriber, event_id, event_type, body), random.Random(f"{event_id}/{place}"))

    def _offer(self, delivery: Delivery, draw: random.Random) -> None:
        """Drop, send, double, delay: drawn per event and subscriber, so that one seed gives one fate."""
        subscriber = delivery.subscriber
        self.counts["events"] += 1
        if draw.random() < subscriber.drop:
            self.counts["dropped"] += 1
            return
        copies = 1
        if draw.random() < subscriber.duplicate:
            self.counts["duplicated"] += 1
            copies = 2
        for _ in range(copies):
            delayed = draw.random() < subscriber.disorder
            self.counts["delayed"] += delayed
            self._send_after(delivery, draw.random() * subscriber.delay_s if delayed else 0.0)

    def _send_after(self, delivery: Delivery, seconds: float) -> None:
        self.waiting += 1
        self._start_workers()
        if seconds <= 0:
            self._queue.put_nowait(delivery)
            return
        self._keep(asyncio.create_task(self._later(delivery, seconds)))

    async def _later(self, delivery: Delivery, seconds: float) -> None:
        await self.tenant.clock.sleep(timedelta(seconds=seconds))
        self._queue.put_nowait(delivery)

    def _start_workers(self) -> None:
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=self.tenant.settings.webhook_timeout_s)
            self._session = aiohttp.ClientSession(timeout=timeout)
            for _ in range(self.tenant.settings.webhook_senders):
                self._keep(asyncio.create_task(self._work()))

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _work(self) -> None:
        while True:
            delivery = await self._queue.get()
            status = await self._post(delivery)
            self.waiting -= 1
            self.counts["sent"] += 1
            self.counts["ok" if status == "200" else "refused"] += 1
            if status != "200":
                self._again(delivery, status)

    async def _post(self, delivery: Delivery) -> str:
        """The status of the answer, or the name of what went wrong."""
        if self._session is None:
            return "closed"
        stamp = int(self.tenant.clock.now().timestamp())
        headers = signature_headers(delivery.subscriber, delivery.event_id, stamp, delivery.body)
        headers["Content-Type"] = "application/json"
        try:
            async with self._session.post(
                delivery.subscriber.url, data=delivery.body, headers=headers, allow_redirects=False
            ) as answer:
                await answer.read()
                return str(answer.status)
        except (aiohttp.ClientError, TimeoutError) as error:
            return type(error).__name__

    def _again(self, delivery: Delivery, status: str) -> None:
        if delivery.tries < len(RETRIES_S):
            self.counts["retried"] += 1
            self._send_after(replace(delivery, tries=delivery.tries + 1), RETRIES_S[delivery.tries])
            return
        self.counts["failed"] += 1
        shown = {"eventId": delivery.event_id, "eventType": delivery.event_type, "url": delivery.subscriber.url}
        self.failed.append(
            shown | {"status": status, "tries": delivery.tries + 1, "data": orjson.loads(delivery.body)["data"]["id"]}
        )

    def report(self) -> dict[str, Any]:
        """Counts: sent (tries), ok, refused, retried, failed (given up), dropped, duplicated, delayed; and what still waits."""
        names = ("events", "sent", "ok", "refused", "retried", "failed", "dropped", "duplicated", "delayed")
        counts = {name: self.counts[name] for name in names}
        return counts | {"waiting": self.waiting, "subscribers": [asdict(one) | {"key": ""} for one in self.subscribers]}

    async def close(self) -> None:
        """Stop sending."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()


def _tupled(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"events": tuple(row.get("events", ()))}


def subscriber_of(body: dict[str, Any]) -> Subscriber:
    """A registration as `/__sim__/webhooks` receives it; raises TypeError for an unknown member."""
    return Subscriber(**_tupled(body))
