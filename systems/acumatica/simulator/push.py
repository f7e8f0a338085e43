"""Push notifications out (screen SM302000): a change becomes a POST of the changed rows to each subscriber.

Source: Integration Development Guide: body with Inserted, Deleted, Query, CompanyId, Id, TimeStamp, AdditionalInfo; an update is a row in both
arrays; rows are flat and their dates have no zone; at least once, order not assured. A secret in a header: assumed.
Faults `push_drop`, `push_duplicate` and `push_disorder` (sent `seconds` later) hit single notifications.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import aiohttp

from systems.acumatica.simulator.inquiries import RECORD_ID, columns, name_of
from systems.acumatica.simulator.node import Node
from systems.acumatica.simulator.tenant import Tenant

_TICKS_1970 = 621355968000000000
_ATTEMPTS = 3


@dataclass(frozen=True)
class Subscriber:
    """Where the notifications of an inquiry go; `entity` "" = every entity, `query` "" = named after the entity."""

    url: str
    header: str = ""
    secret: str = ""
    query: str = ""
    entity: str = ""


class Push:
    """Keeps the subscribers and sends; `sent` counts what was accepted."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self.subscribers = [Subscriber(**body) for body in tenant.store.all("push")]
        self._tasks: set[asyncio.Task[None]] = set()
        self._client: aiohttp.ClientSession | None = None
        self.sent = 0
        tenant.listeners.append(self.changed)

    def subscribe(self, subscriber: Subscriber) -> None:
        """Add a subscriber for good."""
        self._tenant.store.put("push", f"{len(self.subscribers):06d}", asdict(subscriber), self._tenant.clock.now())
        self.subscribers.append(subscriber)

    def changed(self, entity: str, before: Node | None, after: Node | None) -> None:
        """Tell the subscribers of this change, in the background."""
        for subscriber in self.subscribers:
            if subscriber.entity in ("", entity):
                self._plan(subscriber, entity, before, after)

    def _plan(self, subscriber: Subscriber, entity: str, before: Node | None, after: Node | None) -> None:
        faults = self._tenant.faults
        if faults.take("push_drop", "POST", f"/{entity}"):
            return
        body = self._body(subscriber, entity, before, after)
        late = faults.take("push_disorder", "POST", f"/{entity}")
        self._start(subscriber, body, 0.0 if late is None else late.seconds)
        if faults.take("push_duplicate", "POST", f"/{entity}"):
            self._start(subscriber, body, 0.0)

    def _body(self, subscriber: Subscriber, entity: str, before: Node | None, after: Node | None) -> dict[str, Any]:
        now = self._tenant.clock.now()
        return {
            "Inserted": [] if after is None else [_row(after, entity)],
            "Deleted": [] if before is None else [_row(before, entity)],
            "Query": subscriber.query or name_of(entity),
            "CompanyId": "Company",
            "Id": self._tenant.new_id("push", str(self._tenant.store.next("push"))),
            "TimeStamp": _TICKS_1970 + int(now.timestamp() * 10_000_000),
            "AdditionalInfo": {},
        }

    def _start(self, subscriber: Subscriber, body: dict[str, Any], delay_s: float) -> None:
        task = asyncio.create_task(self._send(subscriber, body, delay_s))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _send(self, subscriber: Subscriber, body: dict[str, Any], delay_s: float) -> None:
        await asyncio.sleep(delay_s)
        if self._client is None:
            self._client = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5))
        headers = {"Content-Type": "application/json"} | ({subscriber.header: subscriber.secret} if subscriber.header else {})
        for attempt in range(_ATTEMPTS):
            try:
                async with self._client.post(subscriber.url, data=json.dumps(body), headers=headers) as answer:
                    if answer.status < 300:
                        self.sent += 1
                        return
            except (aiohttp.ClientError, TimeoutError):
                pass  # a subscriber that is down loses the notification after the last attempt, as with the product
            await asyncio.sleep(0.2 * (attempt + 1))

    async def close(self) -> None:
        """Stop sending."""
        for task in list(self._tasks):
            task.cancel()
        if self._client is not None:
            await self._client.close()


def _row(node: Node, entity: str) -> dict[str, Any]:
    row = {name: _flat(node.values[name]) for name in columns(entity) if node.values.get(name) is not None}
    return row | {RECORD_ID: node.id}


def _flat(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat(timespec="milliseconds")
    if isinstance(value, date):
        return f"{value.isoformat()}T00:00:00"
    return str(value) if isinstance(value, Decimal) else value
