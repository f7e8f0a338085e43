"""The day's credit memos: customers who complain get a part of their charges back, applied to an invoice that nobody pays, or to be used later."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

from systems.servicetitan.simulator.day.sales import Sale
from systems.servicetitan.simulator.day.steps import DayOptions, Morning, Steps
from systems.servicetitan.simulator.tenant import cents

_PART, _LEAST = 0.2, 2
_OPEN = 4
"""Every fourth memo settles nothing yet."""


def plan_credits(steps: Steps, options: DayOptions, morning: Morning, unpaid: list[Sale]) -> None:
    """A credit memo for each of the first of these invoices, as many as suit a day of that size."""
    draw = random.Random(f"day/{options.seed}/credits")
    for number, sale in enumerate(unpaid[: options.share(_PART, _LEAST)]):
        at_s = min(sale.posted_s + draw.uniform(600, 5400), options.seconds * 0.985)
        amount = max(Decimal("1.00"), cents(sale.subtotal * draw.randint(5, 25) / 100))
        members: dict[str, Any] = {"customer": sale.place[1], "location": sale.place[0], "business_unit": sale.unit}
        if number % _OPEN < _OPEN - 1:
            members["invoice"] = sale.invoice
        steps.add(
            at_s, "credit_memo", name=f"g{number}", date=morning.day.isoformat(), amount=str(amount), memo="Goodwill", **members
        )
