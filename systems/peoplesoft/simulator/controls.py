"""The content of the control tables: ChartField values by SETID and effective date, business units, periods.

Sources: PeopleBooks and public SQL (current row = greatest EFFDT not after the day, inactive when that row is `I`; SETID from set control).
Words and numbers of refusals: (15,11) is the product's prompt-table message as remembered; those of sets 5010 and 7030 are assumed.
"""

from __future__ import annotations

from runtime.simulator.records import Row
from systems.peoplesoft.simulator.answers import Message
from systems.peoplesoft.simulator.definitions import CHARTFIELDS
from systems.peoplesoft.simulator.seed.books import setid_of
from systems.peoplesoft.simulator.site import Site

INVALID = "Invalid value -- press the prompt button or hyperlink for a list of valid values"


def invalid(where: str, value: str) -> Message:
    """A value that its prompt table does not have."""
    return Message(15, 11, INVALID, f"{where} {value}".rstrip())


def required(where: str) -> Message:
    """A field that may not be blank."""
    return Message(15, 30, "Highlighted fields are required.", where)


def table_of(field: str) -> str:
    """The table that holds a chartfield's values."""
    return "Account" if field == "ACCOUNT" else "ChartField"


def in_force(site: Site, setid: str, field: str, day: str) -> list[Row]:
    """For each value of a ChartField the row in force on a day, by value. Values that begin later are left out."""
    current: dict[str, Row] = {}
    for row in site.rows(table_of(field)):
        if row["SETID"] == setid and row["FIELDNAME"] == field and row["EFFDT"] <= day:
            held = current.get(row["VALUE"])
            if held is None or row["EFFDT"] > held["EFFDT"]:
                current[row["VALUE"]] = row
    return [current[value] for value in sorted(current)]


def is_valid(site: Site, setid: str, field: str, value: str, day: str) -> bool:
    """Whether a value is active on a day."""
    return any(row["VALUE"] == value and row["EFF_STATUS"] == "A" for row in in_force(site, setid, field, day))


def chartfield_problems(site: Site, unit: str, day: str, row: Row, where: str) -> list[Message]:
    """What is wrong with the chartfields of a line; ACCOUNT is required."""
    setid, found = setid_of(site, unit), []
    for field in CHARTFIELDS:
        value = row.get(field, "")
        if value and not is_valid(site, setid, field, value, day):
            found.append(invalid(f"{where}.{field}", value))
        elif not value and field == "ACCOUNT":
            found.append(required(f"{where}.ACCOUNT"))
    return found


def unit_of(site: Site, unit: str, kind: str) -> Row | None:
    """A business unit of General Ledger or Payables."""
    held = site.get("BusinessUnit", unit)
    return held if held is not None and held["KIND"] == kind else None


def period_of(site: Site, unit: str, day: str) -> Row | None:
    """The accounting period that contains a day; None outside the calendar."""
    return site.get("Period", f"{unit}/{day[:4]}{int(day[5:7]):03d}") if len(day) == 10 else None
