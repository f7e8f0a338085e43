"""Cells that no spreadsheet executes as a formula or converts, and back: an apostrophe is put before every sign that could begin a formula,
and before a text that could be an abbreviated number or a truth value.

A formula begins with one of `= + - @` (or their wide forms), also after blanks. A spreadsheet that uses another delimiter than ours ends a
cell at every semicolon, comma, bar, tab or line break, so the text after one of those counts as a beginning, too.
"""

from __future__ import annotations

import re

_SIGN = "[=+\\-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b]"
_BLANKS = r"[^\S\t\r\n]*+"
CHANGED = r"(?:#{3,}|[+-]?[0-9](?:[.,][0-9]+)?E[+-][0-9]{2,3}|TRUE|FALSE)"
"""What a spreadsheet writes in place of what was typed: a column that is too narrow, an abbreviated number, a truth value."""
_RUNS = re.compile(rf"'*+(?:\s*+{_SIGN}|[\t\r\n]|\s*+{CHANGED}\s*+\Z)")
_INNER = re.compile(rf"([;,|\t\r\n]{_BLANKS})('*+{_SIGN})")
_INNER_SAFE = re.compile(rf"([;,|\t\r\n]{_BLANKS})'('*+{_SIGN})")


def escaped(cell: str) -> str:
    """A cell that a spreadsheet will not execute as a formula."""
    inner = _INNER.sub(r"\1'\2", cell)
    return "'" + inner if _RUNS.match(inner) else inner


def unescaped(cell: str) -> str:
    """The cell as it was before `escaped`."""
    inner = cell[1:] if cell.startswith("'") and _RUNS.match(cell, 1) else cell
    return _INNER_SAFE.sub(r"\1\2", inner)
