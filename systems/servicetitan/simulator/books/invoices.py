"""Invoices: items and totals, edits, batches, adjustments, voids, imported balances.

Source: developer documentation (an invoice at $0 from booking, items null), help pages "Batch, post and export transactions" and "Create an
adjustment invoice" (Pending -> Posted in a batch -> Exported; a batch can be unposted before export; a posted invoice is locked and corrected by an
adjustment with its own number `<parent>-1`). A void invoice has `active: false` (assumed). A customer's balance is the sum of the posted invoices
less every payment and credit memo, whatever they are applied to (assumed).
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from systems.servicetitan.simulator.books.customers import owe
from systems.servicetitan.simulator.books.items import item_of, taxed
from systems.servicetitan.simulator.books.settling import release
from systems.servicetitan.simulator.shapes import Row
from systems.servicetitan.simulator.tenant import Tenant, cents, midnight, money, named

Event = dict[str, Any]
_TERMS = {"Due Upon Receipt": 0, "Net 15": 15, "Net 30": 30}
_ZERO = {"subTotal": "0.00", "salesTax": "0.00", "total": "0.00", "balance": "0.00", "discountTotal": "0.00"}


def day_of(tenant: Tenant, event: Event) -> date:
    """The document's day: that of the event, else today in the tenant's zone."""
    return date.fromisoformat(event["date"]) if event.get("date") else tenant.today()


def new_invoice(tenant: Tenant, location: Row, event: Event) -> Row:
    """An unsaved invoice at $0 without items; `event` may give date, number, term, configuration, business_unit."""
    customer = tenant.get("customers", location["customerId"])
    day, term = day_of(tenant, event), str(event.get("term", "Due Upon Receipt"))
    number = str(event.get("number") or tenant.next_id("document-number", 100_001))
    return tenant.new(
        "invoices",
        {
            **_ZERO,
            "syncStatus": "Pending",
            "referenceNumber": number,
            "invoiceDate": midnight(day),
            "dueDate": midnight(day + timedelta(days=_TERMS.get(term, 0))),
            "customer": named(customer),
            "customerAddress": customer["address"],
            "location": named(location),
            "locationAddress": location["address"],
            "businessUnit": tenant.unit_of(event),
            "termName": term,
            "createdBy": "dispatch",
            "taxZoneId": location["taxZoneId"],
            "invoiceConfiguration": str(event.get("configuration", "JobInvoice")),
            "customFields": [],
            "_exempt": bool(location["taxExempt"] or customer["taxExempt"]),
        },
    )


def add_items(tenant: Tenant, event: Event) -> Row:
    """`{invoice, items: [{sku, quantity?, price?, taxable?, business_unit?}], replace?}`: appends, or replaces all."""
    row = open_invoice(tenant, event)
    held = [] if event.get("replace") else row["items"] or []
    made = [item_of(tenant, row, line, len(held) + place) for place, line in enumerate(event["items"])]
    row["items"] = held + made
    return _saved(tenant, total(tenant, row), "update")


def edit_invoice(tenant: Tenant, event: Event) -> Row:
    """`{invoice, summary?, due_date?, date?, term?, business_unit?}`: an edit before posting."""
    row = open_invoice(tenant, event)
    row["summary"] = event.get("summary", row["summary"])
    for member, name in (("invoiceDate", "date"), ("dueDate", "due_date")):
        if event.get(name):
            row[member] = midnight(date.fromisoformat(event[name]))
    row["termName"] = event.get("term", row["termName"])
    if event.get("business_unit"):
        row["businessUnit"] = tenant.unit_of(event)
    return _saved(tenant, row, "update")


def touch_invoice(tenant: Tenant, event: Event) -> Row:
    """`{invoice, sent?, review?, balance?}`: what people do after posting and no ledger needs. Without members, only `modifiedOn` changes."""
    row = tenant.get("invoices", int(event["invoice"]))
    row["sentStatus"] = event.get("sent", row["sentStatus"])
    row["reviewStatus"] = event.get("review", row["reviewStatus"])
    if event.get("balance") is not None:
        row["balance"] = money(event["balance"])
    return _saved(tenant, row, "update")


def post_invoices(tenant: Tenant, event: Event) -> Row:
    """`{invoices: [...]}`: one batch; the customers owe their totals from now on."""
    rows = [tenant.get("invoices", int(source_id)) for source_id in event["invoices"]]
    batch = new_batch(tenant)
    with tenant.changing():
        for row in rows:
            if row["syncStatus"] == "Pending":
                row |= {"syncStatus": "Posted", "batch": batch, "reviewStatus": "Reviewed"}
                _saved(tenant, row, "post")
                _owe_unless_zero(tenant, row, Decimal(row["total"]))
    return {"batch": batch["id"], "posted": [row["id"] for row in rows]}


def unpost_invoices(tenant: Tenant, event: Event) -> Row:
    """`{invoices: [...]}`: back from Posted to Pending; an exported or void invoice stays."""
    rows = [tenant.get("invoices", int(source_id)) for source_id in event["invoices"]]
    with tenant.changing():
        for row in rows:
            if row["syncStatus"] == "Posted" and row["active"]:
                _owe_unless_zero(tenant, row, -Decimal(row["total"]))
                _saved(tenant, row | {"syncStatus": "Pending", "batch": None}, "unpost")
    return {"unposted": [row["id"] for row in rows]}


def adjust_invoice(tenant: Tenant, event: Event) -> Row:
    """`{invoice, items: [...], date?}` -> invoice: an adjustment of a posted invoice, Pending, with its own number."""
    parent = tenant.get("invoices", int(event["invoice"]))
    if parent["syncStatus"] == "Pending" or not parent["active"]:
        raise ValueError(f"invoice {parent['id']} is not posted or is void, so it is not adjusted")
    location = tenant.get("locations", parent["location"]["id"])
    count = int(parent.get("_adjustments", 0)) + 1
    values = {"business_unit": parent["businessUnit"]["id"], "date": event.get("date"), "term": parent["termName"]}
    with tenant.changing():
        number = f"{parent['referenceNumber']}-{count}"
        row = new_invoice(tenant, location, values | {"number": number, "configuration": parent["invoiceConfiguration"]})
        row |= {"adjustmentToId": parent["id"], "job": parent["job"], "_exempt": parent["_exempt"]}
        row["items"] = [item_of(tenant, row, line, place) for place, line in enumerate(event["items"])]
        _saved(tenant, total(tenant, row), "create")
        _saved(tenant, parent | {"_adjustments": count}, "update")
    return {"invoice": row["id"], "number": number}


def void_invoice(tenant: Tenant, event: Event) -> Row:
    """`{invoice, unapply?}`: makes it inactive, so that the customer owes nothing for it. What settles it stays applied, unless `unapply` takes that
    back."""
    row = tenant.get("invoices", int(event["invoice"]))
    if not row["active"]:
        raise ValueError(f"invoice {row['id']} is void")
    if row["syncStatus"] == "Exported":
        raise ValueError(f"invoice {row['id']} is exported and locked; adjust it")
    with tenant.changing():
        if event.get("unapply"):
            release(tenant, row["id"])
            row = tenant.get("invoices", row["id"])
        if row["syncStatus"] != "Pending":
            _owe_unless_zero(tenant, row, -Decimal(row["total"]))
        _saved(tenant, row | {"active": False, "balance": "0.00"}, "void")
    return {"invoice": row["id"]}


def import_balance(tenant: Tenant, event: Event) -> Row:
    """`{location, business_unit, amount, date}` -> invoice: an opening balance (`ARImportInvoice`), posted, without a job."""
    location = tenant.get("locations", int(event["location"]))
    row = new_invoice(tenant, location, event | {"configuration": "ARImportInvoice"})
    amount = money(event["amount"])
    line = {"sku": "SVC-DIAG", "quantity": 1, "price": amount, "taxable": False}
    with tenant.changing():
        row |= {"items": [item_of(tenant, row, line, 0)], "syncStatus": "Posted", "importId": f"AR-{row['id']}"}
        row |= {"subTotal": amount, "total": amount, "balance": amount, "batch": new_batch(tenant)}
        _saved(tenant, row, "create")
        _owe_unless_zero(tenant, row, Decimal(amount))
    return {"invoice": row["id"], "number": row["referenceNumber"]}


def open_invoice(tenant: Tenant, event: Event) -> Row:
    """The invoice of an event, if it can still be edited. Raises ValueError if it is posted or exported."""
    row = tenant.get("invoices", int(event["invoice"]))
    if row["syncStatus"] != "Pending" or not row["active"]:
        raise ValueError(f"invoice {row['id']} is {row['syncStatus']} and locked")
    return row


def total(tenant: Tenant, row: Row) -> Row:
    """The row with subtotal, discount, tax, total and balance of its items."""
    items = row["items"] or []
    subtotal = sum((Decimal(item["total"]) for item in items), Decimal(0))
    discount = sum((-Decimal(item["total"]) for item in items if item["type"] == "PriceModifier"), Decimal(0))
    tax, code = taxed(tenant, row, items)
    whole = cents(subtotal + tax)
    applied = Decimal(row.get("_applied", "0"))
    row |= {"subTotal": money(subtotal), "discountTotal": money(discount), "salesTax": money(tax), "salesTaxCode": code}
    return row | {"total": money(whole), "balance": money(whole - applied)}


def new_batch(tenant: Tenant) -> Row:
    """A batch of today."""
    number = tenant.next_id("batch", 5001)
    return {"id": number, "number": str(number), "name": f"Batch {number}"}


def _owe_unless_zero(tenant: Tenant, row: Row, amount: Decimal) -> None:
    if amount:
        owe(tenant, row["customer"]["id"], amount)


def _saved(tenant: Tenant, row: Row, operation: str) -> Row:
    return {"invoice": tenant.save("invoices", row, operation)["id"]}
