"""Shapes of PeopleSoft's answers outside its interfaces: the bearer token, and the Integration Broker's own answer. Pure.

Sources: PeopleBooks (Integration Broker: the gateway answers errors with HTTP 200 too; a text ends with its message set and number in
brackets), RFC 6749 for the token of the external server. XML is read without DTDs, entities, network or repair.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from lxml import etree

from runtime.errors import Malformed, Transient
from runtime.json import parse

MAX_TOKEN_BYTES = 64 * 1024
MAX_LIFE = timedelta(hours=24)
"""A longer promise of a token server is not believed."""
_MARGIN = timedelta(seconds=60)
_BEARER = re.compile(r"[A-Za-z0-9\-._~+/]+=*")
_PAIR = re.compile(r"\((\d{1,9})\s*,\s*(\d{1,9})\)\s*$")
_WORDS = 400


@dataclass(frozen=True)
class Token:
    """A bearer token, and how long after it was asked for it is used."""

    text: str
    life: timedelta


@dataclass(frozen=True)
class Broker:
    """An `IBResponse`: whether it is an error, PeopleSoft's message set and number ("" where none), its words, and the id of what it queued."""

    is_error: bool
    message_set: str
    message: str
    words: str
    transaction: str = ""

    @property
    def code(self) -> str:
        """Message set and number as people write them: `158,45`."""
        return f"{self.message_set},{self.message}" if self.message_set else self.message


def token(body: bytes) -> Token:
    """The token of a token answer; used up to a minute, at most half, before its end. Raises `Transient` where it is not usable."""
    if len(body) > MAX_TOKEN_BYTES:
        raise Transient(f"peoplesoft token: the answer is no token ({len(body)} bytes)")
    try:
        found = parse(body)
    except Malformed as error:
        raise Transient(f"peoplesoft token: the answer is no token ({error})") from error
    if not isinstance(found, dict):
        raise Transient("peoplesoft token: the answer is no object")
    access, life, kind = found.get("access_token"), found.get("expires_in"), found.get("token_type", "Bearer")
    if not isinstance(access, str) or not _BEARER.fullmatch(access):
        raise Transient("peoplesoft token: the answer has no usable access_token")
    if not isinstance(kind, str) or kind.lower() != "bearer":
        raise Transient("peoplesoft token: token_type is not Bearer")
    if isinstance(life, bool) or not isinstance(life, int) or life <= 0:
        raise Transient("peoplesoft token: expires_in is not a positive number of seconds")
    whole = timedelta(seconds=min(life, int(MAX_LIFE.total_seconds())))
    return Token(access, max(whole - _MARGIN, whole / 2))


def xml(body: bytes) -> etree._Element | None:
    """The root of an XML document; None for what is none, or has a document type."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False, recover=False
    )
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
    told: Any = root.getroottree().docinfo
    return None if told.doctype else root


def broker(body: bytes) -> Broker | None:
    """The `IBResponse` in an answer, bare or in the detail of a SOAP fault; None where there is none."""
    if b"IBResponse" not in body:
        return None
    root = xml(body)
    if root is None:
        return None
    found = next((one for one in root.iter() if _name(one) == "IBResponse"), None)
    return None if found is None else _read(found)


def _read(found: etree._Element) -> Broker:
    said = {_name(child): " ".join((child.text or "").split()) for child in found.iter() if child is not found}
    words = said.get("DefaultMessage", "")
    pair = _PAIR.search(words)
    message_set, message = pair.groups() if pair else (said.get("MessageSet", ""), said.get("MessageID", ""))
    # only a plain success is one: an unknown type is an error
    is_error = found.get("type") != "success" or said.get("StatusCode", "0") != "0"
    return Broker(is_error, message_set, message, words[:_WORDS], said.get("TransactionID", ""))


def _name(element: etree._Element) -> str:
    tag: Any = element.tag  # a comment's is no text
    return etree.QName(element).localname if isinstance(tag, str) else ""
