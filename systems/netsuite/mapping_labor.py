"""Gross pay of employees for jobs, from canonical to journals: Dr job labor, Cr labor applied (accounting.md 16). Pure.

Off by default. While it runs, the services of job invoices are no payables (`mapping_payable.py`). Pay without a job is counted: it is no job cost.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from systems.mapped import Draft, NoCommand, Plan
from systems.netsuite.allocation import PRODUCT, TEXT, Mapped, header, job_type_of, mapped, segments, unit_named
from systems.postings.document import EMPTY, Hold, Posting, Row, Target, other_currency, wanted
from systems.postings.ends import voided, worthless
from systems.postings.lines import Place, broken_cents, cut, line

LABOR = Target("N1L", "labor", PRODUCT)
_APPROVED = "approved"


def labor_commands(record: Mapping[str, Any], plan: Plan) -> Sequence[Draft | NoCommand]:
    """What an item of gross pay becomes: one journal."""
    if ended := voided(record, LABOR, plan.time_zone) or worthless(record, LABOR):
        return ended
    if not (record["job_id"] or record["job_number"]):
        words = "pay for no job is no job cost"
        return [NoCommand("excluded", words, LABOR.flow, record["total"], record["currency"])]
    if record["payroll_approved_on"] is None and record["payroll_status"].casefold() != _APPROVED:
        words = f"payroll {record['payroll_id'] or 'none'} is {record['payroll_status'] or 'not approved'}: due when it is approved"
        return [NoCommand("not_due", words, LABOR.flow, record["total"], record["currency"])]
    return [_draft(record, mapped(plan, record["worked_on"]))]


def _draft(record: Mapping[str, Any], made: Mapped) -> Draft:
    unit, job_type = unit_named(made, record["business_unit_name"], record["business_unit_id"]), job_type_of(made, record)
    made.dated("worked_on", record["worked_on"])
    dimensions, text = segments(made, unit, job_type), _text(record)
    labor, applied = _accounts(record, made)
    total = record["total"]
    lines = [line(Place(labor, dimensions), "labor", total, text), line(Place(applied, dimensions), "applied", -total, text)]
    body = {
        "business_unit": unit.get("subsidiary", ""),
        "date": record["worked_on"],
        "description": text,
        "human_number": record["number"] or record["source_id"],
        "dimensions": header(made, unit, job_type),
        "lines": cut(lines, TEXT),
    }
    return made.draft("journal", body, record, Posting(LABOR, record["worked_on"], _hold(record, made)))


def _accounts(record: Mapping[str, Any], made: Mapped) -> tuple[str, str]:
    """The accounts of an item by its row of `pay_type` (paid time, else kind), else those of the settings."""
    keys, labor = (record["paid_time"], record["kind"]), made.settings.labor
    row: Row | None = made.row("pay_type", keys)
    applied = (row or EMPTY).get("applied_account") or labor.applied_account or made.missing("setting", "labor.applied_account")
    if row is None:
        return made.default("pay_type", wanted(keys), labor.cost_account), applied
    return row.get("account") or made.missing("pay_type.account", wanted(keys)), applied


def _text(record: Mapping[str, Any]) -> str:
    hours = f" {record['hours'].normalize():f} h" if record["hours"] is not None else ""
    kind = record["paid_time"] or record["kind"]
    return f"Job {record['job_number'] or record['job_id']} {record['employee_name']} {kind}{hours}".strip()


def _hold(record: Mapping[str, Any], made: Mapped) -> Hold | None:
    return broken_cents("pay", record["total"]) or other_currency(record, made.plan, "pay")
