"""The simulator's own routes under `/__sim__/`: events, the day, holdings, webhooks, settings, masters and what was called."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

from aiohttp import web

from systems.servicetitan.simulator.answers import json_answer
from systems.servicetitan.simulator.books.events import Names, perform
from systems.servicetitan.simulator.day.play import Day
from systems.servicetitan.simulator.gate import Gate
from systems.servicetitan.simulator.holdings import holdings
from systems.servicetitan.simulator.seed.masters import plant_customers, truth
from systems.servicetitan.simulator.tenant import Tenant
from systems.servicetitan.simulator.webhooks import Webhooks, subscriber_of

Handler = Callable[[web.Request], Awaitable[Any]]


def add_control(app: web.Application, tenant: Tenant, gate: Gate, webhooks: Webhooks) -> None:
    """Add the control routes. Each answers JSON; what is wrong in a request is said with status 400."""
    day = Day(tenant)
    routes: list[tuple[str, str, Handler]] = [*_books(tenant), *_days(day), *_senders(webhooks), *_switches(tenant, gate)]
    for method, path, handler in routes:
        app.router.add_route(method, f"/__sim__/{path}", _checked(handler))

    async def close(_: web.Application) -> None:
        await day.close()
        await webhooks.close()

    app.on_cleanup.append(close)


def _books(tenant: Tenant) -> list[tuple[str, str, Handler]]:
    async def events(request: web.Request) -> Any:
        body = await request.json()
        names: Names = {}
        return {"results": [perform(tenant, event, names) for event in body["events"]]}

    async def held(request: web.Request) -> Any:
        return holdings(tenant, request.query.get("entity", "invoices"))

    async def masters(request: web.Request) -> Any:
        body = await request.json()
        return plant_customers(tenant, int(body["customers"]))

    async def known(_: web.Request) -> Any:
        return truth(tenant)

    return [
        ("POST", "events", events),
        ("GET", "holdings", held),
        ("POST", "masters", masters),
        ("GET", "masters/truth", known),
    ]


def _days(day: Day) -> list[tuple[str, str, Handler]]:
    async def begin(request: web.Request) -> Any:
        return day.begin(await request.json())

    async def progress(_: web.Request) -> Any:
        return day.progress()

    async def correct(_: web.Request) -> Any:
        return day.correct()

    return [("POST", "day", begin), ("GET", "day", progress), ("POST", "day/corrections", correct)]


def _senders(webhooks: Webhooks) -> list[tuple[str, str, Handler]]:
    async def subscribe(request: web.Request) -> Any:
        webhooks.subscribe(subscriber_of(await request.json()))
        return webhooks.report()

    async def unsubscribe(_: web.Request) -> Any:
        webhooks.unsubscribe_all()
        return webhooks.report()

    async def report(_: web.Request) -> Any:
        return webhooks.report()

    async def failed(_: web.Request) -> Any:
        return {"failed": webhooks.failed}

    return [
        ("POST", "webhooks", subscribe),
        ("DELETE", "webhooks", unsubscribe),
        ("GET", "webhooks", report),
        ("GET", "webhooks/failed", failed),
    ]


def _switches(tenant: Tenant, gate: Gate) -> list[tuple[str, str, Handler]]:
    async def change(request: web.Request) -> Any:
        tenant.settings.change(await request.json())
        return asdict(tenant.settings)

    async def settings(_: web.Request) -> Any:
        return asdict(tenant.settings)

    async def calls(_: web.Request) -> Any:
        return gate.report()

    async def forget_calls(_: web.Request) -> Any:
        gate.calls.clear()
        return gate.report()

    return [
        ("POST", "settings", change),
        ("GET", "settings", settings),
        ("GET", "calls", calls),
        ("DELETE", "calls", forget_calls),
    ]


def _checked(handler: Handler) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(request: web.Request) -> web.Response:
        try:
            return json_answer(await handler(request))
        except (ValueError, KeyError, TypeError, ArithmeticError) as error:
            return json_answer({"error": f"{type(error).__name__}: {error}"}, 400)

    return answer
