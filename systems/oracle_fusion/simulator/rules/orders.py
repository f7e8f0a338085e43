"""Purchase orders as buyers, receivers and AP leave them: amounts, statuses, and the life cycle of one order.

Sources: CD:purchaseorders and its children, PRC action close (the four kinds of closing), CD:purchaseorderlifecycledetails. Assumed: statuses of
lines and schedules, and when receiving closes a schedule (when the open quantity is within the close tolerance). The received and billed quantities
of a schedule are in its hidden members `_received` and `_billed`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal

from runtime.simulator.records import Row
from systems.oracle_fusion.simulator.pod import Pod, cents, money, plain
from systems.oracle_fusion.simulator.seed.suppliers import blank

KIND, LIFE = "purchaseOrders", "purchaseOrderLifeCycleDetails"
OPEN, CANCELED, HELD = "OPEN", "CANCELED", "ON HOLD"
CLOSED_FOR_RECEIVING, CLOSED_FOR_INVOICING = "CLOSED FOR RECEIVING", "CLOSED FOR INVOICING"
CLOSED, FINALLY_CLOSED = "CLOSED", "FINALLY CLOSED"
STATUSES = (OPEN, HELD, CLOSED_FOR_RECEIVING, CLOSED_FOR_INVOICING, CLOSED, FINALLY_CLOSED, CANCELED)
_TO_RECEIVE, _TO_BILL = (OPEN, CLOSED_FOR_INVOICING), (OPEN, CLOSED_FOR_RECEIVING)


def find(pod: Pod, number: str) -> Row | None:
    """The order with this number; numbers are unique within the one legal entity of the pod."""
    return next(iter(pod.rows_with(KIND, "OrderNumber", number)), None)


def schedules(order: Row) -> Iterator[tuple[Row, Row]]:
    """Every schedule with its line."""
    return ((line, schedule) for line in order["lines"] for schedule in line["schedules"])


def at(order: Row, line: Decimal, schedule: Decimal) -> tuple[Row, Row] | None:
    """The line and schedule with these numbers."""
    found = (
        (one, part)
        for one, part in schedules(order)
        if (money(one["LineNumber"]), money(part["ScheduleNumber"])) == (line, schedule)
    )
    return next(found, None)


def takes_receipts(order: Row, schedule: Row) -> bool:
    """Whether goods can be received on a schedule."""
    return order["StatusCode"] in _TO_RECEIVE and schedule["StatusCode"] in _TO_RECEIVE


def takes_bills(order: Row, schedule: Row) -> bool:
    """Whether a schedule can be billed."""
    return order["StatusCode"] in _TO_BILL and schedule["StatusCode"] in _TO_BILL


def with_schedule(order: Row, location_id: int, change: Callable[[Row], Row]) -> Row:
    """The order with one schedule changed and everything above it recomputed."""
    lines = [
        line | {"schedules": [change(part) if part["LineLocationId"] == location_id else part for part in line["schedules"]]}
        for line in order["lines"]
    ]
    return computed(order | {"lines": lines})


def with_status(order: Row, status: str) -> Row:
    """The order, with everything that is not canceled, in a status that a buyer gave it."""
    lines = [
        line
        | {
            "schedules": [
                part | {"StatusCode": part["StatusCode"] if part["StatusCode"] == CANCELED else status}
                for part in line["schedules"]
            ]
        }
        for line in order["lines"]
    ]
    if status == HELD:
        return order | {"StatusCode": HELD, "Status": "On Hold"}
    return computed(order | {"lines": lines, "StatusCode": OPEN})


def computed(order: Row) -> Row:
    """The order with amounts and statuses recomputed from its schedules."""
    lines = [_line(line) for line in order["lines"]]
    status = order["StatusCode"] if order["StatusCode"] == HELD else _common(line["StatusCode"] for line in lines)
    total = sum((money(line["Total"]) for line in lines), Decimal(0))
    amounts = {"Ordered": cents(total), "TotalTax": "0.00", "Total": cents(total)}
    return order | amounts | {"lines": lines, "StatusCode": status, "Status": status.title()}


def _line(line: Row) -> Row:
    parts = [_schedule(part, money(line["Price"])) for part in line["schedules"]]
    alive = [part for part in parts if part["StatusCode"] != CANCELED]
    total = cents(sum((money(part["Ordered"]) for part in alive), Decimal(0)))
    quantity = plain(sum((money(part["Quantity"]) for part in parts), Decimal(0)))
    status = _common(part["StatusCode"] for part in parts)
    return line | {
        "schedules": parts,
        "Quantity": quantity,
        "Ordered": total,
        "Amount": total,
        "Total": total,
        "StatusCode": status,
    }


def _schedule(part: Row, price: Decimal) -> Row:
    quantity, received, billed = (money(part[name]) for name in ("Quantity", "_received", "_billed"))
    status = part["StatusCode"]
    if status in (OPEN, CLOSED_FOR_RECEIVING, CLOSED_FOR_INVOICING, CLOSED) and not part.get("_closed"):
        is_received = received >= quantity * (1 - money(part["ReceiptCloseTolerancePercent"]) / 100)
        is_billed = billed >= quantity * (1 - money(part["InvoiceCloseTolerancePercent"]) / 100)
        status = {(True, True): CLOSED, (True, False): CLOSED_FOR_RECEIVING, (False, True): CLOSED_FOR_INVOICING}.get(
            (is_received, is_billed), OPEN
        )
    return part | {"StatusCode": status, "Ordered": cents(quantity * price)}


def _common(statuses: Iterable[str]) -> str:
    """The status of a whole: that of its parts if they agree, else the one that leaves most to be done."""
    alive = [status for status in statuses if status != CANCELED]
    if not alive:
        return CANCELED
    order = (OPEN, HELD, CLOSED_FOR_INVOICING, CLOSED_FOR_RECEIVING, CLOSED, FINALLY_CLOSED)
    return min(alive, key=order.index)


def life_cycle(pod: Pod, key: str) -> Row | None:
    """`purchaseOrderLifeCycleDetails` of one order: amounts and, by schedule, what was ordered, received and billed."""
    order = pod.get(KIND, key)
    if order is None:
        return None
    rows = [_progress(order, line, part) for line, part in schedules(order) if part["StatusCode"] != CANCELED]
    delivered = sum((money(row["ReceivedAmount"]) for row in rows), Decimal(0))
    billed = sum((money(row["InvoicedAmount"]) for row in rows), Decimal(0))
    return blank(LIFE) | {
        "POHeaderId": order["POHeaderId"],
        "OrderNumber": order["OrderNumber"],
        "OrderedAmount": order["Total"],
        "DeliveredAmount": cents(delivered),
        "InReceivingAmount": "0.00",
        "InTransitAmount": "0.00",
        "PaidAmount": "0.00",
        "PartiallyPaidAmount": "0.00",
        "UnpaidAmount": cents(billed),
        "CurrencyCode": order["CurrencyCode"],
        "schedules": rows,
    }


def _progress(order: Row, line: Row, part: Row) -> Row:
    price = money(line["Price"])
    quantities = {"OrderedQuantity": "Quantity", "ReceivedQuantity": "_received", "DeliveredQuantity": "_received"}
    quantities |= {"InvoicedQuantity": "_billed", "RequestedQuantity": "Quantity"}
    amounts = {
        "OrderedAmount": "Quantity",
        "ReceivedAmount": "_received",
        "InvoicedAmount": "_billed",
        "RequestedAmount": "Quantity",
    }
    return (
        blank(f"{LIFE}.schedules")
        | {name: order[name] for name in ("POHeaderId", "CurrencyCode")}
        | {name: line[name] for name in ("POLineId", "LineNumber", "UOM", "UOMCode")}
        | {name: part[name] for name in ("LineLocationId", "ScheduleNumber")}
        | {"LineNumberScheduleNumber": f"{line['LineNumber']}-{part['ScheduleNumber']}", "LineDescription": line["Description"]}
        | {"ShippedQuantity": "0"}
        | {name: plain(money(part[held])) for name, held in quantities.items()}
        | {name: cents(money(part[held]) * price) for name, held in amounts.items()}
    )
