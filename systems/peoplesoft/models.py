"""Shapes of PeopleSoft's answers outside its interfaces: the Integration Broker's own answer. Pure.

Sources: PeopleBooks (Integration Broker: the gateway answers errors with HTTP 200 too; a text ends with its message set and number in
brackets). XML is read without DTDs, entities, network or repair.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from lxml import etree

from runtime.redaction import told
from runtime.sizes import MAX_ANSWER_BYTES, excess

_PAIR = re.compile(r"\((\d{1,9})\s*,\s*(\d{1,9})\)\s*$")
_WORDS = 400


@dataclass(frozen=True)
class Broker:
    """An `IBResponse`: whether it is an error, PeopleSoft's message set and number ("" if none), its words, and the id of the message that it
    queued."""

    is_error: bool
    message_set: str
    message: str
    words: str
    transaction: str = ""

    @property
    def code(self) -> str:
        """Message set and number as people write them: `158,45`."""
        return f"{self.message_set},{self.message}" if self.message_set else self.message


def xml(body: bytes) -> etree._Element | None:
    """The root of an XML document; None if it is not XML, is too large, or has a document type."""
    if len(body) > MAX_ANSWER_BYTES or excess(body):
        return None
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False, recover=False
    )
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
    info: Any = root.getroottree().docinfo
    return None if info.doctype else root


def broker(body: bytes) -> Broker | None:
    """The `IBResponse` in an answer, bare or in the detail of a SOAP fault; None if there is none."""
    if b"IBResponse" not in body:
        return None
    root = xml(body)
    if root is None:
        return None
    found = next((one for one in root.iter() if _name(one) == "IBResponse"), None)
    return None if found is None else _read(found)


_SAID = frozenset({"DefaultMessage", "MessageSet", "MessageID", "StatusCode", "TransactionID"})


def _read(found: etree._Element) -> Broker:
    said: dict[str, str] = {}
    for child in found.iter(*(f"{{*}}{name}" for name in sorted(_SAID))):
        if _name(child) not in said:  # the first of each name, so that each text is read only a few times
            said[_name(child)] = " ".join("".join(str(part) for part in child.itertext()).split())
    words = said.get("DefaultMessage", "")
    pair = _PAIR.search(words)
    message_set, message = pair.groups() if pair else (said.get("MessageSet", ""), said.get("MessageID", ""))
    # only type success is a success: an unknown type is an error
    is_error = found.get("type") != "success" or said.get("StatusCode", "0") != "0"
    return Broker(is_error, message_set, message, told(words, _WORDS), said.get("TransactionID", ""))


def _name(element: etree._Element) -> str:
    tag: Any = element.tag  # the tag of a comment is not a text
    return etree.QName(element).localname if isinstance(tag, str) else ""
