"""Invoices, payments, credit memos to customers, and bank deposits.

Source: OpenAPI Accounting V2 (InvoiceResponse, PaymentResponse, CreditMemoPublicResponse); samples of the developer documentation.
Totals are kept as the source gives them; a subtotal and tax that do not add up to the total are not corrected here.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from runtime.errors import Malformed
from systems.servicetitan.mapping_shape import PART, Context, Shaped, business_unit, by_application, document, in_order, moving
from systems.servicetitan.values import day, plain
from systems.values.members import (
    ZERO,
    Row,
    flag,
    identifier,
    instant,
    money,
    money_or_zero,
    near_money,
    nested,
    product,
    quantity,
    required_id,
    rows,
    text,
)
from systems.values.numbers import number


def lines_are_missing(entity: str, row: Row) -> bool:
    """Whether an invoice has null items but an amount. This was seen while an invoice is being made, so the invoice is read again and never used as
    it is."""
    if entity != "invoice" or row.get("items") is not None:
        return False
    return any(near_money(row, name, []) for name in ("total", "subTotal", "salesTax"))


def invoice(row: Row, context: Context) -> Shaped:
    """A customer invoice. Null items without an amount mean a new job invoice: no lines yet, and an amount of zero."""
    zone = context.time_zone
    customer, location, job = (nested(row, name) for name in ("customer", "location", "job"))
    lines = [_line(item, context) for item in in_order(row)]
    body: dict[str, Any] = {
        "configuration": text(row, "invoiceConfiguration"),
        "invoice_date": day(row, "invoiceDate", zone),
        "due_date": day(row, "dueDate", zone),
        "subtotal": near_money(row, "subTotal", context.notes) or ZERO,
        "tax": money_or_zero(row, "salesTax"),
        "total": money(row, "total") if lines else money_or_zero(row, "total"),
        "balance": near_money(row, "balance", context.notes) or ZERO,
        "currency": context.currency,
        "customer_id": identifier(customer, "id"),
        "customer_name": text(customer, "name"),
        "location_id": identifier(location, "id"),
        "location_name": text(location, "name"),
        **business_unit(row),
        "job_id": identifier(job, "id"),
        "job_number": text(job, "number"),
        "job_type": text(job, "type"),
        "project_id": identifier(row, "projectId"),
        "term_name": text(row, "termName"),
        "tax_zone_id": identifier(row, "taxZoneId"),
        "tax_code": text(nested(row, "salesTaxCode"), "name"),
        "adjustment_to_id": identifier(row, "adjustmentToId"),
        "import_id": text(row, "importId"),
        "exported_id": text(row, "exportId"),
        "review_status": text(row, "reviewStatus"),
        "sent_status": text(row, "sentStatus"),
        "summary": plain(row, "summary"),
        "membership_id": identifier(row, "membershipId"),
        "lines": lines,
    }
    return document(row, body, moving(body, _INVOICE_MONEY, _LINE_MONEY))


_INVOICE_MONEY = (
    "configuration invoice_date subtotal tax total currency location_id business_unit_id tax_zone_id tax_code"
    " adjustment_to_id membership_id"
)
_LINE_MONEY = "kind sku_code quantity amount taxable business_unit_id gl_account gl_account_type membership_type_id"


def _line(item: Row, context: Context) -> dict[str, Any]:
    count, unit_price = (quantity(item, name, context.notes) for name in ("quantity", "price"))
    unit_cost, cost = _costs(item, count, context)
    technician = identifier(item, "technicianId")
    return {
        "line_id": required_id(item),
        "kind": text(item, "type"),
        "sku_id": identifier(item, "skuId"),
        "sku_code": text(item, "skuName"),
        "description": plain(item, "description"),
        "quantity": ZERO if count is None else count,
        "unit_price": ZERO if unit_price is None else unit_price,
        "unit_cost": unit_cost,
        "amount": money(item, "total"),
        "cost": cost,
        "taxable": flag(item, "taxable", absent=False),
        **business_unit(item),
        "gl_account": text(nested(item, "generalLedgerAccount"), "number"),
        "gl_account_type": text(nested(item, "generalLedgerAccount"), "type"),
        "membership_type_id": identifier(item, "membershipTypeId"),
        "service_date": day(item, "serviceDate", context.time_zone),
        "from_inventory": flag(item, "inventory", absent=False),
        "order_vendor_id": "",
        **({"dimensions": {"technicianId": technician}} if technician else {}),
    }


def _costs(item: Row, count: Decimal | None, context: Context) -> tuple[Decimal | None, Decimal | None]:
    """Unit cost and line cost. A payable may post them, so an unreadable number must not lead to another cost: both are then left out. If the line
    cost is not given, it is the product of its factors with all of their places, if a kept factor has lost any."""
    unit_cost, cost = quantity(item, "cost", context.notes), near_money(item, "totalCost", context.notes)
    if cost is not None or unit_cost is None:
        return unit_cost, cost
    if count is None or item.get("totalCost") is not None:
        return None, None
    factors = number(item["cost"]), number(item["quantity"])
    return unit_cost, None if factors == (unit_cost, count) else product(item, "quantity", "cost")


def payment(row: Row, context: Context) -> Shaped:
    """A payment, or a refund. Its fingerprint is the money received, because each application is a separate document."""
    zone = context.time_zone
    customer = nested(row, "customer")
    body: dict[str, Any] = {
        "paid_on": day(row, "date", zone),
        "type_id": identifier(row, "typeId"),
        "type_name": text(row, "type"),
        "total": money(row, "total"),
        "unapplied": near_money(row, "unappliedAmount", context.notes) or ZERO,
        "currency": context.currency,
        "customer_id": identifier(customer, "id"),
        "customer_name": text(customer, "name"),
        **business_unit(row),
        "memo": text(row, "memo"),
        "check_number": text(row, "checkNumber"),
        "auth_code": text(row, "authCode"),
        "refunded_payment_id": identifier(row, "refundedPaymentId"),
        "applications": _applications(row, zone),
    }
    names = "paid_on total currency business_unit_id refunded_payment_id"
    return document(row, body, [*moving(body, names), body["type_id"] or body["type_name"]])


def credit_memo(row: Row, context: Context) -> Shaped:
    """A credit memo to a customer; its amounts are numbers. Its balance is the part that is still open. Its lines are a separate list; a memo that
    was read without that list has none. Its tax zone is taken from its tax code (assumed: the same id)."""
    zone, taxed = context.time_zone, nested(row, "salesTaxCode")
    items = [item for item in rows(row, PART) if flag(item, "active", absent=True)] if PART in row else []
    body: dict[str, Any] = {
        "memo_date": day(row, "date", zone),
        "total": money(row, "total"),
        "unapplied": near_money(row, "balance", context.notes) or ZERO,
        "currency": context.currency,
        "customer_id": identifier(nested(row, "customer"), "id"),
        "customer_name": text(nested(row, "customer"), "name"),
        "location_name": text(nested(row, "location"), "name"),
        **business_unit(row),
        "memo": text(row, "description"),
        "subtotal": near_money(row, "subTotal", context.notes) or ZERO,
        "tax": money_or_zero(row, "salesTax"),
        "tax_zone_id": identifier(taxed, "id"),
        "tax_code": text(taxed, "name"),
        "lines": [_line({**item, "generalLedgerAccount": item.get("revenueGeneralLedgerAccount")}, context) for item in items],
        "applications": _applications(row, zone),
    }
    names = "memo_date total tax currency business_unit_id tax_zone_id tax_code"
    return document(row, body, moving(body, names, _LINE_MONEY))


def bank_deposit(row: Row, context: Context) -> Shaped:
    """Payments that were deposited at a bank together, with the fee that the bank kept; `netAmount` is the rest."""
    if PART not in row:
        raise Malformed("the transactions of the deposit are missing")
    body: dict[str, Any] = {
        "deposited_on": day(row, "depositDate", context.time_zone),
        "total": money(row, "grossAmount"),
        "fees": near_money(row, "fees", context.notes),
        "currency": context.currency,
        "bank_account": text(nested(row, "bankAccount"), "number"),
        "memo": text(row, "name"),
        "canceled_on": None if flag(row, "active", absent=True) else instant(row, "modifiedOn"),
        "lines": sorted(
            (_deposited(item) for item in rows(row, PART)), key=lambda line: (len(line["payment_id"]), line["payment_id"])
        ),
    }
    return document(
        row, body, moving(body, "deposited_on total fees currency bank_account canceled_on", "payment_id amount"), "name"
    )


def _deposited(item: Row) -> dict[str, Any]:
    return {
        "payment_id": required_id(item),
        "payment_number": text(item, "referenceNumber"),
        "payment_type": text(item, "type"),
        "amount": money(item, "total"),
    }


def _applications(row: Row, zone: str) -> list[dict[str, Any]]:
    """What it settles."""
    found = [
        {
            "application_id": required_id(item, "appliedId"),
            "document_id": required_id(item, "appliedTo"),
            "document_number": text(item, "appliedToReferenceNumber"),
            "amount": money(item, "appliedAmount"),
            "applied_on": day(item, "appliedOn", zone),
        }
        for item in rows(row, "appliedTo")
    ]
    return by_application(found)
