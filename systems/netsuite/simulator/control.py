"""The simulator's own routes under `/__sim__/`: present state, balances, what people do, periods, tokens, subscribers, masters, history."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from runtime.simulator.control import add_asked, add_told
from systems.netsuite.simulator import people
from systems.netsuite.simulator.account import Account
from systems.netsuite.simulator.balances import balances
from systems.netsuite.simulator.documents import documents
from systems.netsuite.simulator.door.gate import Gate
from systems.netsuite.simulator.seed.masters import plant_masters, truth

Body = dict[str, Any]


def add_control(app: web.Application, account: Account, gate: Gate) -> None:
    """Add the control routes."""
    add_asked(
        app,
        balances=lambda _: balances(account),
        documents=lambda query: {"documents": documents(account, query.get("kind", "vendorBill"))},
        masters_truth=lambda _: truth(account),
    )
    add_told(
        app,
        enter=lambda body: people.enter(account, body),
        remove=lambda body: people.remove(account, body),
        receive=lambda body: people.receive(account, body),
        close=lambda body: people.close_order(account, body),
        approve=lambda body: people.approve(account, body),
        pay=lambda body: people.pay(account, body),
        periods=lambda body: people.set_period(account, body),
        masters=lambda body: plant_masters(account, int(body.get("customers", 0)), int(body.get("vendors", 0))),
        tokens_revoke=lambda _: {"revoked": gate.assertions.tokens.revoke_all()},
    )
