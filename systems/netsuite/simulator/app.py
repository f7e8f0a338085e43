"""The simulated NetSuite account: `build(options)` puts its parts together."""

from __future__ import annotations

from aiohttp import web

from runtime.simulator.control import application
from runtime.simulator.serve import Options, Simulator
from systems.netsuite.simulator.account import Account
from systems.netsuite.simulator.control import add_control
from systems.netsuite.simulator.door.assertion import TOKEN_PATH
from systems.netsuite.simulator.door.entrance import Door
from systems.netsuite.simulator.door.keys import keys_of
from systems.netsuite.simulator.events import Events
from systems.netsuite.simulator.query.mirror import Mirror
from systems.netsuite.simulator.query.route import SuiteQL
from systems.netsuite.simulator.seed.books import plant_books
from systems.netsuite.simulator.seed.history import plant_history
from systems.netsuite.simulator.seed.masters import plant_masters
from systems.netsuite.simulator.seed.orders import plant_orders
from systems.netsuite.simulator.service.catalog import add_catalog
from systems.netsuite.simulator.service.jobs import Jobs
from systems.netsuite.simulator.service.records import add_records
from systems.netsuite.simulator.standing import keep_standing

ALONE = {"history": "30", "orders": "6"}
"""The switches for an account that is started alone, so that there is something to look at."""


def build(options: Options) -> Simulator:
    """An account with its state in `options.state_dir`; raises ValueError for a setting it does not know."""
    account = Account(options)
    keys = keys_of(account)
    keep_standing(account)
    mirror = Mirror(account)
    account.load()
    _plant(account)
    app = application(account)
    _routes(app, Door(account, keys), mirror, keys.account)
    credentials = keys.shown() | {
        "instance_id": f"netsuite-{options.seed}",
        "company_id": keys.account,
        "timezone": account.settings.timezone,
    }
    return account.simulator(app, credentials, {"token_url": TOKEN_PATH})


def _plant(account: Account) -> None:
    settings = account.settings
    plant_books(account)
    plant_masters(account, settings.customers, settings.vendors)
    plant_history(account, settings.history)
    plant_orders(account, settings.orders)


def _routes(app: web.Application, door: Door, mirror: Mirror, account_id: str) -> None:
    jobs = Jobs(door)
    app.router.add_post(TOKEN_PATH, door.assertions.token)
    add_catalog(app, door)
    add_records(app, door, jobs.wrap)
    jobs.add(app)
    SuiteQL(door, mirror).add(app)
    events = Events(door.account, account_id)
    add_control(app, door, events)

    async def close(_: web.Application) -> None:
        await events.sender.close()

    app.on_cleanup.append(close)
