"""How results reach a person or a program: as a table, or as JSON with `--output json`."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.table import Table
from rich.text import Text

_LEAST = 12
_UNSEEN = Console(file=io.StringIO())
"""Rich needs a console to break lines. Nothing is printed on it."""
WIDTH = 100
"""Columns that fit a person's screen and mail. A program asks for JSON."""


class Output(StrEnum):
    """Form of a result on stdout."""

    table = "table"
    json = "json"


def plain(value: Any) -> Any:
    """A value as JSON can hold it: money as decimal strings, bytes as text if they are text, otherwise as hex."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return value.hex()
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    return value


def money(amount: Decimal, thousands: str = "") -> str:
    """An amount with two places, or more if it has more; `thousands` stands between groups of three digits."""
    return f"{cents(amount):,f}".replace(",", thousands)


def cents(amount: Decimal) -> Decimal:
    """The same amount with two places, or more if it has more. Records have four."""
    short = amount.quantize(Decimal("0.01"))
    return short if short == amount else amount.normalize()


def paragraph(text: str, indent: int = 0) -> Iterator[str]:
    """A sentence as lines of at most `WIDTH` columns, the first one indented by `indent` columns and the rest by two more."""
    pad, shown = " " * indent, printable(text)
    first = next(_wrapped(shown, WIDTH - indent), "")
    yield from [f"{pad}{first}"] if first else ()
    yield from (f"{pad}  {line}" for line in _wrapped(shown[len(first) :].lstrip(), WIDTH - indent - 2))


def side_by_side(head: str, text: str) -> Iterator[str]:
    """A line that begins with `head`, with `text` in the remaining columns, over several lines if necessary; below it if almost no columns
    remain."""
    taken = cell_len(head)
    if WIDTH - taken < _LEAST:
        yield head.rstrip()
        yield from paragraph(text, 4)
        return
    lines = [*_wrapped(printable(text), WIDTH - taken)] or [""]
    for number, line in enumerate(lines):
        yield f"{' ' * taken if number else head}{line}".rstrip()


def fitted(text: str, width: int) -> str:
    """The text in exactly `width` columns: padded with blanks, or cut with an ellipsis. Wide letters (Chinese, Korean) take two columns."""
    shown = printable(text)
    return set_cell_size(shown, width) if cell_len(shown) <= width else f"{set_cell_size(shown, width - 1)}\N{HORIZONTAL ELLIPSIS}"


def _wrapped(text: str, width: int) -> Iterator[str]:
    """The lines of a text, broken at its blanks, or within a word that is wider than a line; counted in columns, not in letters."""
    if text.strip():
        yield from (line.plain.rstrip() for line in Text(text).wrap(_UNSEEN, width, overflow="fold"))


def print_json(value: Any) -> None:
    """One JSON document on stdout. Characters that a terminal would act on are escaped."""
    text = json.dumps(plain(value), ensure_ascii=False)
    print(text if text.isprintable() else "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text))


def print_rows(rows: Sequence[Mapping[str, Any]], output: Output, title: str = "") -> None:
    """Rows with the same columns, as a table or as a JSON list."""
    if output is Output.json:
        print_json(list(rows))
        return
    console = Console()
    console = Console(width=min(WIDTH, console.width) if console.is_terminal else WIDTH)
    if not rows:
        console.print(f"{title}: none" if title else "none", markup=False)
        return
    table = Table(title=title or None, title_justify="left", pad_edge=False)
    for column in rows[0]:
        numeric = isinstance(rows[0][column], (int, Decimal)) or column == "amount"
        table.add_column(column.replace("_", " "), justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(_cell(value) for value in row.values()))
    console.print(table)


def _cell(value: Any) -> str:
    shown = money(value) if isinstance(value, Decimal) else str(plain(value) if value is not None else "")
    return printable(shown).replace("[", "\\[")


def printable(text: str) -> str:
    """The text without anything that a terminal would act on."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
