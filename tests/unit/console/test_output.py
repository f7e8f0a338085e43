"""What reaches a terminal: nothing that it would act on, in tables, lines and JSON alike."""

from __future__ import annotations

import json

import pytest

from console.output import Output, print_json, print_rows, printable

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
