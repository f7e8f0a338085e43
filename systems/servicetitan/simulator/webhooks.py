"""Webhooks that the tenant sends: signed, retried, and as unreliable as asked for.

Sources: V2 webhooks page and FAQ (POST, JSON, HMAC key of 32 to 64 characters, anything but 200 is a failure, retries after 10, 30,
60 and 300 s). Header, encoding, envelope and event names are not published (assumed; all but the names are settings of the
registration). It is not published whether a wait counts from the previous try; here it does. Unsent webhooks are lost on a restart.
"""

from __future__ import annotations

import random
import uuid
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any

import orjson

from runtime.simulator.sender import Event, Manner, Sender
from systems.servicetitan.simulator.kinds import KINDS
from systems.servicetitan.simulator.shapes import Row
from systems.servicetitan.simulator.signing import signature_headers
from systems.servicetitan.simulator.tenant import Tenant, instant

RETRIES_S = (10, 30, 60, 300)
_STORED = "webhook"
_EVENTS = {"create": "created", "complete": "completed"}


@dataclass(frozen=True)
class Subscriber:
    """One registration: its address, its signature, its unreliability. Shares are fractions of 1; `delay_s` is the longest delay of a disordered
    one."""

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


class Webhooks:
    """Keeps the registrations, decides the fate of each event, and sends."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self.subscribers = [subscriber_of(row) for row in tenant.store.all(_STORED)]
        self.counts: Counter[str] = Counter()

    @cached_property
    def sender(self) -> Sender:
        """The sender, with the settings of its first use."""
        tenant, settings = self._tenant, self._tenant.settings

        async def pause(seconds: float) -> None:
            await tenant.clock.sleep(timedelta(seconds=seconds))

        return Sender(Manner(RETRIES_S, pause, range(200, 201), settings.webhook_timeout_s, settings.webhook_senders))

    def subscribe(self, subscriber: Subscriber) -> None:
        """Register; kept over a restart."""
        if subscriber.key and not 32 <= len(subscriber.key) <= 64 and not subscriber.key.startswith("whsec_"):
            raise ValueError("key: an HMAC key has 32 to 64 characters")
        signature_headers(subscriber, "id", 0, b"")  # a wrong encoding or scheme is refused now, not at the first event
        self._tenant.store.put(_STORED, f"{len(self.subscribers):06d}", asdict(subscriber), self._tenant.clock.now())
        self.subscribers.append(subscriber)

    def unsubscribe_all(self) -> None:
        """Remove every registration; webhooks that are on their way still arrive."""
        for number in range(len(self.subscribers)):
            self._tenant.store.delete(_STORED, f"{number:06d}")
        self.subscribers.clear()

    def told(self, kind: str, operation: str, row: Row) -> None:
        """A row changed: make an event for every subscriber (listener of the tenant)."""
        noun = KINDS[kind].event if kind in KINDS else ""
        if not noun or not self.subscribers:
            return
        event_type = f"{noun}.{_EVENTS.get(operation, 'updated')}"
        number = self._tenant.next_id("webhook-event")
        event_id = str(uuid.uuid5(uuid.NAMESPACE_URL, f"servicetitan/{self._tenant.seed}/{number}"))
        body = {
            "eventId": event_id,
            "eventType": event_type,
            "tenantId": self._tenant.tenant_id,
            "timestamp": instant(self._tenant.clock.now()),
            "data": self._tenant.as_list_shows(kind, row),
        }
        for place, subscriber in enumerate(self.subscribers):
            if not subscriber.events or event_type in subscriber.events:
                self._offer(subscriber, self._event(subscriber, body), random.Random(f"{event_id}/{place}"))

    def _offer(self, subscriber: Subscriber, event: Event, draw: random.Random) -> None:
        """Drop, send, repeat or delay, drawn per event and subscriber, so that one seed gives one outcome."""
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
            self.sender.send(event, draw.random() * subscriber.delay_s if delayed else 0.0)

    def _event(self, subscriber: Subscriber, body: dict[str, Any]) -> Event:
        raw, event_id = orjson.dumps(body), body["eventId"]
        shown = {"eventId": event_id, "eventType": body["eventType"], "url": subscriber.url, "data": body["data"]["id"]}

        def headers() -> dict[str, str]:
            return signature_headers(subscriber, event_id, int(self._tenant.clock.now().timestamp()), raw)

        return Event(subscriber.url, raw, headers, shown)

    def report(self) -> dict[str, Any]:
        """Counts: sent (tries), ok, refused, retried, failed (given up), dropped, duplicated, delayed; and the number that still wait."""
        names = ("events", "sent", "ok", "refused", "retried", "failed", "dropped", "duplicated", "delayed")
        counts = {name: (self.counts | self.sender.counts)[name] for name in names}
        shown = [asdict(one) | {"key": ""} for one in self.subscribers]
        return counts | {"waiting": self.sender.waiting, "subscribers": shown}


def subscriber_of(body: dict[str, Any]) -> Subscriber:
    """A registration as `/__sim__/webhooks` receives it; raises TypeError for an unknown member."""
    return Subscriber(**(body | {"events": tuple(body.get("events", ()))}))
