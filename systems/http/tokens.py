"""The answer of a token endpoint (RFC 6749, 5.1), for every system that signs in by OAuth 2.0. Pure.

`expires_in` is a number or a text. If it is absent, the token is used for a short time only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from runtime import redaction
from runtime.errors import Malformed, Transient
from runtime.json import parse

MAX_BYTES = 64 * 1024
MAX_CHARACTERS = 8 * 1024
UNTOLD_LIFE = timedelta(minutes=5)
"""The life of a token whose answer does not say how long it lives."""
MAX_LIFE = timedelta(hours=24)
"""The longest life of a token that is accepted."""
_SHORTEST_S = 1
"""The shortest life of a token. A shorter one would be renewed before each call."""
_MARGIN = timedelta(seconds=60)
_BEARER = re.compile(r"[A-Za-z0-9\-._~+/]+=*")
_REFRESH = re.compile(r"[\x20-\x7e]+")


@dataclass(frozen=True)
class Granted:
    """A bearer token: its text; the refresh token of its grant ("" if there is none); for how long it is used, counted from the request (until a
    minute before its end, or half of its life if that is longer); and the scopes that were granted (None if the answer does not say)."""

    access: str
    refresh: str
    life: timedelta
    scopes: frozenset[str] | None = None


def granted(body: bytes, what: str, longest: timedelta = MAX_LIFE) -> Granted:
    """The token of a 200 answer. `what` names the endpoint in errors. Raises `Transient` if the token cannot be used."""
    found = _object(body, what)
    access, refresh, kind = found.get("access_token"), found.get("refresh_token"), found.get("token_type", "Bearer")
    if not isinstance(access, str) or len(access) > MAX_CHARACTERS or not _BEARER.fullmatch(access):
        raise Transient(f"{what}: the answer has no usable access_token")
    if not isinstance(kind, str) or kind.strip().lower() != "bearer":
        raise Transient(f"{what}: token_type is not Bearer")
    if not isinstance(refresh, str) or len(refresh) > MAX_CHARACTERS or not _REFRESH.fullmatch(refresh):
        refresh = ""
    redaction.know_for_a_while(access, refresh)
    scope = found.get("scope")
    scopes = frozenset(scope.split()) if isinstance(scope, str) and scope else None
    whole = min(_life(found.get("expires_in"), what), MAX_LIFE)
    return Granted(access, refresh, min(max(whole - _MARGIN, whole / 2), longest), scopes)


def _object(body: bytes, what: str) -> dict[str, Any]:
    if len(body) > MAX_BYTES:
        raise Transient(f"{what}: the answer is no token ({len(body)} bytes)")
    try:
        found = parse(body)
    except Malformed as error:
        raise Transient(f"{what}: the answer is no token ({error})") from error
    if not isinstance(found, dict):
        raise Transient(f"{what}: the answer is not an object")
    return found


def _life(said: Any, what: str) -> timedelta:
    if said is None or said == "":
        return UNTOLD_LIFE
    try:
        seconds = Decimal(said.strip() if isinstance(said, str) else said) if not isinstance(said, (bool, float)) else Decimal(0)
    except (InvalidOperation, TypeError, ValueError):
        seconds = Decimal(0)
    if not seconds.is_finite() or seconds < _SHORTEST_S:
        raise Transient(f"{what}: expires_in is not a number of seconds, or none that a token could be used for")
    return timedelta(seconds=float(min(seconds, Decimal(MAX_LIFE.total_seconds()))))
