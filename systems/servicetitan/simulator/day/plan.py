"""A working day planned as data: the same options on the same morning give the same steps, whatever the clock does.

It contains what books most often get wrong: invoices at $0 that grow, discounts, exempt customers, split tax, twins of one day and amount, documents
from before the cut-over that are paid after it, imported balances, payments of every kind, credit memos, bills with charges, vendor credits, a
cancellation.
"""

from __future__ import annotations

import random

from systems.servicetitan.simulator.day.corrections import own_of, plan_all, plan_few
from systems.servicetitan.simulator.day.credits import plan_credits
from systems.servicetitan.simulator.day.money import Payments
from systems.servicetitan.simulator.day.purchases import plan_purchases
from systems.servicetitan.simulator.day.sales import plan_jobs
from systems.servicetitan.simulator.day.steps import DayOptions, Morning, Step, Steps
from systems.servicetitan.simulator.day.stock import plan_stock
from systems.servicetitan.simulator.tenant import Tenant

Place = tuple[str | int, str | int]
KINDS = {"few": plan_few, "all": plan_all}
"""Which corrections a day has, by the option `correction_kinds`."""


def morning_of(tenant: Tenant) -> Morning:
    """What exists when the day begins, without merged and inactive objects."""
    customers = {row["id"] for row in tenant.rows("customers") if row["active"]}
    places = [
        (row["id"], row["customerId"]) for row in tenant.rows("locations") if row["active"] and row["customerId"] in customers
    ]
    vendors = [row["id"] for row in tenant.rows("vendors") if row["active"]]
    units = [(row["id"], row["name"]) for row in tenant.rows("business-units") if row["active"]]
    return Morning(tenant.today(), tuple(places), tuple(vendors), tuple(units))


def planned(tenant: Tenant, options: DayOptions) -> list[Step]:
    """Every step of the day in order. Raises ValueError if the tenant has no customer."""
    morning, steps = morning_of(tenant), Steps()
    if not morning.places:
        raise ValueError("the tenant has no customers; begin it with some (setting `customers`)")
    new = _customers(steps, options, tenant)
    payments = Payments(steps, options, morning)
    _old(steps, options, morning, payments)
    sales = plan_jobs(steps, options, morning, [*morning.places, *new])
    payments.plan(sales)
    payments.post()
    corrected = own_of(options, sales)
    plan_credits(steps, options, morning, [sale for sale in payments.unpaid(sales) if sale not in corrected])
    plan_purchases(steps, options, morning)
    plan_stock(steps, options, morning)
    KINDS[options.correction_kinds](steps, options, morning, sales)
    return steps.in_order()


def _customers(steps: Steps, options: DayOptions, tenant: Tenant) -> list[Place]:
    """New customers of the day, the next people of the tenant's seed; some have a second location, some of those no tax zone."""
    known, count = len(tenant.rows("customers")), options.share(0.12)
    draw = random.Random(f"day/{options.seed}/customers")
    found: list[Place] = []
    for number in range(count):
        steps.add(0.0, "person", name=f"c{number}", index=known + number)
        found.append((f"@c{number}.location", f"@c{number}.customer"))
        if draw.random() < 0.15:
            zone = draw.choice(("Round Rock TX", "Austin TX", None))
            steps.add(0.0, "create_location", name=f"l{number}", customer=f"@c{number}.customer", tax_zone=zone)
            found.append((f"@l{number}.location", f"@c{number}.customer"))
    return found


def _old(steps: Steps, options: DayOptions, morning: Morning, payments: Payments) -> None:
    """Invoices and imported balances of an earlier month; half of them are paid today."""
    draw = random.Random(f"day/{options.seed}/old")
    posted = []
    for number in range(options.share(0.025, 2)):
        (location, _), (unit, _) = draw.choice(morning.places), draw.choice(morning.units)
        name, day = f"old{number}", morning.before_cutover(draw.randint(1, 25))
        steps.add(1.0, "book_job", name=name, location=location, business_unit=unit, date=day)
        steps.add(2.0, "add_items", invoice=f"@{name}.invoice", items=[{"sku": "SVC-TUNE"}, {"sku": "MAT-FLTR", "quantity": 2}])
        steps.add(3.0, "complete_job", job=f"@{name}.job")
        posted.append(f"@{name}.invoice")
    steps.add(4.0, "post", invoices=list(posted))
    for number in range(options.share(0.01, 2)):
        (location, _), (unit, _) = draw.choice(morning.places), draw.choice(morning.units)
        amount, day = f"{draw.randint(5000, 90000) / 100:.2f}", morning.before_cutover(draw.randint(30, 90))
        steps.add(5.0, "import_balance", name=f"ar{number}", location=location, business_unit=unit, amount=amount, date=day)
        posted.append(f"@ar{number}.invoice")
    for invoice in posted[::2]:
        payments.take(options.seconds * draw.uniform(0.1, 0.9), invoices=[{"invoice": invoice}])
