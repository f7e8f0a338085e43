"""What is seen in SYSPRO, in our own words: AP invoices, suppliers, orders, stock levels, GL codes, months. Pure.

A raw record is a row of a table, as COMFND (XML) or OData (JSON) shows it. A supplier comes with the row of its address, an order with the rows of
its lines. Source of the columns: SYSTEM.md. No row has a time of change. Assumed: the meaning of the five address lines, of line types 4 (freight)
and 5 (charges), and that months are calendar months.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from runtime.errors import Malformed
from runtime.json import parse
from schemas.records import OrderLine, Raw
from systems.mapped import Fetch, Normalised, Reading, settings_of
from systems.sightings import Sighting, canonical, formless, untold
from systems.syspro import odata
from systems.syspro.keys import CANCELLED, PERIODS, STOCKED, erp_id, line_id, order_ref_in, ref_in
from systems.syspro.models import SYSTEM, Row, amount, columns, count, day, required, row_of, text_of, xml_of
from systems.syspro.settings import Settings
from systems.values.numbers import QUANTITY

_CURRENCY = re.compile(r"[A-Z]{3}")
_MARK = re.compile(r"ST-[A-Z2-7]{12}")
_STATUS = {"0": "In process", "1": "Open", "4": "Ready to print", "9": "Complete", CANCELLED: "Cancelled"}
_KINDS = {"A": "Asset", "L": "Liability", "C": "Equity", "R": "Income", "E": "Expense", "S": "Statistical"}
"""AccountType (meanings of L and C assumed)."""
_FREIGHT, _CHARGE = "4", "5"
_MONTH = ("InvoiceYear", "InvoiceMonth")
_CENT, _ZERO, _HUNDRED = Decimal("0.01"), Decimal(0), Decimal(100)
_MONTHS_TOLD = 15
"""Months that are listed: those that take postings, and the year before them, which is closed."""
Shaped = tuple[dict[str, Any], "Sequence[Any] | None"]
"""The fields of a canonical record, and the values that move money (None for master data)."""


def sightings(raw: Raw, reading: Reading) -> Sequence[Normalised]:
    """What follows from one raw record. Raises `Malformed` if it cannot be read."""
    settings_of(reading.settings, Settings, SYSTEM)
    if raw["shape"] == "hint":
        return [Fetch(raw["entity"], raw["source_id"], "hint")]
    seen = Sighting(SYSTEM, reading.connection)
    if raw["entity"] == "period":
        return [canonical("period", body, None, seen) for body in _months(raw["body"])]
    shape = _SHAPES.get(raw["entity"])
    if shape is None:
        return [formless(SYSTEM, raw["entity"])]
    rows = [_row(one) for one in (raw["body"], *raw.get("further", ()))]
    body, moving = shape(rows, reading)
    return [canonical(raw["entity"], body, moving, seen)]


def _row(body: bytes) -> Row:
    """A row in either of its two forms."""
    if body.lstrip()[:1] == b"{":
        return odata.row_of(parse(body))
    return row_of(text_of(body))


def _currency(row: Row, reading: Reading) -> str:
    """The row's currency. A code of the site's own (`$`) is taken to mean the site's own currency (assumed)."""
    said = row.get("Currency", "")
    return said if _CURRENCY.fullmatch(said) else reading.currency


# --- AP invoices ------------------------------------------------------------------------------------------------------


def _bill(rows: Sequence[Row], reading: Reading) -> Shaped:
    """An AP invoice. Only the ledger has its lines. An invoice whose adjustments take all of it back is not active any more."""
    row = rows[0]
    supplier, number, total = required(row, "Supplier"), required(row, "Invoice"), amount(row, "OrigInvValue")
    balances = [amount(row, name) for name in ("MthInvBal1", "MthInvBal2", "MthInvBal3") if row.get(name)]
    adjusted = amount(row, "TotalAdjustments") if row.get("TotalAdjustments") else _ZERO
    year, month = (int(said) if said.isascii() and said.isdigit() else 0 for said in (row.get(name, "")[:9] for name in _MONTH))
    body: dict[str, Any] = {
        "source_id": erp_id(supplier, number),
        "number": number,
        "status": "paid" if balances and not any(balances) else "open",
        "active": not total or bool(total + adjusted),
        "origin_ref": ref_in(row.get("Reference", "")) or None,
        "vendor_number": number,
        "vendor_id": supplier,
        "bill_date": day(row, "InvoiceDate"),
        "due_date": day(row, "DueDate"),
        "period": f"{year:04d}-{month:02d}" if 0 < year < 10_000 and 0 < month < 100 else "",
        "canceled_on": None,
        "do_not_pay": False,
        **dict.fromkeys(("tax", "shipping", "other"), _ZERO),
        "subtotal": total,
        "total": total,
        "currency": _currency(row, reading),
        "summary": row.get("Reference", ""),
        "lines": [],
    }
    return body, [body[name] for name in ("total", "currency", "period", "bill_date", "vendor_id", "active")]


# --- suppliers --------------------------------------------------------------------------------------------------------


def _vendor(rows: Sequence[Row], _: Reading) -> Shaped:
    """A supplier with its address. A supplier on hold is not active."""
    row, address = rows[0], rows[1] if len(rows) > 1 else {}
    code, is_held, mark = required(row, "Supplier"), row.get("OnHold", "") == "Y", row.get("UserField1", "")
    body = {
        "source_id": code,
        "number": code,
        "status": "on hold" if is_held else "active",
        "active": not is_held,
        "origin_ref": mark if _MARK.fullmatch(mark) else None,
        "code": code,
        "name": required(row, "SupplierName"),
        "legal_name": row["SupplierName"],
        "kind": row.get("SupplierClass", ""),
        "payment_term_id": row.get("TermsCode", ""),
        "external_ref": mark,
        "phone": row.get("Telephone", ""),
        "email": row.get("Email", ""),
        "street": address.get("SupAddr1", ""),
        "unit": address.get("SupAddr2", ""),
        "city": address.get("SupAddr3", ""),
        "state": address.get("SupAddr4", ""),
        "country": address.get("SupAddr5", ""),
        "zip": address.get("SupPostalCode", ""),
    }
    return body, None


# --- orders -----------------------------------------------------------------------------------------------------------


def _order(rows: Sequence[Row], reading: Reading) -> Shaped:
    """An order with its lines. Received quantities move no money, but have to reach the other side, so they are in the fingerprint."""
    row = rows[0]
    number, status = required(row, "PurchaseOrder"), row.get("OrderStatus", "")
    is_over = status in ("9", CANCELLED)
    lines = [_ordered(one, row, is_over=is_over) for one in rows[1:] if one.get("LineType") == STOCKED]
    shipping, other = (_charges(rows[1:], kind) for kind in (_FREIGHT, _CHARGE))
    subtotal = sum((one["amount"] for one in lines), _ZERO)
    ordered = day(row, "OrderEntryDate")
    body: dict[str, Any] = {
        "source_id": number,
        "number": number,
        "status": _STATUS.get(status, status),
        "active": status != CANCELLED and row.get("CancelledFlag", "") != "Y",
        "origin_ref": order_ref_in(row.get("CustomerPoNumber", "")) or None,
        "order_date": ordered,
        "required_on": day(row, "OrderDueDate"),
        "sent_on": None,
        "self_receiving": False,
        "vendor_id": required(row, "Supplier"),
        "buyer": row.get("Buyer", ""),
        "inventory_location": row.get("Warehouse", ""),
        "ship_to_name": row.get("DeliveryName", ""),
        "street": row.get("DeliveryAddr1", ""),
        "unit": row.get("DeliveryAddr2", ""),
        "city": row.get("DeliveryAddr3", ""),
        "state": row.get("DeliveryAddr4", ""),
        "country": row.get("DeliveryAddr5", ""),
        "zip": row.get("PostalCode", ""),
        "subtotal": subtotal,
        "tax": _ZERO,
        "shipping": shipping,
        "other": other,
        "total": subtotal + shipping + other,
        "currency": _currency(row, reading),
        "summary": row.get("ShippingInstrs", ""),
        "canceled_on": _noon(day(row, "DatePoCompleted") or ordered) if status == CANCELLED else None,
        "dimensions": {},
        "lines": lines,
    }
    names = ("status", "vendor_id", "order_date", "total", "currency", "lines")
    return body, [body[name] for name in names]


def _ordered(one: Row, header: Row, *, is_over: bool) -> dict[str, Any]:
    number = required(one, "Line")
    cost, quantity = _net(one), count(one, "MOrderQty")
    return {
        **untold(OrderLine),
        "line_id": line_id(required(one, "PurchaseOrder"), number),
        "line_number": number,
        "kind": "item",
        "sku_id": one.get("MStockCode", ""),
        "sku_code": one.get("MStockCode", ""),
        "vendor_part_number": one.get("MSupCatalogue", ""),
        "description": one.get("MStockDes", ""),
        "quantity": quantity,
        "unit": one.get("MOrderUom", ""),
        "unit_cost": cost,
        "amount": (quantity * cost).quantize(_CENT),
        "quantity_received": count(one, "MReceivedQty"),
        "quantity_billed": None,
        "quantity_canceled": None,
        "required_on": day(one, "MLatestDueDate"),
        "promised_on": None,
        "closed": is_over or one.get("MCompleteFlag", "") == "Y",
        "gl_account": one.get("MGlCode", ""),
        "inventory_location": one.get("MWarehouse", "") or header.get("Warehouse", ""),
        "dimensions": {},
    }


def _net(one: Row) -> Decimal:
    """The price of a piece after the line's discounts."""
    price = count(one, "MPrice")
    for name in ("MDiscPct1", "MDiscPct2", "MDiscPct3"):
        price *= (_HUNDRED - count(one, name)) / _HUNDRED
    return price.quantize(QUANTITY.unit)


def _charges(lines: Iterable[Row], kind: str) -> Decimal:
    return sum(
        (amount(one, "NMscChargeValue") for one in lines if one.get("LineType") == kind and one.get("NMscChargeValue")), _ZERO
    )


def _noon(on: date | None) -> datetime | None:
    return None if on is None else datetime.combine(on, time(12), UTC)


# --- stock and ledger -------------------------------------------------------------------------------------------------


def _level(rows: Sequence[Row], _: Reading) -> Shaped:
    """The quantity that a warehouse holds of a stock code."""
    row = rows[0]
    item, warehouse = required(row, "StockCode"), required(row, "Warehouse")
    on_hand, allocated = count(row, "QtyOnHand"), count(row, "QtyAllocated")
    body = {
        "source_id": f"{item}/{warehouse}",
        "number": item,
        "as_of": None,
        "sku_id": item,
        "sku_code": item,
        "inventory_location_id": warehouse,
        "inventory_location": warehouse,
        "on_hand": on_hand,
        "allocated": allocated,
        "available": on_hand - allocated,
        "on_order": count(row, "QtyOnOrder"),
        "unit_cost": count(row, "UnitCost"),
    }
    return body, None


def _account(rows: Sequence[Row], _: Reading) -> Shaped:
    row = rows[0]
    code, kind, is_held = required(row, "GlCode"), row.get("AccountType", ""), row.get("AccOnHldFlag", "") == "Y"
    body = {
        "source_id": code,
        "number": code,
        "code": code,
        "description": row.get("Description", ""),
        "status": "on hold" if is_held else "active",
        "active": not is_held,
        "kind": _KINDS.get(kind, kind),
    }
    return body, None


def _months(body: bytes) -> list[dict[str, Any]]:
    """The months by GetLogonProfile: that of AccountingDate and the two before it take postings, earlier ones do not."""
    told: Mapping[str, str] = dict(_leaves(body))
    current = day(told, "AccountingDate")
    if current is None:
        raise Malformed(f"{SYSTEM}: GetLogonProfile tells no AccountingDate")
    return [_month(current.year * 12 + current.month - 1 - back, is_open=back < len(PERIODS)) for back in range(_MONTHS_TOLD)]


def _leaves(body: bytes) -> Iterable[tuple[str, str]]:
    root = xml_of(text_of(body))
    found = [one for one in root.iter() if len(one) == 0 and str(one.tag).rpartition("}")[2].lower() == "accountingdate"]
    return [("AccountingDate", (one.text or "").strip()) for one in found[:1]] or columns(root).items()


def _month(whole: int, *, is_open: bool) -> dict[str, Any]:
    year, month = whole // 12, whole % 12 + 1
    code = f"{year:04d}-{month:02d}"
    return {
        "source_id": code,
        "number": code,
        "code": code,
        "status": "open" if is_open else "closed",
        "starts_on": date(year, month, 1),
        "ends_on": date(year, month, monthrange(year, month)[1]),
        "open_receivable": is_open,
        "open_payable": is_open,
        "open_ledger": is_open,
    }


_SHAPES: dict[str, Callable[[Sequence[Row], Reading], Shaped]] = {
    "bill": _bill,
    "vendor": _vendor,
    "purchase_order": _order,
    "stock_level": _level,
    "gl_account": _account,
}
