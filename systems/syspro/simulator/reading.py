"""Reads the document that a caller sends: as text, by the shape of its business object, strictly.

Source: the element trees and their order (`spec/objects.txt`); one live service ignored unknown elements (switch `elements=loose`). The text is read
as UTF-8 from the query, whatever its declaration says (assumed: the REST service decodes an address so). Assumed: an empty element counts as left
out, and a character outside Windows-1252 makes the document unreadable.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from runtime.simulator.answers import read_xml
from systems.syspro.simulator.answers import ENCODING, Failed, FieldError
from systems.syspro.spec import Element, shapes

_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")


@dataclass
class Part:
    """The content of an element: texts and parts by name, and the errors of its texts. A text that was not sent has its default."""

    texts: dict[str, str] = field(default_factory=dict)
    parts: dict[str, list[Part]] = field(default_factory=dict)
    sent: set[str] = field(default_factory=set)
    errors: list[FieldError] = field(default_factory=list)

    def __getitem__(self, name: str) -> str:
        return self.texts[name]

    def some(self, name: str) -> list[Part]:
        """The parts with this name, in order."""
        return self.parts.get(name, [])

    def one(self, name: str) -> Part:
        """The first part with this name; an empty one if there is none."""
        return (self.some(name) or [Part()])[0]


def read(text: str, name: str, part: str, *, is_strict: bool = True) -> Part:
    """The document of a business object; raises `Failed` if it is not one. Errors of values are in `errors` of their parts."""
    shape = shapes().get((name, part))
    if shape is None:
        raise Failed(f"Business object {name} has no {part}")
    root = _root(text, f"{name} {part}")
    if root.tag != shape.name:
        raise Failed(f"XML root element of {name} must be {shape.name} and is {root.tag}")
    return _part(root, shape, is_strict)


def parameters(text: str, name: str, *, is_strict: bool = True) -> Part:
    """The parameters of a business object, or their defaults if nothing was sent; an invalid one makes the call fail."""
    if not text.strip():
        raise Failed(f"XmlParameters of {name} is empty")
    found = read(text, name, "parameters", is_strict=is_strict)
    inner = found.some("Parameters")
    if not inner:
        raise Failed(f"XML element {{Parameters}} of {name} is missing")
    for error in inner[0].errors:
        raise Failed(f"XmlParameters of {name}: {error.text}")
    return inner[0]


def _root(text: str, what: str) -> Any:
    body = _DECLARATION.sub("", text, count=1)
    try:
        body.encode(ENCODING)
    except UnicodeEncodeError as error:
        raise Failed(f"Invalid character {body[error.start]!a} in the XML of {what}") from error
    try:
        return read_xml(body.strip().encode())
    except ValueError as error:
        raise Failed(f"Unable to load the XML of {what}: {error}") from error


def _part(node: Any, shape: Element, is_strict: bool) -> Part:
    found = Part({one.name: one.default for one in shape.children if not one.children and not one.is_open})
    known = {one.name: (place, one) for place, one in enumerate(shape.children)}
    last = 0
    for child in node:
        if not isinstance(child.tag, str):
            continue  # a comment
        if child.tag not in known:
            if is_strict and not shape.is_open:
                raise Failed(f"XML element {{{shape.name}}}{{{child.tag}}} is not known")
            continue
        place, one = known[child.tag]
        if is_strict and not shape.is_free and place < last:
            raise Failed(f"XML element {{{shape.name}}}{{{child.tag}}} is out of order")
        if is_strict and child.tag in found.sent and not one.is_many:
            raise Failed(f"XML element {{{shape.name}}}{{{child.tag}}} appears twice")
        last = place
        found.sent.add(child.tag)
        _take(found, child, one, is_strict)
    return found


def _take(found: Part, child: Any, one: Element, is_strict: bool) -> None:
    if one.is_open:
        found.parts.setdefault(one.name, []).append(_open(child))
        return
    if one.children:
        found.parts.setdefault(one.name, []).append(_part(child, one, is_strict))
        return
    if any(isinstance(inner.tag, str) for inner in child):
        raise Failed(f"XML element {{{one.name}}} must hold text")
    text = "".join([child.text or "", *(inner.tail or "" for inner in child)]).strip()
    if one.is_many:
        found.parts.setdefault(one.name, []).append(Part({one.name: text}))
    if text and one.choices and text not in one.choices:
        words = f"Value '{text}' is invalid for XML element '{one.name}'"
        found.errors.append(FieldError(one.name, text, 100029, words))
    found.texts[one.name] = text or one.default


def _open(node: Any) -> Part:
    texts = {str(child.tag): (child.text or "").strip() for child in node if isinstance(child.tag, str)}
    return Part(texts, sent=set(texts))
