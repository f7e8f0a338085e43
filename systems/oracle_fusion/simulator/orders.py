"""What buyers and AP clerks do to purchase orders, for demos and tests: new orders, changes, closing, canceling, and bills."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from runtime.simulator.records import Change, Row
from systems.oracle_fusion.simulator.pod import BILLS, Pod, cents, money, plain
from systems.oracle_fusion.simulator.rules.orders import (
    CANCELED,
    CLOSED,
    FINALLY_CLOSED,
    HELD,
    KIND,
    STATUSES,
    at,
    computed,
    find,
    takes_bills,
    with_schedule,
    with_status,
)
from systems.oracle_fusion.simulator.seed.orders import Wanted, line_of, order_of, usable_sites

Body = dict[str, Any]


def new_order(pod: Pod, body: Body) -> Row:
    """`{"supplier": number or name, "lines": [{"item", "quantity" or "quantities", "price", "description", "unit"}], "number"}`.

    Without a supplier, takes the first one from which the main business unit may order. Raises ValueError.
    """
    who = str(body.get("supplier", ""))
    sites = [pair for pair in usable_sites(pod) if who in ("", pair[0]["SupplierNumber"], pair[0]["Supplier"])]
    if not sites:
        raise ValueError(f"no supplier {who!r} at which {KIND} may be placed")
    if not body["lines"]:
        raise ValueError("an order needs lines")
    number = str(body.get("number", ""))
    if number and find(pod, number) is not None:
        raise ValueError(f"the order {number} is there already")
    row = order_of(pod, *sites[0], [_wanted(line) for line in body["lines"]], number)
    return pod.save(KIND, row, "create", "by a buyer")


def _wanted(line: Body) -> Wanted:
    quantities = line.get("quantities", [line.get("quantity", 1)])
    return Wanted(
        str(line.get("item", "")),
        tuple(Decimal(str(one)) for one in quantities),
        Decimal(str(line["price"])),
        str(line.get("description", "")),
        str(line.get("unit", "")),
    )


def change_order(pod: Pod, body: Body) -> Row:
    """`{"number", "lines": [{"line", "schedule", "quantity", "price", "cancel"}], "add": [...], "description", "status"}`; raises ValueError."""
    row = _known(pod, body)
    status = str(body.get("status", ""))
    if row["StatusCode"] == FINALLY_CLOSED or (status and status not in STATUSES):
        raise ValueError(f"the order {row['OrderNumber']} cannot become {status or 'changed'}")
    for line in body.get("lines", []):
        row = _changed_line(pod, row, line)
    added = [line_of(pod, row, len(row["lines"]) + place, _wanted(line)) for place, line in enumerate(body.get("add", []), 1)]
    row |= {"lines": [*row["lines"], *added], "Revision": plain(money(row["Revision"]) + 1)}
    if "description" in body:
        row["Description"] = str(body["description"])
    if row["StatusCode"] == HELD and status not in ("", HELD):
        row |= {"StatusCode": "OPEN"}
    row = with_status(row, status) if status else computed(row)
    return pod.save(KIND, row, "cancel" if status == CANCELED else "update", "by a buyer")


def _changed_line(pod: Pod, row: Row, line: Body) -> Row:
    held = at(row, Decimal(str(line["line"])), Decimal(str(line.get("schedule", 1))))
    if held is None:
        raise ValueError(f"no line {line['line']} of order {row['OrderNumber']}")
    of, part = held
    if "price" in line:
        price, stamp = plain(Decimal(str(line["price"]))), pod.stamp()
        changed = {"Price": price, "BasePrice": price, "LastUpdateDate": stamp}
        row |= {"lines": [one | changed if one["POLineId"] == of["POLineId"] else one for one in row["lines"]]}
    told: Row = {"Quantity": plain(Decimal(str(line["quantity"])))} if "quantity" in line else {}
    if line.get("cancel"):
        told["StatusCode"] = CANCELED
    return with_schedule(row, part["LineLocationId"], lambda one: one | told | {"LastUpdateDate": pod.stamp()})


def bill_order(pod: Pod, body: Body) -> Row:
    """`{"number", "line", "schedule", "quantity", "bill"}`: AP bills a schedule, by default what was received and is not billed.

    Raises ValueError.
    """
    row = _known(pod, body)
    held = at(row, Decimal(str(body.get("line", 1))), Decimal(str(body.get("schedule", 1))))
    if held is None or not takes_bills(row, held[1]):
        raise ValueError(f"nothing to bill on order {row['OrderNumber']}")
    line, part = held
    quantity = Decimal(str(body["quantity"])) if "quantity" in body else money(part["_received"]) - money(part["_billed"])
    billed = money(part["_billed"]) + quantity
    if quantity <= 0 or billed > money(part["Quantity"]):
        raise ValueError(f"{quantity} cannot be billed on order {row['OrderNumber']}")
    after = with_schedule(row, part["LineLocationId"], lambda one: one | {"_billed": plain(billed)})
    number = str(body.get("bill") or pod.number("bill", 0, 7001))
    bill = {"InvoiceNumber": number, "SupplierId": row["SupplierId"], "Amount": cents(quantity * money(line["Price"]))}
    bill |= {"OrderNumber": row["OrderNumber"], "Quantity": plain(quantity), "TransactionDate": pod.today().isoformat()}
    moved = pod.put(KIND, after, "bill") if after["StatusCode"] == CLOSED else pod.untouched(KIND, after, "bill")
    pod.commit([moved, Change(BILLS, number, bill, "create", "by AP")])
    return bill


def _known(pod: Pod, body: Body) -> Row:
    row = find(pod, str(body["number"]))
    if row is None:
        raise ValueError(f"no order {body['number']}")
    return row
