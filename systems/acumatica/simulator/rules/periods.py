"""Financial periods: the period of a date, and the refusal of a closed one.

Source: screen GL201000 (FinancialPeriod, OpenAPI); text of the refusal from field notes, illustrative. A closed or locked period refuses
at entry and at release, unless "Restrict Access to Closed Periods" is off (setting). An inactive or locked period always refuses (assumed).
"""

from __future__ import annotations

from datetime import date

from systems.acumatica.simulator.answers import VendorError
from systems.acumatica.simulator.node import Node
from systems.acumatica.simulator.rules.work import Work
from systems.acumatica.simulator.tenant import Tenant


def period_of(day: date) -> str:
    """`MMYYYY` of a calendar-month period."""
    return f"{day.month:02d}{day.year}"


def in_order(period: str) -> str:
    """A period `MMYYYY` as a text that sorts by time."""
    return period[2:] + period[:2]


def row_of(tenant: Tenant, period: str) -> Node | None:
    """The row of a period `MMYYYY`, or None if the calendar has no such period."""
    year = tenant.table("FinancialPeriod").by_keys(period[2:])
    rows = [] if year is None else year.details.get("Details", [])
    return next((row for row in rows if row.text("FinancialPeriodID") == period), None)


def refuse_closed(tenant: Tenant, period: str, module: str) -> None:
    """Raise the vendor's refusal unless the period is open for `module` (AR, AP)."""
    row = row_of(tenant, period)
    label = f"{period[:2]}-{period[2:]}"
    if row is None:
        raise VendorError(500, f"The financial period '{label}' does not exist in the calendar of the company.")
    status = row.text("Status")
    if status in ("Open", "Closed") and not tenant.settings.restrict_closed_periods:
        return
    if status != "Open" or row.values.get(f"ClosedIn{module}"):
        word = {"Inactive": "inactive", "Locked": "locked"}.get(status, "closed")
        raise VendorError(500, f"The financial period '{label}' is {word} in the company calendar.")


def date_and_period(work: Work, date_field: str, module: str) -> None:
    """Fill date and period of a document, and refuse a closed period. If the date moves, the period moves with it."""
    node = work.node
    work.default(date_field, work.business_date or work.tenant.today())
    period = period_of(node.values[date_field])
    if "PostPeriod" not in work.tenant.table(work.entity).shape.scalars:
        node.hidden["period"] = period
    elif work.draft.text("PostPeriod"):
        node.values["PostPeriod"] = work.draft.text("PostPeriod")
    elif date_field in work.draft.values or not node.text("PostPeriod"):
        node.values["PostPeriod"] = period
    if not work.released:
        refuse_closed(work.tenant, posting_period(node), module)


def posting_period(node: Node) -> str:
    """The period to which a document posts."""
    return node.text("PostPeriod") or str(node.hidden.get("period", ""))


def set_status(tenant: Tenant, period: str, status: str) -> Node:
    """The year's record with one period changed; Closed closes AR and AP with it. Raises ValueError for an unknown period."""
    year = tenant.table("FinancialPeriod").by_keys(period[2:])
    if year is None or row_of(tenant, period) is None:
        raise ValueError(f"no period {period!r} in the calendar; give it as MMYYYY")
    node = year.copy()
    for row in node.details["Details"]:
        if row.text("FinancialPeriodID") == period:
            row.values["Status"] = status
            for module in ("AP", "AR", "CA", "FA", "IN"):
                row.values[f"ClosedIn{module}"] = status == "Closed"
    return node
