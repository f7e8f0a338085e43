"""Writes purchase orders to ServiceTitan: how an order is looked up, which request makes each step, and what an answer means.

Facts (OpenAPI; lpeluso-dotcom/mcp-servicetitan): POST and PATCH answer with an id only, unknown query options are ignored silently, and for some
seconds reads may miss what was just written. An order has no key of ours that could be searched. So an order whose id is not known is searched among
all that were created since the first attempt (C4), and a YES rests on the order read back, with its items.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from runtime.errors import Malformed, Refused, Transient
from runtime.exchange import Response
from runtime.json import envelope, parse
from runtime.wire import dumps
from systems.contract import Answer, Document, Found
from systems.http.bodies import said_in
from systems.servicetitan import order_documents, order_marks
from systems.servicetitan.client import Client, Query
from systems.servicetitan.errors import Absent, classify
from systems.servicetitan.order_documents import SELF_RECEIVING, STEP
from systems.servicetitan.resources import ORDER_TYPES, RESOURCES, Resource
from systems.values.members import Row, flag, identifier
from systems.writing.frame import AHEAD, Attempt, Budget, ReadBack, ambiguous

MOST_PAGES = 20
PAGE_ROWS = 250
"""Few enough rows that an answer stays far below its size limit (docs/limits.md), at 30 KB for an order."""
CLOCKS = timedelta(minutes=10)
"""How much earlier than the first attempt the window begins, because ServiceTitan's clock may differ from ours."""
BUDGET = Budget(find=MOST_PAGES + 1, step=3)
"""A look-up: the pages of the window, and the type of the order. A step: reading the order, the request, reading the order back."""
_ORDERS = RESOURCES["purchase_order"]


@dataclass(frozen=True)
class OrderRequest:
    """The creation of an order, or the change of the one with the id `order`."""

    body: bytes
    order: str = ""


class Orders:
    """See `systems.writing.frame.Dialect`."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._settings = client.settings
        self._path = _ORDERS.path(client.settings.tenant_id)

    async def reserve(self, calls: int) -> None:
        """Wait for the calls, and be signed in for the whole attempt."""
        await self._client.reserve(calls, AHEAD)

    # --- looking up ---------------------------------------------------------------------------------------------------

    async def look_up(self, attempt: Attempt) -> Found:
        """The order by its id if it is known, else those that carry our ref among all that were created since the first attempt."""
        resolved = attempt.resolved
        if resolved.known_id:
            return Found(self._documents(attempt, await self._one(attempt, resolved.known_id)))
        rows, suspects = await self._since(attempt)
        documents = self._documents(attempt, rows)
        refusal = "" if documents else await self._type_refused(attempt)
        return Found(documents, tuple(suspects), refusal, SELF_RECEIVING if refusal else "")

    def _documents(self, attempt: Attempt, rows: Sequence[Row]) -> tuple[Document, ...]:
        return tuple(order_documents.document(row, attempt.resolved, self._settings) for row in rows)

    async def _one(self, attempt: Attempt, order_id: str) -> list[Row]:
        """The order with this id; none if the text is not an id or ServiceTitan does not know it."""
        if not (order_id.isascii() and order_id.isdigit()):
            return []
        attempt.calls += 1
        try:
            answer = await self._client.look(f"{self._path}/{order_id}", (), _ORDERS.scope)
        except Absent:
            return []
        row = parse(answer.body)
        if not isinstance(row, dict) or str(row.get("id")) != order_id:
            raise Transient(f"servicetitan purchase-orders/{order_id}: the answer is another object")
        return [row]

    async def _since(self, attempt: Attempt) -> tuple[list[Row], list[Document]]:
        """The orders of the window that carry our ref, and those that a person may have typed instead."""
        resolved = attempt.resolved
        if resolved.tried_since is None:
            raise Refused(
                f"servicetitan {attempt.ref}: since when it may have been written is not known, so it cannot be looked for; "
                f"look for an order with this ref in ServiceTitan, and skip this if it is there",
                "window",
            )
        rows = await self._window(attempt, resolved.tried_since - CLOCKS)
        ours = [row for row in rows if order_marks.mentions(row, attempt.ref)]
        alike = [row for row in rows if order_documents.is_alike(row, resolved)]
        return ours, [order_documents.suspect(row, resolved.command) for row in alike]

    async def _window(self, attempt: Attempt, since: datetime) -> list[Row]:
        """Every order that was created at or after an instant. All of them or none: an order on a missing page would be written a second time."""
        found: dict[str, Row] = {}
        query = [("createdOnOrAfter", f"{since:%Y-%m-%dT%H:%M:%SZ}"), ("sort", "+Id")]
        for page in range(1, MOST_PAGES + 1):
            rows, total, has_more = await self._page(attempt, _ORDERS, query, page)
            found |= {identifier(row, "id"): row for row in rows}
            if not has_more and len(found) != total:
                raise Transient(f"servicetitan purchase-orders of {attempt.ref}: {len(found)} of {total} orders are shown")
            if not has_more:
                return list(found.values())
        words = f"more than {MOST_PAGES * PAGE_ROWS} orders were created since {since:%Y-%m-%d}"
        raise Refused(
            f"servicetitan {attempt.ref}: {words}; look for this ref in ServiceTitan, and skip this if it is there", "window"
        )

    async def _page(self, attempt: Attempt, resource: Resource, query: Query, page: int) -> tuple[list[Row], int, bool]:
        """The rows of a page, how many there are on all pages, and whether another one follows."""
        attempt.calls += 1
        what, path = f"servicetitan {resource.name} of {attempt.ref}", resource.path(self._settings.tenant_id)
        asked = [*query, *resource.inactive, ("page", str(page)), ("pageSize", str(PAGE_ROWS)), ("includeTotal", "true")]
        answer = await self._client.look(path, asked, resource.scope)
        others, pieces = envelope(answer.body, "data")
        rows = [value for _, value in pieces]
        total = others.get("totalCount")
        if not isinstance(others.get("hasMore"), bool) or others.get("page") != page or type(total) is not int:
            raise Transient(f"{what}: the page does not say which one it is, how many orders there are, and whether it is the last")
        if not all(isinstance(row, dict) for row in rows):
            raise Malformed(f"{what}: a row is not an object")
        return rows, total, others["hasMore"]

    async def _type_refused(self, attempt: Attempt) -> str:
        """Why the type of an order that is about to be created is refused: it receives by itself, or it is inactive or absent."""
        kind = order_documents.order(attempt.resolved.command)["kind"]
        rows, _, has_more = await self._page(attempt, ORDER_TYPES, (), 1)
        row = next((one for one in rows if str(one.get("id")) == kind), None)
        if row is None and has_more:
            raise Transient(f"servicetitan {ORDER_TYPES.name}: more than {PAGE_ROWS} types")
        if row is None or not flag(row, "active", absent=False):
            return f"order type {kind} is not there or not active: correct orders.type_id"
        if flag(row, "automaticallyReceive", absent=True) or kind in self._settings.orders.self_receiving_types:
            return f"order type {kind} receives its orders by itself: choose another orders.type_id"
        return ""

    # --- writing ------------------------------------------------------------------------------------------------------

    async def request(self, attempt: Attempt) -> OrderRequest:
        """The body that creates the order, or changes the one that was looked up. That order is read again, because people edit its memo, and because
        the list that is sent has to contain each of its items."""
        found, resolved = attempt.document, attempt.resolved
        if attempt.step != STEP:
            raise Refused(f"servicetitan: {attempt.step} is not a step of an order", "step")
        if found is None and resolved.known_id:
            raise Refused(f"servicetitan: order {resolved.known_id} is not there any more", "gone")
        if found is None:
            return OrderRequest(dumps(order_documents.create_body(resolved, self._settings)))
        rows = await self._one(attempt, found.erp_id)
        if not rows:
            raise Transient(f"servicetitan: order {found.erp_id} is not shown at present")
        return OrderRequest(dumps(order_documents.update_body(resolved, rows[0], self._settings)), found.erp_id)

    async def send(self, request: OrderRequest) -> Response:
        """See `systems.writing.frame.Dialect`."""
        method, path = ("PATCH", f"{self._path}/{request.order}") if request.order else ("POST", self._path)
        return await self._client.write(method, path, request.body)

    async def read(self, attempt: Attempt, request: OrderRequest, answer: Response) -> Answer | ReadBack:  # noqa: ARG002 - of the frame
        """The answer gives only the id of the order; the rest is read back."""
        if answer.status != 200:
            return classify(answer)
        made = id_in(answer)
        if not made or (request.order and made != request.order):
            return ambiguous("the answer does not name the order", "unreadable", code="200")

        async def shown(attempt: Attempt) -> Sequence[Document]:
            return self._documents(attempt, await self._one(attempt, made))

        return ReadBack(shown)


def id_in(answer: Response) -> str:
    """The id of a ModificationResponse; "" if the answer is not one."""
    found = said_in(answer).get("id")
    return str(found) if type(found) is int and found > 0 else ""
