"""Job invoices as payables at cost, from canonical to one voucher for each vendor (profile `voucher`, accounting.md 10 and 11). Pure.

The vendor of a line is its sku's, else the clearing vendor of its business unit, else the document is held. A line that came out of the
inventory is excluded and counted: an order or receipt brought it there, and the vendor's own bill is the payable.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from schemas.records import InvoiceLine, PostingLine
from systems.allocation import ZERO, HeldVoid, header_text, nothing, priced, reversal, rounded, total_of, wanted
from systems.mapped import Draft, NoCommand, Plan
from systems.peoplesoft.allocation import (
    Mapped,
    Row,
    ledger_unit,
    line,
    location_of,
    mapped,
    place_of,
    row_of,
    unit_named,
    unit_of,
    unit_of_line,
)
from systems.peoplesoft.mapping_journal import PRODUCT, other_currency

FLOW = "P1"
_VOIDED = HeldVoid(FLOW, "payable", "void_not_built", "the invoice was voided", PRODUCT)


@dataclass
class _Part:
    """What one vendor is owed: lines, and what of them was mapped by a default."""

    lines: list[PostingLine] = field(default_factory=list)
    defaulted: dict[str, None] = field(default_factory=dict)


@dataclass
class _Payables:
    """What an invoice owes: parts by vendor ("" = unknown), and what is excluded."""

    by_vendor: dict[str, _Part] = field(default_factory=dict)
    excluded: list[NoCommand] = field(default_factory=list)


def voucher_commands(record: Mapping[str, Any], plan: Plan) -> Sequence[Draft | NoCommand]:
    """What a customer invoice owes to vendors: a part for each. What is unresolved holds all parts, so that none is posted without what
    the mapping may still add to it."""
    made = mapped(plan, record["invoice_date"])
    unit = unit_of(made, record["business_unit_name"], record["business_unit_id"])
    found = _payables(record, unit, made)
    if not record["active"]:
        parts = {vendor: total_of(part.lines) for vendor, part in found.by_vendor.items()}
        voids = [reversal(record, _VOIDED, vendor, amount) for vendor, amount in (parts or {"": ZERO}).items()]
        return [replace(void, parted=True) for void in voids]
    if not found.by_vendor:
        counted, milestone = nothing(FLOW, "payable", record["currency"], "no line has a cost to pay, counted")
        return [*(found.excluded or [counted]), milestone]
    header = _header(record, unit, made)
    return [*(_draft(record, header, part, made) for part in found.by_vendor.items()), *found.excluded]


# --- lines ------------------------------------------------------------------------------------------------------------


def _payables(record: Mapping[str, Any], unit: Row, made: Mapped) -> _Payables:
    found = _Payables()
    location = location_of(made, record)
    by_receipt = ZERO
    for one in record["lines"]:
        worth = _worth(one, made)
        if worth is None and not one["from_inventory"]:
            made.missing("cost", wanted((one["sku_code"], one["kind"])))
        elif not worth:
            continue
        if one["from_inventory"]:
            by_receipt += worth or ZERO
            continue
        _add(found, one, (worth or ZERO, record, unit, location), made)
    _exclude(found, by_receipt, "lines out of the inventory: the vendor's bill of the receipt is the payable", record)
    if made.settings.voucher.amount_basis == "price":
        _exclude(found, record["tax"], "sales tax is no payable to a vendor", record)
    return found


def _add(found: _Payables, one: InvoiceLine, about: tuple[Decimal, Mapping[str, Any], Row, Row], made: Mapped) -> None:
    """One line to its vendor's part. Its defaults are the part's own, what is unresolved is the whole document's."""
    worth, record, unit, location = about
    of_line = replace(made, defaulted=[])
    own = unit_of_line(of_line, one, record, unit)
    vendor = _vendor(one, own, of_line)
    part = found.by_vendor.setdefault(vendor, _Part())
    part.lines.append(_line(one, worth, (own, location), of_line))
    part.defaulted.update(dict.fromkeys(of_line.defaulted))


def _exclude(found: _Payables, amount: Decimal, words: str, record: Mapping[str, Any]) -> None:
    if amount:
        found.excluded.append(NoCommand("excluded", words, FLOW, amount, record["currency"]))


def _worth(one: InvoiceLine, made: Mapped) -> Decimal | None:
    """What the line is worth as a payable: its cost; its price only where the settings say so. None where a line that was sold tells no
    cost; a discount and what was given away have none."""
    if made.settings.voucher.amount_basis == "price":
        return rounded(one["amount"])
    if one["cost"] is not None:
        return rounded(one["cost"])
    if one["unit_cost"] is not None:
        return rounded(one["unit_cost"] * one["quantity"])
    return None if one["amount"] > 0 else ZERO


def _vendor(one: InvoiceLine, unit: Row, made: Mapped) -> str:
    keys = (one["sku_code"], one["sku_id"])
    row = made.row("sku_vendor", keys)
    if row is not None and row.get("vendor_id"):
        return row["vendor_id"]
    return made.default("sku_vendor", wanted(keys), unit.get("clearing_vendor", ""))


def _line(one: InvoiceLine, amount: Decimal, rows: tuple[Row, Row], made: Mapped) -> PostingLine:
    keys = (one["sku_code"], one["gl_account"], one["kind"])
    kind = row_of(made, "line_type", keys)
    place = place_of(made, "line_type", "cost_account", (*rows, kind), wanted(keys))
    text = f"{one['sku_code']} {one['description']}".strip()
    booked = line(place, "line", amount, text, one["line_id"])
    booked["dimensions"]["BUSINESS_UNIT_GL"] = ledger_unit(made, rows[0], unit_named(one))
    each = one["unit_price"] if made.settings.voucher.amount_basis == "price" else one["unit_cost"]
    return booked if each is None else priced(booked, one["quantity"], each)


# --- documents --------------------------------------------------------------------------------------------------------


def _header(record: Mapping[str, Any], unit: Row, made: Mapped) -> dict[str, Any]:
    if record["invoice_date"] is None:
        made.missing("invoice_date", "none")
    payables = unit.get("ap_business_unit", "")
    if unit and not payables:
        made.missing("business_unit.ap_business_unit", unit_named(record))
    return {
        "date": record["invoice_date"],
        "due_date": None,
        "terms": "",
        "description": header_text(record),
        "human_number": record["number"] or record["source_id"],
        "dimensions": {"BUSINESS_UNIT": payables, "VENDOR_SETID": made.settings.setid},
        "pay_hold": False,
        "tax_total": ZERO,
    }


def _draft(record: Mapping[str, Any], header: Mapping[str, Any], named: tuple[str, _Part], made: Mapped) -> Draft:
    vendor, part = named
    amount = total_of(part.lines)
    hold, detail = _hold(record, amount, made)
    dimensions = {**header["dimensions"], **({"VENDOR_ID": vendor} if vendor else {})}
    return Draft(
        record="ap_bill",
        body={**header, "dimensions": dimensions, "lines": part.lines},
        flow=FLOW,
        purpose="payable",
        action="adjust" if record["adjustment_to_id"] else "create",
        part=vendor,
        parted=True,
        amount=amount,
        currency=record["currency"],
        posting_date=record["invoice_date"],
        unresolved=tuple(made.unresolved),
        defaulted=tuple(dict.fromkeys([*made.defaulted, *part.defaulted])),
        hold=hold,
        hold_detail=detail,
    )


def _hold(record: Mapping[str, Any], amount: Decimal, made: Mapped) -> tuple[str, str]:
    if record["adjustment_to_id"]:
        words = f"it adjusts invoice {record['adjustment_to_id']}: enter the adjustment in {PRODUCT}, then skip this"
        return "adjustment_not_built", words
    if amount < 0:
        return "negative_bill", f"a negative voucher is a vendor credit: enter it in {PRODUCT}, then skip this"
    return other_currency(record, made)
