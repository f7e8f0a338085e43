"""The simulated PeopleSoft site: `build(options)` puts its parts together."""

from __future__ import annotations

import dataclasses

from runtime.simulator.faults import Faults
from runtime.simulator.serve import Options, Simulator, application
from runtime.simulator.store import Store
from systems.peoplesoft.simulator.batch import Batch
from systems.peoplesoft.simulator.connector import Connector
from systems.peoplesoft.simulator.control import add_control
from systems.peoplesoft.simulator.listener import Listener, wsdl_paths
from systems.peoplesoft.simulator.qas import QueryService
from systems.peoplesoft.simulator.security import Security, account_of
from systems.peoplesoft.simulator.seed.books import plant_books
from systems.peoplesoft.simulator.seed.vendors import plant_vendors
from systems.peoplesoft.simulator.services import plant_operations
from systems.peoplesoft.simulator.settings import settings_of
from systems.peoplesoft.simulator.site import Ground, Site
from systems.peoplesoft.simulator.tokens import PATH as TOKENS
from systems.peoplesoft.simulator.tokens import add_tokens


def build(options: Options) -> Simulator:
    """A site with its state in `options.state_dir`; raises ValueError for a setting it does not know."""
    settings = settings_of(options.settings)
    store, faults = Store(options.state_dir / "peoplesoft.sqlite"), Faults(options.seed)
    site = Site(Ground(options.seed, store, options.clock, faults, settings))
    security = Security(site, account_of(options.seed))
    plant_books(site)
    plant_operations(site, security.account.username)
    plant_vendors(site, settings.vendors)
    app, calls, batch = application(faults, store), dict[str, int](), Batch(site)
    Listener(site, security, calls).add(app)
    Connector(site, security, calls).add(app)
    QueryService(site, security, calls).add(app)
    add_tokens(app, site, security)
    add_control(app, security, batch, calls)
    app.on_startup.append(batch.start)
    app.on_cleanup.append(batch.stop)
    credentials = dataclasses.asdict(security.account) | {
        "seed": options.seed,
        "node": settings.node,
        "instance_id": f"peoplesoft-{options.seed}",
        "company_id": "BLUERIDGE",
        "database_zone": settings.timezone,
    }
    return Simulator("peoplesoft", app, store, faults, credentials, {"token_url": TOKENS, "wsdl": wsdl_paths(site)})
