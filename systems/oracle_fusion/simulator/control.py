"""The simulator's own routes under `/__sim__/`: what people and batches of the pod do, and what checkers can see of it."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from runtime.simulator.control import add_asked, add_deleted, add_told
from systems.oracle_fusion.simulator.balances import balances
from systems.oracle_fusion.simulator.day import play
from systems.oracle_fusion.simulator.documents import documents
from systems.oracle_fusion.simulator.orders import bill_order, change_order, new_order
from systems.oracle_fusion.simulator.pod import TRUTH, Pod
from systems.oracle_fusion.simulator.rules import automatch, jobs, receipts, receiving
from systems.oracle_fusion.simulator.rules.accounting import account
from systems.oracle_fusion.simulator.rules.ledger import set_period
from systems.oracle_fusion.simulator.seed.customers import plant_customers
from systems.oracle_fusion.simulator.seed.suppliers import plant_suppliers
from systems.oracle_fusion.simulator.signin import SignIn
from systems.oracle_fusion.simulator.suppliers import save_supplier

Body = dict[str, Any]


def add_control(app: web.Application, pod: Pod, sign_in: SignIn) -> None:
    """Add the control routes."""
    add_asked(
        app,
        masters_truth=lambda _: truth(pod),
        balances=lambda _: balances(pod),
        documents=lambda query: {"documents": documents(pod, query.get("kind", ""))},
    )
    add_told(
        app,
        suppliers=lambda body: save_supplier(pod, body),
        orders=lambda body: new_order(pod, body),
        orders_change=lambda body: change_order(pod, body),
        orders_bill=lambda body: bill_order(pod, body),
        periods=lambda body: _period(pod, body),
        accounting=lambda _: {"accounted": account(pod)},
        receiving=lambda _: {"processed": receiving.run(pod)},
        jobs=lambda _: {"ended": jobs.run(pod)},
        posting=lambda _: {"posted": jobs.post(pod)},
        batches=lambda _: {
            "processed": receiving.run(pod),
            "ended": jobs.run(pod),
            "posted": jobs.post(pod),
            "applied": automatch.run(pod),
        },
        automatch=lambda _: {"applied": automatch.run(pod)},
        apply=lambda body: _apply(pod, body),
        reverse=lambda body: _reverse(pod, body),
        day=lambda body: play(pod, body),
        masters=lambda body: _plant(pod, body),
        issuers=lambda body: {"x5t": sign_in.trust(str(body["issuer"]), str(body["certificate"]))},
    )
    add_deleted(app, tokens=lambda _: {"revoked": sign_in.tokens.revoke_all()})


def truth(pod: Pod) -> Body:
    """Which supplier is which company: `index` into companies(seed, n), null for a company that only this pod knows."""
    kinds = ("suppliers", "customers")
    return {"seed": pod.seed} | {kind: [row for row in pod.rows(TRUTH) if row["of"] == kind] for kind in kinds}


def _period(pod: Pod, body: Body) -> Body:
    """`{"period": "Feb-26", "status": "Closed", "application": "AR"}`; without an application all of them."""
    rows = set_period(pod, str(body["period"]), str(body.get("application", "")), str(body["status"]))
    return {"periods": [{name: row[name] for name in ("PeriodNameId", "ApplicationId", "ClosingStatus")} for row in rows]}


def _apply(pod: Pod, body: Body) -> Body:
    """`{"receipt" or "memo": number, "invoice": number, "amount"}`: a person applies a receipt or credit memo at the screen."""
    return {"applied": automatch.by_hand(pod, {name: str(value) for name, value in body.items()})}


def _reverse(pod: Pod, body: Body) -> Body:
    """`{"receipt": number, "category": "NSF"}`: a person reverses a receipt."""
    rows = pod.rows_with(receipts.KIND, "ReceiptNumber", str(body["receipt"]))
    if not rows:
        raise ValueError(f"no receipt {body['receipt']}")
    return {"reversed": receipts.reverse_by_hand(pod, rows[0], str(body.get("category", "NSF")))}


def _plant(pod: Pod, body: Body) -> Body:
    plant_suppliers(pod, int(body.get("suppliers", 0)))
    plant_customers(pod, int(body.get("customers", 0)))
    return truth(pod)
