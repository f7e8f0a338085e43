"""Shapes of Acumatica's answers outside its entities: the token, the list of endpoints, and one whole record of a PUT.

Source: Integration Development Guide (token answer, GET /entity), OpenAPI Default 24.200.001.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from runtime.errors import Malformed, Transient
from runtime.exchange import Response
from runtime.json import Unreadable, parse, pieces, slices
from systems.acumatica.wire import Row
from systems.contract import Element

_MAX_TOKEN_BYTES = 64 * 1024
_MAX_LIFE_S = 24 * 3600


@dataclass(frozen=True)
class Token:
    """An access token, the refresh token of its grant ("" where none), and how long it is used."""

    access: str
    refresh: str
    life: timedelta


def token(answer: Response) -> Token:
    """The token of a token answer; used up to a minute, at most half, before its end. Raises `Transient` where it is not usable."""
    if len(answer.body) > _MAX_TOKEN_BYTES:
        raise Transient(f"acumatica token: the answer is no token ({len(answer.body)} bytes)")
    try:
        found = parse(answer.body)
    except Malformed as error:
        raise Transient(f"acumatica token: the answer is no token ({error})") from error
    access, life = (found.get("access_token"), found.get("expires_in")) if isinstance(found, dict) else (None, None)
    if not isinstance(access, str) or not access.isascii() or not access.isprintable() or " " in access or not access:
        raise Transient("acumatica token: the answer has no usable access_token")
    if isinstance(life, bool) or not isinstance(life, int) or life <= 0:
        raise Transient("acumatica token: expires_in is not a positive number of seconds")
    refresh = found.get("refresh_token")
    seconds = min(life, _MAX_LIFE_S)
    return Token(access, refresh if isinstance(refresh, str) else "", timedelta(seconds=max(seconds - 60, seconds / 2)))


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
    """The rows of a list answer (of its `member`) with their exact bytes; one that cannot be read is `Unreadable`. Raises `Transient`."""
    if answer.content_type != "application/json":
        raise Transient(f"acumatica {what}: {answer.content_type or 'nothing'} instead of JSON")
    try:
        found = pieces(answer.body, member)[1]
    except Malformed as error:
        raise Transient(f"acumatica {what}: {error}") from error
    if not all(isinstance(row, (dict, Unreadable)) for _, row in found):
        raise Transient(f"acumatica {what}: a row is no object")
    return found


def digest(answer: Response) -> str:
    """SHA-256 (hex) of a page's bytes."""
    return hashlib.sha256(answer.body).hexdigest()


def element(source_id: str, version: str, body: bytes) -> Element:
    """One element of a page."""
    return Element(source_id, version, body)
