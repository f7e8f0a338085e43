"""The day's adjustments of stock: counts of warehouses and trucks, damaged goods, and goods used by jobs, whose invoices cost them."""

from __future__ import annotations

import random
from typing import Any

from systems.servicetitan.simulator.books.adjustments import COUNT, DAMAGED, OF_JOB
from systems.servicetitan.simulator.day.steps import DayOptions, Morning, Steps
from systems.servicetitan.simulator.seed.catalogue import MATERIALS

_PLACES = (801, 802, 851, 852)
_LEAST, _PART = 30, 0.06
_JOBS, _BROKEN, _CANCELED = 5, 7, 2
"""Every fifth adjustment is for a job, every seventh for something damaged; the last number is how many are canceled in the evening."""


def plan_stock(steps: Steps, options: DayOptions, morning: Morning) -> None:
    """Every adjustment of the day, if the options ask for them. The stock is counted up more than down, so that none runs out."""
    if not options.adjusts_stock:
        return
    count = options.share(_PART, _LEAST)
    for number in range(count):
        draw = random.Random(f"day/{options.seed}/stock/{number}")
        kind = OF_JOB if number % _JOBS == 0 else DAMAGED if number % _BROKEN == 0 else COUNT
        found = [
            {"sku": sku.code, "quantity": _quantity(draw, kind), "cost": sku.cost} for sku in draw.sample(MATERIALS, 1 + number % 2)
        ]
        members: dict[str, Any] = {"type": kind, "location": draw.choice(_PLACES), "items": found, "date": morning.day.isoformat()}
        at_s = options.seconds * 0.9 * (0.02 + number / count)
        steps.add(at_s, "adjust_stock", name=f"s{number}", memo=f"Shelf {number}", **members)
    for number in range(1, 1 + _CANCELED):
        steps.correct(options.seconds * 0.99, "cancel_adjustment", kind="adjustment_canceled", adjustment=f"@s{number}")


def _quantity(draw: random.Random, kind: str) -> str:
    return str(draw.choice((1, 2, 3, 5, -1)) if kind == COUNT else -1)
