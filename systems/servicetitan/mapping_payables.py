"""Bills and credits of vendors.

Source: OpenAPI Accounting V2 (ApBillResponse: amounts as texts, item and expense lines; ApCreditResponse: numbers, no lines). The API does not give
the amount of a bill's line: it is quantity times cost, rounded half up to cents. If these do not add up to the bill, the running sum is rounded
instead of each line. Whether `billAmount` is the whole bill is not documented: setting `bill_amount_is` (assumed: the whole).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from runtime.errors import Malformed
from systems.servicetitan.mapping_shape import Context, Shaped, business_unit, by_application, document, ended_on, in_order, moving
from systems.servicetitan.values import day, plain
from systems.values.members import (
    ZERO,
    Row,
    exact_product,
    flag,
    identifier,
    money,
    money_or_zero,
    nested,
    product,
    quantity,
    required_id,
    rows,
    text,
)
from systems.values.numbers import by_running_sum

_ONE = Decimal(1)


def bill(row: Row, context: Context) -> Shaped:
    """A bill: its item lines, then its expense lines."""
    zone = context.time_zone
    vendor = nested(row, "vendor")
    tax, shipping, other = (money_or_zero(row, name) for name in ("taxAmount", "shippingAmount", "otherAmount"))
    amount = money(row, "billAmount")
    charges = tax + shipping + other
    whole = context.settings.bill_amount_is == "total"
    subtotal = amount - charges if whole else amount
    body: dict[str, Any] = {
        "vendor_number": text(row, "vendorNumber"),
        "bill_date": day(row, "billDate", zone),
        "due_date": day(row, "dueDate", zone),
        "subtotal": subtotal,
        "tax": tax,
        "shipping": shipping,
        "other": other,
        "total": amount if whole else amount + charges,
        "currency": context.currency,
        "vendor_id": identifier(vendor, "id"),
        "vendor_name": text(vendor, "name"),
        **business_unit(row),
        "purchase_order_id": identifier(row, "purchaseOrderId"),
        "job_id": identifier(row, "jobId"),
        "job_number": text(row, "jobNumber"),
        "term_name": text(row, "termName"),
        "kind": text(row, "billType"),
        "reconciliation": text(row, "status"),
        "do_not_pay": flag(row, "doNotPay", absent=False),
        "canceled_on": ended_on(row, "dateCanceled", ("Canceled",)),
        "summary": plain(row, "summary"),
        "lines": _lines(row, subtotal, context),
    }
    return document(row, body, moving(body, _BILL_MONEY, _LINE_MONEY))


_BILL_MONEY = "bill_date subtotal tax shipping other total currency vendor_id business_unit_id"
_LINE_MONEY = "kind sku_type sku_code quantity amount gl_account business_unit_id inventory_location"


def _lines(row: Row, subtotal: Decimal, context: Context) -> list[dict[str, Any]]:
    """Item lines, then expense lines. 200 lines of 0.3333 times 3.335 are 222.31 and not 200 times 1.11. If the lines do not add up, the running sum
    of the items is rounded."""
    items, expenses = in_order(row), [_expense(item) for item in rows(row, "expenseItems")]
    lines = [_item(item, context) for item in items]
    wanted = subtotal - sum((one["amount"] for one in expenses), ZERO)
    if sum((one["amount"] for one in lines), ZERO) != wanted:
        spread = by_running_sum([exact_product(item, "quantity", "cost") for item in items])
        if sum(spread, ZERO) == wanted:
            lines = [{**one, "amount": amount} for one, amount in zip(lines, spread, strict=True)]
    return lines + expenses


def _item(item: Row, context: Context) -> dict[str, Any]:
    try:
        amount = product(item, "quantity", "cost")
    except Malformed as error:
        raise Malformed(f"items: line {required_id(item)}: {error}") from error
    location = item.get("inventoryLocation")
    return {
        "line_id": required_id(item),
        "kind": "item",
        "sku_type": text(item, "skuType"),
        "sku_code": text(item, "skuCode"),
        "description": plain(item, "description") or text(item, "name"),
        "quantity": quantity(item, "quantity", context.notes) or ZERO,
        "unit_cost": quantity(item, "cost", context.notes) or ZERO,
        "amount": amount,
        "gl_account": text(nested(item, "generalLedgerAccount"), "number"),
        "business_unit_id": "",
        "business_unit_name": "",
        "inventory_location": text(location, "name") if isinstance(location, dict) else text(item, "inventoryLocation"),
    }


def _expense(item: Row) -> dict[str, Any]:
    amount = money(item, "amount")
    return {
        "line_id": required_id(item),
        "kind": "expense",
        "sku_type": "",
        "sku_code": "",
        "description": plain(item, "description"),
        "quantity": _ONE,
        "unit_cost": amount,
        "amount": amount,
        "gl_account": text(nested(item, "generalLedgerAccount"), "number"),
        **business_unit(item),
        "inventory_location": "",
    }


def vendor_credit(row: Row, context: Context) -> Shaped:
    """A vendor's credit. The API gives an amount, but no lines and no tax. Its active splits are what it settles."""
    vendor = nested(row, "vendor")
    amount = money(row, "amount")
    body: dict[str, Any] = {
        "vendor_number": text(row, "referenceNumber"),
        "credit_date": day(row, "date", context.time_zone),
        "subtotal": amount,
        "tax": ZERO,
        "shipping": ZERO,
        "total": amount,
        "currency": context.currency,
        "vendor_id": identifier(vendor, "id"),
        "vendor_name": text(vendor, "name"),
        **business_unit(row),
        "return_id": identifier(row, "inventoryReturnId"),
        "memo": text(row, "memo"),
        "canceled_on": ended_on(row, "canceledOn", ("Canceled",)),
        "lines": [],
        "applications": _splits(row, context.time_zone),
    }
    names = "credit_date total currency vendor_id business_unit_id applications"
    return document(row, body, moving(body, names), "number")


def _splits(row: Row, zone: str) -> list[dict[str, Any]]:
    found = [
        {
            "application_id": required_id(item),
            "document_id": required_id(item, "inventoryBillId"),
            "document_number": "",
            "amount": money(item, "amount"),
            "applied_on": day(item, "createdOn", zone),
        }
        for item in rows(row, "splits")
        if flag(item, "active", absent=True)
    ]
    return by_application(found)
