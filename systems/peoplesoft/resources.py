"""What is read from a PeopleSoft site: our public queries with their prompts and columns, and the feeds that walk them. Pure.

Source: the site's contract in SYSTEM.md; the definitions to install are in `install/queries`. Field names and lengths are those of the records; names
of queries are assumed. Vendors are walked by the day of their last change with a day of overlap, because the column has no time, and once a day in
full, because a change of an address or location alone may not move that day (assumed). Documents that carry our ref are walked in the same way, with
their lines, so that `reconcile` sees their state. Everything else is walked in full.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from runtime.errors import Broken
from systems.contract import Feed
from systems.peoplesoft.query import ResultPage
from systems.peoplesoft.rows import Torn


def _columns(names: str) -> tuple[str, ...]:
    return tuple(names.split())


VENDOR_COLUMNS = _columns(
    "SETID VENDOR_ID VENDOR_NAME_SHORT NAME1 NAME2 VENDOR_STATUS VENDOR_CLASS DEFAULT_LOC PYMNT_TERMS_CD ADDRESS1 ADDRESS2 CITY STATE"
    " POSTAL COUNTRY PHONE EMAILID LAST_MODIFIED_DATE"
)
_VOUCHER_COLUMNS = _columns(
    "BUSINESS_UNIT VOUCHER_ID INVOICE_ID INVOICE_DT VENDOR_SETID VENDOR_ID GROSS_AMT TXN_CURRENCY_CD ENTRY_STATUS POST_STATUS_AP"
    " APPR_STATUS CLOSE_STATUS PAID_AMT DESCR254_MIXED USER_VCHR_CHAR1"
)
_CHANGED = _columns("BUSINESS_UNIT CHANGED_FROM CHANGED_TO LAST_KEY")
_LINE = (
    " FISCAL_YEAR ACCOUNTING_PERIOD ACCOUNT DEPTID OPERATING_UNIT PRODUCT FUND_CODE CLASS_FLD PROGRAM_CODE PROJECT_ID ACTIVITY_ID"
    " LAST_MODIFIED_DATE"
)
_JOURNAL_LINES = _columns(
    "BUSINESS_UNIT JOURNAL_ID JOURNAL_DATE UNPOST_SEQ JOURNAL_KEY JRNL_HDR_STATUS CURRENCY_CD DESCR DESCR254 JOURNAL_LINE MONETARY_AMOUNT"
    + _LINE
)
_VOUCHER_LINES = _columns(
    "BUSINESS_UNIT VOUCHER_ID INVOICE_ID INVOICE_DT VENDOR_SETID VENDOR_ID GROSS_AMT TXN_CURRENCY_CD ENTRY_STATUS DESCR254_MIXED"
    " USER_VCHR_CHAR1 VOUCHER_LINE_NUM DISTRIB_LINE_NUM MERCHANDISE_AMT" + _LINE
)
CHARTFIELDS = ("DEPTID", "OPERATING_UNIT", "PRODUCT", "FUND_CODE", "CLASS_FLD", "PROGRAM_CODE", "PROJECT_ID", "ACTIVITY_ID")
"""ChartFields besides ACCOUNT that our documents carry."""


@dataclass(frozen=True)
class Query:
    """A public query: its prompts in order, its columns, and the column by which it is ordered and paged, which is that of the last prompt ("" = not
    paged). If rows take effect on an EFFDT, the query shows the one in force at its AS_OF."""

    prompts: tuple[str, ...]
    columns: tuple[str, ...]
    key: str = ""


QUERIES: Mapping[str, Query] = {
    "VENDORS": Query(("SETID", "CHANGED_FROM", "CHANGED_TO", "LAST_VENDOR_ID"), VENDOR_COLUMNS, "VENDOR_ID"),
    "VENDOR": Query(("SETID", "VENDOR_ID"), VENDOR_COLUMNS),
    "GL_ACCOUNTS": Query(
        ("SETID", "AS_OF", "LAST_ACCOUNT"), ("SETID", "ACCOUNT", "EFFDT", "EFF_STATUS", "DESCR", "ACCOUNT_TYPE"), "ACCOUNT"
    ),
    "CHARTFIELDS": Query(
        ("SETID", "AS_OF", "FIELDNAME", "LAST_VALUE"), ("SETID", "FIELDNAME", "VALUE", "EFFDT", "EFF_STATUS", "DESCR"), "VALUE"
    ),
    "BUSINESS_UNITS": Query(("LAST_BUSINESS_UNIT",), ("BUSINESS_UNIT", "DESCR", "BASE_CURRENCY", "KIND"), "BUSINESS_UNIT"),
    "PERIODS": Query(
        ("BUSINESS_UNIT", "LAST_KEY"),
        ("BUSINESS_UNIT", "FISCAL_YEAR", "ACCOUNTING_PERIOD", "BEGIN_DT", "END_DT", "OPEN_GL", "OPEN_AP", "PERIOD_KEY"),
        "PERIOD_KEY",
    ),
    "JOURNALS": Query(
        ("BUSINESS_UNIT", "REF"),
        _columns(
            "BUSINESS_UNIT JOURNAL_ID JOURNAL_DATE UNPOST_SEQ JRNL_HDR_STATUS CURRENCY_CD JRNL_TOTAL_LINES JRNL_TOTAL_DEBITS"
            " JRNL_TOT_CREDITS DESCR DESCR254 ERROR_SET ERROR_NBR ERROR_TEXT"
        ),
    ),
    "JOURNAL_LINES": Query(_CHANGED, _JOURNAL_LINES, "JOURNAL_KEY"),
    "JOURNAL_SUSPECTS": Query(
        ("BUSINESS_UNIT", "JOURNAL_DATE", "ACCOUNT", "MONETARY_AMOUNT"),
        _columns(
            "BUSINESS_UNIT JOURNAL_ID JOURNAL_DATE UNPOST_SEQ JRNL_HDR_STATUS SOURCE CURRENCY_CD DESCR254 JOURNAL_LINE ACCOUNT MONETARY_AMOUNT"
        ),
    ),
    "VOUCHERS": Query(("BUSINESS_UNIT", "REF"), _VOUCHER_COLUMNS),
    "VOUCHER_LINES": Query(_CHANGED, _VOUCHER_LINES, "VOUCHER_ID"),
    "SUSPECTS": Query(("BUSINESS_UNIT", "VENDOR_SETID", "VENDOR_ID", "INVOICE_DT", "GROSS_AMT"), _VOUCHER_COLUMNS),
    "STAGED": Query(
        ("BUSINESS_UNIT", "REF"),
        ("BUSINESS_UNIT", "VCHR_BLD_KEY_C1", "VOUCHER_ID", "GROSS_AMT", "BUILD_STATUS", "ERROR_SET", "ERROR_NBR", "ERROR_TEXT"),
    ),
    "SERVICE_OPERATIONS": Query(
        ("LAST_NAME",),
        ("IB_OPERATIONNAME", "IB_SERVICENAME", "VERSION_STATUS", "ROUTING_STATUS", "HANDLER_STATUS"),
        "IB_OPERATIONNAME",
    ),
    "PERMISSIONS": Query(("OPRID", "LAST_NAME"), ("OBJECT_NAME", "OBJECT_KIND", "AUTHORIZED"), "OBJECT_NAME"),
    "OPTIONS": Query(("BUSINESS_UNIT",), ("BUSINESS_UNIT", "DUP_INVOICE_ACTION", "JOURNAL_POST")),
}

OVERLAP = timedelta(days=1)
_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)
_QUARTER = timedelta(minutes=15)


@dataclass(frozen=True)
class Walked:
    """What a feed walks: a query, and the prompt whose values are walked one after the other ("" = none). A row must contain the value that was asked
    for.
    `ids` are the columns of a source id."""

    query: str
    part: str
    ids: tuple[str, ...]
    has_lines: bool = False
    """Whether a document has one row for each of its lines; all its rows are then one element."""


FEED_QUERIES: Mapping[str, Walked] = {
    "vendors": Walked("VENDORS", "SETID", ("SETID", "VENDOR_ID")),
    "all_vendors": Walked("VENDORS", "SETID", ("SETID", "VENDOR_ID")),
    "gl_accounts": Walked("GL_ACCOUNTS", "SETID", ("SETID", "ACCOUNT")),
    "chartfields": Walked("CHARTFIELDS", "FIELDNAME", ("SETID", "FIELDNAME", "VALUE")),
    "business_units": Walked("BUSINESS_UNITS", "", ("KIND", "BUSINESS_UNIT")),
    "periods": Walked("PERIODS", "BUSINESS_UNIT", ("BUSINESS_UNIT", "PERIOD_KEY")),
    "journals": Walked("JOURNAL_LINES", "BUSINESS_UNIT", ("BUSINESS_UNIT", "JOURNAL_ID", "JOURNAL_DATE", "UNPOST_SEQ"), True),
    "vouchers": Walked("VOUCHER_LINES", "BUSINESS_UNIT", ("BUSINESS_UNIT", "VOUCHER_ID"), True),
}

FEEDS: tuple[Feed, ...] = (
    Feed("vendors", "vendor", "window", "object", _QUARTER, OVERLAP),
    Feed("all_vendors", "vendor", "full", "object", _DAY),
    Feed("gl_accounts", "gl_account", "full", "object", _HOUR),
    Feed("chartfields", "chartfield", "full", "object", _HOUR),
    Feed("business_units", "business_unit", "full", "object", _HOUR),
    Feed("periods", "period", "full", "object", _QUARTER),
    Feed("journals", "journal", "window", "object", _QUARTER, OVERLAP),
    Feed("vouchers", "bill", "window", "object", _QUARTER, OVERLAP),
)
FETCHABLE: Mapping[str, int] = {"vendor": 20}


def require_columns(name: str, found: ResultPage, query: str) -> None:
    """Raise `Broken` if a row of one of our queries lacks a column; `query` is the query's name at the site."""
    for _, row in found.rows:
        if isinstance(row, Torn):
            continue
        if missing := [column for column in QUERIES[name].columns if column not in row]:
            raise Broken(f"peoplesoft {query}: no column {', '.join(missing)}.", f"Compare {query} with install/queries.")
