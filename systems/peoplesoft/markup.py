"""Reads XML as PeopleSoft sends it, strictly: with a size limit, UTF-8, no document type, no entities, no comments, no repair. Pure.

A refusal here is `Malformed`. For a write this means that the document is looked up, and never that it counts as written. libxml2 itself limits depth
(256) and the length of one text (10 MB); `huge_tree` stays off.
"""

from __future__ import annotations

import re
from typing import Any

from lxml import etree

from runtime.errors import Malformed
from runtime.sizes import excess

MAX_ANSWER_BYTES = 4 * 1024 * 1024
"""A journal of a thousand lines is below half a megabyte."""
TYPES = ("text/xml", "application/xml", "application/soap+xml")
_DECLARATION = re.compile(rb"<\?xml\s[^>]*?\?>")
_ENCODING = re.compile(rb"""encoding\s*=\s*["']([^"']*)["']""")
_XSI = "{http://www.w3.org/2001/XMLSchema-instance}nil"


def parsed(body: bytes, cap: int = MAX_ANSWER_BYTES, *, with_comments: bool = False) -> etree._Element:
    """The root of a complete document. Comments and processing instructions are refused because they could hide a value."""
    if len(body) > cap:
        raise Malformed(f"XML of {len(body)} bytes, over the cap of {cap}")
    if words := excess(body):
        raise Malformed(f"XML of {words}")
    _require_utf8(body)
    if b"<!" in body and re.search(rb"<!(DOCTYPE|ENTITY)", body, re.IGNORECASE):
        raise Malformed("XML with a document type")
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        recover=False,
        encoding="UTF-8",
    )
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Malformed(f"XML cannot be read: {str(error)[:200]}") from error
    told: Any = root.getroottree().docinfo
    if told.doctype:
        raise Malformed("XML with a document type")
    if not with_comments and any(not isinstance(one.tag, str) for one in root.iter()):
        raise Malformed("XML with comments, instructions or entities")
    return root


def _require_utf8(body: bytes) -> None:
    """Require the encoding of the bytes to be the declared one, because a reader that relied on the other one would see another document."""
    declared = _DECLARATION.match(body.removeprefix(b"\xef\xbb\xbf"))
    encoding = _ENCODING.search(declared.group()) if declared else None
    if encoding and encoding.group(1).lower() not in (b"utf-8", b"us-ascii"):
        raise Malformed(f"XML in {encoding.group(1)[:20]!r}, not UTF-8")
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed("XML that is not UTF-8") from error
    if b"\x00" in body:
        raise Malformed("XML with a NUL")


def local(element: etree._Element) -> str:
    """The name of an element without its namespace."""
    return etree.QName(element).localname


def said(element: etree._Element) -> str:
    """The text of a leaf without the blanks of a CHAR column; "" for nil. Raises `Malformed` if the element contains others."""
    if len(element):
        raise Malformed(f"{local(element)} is not a value")
    return "" if element.get(_XSI) in ("true", "1") else (element.text or "").strip(" ")


def only(element: etree._Element, name: str) -> etree._Element | None:
    """The only child with that name, or None. Raises `Malformed` if there are two."""
    found = [child for child in element if local(child) == name]
    if len(found) > 1:
        raise Malformed(f"{local(element)} has {len(found)} elements {name}")
    return found[0] if found else None
