"""Payables vouchers: what Create and Voucher Build require, duplicate invoices, and voucher posting.

Sources: PeopleBooks (pre-edit errors; VOUCHER_STYLE REG, VOUCHER_ID NEXT), public clients (zero-filled VENDOR_ID; own VOUCHER_ID);
statuses, totals and the duplicate check (vendor, invoice, date, business unit, gross amount) as remembered. Refusals of set 7030: assumed.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from runtime.simulator.records import Change, Row
from systems.peoplesoft.simulator import related
from systems.peoplesoft.simulator.answers import NO_ERROR, Message, Refused
from systems.peoplesoft.simulator.controls import chartfield_problems, invalid, period_of, required, unit_of
from systems.peoplesoft.simulator.definitions import VOUCHER as DEFINITION
from systems.peoplesoft.simulator.journals import exists
from systems.peoplesoft.simulator.seed.books import LOCATIONS, ORIGINS, TERMS
from systems.peoplesoft.simulator.site import VENDOR, VOUCHER, Site

_ID = re.compile(r"[A-Z0-9]{8}")
_SAME = ("BUSINESS_UNIT", "VENDOR_SETID", "VENDOR_ID", "INVOICE_ID", "INVOICE_DT", "GROSS_AMT")


def key_of(row: Row) -> str:
    """BUSINESS_UNIT/VOUCHER_ID."""
    return f"{row['BUSINESS_UNIT']}/{row['VOUCHER_ID']}"


def create(site: Site, sent: Row, request_id: str, detail: str = "") -> Row:
    """Save a new voucher; raises `Refused`. A duplicate invoice is recycled, refused or accepted, depending on the site's setting."""
    row = defaulted(site, sent)
    if site.get(VOUCHER, key_of(row)) is not None:
        raise exists(site.settings.voucher_interface)
    problems = header_problems(site, row) + edit_problems(site, row)
    problems = [message for place, message in enumerate(problems) if message not in problems[:place]]
    twin, action = twin_of(site, row), site.settings.dup_invoice_action
    if twin and action == "REJECT":
        problems.append(duplicate(twin))
    if problems:
        raise Refused(*problems)
    if twin and action == "RECYCLE":
        row |= {"ENTRY_STATUS": "R"} | duplicate(twin).columns
    if row["VOUCHER_ID"] == "NEXT":
        row["VOUCHER_ID"] = site.number("VOUCHER_ID", 8)
    site.commit([Change(VOUCHER, key_of(row), row, "create", detail)], request_id)
    return row


def defaulted(site: Site, sent: Row) -> Row:
    """The voucher with its defaults: currency, vendor's terms and location, line and distribution numbers, statuses."""
    row: Row = {field.name: "" for field in DEFINITION.shape.fields} | sent
    unit = unit_of(site, row["BUSINESS_UNIT"], "AP") or {}
    vendor = site.get(VENDOR, f"{row['VENDOR_SETID']}/{row['VENDOR_ID']}") or {}
    fallback = {
        "VOUCHER_STYLE": "REG",
        "TXN_CURRENCY_CD": unit.get("BASE_CURRENCY", ""),
        "VNDR_LOC": vendor.get("DEFAULT_LOC", ""),
        "PYMNT_TERMS_CD": vendor.get("PYMNT_TERMS_CD", ""),
        "ACCOUNTING_DT": row["INVOICE_DT"],
        "ORIGIN": "ONL",
    }
    row |= {name: row[name] or value for name, value in fallback.items()}
    lines = []
    for number, line in enumerate(row.get("VCHR_LINE", []), 1):
        rows = [
            {"BUSINESS_UNIT_GL": unit.get("BUSINESS_UNIT_GL", "")}
            | one
            | {"DISTRIB_LINE_NUM": _whole(one, "DISTRIB_LINE_NUM", place)}
            for place, one in enumerate(line.get("VCHR_DIST", []), 1)
        ]
        lines.append(line | {"VOUCHER_LINE_NUM": _whole(line, "VOUCHER_LINE_NUM", number), "VCHR_DIST": rows})
    row["VCHR_LINE"] = lines
    approval = "P" if site.settings.voucher_approval else "A"
    statuses = {"ENTRY_STATUS": "P", "POST_STATUS_AP": "U", "APPR_STATUS": approval, "CLOSE_STATUS": "O"}
    return row | statuses | NO_ERROR


def _whole(row: Row, name: str, place: int) -> str:
    return str(int(Decimal(row.get(name) or place)))


def header_problems(site: Site, row: Row) -> list[Message]:
    """The pre-edits: business unit, voucher id, supplier, location, invoice, origin, terms, and that there are lines."""
    found: list[Message] = []
    if unit_of(site, row["BUSINESS_UNIT"], "AP") is None:
        found.append(invalid("BUSINESS_UNIT", row["BUSINESS_UNIT"]))
    if row["VOUCHER_ID"] != "NEXT" and not _ID.fullmatch(row["VOUCHER_ID"]):
        found.append(invalid("VOUCHER_ID", row["VOUCHER_ID"]))
    vendor = site.get(VENDOR, f"{row['VENDOR_SETID']}/{row['VENDOR_ID']}")
    if vendor is None or vendor["VENDOR_STATUS"] != "A":
        found.append(Message(7030, 22, "Invalid supplier.", f"VENDOR_ID {row['VENDOR_ID']}"))
    elif not row["VNDR_LOC"]:
        found.append(Message(7030, 23, "The supplier has no default location.", "VNDR_LOC"))
    elif row["VNDR_LOC"] not in LOCATIONS:
        found.append(Message(7030, 24, "Invalid supplier location.", f"VNDR_LOC {row['VNDR_LOC']}"))
    found += [required(name) for name in ("INVOICE_ID", "INVOICE_DT", "GROSS_AMT") if not row[name]]
    if row["ORIGIN"] not in ORIGINS:
        found.append(invalid("ORIGIN", row["ORIGIN"]))
    if row["PYMNT_TERMS_CD"] and row["PYMNT_TERMS_CD"] not in TERMS:
        found.append(invalid("PYMNT_TERMS_CD", row["PYMNT_TERMS_CD"]))
    found += related.problems(site, row)
    if not row["VCHR_LINE"] or not all(line["VCHR_DIST"] for line in row["VCHR_LINE"]):
        found.append(Message(7030, 30, "A voucher line or distribution is missing.", "VCHR_LINE"))
    return found


def edit_problems(site: Site, row: Row) -> list[Message]:
    """The edits: period, currency, totals, chartfields of each distribution in force on the accounting date."""
    unit, day = row["BUSINESS_UNIT"], row["ACCOUNTING_DT"]
    found: list[Message] = []
    period = period_of(site, unit, day)
    if period is None or period["OPEN_AP"] != "Y":
        found.append(
            Message(7030, 54, f"Accounting date {day} is not within an open period of business unit {unit}.", "ACCOUNTING_DT")
        )
    base = (unit_of(site, unit, "AP") or {}).get("BASE_CURRENCY", "")
    if row["TXN_CURRENCY_CD"] != base:
        found.append(Message(7030, 60, f"Currency {row['TXN_CURRENCY_CD']} is not the base currency {base}.", "TXN_CURRENCY_CD"))
    charges = sum((_amount(row, name) for name in ("SALETX_AMT", "FREIGHT_AMT", "MISC_AMT")), Decimal(0))
    lines = sum((_amount(line, "MERCHANDISE_AMT") for line in row["VCHR_LINE"]), Decimal(0))
    if lines + charges != _amount(row, "GROSS_AMT"):
        found.append(
            Message(
                7030, 200, f"Gross amount {row['GROSS_AMT']} is not the sum of lines and charges {lines + charges}.", "GROSS_AMT"
            )
        )
    for place, line in enumerate(row["VCHR_LINE"], 1):
        found += _line_problems(site, day, line, f"VCHR_LINE({place})")
    return found


def _line_problems(site: Site, day: str, line: Row, where: str) -> list[Message]:
    rows = line["VCHR_DIST"]
    found: list[Message] = []
    if sum((_amount(one, "MERCHANDISE_AMT") for one in rows), Decimal(0)) != _amount(line, "MERCHANDISE_AMT"):
        found.append(Message(7030, 201, "The distributions of a line are not its amount.", where))
    for place, one in enumerate(rows, 1):
        at = f"{where}.VCHR_DIST({place})"
        if unit_of(site, one["BUSINESS_UNIT_GL"], "GL") is None:
            found.append(invalid(f"{at}.BUSINESS_UNIT_GL", one["BUSINESS_UNIT_GL"]))
        else:
            found += chartfield_problems(site, one["BUSINESS_UNIT_GL"], day, one, at)
    return found


def _amount(row: Row, name: str) -> Decimal:
    return Decimal(row.get(name) or 0)


def same_invoice(left: Row, right: Row) -> bool:
    """Whether the duplicate check considers the two to be one invoice."""
    return all(_comparable(left, name) == _comparable(right, name) for name in _SAME)


def _comparable(row: Row, name: str) -> Any:
    return _amount(row, name) if name == "GROSS_AMT" else row[name]


def twin_of(site: Site, row: Row) -> Row | None:
    """An existing voucher of the same invoice, except deleted ones. A voucher with its own key is itself and not a twin."""
    for held in site.rows(VOUCHER):
        if held["ENTRY_STATUS"] != "X" and key_of(held) != key_of(row) and same_invoice(held, row):
            return held
    return None


def duplicate(twin: Row) -> Message:
    """The message of the duplicate check."""
    return Message(
        7030, 420, f"Duplicate invoice: voucher {key_of(twin)} has the same supplier, invoice, date and amount.", "INVOICE_ID"
    )


def batch(site: Site) -> int:
    """Voucher posting: approved, postable vouchers become posted; returns how many."""
    changes = [
        Change(VOUCHER, key_of(row), row | {"POST_STATUS_AP": "P"}, "post")
        for row in site.rows(VOUCHER)
        if (row["ENTRY_STATUS"], row["POST_STATUS_AP"], row["APPR_STATUS"]) == ("P", "U", "A")
        and (period_of(site, row["BUSINESS_UNIT"], row["ACCOUNTING_DT"]) or {}).get("OPEN_AP") == "Y"
    ]
    site.commit(changes)
    return len(changes)
