"""A day's own events on this side: buyers make and change orders, AP bills what was received, supplier sites change, new suppliers are added.

`POST /__sim__/day` with how many of each; the same seed and the same days before give the same events.
"""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

from runtime.simulator.people import companies
from runtime.simulator.records import Row
from systems.oracle_fusion.simulator.orders import bill_order, change_order, new_order
from systems.oracle_fusion.simulator.pod import Pod, money
from systems.oracle_fusion.simulator.rules.orders import KIND, OPEN, schedules, takes_bills
from systems.oracle_fusion.simulator.seed.orders import usable_sites, wanted_lines
from systems.oracle_fusion.simulator.suppliers import save_supplier

_NEW = 15485863
"""Offset of the seed whose companies are the new suppliers."""
Body = dict[str, Any]


def play(pod: Pod, body: Body) -> Body:
    """`{"orders", "changes", "bills", "sites", "suppliers"}` -> the numbers of the documents that were made, changed and billed."""
    number = pod.number("day")
    draw = random.Random(f"pod/day/{pod.seed}/{number}")
    return {
        "day": int(number),
        "suppliers": [_supplier(pod) for _ in range(int(body.get("suppliers", 0)))],
        "sites": _sites(pod, draw, int(body.get("sites", 0))),
        "orders": [_order(pod, draw) for _ in range(int(body.get("orders", 0)))],
        "changes": _changes(pod, draw, int(body.get("changes", 0))),
        "bills": _bills(pod, int(body.get("bills", 0))),
    }


def _supplier(pod: Pod) -> str:
    place = int(pod.number("new supplier"))
    party = companies(pod.seed + _NEW, place)[-1]
    address = {"AddressName": party.city.upper(), "AddressLine1": party.street, "City": party.city, "State": party.state}
    address |= {"PostalCode": party.zip, "PhoneNumber": party.phone, "Email": party.email}
    made = save_supplier(pod, {"Supplier": party.name, "TaxpayerId": party.tax_id, "addresses": [address]})
    return str(made["SupplierNumber"])


def _sites(pod: Pod, draw: random.Random, count: int) -> list[str]:
    """Give the addresses of `count` suppliers a new phone; their headers stay as they are."""
    pairs = usable_sites(pod)
    chosen = [pairs[place][0] for place in sorted(draw.sample(range(len(pairs)), min(count, len(pairs))))]
    for supplier in chosen:
        phone = f"(512) 555-{draw.randint(100, 199):04d}"
        address = {"SupplierAddressId": supplier["addresses"][0]["SupplierAddressId"], "PhoneNumber": phone}
        save_supplier(pod, {"SupplierId": supplier["SupplierId"], "addresses": [address]})
    return [str(supplier["SupplierNumber"]) for supplier in chosen]


def _order(pod: Pod, draw: random.Random) -> str:
    pairs = usable_sites(pod)
    supplier = pairs[draw.randrange(len(pairs))][0]
    lines = [
        {
            "item": line.item,
            "quantities": [str(one) for one in line.quantities],
            "price": str(line.price),
            "description": line.description,
        }
        for line in wanted_lines(draw, draw.randrange(9))
    ]
    return str(new_order(pod, {"supplier": supplier["SupplierNumber"], "lines": lines})["OrderNumber"])


def _changes(pod: Pod, draw: random.Random, count: int) -> list[str]:
    """Change the quantity on the first line of orders of which nothing was received."""
    rows = [row for row in pod.rows(KIND) if row["StatusCode"] == OPEN and not _is_begun(row)]
    chosen = [rows[place] for place in sorted(draw.sample(range(len(rows)), min(count, len(rows))))]
    for row in chosen:
        quantity = money(row["lines"][0]["schedules"][0]["Quantity"]) + draw.randint(1, 5)
        change_order(pod, {"number": row["OrderNumber"], "lines": [{"line": 1, "quantity": str(quantity)}]})
    return [str(row["OrderNumber"]) for row in chosen]


def _is_begun(row: Row) -> bool:
    return any(money(part["_received"]) or money(part["_billed"]) for _, part in schedules(row))


def _bills(pod: Pod, count: int) -> list[str]:
    """AP bills what was received and is not billed yet."""
    found: list[str] = []
    for row in pod.rows(KIND):
        for line, part in schedules(row):
            if len(found) < count and takes_bills(row, part) and money(part["_received"]) > money(part["_billed"]) >= Decimal(0):
                body = {"number": row["OrderNumber"], "line": line["LineNumber"], "schedule": part["ScheduleNumber"]}
                found.append(str(bill_order(pod, body)["InvoiceNumber"]))
    return found
