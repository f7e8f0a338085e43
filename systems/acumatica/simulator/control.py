"""The simulator's own routes under `/__sim__/`: present state, balances, sessions, periods, what people do, subscribers, existing masters."""

from __future__ import annotations

from dataclasses import asdict
from decimal import Decimal
from typing import Any

from aiohttp import web

from runtime.simulator.control import add_asked, add_deleted, add_told
from systems.acumatica.simulator.balances import balances
from systems.acumatica.simulator.documents import documents
from systems.acumatica.simulator.push import Push, Subscriber
from systems.acumatica.simulator.rules import bills
from systems.acumatica.simulator.rules.periods import set_status
from systems.acumatica.simulator.rules.voids import BANKED
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
        balances=lambda _: balances(tenant),
        documents=lambda query: {"documents": documents(tenant, query.get("kind", "Invoice"))},
        masters_truth=lambda _: truth(tenant),
        sessions=open_sessions,
        push=subscribers,
    )
    add_told(
        app,
        periods=periods,
        banked=lambda body: _banked(tenant, body),
        checks=lambda body: _pay_bill(tenant, body),
        masters=lambda body: plant_masters(tenant, int(body.get("customers", 0)), int(body.get("vendors", 0))),
        push=subscribe,
    )
    add_deleted(app, sessions=end_sessions)


def _banked(tenant: Tenant, body: Body) -> Body:
    """`{"type", "number", "as": "deposited" | "reconciled"}`: a person puts a payment into a deposit or a reconciliation."""
    held = tenant.table("Payment").by_keys(str(body.get("type", "Payment")), str(body["number"]))
    if held is None or body["as"] not in BANKED:
        raise ValueError(f"no payment {body['number']!r}, or `as` is not one of {', '.join(BANKED)}")
    node = held.copy()
    node.hidden["banked"] = body["as"]
    tenant.commit([Change("Payment", node, "update", f"{body['as']} by a person")])
    return {"number": body["number"], "as": body["as"]}


def _pay_bill(tenant: Tenant, body: Body) -> Body:
    """`{"number", "amount"}`: a person pays a bill by check."""
    bill = bills.pay(tenant, str(body["number"]), Decimal(str(body["amount"])))
    return {"number": body["number"], "balance": f"{bill.money('Balance'):.2f}"}
