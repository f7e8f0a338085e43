"""What is seen in Acumatica, in our own words: chart of accounts, dimensions, masters, periods, and documents, with our ref if they carry it.

Source of the field names: OpenAPI Default 24.200.001. A document is ours if Description begins with our ref, or if the user field of the settings
holds it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from runtime.errors import Malformed
from runtime.json import parse
from schemas.records import BillLine, InvoiceLine, Raw
from systems.acumatica.resources import NAMES, parts_of_id
from systems.acumatica.settings import Settings
from systems.acumatica.wire import Row, day, flag, instant, linked, money, near_money, rows, scalar, text, version_of
from systems.contract import LONGEST_ID
from systems.mapped import Canonical, Fetch, Filtered, Normalised, Reading, settings_of
from systems.sightings import Sighting, canonical, formless, untold

SYSTEM = "acumatica"
REF = re.compile(r"ST-[A-Z2-7]{20}")
_ZERO = Decimal(0)
_DIMENSIONS = ("Subaccount", "Branch")
"""The dimensions of a document's line besides its account."""
_INVOICES = ("Invoice", "Debit Memo")
"""Documents that a customer owes. A debit memo takes back a credit memo."""
_BILLS = ("Bill", "Credit Adj.")
"""Documents that we owe a vendor. A credit adjustment takes back a debit adjustment."""
_RECEIPTS = ("Payment", "Prepayment")
"""A document that voids one of these, or a refund, is not read: the voided document itself has the status `Voided`."""
_REFUND = "Refund"
"""A payment to a customer: Acumatica shows it as positive, our records as negative."""
_AMOUNTS = ("Amount", "TaxTotal", "Balance", "PaymentAmount", "AvailableBalance")

_MOVING = ("total", "tax", "currency", "vendor_id", "vendor_number")
"""The fields of a payable that move money, besides its date."""

Shaped = tuple[str, dict[str, Any], tuple[str, ...]]
"""Canonical entity, its fields, and the names of those that move money."""


def sightings(raw: Raw, reading: Reading) -> Sequence[Normalised]:
    """What follows from one raw record. Raises `Malformed` if it cannot be read."""
    settings = settings_of(reading.settings, Settings, SYSTEM)
    found = parse(raw["body"])
    if not isinstance(found, dict):
        raise Malformed(f"{SYSTEM} {raw['entity']} {raw['source_id']}: the body is not an object")
    if raw["entity"] == "push":
        return _pushed(found, settings)
    if raw["shape"] == "hint":
        return [Fetch(raw["entity"], raw["source_id"], "hint")]
    if raw["entity"] == "period":
        year = _required(found, "FinancialYear")
        shapes: list[Shaped] = [("period", _period(one), ()) for one in rows(found, "Details")]
        return [_canonical(one, found, reading) for one in shapes] or [Filtered(f"year {year} tells no periods")]
    shape = _SHAPES.get(raw["entity"])
    if shape is None:
        return [formless(SYSTEM, raw["entity"])]
    notes: list[str] = []
    shaped = shape(_kept(found, notes), reading)
    return [shaped if isinstance(shaped, Filtered) else _canonical(shaped, found, reading, notes)]


def _kept(row: Row, notes: list[str]) -> Row:
    """The row with its amounts rounded to the places of our records. What is only seen is never posted."""
    return {**row, **{name: {"value": near_money(row, name, notes)} for name in _AMOUNTS if name in row}}


def ref_in(row: Row, settings: Settings) -> str:
    """Our ref in a document or master record; "" if it carries none."""
    view, _, name = settings.custom_ref.partition(".")
    if view:
        field = linked(linked(linked(row, "custom"), view), name)
        return found if isinstance(found := field.get("value"), str) and REF.fullmatch(found) else ""
    first = text(row, "Description").split(" ", 1)[0]
    return first if REF.fullmatch(first) else ""


def _canonical(shaped: Shaped, row: Row, reading: Reading, notes: Sequence[str] = ()) -> Canonical:
    entity, body, moving = shaped
    told = {"status": text(row, "Status"), "created_on": instant(row, "CreatedDateTime"), **body}
    seen = Sighting(SYSTEM, reading.connection, version_of(row), tuple(notes))
    return canonical(entity, told, [told[name] for name in moving] if moving else None, seen)


def _required(row: Row, name: str) -> str:
    found = text(row, name)
    if not found:
        raise Malformed(f"{SYSTEM}: {name} is empty")
    return found


def _account(row: Row, _: Reading) -> Shaped:
    code = _required(row, "AccountCD")
    return "gl_account", _coded(row, code, "Description", "Active") | {"source_id": code, "kind": text(row, "Type")}, ()


def _subaccount(row: Row, _: Reading) -> Shaped:
    code = _required(row, "SubaccountCD")
    own = {"source_id": f"subaccount/{code}", "kind": "subaccount"}
    return "dimension", _coded(row, code, "Description", "Active") | own, ()


def _branch(row: Row, _: Reading) -> Shaped:
    code = _required(row, "BranchID")
    own = {"source_id": f"branch/{code}", "kind": "branch"}
    return "dimension", _coded(row, code, "BranchName", "BranchStatus") | own, ()


def _coded(row: Row, code: str, name: str, status: str) -> dict[str, Any]:
    return {"number": code, "code": code, "description": text(row, name), "active": flag(row, status) is not False}


def _payment_method(row: Row, _: Reading) -> Shaped:
    code = _required(row, "PaymentMethodID")
    return "payment_type", {"name": code, "source_id": code, "number": code, "active": flag(row, "Active") is not False}, ()


def _tax_zone(row: Row, _: Reading) -> Shaped:
    code = _required(row, "TaxZoneID")
    return "tax_zone", {"name": code, "rates": [], "source_id": code, "number": code}, ()


def _address(row: Row) -> dict[str, str]:
    contact = linked(row, "MainContact")
    address = linked(contact, "Address")
    return {
        "street": text(address, "AddressLine1"),
        "unit": text(address, "AddressLine2"),
        "city": text(address, "City"),
        "state": text(address, "State"),
        "zip": text(address, "PostalCode"),
        "country": text(address, "Country"),
        "phone": text(contact, "Phone1"),
        "email": text(contact, "Email") or text(row, "Email"),
    }


def _party(row: Row, kind: str) -> dict[str, Any]:
    code, reference = _required(row, f"{kind}ID"), text(row, "AccountRef")
    return _address(row) | {
        "source_id": code,
        "number": code,
        "code": code,
        "name": text(row, f"{kind}Name"),
        "kind": text(row, f"{kind}Class"),
        "tax_id": text(row, "TaxRegistrationID"),
        "payment_term_id": text(row, "Terms"),
        "external_ref": reference,
        "active": text(row, "Status") != "Inactive",
        "origin_ref": reference if REF.fullmatch(reference) else None,
    }


def _customer(row: Row, _: Reading) -> Shaped:
    return "customer", _party(row, "Customer") | {"tax_exempt": False}, ()


def _vendor(row: Row, _: Reading) -> Shaped:
    return "vendor", _party(row, "Vendor") | {"legal_name": text(row, "LegalName")}, ()


def _period(one: Row) -> dict[str, Any]:
    """A period of a financial year (screen GL201000). EndDate is taken to be the last day, as printed."""
    code, status = _required(one, "FinancialPeriodID"), text(one, "Status")
    is_open = status == "Open"
    return {
        "source_id": code,
        "code": code,
        "number": code,
        "status": status,
        "starts_on": day(one, "StartDate"),
        "ends_on": day(one, "EndDate"),
        "open_receivable": is_open and not flag(one, "ClosedInAR"),
        "open_payable": is_open and not flag(one, "ClosedInAP"),
        "open_ledger": is_open,
    }


def _document(row: Row, reading: Reading) -> dict[str, Any]:
    kind, number = _required(row, "Type"), _required(row, "ReferenceNbr")
    return {
        "source_id": f"{kind}/{number}",
        "number": number,
        "active": text(row, "Status") != "Voided",
        "origin_ref": ref_in(row, settings_of(reading.settings, Settings, SYSTEM)) or None,
        "currency": text(row, "CurrencyID") or reading.currency,
    }


def _invoice(row: Row, reading: Reading) -> Shaped | Filtered:
    if _required(row, "Type") == "Credit Memo":
        return _credit_memo(row, reading)
    if text(row, "Type") not in _INVOICES:
        return Filtered(f"{SYSTEM} invoice of type {text(row, 'Type')}")
    total, tax = money(row, "Amount"), money(row, "TaxTotal")
    body: dict[str, Any] = {
        "invoice_date": day(row, "Date"),
        "due_date": day(row, "DueDate"),
        "period": text(row, "PostPeriod"),
        "subtotal": total - tax,
        "tax": tax,
        "total": total,
        "balance": money(row, "Balance"),
        "customer_id": text(row, "Customer"),
        "location_id": text(row, "LocationID"),
        "project_id": text(row, "Project"),
        "term_name": text(row, "Terms"),
        "summary": text(row, "Description"),
        "lines": [_income(one) for one in rows(row, "Details")],
    }
    return "invoice", body | _document(row, reading), ("invoice_date", "total", "tax", "currency", "customer_id")


def _credit_memo(row: Row, reading: Reading) -> Shaped:
    body: dict[str, Any] = {
        "memo_date": day(row, "Date"),
        "total": money(row, "Amount"),
        "unapplied": money(row, "Balance"),
        "customer_id": text(row, "Customer"),
        "memo": text(row, "Description"),
        "applications": [],
    }
    return "credit_memo", body | _document(row, reading), ("memo_date", "total", "currency", "customer_id")


def _line(one: Row) -> dict[str, Any]:
    """What the lines of invoices and bills have in common. Quantities and prices are not read, because nothing depends on them."""
    return {
        "line_id": text(one, "id") if isinstance(one.get("id"), dict) else str(one.get("id", "")),
        "sku_code": text(one, "InventoryID"),
        "description": text(one, "TransactionDescription"),
        "quantity": _ZERO,
        "amount": near_money(one, "Amount", []) or _ZERO,
        "gl_account": text(one, "Account"),
        "dimensions": {name: code for name in _DIMENSIONS if (code := text(one, name))},
    }


def _income(one: Row) -> dict[str, Any]:
    own: dict[str, Any] = {"unit_price": _ZERO, "unit_cost": None, "cost": None, "taxable": False, "service_date": None}
    return {**untold(InvoiceLine), **_line(one), **own, "from_inventory": False}


def _cost(one: Row) -> dict[str, Any]:
    return {**untold(BillLine), **_line(one), "unit_cost": _ZERO}


def _payment(row: Row, reading: Reading) -> Shaped | Filtered:
    sign = -1 if _required(row, "Type") == _REFUND else 1
    if sign > 0 and text(row, "Type") not in _RECEIPTS:
        return Filtered(f"{SYSTEM} payment of type {text(row, 'Type')}")
    body: dict[str, Any] = {
        "paid_on": day(row, "ApplicationDate"),
        "type_id": text(row, "PaymentMethod"),
        "type_name": text(row, "PaymentMethod"),
        "total": sign * money(row, "PaymentAmount"),
        "unapplied": sign * money(row, "AvailableBalance"),
        "customer_id": text(row, "CustomerID"),
        "memo": text(row, "Description"),
        "check_number": text(row, "PaymentRef"),
        "cash_account": text(row, "CashAccount"),
        "applications": [],
    }
    return "payment", body | _document(row, reading), ("paid_on", "total", "currency", "customer_id", "type_id")


def _bill(row: Row, reading: Reading) -> Shaped | Filtered:
    if _required(row, "Type") not in (*_BILLS, "Debit Adj."):
        return Filtered(f"{SYSTEM} bill of type {text(row, 'Type')}")
    total, tax = money(row, "Amount"), money(row, "TaxTotal")
    body: dict[str, Any] = {
        "vendor_number": text(row, "VendorRef"),
        "period": text(row, "PostPeriod"),
        "subtotal": total - tax,
        "tax": tax,
        "shipping": _ZERO,
        "total": total,
        "vendor_id": text(row, "Vendor"),
        "canceled_on": None,
        "lines": [_cost(one) for one in rows(row, "Details")],
    }
    if text(row, "Type") == "Debit Adj.":
        own: dict[str, Any] = {"credit_date": day(row, "Date"), "memo": text(row, "Description"), "applications": []}
        return "vendor_credit", body | own | _document(row, reading), ("credit_date", *_MOVING)
    body |= {
        "bill_date": day(row, "Date"),
        "due_date": day(row, "DueDate"),
        "other": _ZERO,
        "term_name": text(row, "Terms"),
        "kind": text(row, "Type"),
        "do_not_pay": flag(row, "ApprovedForPayment") is False,
        "summary": text(row, "Description"),
    }
    return "bill", body | _document(row, reading), ("bill_date", *_MOVING)


def _pushed(found: Row, settings: Settings) -> Sequence[Normalised]:
    """The rows of a push notification as requests to read the objects again (guide: an update is in Inserted and Deleted; rows are flat)."""
    query = found.get("Query")
    entity = settings.push_entities.get(query) if isinstance(query, str) else None
    if entity is None:
        return [Filtered(f"push of inquiry {str(query)[:60]!r}, which is not registered")]
    inserted = found.get("Inserted")
    if not isinstance(inserted, list):
        raise Malformed(f"{SYSTEM} push: Inserted is not a list")
    ids = [source_id for row in inserted if isinstance(row, dict) and (source_id := _pushed_id(entity, row))]
    if not ids:
        return [Filtered("push of deleted rows alone; deletion is seen by the next full reading")]
    return [Fetch(entity, source_id, "push") for source_id in dict.fromkeys(ids)]


def _pushed_id(entity: str, row: Row) -> str:
    keys = [row.get(name) for name in parts_of_id(entity)] if entity in NAMES else []
    keys = [scalar({"k": key}, "k") if isinstance(key, dict) else key for key in keys]
    if not all(type(key) in (str, int) for key in keys):
        return ""
    source_id = "/".join(str(key).strip() for key in keys) if all(keys) else ""
    return source_id if len(source_id) <= LONGEST_ID else ""


_SHAPES: dict[str, Callable[[Row, Reading], Shaped | Filtered]] = {
    "gl_account": _account,
    "subaccount": _subaccount,
    "branch": _branch,
    "payment_type": _payment_method,
    "tax_zone": _tax_zone,
    "customer": _customer,
    "vendor": _vendor,
    "invoice": _invoice,
    "payment": _payment,
    "bill": _bill,
}
