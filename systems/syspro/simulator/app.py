"""The simulated SYSPRO site: `build(options)` puts its parts together."""

from __future__ import annotations

import dataclasses

from aiohttp import web

from runtime.simulator.control import application
from runtime.simulator.serve import Options, Simulator
from systems.syspro.simulator.answers import page
from systems.syspro.simulator.company import Company
from systems.syspro.simulator.control import add_control
from systems.syspro.simulator.door import rest, soap
from systems.syspro.simulator.door.operations import Operations
from systems.syspro.simulator.door.rest import Rest
from systems.syspro.simulator.door.signin import SignIn
from systems.syspro.simulator.door.soap import Soap
from systems.syspro.simulator.odata import service
from systems.syspro.simulator.odata.service import OData
from systems.syspro.simulator.people import plant_orders
from systems.syspro.simulator.periods import plant_months
from systems.syspro.simulator.seed.books import plant_books
from systems.syspro.simulator.seed.history import plant_history
from systems.syspro.simulator.seed.suppliers import plant_suppliers

ALONE = {"suppliers": "12", "history": "30", "orders": "6"}
"""The switches for a site that is started alone, so that there is something to look at."""
_LINE_BYTES = 1 << 20
"""The longest line that the web server accepts, so that the site itself refuses an address that is too long."""


def build(options: Options) -> Simulator:
    """A site with its state in `options.state_dir`; raises ValueError for a setting it does not know."""
    company = Company(options)
    signin = SignIn(company)
    plant_months(company)
    plant_books(company)
    plant_suppliers(company, company.settings.suppliers)
    plant_history(company, company.settings.history)
    plant_orders(company, company.settings.orders)
    app, operations = application(company), Operations(company, signin)
    doors, by_soap = (Rest(company, operations), OData(company, signin)), Soap(company, operations)

    async def answer(request: web.Request) -> web.Response:
        if by_soap.takes(request.path):
            return await by_soap.answer(request)
        door = next((one for one in doors if one.takes(request.path)), None)
        return (
            page(404, "Not Found", "HTTP Error 404. The requested resource is not found.") if door is None else door.answer(request)
        )

    add_control(app, company, signin)
    app.router.add_route("*", "/{path:.*}", answer)
    return _simulator(company, signin, app)


def _simulator(company: Company, signin: SignIn, app: web.Application) -> Simulator:
    roles = {name: dataclasses.asdict(one) for name, one in signin.operators.items()}
    credentials = roles["sink"] | {
        "company": company.settings.company,
        "company_password": signin.company_password,
        "roles": roles,
        "seed": company.seed,
        "instance_id": f"syspro-{company.seed}",
        "timezone": company.settings.timezone,
    }
    addresses: dict[str, str | list[str]] = {"odata_url": service.BASE, "rest_url": rest.BASE, "soap_url": soap.BASE}
    return Simulator(
        company.settings.system, app, company.store, company.faults, credentials, addresses, ("odata_url",), _LINE_BYTES
    )
