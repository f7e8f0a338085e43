"""The text that a spreadsheet shows for a number, if that is certain. Pure.

A cell holds a number and shows a text made by its format. Codes are texts. If the two could differ (leading zeros from the format, digits
rounded away, a date or a percentage), the text is what the cell shows, or the cell is refused with what to do.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from openpyxl.styles.numbers import is_date_format
from openpyxl.utils.datetime import CALENDAR_MAC_1904, CALENDAR_WINDOWS_1900, from_excel

from console.tables.grid import Cell

GENERAL, TEXT = "General", "@"
_AS_TEXT = "Format the column as Text and type it again."
_PLAIN = re.compile(r"(0+)(?:\.(0+))?")
_NUMBER = re.compile(r"-?(?:\d{1,40}(?:\.\d{0,40})?|\.\d{1,40})(?:[eE][+-]?\d{1,3})?")
_PADDING = re.compile(r"_.|\*.|\\\s|\s")
_DIGITS = 15
"""Digits that a spreadsheet keeps of a number."""
_GENERAL_DIGITS = 10
"""Digits that format General shows of a fraction, whatever the width of the column."""
_FIRST_DAY, _LAST_DAY = 61, 2_958_465
"""1 March 1900, before which the calendars of spreadsheets differ, and the last day of the year 9999."""


def text_shown(text: str, number_format: str) -> Cell:
    """The text of a text cell, whose format may add to it."""
    sections = number_format.split(";")
    own = _PADDING.sub("", sections[3]) if len(sections) > 3 else _PADDING.sub("", number_format)
    if ("@" in number_format or len(sections) > 3) and own not in (TEXT, GENERAL):
        return Cell(text, f"holds {text[:40]!r} and shows it by the format {number_format[:40]!r}. {_AS_TEXT}")
    return Cell(text)


def number_shown(stored: str, number_format: str, is_1904: bool = False) -> Cell:
    """The text of a number cell, from its stored digits and the code of its format."""
    value = _decimal(stored)
    if value is None:
        return Cell(stored, f"holds {stored[:40]!r}, which is not a number that can be read for certain. {_AS_TEXT}")
    if is_date_format(number_format):
        return _day(value, number_format, is_1904)
    if number_format in (GENERAL, TEXT, ""):
        return _general(value)
    plain = _PLAIN.fullmatch(number_format)
    if plain is None:
        return Cell(stored, f"holds {value:f} and shows it by the format {number_format[:40]!r}. {_AS_TEXT}")
    places = len(plain.group(2) or "")
    if value != round(value, places) or value < 0:
        return Cell(stored, f"holds {value:f} and shows other digits by the format {number_format[:40]!r}. {_AS_TEXT}")
    whole, _, fraction = f"{value:.{places}f}".partition(".")
    return Cell(whole.zfill(len(plain.group(1))) + (f".{fraction}" if places else ""))


def _decimal(stored: str) -> Decimal | None:
    if not _NUMBER.fullmatch(stored):
        return None
    try:
        exact = Decimal(stored)
    except InvalidOperation:
        return None
    if exact and not -20 <= exact.adjusted() <= _DIGITS - 1:
        return None
    return Decimal(f"{Decimal(f'{exact:.{_DIGITS - 1}e}').normalize():f}")


def _general(value: Decimal) -> Cell:
    text = f"{value:f}"
    if value != value.to_integral_value() and len(text.lstrip("-0.").replace(".", "")) > _GENERAL_DIGITS:
        return Cell(text, f"holds {text} and shows fewer digits. Round it, or format the column as Text and type it again.")
    return Cell(text.removeprefix("-") if value == 0 else text)


def _day(value: Decimal, number_format: str, is_1904: bool) -> Cell:
    day = value if not is_1904 else value + 1462
    if value != value.to_integral_value() or not _FIRST_DAY <= day <= _LAST_DAY:
        return Cell(f"{value:f}", f"holds {value:f} and shows a time by the format {number_format[:40]!r}. {_AS_TEXT}")
    found = from_excel(int(value), CALENDAR_MAC_1904 if is_1904 else CALENDAR_WINDOWS_1900)
    shown = found.date() if isinstance(found, datetime) else found
    if not isinstance(shown, date):
        return Cell(f"{value:f}", f"holds {value:f} and shows a time by the format {number_format[:40]!r}. {_AS_TEXT}")
    return Cell(shown.isoformat(), day=shown)
