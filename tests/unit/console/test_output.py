"""What reaches a terminal: nothing that it would act on, in tables, lines and JSON alike."""

from __future__ import annotations

import json

import pytest
from rich.cells import cell_len

from console.output import WIDTH, Output, fitted, paragraph, print_json, print_rows, printable, side_by_side

HOSTILE = [
    "\x1b[2J",
    "\x1b]0;title\x07",
    "\x9b31m",
    "\x85",
    "\u202e",
    "\u2066",
    "\u200b",
    "\r",
    "\x00",
    "\x7f",
    "\ud800",
    "\u2028",
    "\U000e0001",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_that_a_terminal_would_act_on_is_printed(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    value = f"Invoice {text} 7"
    print(printable(value))  # noqa: T201 - what is printed is looked at
    print_rows([{"says": value}], Output.table, "rows")
    print_json({"says": value, "in bytes": value.encode("utf-8", "replace"), "rows": [value]})
    shown = capsys.readouterr().out
    assert all(c.isprintable() or c == "\n" for c in shown)
    told = json.loads(shown.splitlines()[-1])
    assert told["says"] == value
    assert told["rows"] == [value]


def test_letters_of_every_script_stay() -> None:
    assert printable("Søren 北京 Ελλάς ½ € 👍") == "Søren 北京 Ελλάς ½ € 👍"


WIDE = [
    "word " * 60,
    "東京本店" * 60,
    "東京 本店 " * 60,
    "x" * 350,
    "a" * 99 + "東",
    "e\u0301 " * 120,
    "two  blanks  stay " * 20,
    "",
    " ",
]


@pytest.mark.parametrize("text", WIDE)
@pytest.mark.parametrize("indent", [0, 4])
def test_a_paragraph_fits_a_hundred_columns_whatever_its_letters_and_loses_none(text: str, indent: int) -> None:
    """Letters of Chinese, Japanese and Korean take two columns: they were counted as one."""
    lines = list(paragraph(text, indent))
    assert max(map(cell_len, lines), default=0) <= WIDTH
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(line.startswith(" " * indent) for line in lines)


@pytest.mark.parametrize("text", WIDE)
@pytest.mark.parametrize("head", ["", "  posted     ", "東京" * 20, "x" * 99])
def test_text_beside_a_head_stays_beside_it_and_loses_nothing(text: str, head: str) -> None:
    first, *more = side_by_side(head, text)
    assert first.startswith(head.rstrip())
    assert all(line.startswith(" " * min(cell_len(head), 4)) for line in more)
    assert "".join("".join([first.removeprefix(head.rstrip()), *more]).split()) == "".join(text.split())
    assert max(map(cell_len, (first, *more))) <= WIDTH


@pytest.mark.parametrize("text", ["Ada", "Anderson Dental Group", "王大明王大明王大明", "a王大明王大明王", "", "x\x1b[2J"])
def test_a_column_has_its_width_and_says_where_it_is_cut(text: str) -> None:
    shown = fitted(text, 10)
    assert cell_len(shown) == 10
    assert shown.endswith("\N{HORIZONTAL ELLIPSIS}") == (cell_len(printable(text)) > 10)
