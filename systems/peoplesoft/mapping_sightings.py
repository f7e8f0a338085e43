"""What is seen in PeopleSoft, in our own words: vendors, accounts, ChartFields, business units, periods. Pure.

A raw record is one row of a query. Source of the column names: SYSTEM.md, the site's contract. A vendor's class and status are part of its record,
and the mapping to commands decides which vendors go further. Rows that take effect after the day of reading are planned, not in force, and are
ignored. Documents are read if they carry our ref, with all of their lines. Vendors have PeopleSoft as their origin.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from runtime.errors import Malformed
from runtime.json import parse
from schemas.records import BillLine, Raw
from systems.mapped import Canonical, Fetch, Filtered, Normalised, Reading, settings_of
from systems.peoplesoft.compare import ref_in
from systems.peoplesoft.dating import is_active, is_in_force
from systems.peoplesoft.resources import CHARTFIELDS
from systems.peoplesoft.rows import Row, amount, day, row_of, text
from systems.peoplesoft.settings import Settings
from systems.sightings import Sighting, canonical, formless, untold
from systems.values.instants import local_day

SYSTEM = "peoplesoft"
_KINDS = {"A": "Asset", "L": "Liability", "Q": "Equity", "R": "Income", "E": "Expense"}
"""ACCOUNT_TYPE (meanings assumed)."""

_UNPOSTED = ("D", "U")
"""JRNL_HDR_STATUS of a journal that is marked for deletion or for unposting (assumed)."""

Shaped = tuple[str, dict[str, Any]]
"""Canonical entity and its fields."""


def sightings(raw: Raw, reading: Reading) -> Sequence[Normalised]:
    """What follows from one raw record. Raises `Malformed` if it cannot be read."""
    settings = settings_of(reading.settings, Settings, SYSTEM)
    if raw["shape"] == "hint":
        return [Fetch(raw["entity"], raw["source_id"], "hint")]
    row = row_of(parse(raw["body"]))
    if raw["entity"] in _WITH_LINES:
        rows = [row, *(row_of(parse(one)) for one in raw.get("further", ()))]
        return [_document(raw["entity"], rows, reading, local_day(raw["received_at"], settings.database_zone))]
    shape = _SHAPES.get(raw["entity"])
    if shape is None:
        return [formless(SYSTEM, raw["entity"])]
    read_on = local_day(raw["received_at"], settings.database_zone)
    if not is_in_force(row, read_on):
        return [Filtered(f"{SYSTEM} {raw['entity']} {raw['source_id']}: its row begins on {text(row, 'EFFDT')}, after it was read")]
    entity, body = shape(row)
    return [canonical(entity, body, None, Sighting(SYSTEM, reading.connection, _version(row, read_on)))]


def _document(entity: str, rows: Sequence[Row], reading: Reading, read_on: date) -> Canonical:
    body = _WITH_LINES[entity](rows)
    moving = [body[name] for name in ("total", "currency", "period", "lines")]
    return canonical(entity, body, moving, Sighting(SYSTEM, reading.connection, _version(rows[0], read_on)))


def _version(row: Row, read_on: date) -> str:
    """The day of the last change. A future day counts as the day of reading, because nothing later could replace it otherwise."""
    changed = day(row, "LAST_MODIFIED_DATE") if "LAST_MODIFIED_DATE" in row else None
    return min(changed, read_on).isoformat() if changed is not None else ""


def _required(row: Row, name: str) -> str:
    found = text(row, name)
    if not found:
        raise Malformed(f"{SYSTEM}: {name} is empty")
    return found


def _vendor(row: Row) -> Shaped:
    code, status = _required(row, "VENDOR_ID"), text(row, "VENDOR_STATUS")
    name = _required(row, "NAME1")
    return "vendor", {
        "source_id": f"{_required(row, 'SETID')}/{code}",
        "number": code,
        "status": status,
        "active": status == "A",
        "code": code,
        "name": name,
        "legal_name": " ".join(part for part in (name, text(row, "NAME2")) if part),
        "kind": text(row, "VENDOR_CLASS"),
        "payment_term_id": text(row, "PYMNT_TERMS_CD"),
        "external_ref": text(row, "VENDOR_NAME_SHORT"),
        "street": text(row, "ADDRESS1"),
        "unit": text(row, "ADDRESS2"),
        "city": text(row, "CITY"),
        "state": text(row, "STATE"),
        "zip": text(row, "POSTAL"),
        "country": text(row, "COUNTRY"),
        "phone": text(row, "PHONE"),
        "email": text(row, "EMAILID"),
    }


def _account(row: Row) -> Shaped:
    code, kind = _required(row, "ACCOUNT"), text(row, "ACCOUNT_TYPE")
    return "gl_account", _dated(row, code, f"{_required(row, 'SETID')}/{code}") | {"kind": _KINDS.get(kind, kind)}


def _chartfield(row: Row) -> Shaped:
    code, kind = _required(row, "VALUE"), _required(row, "FIELDNAME")
    return "dimension", _dated(row, code, f"{kind}/{_required(row, 'SETID')}/{code}") | {"kind": kind}


def _dated(row: Row, code: str, source_id: str) -> dict[str, Any]:
    return {
        "source_id": source_id,
        "number": code,
        "code": code,
        "description": text(row, "DESCR"),
        "status": text(row, "EFF_STATUS"),
        "active": is_active(row),
    }


def _business_unit(row: Row) -> Shaped:
    code, kind = _required(row, "BUSINESS_UNIT"), _required(row, "KIND")
    return "business_unit", {
        "source_id": f"{kind}/{code}",
        "number": code,
        "name": text(row, "DESCR") or code,
        "division": kind,
        "currency": text(row, "BASE_CURRENCY"),
    }


def _period(row: Row) -> Shaped:
    """A period of one business unit. Receivables are booked by journals here, so they are open while the ledger is."""
    unit = _required(row, "BUSINESS_UNIT")
    code = f"{unit}/{_required(row, 'FISCAL_YEAR')}-{_required(row, 'ACCOUNTING_PERIOD')}"
    ledger, payable = (_flag(row, name) for name in ("OPEN_GL", "OPEN_AP"))
    return "period", {
        "source_id": f"{unit}/{_required(row, 'PERIOD_KEY')}",
        "number": code,
        "code": code,
        "status": "open" if ledger and payable else "closed" if not ledger and not payable else "partly open",
        "starts_on": day(row, "BEGIN_DT"),
        "ends_on": day(row, "END_DT"),
        "open_receivable": ledger,
        "open_payable": payable,
        "open_ledger": ledger,
    }


def _flag(row: Row, name: str) -> bool:
    found = text(row, name)
    if found not in ("Y", "N"):
        raise Malformed(f"{SYSTEM}: {name} is neither Y nor N: {found[:20]!r}")
    return found == "Y"


def _journal(rows: Sequence[Row]) -> dict[str, Any]:
    """A journal from its lines; its amount is the sum of its debits."""
    row, keys = rows[0], ("BUSINESS_UNIT", "JOURNAL_ID", "JOURNAL_DATE", "UNPOST_SEQ")
    lines = [_ledger_line(one, "MONETARY_AMOUNT", "JOURNAL_LINE") for one in rows]
    return {
        "source_id": "/".join(_required(row, name) for name in keys),
        "number": _required(row, "JOURNAL_ID"),
        "status": text(row, "JRNL_HDR_STATUS"),
        "active": text(row, "JRNL_HDR_STATUS") not in _UNPOSTED,
        "origin_ref": ref_in(row, "DESCR254") or None,
        "business_unit_id": _required(row, "BUSINESS_UNIT"),
        "journal_date": day(row, "JOURNAL_DATE"),
        "period": _period_code(row),
        "description": text(row, "DESCR254"),
        "total": sum((one["amount"] for one in lines if one["amount"] > 0), Decimal(0)),
        "currency": _required(row, "CURRENCY_CD"),
        "lines": [{**one, "description": ""} for one in lines],
    }


def _voucher(rows: Sequence[Row]) -> dict[str, Any]:
    """A voucher from its distribution lines. ENTRY_STATUS X is a deleted voucher."""
    row, total = rows[0], _cents(rows[0], "GROSS_AMT")
    parts = {**untold(BillLine), "quantity": Decimal(0), "unit_cost": Decimal(0)}
    lines = [_ledger_line(one, "MERCHANDISE_AMT", "VOUCHER_LINE_NUM") for one in rows]
    return {
        "source_id": f"{_required(row, 'BUSINESS_UNIT')}/{_required(row, 'VOUCHER_ID')}",
        "number": _required(row, "VOUCHER_ID"),
        "status": text(row, "ENTRY_STATUS"),
        "active": text(row, "ENTRY_STATUS") != "X",
        "origin_ref": ref_in(row, "DESCR254_MIXED") or ref_in(row, "USER_VCHR_CHAR1") or None,
        "vendor_number": text(row, "INVOICE_ID"),
        "vendor_id": f"{text(row, 'VENDOR_SETID')}/{text(row, 'VENDOR_ID')}",
        "bill_date": day(row, "INVOICE_DT"),
        "due_date": None,
        "canceled_on": None,
        "do_not_pay": False,
        "period": _period_code(row),
        **dict.fromkeys(("tax", "shipping", "other"), Decimal(0)),
        "subtotal": total,
        "total": total,
        "currency": _required(row, "TXN_CURRENCY_CD"),
        "lines": [parts | {"gl_account": one.pop("account"), **one} for one in lines],
    }


def _ledger_line(row: Row, name: str, number: str) -> dict[str, Any]:
    dimensions = {field: code for field in CHARTFIELDS if (code := text(row, field))}
    return {"line_id": text(row, number), "account": text(row, "ACCOUNT"), "dimensions": dimensions, "amount": _cents(row, name)}


def _cents(row: Row, name: str) -> Decimal:
    """An amount, rounded to the places of our records. Money in cents never uses the database's third place."""
    return amount(row, name).quantize(Decimal("0.0001"))


def _period_code(row: Row) -> str:
    """The code of a period, as `_period` makes it; "" if it cannot be read."""
    year, number = text(row, "FISCAL_YEAR"), text(row, "ACCOUNTING_PERIOD")
    return f"{text(row, 'BUSINESS_UNIT')}/{year}-{number}" if year and number and number != "0" else ""


_WITH_LINES: dict[str, Callable[[Sequence[Row]], dict[str, Any]]] = {"journal": _journal, "bill": _voucher}
_SHAPES: dict[str, Callable[[Row], Shaped]] = {
    "vendor": _vendor,
    "gl_account": _account,
    "chartfield": _chartfield,
    "business_unit": _business_unit,
    "period": _period,
}
