"""Keeps the secrets that this process knows out of everything it writes: errors, logs, and quoted words of another side.

Code that opens a secret registers it here (`systems.contract.Access` does so for credentials, `systems/http/tokens.py` for tokens). A server
that echoes a request may show it as it was sent, or escaped once more for its own answer. Secrets are therefore looked for in the unescaped
spelling of a text (`spelled.py`) and, as they are, in Base64 and hexadecimal. Text is redacted before it is shortened, because half a
secret would not be found.
"""

from __future__ import annotations

import re
import threading
from base64 import b64encode, urlsafe_b64encode
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote, quote_plus

from pydantic import BaseModel, SecretBytes, SecretStr

from runtime.spelled import plain

SHOWN = "[redacted]"
_IDENTIFIERS = frozenset({"username", "user", "client_id"})
"""Fields that name somebody. They are kept out as well, except for short values, which are words of many messages ("admin")."""
_SHORT = 8
"""A secret with fewer characters is found only as a whole word, and an identifier not at all."""
_LEAST = 3
"""A secret of one or two characters occurs in every message, so it cannot be left out."""
_MOST_TOKENS = 2000
_LONGEST = 64 * 1024
_CONTROL = re.compile(r"[^\x20-\x7e\xa0-\ud7ff\ue000-\U0010ffff]+")
"""Characters that no line can show, and octets that are not text."""


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
    """Register every secret of these credentials, and user and password as HTTP Basic sends them."""
    found = dict(_secrets_of(credentials))
    _known.add(value for name, value in found.items() if name not in _IDENTIFIERS or len(value) >= _SHORT)
    for user, password in (("username", "password"), ("client_id", "client_secret")):
        if found.get(user) and found.get(password):
            _known.add(_signed_in(found[user], found[password]))


def know_value(*values: str) -> None:
    """Register these secrets."""
    _known.add(values)


def know_for_a_while(*values: str) -> None:
    """Register tokens that are replaced from time to time; the latest few thousand are known."""
    _known.add(values, passing=True)


def redacted(text: str) -> str:
    """The text with `SHOWN` in place of every known secret."""
    content = plain(text)
    found: list[tuple[int, int]] = []
    for secret in _known.longest_first():
        if secret in content.text:
            sought = re.escape(secret) if len(secret) >= _SHORT else _word(secret)
            found += [content.span(*one.span()) for one in re.finditer(sought, content.text)]
    for start, end in _merged(found):
        text = text[:start] + SHOWN + text[end:]
    return text


def _merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Overlapping spans merged into one, the last one first."""
    made: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if made and start < made[-1][1]:
            made[-1] = (made[-1][0], max(end, made[-1][1]))
        else:
            made.append((start, end))
    return made[::-1]


def sayable(text: str) -> str:
    """The text as every record can hold it: without known secrets, and with a question mark for each octet that is not text."""
    return redacted(text).encode("utf-8", "replace").decode()


def told(content: bytes | str, most: int) -> str:
    """What another side says, fit for a message: without known secrets and control characters, on one line, then at most `most` characters."""
    text = content[:_LONGEST].decode("utf-8", "replace") if isinstance(content, bytes) else content[:_LONGEST]
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
    """How it is looked for in plain text: as it is, in Base64 with and without its padding, and in hexadecimal."""
    contents = _contents(value)
    found = {value, *(one.hex() for one in contents), *(one.hex().upper() for one in contents), *_in_base64(contents)}
    return {content for one in found if len(content := plain(one).text) >= _LEAST}


def _signed_in(user: str, password: str) -> set[str]:
    """User and password as HTTP Basic sends them, also with each of them form-encoded first (RFC 6749, 2.3.1)."""
    ways = (str, lambda text: quote(_bytes(text), safe=""), lambda text: quote_plus(_bytes(text)))
    return _in_base64({content for way in ways for content in _contents(f"{way(user)}:{way(password)}")})


def _in_base64(contents: Iterable[bytes]) -> set[str]:
    made = {encode(content).decode() for content in contents for encode in (b64encode, urlsafe_b64encode)}
    return made | {one.rstrip("=") for one in made}


def _contents(value: str) -> set[bytes]:
    """Its bytes in UTF-8, and in Latin-1 if it can be encoded so."""
    return {_bytes(value), value.encode("latin-1") if all(ord(one) < 256 for one in value) else _bytes(value)}


def _bytes(value: str) -> bytes:
    return value.encode("utf-8", "surrogatepass")


def _word(secret: str) -> str:
    return rf"(?<![0-9A-Za-z]){re.escape(secret)}(?![0-9A-Za-z])"
