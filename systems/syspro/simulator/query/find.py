"""COMFND: rows of a table that meet conditions, in an order, up to a number of rows.

Sources: a recorded request and answer (root = table, HeaderDetails, Row, RowsReturned padded to eight places), the element tree with its conditions.
Assumed: `And` binds closer than `Or`; text is compared by its characters, and case matters (the collation of a SYSPRO database is binary); LIKE
accepts % and _; without OrderBy, and among equal rows, the order is arbitrary; ReturnRows is required.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from runtime.simulator.conditions import COMPARISONS
from runtime.simulator.records import Row
from runtime.simulator.switches import names
from systems.syspro.simulator.answers import Failed, Tag, document
from systems.syspro.simulator.company import Company, day, key_of, number
from systems.syspro.simulator.query.shown import NO_DATE, columns_of, shown
from systems.syspro.simulator.reading import Part
from systems.syspro.spec import Column, tables

VERSION = "7.0.053"
_MOST = 99_999_999
Test = Callable[[Row], bool]


def find(company: Company, asked: Part) -> str:
    """The answer to a query."""
    table, columns = table_of(company, asked["TableName"])
    wanted = [_column(columns, one["Column"], table) for one in asked.one("Columns").some("Column")] or list(columns.values())
    order = [_column(columns, one["Column"], table) for one in asked.one("OrderBy").some("Column")]
    limit = _limit(asked["ReturnRows"])
    test = _where(asked, columns, table)
    found = [row for row in _candidates(company, asked, table) if test(row)]
    found.sort(key=lambda row: [*(comparable(row, column) for column in order), _shuffled(table, row)])
    return document(table, VERSION, _answer(table, wanted, order, found[:limit]))


def table_of(company: Company, name: str) -> tuple[str, dict[str, Column]]:
    """A table and its columns; raises `Failed` if it does not exist or is hidden from this operator."""
    if name not in tables() or name in names(company.settings.hidden_tables):
        raise Failed(f"Unable to open table '{name}' or access to it is denied")
    return name, columns_of(name)


def _answer(table: str, wanted: list[Column], order: list[Column], rows: list[Row]) -> list[Tag]:
    head: list[Tag] = [("TableName", table), ("Columns", [("Column", column.name) for column in wanted])]
    if order:
        head.append(("OrderBy", [("Column", column.name) for column in order]))
    tags: list[Tag] = [("HeaderDetails", head)]
    tags += [("Row", shown(row, wanted)) for row in rows]
    return [*tags, ("RowsReturned", f"{len(rows):8d}")]


def _limit(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= _MOST:
        raise Failed(f"ReturnRows '{text}' of COMFND is not a number above zero")
    return int(text)


def _column(columns: dict[str, Column], name: str, table: str) -> Column:
    if name not in columns:
        raise Failed(f"Column '{name}' not found in table '{table}'")
    return columns[name]


def comparable(row: Row, column: Column) -> Any:
    """The value of a column as it is compared and sorted."""
    value = str(row.get(column.name) or "")
    return Decimal(value or "0") if column.kind == "decimal" else value.rstrip()


def _shuffled(table: str, row: Row) -> str:
    """A key that gives an arbitrary order."""
    return hashlib.sha256(f"{table}/{key_of(table, row)}".encode()).hexdigest()


@dataclass
class _Conditions:
    """The expressions as tokens, read from the left."""

    tokens: list[Any]

    def either(self) -> Test:
        found = self.both()
        while self.tokens and self.tokens[0] == "Or":
            self.tokens.pop(0)
            found = _or(found, self.both())
        return found

    def both(self) -> Test:
        found = self.one()
        while self.tokens and self.tokens[0] == "And":
            self.tokens.pop(0)
            found = _and(found, self.one())
        return found

    def one(self) -> Test:
        if not self.tokens:
            raise Failed("Where clause of COMFND ends too early")
        first = self.tokens.pop(0)
        if first == "(":
            found = self.either()
            if not self.tokens or self.tokens.pop(0) != ")":
                raise Failed("Brackets in the Where clause of COMFND do not match")
            return found
        if not callable(first):
            raise Failed(f"Unexpected '{first}' in the Where clause of COMFND")
        test: Test = first
        return test


def _candidates(company: Company, asked: Part, table: str) -> list[Row]:
    """The rows that can meet the conditions: all, or those with the text of a condition that has to be true."""
    expressions = asked.one("Where").some("Expression")
    if any(one["AndOr"] == "Or" or one["OpenBracket"] or one["CloseBracket"] for one in expressions):
        return company.rows(table)
    exact = {one["Column"]: one["Value"] for one in expressions if one["Condition"] == "EQ"}
    for name in company.found_by(table):
        if exact.get(name):
            return company.rows_with(table, name, exact[name])
    return company.rows(table)


def _or(left: Test, right: Test) -> Test:
    return lambda row: left(row) or right(row)


def _and(left: Test, right: Test) -> Test:
    return lambda row: left(row) and right(row)


def _where(asked: Part, columns: dict[str, Column], table: str) -> Test:
    tokens: list[Any] = []
    for place, one in enumerate(asked.one("Where").some("Expression")):
        for error in one.errors:
            raise Failed(error.text)
        if place:
            tokens.append(one["AndOr"] or "And")
        tokens += list(one["OpenBracket"])
        tokens.append(_test(_column(columns, one["Column"], table), one["Condition"], one["Value"]))
        tokens += list(one["CloseBracket"])
    if not tokens:
        return lambda _: True
    conditions = _Conditions(tokens)
    found = conditions.either()
    if conditions.tokens:
        raise Failed("Brackets in the Where clause of COMFND do not match")
    return found


def _test(column: Column, condition: str, text: str) -> Test:
    if condition == "LIKE":
        parts = re.split("([%_])", text)
        pattern = re.compile("".join({"%": ".*", "_": "."}.get(part, re.escape(part)) for part in parts), re.DOTALL)
        return lambda row: pattern.fullmatch(str(row.get(column.name) or "")) is not None
    if condition.lower() not in COMPARISONS:
        raise Failed(f"Condition '{condition}' of COMFND is not known")
    compare, value = COMPARISONS[condition.lower()], _value(column, text)
    return lambda row: compare(comparable(row, column), value)


def _value(column: Column, text: str) -> Any:
    if column.kind == "decimal":
        found = number(text, 6)
        if found is None:
            raise Failed(f"Value '{text}' for column '{column.name}' is not numeric")
        return found
    if column.kind == "datetime":
        if text in ("", NO_DATE):
            return ""
        if day(text) is None:
            raise Failed(f"Value '{text}' for column '{column.name}' is not a date")
    return text
