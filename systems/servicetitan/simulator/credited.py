"""Lines of credit memos, and what an app may write of a credit memo: applications, its date, text and unit, whether it is active.

Source: OpenAPI Accounting V2 (`/credit-memos/{id}/items`, `/credit-memos/credit-memo-items?creditMemoIds=`, `/{id}/splits` by invoice id and
amount, PATCH). Assumed: a split goes to an invoice of the same customer, within its balance; an exported credit memo accepts only splits.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from aiohttp import web

from runtime.simulator.answers import json_answer
from systems.servicetitan.simulator.answers import Refused, body_of, invalid, unreadable
from systems.servicetitan.simulator.books.credits import void_credit_memo
from systems.servicetitan.simulator.books.settling import apply_to
from systems.servicetitan.simulator.door import Answer, Route
from systems.servicetitan.simulator.kinds import KINDS
from systems.servicetitan.simulator.lists import paged
from systems.servicetitan.simulator.shapes import Row, shown
from systems.servicetitan.simulator.tenant import Tenant, named, parsed

_ONE = "Accounting.V2.CreditMemos.CreditMemoItemsPublicResponse"
_SEVERAL = "Accounting.V2.CreditMemos.CreditMemosItemsPublicResponse"
_MOST = 5000


def credit_routes(tenant: Tenant) -> list[Route]:
    """Reads of lines, and the writes."""
    kind = KINDS["credit-memos"]
    reads, writes, path = kind.read_scope, kind.write_scope, "credit-memos/{id:[0-9]+}"
    return [
        Route("GET", "accounting", "credit-memos/credit-memo-items", reads, _lines_of_several(tenant)),
        Route("GET", "accounting", f"{path}/items", reads, _lines_of_one(tenant)),
        Route("POST", "accounting", f"{path}/splits", writes, _split(tenant)),
        Route("PATCH", "accounting", path, writes, _change(tenant)),
    ]


def _lines_of_one(tenant: Tenant) -> Answer:
    async def answer(request: web.Request) -> web.Response:
        return _page(request, _items([_named(tenant, request)]), _ONE)

    return answer


def _lines_of_several(tenant: Tenant) -> Answer:
    async def answer(request: web.Request) -> web.Response:
        wanted = {text.strip() for text in request.query.get("creditMemoIds", "").split(",") if text.strip()}
        return _page(
            request, _items([row for row in tenant.rows("credit-memos") if not wanted or str(row["id"]) in wanted]), _SEVERAL
        )

    return answer


def _items(memos: list[Row]) -> list[Row]:
    return [item | {"creditMemoId": memo["id"], "active": memo["active"]} for memo in memos for item in memo["_items"]]


def _page(request: web.Request, rows: list[Row], schema: str) -> web.Response:
    envelope, part = paged(request.query, rows, _MOST)
    return json_answer(envelope | {"data": [shown("accounting", schema, row) for row in part]})


def _split(tenant: Tenant) -> Answer:
    async def answer(request: web.Request) -> web.Response:
        row, body = _named(tenant, request), await body_of(request)
        splits = body.get("splits") if isinstance(body, dict) else None
        if not isinstance(splits, list) or not splits:
            raise invalid("Splits", "The Splits field is required.")
        with tenant.changing():
            made = [_applied(tenant, row, split) for split in splits]
        return json_answer({"id": row["id"], "splits": made})

    return answer


def _applied(tenant: Tenant, row: Row, split: Any) -> dict[str, Any]:
    if not isinstance(split, dict) or not isinstance(split.get("invoiceId"), int):
        raise unreadable("Splits.InvoiceId")
    invoice, amount = tenant.get("invoices", split["invoiceId"]), split.get("amount")
    if not isinstance(amount, int | Decimal) or isinstance(amount, bool) or not 0 < amount <= Decimal(invoice["balance"]):
        raise invalid("Splits.Amount", f"The amount must be above 0 and within the balance of the invoice, {invoice['balance']}.")
    if invoice["customer"]["id"] != row["customer"]["id"] or not row["active"]:
        raise Refused(400, "The invoice is of another customer, or the credit memo is not active.")
    apply_to(tenant, "credit-memos", row, invoice, Decimal(amount))
    return {"invoiceId": invoice["id"], "amount": Decimal(amount)}


def _change(tenant: Tenant) -> Answer:
    async def answer(request: web.Request) -> web.Response:
        row, body = _named(tenant, request), await body_of(request)
        if not isinstance(body, dict):
            raise unreadable()
        if row["syncStatus"] == "Exported" or not row["active"]:
            raise Refused(400, "The credit memo is exported or not active and cannot be edited.")
        if body.get("active") is False:
            void_credit_memo(tenant, {"credit_memo": row["id"]})
        else:
            tenant.save("credit-memos", row | _members(tenant, body), "update")
        held = tenant.get("credit-memos", row["id"])
        told = {"id": held["id"], "active": held["active"], "summary": held["description"]}
        return json_answer(told | {"date": held["date"], "businessUnitId": held["businessUnit"]["id"]})

    return answer


def _members(tenant: Tenant, body: dict[str, Any]) -> Row:
    found: Row = {}
    if body.get("summary") is not None:
        found["description"] = str(body["summary"])
    if body.get("date") is not None:
        found["date"] = parsed(str(body["date"])).date().isoformat()
    if body.get("businessUnitId") is not None:
        found["businessUnit"] = named(tenant.get("business-units", int(body["businessUnitId"])))
    return found


def _named(tenant: Tenant, request: web.Request) -> Row:
    return tenant.get("credit-memos", int(request.match_info["id"]))
