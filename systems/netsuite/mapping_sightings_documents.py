"""Documents of NetSuite in our own words: invoices, credit memos, payments, bills, vendor credits, bill payments, journals. Pure.

Facts (samples of SuiteQL; status lists): the main line carries the total. A debit is positive, so an invoice is positive and a bill negative;
quantities of sales are negative. In our records every document is positive in its own kind, including credits of either side. A document is ours if
its external id is our ref. A customer deposit shows no unapplied amount; deposit applications that used it are among its links (assumed).
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from runtime.errors import Malformed
from schemas.records import Application, BillLine, InvoiceLine
from systems.netsuite.mapping_sightings_shape import ZERO, Whole, day, dimensions
from systems.netsuite.models import Row, truth
from systems.netsuite.refs import origin_of
from systems.netsuite.resources import USED
from systems.sightings import Shaped, untold
from systems.values.members import money_or_zero, near_money, quantity, required_id, text
from systems.values.numbers import whole

DEPOSIT, REFUND = "CustDep", "CustRfnd"
_TYPE_NAMES = {DEPOSIT: "deposit", REFUND: "refund"}
_CANCELED = ("C", "E")
"""Status letters of a bill that is worth nothing: cancelled, rejected (C and E assumed)."""


def ref_in(row: Row) -> str | None:
    """The origin that a record shows (`refs.py`); None for a record that is not ours."""
    return origin_of(text(row, "externalid")) or None


def _header(one: Whole) -> dict[str, Any]:
    row = one.row
    return {
        "source_id": required_id(row),
        "number": text(row, "tranid") or text(row, "transactionnumber"),
        "origin_ref": ref_in(row),
        "status": text(row, "status"),
        "active": not truth(row, "voided"),
        "currency": one.currency,
        "business_unit_id": one.subsidiary,
    }


def _moving(body: dict[str, Any], *names: str) -> list[Any]:
    return [body[name] for name in names]


# --- customers --------------------------------------------------------------------------------------------------------


def invoice(one: Whole) -> Shaped:
    """An invoice. Raises `Malformed`."""
    row, tax = one.row, -one.tax
    body = {
        **_header(one),
        "invoice_date": day(row, "trandate"),
        "due_date": day(row, "duedate"),
        "period": text(row, "postingperiod"),
        "subtotal": one.total - tax,
        "tax": tax,
        "total": one.total,
        "balance": near_money(row, "foreignamountunpaid", one.notes) or ZERO,
        "customer_id": text(row, "entity"),
        "customer_name": text(row, "entityname"),
        "term_name": text(row, "termname"),
        "import_id": text(row, "otherrefnum"),
        "summary": text(row, "memo"),
        "lines": _sales_lines(one, -1),
    }
    lines = [[line[name] for name in ("line_id", "sku_id", "quantity", "amount", "gl_account")] for line in body["lines"]]
    return Shaped("invoice", body, [*_moving(body, "invoice_date", "total", "tax", "currency", "customer_id", "active"), lines])


def credit_memo(one: Whole) -> Shaped:
    """A credit memo. Raises `Malformed`."""
    row = one.row
    body = {
        **_header(one),
        "memo_date": day(row, "trandate"),
        "total": -one.total,
        "subtotal": -one.total - one.tax,
        "tax": one.tax,
        "unapplied": near_money(row, "paymentamountunused", one.notes) or ZERO,
        "customer_id": text(row, "entity"),
        "customer_name": text(row, "entityname"),
        "memo": text(row, "memo"),
        "lines": _sales_lines(one, 1),
        "applications": _applications(one),
    }
    return Shaped("credit_memo", body, _moving(body, "memo_date", "total", "tax", "currency", "customer_id", "active"))


def _sales_lines(one: Whole, sign: int) -> list[dict[str, Any]]:
    made = []
    for row in one.lines:
        count = quantity(row, "quantity", one.notes)
        own: dict[str, Any] = {
            **untold(InvoiceLine),
            "line_id": _line_id(row),
            "kind": text(row, "itemtype"),
            "sku_id": text(row, "item"),
            "sku_code": text(row, "itemname"),
            "description": text(row, "memo"),
            "quantity": Decimal(1) if count is None else abs(count),
            "unit_price": quantity(row, "rate", one.notes) or ZERO,
            "unit_cost": None,
            "amount": sign * money_or_zero(row, "foreignamount"),
            "cost": None,
            "taxable": False,
            "gl_account": text(row, "account"),
            "dimensions": dimensions(row),
            "service_date": None,
            "from_inventory": False,
        }
        made.append(own)
    return made


def payment(one: Whole) -> Shaped:
    """A customer payment or deposit, or a refund. A refund's total is negative, and what it pays out does not count as an application. Raises
    `Malformed`."""
    row, kind = one.row, text(one.row, "type")
    unapplied = near_money(row, "paymentamountunused", one.notes)
    if unapplied is None:
        taken = [money_or_zero(link, "foreignamount") for link in one.links if text(link, "type") == USED]
        unapplied = one.total - sum(map(abs, taken), ZERO) if kind == DEPOSIT else ZERO
    body = {
        **_header(one),
        "paid_on": day(row, "trandate"),
        "type_id": kind,
        "type_name": _TYPE_NAMES.get(kind, "payment"),
        "total": one.total,
        "unapplied": unapplied,
        "customer_id": text(row, "entity"),
        "customer_name": text(row, "entityname"),
        "memo": text(row, "memo"),
        "check_number": text(row, "otherrefnum"),
        "cash_account": text(row, "account"),
        "applications": [] if kind == REFUND else _applications(one),
    }
    return Shaped("payment", body, _moving(body, "paid_on", "total", "currency", "customer_id", "type_id", "active"))


def _applications(one: Whole) -> list[dict[str, Any]]:
    """What a payment or credit settles, by the settled document."""
    made = []
    for link in one.links:
        if text(link, "type") == USED:
            continue
        settled = required_id(link)
        own: dict[str, Any] = {
            **untold(Application),
            "application_id": f"{required_id(one.row)}/{settled}",
            "document_id": settled,
            "document_number": text(link, "tranid"),
            "amount": abs(money_or_zero(link, "foreignamount")),
            "applied_on": None,
        }
        made.append(own)
    return made


# --- vendors ----------------------------------------------------------------------------------------------------------


def bill(one: Whole) -> Shaped:
    """A vendor bill. Raises `Malformed`."""
    row, tax, header = one.row, one.tax, _header(one)
    body = {
        **header,
        "active": header["active"] and header["status"] not in _CANCELED,
        "vendor_number": text(row, "tranid"),
        "bill_date": day(row, "trandate"),
        "due_date": day(row, "duedate"),
        "period": text(row, "postingperiod"),
        "subtotal": -one.total - tax,
        "tax": tax,
        "shipping": ZERO,
        "other": ZERO,
        "total": -one.total,
        "vendor_id": text(row, "entity"),
        "vendor_name": text(row, "entityname"),
        "purchase_order_id": next((found for line in one.lines if (found := text(line, "createdfrom"))), ""),
        "term_name": text(row, "termname"),
        "kind": text(row, "type"),
        "do_not_pay": False,
        "canceled_on": None,
        "summary": text(row, "memo"),
        "lines": _cost_lines(one, 1),
    }
    lines = [[line[name] for name in ("line_id", "sku_code", "amount", "gl_account")] for line in body["lines"]]
    return Shaped("bill", body, [*_moving(body, "bill_date", "total", "tax", "currency", "vendor_id", "active"), lines])


def vendor_credit(one: Whole) -> Shaped:
    """A bill credit. Raises `Malformed`."""
    row, tax = one.row, -one.tax
    body = {
        **_header(one),
        "vendor_number": text(row, "tranid"),
        "credit_date": day(row, "trandate"),
        "period": text(row, "postingperiod"),
        "subtotal": one.total - tax,
        "tax": tax,
        "shipping": ZERO,
        "total": one.total,
        "vendor_id": text(row, "entity"),
        "vendor_name": text(row, "entityname"),
        "memo": text(row, "memo"),
        "canceled_on": None,
        "lines": _cost_lines(one, -1),
        "applications": _applications(one),
    }
    return Shaped("vendor_credit", body, _moving(body, "credit_date", "total", "tax", "currency", "vendor_id", "active"))


def _cost_lines(one: Whole, sign: int) -> list[dict[str, Any]]:
    made = []
    for row in one.lines:
        amount = sign * money_or_zero(row, "foreignamount")
        count, rate = quantity(row, "quantity", one.notes), quantity(row, "rate", one.notes)
        own: dict[str, Any] = {
            **untold(BillLine),
            "line_id": _line_id(row),
            "kind": "item" if text(row, "item") else "expense",
            "sku_type": text(row, "itemtype"),
            "sku_code": text(row, "itemname"),
            "description": text(row, "memo"),
            "quantity": Decimal(1) if count is None else abs(count),
            "unit_cost": amount if rate is None else rate,
            "amount": amount,
            "gl_account": text(row, "account"),
            "dimensions": dimensions(row),
        }
        made.append(own)
    return made


def bill_payment(one: Whole) -> Shaped:
    """A payment of bills, which is read and compared, and never written. Raises `Malformed`."""
    row, applications = one.row, _applications(one)
    total = -one.total
    told = near_money(row, "paymentamountunused", one.notes)
    applied = sum((application["amount"] for application in applications), ZERO)
    body = {
        **_header(one),
        "paid_on": day(row, "trandate"),
        "method": text(row, "type"),
        "total": total,
        "unapplied": total - applied if told is None else told,
        "vendor_id": text(row, "entity"),
        "vendor_name": text(row, "entityname"),
        "bank_account": text(row, "account"),
        "check_number": text(row, "tranid"),
        "memo": text(row, "memo"),
        "canceled_on": None,
        "applications": applications,
    }
    settled = [[application[name] for name in ("document_id", "amount")] for application in applications]
    return Shaped("ap_payment", body, [*_moving(body, "paid_on", "total", "currency", "vendor_id", "active"), settled])


# --- the ledger -------------------------------------------------------------------------------------------------------


def journal(one: Whole) -> Shaped:
    """A journal entry. Raises `Malformed` for one whose lines do not add up to zero."""
    row, lines = one.row, _journal_lines(one)
    amounts = [line["amount"] for line in lines]
    if sum(amounts, ZERO):
        raise Malformed(f"the lines add up to {sum(amounts, ZERO)}, not to zero")
    body = {
        **_header(one),
        "journal_date": day(row, "trandate"),
        "period": text(row, "postingperiod"),
        "description": text(row, "memo"),
        "total": sum((amount for amount in amounts if amount > 0), ZERO),
        "lines": lines,
    }
    booked: Sequence[Any] = [[line[name] for name in ("line_id", "account", "amount")] for line in lines]
    return Shaped("journal", body, [*_moving(body, "journal_date", "total", "currency", "active"), booked])


def _journal_lines(one: Whole) -> list[dict[str, Any]]:
    rows = [*([one.main] if one.main else []), *one.lines, *one.taxes]
    return [
        {
            "line_id": text(row, "id"),
            "account": text(row, "account"),
            "dimensions": dimensions(row),
            "amount": money_or_zero(row, "foreignamount"),
            "description": text(row, "memo"),
        }
        for row in sorted(rows, key=lambda row: int(required_number(row)))
    ]


def required_number(row: Row) -> str:
    """The number of a line within its document. Raises `Malformed`."""
    found = text(row, "id")
    if whole(found) is None:
        raise Malformed(f"line {found[:20]!r} has no number")
    return found


def _line_id(row: Row) -> str:
    """The id of a line in the whole account: document and line."""
    return f"{required_id(row, 'transaction')}/{required_number(row)}"
