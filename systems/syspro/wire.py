"""The form of what is sent to SYSPRO: XML documents of business objects, the characters they may contain, and their addresses. Pure.

Facts (recorded exchanges; classes generated from the XSDs): the parameters and the document of a business object have the same root, with a schema
attribute; the order of elements follows the schema; dates are yyyy-MM-dd, decimals have a point. Every operation of the REST service is a GET with
the XML as a query parameter, so the length of an address limits a document. Characters outside Windows-1252 are replaced before sending (a live
service does so). That the service reads percent-encoded UTF-8 is assumed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple
from urllib.parse import parse_qsl, quote, urlsplit

from lxml import etree

from systems.syspro.models import ENCODING
from systems.values.codes import visible

_HEADER = '<?xml version="1.0" encoding="Windows-1252"?>\n'
_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
_CONTROL = re.compile(r"[^\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]+")
_VALIDATE = re.compile(r"<ValidateOnly>\s*Y\s*</ValidateOnly>", re.IGNORECASE)
WRITING = ("transaction/post", "setup/add", "setup/update", "setup/delete")
"""The ends of the paths of operations that change something."""
Field = tuple[str, "str | date | Decimal | Sequence[Field] | None"]
"""An element: its name, and its value or child elements. None and "" are left out."""


def document(root: str, schema: str, body: Iterable[Field]) -> str:
    """The XML of a business object, for an address. Names and values keep the given order."""
    top = etree.Element(root, nsmap={"xsd": _INSTANCE})
    top.set(f"{{{_INSTANCE}}}noNamespaceSchemaLocation", schema)
    _fill(top, body)
    return _HEADER + etree.tostring(top, encoding="unicode")


def _fill(parent: etree._Element, body: Iterable[Field]) -> None:
    for tag, told in body:
        if told is None or told == "":
            continue
        child = etree.SubElement(parent, tag)
        if isinstance(told, (str, date, Decimal)):
            child.text = written(told)
        else:
            _fill(child, told)


def written(told: str | date | Decimal) -> str:
    """A value in the form that SYSPRO reads."""
    if isinstance(told, Decimal):
        return format(told, "f")
    return told.isoformat() if isinstance(told, date) else fitted(told).text


# --- characters -------------------------------------------------------------------------------------------------------


class Fitted(NamedTuple):
    """A text as SYSPRO can store it, and whether it differs from the given text."""

    text: str
    is_changed: bool


def fitted(text: str, width: int | None = None) -> Fitted:
    """The text in Windows-1252, on one line, cut to a width. A character outside it loses its accent or becomes `?`."""
    plain = " ".join(_CONTROL.sub(" ", visible(text)).split())
    made = "".join(one if is_kept(one) else _nearest(one) for one in plain)
    cut = made if width is None else made[:width].rstrip()
    return Fitted(cut, cut != plain)


def is_kept(text: str) -> bool:
    """Whether SYSPRO can store every character."""
    try:
        text.encode(ENCODING)
    except UnicodeEncodeError:
        return False
    return True


def _nearest(character: str) -> str:
    plain = "".join(one for one in unicodedata.normalize("NFKD", character) if not unicodedata.combining(one))
    return plain if plain and is_kept(plain) else "?"


# --- addresses --------------------------------------------------------------------------------------------------------


def address(root: str, path: str, query: Mapping[str, str]) -> str:
    """The address of an operation: every value is percent-encoded, blanks as %20."""
    told = "&".join(f"{key}={quote(value, safe='')}" for key, value in query.items())
    return f"{root}/{path}?{told}" if told else f"{root}/{path}"


def changes_something(url: str) -> bool:
    """Whether a request to this address changes something: it posts or saves a record, and is not a trial (`ValidateOnly`)."""
    parts = urlsplit(url)
    if not parts.path.lower().rstrip("/").endswith(WRITING):
        return False
    told = dict(parse_qsl(parts.query, keep_blank_values=True))
    lower = {key.lower(): one for key, one in told.items()}
    return _VALIDATE.search(lower.get("xmlparameters", "")) is None
