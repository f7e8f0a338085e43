"""The chart of accounts with its valid combinations, and the periods of the ledger and its subledgers.

A combination is company-cost center-account-location: `01-110-40100-000`. Cross-validation rules: income and expense accounts need a cost center
other than 000, all others need 000 and location 000. Account 49900 and cost center 990 have ended.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date

from runtime.simulator.records import Change, Row
from systems.oracle_fusion.simulator.pod import Pod
from systems.oracle_fusion.simulator.seed.company import CHART_ID, LEDGER_ID

COMBINATIONS, PERIODS = "accountCombinationsLOV", "accountingPeriodStatusLOV"
SEGMENTS = ("Company", "CostCenter", "Account", "Location")
COMPANIES = (("01", "Acme Home Services"), ("02", "Acme West"))
COST_CENTERS = (
    ("000", "None"),
    ("110", "Plumbing service"),
    ("210", "HVAC service"),
    ("220", "HVAC install"),
    ("310", "Electrical service"),
    ("410", "Drains"),
    ("990", "Closed shop"),
)
LOCATIONS = (("000", "None"), ("100", "Austin"), ("200", "Round Rock"))
ACCOUNTS = (
    ("10100", "Operating bank", "A"),
    ("10200", "Undeposited funds", "A"),
    ("10300", "Card clearing", "A"),
    ("11000", "Accounts receivable", "A"),
    ("12100", "Inventory", "A"),
    ("12500", "Retainage receivable", "A"),
    ("20000", "Accounts payable", "L"),
    ("21500", "Unapplied receipts", "L"),
    ("22000", "Sales tax payable", "L"),
    ("22100", "County tax payable", "L"),
    ("23000", "Deferred membership revenue", "L"),
    ("25000", "Receiving accrual", "L"),
    ("29900", "Suspense", "L"),
    ("40000", "Service revenue", "R"),
    ("40100", "Plumbing revenue", "R"),
    ("40200", "HVAC revenue", "R"),
    ("40300", "HVAC install revenue", "R"),
    ("40400", "Electrical revenue", "R"),
    ("40900", "Discounts given", "R"),
    ("42000", "Interest income", "R"),
    ("42100", "Returned check fees", "R"),
    ("49900", "Old revenue", "R"),
    ("50000", "Cost of goods sold", "E"),
    ("50100", "Material cost", "E"),
    ("60000", "Freight", "E"),
    ("80900", "Rounding", "E"),
)
KINDS = {code: kind for code, _, kind in ACCOUNTS}
ENDED = {"Account": {"49900"}, "CostCenter": {"990"}}
END = "2025-12-31"
APPLICATIONS = {"GL": 101, "AP": 200, "PO": 201, "AR": 222}
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


def value_sets() -> dict[str, tuple[tuple[str, str], ...]]:
    """Codes and their names by value set."""
    accounts = tuple((code, name) for code, name, _ in ACCOUNTS)
    return {"ACME_COMPANY": COMPANIES, "ACME_COST_CENTER": COST_CENTERS, "ACME_ACCOUNT": accounts, "ACME_LOCATION": LOCATIONS}


def plant_ledger(pod: Pod) -> None:
    """Combinations and periods, in an empty pod."""
    if pod.rows(PERIODS):
        return
    changes = [Change(COMBINATIONS, str(row["_CODE_COMBINATION_ID"]), row) for row in _combinations(pod)]
    for year in (2025, 2026, 2027):
        for month in range(1, 13):
            for application in APPLICATIONS.values():
                row = _period(pod, year, month, application)
                changes.append(Change(PERIODS, row["_key"], row))
    pod.commit(changes)


def _combinations(pod: Pod) -> list[Row]:
    found = []
    for company, _ in COMPANIES:
        for account, _, kind in ACCOUNTS:
            balance = kind in "AL"
            centers = ["000"] if balance else [code for code, _ in COST_CENTERS if code != "000"]
            for center in centers:
                for location, _ in LOCATIONS[:1] if balance or company == "02" else LOCATIONS:
                    found.append(combination(pod, (company, center, account, location)))
    return found


def combination(pod: Pod, segments: tuple[str, ...]) -> Row:
    """A row of the list of combinations."""
    named = dict(zip(SEGMENTS, segments, strict=True))
    ended = any(named[name] in codes for name, codes in ENDED.items())
    return {
        "_CODE_COMBINATION_ID": pod.new_id(),
        "_CHART_OF_ACCOUNTS_ID": CHART_ID,
        **named,
        "EnabledFlag": "N" if ended else "Y",
        "StartDate": "2020-01-01",
        "EndDate": END if ended else None,
        "DetailPostingAllowedFlag": "Y",
        "_text": "-".join(segments),
        "AccountType": KINDS.get(named["Account"], "A"),
    }


def _period(pod: Pod, year: int, month: int, application: int) -> Row:
    name = f"{_MONTHS[month - 1]}-{year % 100:02d}"
    first, today = date(year, month, 1), pod.today()
    closed = {one.strip() for one in pod.settings.closed.split(",")}
    own = next(code for code, number in APPLICATIONS.items() if number == application)
    opened = f"{year}-{month:02d}" >= pod.settings.open_from and f"{name}/{own}" not in closed
    later = (year, month) > (today.year, today.month)
    return {
        "PeriodNameId": name,
        "ApplicationId": application,
        "LedgerId": LEDGER_ID,
        "ClosingStatus": ("F" if later else "O") if opened else "C",
        "StartDate": first.isoformat(),
        "EndDate": first.replace(day=monthrange(year, month)[1]).isoformat(),
        "PeriodYear": year,
        "PeriodNumber": month,
        "AdjustmentPeriodFlag": "N",
        "_key": f"{name}/{application}",
    }
