"""The simulated ServiceTitan tenant: `build(options)` puts its parts together.

The API and the sign-in share one host here; the paths are the vendor's. `SYSTEM.md` lists what is not simulated.
"""

from __future__ import annotations

import dataclasses

from runtime.simulator.control import application
from runtime.simulator.serve import Options, Simulator
from systems.servicetitan.simulator.contacts import contact_routes
from systems.servicetitan.simulator.control import add_control
from systems.servicetitan.simulator.credited import credit_routes
from systems.servicetitan.simulator.deposited import deposit_routes
from systems.servicetitan.simulator.door import Door
from systems.servicetitan.simulator.exported import export_routes
from systems.servicetitan.simulator.exports import Exports
from systems.servicetitan.simulator.lists import Lists
from systems.servicetitan.simulator.orders import order_routes
from systems.servicetitan.simulator.seed.masters import plant_customers
from systems.servicetitan.simulator.seed.reference import plant
from systems.servicetitan.simulator.signin import SignIn
from systems.servicetitan.simulator.tenant import Tenant
from systems.servicetitan.simulator.webhooks import Webhooks
from systems.servicetitan.simulator.writes import Writes


def build(options: Options) -> Simulator:
    """A tenant with its state in `options.state_dir`; raises ValueError for a setting that it does not know."""
    tenant = Tenant(options)
    plant(tenant)
    plant_customers(tenant, tenant.settings.customers)
    sign_in, webhooks = SignIn(tenant), Webhooks(tenant)
    door = Door(tenant, sign_in)
    tenant.listeners.append(webhooks.told)
    app = application(tenant, (door.middleware,))
    guid = sign_in.account.external_data_application_guid
    reads = [*contact_routes(tenant), *Lists(tenant, guid).routes(), *Exports(tenant).routes()]
    writes = [
        *export_routes(tenant),
        *credit_routes(tenant),
        *deposit_routes(tenant),
        *order_routes(tenant),
        *Writes(tenant, guid).routes(),
    ]
    door.add(app, [*reads, *writes])
    add_control(app, tenant, webhooks)
    return tenant.simulator(app, dataclasses.asdict(sign_in.account))
