"""The present state of the site in our own words, for checkers: `GET /__sim__/documents?kind=Journal`."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from runtime.simulator.records import Row
from systems.peoplesoft.simulator.definitions import CHARTFIELDS
from systems.peoplesoft.simulator.site import JOURNAL, KINDS, STAGED, VENDOR, VOUCHER, Site, cents, ref_of

_JOURNAL = (
    "business_unit=BUSINESS_UNIT number=JOURNAL_ID description=DESCR254 human_number=DESCR currency=CURRENCY_CD date=JOURNAL_DATE"
)
_VOUCHER = (
    "business_unit=BUSINESS_UNIT number=VOUCHER_ID description=DESCR254_MIXED human_number=INVOICE_ID currency=TXN_CURRENCY_CD"
)


def documents(site: Site, kind: str) -> list[dict[str, Any]]:
    """Every row of a kind; amounts are decimal texts, dates ISO."""
    if kind not in KINDS:
        raise ValueError(f"no kind {kind!r}; known: {', '.join(KINDS)}")
    show = {JOURNAL: _journal, VOUCHER: _voucher, STAGED: _staged, VENDOR: _vendor}.get(kind, dict)
    return [show(row) for row in site.rows(kind)]


def _shown(columns: str, row: Row) -> dict[str, Any]:
    """The columns of a row under our own names: `number=JOURNAL_ID`."""
    return {name: row[column] for name, column in (pair.split("=") for pair in columns.split())}


def _line(row: Row, description: str, names: tuple[str, ...] = CHARTFIELDS, amount: str = "MONETARY_AMOUNT") -> dict[str, Any]:
    return {"amount": cents(row[amount]), "description": description, **{name: row[name] for name in names if row.get(name)}}


def _journal(row: Row) -> dict[str, Any]:
    return _shown(f"{_JOURNAL} status=JRNL_HDR_STATUS error=ERROR_TEXT", row) | {
        "id": "/".join((row["BUSINESS_UNIT"], row["JOURNAL_ID"], row["JOURNAL_DATE"], row["UNPOST_SEQ"])),
        "type": "Journal",
        "ref": ref_of(JOURNAL, row),
        "amount": cents(row["JRNL_TOTAL_DEBITS"]),
        "credits": cents(row["JRNL_TOT_CREDITS"]),
        "posted": row["JRNL_HDR_STATUS"] == "P",
        "lines": [_line(line, line.get("LINE_DESCR", "")) for line in row["JRNL_LN"]],
    }


def _voucher(row: Row) -> dict[str, Any]:
    names = ("BUSINESS_UNIT_GL", *CHARTFIELDS)
    lines = [(line.get("DESCR", ""), one) for line in row["VCHR_LINE"] for one in line["VCHR_DIST"]]
    return _shown(f"{_VOUCHER} date=INVOICE_DT status=ENTRY_STATUS approval=APPR_STATUS error=ERROR_TEXT", row) | {
        "id": f"{row['BUSINESS_UNIT']}/{row['VOUCHER_ID']}",
        "type": "Voucher",
        "style": row["VOUCHER_STYLE"],
        "related": row.get("VOUCHER_ID_RELATED", ""),
        "ref": ref_of(VOUCHER, row),
        "party": f"{row['VENDOR_SETID']}/{row['VENDOR_ID']}",
        "amount": cents(row["GROSS_AMT"]),
        "posted": row["POST_STATUS_AP"] == "P",
        "lines": [_line(one, description, names, "MERCHANDISE_AMT") for description, one in lines],
    }


def _staged(row: Row) -> dict[str, Any]:
    return {
        "id": row.get("VCHR_BLD_KEY_C1", ""),
        "type": "Staged",
        "business_unit": row.get("BUSINESS_UNIT", ""),
        "number": row.get("BUILT_ID", ""),
        "ref": ref_of(STAGED, row),
        "amount": cents(str(row.get("GROSS_AMT") or Decimal(0))),
        "date": row.get("INVOICE_DT", ""),
        "status": row["BUILD_STATUS"],
        "posted": False,
        "error": row["ERROR_TEXT"],
    }


def _vendor(row: Row) -> dict[str, Any]:
    return {
        "id": f"{row['SETID']}/{row['VENDOR_ID']}",
        "type": "Vendor",
        "name": " ".join(f"{row['NAME1']} {row['NAME2']}".split()),
        **row,
    }
