"""Shapes of SYSPRO's answers: the text of an answer, its XML, the rows of a table, and the outcome of a posting. Pure.

Facts (recorded exchanges; public adapters): an answer is a text in Windows-1252, sent as octet-stream, with HTTP 200 even for errors. Some sites wrap
it in a JSON string or in `<string>`. Roots of postings are in lower case, and so are tags of setup errors, so names are compared without case.
Numbers and codes are padded with blanks. XML is read without DTDs, entities, network or repair.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from html import unescape
from typing import Any

from lxml import etree

from runtime.errors import Malformed
from runtime.json import parse
from runtime.sizes import MAX_ANSWER_BYTES, excess
from systems.values.numbers import number, whole

SYSTEM = "syspro"
ENCODING = "cp1252"
Row = Mapping[str, str]
"""The columns of a row of a table, without the blanks around them; "" for an empty one."""
_DECLARATION = re.compile(r"^\s*<\?xml\s[^>]*?\?>")
_DECLARED = re.compile(rb"""^\s*<\?xml\s[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_STRING = re.compile(r"^\s*(?:<\?xml\s[^>]*?\?>\s*)?<string(?:\s[^>]*)?>(.*)</string>\s*$", re.DOTALL)
_FORBIDDEN = re.compile(r"<!(DOCTYPE|ENTITY)", re.IGNORECASE)
_ROW = re.compile(rb"<Row(?:\s[^>]*)?>.*?</Row>", re.DOTALL)
_NO_DATES = ("", "0000-00-00", "00000000")
_CENT = Decimal("0.01")


def text_of(body: bytes) -> str:
    """The text of an answer, unwrapped if a site wraps it. Raises `Malformed` for bytes that are not in its encoding."""
    if len(body) > MAX_ANSWER_BYTES:
        raise Malformed(f"{SYSTEM}: an answer of {len(body)} bytes, over the cap of {MAX_ANSWER_BYTES}")
    found = _decoded(body)
    if found.startswith('"') and found.rstrip().endswith('"'):
        inner = parse(found.encode())
        if not isinstance(inner, str):
            raise Malformed(f"{SYSTEM}: the answer is not text")
        return inner
    wrapped = _STRING.match(found)
    return unescape(wrapped.group(1)) if wrapped else found


def _decoded(body: bytes) -> str:
    is_marked = body.startswith(BOM_UTF8)
    encoding = "utf-8" if is_marked else _encoding(body)
    try:
        return body.removeprefix(BOM_UTF8).decode(encoding)
    except UnicodeDecodeError as error:
        raise Malformed(f"{SYSTEM}: the answer has bytes that are no {encoding}") from error


def _encoding(body: bytes) -> str:
    declared = _DECLARED.match(body[:200])
    return "utf-8" if declared and declared.group(1).lower() in (b"utf-8", b"utf8") else ENCODING


def xml_of(text: str) -> etree._Element:
    """The root of a complete XML document. Raises `Malformed`."""
    if words := excess(text.encode("utf-8", "replace")):
        raise Malformed(f"{SYSTEM}: XML of {words}")
    if _FORBIDDEN.search(text):
        raise Malformed(f"{SYSTEM}: XML with a document type")
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        recover=False,
        encoding="UTF-8",
    )
    content = _DECLARATION.sub("", text, count=1).strip()
    if "<?" in content:
        raise Malformed(f"{SYSTEM}: XML with instructions")
    try:
        root = etree.fromstring(content.encode(), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Malformed(f"{SYSTEM}: XML cannot be read: {str(error)[:200]}") from error
    if any(not isinstance(one.tag, str) for one in root.iter()):
        raise Malformed(f"{SYSTEM}: XML with comments, instructions or entities")
    return root


def name(element: etree._Element) -> str:
    """The name of an element without namespace and case. SYSPRO's names are ASCII."""
    tag: Any = element.tag
    return etree.QName(element).localname.lower() if isinstance(tag, str) else ""


def children(element: etree._Element, wanted: str) -> list[etree._Element]:
    """The children with this name, without regard to case."""
    return [one for one in element if name(one) == wanted.lower()]


def value(element: etree._Element | None) -> str:
    """The text of a leaf without blanks around it; "" for none. Raises `Malformed` if it contains others."""
    if element is None:
        return ""
    if len(element):
        raise Malformed(f"{SYSTEM}: {name(element)} is not a value")
    return (element.text or "").strip()


def of(element: etree._Element, wanted: str) -> str:
    """The value of the only child with this name; "" if there is none. Raises `Malformed` if there are two."""
    found = children(element, wanted)
    if len(found) > 1:
        raise Malformed(f"{SYSTEM}: {name(element)} has {len(found)} elements {wanted}")
    return value(found[0]) if found else ""


# --- rows of a table --------------------------------------------------------------------------------------------------


def row_of(text: str) -> Row:
    """A row of a table, from its XML. Raises `Malformed`."""
    element = xml_of(text)
    if name(element) != "row":
        raise Malformed(f"{SYSTEM}: {name(element)} is not a row")
    return columns(element)


def columns(element: etree._Element) -> Row:
    """The columns of a row by their names as SYSPRO spells them."""
    made: dict[str, str] = {}
    for one in element:
        column = etree.QName(one).localname
        if column in made:
            raise Malformed(f"{SYSTEM}: a row has the column {column} twice")
        made[column] = value(one)
    return made


def cut_rows(body: bytes) -> list[bytes]:
    """The exact bytes of each row of a page. A value cannot contain `<Row>`, because it would be escaped."""
    return _ROW.findall(body)


def amount(row: Row, column: str) -> Decimal:
    """An amount in cents. Raises `Malformed` unless it is a plain number with at most two places."""
    found = number(row.get(column, "").strip())
    if found is None:
        raise Malformed(f"{SYSTEM}: {column} {row.get(column, '')[:40]!r} is not a plain number")
    if found != found.quantize(_CENT):
        raise Malformed(f"{SYSTEM}: {column} {found} has more than two decimals")
    return found.quantize(_CENT)


def count(row: Row, column: str) -> Decimal:
    """A quantity or price; zero if the column is empty or absent. Raises `Malformed` for a text that is not a number."""
    said = row.get(column, "").strip()
    found = number(said) if said else Decimal(0)
    if found is None:
        raise Malformed(f"{SYSTEM}: {column} {said[:40]!r} is not a plain number")
    return found


def day(row: Row, column: str) -> date | None:
    """A date of a table: a local day of the company, without a zone; `0000-00-00` is none. Raises `Malformed`."""
    said = row.get(column, "").strip()
    if said in _NO_DATES or said.startswith(("1900-01-01", "0001-01-01")):
        return None
    try:
        return date.fromisoformat(said[:10].replace("/", "-"))
    except ValueError as error:
        raise Malformed(f"{SYSTEM}: {column} {said[:40]!r} is not a date") from error


def required(row: Row, column: str) -> str:
    """A value that is not empty. Raises `Malformed`."""
    found = row.get(column, "")
    if not found:
        raise Malformed(f"{SYSTEM}: {column} is empty")
    return found


# --- the outcome of a posting -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Fault:
    """What is wrong with one field: SYSPRO's number ("" if it gives none), its words, and the field with its value."""

    code: str
    words: str
    field: str
    value: str

    @property
    def said(self) -> str:
        """The words, with the field if they do not name it."""
        return self.words if not self.field or self.field in self.words.lower() else f"{self.field}: {self.words}"


@dataclass(frozen=True)
class Outcome:
    """The outcome of a posting, setup or query: its root, its faults, the invalid counts, the keys of its items, warnings."""

    root: str
    faults: tuple[Fault, ...]
    invalid: int
    keys: tuple[Mapping[str, str], ...]
    warnings: tuple[str, ...] = ()

    @property
    def is_good(self) -> bool:
        """Whether nothing contradicts success (the rule of SYSTEM.md: no ErrorDescription, and no counter *Invalid above zero)."""
        return not self.faults and not self.invalid


def outcome(root: etree._Element) -> Outcome:
    """What an answer says. Raises `Malformed` if a counter is not a number."""
    counters = [one for one in root.iter() if not len(one) and (name(one).endswith("invalid") or "rejected" in name(one))]
    invalid = sum(_counted(one) for one in counters)
    failed = [one for one in root.iter() if name(one) == "status" and value(one).lower() == "failed"]
    faults = [*_faults(root), *(_failed(one) for one in failed)]
    keys = tuple({name(leaf): value(leaf) for leaf in one.iter() if not len(leaf)} for one in root.iter() if name(one) == "key")
    warnings = tuple(value(one) for one in root.iter() if name(one) == "warningdescription" and not len(one))
    return Outcome(name(root), tuple(faults), invalid, keys, warnings)


def _faults(root: etree._Element) -> Iterator[Fault]:
    for one in root.iter():
        if name(one) == "errordescription":
            holder = one.getparent()
            at = holder if holder is not None else one
            yield Fault(
                of(at, "ErrorNumber"), value(one) or "an error without words", name(at) if at is not one else "", _shown(at)
            )


def _shown(holder: etree._Element) -> str:
    found = children(holder, "Value")
    return value(found[0]) if len(found) == 1 and not len(found[0]) else ""


def _failed(status: etree._Element) -> Fault:
    holder = status.getparent()
    reason = of(holder, "Reason") if holder is not None else ""
    return Fault("", reason or "validation failed", "", "")


def _counted(element: etree._Element) -> int:
    said = value(element)
    if (found := whole(said)) is None:
        raise Malformed(f"{SYSTEM}: {name(element)} {said[:20]!r} is no count")
    return found


def faults_said(faults: Sequence[Fault]) -> str:
    """The words of all faults, each once, with its number."""
    return "; ".join(dict.fromkeys(f"{one.said} ({one.code})" if one.code else one.said for one in faults))
