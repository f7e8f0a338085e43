"""The simulator's own routes under `/__sim__/`: present state, balances, what people do, periods, tokens, subscribers, masters, history."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from runtime.simulator.control import add_asked, add_deleted, add_told
from systems.netsuite.simulator import people
from systems.netsuite.simulator.balances import balances
from systems.netsuite.simulator.documents import documents
from systems.netsuite.simulator.door.entrance import Door
from systems.netsuite.simulator.events import Events, Subscriber
from systems.netsuite.simulator.seed.history import plant_history
from systems.netsuite.simulator.seed.masters import plant_masters, truth
from systems.netsuite.simulator.seed.orders import plant_orders, play_day

Body = dict[str, Any]


def add_control(app: web.Application, door: Door, events: Events) -> None:
    """Add the control routes."""
    account = door.account

    def deployed(_: object) -> Body:
        shown = [{"url": one.url, "types": one.types} for one in events.subscribers]
        return {"subscribers": shown, "counts": dict(events.sender.counts), "waiting": events.sender.waiting}

    def deploy(body: Body) -> Body:
        events.subscribe(Subscriber(**body))
        return deployed(body)

    def undeploy(query: object) -> Body:
        events.forget()
        return deployed(query)

    add_asked(
        app,
        balances=lambda query: balances(account, query.get("since", "")),
        documents=lambda query: {"documents": documents(account, query.get("kind", "vendorBill"))},
        masters_truth=lambda _: truth(account),
        events=deployed,
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
        orders=lambda body: plant_orders(account, int(body["count"])),
        history=lambda body: plant_history(account, int(body["count"])),
        day=lambda body: play_day(account, body),
        events=deploy,
        tokens_revoke=lambda _: {"revoked": door.assertions.tokens.revoke_all()},
    )
    add_deleted(app, events=undeploy)
