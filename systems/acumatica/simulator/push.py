"""Sends push notifications (screen SM302000): a change becomes a POST of the changed rows to each subscriber.

Source: Integration Development Guide: body with Inserted, Deleted, Query, CompanyId, Id, TimeStamp, AdditionalInfo; an update is a row in both
arrays; rows are flat and their dates have no zone; delivery at least once, in no guaranteed order. Assumed: a secret in a header. The faults
`push_drop`, `push_duplicate` and `push_disorder` (sent `seconds` later) hit single notifications.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from runtime.simulator.sender import Event, Manner, Sender
from systems.acumatica.simulator.inquiries import RECORD_ID, columns, name_of
from systems.acumatica.simulator.node import Node
from systems.acumatica.simulator.tenant import Tenant

_TICKS_1970 = 621355968000000000


@dataclass(frozen=True)
class Subscriber:
    """Where the notifications of an inquiry go; `entity` "" = every entity, `query` "" = named after the entity."""

    url: str
    header: str = ""
    secret: str = ""
    query: str = ""
    entity: str = ""


class Push:
    """Keeps the subscribers and sends; a subscriber that is down loses a notification after the third try, as with the product."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self.subscribers = [Subscriber(**body) for body in tenant.store.all("push")]
        self.sender = Sender(Manner((0.2, 0.4), asyncio.sleep, range(200, 300)))
        tenant.listeners.append(self.changed)

    def subscribe(self, subscriber: Subscriber) -> None:
        """Add a subscriber permanently."""
        self._tenant.store.put("push", f"{len(self.subscribers):06d}", asdict(subscriber), self._tenant.clock.now())
        self.subscribers.append(subscriber)

    def changed(self, entity: str, before: Node | None, after: Node | None) -> None:
        """Notify the subscribers of this change, in the background."""
        for subscriber in self.subscribers:
            if subscriber.entity in ("", entity):
                self._plan(subscriber, entity, before, after)

    def _plan(self, subscriber: Subscriber, entity: str, before: Node | None, after: Node | None) -> None:
        faults = self._tenant.faults
        if faults.take("push_drop", "POST", f"/{entity}"):
            return
        body = json.dumps(self._body(subscriber, entity, before, after)).encode()
        headers = {subscriber.header: subscriber.secret} if subscriber.header else {}
        event = Event(subscriber.url, body, lambda: headers)
        late = faults.take("push_disorder", "POST", f"/{entity}")
        self.sender.send(event, 0.0 if late is None else late.seconds)
        if faults.take("push_duplicate", "POST", f"/{entity}"):
            self.sender.send(event)

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


def _row(node: Node, entity: str) -> dict[str, Any]:
    row = {name: _flat(node.values[name]) for name in columns(entity) if node.values.get(name) is not None}
    return row | {RECORD_ID: node.id}


def _flat(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat(timespec="milliseconds")
    if isinstance(value, date):
        return f"{value.isoformat()}T00:00:00"
    return str(value) if isinstance(value, Decimal) else value
