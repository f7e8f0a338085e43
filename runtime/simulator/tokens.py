"""Identifies callers: the Authorization header, tokens that are kept in the state file, and the answers of a token endpoint (RFC 6749).

A token endpoint answers `{"access_token": "...", "expires_in": 3600, "token_type": "Bearer"}` or `{"error": "invalid_client"}`. Tokens
outlive a restart of the simulator. Only their hashes are stored.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web

from runtime.clock import Clock
from runtime.simulator.answers import json_answer
from runtime.simulator.store import Store

_KIND = "token"
Form = dict[str, str]


class Denied(Exception):
    """The token endpoint refuses: the name of the error (`invalid_grant`) and the HTTP status."""

    def __init__(self, name: str, status: int = 400) -> None:
        super().__init__(name)
        self.status = status


class Tokens:
    """The tokens that were granted. Each system chooses the texts and lists that say what a token allows."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    def keep(self, token: str, life: timedelta, **allowed: Any) -> str:
        """Store a token with what it allows; returns the token."""
        now = self._clock.now()
        self._store.put(_KIND, _hash(token), allowed | {"until": (now + life).isoformat()}, now)
        return token

    def allowed(self, token: str) -> dict[str, Any] | None:
        """What a token allows; None if it is unknown, revoked or expired."""
        found = self._store.get(_KIND, _hash(token))
        return None if found is None or datetime.fromisoformat(found["until"]) <= self._clock.now() else found

    def revoke(self, token: str) -> None:
        """Delete a token."""
        self._store.delete(_KIND, _hash(token))

    def revoke_all(self) -> int:
        """Delete every token; returns how many there were."""
        return self._store.delete_all(_KIND)


async def granted(request: web.Request, grant: Callable[[Form], dict[str, Any]]) -> web.Response:
    """Answer a token request. `grant` gets the form and returns the answer, or raises `Denied`. A field that appears twice is empty."""
    try:
        return json_answer(grant(await form_of(request)), headers={"Cache-Control": "no-store"})
    except Denied as denied:
        return json_answer({"error": str(denied)}, denied.status)


async def form_of(request: web.Request) -> Form:
    """The fields of a form. Raises `Denied` if the body is not a form."""
    if request.content_type != "application/x-www-form-urlencoded":
        raise Denied("invalid_request")
    sent = await request.post()
    return {name: str(sent[name]) if len(sent.getall(name)) == 1 else "" for name in sent}


def authorization(request: web.Request) -> tuple[str, str]:
    """Scheme and credential of the Authorization header; "" if there is none."""
    scheme, _, credential = request.headers.get("Authorization", "").partition(" ")
    return scheme, credential.strip()


def name_and_password(credential: str) -> tuple[str, str]:
    """User and password in an HTTP Basic credential; two empty texts if it cannot be read."""
    try:
        name, _, password = base64.b64decode(credential, validate=True).decode().partition(":")
    except ValueError:
        return "", ""
    return name, password


def same(given: tuple[object, ...], known: tuple[str, ...]) -> bool:
    """Whether the given texts equal the known ones, each compared in constant time."""
    fits = [hmac.compare_digest(str(one).encode(), other.encode()) for one, other in zip(given, known, strict=True)]
    return all(fits)


def secret(*parts: object) -> str:
    """64 hex digits, always the same for the same parts. A seed makes its credentials and tokens in this way."""
    return _hash("/".join(map(str, parts)))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
