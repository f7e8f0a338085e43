"""What is seen in Fusion, in our own words: suppliers, orders, invoices and receipts of Receivables, customers that were asked for, periods. Pure.

Source of the names: REST API for Procurement and Financials. An invoice is ours if CrossReference is our ref, a receipt if Comments begins with it. A
period has a row for each application: 101 General Ledger, 200 Payables, 222 Receivables (assumed).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from runtime.errors import Malformed
from schemas.records import InvoiceLine, Raw
from systems.mapped import Fetch, Filtered, Normalised, Reading, settings_of
from systems.oracle_fusion.mapping_orders import order
from systems.oracle_fusion.mapping_shape import Whole, day, is_active, whole
from systems.oracle_fusion.models import SYSTEM, Row
from systems.oracle_fusion.settings import SITE, Settings
from systems.sightings import Shaped, Sighting, canonical, formless, untold
from systems.values.codes import code
from systems.values.instants import sortable
from systems.values.members import flag, instant, money, money_or_zero, near_money, required_id, text

REF = re.compile(r"ST-[A-Z2-7]{20}")
REVERSED = ("REVERSED", "REV", "STOP", "NSF")
"""Status codes of a receipt that is worth nothing any more (spelling assumed)."""
_ZERO = Decimal(0)
_APPLICATIONS = {"101": "ledger", "200": "payable", "222": "receivable"}
_OPEN = ("O", "OPEN")


def sightings(raw: Raw, reading: Reading) -> Sequence[Normalised]:
    """What follows from one raw record. Raises `Malformed` if it cannot be read."""
    settings = settings_of(reading.settings, Settings, SYSTEM)
    if raw["shape"] == "hint":
        return [Fetch(raw["entity"], raw["source_id"], "hint")]
    shape = _SHAPES.get(raw["entity"])
    if shape is None:
        return [formless(SYSTEM, raw["entity"])]
    one = whole(raw, reading, settings)
    try:
        shaped = shape(one)
    except Malformed as error:
        raise Malformed(f"{SYSTEM} {raw['entity']} {raw['source_id']}: {error}") from error
    if isinstance(shaped, Filtered):
        return [shaped]
    told = {"created_on": instant(one.row, "CreationDate"), **shaped.body}
    seen = Sighting(SYSTEM, reading.connection, sortable(one.row.get("LastUpdateDate")), tuple(one.notes))
    return [canonical(shaped.entity, told, shaped.moving, seen)]


def ref_in(words: str) -> str:
    """Our ref if a text begins with it, else ""."""
    first = words.split(" ", 1)[0]
    return first if REF.fullmatch(first) else ""


# --- suppliers --------------------------------------------------------------------------------------------------------


def _supplier(one: Whole) -> Shaped:
    row = one.row
    site, address = _place(one)
    number = text(row, "SupplierNumber")
    body = {
        **_address(address),
        "source_id": required_id(row, "SupplierId"),
        "number": number,
        "code": number,
        "name": text(row, "Supplier"),
        "legal_name": text(row, "AlternateName"),
        "kind": text(row, "SupplierTypeCode"),
        "status": text(row, "Status"),
        "tax_id": text(row, "TaxpayerId"),
        "active": is_active(row, one.read_on),
        "dimensions": {SITE: text(site, "SupplierSite"), "ProcurementBU": text(site, "ProcurementBU")} if site else {},
    }
    if not body["name"]:
        raise Malformed("Supplier: there is no name")
    return Shaped("vendor", body)


def _place(one: Whole) -> tuple[Row, Row]:
    """The purchasing site of a supplier in our procurement business units, and its address. Without a site, the address for ordering, or else the
    first one. The lowest id comes first, so that the order of a list does not matter."""
    sites = one.children(one.row, "sites", "SupplierSiteId", lambda row: "SupplierSiteId" in row)
    addresses = one.children(
        one.row, "addresses", "SupplierAddressId", lambda row: "SupplierAddressId" in row and "SupplierSiteId" not in row
    )
    units = set(map(code, one.settings.procurement_units))
    ours = [
        row
        for row in sorted(sites, key=lambda row: _in_order(required_id(row, "SupplierSiteId")))
        if is_active(row, one.read_on)
        and flag(row, "SitePurposePurchasingFlag", absent=False)
        and (not units or code(text(row, "ProcurementBU")) in units)
    ]
    known = {required_id(row, "SupplierAddressId"): row for row in addresses}
    if ours:
        return ours[0], known.get(text(ours[0], "SupplierAddressId"), {})
    active = [row for _, row in sorted(known.items(), key=lambda item: _in_order(item[0])) if is_active(row, one.read_on)]
    ordering = [row for row in active if flag(row, "AddressPurposeOrderingFlag", absent=False)]
    return {}, next(iter((*ordering, *active)), {})


def _address(row: Row) -> dict[str, str]:
    further = [text(row, name) for name in ("AddressLine2", "AddressLine3", "AddressLine4")]
    return {
        "street": text(row, "AddressLine1"),
        "unit": ", ".join(filter(None, further)),
        "city": text(row, "City"),
        "state": text(row, "State"),
        "zip": text(row, "PostalCode"),
        "country": text(row, "CountryCode") or text(row, "Country"),
        "phone": text(row, "PhoneNumber"),
        "email": text(row, "Email"),
    }


# --- customers --------------------------------------------------------------------------------------------------------


def _customer(one: Whole) -> Shaped:
    """A bill-to site of a customer account, which is what an invoice names."""
    row = one.row
    account, site = text(row, "AccountNumber"), text(row, "BillToSiteNumber")
    if not account or not site:
        raise Malformed("AccountNumber or BillToSiteNumber: there is none")
    body = {
        "source_id": f"{account}/{site}",
        "number": account,
        "code": account,
        "name": text(row, "CustomerName"),
        "street": text(row, "BillToSiteAddress"),
        "tax_id": text(row, "TaxpayerIdentificationNumber"),
        "tax_exempt": False,
    }
    return Shaped("customer", body)


# --- documents of Receivables -----------------------------------------------------------------------------------------


def _invoice(one: Whole) -> Shaped:
    row = one.row
    total, lines = money(row, "EnteredAmount"), _lines(one)
    subtotal = sum((line["amount"] for line in lines), _ZERO)
    body: dict[str, Any] = {
        "source_id": required_id(row, "CustomerTransactionId"),
        "number": text(row, "TransactionNumber"),
        "origin_ref": ref_in(text(row, "CrossReference")) or None,
        "status": text(row, "InvoiceStatus"),
        "currency": text(row, "InvoiceCurrencyCode") or one.reading.currency,
        "invoice_date": day(row, "TransactionDate"),
        "due_date": day(row, "DueDate"),
        "subtotal": subtotal,
        "tax": total - subtotal,
        "total": total,
        "balance": near_money(row, "InvoiceBalanceAmount", one.notes) or _ZERO,
        "customer_id": f"{text(row, 'BillToCustomerNumber')}/{text(row, 'BillToSite')}",
        "customer_name": text(row, "BillToCustomerName"),
        "business_unit_name": text(row, "BusinessUnit"),
        "term_name": text(row, "PaymentTerms"),
        "summary": text(row, "Comments"),
        "lines": lines,
    }
    moving = [body[name] for name in ("invoice_date", "total", "tax", "currency", "customer_id")]
    return Shaped("invoice", body, moving)


def _lines(one: Whole) -> list[dict[str, Any]]:
    found = one.children(
        one.row, "receivablesInvoiceLines", "CustomerTransactionLineId", lambda row: "CustomerTransactionLineId" in row
    )
    accounts = _accounts(one)
    made = []
    for row in sorted(found, key=lambda row: money(row, "LineNumber")):
        number, price = text(row, "LineNumber"), money_or_zero(row, "UnitSellingPrice")
        quantity = money_or_zero(row, "Quantity")
        own: dict[str, Any] = {
            "line_id": required_id(row, "CustomerTransactionLineId"),
            "sku_code": text(row, "ItemNumber"),
            "description": text(row, "Description"),
            "quantity": quantity,
            "unit_price": price,
            "amount": (quantity * price).quantize(Decimal("0.01")),
            "gl_account": accounts.get(number, ""),
            "unit_cost": None,
            "cost": None,
            "taxable": False,
            "service_date": None,
            "from_inventory": False,
        }
        made.append({**untold(InvoiceLine), **own})
    return made


def _accounts(one: Whole) -> dict[str, str]:
    """The revenue account of each line by its number; "" for one that has several."""
    rows = one.children(one.row, "receivablesInvoiceDistributions", "DistributionId", lambda row: "DistributionId" in row)
    found: dict[str, str] = {}
    for row in rows:
        if text(row, "AccountClass").upper() == "REVENUE":
            number, account = text(row, "InvoiceLineNumber"), text(row, "AccountCombination")
            found[number] = account if found.get(number, account) == account else ""
    return found


def _credit_memo(one: Whole) -> Shaped:
    """What is owed to a customer, as a positive amount. Fusion enters it as a negative one."""
    row = one.row
    body: dict[str, Any] = {
        "source_id": required_id(row, "CustomerTransactionId"),
        "number": text(row, "TransactionNumber"),
        "origin_ref": ref_in(text(row, "CrossReference")) or None,
        "status": text(row, "CreditMemoStatus"),
        "currency": text(row, "CreditMemoCurrency") or one.reading.currency,
        "memo_date": day(row, "TransactionDate"),
        "total": _turned(money(row, "EnteredAmount")),
        "unapplied": _turned(near_money(row, "AvailableBalance", one.notes) or _ZERO),
        "customer_id": f"{text(row, 'BillToCustomerNumber')}/{text(row, 'BillToSite')}",
        "memo": text(row, "CreditMemoComments"),
        "applications": [],
    }
    return Shaped("credit_memo", body, [body[name] for name in ("memo_date", "total", "currency", "customer_id")])


def _turned(amount: Decimal) -> Decimal:
    return -amount if amount else _ZERO


def _receipt(one: Whole) -> Shaped:
    row = one.row
    body: dict[str, Any] = {
        "source_id": required_id(row, "StandardReceiptId"),
        "number": text(row, "ReceiptNumber"),
        "origin_ref": ref_in(text(row, "Comments")) or None,
        "status": text(row, "State") or text(row, "Status"),
        "active": text(row, "State").upper() not in REVERSED and text(row, "Status").upper() not in REVERSED,
        "currency": text(row, "Currency") or one.reading.currency,
        "paid_on": day(row, "ReceiptDate"),
        "type_id": text(row, "ReceiptMethod"),
        "type_name": text(row, "ReceiptMethod"),
        "total": money(row, "Amount"),
        "unapplied": near_money(row, "UnappliedAmount", one.notes) or _ZERO,
        "customer_id": f"{text(row, 'CustomerAccountNumber')}/{text(row, 'CustomerSite')}",
        "customer_name": text(row, "CustomerName"),
        "business_unit_name": text(row, "BusinessUnit"),
        "memo": text(row, "Comments"),
        "cash_account": text(row, "RemittanceBankAccountNumber"),
        "applications": [],
    }
    moving = [body[name] for name in ("paid_on", "total", "currency", "customer_id", "type_id")]
    return Shaped("payment", body, moving)


# --- periods ----------------------------------------------------------------------------------------------------------


def _period(one: Whole) -> Shaped | Filtered:
    row = one.row
    application, name = text(row, "ApplicationId"), text(row, "PeriodNameId")
    kind, ledger = _APPLICATIONS.get(application), one.settings.ledger.ledger_id
    if kind is None or (ledger and text(row, "LedgerId") != ledger):
        return Filtered(f"{SYSTEM} period of application {application}, ledger {text(row, 'LedgerId')}")
    starts, ends = day(row, "StartDate"), day(row, "EndDate")
    if not name or starts is None or ends is None:
        raise Malformed("PeriodNameId, StartDate or EndDate: there is none")
    is_open = text(row, "ClosingStatus").upper() in _OPEN
    body = {
        "source_id": f"{application}/{name}",
        "number": name,
        "code": f"{application}/{name}",
        "status": text(row, "ClosingStatus"),
        "starts_on": starts,
        "ends_on": ends,
        **{f"open_{one_kind}": is_open and one_kind == kind for one_kind in _APPLICATIONS.values()},
    }
    return Shaped("period", body)


_SHAPES: dict[str, Callable[[Whole], Shaped | Filtered]] = {
    "vendor": _supplier,
    "purchase_order": order,
    "invoice": _invoice,
    "credit_memo": _credit_memo,
    "payment": _receipt,
    "customer": _customer,
    "period": _period,
}


def _in_order(source_id: str) -> tuple[int, str]:
    """Sorts ids: whole numbers by their value, any other text as it is."""
    return len(source_id), source_id
