"""The present state of the site in words of our own, for checkers: `GET /__sim__/documents?kind=Journal`."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from runtime.simulator.records import Row
from systems.peoplesoft.simulator.definitions import CHARTFIELDS
from systems.peoplesoft.simulator.site import JOURNAL, KINDS, STAGED, VENDOR, VOUCHER, Site, cents, ref_of


def documents(site: Site, kind: str) -> list[dict[str, Any]]:
    """Every row of a kind; amounts are decimal texts, dates ISO."""
    if kind not in KINDS:
        raise ValueError(f"no kind {kind!r}; known: {', '.join(KINDS)}")
    show = {JOURNAL: _journal, VOUCHER: _voucher, STAGED: _staged, VENDOR: _vendor}.get(kind, dict)
    return [show(row) for row in site.rows(kind)]


def _journal(row: Row) -> dict[str, Any]:
    return {
        "id": "/".join((row["BUSINESS_UNIT"], row["JOURNAL_ID"], row["JOURNAL_DATE"], row["UNPOST_SEQ"])),
        "type": "Journal",
        "business_unit": row["BUSINESS_UNIT"],
        "number": row["JOURNAL_ID"],
        "ref": ref_of(JOURNAL, row),
        "description": row["DESCR254"],
        "human_number": row["DESCR"],
        "amount": cents(row["JRNL_TOTAL_DEBITS"]),
        "credits": cents(row["JRNL_TOT_CREDITS"]),
        "currency": row["CURRENCY_CD"],
        "date": row["JOURNAL_DATE"],
        "status": row["JRNL_HDR_STATUS"],
        "posted": row["JRNL_HDR_STATUS"] == "P",
        "error": row["ERROR_TEXT"],
        "lines": [_journal_line(line) for line in row["JRNL_LN"]],
    }


def _journal_line(line: Row) -> dict[str, Any]:
    fields = {name: line[name] for name in CHARTFIELDS if line.get(name)}
    return {"amount": cents(line["MONETARY_AMOUNT"]), "description": line.get("LINE_DESCR", ""), **fields}


def _voucher(row: Row) -> dict[str, Any]:
    return {
        "id": f"{row['BUSINESS_UNIT']}/{row['VOUCHER_ID']}",
        "type": "Voucher",
        "business_unit": row["BUSINESS_UNIT"],
        "number": row["VOUCHER_ID"],
        "ref": ref_of(VOUCHER, row),
        "description": row["DESCR254_MIXED"],
        "human_number": row["INVOICE_ID"],
        "party": f"{row['VENDOR_SETID']}/{row['VENDOR_ID']}",
        "amount": cents(row["GROSS_AMT"]),
        "currency": row["TXN_CURRENCY_CD"],
        "date": row["INVOICE_DT"],
        "status": row["ENTRY_STATUS"],
        "approval": row["APPR_STATUS"],
        "posted": row["POST_STATUS_AP"] == "P",
        "error": row["ERROR_TEXT"],
        "lines": [_distribution(line, one) for line in row["VCHR_LINE"] for one in line["VCHR_DIST"]],
    }


def _distribution(line: Row, row: Row) -> dict[str, Any]:
    fields = {name: row[name] for name in ("BUSINESS_UNIT_GL", *CHARTFIELDS) if row.get(name)}
    return {"amount": cents(row["MERCHANDISE_AMT"]), "description": line.get("DESCR", ""), **fields}


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
