"""Lines of an invoice from the price book, and the sales tax on them.

Amounts of lines are quantity times price, rounded half up to cents; tax is computed on the taxable lines together, by the sum of the
zone's rates (assumed; the API gives only the result). A discount is a line of type PriceModifier with a negative amount.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from systems.servicetitan.simulator.seed.catalogue import GL_ACCOUNTS, SKU_IDS, SKUS
from systems.servicetitan.simulator.shapes import Row, filled
from systems.servicetitan.simulator.tenant import Missing, Tenant, cents, instant, money, named

ITEM = "Accounting.V2.InvoiceItemResponse"
_ACCOUNTS = {
    number: {"id": 501 + place, "name": name, "number": number, "type": kind, "detailType": subtype}
    for place, (number, name, kind, subtype) in enumerate(GL_ACCOUNTS)
}


def account(number: str) -> Row:
    """A GL account in the form in which other records contain it."""
    return dict(_ACCOUNTS[number])


def item_of(tenant: Tenant, invoice: Row, line: dict[str, Any], order: int) -> Row:
    """One invoice item of `{sku, quantity?, price?, cost?, taxable?, business_unit?, description?}`."""
    code = str(line["sku"])
    if code not in SKUS:
        raise Missing(f"the price book has no {code!r}")
    sku = SKUS[code]
    quantity = Decimal(str(line.get("quantity", 1)))
    price, cost = Decimal(str(line.get("price", sku.price))), Decimal(str(line.get("cost", sku.cost)))
    now = instant(tenant.clock.now())
    is_stock = sku.kind in ("Material", "Equipment")
    values = {
        "id": tenant.next_id("invoice-item", 3_045_000_001),
        "description": str(line.get("description", sku.name)),
        "quantity": str(quantity),
        "price": money(price),
        "total": money(quantity * price),
        "cost": money(cost),
        "totalCost": money(quantity * cost),
        "memberPrice": money(price),
        "type": sku.kind,
        "skuName": code,
        "skuId": SKU_IDS[code],
        "displayName": sku.name,
        "inventory": is_stock,
        "taxable": bool(line.get("taxable", sku.taxable)),
        "isChargeable": True,
        "generalLedgerAccount": account(sku.account),
        "costOfSaleAccount": account("50100") if is_stock else None,
        "assetAccount": account("12100") if is_stock else None,
        "createdOn": now,
        "modifiedOn": now,
        "serviceDate": invoice["invoiceDate"],
        "order": order,
        "businessUnit": tenant.unit_of(line) if line.get("business_unit") else invoice["businessUnit"],
    }
    return filled("accounting", ITEM, values)


def taxed(tenant: Tenant, invoice: Row, items: list[Row]) -> tuple[Decimal, Row | None]:
    """The tax on these lines and the code that names it; nothing for an exempt invoice or one without a zone."""
    if invoice.get("_exempt") or invoice["taxZoneId"] is None:
        return Decimal(0), None
    zone = tenant.get("tax-zones", invoice["taxZoneId"])
    rate = sum((Decimal(part["taxRate"]) for part in zone["rates"]), Decimal(0))
    base = sum((Decimal(item["total"]) for item in items if item["taxable"]), Decimal(0))
    return cents(base * rate), named(zone) | {"taxRate": str(rate)}
