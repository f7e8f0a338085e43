"""The simulator's own routes under `/__sim__/`: events, the day, holdings, balances, webhooks and masters."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from runtime.simulator.control import add_asked, add_deleted, add_told
from systems.servicetitan.simulator.balances import balances
from systems.servicetitan.simulator.books.events import Names, perform
from systems.servicetitan.simulator.day.play import Day
from systems.servicetitan.simulator.holdings import holdings
from systems.servicetitan.simulator.seed.masters import plant_customers, truth
from systems.servicetitan.simulator.tenant import Tenant
from systems.servicetitan.simulator.webhooks import Webhooks, subscriber_of


def add_control(app: web.Application, tenant: Tenant, webhooks: Webhooks) -> None:
    """Add the control routes."""
    day = Day(tenant)

    def events(body: dict[str, Any]) -> dict[str, Any]:
        names: Names = {}
        return {"results": [perform(tenant, event, names) for event in body["events"]]}

    def subscribe(body: dict[str, Any]) -> dict[str, Any]:
        webhooks.subscribe(subscriber_of(body))
        return webhooks.report()

    def unsubscribe(_: object) -> dict[str, Any]:
        webhooks.unsubscribe_all()
        return webhooks.report()

    async def close(_: web.Application) -> None:
        await day.close()
        await webhooks.sender.close()

    add_asked(
        app,
        balances=lambda query: balances(tenant, query),
        holdings=lambda query: holdings(tenant, query.get("entity", "invoices")),
        masters_truth=lambda _: truth(tenant),
        day=lambda _: day.progress(),
        webhooks=lambda _: webhooks.report(),
        webhooks_failed=lambda _: {"failed": webhooks.sender.failed},
    )
    add_told(
        app,
        events=events,
        masters=lambda body: plant_customers(tenant, int(body["customers"])),
        day=day.begin,
        day_corrections=lambda _: day.correct(),
        webhooks=subscribe,
    )
    add_deleted(app, webhooks=unsubscribe)
    app.on_cleanup.append(close)
