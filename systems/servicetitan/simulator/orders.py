"""Purchase orders as an app writes them: created, changed with the whole list of their items, canceled.

Source: OpenAPI Inventory V2 (CreatePurchaseOrderRequest; UpdatePurchaseOrderRequest: "every active PO item that is not on this list will be marked as
inactive"; answers are a ModificationResponse with only an id), developer pages (created Pending, no status can be set, an exported order is not
edited), help "Manage parts purchase orders" (a type that receives automatically makes receipt and bill at once; only Pending or Sent orders are
canceled). Assumed: a new item of a change has the id 0; the received part of an item stays on the order; only the memo of a received order can
change.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from aiohttp import web

from runtime.simulator.answers import json_answer
from systems.servicetitan.simulator.answers import Refused, invalid, unreadable
from systems.servicetitan.simulator.books.purchases import receive
from systems.servicetitan.simulator.door import Route
from systems.servicetitan.simulator.kinds import KINDS
from systems.servicetitan.simulator.requested import documented, id_of, object_of, required, titled, written
from systems.servicetitan.simulator.shapes import Row, filled
from systems.servicetitan.simulator.tenant import Tenant, cents, instant, money, parsed
from systems.servicetitan.spec import schemas

_MODELS = "Inventory.V2."
CREATE, UPDATE = f"{_MODELS}CreatePurchaseOrderRequest", f"{_MODELS}UpdatePurchaseOrderRequest"
CREATE_ITEM, UPDATE_ITEM = f"{_MODELS}CreatePurchaseOrderItemRequest", f"{_MODELS}UpdatePurchaseOrderItemRequest"
_REASONS = tuple(schemas("inventory")[f"{_MODELS}PurchaseOrderCancellationReason"]["enum"])
_ADDRESS = ("street", "unit", "city", "state", "zip", "country")
_REFERS = {"vendorId": "vendors", "typeId": "purchase-order-types", "businessUnitId": "business-units"}
_READ = {"memo": "summary", "vendorInvoiceNumber": "vendorDocumentNumber"}
"""Members that have another name on read."""
_SAME = ("vendorId", "typeId", "businessUnitId", "inventoryLocationId", "jobId", "technicianId", "projectId")


def order_routes(tenant: Tenant) -> list[Route]:
    """The operations that write orders."""
    scope, orders = KINDS["purchase-orders"].write_scope, _Orders(tenant)
    path = "purchase-orders/{id:[0-9]+}"
    return [
        Route("POST", "inventory", "purchase-orders", scope, orders.create),
        Route("PATCH", "inventory", path, scope, orders.change),
        Route("PATCH", "inventory", f"{path}/cancellation", scope, orders.cancel),
    ]


class _Orders:
    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    async def create(self, request: web.Request) -> web.Response:
        """`POST purchase-orders`: answers only the new order's id."""
        tenant = self._tenant
        body = documented(await object_of(request), CREATE, tenant.settings.unknown_members)
        required(body, CREATE)
        if not body["items"]:
            raise invalid("Items", "The items field is required.")
        kind = self._checked(body)
        number = tenant.next_id("order-number", 20_001)
        row = tenant.new("purchase-orders", {"number": str(number), "status": "Pending", "vendorDocumentNumber": "", "summary": ""})
        items = [self._item(one, None, CREATE_ITEM) for one in body["items"]]
        made = _totaled(_changed(row, body) | {"items": items})
        with tenant.changing():
            saved = written(tenant, "purchase-orders", None, made, "create")
            if kind["automaticallyReceive"]:
                receive(tenant, {"purchase_order": saved["id"], "vendor_number": body.get("vendorInvoiceNumber")})
        return json_answer({"id": saved["id"]})

    async def change(self, request: web.Request) -> web.Response:
        """`PATCH purchase-orders/{id}`."""
        tenant = self._tenant
        row = tenant.get("purchase-orders", id_of(request))
        body = documented(await object_of(request), UPDATE, tenant.settings.unknown_members)
        if row["status"] in ("Exported", "Canceled"):
            raise Refused(400, f"The purchase order is {row['status'].lower()} and cannot be edited.")
        if body.get("items") == []:
            raise invalid("Items", "A purchase order needs an item.")
        self._checked(body)
        changed = _changed(dict(row), body)
        if body.get("items") is not None:
            changed = _totaled(changed | {"items": self._items(row, body["items"])})
        if row["status"] == "Received" and _posted(changed) != _posted(row):
            raise Refused(400, "The purchase order is received: its items, vendor and amounts cannot be edited.")
        return json_answer({"id": written(tenant, "purchase-orders", row, changed, "update")["id"]})

    async def cancel(self, request: web.Request) -> web.Response:
        """`PATCH purchase-orders/{id}/cancellation`."""
        row, body = self._tenant.get("purchase-orders", id_of(request)), await object_of(request)
        if body.get("canceledReason") not in _REASONS:
            raise invalid("CanceledReason", f"The value '{body.get('canceledReason')}' is not valid.")
        if row["status"] not in ("Pending", "Sent"):
            raise Refused(400, f"The purchase order is {row['status']} and cannot be canceled.")
        canceled = row | {"status": "Canceled", "_canceledReason": body["canceledReason"]}
        return json_answer({"id": written(self._tenant, "purchase-orders", row, canceled, "cancel")["id"]})

    def _checked(self, body: Row) -> Row:
        """Check that every object in the body exists and is active; returns the order's type. Raises 400."""
        found: Row = {"automaticallyReceive": False}
        for member, kind in _REFERS.items():
            if body.get(member) is None:
                continue
            named = self._tenant.find(kind, body[member])
            if named is None or not named["active"]:
                raise invalid(titled(member), f"There is no active object with id {body[member]}.")
            found = named if kind == "purchase-order-types" else found
        place = body.get("inventoryLocationId")
        if place is not None and not any(
            (at := self._tenant.find(kind, place)) and at["active"] for kind in ("warehouses", "trucks")
        ):
            raise invalid("InventoryLocationId", f"There is no active inventory location with id {place}.")
        if body.get("jobId") is not None and self._tenant.find("jobs", body["jobId"]) is None:
            raise invalid("JobId", f"There is no job with id {body['jobId']}.")
        return found

    def _items(self, row: Row, asked: list[Any]) -> list[Row]:
        """The items after a change. Items that are not listed are removed. Raises 400 if one of them was already received."""
        kept = {item["id"]: item for item in row["items"]}
        items = []
        for one in asked:
            source_id = one.get("id") if isinstance(one, dict) else None
            if source_id and source_id not in kept:
                raise invalid("Items", f"The purchase order has no active item {source_id}.")
            items.append(self._item(one, kept.pop(source_id) if source_id else None, UPDATE_ITEM))
        gone = [item["id"] for item in kept.values() if Decimal(item["quantityReceived"])]
        if gone:
            raise Refused(400, f"Item {gone[0]} is received and cannot be removed.")
        return items

    def _item(self, one: Any, before: Row | None, schema: str) -> Row:
        if not isinstance(one, dict):
            raise unreadable("Items")
        body = documented(one, schema, self._tenant.settings.unknown_members)
        required(body, schema)
        quantity, cost = Decimal(str(body["quantity"])), Decimal(str(body["cost"]))
        if quantity <= 0 or cost < 0:
            raise invalid("Items", "A quantity must be positive, and a cost must not be negative.")
        if before is not None and quantity < Decimal(before["quantityReceived"]):
            raise Refused(400, f"Of item {before['id']} {before['quantityReceived']} are received.")
        now = instant(self._tenant.clock.now())
        start: Row = {"quantityReceived": "0", "status": "Pending", "chargeable": True, "createdOn": now}
        base = before or start | {"id": self._tenant.next_id("order-item", 3_075_000_001)}
        values = (
            base
            | self._sku(body["skuId"])
            | {
                "description": body["description"],
                "vendorPartNumber": body["vendorPartNumber"],
                "quantity": str(quantity),
                "cost": str(cost),
                "total": money(quantity * cost),
                "modifiedOn": now,
            }
        )
        return filled("inventory", "Inventory.V2.PurchaseOrderItemResponse", values)

    def _sku(self, sku_id: int) -> Row:
        for kind, word in (("materials", "Material"), ("equipment", "Equipment")):
            row = self._tenant.find(kind, sku_id)
            if row is not None and row["active"]:
                return {"skuId": row["id"], "skuName": row["displayName"], "skuCode": row["code"], "skuType": word}
        raise invalid("Items", f"There is no active material or equipment with id {sku_id}.")


def _changed(row: Row, body: Row) -> Row:
    """The row with the members of a request in the form of a read, without its items."""
    row |= {member: body[member] for member in _SAME if body.get(member) is not None}
    row |= {_READ[member]: body[member] for member in _READ if body.get(member) is not None}
    row |= {member: _instant(body[member], member) for member in ("date", "requiredOn") if body.get(member) is not None}
    row |= {member: money(body[member]) for member in ("tax", "shipping") if body.get(member) is not None}
    if body.get("shipTo") is not None:
        row["shipTo"] = _place(body["shipTo"])
    return row


def _place(asked: Any) -> Row:
    address = asked.get("address") if isinstance(asked, dict) else None
    if not isinstance(address, dict) or not isinstance(asked.get("description"), str):
        raise invalid("ShipTo", "The description and address fields are required.")
    for part in _ADDRESS:
        if not isinstance(address.get(part), str):
            raise invalid(f"ShipTo.Address.{titled(part)}", f"The {part} field is required.")
    return {part: address[part] for part in _ADDRESS}


def _instant(text: Any, member: str) -> str:
    try:
        found: datetime = parsed(str(text))
    except ValueError as error:
        raise unreadable(titled(member)) from error
    return f"{found.astimezone(UTC):%Y-%m-%dT%H:%M:%S}Z"


def _totaled(row: Row) -> Row:
    lines = sum((cents(Decimal(item["quantity"]) * Decimal(item["cost"])) for item in row["items"]), Decimal(0))
    return row | {"total": money(lines + Decimal(row["tax"]) + Decimal(row["shipping"]))}


def _posted(row: Row) -> list[Any]:
    """The values that a received order must keep."""
    items = [[item[name] for name in ("id", "skuId", "quantity", "cost")] for item in row["items"]]
    return [row["vendorId"], row["tax"], row["shipping"], sorted(items)]
