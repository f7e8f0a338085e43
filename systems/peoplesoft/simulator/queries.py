"""The site's public queries: prompts, columns and rows, as the site's contract lists them.

Rows are ordered by their keys; row security removes rows silently. Sources: SYSTEM.md, "Public queries"; effective dating as in PeopleBooks: one row
per value, the one in force on AS_OF (today if AS_OF is empty; future rows are then absent).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from runtime.simulator.records import Row
from runtime.simulator.switches import names
from systems.peoplesoft.simulator.controls import in_force, period_of
from systems.peoplesoft.simulator.site import JOURNAL, STAGED, VENDOR, VOUCHER, Site, ref_of

Prompts = tuple[str, ...]


@dataclass(frozen=True)
class Query:
    """One public query: `rows` returns the rows for the values of its prompts."""

    prompts: Prompts
    columns: tuple[str, ...]
    rows: Callable[[Site, Prompts], Iterable[Row]]


class BadPrompt(Exception):
    """A prompt value that the database cannot use."""


def visible(site: Site, query: Query, prompts: Prompts) -> list[Row]:
    """The rows of a query that row security lets the user see."""
    units, setids = names(site.settings.hidden_units), names(site.settings.hidden_setids)
    hidden = {"BUSINESS_UNIT": units, "SETID": setids, "VENDOR_SETID": setids}
    secured = [(name, hidden[name]) for name in query.columns if hidden.get(name)]
    return [row for row in query.rows(site, prompts) if not any(row.get(name) in values for name, values in secured)]


def _vendors(site: Site, prompts: Prompts) -> Iterable[Row]:
    setid, first, last, after = prompts
    for row in site.rows(VENDOR):
        changed = row["LAST_MODIFIED_DATE"]
        if row["SETID"] == setid and row["VENDOR_ID"] > after and (not first or changed >= first) and (not last or changed <= last):
            yield row


def _vendor(site: Site, prompts: Prompts) -> Iterable[Row]:
    row = site.get(VENDOR, "/".join(prompts))
    return [] if row is None else [row]


def _accounts(site: Site, prompts: Prompts) -> Iterable[Row]:
    setid, day, after = prompts
    for row in in_force(site, setid, "ACCOUNT", day or site.today().isoformat()):
        if row["VALUE"] > after:
            yield row | {"ACCOUNT": row["VALUE"]}


def _chartfields(site: Site, prompts: Prompts) -> Iterable[Row]:
    setid, day, field, after = prompts
    return [row for row in in_force(site, setid, field, day or site.today().isoformat()) if row["VALUE"] > after]


def _units(site: Site, prompts: Prompts) -> Iterable[Row]:
    return [row for row in site.rows("BusinessUnit") if row["BUSINESS_UNIT"] > prompts[0]]


def _periods(site: Site, prompts: Prompts) -> Iterable[Row]:
    return [row for row in site.rows("Period") if row["BUSINESS_UNIT"] == prompts[0] and row["PERIOD_KEY"] > prompts[1]]


def _journals(site: Site, prompts: Prompts) -> Iterable[Row]:
    found = [row for row in site.starting(JOURNAL, prompts[1]) if row["BUSINESS_UNIT"] == prompts[0]]
    return sorted(found, key=lambda row: (row["JOURNAL_ID"], row["JOURNAL_DATE"], row["UNPOST_SEQ"]))


def _vouchers(site: Site, prompts: Prompts) -> Iterable[Row]:
    unit, ref = prompts
    found = {row["VOUCHER_ID"]: row for row in site.starting(VOUCHER, ref) if row["BUSINESS_UNIT"] == unit}
    for row in site.rows(VOUCHER) if ref else ():
        if row["BUSINESS_UNIT"] == unit and row["USER_VCHR_CHAR1"].startswith(ref):
            found[row["VOUCHER_ID"]] = row
    return [found[number] for number in sorted(found)]


def _changed(site: Site, kind: str, prompts: Prompts) -> Iterable[Row]:
    """Documents of a unit that carry a ref of ours, changed in a range of days."""
    unit, first, last, _ = prompts
    for row in site.rows(kind):
        changed = row.get("LAST_MODIFIED_DATE", "")
        if row["BUSINESS_UNIT"] == unit and ref_of(kind, row) and (not first or changed >= first) and (not last or changed <= last):
            yield row


def _journal_lines(site: Site, prompts: Prompts) -> Iterable[Row]:
    found = [
        row | {"JOURNAL_KEY": f"{row['JOURNAL_ID']}.{row['JOURNAL_DATE']}.{row['UNPOST_SEQ']}"}
        for row in _changed(site, JOURNAL, prompts)
    ]
    for row in sorted(found, key=lambda one: one["JOURNAL_KEY"]):
        if row["JOURNAL_KEY"] > prompts[3]:
            yield from (row | line | {"DESCR": row["DESCR"]} for line in row["JRNL_LN"])


def _voucher_lines(site: Site, prompts: Prompts) -> Iterable[Row]:
    for row in sorted(_changed(site, VOUCHER, prompts), key=lambda one: one["VOUCHER_ID"]):
        period = period_of(site, row["BUSINESS_UNIT"], row["ACCOUNTING_DT"]) or {}
        own = {name: period.get(name, "") for name in ("FISCAL_YEAR", "ACCOUNTING_PERIOD")}
        if row["VOUCHER_ID"] > prompts[3]:
            yield from (
                row | own | {"VOUCHER_LINE_NUM": line["VOUCHER_LINE_NUM"]} | part
                for line in row["VCHR_LINE"]
                for part in line["VCHR_DIST"]
            )


def _suspects(site: Site, prompts: Prompts) -> Iterable[Row]:
    unit, setid, vendor, day, amount = prompts
    try:
        gross = Decimal(amount)
    except InvalidOperation as error:
        raise BadPrompt("GROSS_AMT") from error
    for row in site.rows(VOUCHER):
        same = (row["BUSINESS_UNIT"], row["VENDOR_SETID"], row["VENDOR_ID"], row["INVOICE_DT"]) == (unit, setid, vendor, day)
        if same and Decimal(row["GROSS_AMT"]) == gross and row["ENTRY_STATUS"] != "X":
            yield row


def _journal_suspects(site: Site, prompts: Prompts) -> Iterable[Row]:
    """The lines of journals of a unit and day with one line of this account and amount."""
    unit, day, account, amount = prompts
    try:
        worth = Decimal(amount)
    except InvalidOperation as error:
        raise BadPrompt("MONETARY_AMOUNT") from error
    for row in site.rows(JOURNAL):
        lines = row["JRNL_LN"] if (row["BUSINESS_UNIT"], row["JOURNAL_DATE"]) == (unit, day) else []
        if any(line["ACCOUNT"] == account and Decimal(line["MONETARY_AMOUNT"]) == worth for line in lines):
            yield from (row | line for line in lines)


def _staged(site: Site, prompts: Prompts) -> Iterable[Row]:
    for row in site.rows(STAGED):
        if (row.get("BUSINESS_UNIT"), row.get("VCHR_BLD_KEY_C1")) == prompts:
            yield row | {"VOUCHER_ID": row.get("BUILT_ID") or row.get("VOUCHER_ID", "")}


def _operations(site: Site, prompts: Prompts) -> Iterable[Row]:
    return [row for row in site.rows("Operation") if row["IB_OPERATIONNAME"] > prompts[0]]


def _permissions(site: Site, prompts: Prompts) -> Iterable[Row]:
    found = [row for row in site.rows("Permission") if row["OPRID"] == prompts[0] and row["OBJECT_NAME"] > prompts[1]]
    return sorted(found, key=lambda row: row["OBJECT_NAME"])


def _options(site: Site, prompts: Prompts) -> Iterable[Row]:
    held = site.get("BusinessUnit", prompts[0])
    if held is None:
        return []
    post = "Y" if site.settings.journal_post else "N"
    return [{"BUSINESS_UNIT": prompts[0], "DUP_INVOICE_ACTION": site.settings.dup_invoice_action, "JOURNAL_POST": post}]


def _query(prompts: str, columns: str, rows: Callable[[Site, Prompts], Iterable[Row]]) -> Query:
    return Query(tuple(prompts.split()), tuple(columns.split()), rows)


_VENDOR_COLUMNS = (
    "SETID VENDOR_ID VENDOR_NAME_SHORT NAME1 NAME2 VENDOR_STATUS VENDOR_CLASS DEFAULT_LOC PYMNT_TERMS_CD ADDRESS1 ADDRESS2 CITY STATE POSTAL"
    " COUNTRY PHONE EMAILID LAST_MODIFIED_DATE"
)
_VOUCHER_COLUMNS = (
    "BUSINESS_UNIT VOUCHER_ID INVOICE_ID INVOICE_DT VENDOR_SETID VENDOR_ID GROSS_AMT TXN_CURRENCY_CD ENTRY_STATUS POST_STATUS_AP APPR_STATUS"
    " CLOSE_STATUS PAID_AMT DESCR254_MIXED USER_VCHR_CHAR1"
)
_LINE_COLUMNS = (
    " FISCAL_YEAR ACCOUNTING_PERIOD ACCOUNT DEPTID OPERATING_UNIT PRODUCT FUND_CODE CLASS_FLD PROGRAM_CODE PROJECT_ID ACTIVITY_ID"
    " LAST_MODIFIED_DATE"
)
QUERIES = {
    "VENDORS": _query("SETID CHANGED_FROM CHANGED_TO LAST_VENDOR_ID", _VENDOR_COLUMNS, _vendors),
    "VENDOR": _query("SETID VENDOR_ID", _VENDOR_COLUMNS, _vendor),
    "GL_ACCOUNTS": _query("SETID AS_OF LAST_ACCOUNT", "SETID ACCOUNT EFFDT EFF_STATUS DESCR ACCOUNT_TYPE", _accounts),
    "CHARTFIELDS": _query("SETID AS_OF FIELDNAME LAST_VALUE", "SETID FIELDNAME VALUE EFFDT EFF_STATUS DESCR", _chartfields),
    "BUSINESS_UNITS": _query("LAST_BUSINESS_UNIT", "BUSINESS_UNIT DESCR BASE_CURRENCY KIND", _units),
    "PERIODS": _query(
        "BUSINESS_UNIT LAST_KEY",
        "BUSINESS_UNIT FISCAL_YEAR ACCOUNTING_PERIOD BEGIN_DT END_DT OPEN_GL OPEN_AP PERIOD_KEY",
        _periods,
    ),
    "JOURNALS": _query(
        "BUSINESS_UNIT REF",
        "BUSINESS_UNIT JOURNAL_ID JOURNAL_DATE UNPOST_SEQ JRNL_HDR_STATUS CURRENCY_CD JRNL_TOTAL_LINES JRNL_TOTAL_DEBITS JRNL_TOT_CREDITS"
        " DESCR DESCR254 ERROR_SET ERROR_NBR ERROR_TEXT",
        _journals,
    ),
    "JOURNAL_LINES": _query(
        "BUSINESS_UNIT CHANGED_FROM CHANGED_TO LAST_KEY",
        "BUSINESS_UNIT JOURNAL_ID JOURNAL_DATE UNPOST_SEQ JOURNAL_KEY JRNL_HDR_STATUS CURRENCY_CD DESCR DESCR254 JOURNAL_LINE MONETARY_AMOUNT"
        + _LINE_COLUMNS,
        _journal_lines,
    ),
    "VOUCHERS": _query("BUSINESS_UNIT REF", _VOUCHER_COLUMNS, _vouchers),
    "VOUCHER_LINES": _query(
        "BUSINESS_UNIT CHANGED_FROM CHANGED_TO LAST_KEY",
        "BUSINESS_UNIT VOUCHER_ID INVOICE_ID INVOICE_DT VENDOR_SETID VENDOR_ID GROSS_AMT TXN_CURRENCY_CD ENTRY_STATUS DESCR254_MIXED"
        " USER_VCHR_CHAR1 VOUCHER_LINE_NUM DISTRIB_LINE_NUM MERCHANDISE_AMT" + _LINE_COLUMNS,
        _voucher_lines,
    ),
    "SUSPECTS": _query("BUSINESS_UNIT VENDOR_SETID VENDOR_ID INVOICE_DT GROSS_AMT", _VOUCHER_COLUMNS, _suspects),
    "JOURNAL_SUSPECTS": _query(
        "BUSINESS_UNIT JOURNAL_DATE ACCOUNT MONETARY_AMOUNT",
        "BUSINESS_UNIT JOURNAL_ID JOURNAL_DATE UNPOST_SEQ JRNL_HDR_STATUS SOURCE CURRENCY_CD DESCR254 JOURNAL_LINE ACCOUNT MONETARY_AMOUNT",
        _journal_suspects,
    ),
    "STAGED": _query(
        "BUSINESS_UNIT REF",
        "BUSINESS_UNIT VCHR_BLD_KEY_C1 VOUCHER_ID GROSS_AMT BUILD_STATUS ERROR_SET ERROR_NBR ERROR_TEXT",
        _staged,
    ),
    "SERVICE_OPERATIONS": _query(
        "LAST_NAME", "IB_OPERATIONNAME IB_SERVICENAME VERSION_STATUS ROUTING_STATUS HANDLER_STATUS", _operations
    ),
    "PERMISSIONS": _query("OPRID LAST_NAME", "OBJECT_NAME OBJECT_KIND AUTHORIZED", _permissions),
    "OPTIONS": _query("BUSINESS_UNIT", "BUSINESS_UNIT DUP_INVOICE_ACTION JOURNAL_POST", _options),
}
NUMBERS = frozenset({"GROSS_AMT", "PAID_AMT", "JRNL_TOTAL_DEBITS", "JRNL_TOT_CREDITS", "MONETARY_AMOUNT", "MERCHANDISE_AMT"})
