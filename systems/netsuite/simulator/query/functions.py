"""The functions of SuiteQL that SQLite does not have or defines differently: dates, BUILTIN.DF, exact sums, Oracle's functions.

Source: help pages of SuiteQL on supported functions, public samples. A date inside the engine is a marked text `YYYY-MM-DD
HH:MM:SS[.fraction]` in the account's zone. Assumed: the words of refusals.
"""

from __future__ import annotations

import random
import re
import sqlite3
from calendar import monthrange
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

from systems.netsuite.simulator.account import Account, stamp
from systems.netsuite.simulator.dates import local, parsed, written
from systems.netsuite.simulator.kinds import BY_CODE
from systems.netsuite.simulator.query.tables import MARK
from systems.netsuite.simulator.service.body import referred
from systems.netsuite.simulator.service.view import name_of

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_FORMAT = re.compile(r"YYYY|HH24|HH12|HH|MM|MON|DD|MI|SS|x?FF[0-9]?|AM|PM|\"[^\"]*\"|.", re.IGNORECASE | re.DOTALL)
_READ = {
    "YYYY": r"(?P<y>\d{4})",
    "MM": r"(?P<m>\d{1,2})",
    "MON": r"(?P<b>[A-Za-z]{3})",
    "DD": r"(?P<d>\d{1,2})",
    "HH24": r"(?P<h>\d{1,2})",
    "HH12": r"(?P<h>\d{1,2})",
    "HH": r"(?P<h>\d{1,2})",
    "MI": r"(?P<min>\d{1,2})",
    "SS": r"(?P<s>\d{1,2})",
    "AM": r"(?P<half>[AaPp][Mm])",
    "PM": r"(?P<half>[AaPp][Mm])",
}
_CHANGING = ("sim_now", "sim_tie", "open_of", "builtin_df")
"""Functions that may return different values for the same arguments."""


class Sum:
    """SUM, exact for amounts."""

    def __init__(self) -> None:
        self.total: Decimal | None = None

    def step(self, value: Any) -> None:
        """Add a value; NULL counts for nothing."""
        if value is not None:
            self.total = (self.total or Decimal(0)) + Decimal(str(value))

    def finalize(self) -> int | float | None:
        """The sum; NULL if there was no value."""
        return _number(self.total)


class Average(Sum):
    """AVG, exact for amounts."""

    count = 0

    def step(self, value: Any) -> None:
        """Add a value."""
        super().step(value)
        self.count += value is not None

    def finalize(self) -> int | float | None:
        """The average."""
        return _number(None if self.total is None else self.total / self.count)


def _number(value: Decimal | None) -> int | float | None:
    if value is None:
        return None
    return int(value) if value == value.to_integral_value() else float(value)


class Functions:
    """`problem` says why the last statement failed inside a function."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._ties = random.Random(f"netsuite/ties/{account.seed}")
        self.problem = ""

    def add(self, db: sqlite3.Connection) -> None:
        """Register the functions with a database."""
        told: dict[str, Callable[..., Any]] = {
            "to_char": self._to_char,
            "to_date": self._to_date,
            "to_timestamp": self._to_date,
            "to_number": lambda text: None if text is None else _number(Decimal(str(text))),
            "trunc": self._trunc,
            "add_months": self._add_months,
            "sim_now": self._now,
            "sim_day": self._typed,
            "sim_tie": self._ties.random,
            "open_of": lambda key: float(self._account.open_of.get(str(key), Decimal(0))),
            "builtin_df": self._display,
            "nvl2": lambda value, there, absent: absent if value is None else there,
            "decode": _decode,
            "concat": lambda *parts: "".join(str(part) for part in parts if part is not None),
            "greatest": lambda *values: None if None in values else max(values),
            "least": lambda *values: None if None in values else min(values),
            "lpad": lambda text, width, fill=" ": None if text is None else str(text)[:width].rjust(width, fill[:1]),
            "mod": lambda left, right: None if None in (left, right) else _number(Decimal(str(left)) % Decimal(str(right))),
        }
        for name, function in told.items():
            db.create_function(name, -1, self._told(function), deterministic=name not in _CHANGING)
        db.create_aggregate("sum", 1, Sum)  # type: ignore[arg-type]  # the protocol of the stubs takes ints alone
        db.create_aggregate("avg", 1, Average)  # type: ignore[arg-type]  # as above

    def _told(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def run(*values: Any) -> Any:
            try:
                return function(*values)
            except (ValueError, TypeError, ArithmeticError, AttributeError) as error:
                self.problem = str(error)
                raise

        return run

    def instant(self, when: str) -> str:
        """An instant of a row in the engine's form."""
        return f"{MARK}{local(when, self._account.settings.timezone)}"

    def _now(self, days: Any = 0) -> str:
        then = self._account.clock.now() + timedelta(days=float(days))
        return self.instant(stamp(then))

    def _typed(self, text: str) -> str:
        """A date that was written as a plain text, which is read in the user's format."""
        return MARK + parsed(text, self._account.settings)

    def _to_date(self, text: Any, form: str = "") -> str | None:
        if text is None or str(text).startswith(MARK):
            return None if text is None else str(text)
        if not form:
            return self._typed(str(text))
        pattern = "".join(_pattern(token) for token in _parts(form))
        match = re.fullmatch(pattern, str(text).strip())
        if match is None:
            raise ValueError(f"the text '{text}' does not fit the format '{form}'")
        return MARK + _assembled(match.groupdict())

    def _to_char(self, value: Any, form: str = "") -> str | None:
        if value is None:
            return None
        if not isinstance(value, str):
            if form:
                raise ValueError("the format of a number is not parsed by this simulator")
            return format(Decimal(str(value)).normalize(), "f")
        if not value.startswith(MARK):
            return value
        text = value[1:]
        if not form:
            return written(text, self._account.settings)
        return "".join(_written(token, text) for token in _parts(form))

    def _trunc(self, value: Any, form: Any = None) -> Any:
        if value is None:
            return None
        if isinstance(value, str) and value.startswith(MARK):
            ends = {"MM": (8, "-01"), "MONTH": (8, "-01"), "YYYY": (5, "-01-01"), "YEAR": (5, "-01-01")}
            cut, rest = ends.get(str(form or "").upper(), (11, ""))
            return f"{value[:cut]}{rest} 00:00:00"
        step = Decimal(10) ** -int(form or 0)
        return _number(Decimal(str(value)) // step * step)

    def _add_months(self, value: Any, months: int) -> str | None:
        if value is None:
            return None
        if not str(value).startswith(MARK):
            raise ValueError("ADD_MONTHS takes a date")
        year, month, day = (int(part) for part in value[1:11].split("-"))
        total = year * 12 + month - 1 + int(months)
        last = monthrange(total // 12, total % 12 + 1)[1]
        return f"{MARK}{date(total // 12, total % 12 + 1, min(day, last)).isoformat()}{value[11:]}"

    def _display(self, target: str, value: Any, code: Any = None) -> Any:
        """BUILTIN.DF: the text by which people see a value."""
        if value is None or not target:
            return value
        if target == "status":
            kind = BY_CODE.get(str(code))
            return f"{kind.label} : {kind.statuses.get(value, value)}" if kind else value
        if target == "type":
            return BY_CODE[value].label if value in BY_CODE else value
        found = referred(self._account, target, str(value))
        return name_of(found) if found else None


@lru_cache(maxsize=256)
def _parts(form: str) -> list[str]:
    parts = [str(part) for part in _FORMAT.findall(form)]
    if strange := [part for part in parts if len(part) == 1 and part.isalpha()]:
        raise ValueError(f"the format '{form}' is not parsed by this simulator, from '{strange[0]}' on")
    return parts


def _decode(value: Any, *pairs: Any) -> Any:
    for place in range(0, len(pairs) - 1, 2):
        if value == pairs[place]:
            return pairs[place + 1]
    return pairs[-1] if len(pairs) % 2 else None


def _pattern(token: str) -> str:
    upper = token.upper()
    if upper.startswith(("FF", "XFF")):
        return (r"[.,]" if upper.startswith("X") else "") + r"(?P<f>\d{1,9})"
    if token.startswith('"'):
        return re.escape(token.strip('"'))
    return _READ.get(upper) or re.escape(token)


def _assembled(parts: dict[str, str | None]) -> str:
    month = _MONTHS.index(str(parts["b"]).upper()) + 1 if parts.get("b") else int(parts.get("m") or 1)
    day = date(int(parts.get("y") or 1), month, int(parts.get("d") or 1))
    hour, minute, second = (int(parts.get(name) or 0) for name in ("h", "min", "s"))
    if parts.get("half"):
        hour = hour % 12 + (12 if str(parts["half"]).lower() == "pm" else 0)
    if hour > 23 or minute > 59 or second > 59:
        raise ValueError("the time of day is not valid")
    fraction = str(parts.get("f") or "").rstrip("0")
    return f"{day.isoformat()} {hour:02d}:{minute:02d}:{second:02d}" + (f".{fraction}" if fraction else "")


def _written(token: str, text: str) -> str:
    places = {"YYYY": (0, 4), "MM": (5, 7), "DD": (8, 10), "HH24": (11, 13), "MI": (14, 16), "SS": (17, 19)}
    upper = token.upper()
    if upper in places:
        start, end = places[upper]
        return text[start:end]
    hour = int(text[11:13])
    if upper in ("HH", "HH12"):
        return f"{hour % 12 or 12:02d}"
    if upper in ("AM", "PM"):
        return "PM" if hour >= 12 else "AM"
    if upper == "MON":
        return _MONTHS[int(text[5:7]) - 1].capitalize()
    if upper.startswith(("FF", "XFF")):
        return ("." if upper.startswith("X") else "") + (text[20:] + "0" * 9)[: int(upper[-1]) if upper[-1].isdigit() else 9]
    return token.strip('"') if token.startswith('"') else token
