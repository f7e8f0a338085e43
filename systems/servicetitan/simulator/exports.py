"""`GET .../export/<name>`: changed rows in the order of their change, with a continuation token.

Source: "Transactional and export APIs" page (from = token or date, hasMore, continueFrom; 15 minutes of lag unless
includeRecentChanges, then the same rows may come again; active, inactive and deleted rows alike) and OpenAPI (export schemas with
`active`). Assumed: page size, 400 for a bad or foreign token. Fault `token_lost`: the next token is refused.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web

from runtime.simulator.answers import json_answer
from systems.servicetitan.simulator.answers import invalid
from systems.servicetitan.simulator.door import Answer, Route
from systems.servicetitan.simulator.kinds import BILL_EXPORT, BILL_SCOPE, CONTACT_EXPORT, CONTACTS, INVOICE_ITEM_EXPORT, KINDS
from systems.servicetitan.simulator.lists import as_inventory_bill
from systems.servicetitan.simulator.shapes import Row, shown
from systems.servicetitan.simulator.tenant import Tenant, key_of, parsed

_MARK = "stx1"


@dataclass(frozen=True)
class Export:
    """One feed: its path, the kind that it reads, and how a row is shown."""

    path: str
    module: str
    kind: str
    schema: str
    scope: str


def _feeds() -> list[Export]:
    own = [Export(kind.name, kind.module, kind.name, kind.export, kind.read_scope) for kind in KINDS.values() if kind.export]
    return [
        *own,
        Export("invoice-items", "accounting", "invoices", INVOICE_ITEM_EXPORT, KINDS["invoices"].read_scope),
        Export("inventory-bills", "accounting", "ap-bills", BILL_EXPORT, f"{BILL_SCOPE}:r"),
        Export("customers/contacts", "crm", CONTACTS, CONTACT_EXPORT, KINDS["customers"].read_scope),
    ]


@dataclass(frozen=True)
class _Place:
    """A point in the order of changes: everything up to this change time and key has been sent."""

    at: datetime | None
    key: str = ""


class Exports:
    """The export feeds of one tenant."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    def routes(self) -> list[Route]:
        """Every feed."""
        return [Route("GET", feed.module, f"export/{feed.path}", feed.scope, self._exported(feed)) for feed in _feeds()]

    def _exported(self, feed: Export) -> Answer:
        async def answer(request: web.Request) -> web.Response:
            is_recent = request.query.get("includeRecentChanges", "").lower() == "true"
            return json_answer(self.page(feed, request.query.get("from", ""), is_recent=is_recent))

        return answer

    def page(self, feed: Export, start: str, *, is_recent: bool) -> dict[str, Any]:
        """One page of a feed from a token, a date, or the first record."""
        place = self._place(feed, start)
        size = self._tenant.settings.export_page_size
        rows = self._tenant.changed_since(feed.kind, place.at, place.key, size + 1)
        if not is_recent:
            limit = self._tenant.clock.now() - timedelta(seconds=self._tenant.settings.export_lag_s)
            rows = [row for row in rows if parsed(row["modifiedOn"]) <= limit]
        sent = rows[:size]
        after = _Place(parsed(sent[-1]["modifiedOn"]), key_of(sent[-1]["id"])) if sent else place
        if is_recent and len(rows) <= size:
            after = self._repeating(after)
        data = [view for row in sent for view in _shown(feed, row)]
        return {"hasMore": len(rows) > size, "continueFrom": _token(feed, after), "data": data}

    def _repeating(self, place: _Place) -> _Place:
        """With includeRecentChanges, the newest rows come again on the next call."""
        repeat = timedelta(seconds=self._tenant.settings.export_repeat_s)
        latest = self._tenant.clock.now() - repeat
        return _Place(latest) if repeat and place.at is not None and place.at > latest else place

    def _place(self, feed: Export, start: str) -> _Place:
        if not start:
            return _Place(None)
        try:
            return _Place(parsed(start))
        except ValueError:
            pass
        place = _read_token(feed, start)
        if place is None or self._tenant.faults.take("token_lost", "GET", f"/export/{feed.path}"):
            raise invalid("from", "The continuation token is not valid.")
        return place


def _shown(feed: Export, row: Row) -> list[Row]:
    if feed.schema == INVOICE_ITEM_EXPORT:
        items = row["items"] or []
        return [shown(feed.module, feed.schema, item | {"active": row["active"], "invoiceId": row["id"]}) for item in items]
    if feed.schema == BILL_EXPORT:
        return [shown(feed.module, feed.schema, as_inventory_bill(row))]
    held = row if "active" in row else row | {"active": row.get("_active", True)}
    return [shown(feed.module, feed.schema, held)]


def _token(feed: Export, place: _Place) -> str:
    at = place.at.isoformat() if place.at is not None else ""
    text = json.dumps([_MARK, f"{feed.module}/{feed.path}", at, place.key], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def _read_token(feed: Export, token: str) -> _Place | None:
    """The point of a token of this feed; None for any other text."""
    try:
        found = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        mark, path, at, key = found
        if (mark, path) != (_MARK, f"{feed.module}/{feed.path}"):
            return None
        return _Place(datetime.fromisoformat(at).astimezone(UTC) if at else None, str(key))
    except (ValueError, TypeError, binascii.Error):
        return None
