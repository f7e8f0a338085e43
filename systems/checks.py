"""What every `check` does alike: values that settings and tables name, against the system's own list; what failed; a period that covers a day.

A finding is one line with what to do (`systems.contract.Finding`). Reads nothing itself.
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
    """What is wrong with a value: level (error, warning), words, and what to do."""

    level: str
    words: str
    remedy: str


class Findings(list[Finding]):
    """The findings of one check, in their order."""

    def say(self, level: str, subject: str, words: str, remedy: str = "") -> None:
        """Add a finding."""
        self.append(Finding(level, subject, words, remedy))

    def failed(self, subject: str, error: Exception, remedy: str) -> None:
        """Add what went wrong: a setting that is broken tells its own remedy."""
        self.append(failed(subject, error, remedy))

    def compare(self, what: str, named: Mapping[str, Value], judge: Callable[[str, Value], Judged | None]) -> None:
        """One line for each named value that `judge` (value, who names it) finds fault with; one good line where none is an error."""
        judged = [found for value, source in sorted(named.items()) if (found := judge(value, source)) is not None]
        for found in judged:
            self.say(found.level, what, found.words, found.remedy)
        if named and not any(found.level == "error" for found in judged):
            self.say("ok", what, checked(len(named), what))


def failed(subject: str, error: Exception, remedy: str) -> Finding:
    """What went wrong while something was used, as a finding; a setting that is broken tells its own remedy."""
    if isinstance(error, Broken):
        return Finding("error", subject, error.words, error.remedy)
    return Finding("error", subject, str(error), remedy)


def named(
    crosswalk: Crosswalk, columns: Sequence[tuple[str, str]], on: date | None = None, source: str = "{table} {key}"
) -> dict[str, str]:
    """Every value of these (table, column) in the rows of a day, with the row that names it first, told as `source`."""
    found: dict[str, str] = {}
    for table, column in columns:
        for key, row in sorted(crosswalk.rows(table, on).items()):
            if value := row.get(column, ""):
                found.setdefault(value, source.format(table=table, key=key, column=column))
    return found


def of_settings(section: str, own: object, fields: Sequence[str]) -> dict[str, str]:
    """The values that these fields of a section of the settings name; empty fields name none."""
    found: dict[str, str] = {}
    for field in fields:
        if value := str(getattr(own, field)):
            found.setdefault(value, f"settings.{section}{field}")
    return found


def covers(first: date | None, last: date | None, on: date) -> bool:
    """Whether a period of these days covers a day."""
    return first is not None and last is not None and first <= on <= last
