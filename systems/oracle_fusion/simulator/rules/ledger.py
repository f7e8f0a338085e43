"""Periods and account combinations: what the ledger allows a subledger or a journal.

Sources: GL_PERIOD_STATUSES (O open, F future enterable, C closed, P permanently closed, N never opened), GL_CODE_COMBINATIONS, the Account
Combination Validation Service (dynamic insertion of a combination that the cross-validation rules allow). The words of refusals are assumed.
"""

from __future__ import annotations

from runtime.simulator.records import Change, Row
from systems.oracle_fusion.simulator.answers import Problem, Refused
from systems.oracle_fusion.simulator.pod import Pod
from systems.oracle_fusion.simulator.seed.ledger import (
    APPLICATIONS,
    COMBINATIONS,
    COMPANIES,
    COST_CENTERS,
    ENDED,
    KINDS,
    LOCATIONS,
    PERIODS,
    SEGMENTS,
    combination,
)

STATUSES = {"Open": "O", "Closed": "C", "Permanently Closed": "P", "Never Opened": "N", "Future Enterable": "F"}


def period_of(pod: Pod, day: str, application: str) -> Row | None:
    """The period of a day for GL, AP, AR or PO."""
    number = APPLICATIONS[application]
    rows = (row for row in pod.rows(PERIODS) if row["ApplicationId"] == number and row["StartDate"] <= day <= row["EndDate"])
    return next(rows, None)


def refuse_closed(pod: Pod, day: str, application: str, attribute: str) -> None:
    """Raise 400 unless the period of a day is open. A future enterable period takes entries of a subledger."""
    row = period_of(pod, day, application)
    if row is None or row["ClosingStatus"] not in ("O", "F" if application != "GL" else "O"):
        words = f"The date {day} is not in an open or future enterable period of the {application} calendar."
        raise Refused(400, Problem(words, f"{application}-855170", attribute))


def set_period(pod: Pod, name: str, application: str, status: str) -> list[Row]:
    """Change the status of a period (`Feb-26` or `2026-02`) for one application or, "", for all; raises ValueError."""
    wanted = [APPLICATIONS[application]] if application else list(APPLICATIONS.values())
    rows = [
        row | {"ClosingStatus": STATUSES[status]}
        for row in pod.rows(PERIODS)
        if row["ApplicationId"] in wanted and name in (row["PeriodNameId"], row["StartDate"][:7])
    ]
    if not rows:
        raise ValueError(f"no period {name!r}; give it as Feb-26 or 2026-02")
    pod.commit([Change(PERIODS, row["_key"], row, "update", f"{name} {status}") for row in rows])
    return rows


def refuse_combination(pod: Pod, text: str, day: str, attribute: str) -> None:
    """Raise 400 unless an account combination can be posted to on a day. A new one is inserted if that is allowed."""
    problem = why_not(pod, text, day)
    if problem:
        raise Refused(400, Problem(problem, "GL-781503", attribute))


def why_not(pod: Pod, text: str, day: str) -> str:
    """Why a combination cannot be posted to; "" if it can."""
    parts = tuple(text.split("-"))
    if len(parts) != len(SEGMENTS):
        return f"The account combination {text} does not have {len(SEGMENTS)} segments."
    row = next(iter(pod.rows_with(COMBINATIONS, "_text", text)), None)
    if row is None:
        broken = _broken_rule(*parts)
        if broken:
            return f"The account combination {text} is not valid: {broken}"
        if not pod.settings.dynamic_insertion:
            return f"The account combination {text} does not exist, and it cannot be created dynamically."
        row = combination(pod, parts)
        pod.commit([Change(COMBINATIONS, str(row["_CODE_COMBINATION_ID"]), row, "create", "dynamic insertion")])
    if row["EnabledFlag"] != "Y" or (row["EndDate"] and row["EndDate"] < day):
        return f"The account combination {text} is disabled or has ended."
    return "" if row["DetailPostingAllowedFlag"] == "Y" else f"The account combination {text} does not allow detail posting."


def _broken_rule(company: str, center: str, account: str, location: str) -> str:
    for name, code, known in (
        ("Company", company, dict(COMPANIES)),
        ("CostCenter", center, dict(COST_CENTERS)),
        ("Account", account, KINDS),
        ("Location", location, dict(LOCATIONS)),
    ):
        if code not in known or code in ENDED.get(name, ()):
            return f"the value {code} of the segment {name} does not exist or has ended."
    is_balance = KINDS[account] in "AL"
    if is_balance != (center == "000") or (is_balance and location != "000"):
        return "a cross-validation rule forbids this cost center or location with this account."
    return ""
