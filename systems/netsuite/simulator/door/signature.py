"""Token-based authentication: the OAuth 1.0a header of each request, signed with HMAC-SHA256.

Sources: realm is the account id as it is written; RFC 5849 for the base string (method, address, all parameters of query and header). Assumed: a
timestamp may be five minutes off; a nonce is valid once per token and timestamp, and is forgotten when the simulator restarts. Further `oauth_`
parameters (a body hash, which some clients send) are signed with the others and have no effect.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from urllib.parse import parse_qsl, quote, unquote

from aiohttp import web

from runtime.clock import Clock
from runtime.simulator.tokens import same
from systems.netsuite.simulator.door.keys import Keys

_PARAMETER = re.compile(r'\s*(\w+)="([^"]*)"\s*')
_NEEDED = frozenset(
    f"oauth_{name}" for name in ("consumer_key", "token", "signature_method", "timestamp", "nonce", "version", "signature")
)
_WINDOW_S = 300


class Signatures:
    """Judges signed requests; remembers the nonces of the last minutes."""

    def __init__(self, clock: Clock, keys: Keys) -> None:
        self._clock, self._keys = clock, keys
        self._nonces: dict[tuple[str, str], float] = {}

    def is_good(self, request: web.Request, credential: str) -> bool:
        """Whether the account's token signed exactly this method, address and query, and the request is not a repetition."""
        given = _parameters(credential)
        if given is None or not given.keys() >= _NEEDED or any(not name.startswith("oauth_") for name in given.keys() - {"realm"}):
            return False
        known = (self._keys.account, self._keys.consumer_key, self._keys.token_id, "HMAC-SHA256", "1.0")
        named = ("realm", "oauth_consumer_key", "oauth_token", "oauth_signature_method", "oauth_version")
        if not same(tuple(given.get(name, "") for name in named), known) or not given["oauth_timestamp"].isdigit():
            return False
        expected = self._signature(request, given)
        return same((given["oauth_signature"],), (expected,)) and self._is_new(given)

    def _signature(self, request: web.Request, given: dict[str, str]) -> str:
        sent = [(name, value) for name, value in given.items() if name not in ("realm", "oauth_signature")]
        path, _, query = request.raw_path.partition("?")
        sent += parse_qsl(query, keep_blank_values=True)
        pairs = sorted((_escaped(name), _escaped(value)) for name, value in sent)
        normal = "&".join(f"{name}={value}" for name, value in pairs)
        address = f"{request.scheme}://{request.host.lower()}{path}"
        base = "&".join(map(_escaped, (request.method.upper(), address, normal)))
        key = f"{_escaped(self._keys.consumer_secret)}&{_escaped(self._keys.token_secret)}"
        return base64.b64encode(hmac.digest(key.encode(), base.encode(), hashlib.sha256)).decode()

    def _is_new(self, given: dict[str, str]) -> bool:
        now, at = self._clock.now().timestamp(), float(given["oauth_timestamp"][:12])
        self._nonces = {seen: when for seen, when in self._nonces.items() if now - when <= 2 * _WINDOW_S}
        mark = (given["oauth_timestamp"], given["oauth_nonce"])
        if abs(now - at) > _WINDOW_S or not given["oauth_nonce"] or mark in self._nonces:
            return False
        self._nonces[mark] = now
        return True


def _parameters(credential: str) -> dict[str, str] | None:
    """The parameters of the header; None if it is not such a header or names a parameter twice."""
    found: dict[str, str] = {}
    for part in credential.split(","):
        match = _PARAMETER.fullmatch(part)
        if match is None or match[1] in found:
            return None
        found[match[1]] = unquote(match[2])
    return found


def _escaped(text: str) -> str:
    return quote(text, safe="-._~")
