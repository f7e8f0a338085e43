"""Open purchase orders that people made, and a day's own events at NetSuite: orders made and changed, vendors changed and added, departments added.

Everything follows from the seed and from how many days were played before.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from runtime.simulator.people import companies
from systems.netsuite.simulator.account import Account, Row
from systems.netsuite.simulator.people import enter

_ELSEWHERE = 32452843  # companies that no system knows until the day on which they are entered
_ITEMS = ("1", "2", "3", "4")
_PIECES = ("Copper pipe", "Condenser", "Thermostat", "Breaker panel", "Water heater", "Duct board", "Crane hire")
_NAMES = ("Drain Cleaning", "Commercial HVAC", "Generators", "Insulation", "Service Plans", "Warranty")


def plant_orders(account: Account, count: int) -> dict[str, int]:
    """Enter open orders as people do, until there are that many; there has to be a vendor."""
    held = len(account.rows("purchaseOrder"))
    draw = random.Random(f"netsuite/orders/{account.seed}/{held}")
    made = [_order(account, draw) for _ in range(max(count - held, 0))]
    return {"orders": held + len(made)}


def play_day(account: Account, asked: dict[str, Any]) -> dict[str, Any]:
    """`{"orders", "order_changes", "vendors", "vendor_changes", "departments"}`: how many of each; returns what was done, in order."""
    draw = random.Random(f"netsuite/day/{account.seed}/{account.number('day')}")
    doing: dict[str, Callable[[Account, random.Random], Row]] = {
        "departments": _department,
        "vendors": _vendor,
        "vendor_changes": _vendor_change,
        "orders": _order,
        "order_changes": _order_change,
    }
    unknown = asked.keys() - doing.keys()
    if unknown:
        raise ValueError(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(doing)}")
    steps = [(name, act) for name, act in doing.items() for _ in range(int(asked.get(name, 0)))]
    return {"events": [{"event": name} | act(account, draw) for name, act in steps]}


def _vendors(account: Account) -> list[Row]:
    found = [row for row in account.rows("vendor") if not row.get("isInactive") and row["subsidiary"] in ("2", "3")]
    if not found:
        raise ValueError("there is no active vendor; plant some with /__sim__/masters")
    return found


def _order(account: Account, draw: random.Random) -> Row:
    lines = [_line(draw) for _ in range(draw.randint(1, 4))]
    values = {
        "entity": draw.choice(_vendors(account))["id"],
        "memo": f"Stock order {draw.randint(1000, 9999)}",
        "department": draw.choice(("2", "3", "4")),
        "location": draw.choice(("1", "2", "3")),
        "item": {"items": lines},
    }
    return enter(account, {"type": "purchaseOrder", "values": values})


def _line(draw: random.Random) -> dict[str, Any]:
    rate = draw.randint(500, 90_000) / 100
    return {"item": draw.choice(_ITEMS), "quantity": draw.randint(1, 12), "rate": rate, "description": draw.choice(_PIECES)}


def _order_change(account: Account, draw: random.Random) -> Row:
    """Increase a line of an order that buyers entered here. An order with an external id belongs to another program."""
    own = [row for row in account.rows("purchaseOrder") if not row.get("externalId")]
    orders = [row for row in own if row["status"] in ("B", "F") and row.get("item")]
    if not orders:
        raise ValueError("there is no open order")
    row = draw.choice(orders)
    line = draw.choice(row["item"])
    more = int(float(line["quantity"])) + draw.randint(1, 5)
    return enter(
        account,
        {"type": "purchaseOrder", "id": row["id"], "values": {"item": {"items": [{"line": line["line"], "quantity": more}]}}},
    )


def _vendor(account: Account, draw: random.Random) -> Row:
    del draw
    number = int(account.number("day_vendor"))
    company = companies(account.seed + _ELSEWHERE, number)[-1]
    name = company.name if account.found("vendor", "entityId", company.name) is None else f"{company.name} {number}"
    place = {"addr1": company.street, "city": company.city, "state": company.state, "zip": company.zip, "country": "US"}
    values = {"companyName": name, "subsidiary": "2", "phone": company.phone, "email": company.email, "terms": "3"}
    book = {"items": [{"defaultBilling": True, "addressBookAddress": place}]}
    return enter(account, {"type": "vendor", "values": values | {"addressBook": book}})


def _vendor_change(account: Account, draw: random.Random) -> Row:
    row = draw.choice(_vendors(account))
    values = {"phone": f"({draw.choice((512, 737, 254))}) 555-{draw.randint(100, 199):04d}", "terms": draw.choice(("2", "3", "4"))}
    return enter(account, {"type": "vendor", "id": row["id"], "values": values})


def _department(account: Account, draw: random.Random) -> Row:
    taken = {row["name"] for row in account.rows("department")}
    name = next((one for one in _NAMES if one not in taken), f"Crew {draw.randint(100, 999)}")
    return enter(account, {"type": "department", "values": {"name": name, "parent": "1"}})
