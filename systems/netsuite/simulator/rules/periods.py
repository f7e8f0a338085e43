"""Accounting periods: which one a date belongs to, and whether it takes a document of payables, of receivables, or a journal.

Source: columns of the period table (`closed`, `alllocked`, `aplocked`, `arlocked`). Assumed: the words; a given `postingPeriod` may differ from that
of the date, as with the preference "Allow Transaction Date Outside of the Posting Period".
"""

from __future__ import annotations

from systems.netsuite.simulator.account import Account, Row
from systems.netsuite.simulator.answers import user_error
from systems.netsuite.simulator.rules.work import Work

_LOCKS = {"ap": "apLocked", "ar": "arLocked"}
FLAGS = ("closed", "allLocked", "apLocked", "arLocked")


def period_of(account: Account, day: str) -> Row | None:
    """The month of a day."""
    months = (row for row in account.rows("accountingPeriod") if not row["isYear"] and not row["isQuarter"])
    return next((row for row in months if row["startDate"] <= day <= row["endDate"]), None)


def why_not(period: Row, side: str) -> str:
    """Why a period takes no entry of a side; "" if it does."""
    if period["isYear"] or period["isQuarter"]:
        return "is no posting period"
    if period["closed"]:
        return "is closed"
    locks = ("allLocked", _LOCKS[side]) if side else ("allLocked",)
    return "is locked" if any(period[name] for name in locks) else ""


def place(work: Work) -> None:
    """Give a posting document its period. Refuse a period that is not open, including the document's previous one."""
    row, before, account = work.row, work.before, work.account
    if not work.kind.is_posting:
        return
    moved = before is not None and before.get("tranDate") != row.get("tranDate")
    given = row.get("postingPeriod") if not moved or row.get("postingPeriod") != (before or {}).get("postingPeriod") else None
    period = account.get("accountingPeriod", given) if given else period_of(account, row["tranDate"])
    if period is None:
        raise user_error(f"There is no accounting period for the date {row['tranDate']}.", "tranDate")
    row["postingPeriod"] = period["id"]
    for key in {period["id"], (before or {}).get("postingPeriod", period["id"])}:
        refuse_closed(account, key, work.kind.lock)


def refuse_closed(account: Account, key: str, side: str) -> None:
    """Refuse a document in a period that is not open for it."""
    period = account.get("accountingPeriod", key)
    words = "" if period is None else why_not(period, side)
    if period is not None and words:
        text = f"The accounting period {period['periodName']} {words}. You cannot enter or change transactions in it."
        raise user_error(text, "postingPeriod")
