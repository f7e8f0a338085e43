"""One form of a code for both sides of a comparison: in a mapping table as a person wrote it, and in a record as a system sent it. Pure.

Two codes are the same if they differ only in what nobody can see: the composition of accents (NFC), the kind and number of blanks, blanks at the
ends, and invisible characters. Codes that only look alike (`PIPE-1` with another dash, a Cyrillic letter, case, leading zeros) are different.
`shape` finds these, so that such a code is held for a person and never gets a default.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache

PART = "part"
"""The column that names a row's part, in a table whose keys may have several rows that share an amount."""
_BETWEEN = "  "
"""Separates key and part in the name of a row. A normal form never has two blanks in a row, so no key contains it."""
_NO_IMAGE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")
_BLANK = frozenset("\u2800")
_SELECTORS = re.compile("[\u180b-\u180d\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_LETTERS = {
    "a": "аα", "b": "вβ", "c": "с", "d": "ԁđð", "e": "еε", "h": "нһηħ", "j": "ј", "k": "кκ", "m": "мμ", "n": "ν", "p": "рρ", "q": "ԛ",
    "s": "ѕ", "t": "тτ", "w": "ԝ", "x": "хχ", "y": "уυ", "z": "ζ", "0": "oоοø", "1": "ilłіιӏıℓ|", "/": "⁄∕", "'": "’‘‛ʼ′`´", '"': "“”„″",
}  # fmt: skip
_ALIKE = {ord(other): letter for letter, others in _LETTERS.items() for other in others}
_ACCENTS = ("\u0300", "\u036f")
_LEADING = re.compile(r"^'*0*(?=[0-9])|^'+")


def visible(text: str) -> str:
    """The text in NFC without invisible characters; every kind of blank is a plain one, and none is at the ends."""
    if text.isascii() and text.isprintable():
        return text.strip()
    seen = (" " if c.isspace() or c in _BLANK else c for c in text if c.isspace() or _has_image(c))
    return unicodedata.normalize("NFC", "".join(seen)).strip()


def _has_image(character: str) -> bool:
    if character in _NO_IMAGE or _SELECTORS.match(character):
        return False
    return unicodedata.category(character) not in ("Cf", "Cc")


@lru_cache(65536)
def code(text: str) -> str:
    """The normal form of a code; "" if it has no visible character."""
    return " ".join(visible(text).split())


@lru_cache(65536)
def shape(text: str) -> str:
    """What a code looks like: without case, width, accents, blanks, leading apostrophes and zeros, or zeros at the end of a decimal; all dashes
    become one dash, and letters that look the same become one letter."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", code(text)).casefold())
    kept = "".join(_plain(c) for c in plain if not c.isspace() and not _ACCENTS[0] <= c <= _ACCENTS[1])
    return _decimal(_LEADING.sub("", kept.translate(_ALIKE)))


def _decimal(text: str) -> str:
    """A decimal without trailing zeros, which a spreadsheet removes."""
    whole, point, places = text.partition(".")
    if not point or not (whole + places).isdecimal():
        return text
    return f"{whole}.{places}".rstrip("0").rstrip(".")


def _plain(character: str) -> str:
    if character.isdecimal():
        return str(unicodedata.decimal(character))
    return "-" if unicodedata.category(character) == "Pd" or character in "\u2212\u02d7\u2043" else character


def row_name(key: str, part: str = "") -> str:
    """The name of a row in its table: its key, and its part if it has one."""
    return f"{key}{_BETWEEN}{part}" if part else key


def key_of(name: str, values: Mapping[str, str]) -> str:
    """The key by which records find a row, from the row's name and values."""
    part = values.get(PART, "")
    return name.removesuffix(f"{_BETWEEN}{part}") if part else name
