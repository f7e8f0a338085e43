"""The simulated Acumatica tenant: `build(options)` puts its parts together."""

from __future__ import annotations

import dataclasses

from aiohttp import web

from runtime.simulator.control import application
from runtime.simulator.serve import Options, Simulator
from systems.acumatica.simulator.control import add_control
from systems.acumatica.simulator.door import Door
from systems.acumatica.simulator.entities import EntityRoutes
from systems.acumatica.simulator.identity import add_identity
from systems.acumatica.simulator.inquiries import add_inquiries
from systems.acumatica.simulator.login import add_login
from systems.acumatica.simulator.operations import Operations
from systems.acumatica.simulator.push import Push
from systems.acumatica.simulator.seed.books import plant
from systems.acumatica.simulator.seed.companies import BRANCHES, COMPANY
from systems.acumatica.simulator.seed.masters import plant_masters
from systems.acumatica.simulator.signin import SignIn, account_of
from systems.acumatica.simulator.tenant import Tenant
from systems.acumatica.spec import ENDPOINT_VERSION


def build(options: Options) -> Simulator:
    """A tenant with its state in `options.state_dir`; raises ValueError for a setting it does not know."""
    tenant = Tenant(options)
    plant(tenant)
    plant_masters(tenant, tenant.settings.customers, tenant.settings.vendors)
    door = Door(tenant, SignIn(tenant, account_of(options.seed)))
    app = application(tenant)
    _routes(app, tenant, door)
    credentials = dataclasses.asdict(door.sign_in.account) | {
        "endpoint_version": ENDPOINT_VERSION,
        "instance_id": f"acumatica-{options.seed}",
        "company_id": COMPANY,
        "branches": [code for code, _ in BRANCHES],
    }
    return tenant.simulator(app, credentials)


def _routes(app: web.Application, tenant: Tenant, door: Door) -> None:
    push = Push(tenant)
    add_identity(app, door)
    add_login(app, door, tenant.settings)
    EntityRoutes(tenant, door, Operations(tenant)).add(app)
    add_inquiries(app, door)
    add_control(app, tenant, door.sign_in, push)

    async def close(_: web.Application) -> None:
        await push.sender.close()

    app.on_cleanup.append(close)
