"""The basis of the books: business units, SETIDs, accounts, ChartFields and periods, planted once in an empty site.

All names and figures are made up. Rows are (value, description[, type]) in force since 2000. `_ROWS_OF_LATER` adds the cases of effective dating:
inactive values, future values, and values that end.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date

from runtime.simulator.records import Change
from systems.peoplesoft.simulator.site import Site

GL_UNITS = (
    ("US001", "Blue Ridge Mechanical, Austin", "USD", "SHARE"),
    ("US002", "Blue Ridge Mechanical, Round Rock", "USD", "SHARE"),
    ("US003", "Blue Ridge Mechanical, San Marcos", "USD", "STX01"),
    ("CAN01", "Blue Ridge Mechanical, Canada", "CAD", "SHARE"),
)
AP_UNITS = (
    ("AP001", "Payables, Austin", "USD", "US001"),
    ("AP002", "Payables, Round Rock", "USD", "US002"),
)
LEDGER_GROUPS = {"RECORDING": ("LOCAL", "CORP")}
SOURCES = frozenset({"ONL", "EXT", "MLC"})
ORIGINS = frozenset({"ONL", "EXT", "MLC"})
TERMS = frozenset({"00", "15", "30", "N15", "N30", "N45"})
LOCATIONS = frozenset({"MAIN", "REMIT"})
ACCOUNTS = (
    ("100000", "Operating Cash", "A"),
    ("100200", "Undeposited Funds", "A"),
    ("100300", "Credit Card Clearing", "A"),
    ("100400", "ACH Clearing", "A"),
    ("120000", "Accounts Receivable", "A"),
    ("125000", "Retainage Receivable", "A"),
    ("130000", "Inventory", "A"),
    ("199999", "Suspense", "A"),
    ("150000", "Due To and From Business Units", "A"),
    ("200000", "Accounts Payable", "L"),
    ("220000", "Sales Tax Payable", "L"),
    ("220100", "County Tax Payable", "L"),
    ("230000", "Deferred Membership Revenue", "L"),
    ("240000", "Customer Deposits", "L"),
    ("300000", "Retained Earnings", "Q"),
    ("400000", "Service Revenue", "R"),
    ("401000", "Plumbing Revenue", "R"),
    ("402000", "HVAC Service Revenue", "R"),
    ("403000", "HVAC Install Revenue", "R"),
    ("404000", "Electrical Revenue", "R"),
    ("405000", "Membership Revenue", "R"),
    ("409000", "Discounts Given", "R"),
    ("420000", "Interest Income", "R"),
    ("421000", "Returned Check Fees", "R"),
    ("500000", "Cost of Goods Sold", "E"),
    ("501000", "Material Cost", "E"),
    ("502000", "Equipment Cost", "E"),
    ("503000", "Job Labor", "E"),
    ("504000", "Labor Applied", "E"),
    ("600000", "Freight", "E"),
    ("601000", "Merchant Fees", "E"),
    ("612000", "Shop Expense", "E"),
    ("799900", "Rounding", "E"),
)
CHARTFIELDS = {
    "DEPTID": (
        ("10000", "Administration"),
        ("21000", "Plumbing Service"),
        ("22000", "HVAC Service"),
        ("22500", "HVAC Install"),
        ("23000", "Electrical Service"),
    ),
    "OPERATING_UNIT": (("AUSTIN", "Austin"), ("RROCK", "Round Rock"), ("SMARCOS", "San Marcos")),
    "PRODUCT": (("PLMB", "Plumbing"), ("HVAC", "Heating and cooling"), ("ELEC", "Electrical")),
    "FUND_CODE": (("GEN", "General"),),
    "CLASS_FLD": (("SVC", "Service"), ("INS", "Installation")),
    "PROGRAM_CODE": (("P100", "Residential"), ("P200", "Commercial")),
    "PROJECT_ID": (("PRJ000000000001", "Depot Road"), ("PRJ000000000002", "Lakeview Plaza")),
    "ACTIVITY_ID": (("INSTALL", "Installation"), ("SERVICE", "Service Work")),
}
_ALWAYS = "2000-01-01"
_ROWS_OF_LATER = (
    ("SHARE", "ACCOUNT", "499000", _ALWAYS, "A", "Old Revenue", "R"),
    ("SHARE", "ACCOUNT", "499000", "2025-07-01", "I", "Old Revenue", "R"),
    ("SHARE", "ACCOUNT", "410000", "2027-01-01", "A", "Solar Revenue", "R"),
    ("SHARE", "ACCOUNT", "401000", "2027-01-01", "A", "Plumbing and Drains Revenue", "R"),
    ("SHARE", "DEPTID", "29000", _ALWAYS, "A", "Closed Branch", ""),
    ("SHARE", "DEPTID", "29000", "2025-12-31", "I", "Closed Branch", ""),
    ("SHARE", "DEPTID", "24000", "2027-01-01", "A", "Solar", ""),
    ("SHARE", "PRODUCT", "SOLAR", "2027-01-01", "A", "Solar", ""),
)
_SMALLER = ("100000", "120000", "220000", "401000", "501000")
YEARS = (2025, 2026, 2027)


def setid_of(site: Site, unit: str) -> str:
    """The SETID that a business unit uses for every control table (set control, here one per unit)."""
    return str((site.get("BusinessUnit", unit) or {}).get("SETID", ""))


def plant_books(site: Site) -> None:
    """Plant everything, unless this was done before."""
    if site.rows("BusinessUnit"):
        return
    changes = [*_units(), *_values()]
    opened = date.fromisoformat(f"{site.settings.open_from}-01")
    for unit in (*(row[0] for row in GL_UNITS), *(row[0] for row in AP_UNITS)):
        changes += [_period(unit, year, month, opened) for year in YEARS for month in range(1, 13)]
    site.commit(changes)


def _units() -> list[Change]:
    found = [
        Change("BusinessUnit", unit, {"BUSINESS_UNIT": unit, "DESCR": name, "BASE_CURRENCY": money, "KIND": "GL", "SETID": setid})
        for unit, name, money, setid in GL_UNITS
    ]
    for unit, name, money, gl_unit in AP_UNITS:
        body = {"BUSINESS_UNIT": unit, "DESCR": name, "BASE_CURRENCY": money, "KIND": "AP", "SETID": "SHARE"}
        found.append(Change("BusinessUnit", unit, body | {"BUSINESS_UNIT_GL": gl_unit}))
    return found


def _values() -> list[Change]:
    found = [value("SHARE", "ACCOUNT", code, _ALWAYS, "A", name, kind) for code, name, kind in ACCOUNTS]
    found += [value("STX01", "ACCOUNT", code, _ALWAYS, "A", name, kind) for code, name, kind in ACCOUNTS if code in _SMALLER]
    for setid in ("SHARE", "STX01"):
        for field, values in CHARTFIELDS.items():
            found += [value(setid, field, code, _ALWAYS, "A", name) for code, name in values]
    return found + [value(*row) for row in _ROWS_OF_LATER]


def value(*row: str) -> Change:
    """An effective-dated row: SETID, field, value, EFFDT, EFF_STATUS, description, account type."""
    setid, field, code, effective, status, name, kind = (*row, "")[:7]
    body = {"SETID": setid, "FIELDNAME": field, "VALUE": code, "EFFDT": effective, "EFF_STATUS": status, "DESCR": name}
    table = "Account" if field == "ACCOUNT" else "ChartField"
    return Change(table, f"{setid}/{field}/{code}/{effective}", body | ({"ACCOUNT_TYPE": kind} if kind else {}))


def _period(unit: str, year: int, month: int, opened: date) -> Change:
    first, last = date(year, month, 1), date(year, month, monthrange(year, month)[1])
    is_open = "Y" if first >= opened else "N"
    key = f"{year:04d}{month:03d}"
    body = {
        "BUSINESS_UNIT": unit,
        "FISCAL_YEAR": str(year),
        "ACCOUNTING_PERIOD": str(month),
        "BEGIN_DT": first.isoformat(),
        "END_DT": last.isoformat(),
        "OPEN_GL": is_open,
        "OPEN_AP": is_open,
        "PERIOD_KEY": key,
    }
    return Change("Period", f"{unit}/{key}", body)
