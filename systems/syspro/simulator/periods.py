"""The months of accounts payable and of inventory: the current one and the two before it, each open or closed.

Source: PostingPeriod C, P, B of the element trees; at most the current month and the two before it can be posted to. Assumed: that only a person's
month-end moves the current month, that a closed month is refused with a field error, and that the accounting date of the logon profile lies in the
current month.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from runtime.simulator.records import Change
from systems.syspro.simulator.answers import FieldError
from systems.syspro.simulator.company import PERIODS, Company, change

_KEY = "current"
_BACK = {"C": 0, "P": 1, "B": 2}


@dataclass(frozen=True)
class Month:
    """A month of the books."""

    year: int
    month: int

    @classmethod
    def of(cls, text: str) -> Month:
        """From `2026-03`; raises ValueError."""
        whole = date.fromisoformat(f"{text}-01")
        return cls(whole.year, whole.month)

    def back(self, months: int) -> Month:
        """The month that lies `months` months before."""
        whole = self.year * 12 + self.month - 1 - months
        return Month(whole // 12, whole % 12 + 1)

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"

    def has(self, day: date) -> bool:
        """Whether a day is in it."""
        return (day.year, day.month) == (self.year, self.month)

    def last(self) -> date:
        """Its last day."""
        following = self.back(-1)
        return date(following.year, following.month, 1) - timedelta(days=1)


def plant_months(company: Company) -> None:
    """The current month of a new company, and how many months are open with it."""
    if company.get(PERIODS, _KEY) is None:
        first = company.settings.first_month or company.today().isoformat()[:7]
        _put(company, Month.of(first), company.settings.open_months)


def current(company: Company) -> Month:
    """The current month."""
    return Month.of((company.get(PERIODS, _KEY) or {})["current"])


def open_months(company: Company) -> list[str]:
    """The months that take postings, the current one first."""
    held = company.get(PERIODS, _KEY) or {}
    return [str(current(company).back(back)) for back in range(int(held["open"]))]


def posting_month(company: Company, code: str) -> Month | FieldError:
    """The month that `PostingPeriod` names, or why it cannot be posted to."""
    back = _BACK[code]
    found = current(company).back(back)
    if back >= int((company.get(PERIODS, _KEY) or {})["open"]):
        return FieldError("PostingPeriod", code, 100061, f"Posting period '{code}' ({found}) is closed")
    return found


def set_months(company: Company, current_month: str, open_count: int) -> dict[str, object]:
    """A person's month-end: the current month, and how many months (1 to 3) including it take postings."""
    if not 1 <= open_count <= len(_BACK):
        raise ValueError(f"open: {open_count} is none of 1, 2, 3")
    before, after = current(company), Month.of(current_month) if current_month else current(company)
    _put(company, after, open_count)
    _shift(company, (after.year - before.year) * 12 + after.month - before.month)
    return {"current": str(current(company)), "open": open_months(company)}


def _shift(company: Company, months: int) -> None:
    """The current month's balance of each invoice becomes that of the previous month."""
    if months <= 0:
        return
    changes = []
    for row in company.rows("ApInvoice"):
        held = [row["MthInvBal1"]] * min(months, 2) + [row["MthInvBal1"], row["MthInvBal2"], row["MthInvBal3"]]
        changes.append(change("ApInvoice", row | {f"MthInvBal{place + 1}": held[place] for place in range(3)}, ""))
    company.commit(changes)


def accounting_date(company: Company) -> date:
    """Today, or the last day of the current month if today is not in it."""
    month, today = current(company), company.today()
    return today if month.has(today) else month.last()


def _put(company: Company, month: Month, count: int) -> None:
    company.commit([Change(PERIODS, _KEY, {"current": str(month), "open": str(count)})])
