"""`GET` of a list, and of one row: filters, inactive rows, order, pages by offset.

Source: OpenAPI (PaginatedResponse: page from 1, pageSize 50 by default, totalCount only with includeTotal; sort `+Field`/`-Field`
of Id, ModifiedOn, CreatedOn; `active` True|Any|False; `activeState` ActiveOnly|InactiveOnly|All). Fault `page_drift`: a row of an
earlier page changes just before a later page is read.
"""

from __future__ import annotations

from typing import Any

from aiohttp import web

from runtime.simulator.answers import json_answer
from systems.servicetitan.simulator.answers import invalid
from systems.servicetitan.simulator.door import Answer, Route
from systems.servicetitan.simulator.filters import Query, ids_of, keeps
from systems.servicetitan.simulator.kinds import BILL_SCHEMA, BILL_SCOPE, KINDS, Kind
from systems.servicetitan.simulator.requested import LAGGING, as_seen
from systems.servicetitan.simulator.shapes import Row, shown
from systems.servicetitan.simulator.tenant import Missing, Tenant, parsed

_SORTS = {"id": "id", "modifiedon": "modifiedOn", "createdon": "createdOn"}
_SINGLE = ("customers", "locations", "jobs", "job-types", "payment-types", "payment-terms", "gl-accounts", "ap-bills")
_SINGLE_TOO = ("vendors", "purchase-orders", "business-units", "technicians", "materials", "equipment", "projects")
_GUID = "externalDataApplicationGuid"


class Lists:
    """The lists of one tenant."""

    def __init__(self, tenant: Tenant, guid: str) -> None:
        self._tenant, self._guid = tenant, guid

    def routes(self) -> list[Route]:
        """Every list, and every single row that can be read by its id."""
        found = [Route("GET", kind.module, kind.name, kind.read_scope, self._listed(kind)) for kind in KINDS.values()]
        found += [
            Route("GET", KINDS[name].module, f"{name}/{{id:[0-9]+}}", KINDS[name].read_scope, self._single(KINDS[name]))
            for name in (*_SINGLE, *_SINGLE_TOO)
        ]
        bills = f"{BILL_SCOPE}:r"
        return [
            Route("GET", "accounting", "inventory-bills/paginated", bills, self._bills(bare=False)),
            Route("GET", "accounting", "inventory-bills", bills, self._bills(bare=True)),
            *found,
        ]

    def _listed(self, kind: Kind) -> Answer:
        async def answer(request: web.Request) -> web.Response:
            page, rows = self.page(kind, request.query)
            return json_answer(page | {"data": [self._shown(kind, row, request.query) for row in rows]})

        return answer

    def _single(self, kind: Kind) -> Answer:
        async def answer(request: web.Request) -> web.Response:
            row = self._seen(kind, self._tenant.get(kind.name, int(request.match_info["id"])))
            if row is None:
                raise Missing(f"{kind.name} has no id {request.match_info['id']}")
            return json_answer(self._shown(kind, row, request.query))

        return answer

    def _bills(self, *, bare: bool) -> Answer:
        kind = KINDS["ap-bills"]

        async def answer(request: web.Request) -> web.Response:
            page, rows = self.page(kind, request.query)
            data = [shown("accounting", BILL_SCHEMA, as_inventory_bill(row)) for row in rows]
            return json_answer(data if bare else page | {"data": data})

        return answer

    def page(self, kind: Kind, query: Query) -> tuple[dict[str, Any], list[Row]]:
        """The envelope of a page and its rows."""
        if _at_least_one(query, "page", 1) > 1 and self._tenant.faults.take("page_drift", "GET", f"/{kind.name}"):
            self._drift(kind, query)
        return paged(query, self._selected(kind, query), self._tenant.settings.max_page_size)

    def _selected(self, kind: Kind, query: Query) -> list[Row]:
        conditions = keeps(kind.name, query)
        seen = [self._seen(kind, row) for row in self._candidates(kind, query)]
        rows = [row for row in seen if row is not None and _is_shown(kind, row, query)]
        rows = [row for row in rows if all(keep(row) for keep in conditions) and self._external_fits(row, query)]
        return _ordered(rows, query)

    def _seen(self, kind: Kind, row: Row) -> Row | None:
        return as_seen(self._tenant, row) if kind.name in LAGGING else row

    def _candidates(self, kind: Kind, query: Query) -> list[Row]:
        """As few rows as an index can narrow them down to."""
        ids = ids_of(query)
        if ids is not None:
            found = [self._tenant.find(kind.name, source_id) for source_id in dict.fromkeys(ids)]
            return [row for row in found if row is not None]
        since = query.get("modifiedOnOrAfter", "")
        if since:
            try:
                return self._tenant.changed_since(kind.name, parsed(since), limit=1_000_000)
            except ValueError as error:
                raise invalid("modifiedOnOrAfter", f"The value '{since}' is not valid.") from error
        return self._tenant.rows(kind.name)

    def _drift(self, kind: Kind, query: Query) -> None:
        rows = self._selected(kind, query)
        if rows:
            self._tenant.save(kind.name, rows[0], "update")

    def _external_fits(self, row: Row, query: Query) -> bool:
        key, values = query.get("externalDataKey"), query.get("externalDataValues")
        if not key or query.get(_GUID, "").lower() != self._guid:
            return True
        wanted = {value.strip() for value in (values or "").split(",")}
        return any(held["key"] == key and (not values or held["value"] in wanted) for held in row.get("_externalData", []))

    def _shown(self, kind: Kind, row: Row, query: Query) -> Row:
        """The row as the list sends it: external data only for the application that asks with its GUID."""
        view = self._tenant.as_list_shows(kind.name, row)
        if "externalData" in view and query.get(_GUID, "").lower() == self._guid:
            view["externalData"] = row.get("_externalData", [])
        return view


def paged(query: Query, rows: list[Row], most: int) -> tuple[dict[str, Any], list[Row]]:
    """The envelope of a page and its rows, from all that were found. Raises 400 for an impossible page."""
    number, size = _at_least_one(query, "page", 1), _at_least_one(query, "pageSize", 50)
    if size > most:
        raise invalid("pageSize", f"The field pageSize must be between 1 and {most}.")
    begin = (number - 1) * size
    total = len(rows) if query.get("includeTotal", "").lower() == "true" else None
    envelope = {"page": number, "pageSize": size, "hasMore": begin + size < len(rows), "totalCount": total}
    return envelope, rows[begin : begin + size]


def as_inventory_bill(row: Row) -> Row:
    """A bill in the older shape: no status, the place of an item as text."""
    items = [item | {"inventoryLocation": (item["inventoryLocation"] or {}).get("name")} for item in row["items"] or []]
    return row | {"items": items, "active": row["status"] != "Canceled"}


def _is_shown(kind: Kind, row: Row, query: Query) -> bool:
    if kind.name == "ap-bills":
        wanted = query.get("billType") or "Procurement"
        return wanted in ("NotSet", row["billType"])
    if kind.inactive == "active":
        word = query.get("active", "True").lower()
        return word == "any" or row["active"] == (word != "false")
    if kind.inactive == "activeState":
        word = query.get("activeState", "ActiveOnly").lower()
        return word == "all" or row["active"] == (word != "inactiveonly")
    return bool(row.get("_active", True))


def _ordered(rows: list[Row], query: Query) -> list[Row]:
    text = query.get("sort", "").strip()
    field = _SORTS.get(text.lstrip("+-").strip().lower())
    if not text:
        return sorted(rows, key=lambda row: int(row["id"]))
    if field is None:
        raise invalid("sort", f"The value '{text}' is not valid.")
    return sorted(rows, key=lambda row: (row[field], row["id"]), reverse=text.startswith("-"))


def _at_least_one(query: Query, name: str, default: int) -> int:
    text = query.get(name)
    if text is None:
        return default
    try:
        found = int(text)
    except ValueError as error:
        raise invalid(name, f"The value '{text}' is not valid.") from error
    if found < 1 and not (name == "page" and found == 0):
        raise invalid(name, f"The field {name} must be at least 1.")
    return max(found, 1)
