"""The day's jobs: booked at $0, worked on, edited, completed, posted in hourly batches, touched afterwards."""

from __future__ import annotations

import random
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from systems.servicetitan.simulator.day.steps import DayOptions, Morning, Steps
from systems.servicetitan.simulator.seed.catalogue import EQUIPMENT, MATERIALS, SERVICES
from systems.servicetitan.simulator.tenant import cents

_BATCH_S = 3600.0
_BOOKED_UNTIL = 0.75
_NEVER_POSTED, _ZERO, _DISCOUNTED, _EDITED, _OTHER_UNIT, _TOUCHED = 0.05, 0.03, 0.12, 0.3, 0.03, 0.3
_TWINS = 2


@dataclass(frozen=True)
class Sale:
    """One job as planned. `posted_s` is 0 if it stays pending; `subtotal` is before tax."""

    name: str
    place: tuple[str | int, str | int]
    unit: int
    posted_s: float
    subtotal: Decimal

    @property
    def invoice(self) -> str:
        """The reference of events to its invoice."""
        return f"@{self.name}.invoice"


def plan_jobs(steps: Steps, options: DayOptions, morning: Morning, places: list[tuple[str | int, str | int]]) -> list[Sale]:
    """Every job of the day. The first two are twins: one customer, one day, one amount, two genuine sales."""
    sales = [_job(steps, options, morning, places, number) for number in range(options.jobs)]
    _post(steps, sales)
    return sales


def _job(steps: Steps, options: DayOptions, morning: Morning, places: list[tuple[str | int, str | int]], number: int) -> Sale:
    draw = random.Random(f"day/{options.seed}/job/{number}")
    is_twin = number < _TWINS
    unit, _ = morning.units[0] if is_twin else draw.choice(morning.units)
    place = places[0] if is_twin else draw.choice(places)
    booked = options.seconds * _BOOKED_UNTIL * (0.001 + number / options.jobs)
    name = f"j{number}"
    steps.add(booked, "book_job", name=name, location=place[0], business_unit=unit, date=morning.day.isoformat(), term=_term(draw))
    lines = [{"sku": "SVC-DRAIN", "quantity": 1}] if is_twin else _lines(draw, morning)
    worked = booked + draw.uniform(300, 1800)
    done = worked + draw.uniform(600, 3600)
    invoice = f"@{name}.invoice"
    steps.add(booked + 60, "start_job", job=f"@{name}.job")
    if lines:
        steps.add(worked, "add_items", invoice=invoice, items=lines)
    if not is_twin and draw.random() < _EDITED:
        steps.add(worked + 120, "edit_invoice", invoice=invoice, summary=f"Visit {number}, <b>checked</b>")
        if lines:
            lines = _lines(draw, morning) or lines
            steps.add(worked + 240, "add_items", invoice=invoice, items=lines, replace=True)
    steps.add(done, "complete_job", job=f"@{name}.job")
    is_pending = not is_twin and draw.random() < _NEVER_POSTED
    posted = 0.0 if is_pending else min(options.seconds * 0.97, (done // _BATCH_S + 1) * _BATCH_S)
    if posted and draw.random() < _TOUCHED:
        _touch(steps, draw, options, invoice, posted)
    return Sale(name, place, unit, posted, _subtotal(lines))


def _lines(draw: random.Random, morning: Morning) -> list[dict[str, Any]]:
    """Lines from the price book at the day's prices; none for a visit that costs nothing."""
    if draw.random() < _ZERO:
        return [] if draw.random() < 0.5 else [{"sku": "SVC-DIAG", "quantity": 1, "price": "0.00"}]
    service = draw.choice(SERVICES)
    hours = draw.choice(("1", "1.5", "2", "2.75")) if service.code == "SVC-HOUR" else "1"
    found: list[dict[str, Any]] = [{"sku": service.code, "quantity": hours, "price": _price(draw, service.price)}]
    for sku in draw.sample(MATERIALS, draw.randint(0, 3)):
        found.append({"sku": sku.code, "quantity": str(draw.randint(1, 4)), "price": _price(draw, sku.price)})
    if draw.random() < 0.06:
        sku = draw.choice(EQUIPMENT)
        found.append({"sku": sku.code, "quantity": "1", "price": _price(draw, sku.price)})
    if draw.random() < _OTHER_UNIT:
        found[-1]["business_unit"] = draw.choice(morning.units)[0]
    if draw.random() < _DISCOUNTED:
        found.append({"sku": "DISC-10", "quantity": "1", "price": str(-cents(_subtotal(found) / 10))})
    return found


def _price(draw: random.Random, listed: str) -> str:
    return str(Decimal(listed) + Decimal(draw.randint(-500, 900)) / 100)


def _subtotal(lines: list[dict[str, Any]]) -> Decimal:
    listed = {sku.code: sku.price for sku in (*SERVICES, *MATERIALS, *EQUIPMENT)}
    return sum((cents(Decimal(line["quantity"]) * Decimal(line.get("price") or listed[line["sku"]])) for line in lines), Decimal(0))


def _term(draw: random.Random) -> str:
    return draw.choice(("Due Upon Receipt", "Due Upon Receipt", "Net 15", "Net 30"))


def _touch(steps: Steps, draw: random.Random, options: DayOptions, invoice: str, posted: float) -> None:
    """What people do after posting and no ledger needs."""
    for state in ({"sent": "Sent"}, {"sent": "Opened"}, {"review": "Invoiced"})[: draw.randint(1, 3)]:
        posted = min(options.seconds * 0.99, posted + draw.uniform(60, 1200))
        steps.add(posted, "touch_invoice", invoice=invoice, **state)


def _post(steps: Steps, sales: list[Sale]) -> None:
    batches: dict[float, list[str]] = {}
    for sale in sales:
        if sale.posted_s:
            batches.setdefault(sale.posted_s, []).append(sale.invoice)
    for at_s, invoices in sorted(batches.items()):
        steps.add(at_s, "post", invoices=invoices)
