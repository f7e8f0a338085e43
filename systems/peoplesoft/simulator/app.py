"""The simulated PeopleSoft site: `build(options)` puts its parts together."""

from __future__ import annotations

import dataclasses

from runtime.simulator.control import application
from runtime.simulator.serve import Options, Simulator
from systems.peoplesoft.simulator.batch import Batch
from systems.peoplesoft.simulator.connector import add_connector
from systems.peoplesoft.simulator.control import add_control
from systems.peoplesoft.simulator.listener import Listener, wsdl_paths
from systems.peoplesoft.simulator.qas import QueryService
from systems.peoplesoft.simulator.security import TOKENS, Security, account_of
from systems.peoplesoft.simulator.seed.books import plant_books
from systems.peoplesoft.simulator.seed.vendors import plant_vendors
from systems.peoplesoft.simulator.services import plant_operations
from systems.peoplesoft.simulator.site import Site


def build(options: Options) -> Simulator:
    """A site with its state in `options.state_dir`; raises ValueError for a setting it does not know."""
    site = Site(options)
    security = Security(site, account_of(options.seed))
    plant_books(site)
    plant_operations(site, security.account.username)
    plant_vendors(site, site.settings.vendors)
    app, batch = application(site), Batch(site)
    Listener(site, security).add(app)
    add_connector(app, site, security)
    QueryService(site, security).add(app)
    app.router.add_post(TOKENS, security.token)
    add_control(app, security, batch)
    app.on_startup.append(batch.start)
    app.on_cleanup.append(batch.stop)
    credentials = dataclasses.asdict(security.account) | {
        "seed": options.seed,
        "node": site.settings.node,
        "instance_id": f"peoplesoft-{options.seed}",
        "company_id": "BLUERIDGE",
        "database_zone": site.settings.timezone,
    }
    return site.simulator(app, credentials, {"token_url": TOKENS, "wsdl": wsdl_paths(site)})
