"""Conditions on rows, and a reader for the and, or, not and parentheses that the query languages of vendors share.

A language gives the regular expression of its tokens, whose named groups are their kinds, and reads its own comparisons. The reader fits
OData (`$filter=Status eq 'Open' and not (Amount lt 5)`), and with other tokens `q=Number = 'A-1' and Amount > 5` or the WHERE of SQL.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

R = TypeVar("R")
Token = tuple[str, str]
_DEEPEST = 100
COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
}


class BadCondition(Exception):
    """The text is not in the language; the message says where."""


@dataclass(frozen=True)
class Probe:
    """A necessary condition that an index can answer: `field` equals, or begins with, a folded text. A low `cost` means that few rows are left."""

    field: str
    text: str
    is_prefix: bool = False
    cost: int = 9


@dataclass(frozen=True)
class Condition(Generic[R]):
    """A test of rows. For each matching row one of `probes` is true; () = nothing is known."""

    matches: Callable[[R], bool]
    probes: tuple[Probe, ...] = ()


class Reader(Generic[R]):
    """Reads a condition. `comparison` reads everything except and, or, not and parentheses, with `peek`, `take` and `expect`."""

    def __init__(self, text: str, token: re.Pattern[str], comparison: Callable[[Reader[R]], Condition[R]]) -> None:
        self._tokens = _tokens(text.rstrip(), token)
        self._comparison = comparison
        self._at = self._depth = 0

    def whole(self) -> Condition[R]:
        """The condition that the whole text expresses. Raises `BadCondition`."""
        found = self._either()
        if self.peek() != ("end", ""):
            raise BadCondition(f"unexpected '{self.peek()[1]}'")
        return found

    def peek(self) -> Token:
        """The kind and text of the next token; ("end", "") after the last one."""
        return self._tokens[min(self._at, len(self._tokens) - 1)]

    def take(self) -> Token:
        """Read the next token."""
        token = self.peek()
        self._at += 1
        return token

    def expect(self, mark: str) -> None:
        """Read a token that has to be this one."""
        if self.take()[1] != mark:
            raise BadCondition(f"'{mark}' expected")

    def _either(self) -> Condition[R]:
        found = self._both()
        while self.peek() == ("name", "or"):
            self.take()
            found = _or(found, self._both())
        return found

    def _both(self) -> Condition[R]:
        found = self._one()
        while self.peek() == ("name", "and"):
            self.take()
            found = _and(found, self._one())
        return found

    def _one(self) -> Condition[R]:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise BadCondition("nested too deeply")
        if self.peek() == ("name", "not"):
            self.take()
            inner = self._one().matches
            return Condition(lambda row: not inner(row))
        if self.peek() != ("mark", "("):
            return self._comparison(self)
        self.take()
        found = self._either()
        self.expect(")")
        return found


def _or(left: Condition[R], right: Condition[R]) -> Condition[R]:
    probes = left.probes + right.probes if left.probes and right.probes else ()
    return Condition(lambda row: left.matches(row) or right.matches(row), probes)


def _and(left: Condition[R], right: Condition[R]) -> Condition[R]:
    probes = min((probes for probes in (left.probes, right.probes) if probes), key=_cost, default=())
    return Condition(lambda row: left.matches(row) and right.matches(row), probes)


def _cost(probes: tuple[Probe, ...]) -> int:
    return max(probe.cost for probe in probes)


def _tokens(text: str, token: re.Pattern[str]) -> list[Token]:
    tokens: list[Token] = []
    position = 0
    while position < len(text):
        found = token.match(text, position)
        if found is None:
            raise BadCondition(f"at {position}: {text[position : position + 20]!r}")
        tokens.append((str(found.lastgroup), found.group(str(found.lastgroup))))
        position = found.end()
    return [*tokens, ("end", "")]
