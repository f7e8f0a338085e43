"""SuiteQL as statements of SQLite: tokens are read and translated one by one. An unknown token is refused, never passed on.

Parsed: SELECT with joins, subqueries, WITH, UNION, GROUP BY, ORDER BY, TOP, FETCH FIRST, DUAL, and the functions below. Not parsed: LIMIT and
OFFSET (SuiteQL has none), ROWNUM, `(+)`, analytic functions (OVER), hints, bind parameters, arithmetic on dates other than `SYSDATE - n`,
BUILTIN functions other than DF. Sources: help pages of SuiteQL, public samples. Assumed: the words of refusals; that a date may be compared with a
text in the user's format.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from systems.netsuite.simulator.query.grouping import NotParsed, refuse_ungrouped
from systems.netsuite.simulator.query.tables import COLUMNS, DATES, ONE_ROW, SHOWN_AS

_TOKEN = re.compile(
    r"(?P<space>\s+|--[^\n]*|/\*.*?\*/)|(?P<text>'(?:[^']|'')*')|(?P<number>\d+(?:\.\d+)?|\.\d+)(?![\w])"
    r"|(?P<name>[A-Za-z_][\w$#]*)|(?P<quoted>\"[^\"]*\")|(?P<mark>\|\||<>|!=|<=|>=|[=<>(),.*+/-])",
    re.DOTALL,
)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_KEYWORDS = _words(
    """select distinct from where and or not in is null like escape between exists case when then else end as join inner left right full outer
    cross on group by having order asc desc nulls first last union all intersect minus with"""
)
_CALLED = _words("in exists and or not on when then else as from join select where having by all between like union")
_FUNCTIONS = _words(
    """to_char to_date to_timestamp to_number trunc add_months nvl nvl2 decode concat greatest least lpad mod coalesce nullif count sum min max
    avg round abs upper lower trim ltrim rtrim substr instr length replace ceil floor"""
)
_RENAMED = {"nvl": "coalesce"}
_NOW = ("sysdate", "systimestamp", "current_date", "current_timestamp")
_REFUSED = {
    "limit": "LIMIT is not supported; use the limit parameter, TOP or FETCH FIRST",
    "offset": "OFFSET is not supported; use the offset parameter",
    "rownum": "ROWNUM is not parsed by this simulator",
    "over": "analytic functions (OVER) are not parsed by this simulator",
    "extract": "EXTRACT is not parsed by this simulator; use TO_CHAR",
    "rowid": "Field 'rowid' was not found",
    "oid": "Field 'oid' was not found",
    "_rowid_": "Field '_rowid_' was not found",
    "true": "TRUE is not a value; booleans are 'T' and 'F'",
    "false": "FALSE is not a value; booleans are 'T' and 'F'",
}
_ENDS = ("where", "group", "order", "having", "union", "intersect", "minus", "fetch")
_LIMIT = "TOP and FETCH FIRST n ROWS ONLY are parsed for a whole query alone, with a number"
_COMPARED = ("=", "<>", "!=", "<", ">", "<=", ">=")


@dataclass(frozen=True)
class Token:
    """One token; `kind` is text, number, name, quoted or mark; names are in lower case."""

    kind: str
    text: str


@dataclass
class Statement:
    """A query for SQLite. `rows` is its own limit (TOP, FETCH FIRST); `has_order`, `has_ties`, `is_compound` and `tables` describe its content."""

    sql: str = ""
    rows: int | None = None
    has_order: bool = False
    has_ties: bool = True
    is_compound: bool = False
    tables: set[str] = field(default_factory=set)


def translated(text: str) -> Statement:
    """The statement for a query. Raises `NotParsed`."""
    tokens = _tokens(text)
    if not tokens or tokens[0].text not in ("select", "with"):
        raise NotParsed("a query begins with SELECT or WITH")
    found = Statement()
    tokens = _taken_limit(tokens, found)
    sources = _Sources(tokens)
    found.tables = sources.tables
    depths = list(_depths(tokens))
    found.has_order = any(
        one.text == "order" and one.kind == "name" and depth == 0 for one, depth in zip(tokens, depths, strict=True)
    )
    found.has_ties = not found.has_order or len(found.tables) > 1 or "id" not in _behind_order(tokens)
    found.is_compound = any(
        one.text in ("union", "intersect", "minus") and depth == 0 for one, depth in zip(tokens, depths, strict=True)
    )
    found.sql = " ".join(_Writer(tokens, sources).written())
    refuse_ungrouped([token.text for token in tokens], {at for at, token in enumerate(tokens) if token.kind == "name"})
    return found


def _behind_order(tokens: list[Token]) -> list[str]:
    """The words after the last ORDER. An order of one table that includes its id leaves no ties."""
    texts = [token.text for token in tokens]
    return texts[len(texts) - texts[::-1].index("order") :] if "order" in texts else []


def _tokens(text: str) -> list[Token]:
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise NotParsed("the query has characters that are none")
    found: list[Token] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise NotParsed(f"unexpected character at {position + 1}: {text[position : position + 20]!r}")
        kind, position = str(match.lastgroup), match.end()
        if kind != "space":
            found.append(Token(kind, match[0].lower() if kind == "name" else match[0]))
    for token in found:
        if token.kind == "name" and token.text in _REFUSED:
            raise NotParsed(_REFUSED[token.text])
    return found


def _depths(tokens: Iterable[Token]) -> Iterable[int]:
    depth = 0
    for token in tokens:
        depth += {"(": 1, ")": -1}.get(token.text, 0) if token.kind == "mark" else 0
        if depth < 0:
            raise NotParsed("a parenthesis is closed that was not opened")
        yield depth
    if depth:
        raise NotParsed("a parenthesis is not closed")


def _taken_limit(tokens: list[Token], found: Statement) -> list[Token]:
    """The tokens without TOP or FETCH FIRST of the whole query."""
    texts = [token.text for token in tokens]
    if texts[:2] == ["select", "top"] and len(tokens) > 2 and tokens[2].kind == "number":
        found.rows = int(texts[2])
        return [tokens[0], *tokens[3:]]
    tail = texts[-5:]
    if len(tail) == 5 and tail[0] == "fetch" and tail[1] in ("first", "next") and tail[3] in ("row", "rows") and tail[4] == "only":
        if not (tail[2].isascii() and tail[2].isdigit()):
            raise NotParsed(_LIMIT)
        found.rows = int(tail[2])
        return tokens[:-5]
    return tokens


class _Sources:
    """The tables that a query reads, and their names: `aliases` of all levels together, `tables` by their own names."""

    def __init__(self, tokens: list[Token]) -> None:
        self.aliases: dict[str, str] = {}
        self.tables: set[str] = set()
        self.places: set[int] = set()
        self._tokens = tokens
        self._defined = {
            tokens[at - 1].text
            for at, one in enumerate(tokens[:-1])
            if one.text == "as" and tokens[at + 1].text == "(" and at and tokens[0].text == "with"
        }
        self._scan()

    def _scan(self) -> None:
        inside = [False]
        for at, token in enumerate(self._tokens):
            if token.text == "(" and token.kind == "mark":
                inside.append(False)
            elif token.text == ")" and token.kind == "mark" and len(inside) > 1:
                inside.pop()
            elif token.kind == "name" and token.text in ("from", "join"):
                inside[-1] = True
                self._source(at + 1)
            elif token.kind == "name" and token.text in _ENDS:
                inside[-1] = False
            elif token.text == "," and inside[-1]:
                self._source(at + 1)

    def _source(self, at: int) -> None:
        token = self._tokens[at] if at < len(self._tokens) else Token("mark", "")
        if token.text == "(" and token.kind == "mark":
            return
        if token.kind != "name":
            raise NotParsed("a table is expected behind FROM or JOIN")
        name = token.text
        if name not in self._defined and name not in COLUMNS and name not in SHOWN_AS and name != ONE_ROW:
            raise NotParsed(f"Record '{name}' was not found.")
        if name in COLUMNS and name in ("addressbook", "subsidiaryrelationship", "transactionlink"):
            raise NotParsed(f"Record '{name}' was not found.")
        if name not in self._defined:
            self.tables.add(name)
        self.places.add(at)
        follows = self._tokens[at + 1 : at + 3]
        if follows and follows[0].text == "as":
            follows = follows[1:]
        is_alias = bool(follows) and follows[0].kind == "name" and follows[0].text not in _KEYWORDS and follows[0].text != "fetch"
        self.aliases[follows[0].text if is_alias else name] = name

    def column(self, alias: str, name: str) -> tuple[str, str] | None:
        """Table and column that a name means; None if that is not certain."""
        tables = [self.aliases[alias]] if alias in self.aliases else list(dict.fromkeys(self.aliases.values())) if not alias else []
        fits = [table for table in tables if any(column == name for column, *_ in _columns(table))]
        return (fits[0], name) if len(fits) == 1 else None


def _columns(table: str) -> tuple[tuple[str, str, str, str], ...]:
    return COLUMNS.get(SHOWN_AS.get(table, (table, ""))[0], ())


class _Writer:
    """Writes the tokens in SQLite's syntax."""

    def __init__(self, tokens: list[Token], sources: _Sources) -> None:
        self._tokens, self._sources = tokens, sources
        self._at = 0

    def written(self) -> list[str]:
        """The words of the statement."""
        words: list[str] = []
        while self._at < len(self._tokens):
            words.append(self._next())
        return words

    def _peek(self, ahead: int = 0) -> Token:
        at = self._at + ahead
        return self._tokens[at] if 0 <= at < len(self._tokens) else Token("mark", "")

    def _next(self) -> str:
        token = self._peek()
        self._at += 1
        if token.text == "/":
            return "* 1.0 /"  # dividing two whole numbers gives a decimal
        writers: dict[str, Callable[[Token], str]] = {"text": self._text, "quoted": self._quoted, "name": self._name}
        return writers[token.kind](token) if token.kind in writers else token.text

    def _text(self, token: Token) -> str:
        """A text. The empty text is NULL, and a text that is compared with a date is read as a date."""
        if self._is_beside_date():
            return f"sim_day({token.text})"
        return "NULL" if token.text == "''" else token.text

    def _is_beside_date(self) -> bool:
        at = self._at - 1
        before, after = (self._tokens[at + step].text if 0 <= at + step < len(self._tokens) else "" for step in (-1, 1))
        if before in _COMPARED:
            return self._is_date(at - 2)
        if after in _COMPARED:
            return self._is_date(at + 2) or (self._token(at + 3) == "." and self._is_date(at + 4))
        if before == "between":
            return self._is_date(at - 2) or (self._token(at - 2) == "not" and self._is_date(at - 3))
        return before == "and" and self._token(at - 3) == "between" and self._is_date(at - 4)

    def _token(self, at: int) -> str:
        return self._tokens[at].text if 0 <= at < len(self._tokens) else ""

    def _is_date(self, at: int) -> bool:
        return 0 <= at < len(self._tokens) and self._tokens[at].kind == "name" and self._tokens[at].text in DATES

    def _quoted(self, token: Token) -> str:
        name = token.text.strip('"').lower()
        if not re.fullmatch(r"\w+", name):
            raise NotParsed(f"the name {token.text} is not parsed by this simulator")
        return f"[{name}]"

    def _name(self, token: Token) -> str:
        name = token.text
        if name == "builtin" and self._peek().text == ".":
            return self._builtin()
        if name in _NOW and self._peek().text != "(":
            return self._now()
        if self._peek().text == "(" and name not in _CALLED:
            return self._function(name)
        if name == "fetch" or (name == "top" and self._peek(-2).text == "select" and self._peek().kind != "mark"):
            raise NotParsed(_LIMIT)
        if name == "in" and (self._peek().text, self._peek(1).text) == ("(", ")"):
            raise NotParsed("a value is expected behind IN")
        if name in ("minus",):
            return "EXCEPT"
        if name in _KEYWORDS and self._peek(-2).text != ".":
            return name.upper()
        if name in DATES and self._peek().text in ("+", "-"):
            raise NotParsed("arithmetic on dates is not parsed by this simulator; use TO_TIMESTAMP or ADD_MONTHS")
        return f"[{name}]"

    def _function(self, name: str) -> str:
        if name not in _FUNCTIONS:
            is_defined = self._peek(-2).text in ("with", ",") or (
                self._token(self._at).startswith("(") and self._peek(-2).text == "as"
            )
            if is_defined:
                return f"[{name}]"
            raise NotParsed(f"Unknown identifier '{name.upper()}', or a function that is not parsed by this simulator")
        return _RENAMED.get(name, name)

    def _now(self) -> str:
        sign, days = self._peek().text, self._peek(1)
        if sign not in ("+", "-"):
            return "sim_now()"
        if days.kind != "number":
            raise NotParsed("arithmetic on dates is not parsed by this simulator, but for SYSDATE and a number of days")
        self._at += 2
        return f"sim_now({sign}{days.text})"

    def _builtin(self) -> str:
        """`BUILTIN.DF(t.status)`: the words of a value."""
        function, bracket = self._peek(1), self._peek(2)
        if function.text != "df" or bracket.text != "(":
            raise NotParsed(f"BUILTIN.{function.text.upper()} is not parsed by this simulator")
        self._at += 3
        path: list[str] = []
        while self._peek().kind == "name" or self._peek().text == ".":
            path.append(self._peek().text)
            self._at += 1
        names = [part for part in path if part != "."]
        if self._peek().text != ")" or len(names) not in (1, 2):
            raise NotParsed("BUILTIN.DF takes one field")
        self._at += 1
        alias, name = names if len(names) == 2 else ("", names[0])
        held = self._sources.column(alias, name)
        if held is None:
            raise NotParsed(f"Field '{name}' was not found.")
        prefix = f"[{alias}]." if alias else ""
        further = f", {prefix}[type]" if held == ("transaction", "status") else ""
        return f"builtin_df('{_shown_as(held)}', {prefix}[{name}]{further})"


def _shown_as(held: tuple[str, str]) -> str:
    """How BUILTIN.DF shows a column: by the record type that it refers to, or by a list of words."""
    table, name = held
    if table == "transaction" and name in ("status", "type"):
        return name
    return next(target for column, _, target, _ in _columns(table) if column == name)
