"""What the user-event script of an installation sends: a signed message that a record was created, edited or deleted.

NetSuite has no notifications of its own. The contract is that of the script that the product ships: headers `X-NetSuite-Event-Id`,
`X-NetSuite-Timestamp` and `X-NetSuite-Signature: sha256=<hex HMAC-SHA256(secret, timestamp + "." + body)>`. `recordType` is the script's own name, in
lower case. A message is sent once: if the receiver is down, it is lost. The script is not deployed for every context (setting `event_contexts`). The
faults `event_drop`, `event_duplicate` and `event_late` (sent `seconds` later, so that others overtake it) hit single messages.
"""

from __future__ import annotations

import asyncio
import hmac
import json
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from runtime.simulator.sender import Event, Manner, Sender
from runtime.simulator.switches import names
from runtime.simulator.tokens import secret
from systems.netsuite.simulator.account import Account, Change, Row, stamp

_WORDS = {"create": "create", "delete": "delete"}


@dataclass(frozen=True)
class Subscriber:
    """Where the script posts to, the secret it shares, and the record types (`vendor,purchaseorder`) for which it is deployed, "" = all."""

    url: str
    secret: str
    types: str = ""


class Events:
    """Keeps the deployments and sends."""

    def __init__(self, account: Account, account_id: str) -> None:
        self._account, self._account_id = account, account_id
        self.subscribers = [Subscriber(**body) for body in account.store.all("event")]
        self.sender = Sender(Manner((), asyncio.sleep, range(200, 300)))
        account.listeners.append(self._changed)

    def subscribe(self, subscriber: Subscriber) -> None:
        """Deploy the script for one more subscriber."""
        self._account.store.put("event", f"{len(self.subscribers):06d}", asdict(subscriber), self._account.now())
        self.subscribers.append(subscriber)

    def forget(self) -> None:
        """Undeploy it everywhere."""
        self._account.store.delete_all("event")
        self.subscribers.clear()

    def _changed(self, change: Change, _: Row | None) -> None:
        if change.operation == "load" or change.context not in names(self._account.settings.event_contexts):
            return
        kind = change.row["_kind"].lower()
        for subscriber in self.subscribers:
            if not subscriber.types or kind in names(subscriber.types):
                self._plan(subscriber, change)

    def _plan(self, subscriber: Subscriber, change: Change) -> None:
        faults, path = self._account.faults, f"/{change.row['_kind']}"
        if faults.take("event_drop", "POST", path):
            return
        event_id = str(UUID(secret("event", self._account.seed, self._account.number("event"))[:32], version=4))
        body = json.dumps(self._body(event_id, change), separators=(",", ":")).encode()
        event = Event(subscriber.url, body, lambda: self._headers(subscriber, event_id, body), {"eventId": event_id})
        late = faults.take("event_late", "POST", path)
        self.sender.send(event, late.seconds if late else 0.0)
        if faults.take("event_duplicate", "POST", path):
            self.sender.send(event)

    def _body(self, event_id: str, change: Change) -> dict[str, Any]:
        row = change.row
        return {
            "eventId": event_id,
            "eventType": _WORDS.get(change.operation, "edit"),
            "recordType": row["_kind"].lower(),
            "recordId": row["id"],
            "externalId": row.get("externalId"),
            "accountId": self._account_id,
            "occurredAt": stamp(self._account.now()),
        }

    def _headers(self, subscriber: Subscriber, event_id: str, body: bytes) -> dict[str, str]:
        seconds = str(int(self._account.clock.now().timestamp()))
        signature = hmac.digest(subscriber.secret.encode(), f"{seconds}.".encode() + body, "sha256").hex()
        return {"X-NetSuite-Event-Id": event_id, "X-NetSuite-Timestamp": seconds, "X-NetSuite-Signature": f"sha256={signature}"}
