"""Contacts of customers: phone numbers and e-mail addresses, which the customer's own row does not show.

Source: OpenAPI CRM V2; the list requires one of modifiedOnOrAfter, modifiedBefore, customerIds (400 otherwise).
"""

from __future__ import annotations

from aiohttp import web

from runtime.simulator.answers import json_answer
from systems.servicetitan.simulator.answers import Refused
from systems.servicetitan.simulator.door import Route
from systems.servicetitan.simulator.filters import keeps
from systems.servicetitan.simulator.kinds import CONTACT_SCHEMA, CONTACTS
from systems.servicetitan.simulator.lists import paged
from systems.servicetitan.simulator.shapes import Row, shown
from systems.servicetitan.simulator.tenant import Tenant

_ONE = "Crm.V2.Customers.CustomerContactWithModifiedOnResponse"
_SCOPE = "tn.crm.customers:r"


def contact_routes(tenant: Tenant) -> list[Route]:
    """The list over all customers, and the one of a customer."""

    async def changed(request: web.Request) -> web.Response:
        query = request.query
        if not any(query.get(name) for name in ("modifiedOnOrAfter", "modifiedBefore", "customerIds")):
            raise Refused(400, "One of modifiedBefore, modifiedOnOrAfter and customerIds is required.")
        wanted = {text.strip() for text in query.get("customerIds", "").split(",") if text.strip()}
        conditions = keeps(CONTACTS, query)
        rows = [row for row in tenant.rows(CONTACTS) if not wanted or str(row["customerId"]) in wanted]
        return _page(request, [row for row in rows if all(keep(row) for keep in conditions)], CONTACT_SCHEMA)

    async def of_customer(request: web.Request) -> web.Response:
        customer = tenant.get("customers", int(request.match_info["id"]))
        return _page(request, [row for row in tenant.rows(CONTACTS) if row["customerId"] == customer["id"]], _ONE)

    return [
        Route("GET", "crm", "customers/contacts", _SCOPE, changed),
        Route("GET", "crm", "customers/{id:[0-9]+}/contacts", _SCOPE, of_customer),
    ]


def _page(request: web.Request, rows: list[Row], schema: str) -> web.Response:
    envelope, part = paged(request.query, rows, 5000)
    return json_answer(envelope | {"data": [shown("crm", schema, row) for row in part]})
