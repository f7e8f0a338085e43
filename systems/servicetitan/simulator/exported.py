"""`POST .../markasexported`: an accounting system reports that it has a document; from then on the document is locked.

Source: OpenAPI (a verdict per row, 200 over all); help page "Batch, post and export transactions". That a row must be Posted is
assumed. Bodies: an array for invoices, lists of ids for bills, arrays for the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aiohttp import web

from runtime.simulator.answers import json_answer
from systems.servicetitan.simulator.answers import body_of, unreadable
from systems.servicetitan.simulator.door import Answer, Route
from systems.servicetitan.simulator.kinds import BILL_SCOPE, KINDS
from systems.servicetitan.simulator.shapes import Row
from systems.servicetitan.simulator.tenant import Tenant


@dataclass(frozen=True)
class _Way:
    """One operation: `member` names the id in its rows, `holder` the list of ids if the body is an object."""

    path: str
    kind: str
    member: str
    scope: str
    holder: str = ""


_WAYS = (
    _Way("invoices", "invoices", "invoiceId", KINDS["invoices"].write_scope),
    _Way("credit-memos", "credit-memos", "creditMemoId", KINDS["credit-memos"].write_scope),
    _Way("ap-credits", "ap-credits", "apCreditId", KINDS["ap-credits"].write_scope),
    _Way("ap-payments", "ap-payments", "apPaymentId", KINDS["ap-payments"].write_scope),
    _Way("ap-bills", "ap-bills", "billId", KINDS["ap-bills"].write_scope, "billIds"),
    _Way("inventory-bills", "ap-bills", "inventoryBillId", f"{BILL_SCOPE}:w", "inventoryBillIds"),
)


def export_routes(tenant: Tenant) -> list[Route]:
    """One operation per resource that can be marked."""
    return [Route("POST", "accounting", f"{way.path}/markasexported", way.scope, _marked(tenant, way)) for way in _WAYS]


def _marked(tenant: Tenant, way: _Way) -> Answer:
    async def answer(request: web.Request) -> web.Response:
        asked = _rows(await body_of(request), way)
        with tenant.changing():
            return json_answer([_mark(tenant, way, row) for row in asked])

    return answer


def _rows(found: Any, way: _Way) -> list[Row]:
    if way.holder:
        ids = found.get(way.holder) if isinstance(found, dict) else None
        found = [{way.member: source_id} for source_id in ids] if isinstance(ids, list) else None
    if not isinstance(found, list) or not all(isinstance(row, dict) and isinstance(row.get(way.member), int) for row in found):
        raise unreadable()
    return found


def _mark(tenant: Tenant, way: _Way, asked: Row) -> Row:
    source_id = asked[way.member]
    row = tenant.find(way.kind, source_id)
    refusal = "is not found" if row is None else "" if row["syncStatus"] == "Posted" else f"is {row['syncStatus']}, not Posted"
    if row is not None and not refusal:
        row["syncStatus"] = "Exported"
        if "exportId" in row and asked.get("externalId"):
            row["exportId"] = str(asked["externalId"])
        tenant.save(way.kind, row, "export")
    words = f"The record {source_id} {refusal}." if refusal else None
    return {way.member: source_id, "success": not refusal, "errorMessage": words}
