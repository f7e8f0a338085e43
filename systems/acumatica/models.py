"""Shapes of Acumatica's answers outside its entities: the token, the list of endpoints, and one whole record of a PUT.

Source: Integration Development Guide (token answer, GET /entity), OpenAPI Default 24.200.001.
"""

from __future__ import annotations

import hashlib
from typing import Any

from runtime.errors import Garbled, Malformed, Transient
from runtime.exchange import Response
from runtime.json import Unreadable, parse, pieces, slices
from runtime.tokens import Granted, granted
from systems.acumatica.wire import Row
from systems.contract import Element


def token(answer: Response) -> Granted:
    """The token of a token answer. Raises `Transient` where it is not usable."""
    return granted(answer.body, "acumatica token")


def offered(answer: Response, endpoint: str) -> list[str]:
    """The versions of an endpoint that the instance offers."""
    found = record(answer, "GET /entity")
    listed = found.get("endpoints")
    if not isinstance(listed, list):
        raise Transient("acumatica GET /entity: the answer lists no endpoints")
    return [str(one.get("version")) for one in listed if isinstance(one, dict) and one.get("name") == endpoint]


def record(answer: Response, what: str) -> dict[str, Any]:
    """The one JSON object that an answer is. Raises `Transient`."""
    if answer.content_type != "application/json":
        raise Transient(f"acumatica {what}: {answer.content_type or 'nothing'} instead of JSON")
    try:
        found = parse(answer.body)
    except Malformed as error:
        raise Transient(f"acumatica {what}: {error}") from error
    if not isinstance(found, dict):
        raise Transient(f"acumatica {what}: the answer is no object")
    return found


def listed(answer: Response, what: str) -> list[tuple[bytes, Row]]:
    """The rows of a list answer, each with its exact bytes. Raises `Transient`: a page that is not one never looks empty."""
    if answer.content_type != "application/json":
        raise Transient(f"acumatica {what}: {answer.content_type or 'nothing'} instead of JSON")
    try:
        found = slices(answer.body, None)
    except Malformed as error:
        raise Transient(f"acumatica {what}: {error}") from error
    if not all(isinstance(row, dict) and isinstance(row.get("id"), str) for _, row in found):
        raise Transient(f"acumatica {what}: a row has no id")
    return found


def cut(answer: Response, what: str, member: str | None = None) -> list[tuple[bytes, Any]]:
    """The rows of a list answer (of its `member`) with their exact bytes; one that cannot be read is `Unreadable`. Raises `Garbled`,
    or `Transient` for what is no JSON at all (a page of a gateway)."""
    if answer.content_type != "application/json":
        raise Transient(f"acumatica {what}: {answer.content_type or 'nothing'} instead of JSON")
    try:
        found = pieces(answer.body, member)[1]
    except Malformed as error:
        raise Garbled(f"acumatica {what}: {error}", answer.body) from error
    if not all(isinstance(row, (dict, Unreadable)) for _, row in found):
        raise Garbled(f"acumatica {what}: a row is no object", answer.body)
    return found


def digest(answer: Response) -> str:
    """SHA-256 (hex) of a page's bytes."""
    return hashlib.sha256(answer.body).hexdigest()


def element(source_id: str, version: str, body: bytes) -> Element:
    """One element of a page."""
    return Element(source_id, version, body)
