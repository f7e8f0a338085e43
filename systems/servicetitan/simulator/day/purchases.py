"""The day's purchases: orders received into bills, bills of expenses, two vendor credits, one bill canceled after posting; orders that an app made
are received."""

from __future__ import annotations

import random
from typing import Any

from systems.servicetitan.simulator.day.steps import DayOptions, Morning, Steps
from systems.servicetitan.simulator.seed.catalogue import EQUIPMENT, MATERIALS

_CREDITS = 2
_EXPENSES = 3
_ORDERED_AT, _ORDERED = (0.25, 0.35, 0.45, 0.55, 0.65, 0.75, 0.85, 0.95), 6
"""When people receive orders that an app made (part of the day), and how many at a time."""
_SENT_BACK_AT, _SENT_BACK = (0.5, 0.7, 0.9), 8
"""When parts of those are returned to vendors, and from how many receipts at a time."""
_BILLED_AT = (0.6, 0.9)
"""When the bills of those orders are posted."""


def plan_purchases(steps: Steps, options: DayOptions, morning: Morning) -> None:
    """Every order of the day and what happens to it."""
    if not morning.vendors:
        return
    draw = random.Random(f"day/{options.seed}/orders")
    count = options.share(0.08, max(6, options.orders))
    day = morning.day.isoformat()
    bills: list[tuple[float, str]] = []
    for number in range(count):
        at_s = options.seconds * 0.8 * (0.01 + number / count)
        bills += _order(steps, draw, morning, (number, at_s))
    for number in range(_EXPENSES):
        at_s = options.seconds * (0.2 + 0.2 * number)
        lines = [{"amount": f"{draw.randint(2000, 30000) / 100:.2f}", "description": text} for text in ("Fuel", "Uniforms")]
        members: dict[str, Any] = {"vendor": draw.choice(morning.vendors), "business_unit": draw.choice(morning.units)[0]}
        steps.add(at_s, "enter_bill", name=f"e{number}", expenses=lines, date=day, **members)
        bills.append((at_s, f"@e{number}.bill"))
    _after(steps, options, morning, bills)
    if options.receives_ordered:
        for part in _ORDERED_AT:
            steps.add(options.seconds * part, "receive_ordered", most=_ORDERED)
        for part in _SENT_BACK_AT:
            steps.add(options.seconds * part, "return_received", most=_SENT_BACK)
        for part in _BILLED_AT:
            steps.add(options.seconds * part, "post_bills", ordered=True)


def _order(steps: Steps, draw: random.Random, morning: Morning, when: tuple[int, float]) -> list[tuple[float, str]]:
    """One order; every seventh comes in two receipts and so makes two bills. Returns its bills."""
    number, at_s = when
    lines: list[dict[str, Any]] = [
        {"sku": sku.code, "quantity": str(draw.randint(2, 20)), "cost": sku.cost}
        for sku in draw.sample(MATERIALS, draw.randint(1, 3))
    ]
    if draw.random() < 0.15:
        lines.append({"sku": EQUIPMENT[0].code, "quantity": "1", "cost": EQUIPMENT[0].cost})
    charges = (
        {"tax": f"{draw.randint(100, 4000) / 100:.2f}", "shipping": f"{draw.randint(0, 6000) / 100:.2f}"} if number % 3 == 0 else {}
    )
    day = morning.day.isoformat()
    unit, vendor = draw.choice(morning.units)[0], morning.vendors[number % len(morning.vendors)]
    steps.add(at_s, "order", name=f"o{number}", vendor=vendor, business_unit=unit, items=lines, date=day, **charges)
    shares = [[line["quantity"] for line in lines]]
    if number % 7 == 6:
        shares = [["1" for _ in lines], [str(int(line["quantity"]) - 1) for line in lines]]
    found = []
    for part, share in enumerate(shares):
        received = at_s + (part + 1) * draw.uniform(900, 2400)
        name = f"o{number}r{part}"
        text = f"INV-{number:04d}-{part}"
        steps.add(received, "receive", name=name, purchase_order=f"@o{number}", shares=share, vendor_number=text, date=day)
        found.append((received, f"@{name}.bill"))
    return found


def _after(steps: Steps, options: DayOptions, morning: Morning, bills: list[tuple[float, str]]) -> None:
    """Bills posted in batches, with the last ones left pending; then the credits, and the cancellation of a posted bill."""
    ordered = sorted(bills)
    posted = ordered[: len(ordered) - max(1, len(ordered) // 20)]
    for number in range(1, 7):
        begin, end = options.seconds * (number - 1) / 6, options.seconds * number / 6
        batch = [bill for at_s, bill in posted if begin <= at_s < end or (number == 6 and at_s >= end)]
        if batch:
            steps.add(options.seconds * 0.98 if number == 6 else end, "post_bills", bills=batch)
    day = morning.day.isoformat()
    for number, (_, bill) in enumerate(posted[1 : 1 + _CREDITS]):
        members = {"bill": bill, "apply": "12.50"} if number == 0 else {}
        amount = ("12.50", "31.75")[number]
        unit = morning.units[number][0]
        at_s = options.seconds * (0.7 + 0.1 * number)
        vendor = f"{bill.split('.')[0]}.vendor"
        steps.add(at_s, "vendor_credit", vendor=vendor, business_unit=unit, amount=amount, date=day, posted=True, **members)
    steps.correct(options.seconds * 0.9, "cancel_bill", kind="bill_canceled", bill=posted[0][1])
