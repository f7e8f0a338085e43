"""Purchase orders: how one is made from a supplier and lines, and the orders that are open at the start.

Every fourth order has a line in two schedules, every fifth a line without an item, every tenth 30 lines, so that a client has to read its children to
the end.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

from runtime.simulator.records import Row
from systems.oracle_fusion.simulator.pod import Pod, cents, plain
from systems.oracle_fusion.simulator.rules.orders import HELD, KIND, OPEN, computed
from systems.oracle_fusion.simulator.seed.company import (
    LEGAL_ENTITY,
    LEGAL_ENTITY_ID,
    LOCATION,
    LOCATION_ID,
    MAIN_UNIT,
    ORGANIZATION,
    ORGANIZATION_ID,
    UNIT_IDS,
)
from systems.oracle_fusion.simulator.seed.items import BY_NUMBER, ITEM_IDS, ITEMS, UNIT_NAMES
from systems.oracle_fusion.simulator.seed.suppliers import blank

_FIRST_NUMBER = 160001
_BUYERS = ("Dolores Vance", "Ike Brandt")


@dataclass(frozen=True)
class Wanted:
    """A line that a buyer orders: `quantities` by schedule. A line without an item has only a description."""

    item: str
    quantities: tuple[Decimal, ...]
    price: Decimal
    description: str = ""
    unit: str = ""


def usable_sites(pod: Pod) -> list[tuple[Row, Row]]:
    """Suppliers, each with a site at which the main business unit may order."""
    found: list[tuple[Row, Row]] = []
    for supplier in pod.rows("suppliers"):
        if supplier["Status"] == "ACTIVE" and supplier["BusinessRelationshipCode"] == "SPEND_AUTHORIZED":
            sites = (one for one in supplier["sites"] if one["ProcurementBU"] == MAIN_UNIT and one["SitePurposePurchasingFlag"])
            found += [(supplier, site) for site in [next(sites, None)] if site is not None]
    return found


def order_of(pod: Pod, supplier: Row, site: Row, lines: Sequence[Wanted], number: str = "") -> Row:
    """A new open order, not yet committed."""
    key, number = pod.new_id(), number or pod.number("order", 0, _FIRST_NUMBER)
    row = blank(KIND) | {
        "POHeaderId": key,
        "OrderNumber": number,
        "SoldToLegalEntityId": LEGAL_ENTITY_ID,
        "SoldToLegalEntity": LEGAL_ENTITY,
        "StatusCode": OPEN,
        "Revision": "0",
        "Supplier": supplier["Supplier"],
        "SupplierId": supplier["SupplierId"],
        "SupplierSite": site["SupplierSite"],
        "SupplierSiteId": site["SupplierSiteId"],
        "Buyer": _BUYERS[key % 2],
        "BuyerId": 300000047340000 + key % 2,
        "CurrencyCode": pod.settings.currency,
        "Currency": pod.settings.currency,
        "BillToLocation": LOCATION,
        "Description": "Stock replenishment",
        "PaymentTerms": "Net 30",
        "TotalTax": "0.00",
    }
    for role in ("ProcurementBU", "RequisitioningBU", "BillToBU"):
        row |= {role: MAIN_UNIT, f"{role}Id": UNIT_IDS[MAIN_UNIT]}
    made = [line_of(pod, row, place, wanted) for place, wanted in enumerate(lines, 1)]
    return computed(row | {"lines": made})


def line_of(pod: Pod, order: Row, number: int, wanted: Wanted) -> Row:
    """A line with its schedules and their distribution."""
    item, at = BY_NUMBER.get(wanted.item), pod.stamp()
    unit = wanted.unit or (item.unit if item else "EA")
    line = blank(f"{KIND}.lines") | {
        "POLineId": pod.new_id(),
        "POHeaderId": order["POHeaderId"],
        "LineNumber": str(number),
        "OrderNumber": order["OrderNumber"],
        "LineTypeId": 1,
        "LineType": "Goods",
        "ItemId": ITEM_IDS.get(wanted.item),
        "Item": wanted.item or None,
        "ConsignmentLineFlag": False,
        "Description": wanted.description or (item.name if item else ""),
        "CategoryCode": "MATERIALS",
        "Category": "Materials",
        "BasePrice": plain(wanted.price),
        "Price": plain(wanted.price),
        "UOM": UNIT_NAMES[unit],
        "UOMCode": unit,
        "StatusCode": OPEN,
        "LastUpdateDate": at,
    }
    parts = [_schedule(pod, line, place, quantity) for place, quantity in enumerate(wanted.quantities, 1)]
    return line | {"schedules": parts}


def _schedule(pod: Pod, line: Row, number: int, quantity: Decimal) -> Row:
    at = pod.stamp()
    part = blank(f"{KIND}.lines.schedules") | {
        "LineLocationId": pod.new_id(),
        "POLineId": line["POLineId"],
        "POHeaderId": line["POHeaderId"],
        "ScheduleNumber": str(number),
        "StatusCode": OPEN,
        "Quantity": plain(quantity),
        "UOM": line["UOM"],
        "UOMCode": line["UOMCode"],
        "ShipToLocationId": LOCATION_ID,
        "ShipToLocationCode": LOCATION,
        "ShipToOrganizationId": ORGANIZATION_ID,
        "ShipToOrganizationCode": ORGANIZATION,
        "ReceiptCloseTolerancePercent": "0",
        "InvoiceCloseTolerancePercent": "0",
        "ShipToExceptionAction": "Reject",
        "RequestedDeliveryDate": (pod.today() + timedelta(days=7)).isoformat(),
        "InvoiceMatchOption": "Receipt",
        "MatchApprovalLevel": "3-way",
        "CreationDate": at,
        "LastUpdateDate": at,
        "_received": "0",
        "_billed": "0",
    }
    distribution = blank(f"{KIND}.lines.schedules.distributions") | {
        "PODistributionId": pod.new_id(),
        "DistributionNumber": "1",
        "Quantity": plain(quantity),
        "Amount": cents(quantity * Decimal(line["Price"])),
        "POChargeAccount": "01-000-12100-000",
        "DeliverToLocation": LOCATION,
    }
    return part | {"distributions": [distribution]}


def plant_orders(pod: Pod, count: int) -> None:
    """Open orders from before the first call, in an empty pod."""
    sites = usable_sites(pod)
    if pod.rows(KIND) or not sites:
        return
    draw, changes = random.Random(f"pod/orders/{pod.seed}"), []
    for place in range(count):
        supplier, site = sites[draw.randrange(len(sites))]
        row = order_of(pod, supplier, site, wanted_lines(draw, place))
        if place % 6 == 5:
            row |= {"StatusCode": HELD, "Status": "On Hold"}
        changes.append(replace(pod.put(KIND, row, "create"), operation=""))
    pod.commit(changes)


def wanted_lines(draw: random.Random, place: int) -> list[Wanted]:
    """Lines as a buyer might want them."""
    count = 30 if place % 10 == 9 else draw.randint(1, 4)
    found: list[Wanted] = []
    for item in (ITEMS[draw.randrange(10)] for _ in range(count)):
        quantity = Decimal(draw.randint(1, 24))
        parts = (quantity, quantity + 2) if place % 4 == 3 and not found else (quantity,)
        found.append(Wanted(item.number, parts, Decimal(item.price)))
    if place % 5 == 4:
        found.append(Wanted("", (Decimal(1),), Decimal("45.00"), "Delivery charge"))
    return found
