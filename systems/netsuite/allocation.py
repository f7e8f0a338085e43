"""Where an amount is booked: department, class and location by business unit and job type, account or item by line. Pure.

A job whose business unit and job type have no row is booked by the defaults of the settings and counted as defaulted with its amount. It is never
held for that reason (product page). The job type's row takes precedence over the business unit's. Shared rules of mappings: `systems/postings/`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from schemas.records import PostingLine
from systems.mapped import Plan, settings_of
from systems.netsuite.settings import Settings
from systems.postings import document
from systems.postings.document import EMPTY, UNITS, Row, wanted
from systems.values.codes import code

Mapped = document.Mapped[Settings]
PRODUCT = "NetSuite"
TEXT = 300
"""The most characters of a line's text (our own bound; NetSuite takes 4000)."""
SEGMENTS = ("department", "class", "location")
JOB_TYPES = "job_type"


def mapped(plan: Plan, on: date | None) -> Mapped:
    """A document in the making. Raises `Malformed` for the settings of another system."""
    return Mapped(plan, settings_of(plan.settings, Settings, "netsuite"), on)


def soft_row(made: Mapped, table: str, keys: Sequence[str]) -> Row:
    """The row of the first key that has one; empty if none has. A key that only looks like a row's key counts as one without a row and is noted as
    defaulted, because a job is never held for its business unit or type."""
    for key in filter(code, keys):
        found = made.plan.crosswalk.row(table, key, made.on)
        if found is not None:
            if table == UNITS:
                made.of_unit(found)
            return found
        if alike := made.plan.crosswalk.alike(table, key):
            defaulted(made, table, f"{key} (looks like {alike}, which is another code)")
    return EMPTY


def defaulted(made: Mapped, what: str, value: str) -> None:
    """Note a value that a default replaces, even if the default is empty."""
    note = f"{what}={value}"
    if note not in made.defaulted:
        made.defaulted.append(note)


def unit_named(made: Mapped, name: str, source_id: str) -> Row:
    """The row of a business unit. If it names no clearing vendor or subsidiary, those of the settings are filled in."""
    row, settings = soft_row(made, UNITS, (name, source_id)), made.settings
    kept = {"clearing_vendor": settings.payables.clearing_vendor, "subsidiary": settings.subsidiary}
    found = {**kept, **{column: value for column, value in row.items() if value}}
    return {**found, UNITS: wanted((name, source_id))}


def job_type_of(made: Mapped, record: Mapping[str, Any]) -> Row:
    """The row of a document's job type, by name; empty for a document without a job."""
    named = record.get("job_type") or ""
    return {**soft_row(made, JOB_TYPES, (named,)), JOB_TYPES: named} if named else EMPTY


def segments(made: Mapped, unit: Row, job_type: Row, own: Row = EMPTY) -> dict[str, str]:
    """Department, class and location of a line or header, by NetSuite's own names. Each comes from the line's own row, else from the job type, the
    business unit or the defaults."""
    found: dict[str, str] = {}
    for name in SEGMENTS:
        value = own.get(name) or job_type.get(name) or unit.get(name)
        found[name] = value or _standard(made, name, unit, job_type)
    return {name: value for name, value in found.items() if value}


def _standard(made: Mapped, name: str, unit: Row, job_type: Row) -> str:
    """The default of a segment. A line without a department is noted even if there is no default."""
    standard = made.settings.defaults
    value = {"department": standard.department, "class": standard.classification, "location": standard.location}[name]
    if value or name == "department":
        defaulted(made, name, wanted((unit.get(UNITS, ""), job_type.get(JOB_TYPES, ""))))
    return value


def header(made: Mapped, unit: Row, job_type: Row, **own: str) -> dict[str, str]:
    """The dimensions of a header: its segments, and those of the fields customer, vendor and subsidiary that have a value."""
    return {**segments(made, unit, job_type), **{name: value for name, value in own.items() if value}}


def told(lines: Sequence[PostingLine], record: Mapping[str, Any]) -> list[PostingLine]:
    """The lines, with texts that begin with the job and are cut to the permitted length."""
    job = f"Job {record['job_number']}: " if record.get("job_number") else ""
    return [{**one, "description": f"{job}{one['description']}"[:TEXT]} for one in lines]


def runs_on(plan: Plan, flow: str, day: date | None) -> bool:
    """Whether a flow is enabled and its first posting date is not after this day."""
    own = plan.flows.get(flow)
    if own is None or not own.enabled or day is None:
        return False
    return own.cutover_date is None or bool(day >= own.cutover_date)
