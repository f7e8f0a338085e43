"""Undoes the escaping of text that somebody wrote into an address, a form, JSON, HTML or a dump, so that a search finds a value in any
spelling."""

from __future__ import annotations

import html
import re
from bisect import bisect_right
from dataclasses import dataclass

_UNIT = re.compile(
    r"(?:%(?:25)*[0-9A-Fa-f]{2})+"
    r"|(?:\\+x[0-9A-Fa-f]{2})+"
    r"|\\+u[dD][89abAB][0-9A-Fa-f]{2}\\+u[dD][c-fC-F][0-9A-Fa-f]{2}"
    r"|\\+u[0-9A-Fa-f]{4}"
    r"|\\+[\"'/]"
    r"|\\{2,}"
    r"|&(?:amp;)*(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|amp|lt|gt|quot|apos);"
)
"""An escape of one character or of a run of octets, also if it was escaped several times over (`%2522`, `\\\\u0026`, `&amp;lt;`)."""
_OCTET = re.compile(r"(?:%(?:25)*|\\+x)([0-9A-Fa-f]{2})")


@dataclass(frozen=True)
class Plain:
    """The text without its escapes, and the place that each stretch of it came from. A plus sign stands for a blank, as in forms."""

    text: str
    _plain: list[int]
    _spelled: list[int]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The place, in the text as it is spelled, of the characters from `start` to before `end`."""
        return self._at(start), self._at(end - 1, after=True)

    def _at(self, place: int, *, after: bool = False) -> int:
        number = bisect_right(self._plain, place) - 1
        if after and number + 1 < len(self._plain) and self._plain[number + 1] == place + 1:
            return self._spelled[number + 1]
        return self._spelled[number] + place - self._plain[number] + after


def plain(text: str) -> Plain:
    """The text with its escapes undone."""
    parts: list[str] = []
    plain_at, spelled_at = [0], [0]
    length, at = 0, 0

    def add(part: str, end: int) -> None:
        nonlocal length
        parts.append(part)
        length += len(part)
        plain_at.append(length)
        spelled_at.append(end)

    for unit in _UNIT.finditer(text):
        if unit.start() > at:
            add(text[at : unit.start()], unit.start())
        for part, end in _characters(unit):
            add(part, end)
        at = unit.end()
    parts.append(text[at:])
    return Plain("".join(parts).replace("+", " "), plain_at, spelled_at)


def _characters(unit: re.Match[str]) -> list[tuple[str, int]]:
    """The characters that an escape stands for, each with the place where its spelling ends."""
    found = unit[0]
    octets = list(_OCTET.finditer(found)) if _OCTET.match(found) else []
    if not octets:
        return [(_character(found), unit.end())]
    content = bytes(int(one[1], 16) for one in octets)
    try:
        decoded = content.decode()
    except UnicodeDecodeError:
        decoded, sizes = content.decode("latin-1"), [1] * len(content)
    else:
        sizes = [len(one.encode()) for one in decoded]
    ends, used = [], 0
    for size in sizes:
        used += size
        ends.append(unit.start() + octets[used - 1].end())
    return list(zip(decoded, ends, strict=True))


def _character(found: str) -> str:
    if found.startswith("&"):
        return html.unescape(f"&{re.split('[&;]', found)[-2]};")
    codes = re.findall(r"u([0-9A-Fa-f]{4})", found)
    if codes:
        return "".join(chr(int(code, 16)) for code in codes).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return found[-1]
