"""The simulated pod: `build(options)` puts its parts together."""

from __future__ import annotations

import dataclasses

from runtime.simulator.control import application
from runtime.simulator.serve import Options, Simulator
from systems.oracle_fusion.simulator.api import Api
from systems.oracle_fusion.simulator.control import add_control
from systems.oracle_fusion.simulator.door import LOGIN_PATH, Door
from systems.oracle_fusion.simulator.pod import Pod
from systems.oracle_fusion.simulator.rules import automatch, jobs, receiving
from systems.oracle_fusion.simulator.seed.company import INSTANCE, LEDGER, MAIN_UNIT
from systems.oracle_fusion.simulator.seed.customers import plant_customers
from systems.oracle_fusion.simulator.seed.ledger import plant_ledger
from systems.oracle_fusion.simulator.seed.orders import plant_orders
from systems.oracle_fusion.simulator.seed.suppliers import plant_suppliers
from systems.oracle_fusion.simulator.signin import TOKEN_PATH, SignIn
from systems.oracle_fusion.simulator.tables import RESOURCES


def build(options: Options) -> Simulator:
    """A pod with its state in `options.state_dir`; raises ValueError for a setting it does not know."""
    pod = Pod(options)
    plant_ledger(pod)
    plant_suppliers(pod, pod.settings.suppliers)
    plant_orders(pod, pod.settings.orders)
    plant_customers(pod, pod.settings.customers)
    sign_in = SignIn(pod)
    pod.batches += [automatch.run_due, receiving.run_due, jobs.run_due]
    app, door = application(pod), Door(pod, sign_in)
    app.router.add_post(TOKEN_PATH, sign_in.answer)
    app.router.add_get(LOGIN_PATH, door.login)
    Api(pod, door, RESOURCES).add(app)
    add_control(app, pod, sign_in)
    credentials = dataclasses.asdict(sign_in.account) | {
        "instance_id": f"{INSTANCE}-{options.seed}",
        "company_id": LEDGER,
        "business_unit": MAIN_UNIT,
    }
    return dataclasses.replace(pod.simulator(app, credentials, {"token_url": TOKEN_PATH}), beside=("token_url",))
