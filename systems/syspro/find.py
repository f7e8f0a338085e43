"""COMFND, SYSPRO's generic find: the request for rows of a table, and the reading of its answer. Pure.

Facts (recorded exchanges; classes generated from the XSDs): a query names a table, columns, conditions joined by And or Or with brackets, an order
and how many rows to return. The answer has the table's name as its root, `Row`s and `RowsReturned`, padded with blanks. There is no offset: a list is
continued behind its last key. Which tables an operator can read depends on its permissions (assumed).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from lxml import etree

from runtime.errors import Garbled, Malformed
from runtime.exchange import Response
from runtime.json import Unreadable
from systems.feeds.elements import Cut, digest_of
from systems.syspro import errors
from systems.syspro.models import ENCODING, SYSTEM, Row, children, columns, cut_rows, name, of, outcome, row_of, text_of, xml_of
from systems.syspro.wire import Field, document, is_kept
from systems.values.numbers import whole

OBJECT = "COMFND"
MOST_ROWS = 500


class Where(NamedTuple):
    """A condition: a column, an operator (GT, GE, LT, LE, EQ, NE, LIKE), and a value. `joined` connects it to the previous condition; `opens` and
    `closes` are brackets."""

    column: str
    condition: str
    value: str
    joined: str = "And"
    opens: str = "("
    closes: str = ")"


@dataclass(frozen=True)
class Search:
    """The parameters of a query. `order` is the key by which the rows are sorted."""

    table: str
    columns: tuple[str, ...]
    where: tuple[Where, ...] = ()
    order: tuple[str, ...] = ()
    rows: int = MOST_ROWS

    @property
    def xml(self) -> str:
        """The query. Raises `Malformed` for a value that SYSPRO cannot store, because no row can have it."""
        for one in self.where:
            if not is_kept(one.value):
                raise Malformed(f"{SYSTEM} {self.table}: {one.column} {one.value[:40]!r} has characters that SYSPRO does not keep")
        body: list[Field] = [
            ("TableName", self.table),
            ("ReturnRows", str(self.rows)),
            ("Columns", [("Column", one) for one in self.columns]),
        ]
        if self.where:
            body.append(("Where", [("Expression", _expression(one)) for one in self.where]))
        if self.order:
            body.append(("OrderBy", [("Column", one) for one in self.order]))
        return document("Query", f"{OBJECT}.XSD", body)


def _expression(one: Where) -> list[Field]:
    return [
        ("OpenBracket", one.opens),
        ("AndOr", one.joined),
        ("Column", one.column),
        ("Condition", one.condition),
        ("Value", one.value),
        ("CloseBracket", one.closes),
    ]


@dataclass(frozen=True)
class Table:
    """The rows of an answer, each with its exact bytes, and the digest of the page. A row that cannot be read is `Unreadable`."""

    rows: tuple[Cut, ...]
    digest: str

    def whole(self, what: str) -> list[Row]:
        """The rows, if every one of them can be read. Raises `Garbled` otherwise."""
        if any(isinstance(row, Unreadable) for _, row in self.rows):
            raise Garbled(f"{SYSTEM} {what}: a row cannot be read")
        return [row for _, row in self.rows]


def table_of(answer: Response, search: Search) -> Table:
    """The rows of an answer. Raises `Garbled` unless it is the complete answer to this query, and what `errors.readable` raises."""
    what = search.table
    text = errors.readable(answer, what)
    try:
        return _whole(text, answer.body, search)
    except Malformed as error:
        return _cut(answer.body, search, error)


def _whole(text: str, body: bytes, search: Search) -> Table:
    root = xml_of(text)
    _require(root, search)
    rows = children(root, "Row")
    _require_count(root, len(rows), search)
    slices = cut_rows(body)
    if (
        len(slices) != len(rows) or text.encode(ENCODING, "replace") != body
    ):  # wrapped or in another encoding, so the bytes are encoded again
        slices = [etree.tostring(one, encoding="unicode", with_tail=False).encode(ENCODING, "xmlcharrefreplace") for one in rows]
    return Table(tuple(zip(slices, [columns(one) for one in rows], strict=True)), digest_of(body))


def _cut(body: bytes, search: Search, why: Malformed) -> Table:
    """The rows of a page some of whose rows cannot be read. The page without its rows has to be complete. Raises `Garbled`."""
    slices = cut_rows(body)
    if not slices:
        raise Garbled(f"{SYSTEM} {search.table}: {why}") from why
    try:
        rest = xml_of(text_of(_without(body, slices)))
        _require(rest, search)
        _require_count(rest, len(slices), search)
    except Malformed as error:
        raise Garbled(f"{SYSTEM} {search.table}: {why}") from error
    return Table(tuple((one, _read(one)) for one in slices), digest_of(body))


def _without(body: bytes, slices: Sequence[bytes]) -> bytes:
    for one in slices:
        body = body.replace(one, b"", 1)
    return body


def _read(one: bytes) -> Row | Unreadable:
    try:
        return row_of(text_of(one))
    except Malformed as error:
        return Unreadable(str(error), {})


def _require(root: etree._Element, search: Search) -> None:
    if refusal := errors.refused(outcome(root), search.table):
        raise refusal
    if name(root) != search.table.lower().replace("+", "_"):
        raise Garbled(f"{SYSTEM} {search.table}: the answer is about {name(root)[:40]}")


def _require_count(root: etree._Element, found: int, search: Search) -> None:
    told = of(root, "RowsReturned")
    if whole(told) != found or found > search.rows:
        raise Garbled(f"{SYSTEM} {search.table}: {found} rows came, the answer says {told[:20] or 'none'}")
