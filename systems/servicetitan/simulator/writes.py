"""What the API lets an app write: vendors, statuses of payments, a few members of invoices and payments, adjustment invoices.

Source: OpenAPI; lpeluso-dotcom/mcp-servicetitan (unknown members are dropped and the call still answers 200; of an invoice only summary, dueDate and
reviewStatus take effect, besides the documented exportId). Purchase orders: `orders.py`.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from aiohttp import web

from runtime.simulator.answers import json_answer
from systems.servicetitan.simulator.answers import Refused, invalid
from systems.servicetitan.simulator.books.invoices import adjust_invoice
from systems.servicetitan.simulator.books.payments import post_payments, void_payment
from systems.servicetitan.simulator.door import Route
from systems.servicetitan.simulator.kinds import KINDS
from systems.servicetitan.simulator.requested import documented, id_of, object_of, written
from systems.servicetitan.simulator.shapes import Row
from systems.servicetitan.simulator.tenant import Tenant, midnight, parsed
from systems.servicetitan.simulator.vendors import CREATE, UPDATE, changed_vendor, new_vendor

_REVIEWS = ("NeedsReview", "OnHold", "Reviewed", "PendingApproval", "Rejected", "ReadyForBilling", "Invoiced")
_STATUSES = ("Pending", "Posted", "Exported")


class Writes:
    """The writing operations of one tenant."""

    def __init__(self, tenant: Tenant, guid: str) -> None:
        self._tenant, self._guid = tenant, guid

    def routes(self) -> list[Route]:
        """Every writing operation that the simulator has."""
        vendors, invoices, payments = (KINDS[name].write_scope for name in ("vendors", "invoices", "payments"))
        return [
            Route("POST", "inventory", "vendors", vendors, self._create_vendor),
            Route("PATCH", "inventory", "vendors/{id:[0-9]+}", vendors, self._change_vendor),
            Route("POST", "accounting", "invoices", invoices, self._adjust),
            Route("PATCH", "accounting", "invoices/{id:[0-9]+}", invoices, self._change_invoice),
            Route("PATCH", "accounting", "payments/{id:[0-9]+}", payments, self._change_payment),
            Route("POST", "accounting", "payments/status", payments, self._payment_status),
        ]

    async def _create_vendor(self, request: web.Request) -> web.Response:
        body = documented(await object_of(request), CREATE, self._tenant.settings.unknown_members)
        row = new_vendor(self._tenant, body, self._guid)
        return json_answer({"id": written(self._tenant, "vendors", None, row, "create")["id"]})

    async def _change_vendor(self, request: web.Request) -> web.Response:
        row = self._tenant.get("vendors", id_of(request))
        body = documented(await object_of(request), UPDATE, self._tenant.settings.unknown_members)
        changed = changed_vendor(dict(row), body, self._guid)
        return json_answer({"id": written(self._tenant, "vendors", row, changed, "update")["id"]})

    async def _adjust(self, request: web.Request) -> web.Response:
        body = await object_of(request)
        if not isinstance(body.get("adjustmentToId"), int):
            raise invalid("AdjustmentToId", "The AdjustmentToId field is required.")
        items = [_line(item) for item in body.get("items") or []]
        try:
            made = adjust_invoice(self._tenant, {"invoice": body["adjustmentToId"], "items": items})
        except (ValueError, KeyError) as error:
            raise Refused(400, str(error)) from error
        return json_answer(made["invoice"])

    async def _change_invoice(self, request: web.Request) -> web.Response:
        row, body = self._tenant.get("invoices", id_of(request)), await object_of(request)
        if row["syncStatus"] == "Exported":
            raise Refused(400, "The invoice is exported and cannot be edited.")
        if body.get("reviewStatus") not in (None, *_REVIEWS):
            raise invalid("ReviewStatus", f"The value '{body['reviewStatus']}' is not valid.")
        row = row | {name: body[name] for name in ("summary", "exportId", "reviewStatus") if body.get(name) is not None}
        if body.get("dueDate"):
            row["dueDate"] = midnight(parsed(str(body["dueDate"])).date())
        self._tenant.save("invoices", row, "update")
        return web.Response(status=200)

    async def _change_payment(self, request: web.Request) -> web.Response:
        row, body = self._tenant.get("payments", id_of(request)), await object_of(request)
        if not isinstance(body.get("typeId"), int) or not isinstance(body.get("splits"), list):
            raise invalid("Splits", "The fields typeId and splits are required.")
        if body.get("status") not in (None, *_STATUSES):
            raise invalid("Status", f"The value '{body['status']}' is not valid.")
        if body.get("active") is False and row["active"]:
            void_payment(self._tenant, {"payment": row["id"]})
            row = self._tenant.get("payments", row["id"])
        row = row | {name: body[name] for name in ("memo", "authCode", "checkNumber") if body.get(name) is not None}
        row |= {"syncStatus": body.get("status") or row["syncStatus"], "_exportId": body.get("exportId")}
        return json_answer(_payment(self._tenant.save("payments", row, "update")))

    async def _payment_status(self, request: web.Request) -> web.Response:
        body = await object_of(request)
        if body.get("status") not in _STATUSES:
            raise invalid("Status", f"The value '{body.get('status')}' is not valid.")
        ids = [self._tenant.get("payments", source_id)["id"] for source_id in body.get("paymentIds") or []]
        post_payments(self._tenant, {"payments": ids, "status": body["status"]})
        return web.Response(status=200)


def _payment(row: Row) -> Row:
    """A payment in the form of PATCH's answer: with other names than on read, and numbers instead of texts."""
    splits = [{"invoiceId": split["appliedTo"], "amount": Decimal(split["appliedAmount"])} for split in row["appliedTo"] or []]
    shown = {name: row[name] for name in ("id", "active", "authCode", "checkNumber", "memo")}
    named = {"customerId": row["customer"]["id"], "exportId": row["_exportId"], "paidOn": row["date"], "status": row["syncStatus"]}
    return shown | named | {"typeId": int(row["typeId"]), "splits": splits, "transactionStatus": None}


def _line(item: Any) -> dict[str, Any]:
    """A written item: `unitPrice` takes effect, a member `price` is dropped silently."""
    if not isinstance(item, dict) or not item.get("skuName"):
        raise Refused(500, "Sku (Name:) is not found.")
    line = {"sku": item["skuName"], "quantity": str(item.get("quantity", 1)), "description": str(item.get("description", ""))}
    return line | ({"price": str(item["unitPrice"])} if item.get("unitPrice") is not None else {})
