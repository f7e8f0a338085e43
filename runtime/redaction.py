"""Secrets that this process knows, kept out of everything that it says: errors, logs, and the words of another side.

Whoever opens a secret makes it known here (`systems.contract.Access` does so for credentials, `runtime/tokens.py` for tokens). A server
that echoes a request shows it as it was sent, so each secret is known in the encodings in which it travels too. Text is redacted before it
is shortened: half a secret would not be found.
"""

from __future__ import annotations

import html
import json
import re
import threading
from base64 import b64encode
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote, quote_plus

from pydantic import BaseModel, SecretBytes, SecretStr

SHOWN = "[redacted]"
_IDENTIFIERS = frozenset({"username", "user", "client_id"})
"""Fields that name somebody: kept out like the others, but for short ones, which are words of many messages ("admin")."""
_SHORT = 8
"""Below this many characters a secret is found as a word only, an identifier not at all."""
_LEAST = 3
"""A secret of one or two characters is in every message; nothing is kept secret by it."""
_MOST_TOKENS = 2000
_LONGEST = 64 * 1024
_CONTROL = re.compile(r"[^\x20-\x7e\xa0-\U0010ffff]+")


class _Known:
    """Every secret in every spelling, the longest first."""

    def __init__(self) -> None:
        self._lasting: set[str] = set()
        self._passing: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()
        self._sorted: tuple[str, ...] | None = ()

    def add(self, values: Iterable[str], *, passing: bool = False) -> None:
        with self._lock:
            spelled = {spelling for value in values if len(value) >= _LEAST for spelling in _spellings(value)}
            if passing:
                for one in spelled:
                    self._passing[one] = self._passing.pop(one, None)
                while len(self._passing) > _MOST_TOKENS:
                    self._passing.popitem(last=False)
            else:
                self._lasting |= spelled
            self._sorted = None

    def longest_first(self) -> tuple[str, ...]:
        found = self._sorted
        if found is None:
            with self._lock:
                found = self._sorted = tuple(sorted({*self._lasting, *self._passing}, key=lambda one: (-len(one), one)))
        return found


_known = _Known()


def know(credentials: BaseModel) -> None:
    """Every secret of these credentials is known from now on, and user and password as HTTP Basic sends them."""
    found = dict(_secrets_of(credentials))
    _known.add(value for name, value in found.items() if name not in _IDENTIFIERS or len(value) >= _SHORT)
    for user, password in (("username", "password"), ("client_id", "client_secret")):
        if found.get(user) and found.get(password):
            _known.add([b64encode(_bytes(f"{found[user]}:{found[password]}")).decode()])


def know_value(*values: str) -> None:
    """These secrets are known from now on."""
    _known.add(values)


def know_for_a_while(*values: str) -> None:
    """As `know_value`, for tokens that are replaced: the latest few thousand are known."""
    _known.add(values, passing=True)


def redacted(text: str) -> str:
    """The text with `SHOWN` in place of every known secret."""
    for secret in _known.longest_first():
        if secret in text:
            text = text.replace(secret, SHOWN) if len(secret) >= _SHORT else _word(secret).sub(SHOWN, text)
    return text


def told(said: bytes | str, most: int) -> str:
    """What another side says, fit for a message: known secrets and control characters out, one line, then at most `most` characters."""
    text = said[:_LONGEST].decode("utf-8", "replace") if isinstance(said, bytes) else said[:_LONGEST]
    return " ".join(_CONTROL.sub(" ", redacted(text)).split())[:most]


def _secrets_of(model: BaseModel) -> Iterator[tuple[str, str]]:
    for name in type(model).model_fields:
        value: Any = getattr(model, name)
        if isinstance(value, SecretStr):
            yield name, value.get_secret_value()
        elif isinstance(value, SecretBytes):
            yield name, value.get_secret_value().decode("utf-8", "replace")
        elif isinstance(value, BaseModel):
            yield from _secrets_of(value)


def _spellings(value: str) -> set[str]:
    """As it is, and as forms, addresses, JSON, HTML and headers carry it."""
    encoded = _bytes(value)
    quoted = {quote(encoded, safe=""), quote(encoded), quote_plus(encoded)}
    lower = {re.sub("%[0-9A-F]{2}", lambda found: found[0].lower(), one) for one in quoted}
    written = {json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], json.dumps(value)[1:-1].replace("/", "\\/")}
    return {
        value,
        value.replace(" ", "+"),
        html.escape(value),
        html.escape(value, quote=False),
        b64encode(encoded).decode(),
        *quoted,
        *lower,
        *written,
    }


def _bytes(value: str) -> bytes:
    return value.encode("utf-8", "surrogatepass")


def _word(secret: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![0-9A-Za-z]){re.escape(secret)}(?![0-9A-Za-z])")
