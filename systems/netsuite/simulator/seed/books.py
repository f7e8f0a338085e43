"""The account's own records: subsidiaries, departments, classes, locations, accounts, periods, items, terms, methods of payment.

All names are made up. Subsidiary 1 is the parent of the others, 4 is Canadian, 5 eliminates. Department 7 and account 6900 are inactive, 1999 is a
summary account, department 6 belongs to subsidiary 4 only.
"""

from __future__ import annotations

import calendar
from datetime import date
from typing import Any

from systems.netsuite.simulator.account import Account, Row
from systems.netsuite.simulator.rules.payments import DEPOSITS, UNDEPOSITED

_SUBSIDIARIES = (
    ("Sundial Holdings", "", "US", "1"),
    ("Sundial Heating and Air", "1", "US", "1"),
    ("Sundial Plumbing", "1", "US", "1"),
    ("Sundial Canada", "1", "CA", "2"),
    ("Sundial Eliminations", "1", "US", "1"),
)
_DEPARTMENTS = (
    ("Operations", "", ["1"]),
    ("HVAC", "1", ["1"]),
    ("Plumbing", "1", ["1"]),
    ("Electrical", "1", ["1"]),
    ("Administration", "", ["1"]),
    ("Prairie Service", "", ["4"]),
    ("Solar", "1", ["1"]),
    ("Unassigned", "", ["1"]),
)
_CLASSES = ("Residential", "Commercial", "Maintenance", "New Construction")
_LOCATIONS = ("Austin", "Round Rock", "San Marcos", "Georgetown")
_ACCOUNTS = """1000 Bank Operating Checking
1010 Bank Payroll Checking
1050 OthCurrAsset Undeposited Funds
1100 AcctRec Accounts Receivable
1200 OthCurrAsset Inventory
1999 OthCurrAsset Current Assets
2000 AcctPay Accounts Payable
2050 CredCard Company Card
2100 OthCurrLiab Accrued Purchases
2200 OthCurrLiab Sales Tax Payable
2300 OthCurrLiab Customer Deposits
2400 DeferRevenue Deferred Memberships
2500 OthCurrLiab Retainage
3000 Equity Retained Earnings
4000 Income HVAC Revenue
4100 Income Plumbing Revenue
4200 Income Electrical Revenue
4300 Income Membership Revenue
4900 Income Discounts Given
5000 COGS Job Materials
5100 COGS Job Labor
5200 COGS Subcontractors
5300 COGS Equipment
5900 Expense Labor Applied
6000 Expense Office Supplies
6100 Expense Fuel
6900 Expense Old Vehicles
7000 OthIncome Interest Income
8000 Stat Trucks"""
_ITEMS = (
    ("MATERIALS", "NonInvtPart", "4000", "5000"),
    ("LABOR", "Service", "4000", "5100"),
    ("EQUIPMENT", "InvtPart", "4000", "5300"),
    ("SUBCONTRACT", "Service", "4000", "5200"),
    ("PLUMBING", "Service", "4100", "5000"),
    ("ELECTRICAL", "Service", "4200", "5000"),
    ("MEMBERSHIP", "Service", "2400", ""),
    ("SALES TAX", "OthCharge", "2200", "6000"),
    ("FEES", "OthCharge", "4000", "6000"),
    ("DISCOUNT", "Discount", "4900", ""),
)
_TERMS = (("Due on receipt", "0"), ("Net 15", "15"), ("Net 30", "30"), ("Net 60", "60"))
_METHODS = ("Cash", "Check", "Card", "ACH")
_TAXES = (("Austin TX", "8.25"), ("Round Rock TX", "8.25"), ("Not taxable", "0"))
_SYSTEM = {"1050": UNDEPOSITED, "2300": DEPOSITS}
_QUARTER = 3
_LOCKS = {"AP": "apLocked", "AR": "arLocked", "ALL": "allLocked"}


def plant_books(account: Account) -> None:
    """Plant what is not there yet."""
    if account.get("subsidiary", "1") is not None:
        return
    with account.store.transaction():
        for symbol, name in (("USD", "US Dollar"), ("CAD", "Canadian Dollar")):
            rate = "1" if symbol == "USD" else "0.73"
            told = {
                "symbol": symbol,
                "name": name,
                "isBaseCurrency": symbol == "USD",
                "exchangeRate": rate,
                "currencyPrecision": "2",
            }
            _put(account, "currency", told)
        for name, parent, country, currency in _SUBSIDIARIES:
            told = {"name": name, "legalName": f"{name}, Inc.", "country": country, "currency": currency, "parent": parent}
            _put(account, "subsidiary", told | {"fullName": name, "isElimination": name.endswith("Eliminations")})
        _lists(account)
        _accounts(account)
        _items(account)
        _periods(account)


def _put(account: Account, kind: str, values: dict[str, Any]) -> Row:
    kept = {name: value for name, value in values.items() if value != ""}
    row = {"_kind": kind, "id": account.new_id(kind), "isInactive": False} | kept
    account.plant(row)
    return row


def _lists(account: Account) -> None:
    names: dict[str, str] = {}
    for name, parent, subsidiaries in _DEPARTMENTS:
        full = f"{names[parent]} : {name}" if parent else name
        told = {
            "name": name,
            "fullName": full,
            "parent": parent,
            "subsidiary": subsidiaries,
            "includeChildren": subsidiaries == ["1"],
        }
        row = _put(account, "department", told | {"isInactive": name == "Solar"})
        names[row["id"]] = full
    for kind, listed in (("classification", _CLASSES), ("location", _LOCATIONS)):
        for name in listed:
            _put(account, kind, {"name": name, "fullName": name, "subsidiary": ["1"], "includeChildren": True})
    for name, days in _TERMS:
        _put(account, "term", {"name": name, "daysUntilNetDue": days})
    for name in _METHODS:
        _put(account, "paymentMethod", {"name": name})


def _accounts(account: Account) -> None:
    for line in _ACCOUNTS.splitlines():
        number, kind, name = line.split(" ", 2)
        told = {"acctNumber": number, "acctName": name, "fullName": name, "acctType": kind, "currency": "1"}
        told |= {"displayNameWithHierarchy": f"{number} {name}", "accountSearchDisplayName": f"{number} {name}"}
        flags = {"isSummary": number == "1999", "isInactive": number == "6900", "includeChildren": True, "subsidiary": ["1"]}
        _put(account, "account", told | flags | {"externalId": _SYSTEM.get(number, "")})
    for name, rate in _TAXES:
        tax = number_of(account, "2200")
        _put(account, "salesTaxItem", {"itemId": name, "rate": rate, "taxAccount": tax})


def number_of(account: Account, number: str) -> str:
    """The id of the general ledger account with this number."""
    return str(next(row["id"] for row in account.rows("account") if row["acctNumber"] == number))


def _items(account: Account) -> None:
    ids = {row["acctNumber"]: row["id"] for row in account.rows("account")}
    for name, kind, income, expense in _ITEMS:
        told = {"itemId": name, "displayName": name.capitalize(), "itemType": kind, "incomeAccount": ids[income]}
        told |= {"expenseAccount": ids.get(expense, ""), "assetAccount": ids["1200"] if kind == "InvtPart" else ""}
        _put(
            account, "item", told | {"subsidiary": ["1"], "includeChildren": True, "isTaxable": kind in ("NonInvtPart", "InvtPart")}
        )


def _periods(account: Account) -> None:
    year = account.today().year
    opened = account.settings.open_from or f"{year}-01"
    for each in (year - 1, year, year + 1):
        whole = _period(account, f"FY {each}", (date(each, 1, 1), date(each, 12, 31)), opened, isYear=True)
        for quarter in range(4):
            first = quarter * _QUARTER + 1
            span = (date(each, first, 1), _end(each, first + 2))
            part = _period(account, f"Q{quarter + 1} {each}", span, opened, isQuarter=True, parent=whole)
            for month in range(first, first + _QUARTER):
                span = (date(each, month, 1), _end(each, month))
                name = f"{span[0]:%b} {each}"
                _period(account, name, span, opened, parent=part, isPosting=True, **_locks(account.settings.locked, name))


def _locks(locked: str, name: str) -> dict[str, bool]:
    """The locks of a period by a list of them (see `Settings`)."""
    sides = {side for period, _, side in (one.strip().partition("/") for one in locked.split(",")) if period == name}
    if unknown := sides - set(_LOCKS):
        raise ValueError(f"locked: {name} has no side {', '.join(sorted(unknown))}; sides are {', '.join(_LOCKS)}")
    return {_LOCKS[side]: True for side in sides}


def _period(account: Account, name: str, span: tuple[date, date], opened: str, **told: Any) -> str:
    is_closed = bool(told.get("isPosting")) and f"{span[0]:%Y-%m}" < opened
    flags = dict.fromkeys(("isYear", "isQuarter", "isAdjust", "isPosting", "allLocked", "apLocked", "arLocked"), False)
    dates = {"periodName": name, "startDate": span[0].isoformat(), "endDate": span[1].isoformat(), "closed": is_closed}
    return str(_put(account, "accountingPeriod", flags | dates | {"allowNonGLChanges": True} | told)["id"])


def _end(year: int, month: int) -> date:
    return date(year, month, calendar.monthrange(year, month)[1])
