"""The simulator's own routes under `/__sim__/`: present state, sessions, calls, periods, subscribers, existing masters, settings."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

from aiohttp import web

from systems.acumatica.simulator.answers import json_answer
from systems.acumatica.simulator.documents import documents
from systems.acumatica.simulator.gate import Gate, counts
from systems.acumatica.simulator.push import Push, Subscriber
from systems.acumatica.simulator.rules.periods import set_status
from systems.acumatica.simulator.seed.masters import plant_masters, truth
from systems.acumatica.simulator.tenant import Change, Tenant

Handler = Callable[[web.Request], Awaitable[web.Response]]


def add_control(app: web.Application, tenant: Tenant, gate: Gate, push: Push) -> None:
    """Add the control routes."""
    _add_books(app, tenant)
    _add_calls(app, tenant, gate)
    _add_push(app, push)
    _add_settings(app, tenant)


def _add_books(app: web.Application, tenant: Tenant) -> None:
    async def present(request: web.Request) -> web.Response:
        return json_answer({"documents": documents(tenant, request.query.get("kind", "Invoice"))})

    async def periods(request: web.Request) -> web.Response:
        body = await request.json()
        node = set_status(tenant, str(body["period"]), str(body["status"]))
        tenant.commit([Change("FinancialPeriod", node, "update", f"{body['period']} {body['status']}")])
        return json_answer({"period": body["period"], "status": body["status"]})

    async def masters(request: web.Request) -> web.Response:
        body = await request.json()
        return json_answer(plant_masters(tenant, int(body.get("customers", 0)), int(body.get("vendors", 0))))

    async def masters_truth(_: web.Request) -> web.Response:
        return json_answer(truth(tenant))

    app.router.add_get("/__sim__/documents", checked(present))
    app.router.add_post("/__sim__/periods", checked(periods))
    app.router.add_post("/__sim__/masters", checked(masters))
    app.router.add_get("/__sim__/masters/truth", masters_truth)


def _add_calls(app: web.Application, tenant: Tenant, gate: Gate) -> None:
    async def sessions(_: web.Request) -> web.Response:
        held = [{"grant": session.grant, "used_at": session.used_at.isoformat()} for session in gate.sessions.open.values()]
        return json_answer({"sessions": held, "limit": tenant.settings.max_sessions})

    async def end_sessions(_: web.Request) -> web.Response:
        gate.sessions.open.clear()
        return json_answer({"sessions": []})

    async def calls(_: web.Request) -> web.Response:
        return json_answer(counts(gate))

    async def reset_calls(_: web.Request) -> web.Response:
        gate.calls.clear()
        gate.throttle.refused = 0
        return json_answer(counts(gate))

    app.router.add_get("/__sim__/sessions", sessions)
    app.router.add_delete("/__sim__/sessions", end_sessions)
    app.router.add_get("/__sim__/calls", calls)
    app.router.add_delete("/__sim__/calls", reset_calls)


def _add_push(app: web.Application, push: Push) -> None:
    def shown() -> web.Response:
        return json_answer({"subscribers": [asdict(subscriber) for subscriber in push.subscribers], "sent": push.sent})

    async def subscribe(request: web.Request) -> web.Response:
        push.subscribe(Subscriber(**await request.json()))
        return shown()

    async def subscribers(_: web.Request) -> web.Response:
        return shown()

    app.router.add_post("/__sim__/push", checked(subscribe))
    app.router.add_get("/__sim__/push", subscribers)


def _add_settings(app: web.Application, tenant: Tenant) -> None:
    async def change(request: web.Request) -> web.Response:
        tenant.settings.change(await request.json())
        return json_answer(asdict(tenant.settings))

    async def settings(_: web.Request) -> web.Response:
        return json_answer(asdict(tenant.settings))

    app.router.add_get("/__sim__/settings", settings)
    app.router.add_post("/__sim__/settings", checked(change))


def checked(handler: Handler) -> Handler:
    """Answer 400 with the words of what was wrong in the request."""

    async def answer(request: web.Request) -> web.Response:
        try:
            return await handler(request)
        except (ValueError, KeyError, TypeError) as error:
            body: dict[str, Any] = {"error": f"{type(error).__name__}: {error}"}
            return json_answer(body, 400)

    return answer
