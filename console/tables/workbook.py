"""A workbook (XLSX) as its cells show it, read within limits: sizes first, then one pass over each part that builds no tree.

Nothing that the file says about itself is believed: neither the dimension of a sheet nor the order of its rows. Rows and cells are kept by
their place, so a cell in the last row costs no more than one in the first. Document types, entities and links to other files are refused.
"""

from __future__ import annotations

import io
import posixpath
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from lxml import etree
from openpyxl.styles.numbers import BUILTIN_FORMATS

from console.tables.grid import MAX_CELLS, Grid
from console.tables.parts import Book, Refused, Relations, SharedParts, Sheet, Strings, Styles, parsed
from runtime.errors import Broken

MAX_CONTENT_BYTES = 32 * 1024 * 1024
"""Bytes of all parts together, decompressed."""
MAX_RATIO = 200
"""How much smaller a part may be compressed; real tables stay below 50."""
MAX_PARTS = 2000
_ALWAYS_BYTES = 1024 * 1024
"""A part that is small when decompressed may be compressed by any factor."""
_SAVE = "Save it again as an Excel workbook (.xlsx), or as CSV UTF-8."
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    etree.LxmlError,
    EOFError,
    OSError,
    ValueError,
    KeyError,
    RuntimeError,
    OverflowError,
)
_CHUNK = 64 * 1024


def read(raw: bytes, path: Path) -> Iterator[Grid]:
    """Every sheet of a workbook. Raises `Broken` if it is not a workbook, is damaged or is over its limits."""
    if raw.startswith(b"\xd0\xcf\x11\xe0"):
        raise Broken(f"{path}: is an old workbook (.xls), or has a password.", _SAVE)
    try:
        yield from _sheets(raw, path)
    except Refused as error:
        raise Broken(f"{path}{error.place}: {error.words}.", error.remedy or _SAVE) from error
    except _DAMAGE as error:
        raise Broken(f"{path}: is not an Excel workbook, or is damaged ({type(error).__name__}).", _SAVE) from error


def _sheets(raw: bytes, path: Path) -> Iterator[Grid]:
    if raw.count(b"PK\x01\x02") > MAX_PARTS:
        raise Refused(f"has more than {MAX_PARTS} parts")
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        _bounded(archive)
        main = _main_part(archive)
        relations = _relations(archive, main)
        book = parsed(_chunks(archive, main), Book())
        looks = SharedParts(
            parsed(_part(archive, relations, "sharedStrings"), Strings()).texts,
            _formats(archive, relations),
            book.is_1904,
        )
        room, count = MAX_CELLS, 0
        for title, target in _targets(book, relations):
            sheet = _sheet(archive, title, target, (looks, room))
            room, count = room - sheet.count, count + 1
            yield Grid(title, f"{path}[{title}]", sheet.lines, is_sheet=True)
        if not count:
            raise Refused("has no sheet with cells")


def _targets(book: Book, relations: Mapping[str, tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Titles and parts of the sheets that have cells. No part is read twice."""
    read_before = set()
    for title, relation in book.sheets:
        kind, target = relations.get(relation, ("", ""))
        if not kind or target in read_before:
            raise Refused(f"sheet {title[:40]!r} has no content of its own")
        read_before.add(target)
        if kind == "worksheet":
            yield title, target


def _sheet(archive: zipfile.ZipFile, title: str, target: str, given: tuple[SharedParts, int]) -> Sheet:
    looks, room = given
    try:
        return parsed(_chunks(archive, target), Sheet(looks, room))
    except Refused as error:
        raise Refused(error.words, error.remedy, f"[{title}]{error.place}") from error


def _bounded(archive: zipfile.ZipFile) -> None:
    """Check the sizes in the directory. `zipfile` decompresses no byte beyond them."""
    members = archive.infolist()
    if sum(member.file_size for member in members) > MAX_CONTENT_BYTES:
        raise Refused(f"is over {MAX_CONTENT_BYTES} bytes unpacked", "Divide the table among several files.")
    for member in members:
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise Refused("is packed in a way that no spreadsheet packs")
        if member.file_size > max(_ALWAYS_BYTES, MAX_RATIO * member.compress_size):
            raise Refused(f"unpacks to more than {MAX_RATIO} times its size")


def _main_part(archive: zipfile.ZipFile) -> str:
    found = _relations(archive, "")
    return next((target for kind, target in found.values() if kind == "officeDocument"), "xl/workbook.xml")


def _relations(archive: zipfile.ZipFile, part: str) -> Mapping[str, tuple[str, str]]:
    """Relations of a part: id -> kind and the part it points to. Those that lead out of the file are left out."""
    folder, name = posixpath.split(part)
    source = posixpath.join(folder, "_rels", f"{name}.rels")
    if source not in archive.namelist():
        return {}
    found = parsed(_chunks(archive, source), Relations()).found
    return {key: (kind, posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")) for key, kind, target in found}


def _part(archive: zipfile.ZipFile, relations: Mapping[str, tuple[str, str]], kind: str) -> Iterator[bytes]:
    """The bytes of the one part of a kind; none if the workbook has no such part."""
    target = next((target for found, target in relations.values() if found == kind), "")
    return _chunks(archive, target) if target in archive.namelist() else iter(())


def _formats(archive: zipfile.ZipFile, relations: Mapping[str, tuple[str, str]]) -> list[str]:
    styles = parsed(_part(archive, relations, "styles"), Styles())
    return [styles.own.get(number) or BUILTIN_FORMATS.get(number, f"?{number}") for number in styles.cells]


def _chunks(archive: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    with archive.open(name) as source:
        while chunk := source.read(_CHUNK):
            yield chunk
