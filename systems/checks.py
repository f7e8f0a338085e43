"""What the `check` of every system has in common: it compares the values that settings and tables name with the system's own lists, it says what
failed, and whether a period covers a day.

Each finding is one line that says what to do (`systems.contract.Finding`). Nothing is read here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import NamedTuple, TypeVar

from runtime.errors import Broken
from systems.contract import Finding, checked
from systems.mapped import Crosswalk

Value = TypeVar("Value")


class Judged(NamedTuple):
    """What is wrong with a value: the level (error or warning), a sentence, and what to do."""

    level: str
    words: str
    remedy: str


class Findings(list[Finding]):
    """The findings of one check, in their order."""

    def say(self, level: str, subject: str, words: str, remedy: str = "", value: str = "") -> None:
        """Add a finding."""
        self.append(Finding(level, subject, words, remedy, value))

    def failed(self, subject: str, error: Exception, remedy: str) -> None:
        """Add an error. An error of the settings brings its own remedy."""
        self.append(failed(subject, error, remedy))

    def compare(self, what: str, named: Mapping[str, Value], judge: Callable[[str, Value], Judged | None]) -> None:
        """Add a line for each named value in which `judge` (value, who names it) finds a fault, and one good line if none of them is an error."""
        judged = {value: found for value, source in sorted(named.items()) if (found := judge(value, source)) is not None}
        for value, found in judged.items():
            self.say(found.level, what, found.words, found.remedy, value)
        if named and not any(found.level == "error" for found in judged.values()):
            self.say("ok", what, checked(len(named), what))


def failed(subject: str, error: Exception, remedy: str) -> Finding:
    """An error that occurred while something was used, as a finding. An error of the settings brings its own remedy."""
    if isinstance(error, Broken):
        return Finding("error", subject, error.words, error.remedy)
    return Finding("error", subject, str(error), remedy)


def named(
    crosswalk: Crosswalk, columns: Sequence[tuple[str, str]], on: date | None = None, source: str = "{table} {key}"
) -> dict[str, str]:
    """The values of these (table, column) in the rows that are in force on a day, each with the first row that names it; `source` says where that
    is."""
    found: dict[str, str] = {}
    for table, column in columns:
        for key, row in sorted(crosswalk.rows(table, on).items()):
            if value := row.get(column, ""):
                found.setdefault(value, source.format(table=table, key=key, column=column))
    return found


def of_settings(section: str, own: object, fields: Sequence[str]) -> dict[str, str]:
    """The values in these fields of a section of the settings. Empty fields are left out."""
    found: dict[str, str] = {}
    for field in fields:
        if value := str(getattr(own, field)):
            found.setdefault(value, f"settings.{section}{field}")
    return found


def covers(first: date | None, last: date | None, on: date) -> bool:
    """Whether a period of these days covers a day."""
    return first is not None and last is not None and first <= on <= last
