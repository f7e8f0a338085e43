"""Proves what the writing of purchase orders needs: the type, the field for our ref, the substitute, and the ids of the mapping tables. Read-only.

The API cannot say whether it keeps a ref in a field. Existing orders prove it: one of ours shows its ref in the field that the setting names. If
there is none yet, `check` says that the first order will prove it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from runtime.errors import ConnectorError
from runtime.json import members
from systems.checks import failed
from systems.contract import Finding, checked
from systems.mapped import Crosswalk
from systems.servicetitan.client import Client
from systems.servicetitan.mapping_orders import BUSINESS_UNIT, ITEM_TABLE, PLACE_TABLE
from systems.servicetitan.models import list_page
from systems.servicetitan.order_marks import Place, ref_in
from systems.servicetitan.resources import EQUIPMENT, MATERIALS, MAX_IDS, ORDER_TYPES, RESOURCES, Resource
from systems.values.members import Row

_ROWS = "500"
_SHOWN: dict[Place, str] = {"memo": "summary", "vendor_document_number": "vendorDocumentNumber"}
_AGAIN = "Try again; if it stays, look at the vendor's status page."


class OrderChecks:
    """The findings about orders, for a connection that writes some."""

    def __init__(self, client: Client, crosswalk: Crosswalk) -> None:
        self._client, self._crosswalk = client, crosswalk
        self._own = client.settings.orders

    async def findings(self) -> list[Finding]:
        """One line for each thing that is proved, or for each fault."""
        found: list[Finding] = []
        for subject, prove in (
            ("servicetitan order type", self._type),
            ("servicetitan place of our ref in orders", self._ref),
            ("servicetitan substitute for lines without an item", self._substitute),
            (f"servicetitan crosswalk {ITEM_TABLE}", self._items),
            (f"servicetitan crosswalk {PLACE_TABLE}", self._places),
        ):
            try:
                found += await prove(subject)
            except ConnectorError as error:
                found.append(failed(subject, error, _AGAIN))
        return found

    async def _type(self, subject: str) -> list[Finding]:
        """The type exists, is active, and does not receive by itself. The settings name all types that do, so that `apply` can refuse them without
        asking the tenant."""
        types = await self._all(ORDER_TYPES)
        names = {str(row.get("id")): str(row.get("name") or "") for row in types}
        receiving = {str(row.get("id")) for row in types if row.get("automaticallyReceive") is not False}
        chosen = next((row for row in types if str(row.get("id")) == self._own.type_id), None)
        known = ", ".join(f"{key} {name}" for key, name in names.items() if key not in receiving) or "none"
        remedy = f"Write one of these into orders.type_id: {known}."
        if chosen is None or chosen.get("active") is not True:
            return [Finding("error", subject, f"{self._own.type_id or 'orders.type_id'} is not there or not active", remedy)]
        if self._own.type_id in receiving:
            return [
                Finding("error", subject, f"{self._own.type_id} {names[self._own.type_id]} receives its orders by itself", remedy)
            ]
        unnamed = sorted(receiving - self._own.self_receiving_types)
        if unnamed:
            words = (
                f"types that receive by themselves are not in the settings: {', '.join(f'{key} {names[key]}' for key in unnamed)}"
            )
            return [Finding("warning", subject, words, "Add their ids to orders.self_receiving_types.")]
        return [Finding("ok", subject, f"{self._own.type_id} {names[self._own.type_id]}")]

    async def _ref(self, subject: str) -> list[Finding]:
        """The newest orders show the field that holds the ref, and our own orders have it there and not in the other field."""
        resource, place = RESOURCES["purchase_order"], self._own.ref_in
        query = [("page", "1"), ("pageSize", _ROWS), ("includeTotal", "true"), ("sort", "-Id")]
        rows = await self._page(resource, query)
        other = next(one for one in _SHOWN if one != place)
        if any(_SHOWN[place] not in row for row in rows):
            words = f"orders do not show {_SHOWN[place]}"
            return [Finding("error", subject, words, f"Write {other} into orders.ref_in.")]
        here = [row for row in rows if ref_in(row, place)]
        there = [row for row in rows if ref_in(row, other) and not ref_in(row, place)]
        if there:
            words = f"{len(there)} orders carry a ref in {other} and none in {place}, where they would not be found: order {there[0].get('number')}"
            return [
                Finding("error", subject, words, f"Write {other} into orders.ref_in, or move the refs of these orders by hand.")
            ]
        if not here:
            words = f"{place}: none of the newest {len(rows)} orders is ours, so nothing proves it yet"
            return [Finding("warning", subject, words, "Run check again after the first order was written.")]
        return [Finding("ok", subject, f"{place}: {len(here)} of the newest {len(rows)} orders show it")]

    async def _substitute(self, subject: str) -> list[Finding]:
        wanted = self._own.substitute_sku_id
        if not wanted:
            return [Finding("ok", subject, "none: an order with such a line is held")]
        if await self._missing_skus([wanted]):
            words = f"sku {wanted} is no active material or equipment"
            return [Finding("error", subject, words, "Write the id of an active one into orders.substitute_sku_id.")]
        return [Finding("ok", subject, f"sku {wanted} is active")]

    async def _items(self, subject: str) -> list[Finding]:
        rows = self._crosswalk.rows(ITEM_TABLE)
        missing = await self._missing_skus([row["sku_id"] for row in rows.values() if row.get("sku_id")])
        wrong = [key for key, row in rows.items() if not row.get("sku_id") or row["sku_id"] in missing]
        return _judged(subject, rows, wrong, "item", "sku_id names no active material or equipment")

    async def _places(self, subject: str) -> list[Finding]:
        rows = self._crosswalk.rows(PLACE_TABLE)
        places = {key for name in ("warehouse", "truck") for key in _active(await self._all(RESOURCES[name]))}
        units = _active(await self._all(RESOURCES["business_unit"]))
        wrong = [key for key, row in rows.items() if row.get("inventory_location_id") not in places]
        found = _judged(subject, rows, wrong, "place", "inventory_location_id names no active warehouse or truck")
        named = {key: row.get(BUSINESS_UNIT) or self._own.business_unit_id for key, row in rows.items()}
        lost = [key for key, unit in named.items() if unit not in units]
        return found + (_judged(subject, rows, lost, "place", "business_unit_id names no active business unit") if lost else [])

    # --- lists ------------------------------------------------------------------------------------------------------------

    async def _missing_skus(self, wanted: Sequence[str]) -> set[str]:
        """Those of these ids that are not an active material or equipment."""
        asked = sorted({one for one in wanted if one.isascii() and one.isdigit()})
        found: set[str] = set()
        for begin in range(0, len(asked), MAX_IDS):
            ids = [("ids", ",".join(asked[begin : begin + MAX_IDS])), ("page", "1"), ("pageSize", _ROWS), ("includeTotal", "true")]
            for resource in (MATERIALS, EQUIPMENT):
                found |= _active(await self._page(resource, [*ids, *resource.inactive]))
        return set(wanted) - found

    async def _all(self, resource: Resource) -> list[Row]:
        """Every row of a list, including inactive ones."""
        found: list[Row] = []
        for page in range(1, 101):
            query = [("page", str(page)), ("pageSize", _ROWS), ("includeTotal", "true"), *resource.inactive]
            path = resource.path(self._client.settings.tenant_id)
            shown = list_page(await self._client.get(path, query, resource.scope), path)
            found += [members(element.body) for element in shown.elements]
            if not shown.has_more or not shown.elements:
                break
        return found

    async def _page(self, resource: Resource, query: Sequence[tuple[str, str]]) -> list[Row]:
        path = resource.path(self._client.settings.tenant_id)
        shown = list_page(await self._client.get(path, query, resource.scope), path)
        return [members(element.body) for element in shown.elements]


def _active(rows: Iterable[Row]) -> set[str]:
    return {str(row.get("id")) for row in rows if row.get("active") is True}


def _judged(subject: str, rows: Any, wrong: Sequence[str], what: str, words: str) -> list[Finding]:
    if not rows:
        return [
            Finding("warning", subject, "it has no rows, so every order is held", "Fill it: crosswalk export shows the columns.")
        ]
    if wrong:
        named = f"{words}: {', '.join(wrong[:10])}{' ...' if len(wrong) > 10 else ''}"
        return [Finding("error", subject, named, "Correct these rows and apply the connection again.")]
    return [Finding("ok", subject, checked(len(rows), what))]
