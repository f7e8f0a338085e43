"""The simulator's own routes under `/__sim__/`: present state, sessions, periods, subscribers, existing masters."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from aiohttp import web

from runtime.simulator.control import add_asked, add_deleted, add_told
from systems.acumatica.simulator.documents import documents
from systems.acumatica.simulator.push import Push, Subscriber
from systems.acumatica.simulator.rules.periods import set_status
from systems.acumatica.simulator.seed.masters import plant_masters, truth
from systems.acumatica.simulator.signin import SignIn
from systems.acumatica.simulator.tenant import Change, Tenant

Body = dict[str, Any]


def add_control(app: web.Application, tenant: Tenant, sign_in: SignIn, push: Push) -> None:
    """Add the control routes."""

    def periods(body: Body) -> Body:
        told = {"period": str(body["period"]), "status": str(body["status"])}
        node = set_status(tenant, **told)
        tenant.commit([Change("FinancialPeriod", node, "update", f"{told['period']} {told['status']}")])
        return told

    def open_sessions(_: object) -> Body:
        held = [{"grant": session.owner, "used_at": session.used_at.isoformat()} for session in sign_in.open]
        return {"sessions": held, "limit": tenant.settings.max_sessions}

    def end_sessions(_: object) -> Body:
        sign_in.open.leave_all()
        return {"sessions": []}

    def subscribers(_: object) -> Body:
        return {"subscribers": [asdict(subscriber) for subscriber in push.subscribers], "sent": push.sender.counts["ok"]}

    def subscribe(body: Body) -> Body:
        push.subscribe(Subscriber(**body))
        return subscribers(body)

    add_asked(
        app,
        documents=lambda query: {"documents": documents(tenant, query.get("kind", "Invoice"))},
        masters_truth=lambda _: truth(tenant),
        sessions=open_sessions,
        push=subscribers,
    )
    add_told(
        app,
        periods=periods,
        masters=lambda body: plant_masters(tenant, int(body.get("customers", 0)), int(body.get("vendors", 0))),
        push=subscribe,
    )
    add_deleted(app, sessions=end_sessions)
