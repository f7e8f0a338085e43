"""The payments of a bank deposit, and the mark that an accounting system has it.

Source: OpenAPI Accounting V2 (`/bank-deposits/{id}/transactions`; `/bank-deposits/markasexported` with ids, 200 without a body). Assumed: a deposit
that is unknown or not posted makes the whole call fail.
"""

from __future__ import annotations

from aiohttp import web

from runtime.simulator.answers import json_answer
from systems.servicetitan.simulator.answers import Refused, body_of, unreadable
from systems.servicetitan.simulator.door import Answer, Route
from systems.servicetitan.simulator.kinds import KINDS
from systems.servicetitan.simulator.lists import paged
from systems.servicetitan.simulator.shapes import shown
from systems.servicetitan.simulator.tenant import Tenant

_TRANSACTION = "Accounting.V2.DetailedTransactionResponse"


def deposit_routes(tenant: Tenant) -> list[Route]:
    """The operations of a deposit besides its list."""
    kind = KINDS["bank-deposits"]
    return [
        Route("GET", "accounting", "bank-deposits/{id:[0-9]+}/transactions", kind.read_scope, _transactions(tenant)),
        Route("POST", "accounting", "bank-deposits/markasexported", kind.write_scope, _marked(tenant)),
    ]


def _transactions(tenant: Tenant) -> Answer:
    async def answer(request: web.Request) -> web.Response:
        deposit = tenant.get("bank-deposits", int(request.match_info["id"]))
        rows = [tenant.get("payments", source_id) for source_id in deposit["_payments"]]
        envelope, part = paged(request.query, rows, 5000)
        return json_answer(envelope | {"data": [shown("accounting", _TRANSACTION, row) for row in part]})

    return answer


def _marked(tenant: Tenant) -> Answer:
    async def answer(request: web.Request) -> web.Response:
        body = await body_of(request)
        ids = body.get("ids") if isinstance(body, dict) else None
        if not isinstance(ids, list) or not all(isinstance(one, int) for one in ids):
            raise unreadable("Ids")
        rows = [tenant.get("bank-deposits", source_id) for source_id in ids]
        refused = [str(row["id"]) for row in rows if row["syncStatus"] != "Posted"]
        if refused:
            raise Refused(400, f"These deposits are not posted: {', '.join(refused)}.")
        with tenant.changing():
            for row in rows:
                tenant.save("bank-deposits", row | {"syncStatus": "Exported"}, "export")
        return web.Response(status=200)

    return answer
