"""The simulator's own routes under `/__sim__/`: present state, balances, months, sessions, masters, and what people do."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from runtime.simulator.control import add_asked, add_told
from systems.syspro.simulator import people
from systems.syspro.simulator.balances import balances
from systems.syspro.simulator.company import Company
from systems.syspro.simulator.documents import documents
from systems.syspro.simulator.door.signin import SignIn
from systems.syspro.simulator.periods import set_months
from systems.syspro.simulator.seed.history import plant_history
from systems.syspro.simulator.seed.suppliers import plant_suppliers, truth

Body = dict[str, Any]


def add_control(app: web.Application, company: Company, signin: SignIn) -> None:
    """Add the control routes."""

    def shown(_: object) -> Body:
        return {"sessions": [{"owner": one.owner, "used_at": one.used_at.isoformat()} for one in signin.sessions]}

    def drop(body: Body) -> Body:
        signin.sessions.leave_all(body.get("owner"))
        return shown(body)

    add_asked(
        app,
        balances=lambda _: balances(company),
        documents=lambda query: {"documents": documents(company, query.get("kind", "ApInvoice"))},
        masters_truth=lambda _: truth(company),
        sessions=shown,
    )
    add_told(
        app,
        months=lambda body: set_months(company, str(body.get("current", "")), int(body.get("open", 3))),
        masters=lambda body: plant_suppliers(company, int(body["suppliers"])),
        orders=lambda body: people.plant_orders(company, int(body["count"])),
        history=lambda body: plant_history(company, int(body["count"])),
        day=lambda body: people.play_day(company, body),
        enter=lambda body: people.enter(company, body),
        pay=lambda body: people.pay(company, body),
        sessions_drop=drop,
    )
