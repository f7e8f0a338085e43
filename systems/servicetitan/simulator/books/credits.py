"""Credit memos: written with lines, applied, taken back, void.

Source: OpenAPI Accounting V2 (a separate resource with numeric amounts; lines at `/credit-memos/{id}/items`; `/{id}/splits` adds applications). Its
amounts are positive; `balance` is what is still open. A void memo has `active: false` (assumed).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from systems.servicetitan.simulator.books.customers import owe
from systems.servicetitan.simulator.books.invoices import day_of, new_batch
from systems.servicetitan.simulator.books.items import item_of, taxed
from systems.servicetitan.simulator.books.settling import apply_to, take_back
from systems.servicetitan.simulator.shapes import Row
from systems.servicetitan.simulator.tenant import Tenant, cents, instant, money, named

Event = dict[str, Any]
_LINE = [
    "id",
    "description",
    "quantity",
    "cost",
    "price",
    "type",
    "skuName",
    "skuId",
    "total",
    "taxable",
    "createdOn",
    "businessUnit",
]


def credit_memo(tenant: Tenant, event: Event) -> Row:
    """`{customer, business_unit, amount or items: [{sku, quantity?, price?, taxable?}], location?, invoice?, apply?, date?, posted?, memo?}` ->
    credit_memo; applied to an invoice if one is given, taxed by the location's zone. `amount` alone makes one untaxed line."""
    customer = tenant.get("customers", int(event["customer"]))
    row = _new(tenant, event, customer)
    with tenant.changing():
        tenant.save("credit-memos", row, "create")
        owe(tenant, customer["id"], -Decimal(row["total"]))
        if event.get("invoice"):
            invoice = tenant.get("invoices", int(event["invoice"]))
            apply_to(tenant, "credit-memos", row, invoice, cents(event.get("apply", row["total"])))
    return {"credit_memo": row["id"]}


def _new(tenant: Tenant, event: Event, customer: Row) -> Row:
    location = tenant.get("locations", int(event["location"])) if event.get("location") else None
    day = day_of(tenant, event).isoformat()
    unit, posted = tenant.unit_of(event), bool(event.get("posted", True))
    exempt = customer["taxExempt"] or (location is not None and location["taxExempt"])
    held = {"businessUnit": unit, "invoiceDate": day, "taxZoneId": location and location["taxZoneId"], "_exempt": exempt}
    lines = event.get("items") or [{"sku": "SVC-DIAG", "price": money(event["amount"]), "taxable": False}]
    items = [item_of(tenant, held, line, place) for place, line in enumerate(lines)]
    subtotal = sum((Decimal(item["total"]) for item in items), Decimal(0))
    tax, code = taxed(tenant, held, items)
    if subtotal + tax <= 0:
        raise ValueError(f"a credit memo of {subtotal + tax}: its amount is positive")
    return tenant.new(
        "credit-memos",
        {
            "date": day,
            "referenceNumber": f"CR{tenant.next_id('credit-memo-number', 5001)}",
            "subTotal": money(subtotal),
            "salesTax": money(tax),
            "salesTaxCode": code,
            "total": money(subtotal + tax),
            "balance": money(subtotal + tax),
            "customer": named(customer),
            "customerAddress": customer["address"],
            "location": location and named(location),
            "locationAddress": location and location["address"],
            "businessUnit": unit,
            "syncStatus": "Posted" if posted else "Pending",
            "batch": new_batch(tenant) if posted else None,
            "createdBy": "office",
            "description": str(event.get("memo", "")),
            "appliedTo": [],
            "_items": [_line_of(item) for item in items],
        },
    )


def _line_of(item: Row) -> Row:
    """A line in the form of credit memos, in which the accounts have other names."""
    accounts = {
        "revenueGeneralLedgerAccount": item["generalLedgerAccount"],
        "expensesGeneralLedgerAccount": item["costOfSaleAccount"],
    }
    return {name: item[name] for name in _LINE} | accounts | {"active": True, "createdBy": "office"}


def apply_credit_memo(tenant: Tenant, event: Event) -> Row:
    """`{credit_memo, invoice, amount?}`: settles an invoice with the remaining amount, at most the invoice's balance."""
    row = _active(tenant, event)
    invoice = tenant.get("invoices", int(event["invoice"]))
    most = min(Decimal(row["balance"]), Decimal(invoice["balance"]))
    made = apply_to(tenant, "credit-memos", row, invoice, most if event.get("amount") is None else cents(event["amount"]))
    return {"credit_memo": row["id"], "application": made["appliedId"]}


def unapply_credit_memo(tenant: Tenant, event: Event) -> Row:
    """`{credit_memo, invoice?}`: what it settles of that invoice, or of all, becomes open again."""
    row = _active(tenant, event)
    take_back(tenant, "credit-memos", row, int(event["invoice"]) if event.get("invoice") else None)
    return {"credit_memo": row["id"]}


def void_credit_memo(tenant: Tenant, event: Event) -> Row:
    """`{credit_memo}`: makes it inactive; what it settled is open again. An exported one is locked."""
    row = _active(tenant, event)
    if row["syncStatus"] == "Exported":
        raise ValueError(f"credit memo {row['id']} is exported and locked")
    with tenant.changing():
        take_back(tenant, "credit-memos", row)
        owe(tenant, row["customer"]["id"], Decimal(row["total"]))
        row = row | {"active": False, "balance": "0.00", "modifiedBy": "office"}
        tenant.save("credit-memos", row, "void")
    return {"credit_memo": row["id"]}


def post_credit_memos(tenant: Tenant, event: Event) -> Row:
    """`{credit_memos: [...]}`: one batch of pending credit memos."""
    batch = new_batch(tenant)
    rows = [tenant.get("credit-memos", int(source_id)) for source_id in event["credit_memos"]]
    with tenant.changing():
        for row in rows:
            if row["syncStatus"] == "Pending":
                tenant.save("credit-memos", row | {"syncStatus": "Posted", "batch": batch}, "post")
    return {"posted": [row["id"] for row in rows], "on": instant(tenant.clock.now())}


def _active(tenant: Tenant, event: Event) -> Row:
    row = tenant.get("credit-memos", int(event["credit_memo"]))
    if not row["active"]:
        raise ValueError(f"credit memo {row['id']} is void")
    return row
