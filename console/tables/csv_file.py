"""A CSV file as spreadsheets write it: its encoding is known by the byte order mark, its delimiter by the headings, and every row is on one
line.

It reads UTF-8 with or without a mark, UTF-16 with one ("Unicode text", tab separated), and Windows-1252 if a file is not UTF-8; commas,
semicolons and tabs; and a first line `sep=;`. Anything else is refused with its line. A cell contains no line break, so a quote that is not
closed is an error of its own line and swallows no other line. A text that a spreadsheet has put in place of a code (`#N/A`, `1.23E+11`) is
refused, too.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterator
from pathlib import Path

from console.tables.escaping import CHANGED, unescaped
from console.tables.grid import MAX_CELLS, Cell, Grid, Line
from runtime.errors import Broken

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_DELIMITERS = ",;\t"
MAX_ROW = 100_000
"""Characters of one row."""
_SEP = re.compile(r'"?sep=([,;\t|])"?[,;\t|]*', re.IGNORECASE)
_LINE_END = re.compile("\r\n|\n|\r")
_LONE_CR = re.compile("\r(?![\r\n])")
_SHOWN = re.compile(r'="([^"]*)"')
"""What people type so that a spreadsheet leaves a code alone."""
_NOT_TYPED = re.compile(rf"\s*+(?:{CHANGED}\s*+|=.*+)", re.DOTALL)
_AS_TEXT = "Format the column as Text and type it again; if it is the code itself, write ' before it."
_SAVE = 'Save it as "CSV UTF-8", or as an Excel workbook (.xlsx).'
_UTF8_LETTER = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_OTHER_LETTER = re.compile(r"(?<=[^\W\d_])[‚ƒ„…†‡ˆ‰‹“”•˜™›](?=[^\W\d_])")
"""Signs of Windows-1252 that occur inside no word; they come from letters of a DOS or Macintosh code page."""


def read(raw: bytes, path: Path) -> Grid:
    """The table in a file. Raises `Broken` if it is not text as a spreadsheet writes it. A row that cannot be read carries its trouble."""
    text = _text(raw, path)
    if "\n" in text and (lone := _LONE_CR.search(text)):
        line = len(_LINE_END.split(text[: lone.start()]))
        raise Broken(f"{path}:{line}: a carriage return is within the line, or the line does not end like the others.", _SAVE)
    lines = _LINE_END.split(text)
    announced = _SEP.fullmatch(lines[0])
    first = 1 if announced else 0
    head = next((line for line in lines[first:] if line.strip(_DELIMITERS + ' "')), "")
    delimiter = announced.group(1) if announced else _delimiter(head, path)
    return Grid(path.stem, str(path), list(_lines(lines, first, delimiter, path)))


def _text(raw: bytes, path: Path) -> str:
    if raw.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise Broken(f"{path}: is UTF-32.", _SAVE)
    mark, encoding = next(((mark, name) for mark, name in _MARKS if raw.startswith(mark)), (b"", "utf-8"))
    try:
        text = raw[len(mark) :].decode(encoding)
    except UnicodeDecodeError as error:
        if mark:
            line = raw[: len(mark) + error.start].decode(encoding, "replace").count("\n") + 1
            raise Broken(f"{path}:{line}: is not {encoding.upper()}, as its first bytes say.", _SAVE) from error
        text = _western(raw, path)
    if "\0" in text:
        raise Broken(f"{path}: is not a text file.", _SAVE)
    return text


def _western(raw: bytes, path: Path) -> str:
    """The text as Windows-1252, unless something shows that it is another one-byte encoding."""
    line = 1
    for number, part in enumerate(raw.split(b"\n"), start=1):
        try:
            part.decode()
        except UnicodeDecodeError:
            line = number
            break
    doubtful = Broken(f"{path}:{line}: neither UTF-8 nor Windows-1252.", _SAVE)
    if _UTF8_LETTER.search(raw) or (b"\r" in raw and b"\n" not in raw):
        raise doubtful
    try:
        text = raw.decode("cp1252")
    except UnicodeDecodeError as error:
        raise doubtful from error
    if _OTHER_LETTER.search(text):
        raise doubtful
    return text


def _delimiter(head: str, path: Path) -> str:
    found = [one for one in _DELIMITERS if one in re.sub(r'"[^"]*"', "", head)]
    if len(found) > 1:
        raise Broken(f"{path}: the headings are separated by more than one of comma, semicolon and tab: {head[:80]!r}.", _SAVE)
    return found[0] if found else ","


def _lines(lines: list[str], first: int, delimiter: str, path: Path) -> Iterator[Line]:
    whole = re.compile(_row_pattern(re.escape(delimiter)))
    count = 0
    for number, line in enumerate(lines[first:], start=first + 1):
        if not line.strip(delimiter + " \t"):
            continue
        if len(line) > MAX_ROW:
            yield Line(number, {}, f"a row of more than {MAX_ROW} characters. Shorten it")
            continue
        if not whole.fullmatch(line):
            yield Line(number, {}, _stray(line))
            continue
        cells = next(csv.reader([line], delimiter=delimiter, strict=True))
        count += len(cells)
        if count > MAX_CELLS:
            raise Broken(f"{path}:{number}: more than {MAX_CELLS} cells.", "Divide the table among several files.")
        if len(cells) == 1 and (other := next((one for one in "\t;|," if one in line and '"' not in line), "")):
            yield Line(number, {}, f"a row of one cell with {other!r} in it; the headings are separated by {delimiter!r}. {_SAVE}")
            continue
        yield Line(number, {column: _cell(cell) for column, cell in enumerate(cells) if cell})


def _cell(text: str) -> Cell:
    shown = _SHOWN.fullmatch(text)
    if shown is None and _NOT_TYPED.fullmatch(text):
        return Cell(text, f"{text[:40]!r} is what a spreadsheet shows or runs, not a code. {_AS_TEXT}")
    return Cell(unescaped(shown[1] if shown else text))


def _row_pattern(delimiter: str) -> str:
    """A row whose quotes all open or close a whole cell. Possessive throughout, so that it costs one pass."""
    cell = rf'(?:"(?:[^"]++|"")*+"|[^"{delimiter}]*+)'
    return rf"{cell}(?:{delimiter}{cell})*+"


def _stray(line: str) -> str:
    return f'a quote that opens or closes no whole cell: {line[:60]!r}. Write "" for a quote, and the whole cell in quotes, on one line'
