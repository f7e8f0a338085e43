"""Machine-to-machine sign-in: the client assertion and the token that it is exchanged for.

Source: help pages on the client credentials flow: form fields, `kid` is the certificate id, algorithms PS256/384/512 and ES256/384/512, claims iss,
scope, aud (the token URL), iat, exp with less than an hour between the last two; scopes come as a list, with commas or with spaces; tokens live an
hour. Assumed: a fault of the client or its certificate is `invalid_client`, one of the assertion `invalid_grant`, both 400; a past `exp`, and an
`iat` more than a minute ahead, are refused; `expires_in` is a text.
"""

from __future__ import annotations

import base64
import binascii
import json
from datetime import timedelta
from typing import Any

from aiohttp import web
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from runtime.simulator.tokens import Denied, Form, Tokens, granted, same, secret
from systems.netsuite.simulator.account import Account
from systems.netsuite.simulator.door.keys import Keys, Public

TOKEN_PATH = "/services/rest/auth/oauth2/v1/token"  # noqa: S105 - an address
SCOPES = frozenset({"restlets", "rest_webservices", "suite_analytics"})
_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_HASHES: dict[str, hashes.HashAlgorithm] = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}
_CURVES = {"ES256": "secp256r1", "ES384": "secp384r1", "ES512": "secp521r1"}
_AHEAD_S = 60


class Assertions:
    """The token endpoint, and the tokens that it granted."""

    def __init__(self, account: Account, keys: Keys) -> None:
        self._account, self._keys = account, keys
        self.tokens = Tokens(account.store, account.clock)

    async def token(self, request: web.Request) -> web.Response:
        """Exchange an assertion for a token."""
        self._account.calls["POST /oauth2/v1/token"] += 1
        audience = f"{request.scheme}://{request.host}{TOKEN_PATH}"
        return await granted(request, lambda form: self._grant(form, audience))

    def _grant(self, form: Form, audience: str) -> dict[str, Any]:
        if form.get("grant_type") != "client_credentials":
            raise Denied("unsupported_grant_type")
        if form.get("client_assertion_type") != _TYPE or not form.get("client_assertion"):
            raise Denied("invalid_request")
        claims = self._claims(form["client_assertion"])
        now = self._account.clock.now().timestamp()
        begun, ends = claims.get("iat"), claims.get("exp")
        if not isinstance(begun, int) or not isinstance(ends, int) or isinstance(begun, bool) or isinstance(ends, bool):
            raise Denied("invalid_grant")
        if claims.get("aud") != audience or not begun < ends <= begun + 3600 or ends <= now or begun > now + _AHEAD_S:
            raise Denied("invalid_grant")
        scopes = _scopes(claims.get("scope"))
        if not scopes or not scopes <= SCOPES:
            raise Denied("invalid_scope")
        minutes = self._account.settings.token_minutes
        token = secret("netsuite", "access", self._account.seed, self._account.number("access"))
        self.tokens.keep(token, timedelta(minutes=minutes), scopes=sorted(scopes))
        return {"access_token": token, "expires_in": str(minutes * 60), "token_type": "bearer"}

    def _claims(self, assertion: str) -> dict[str, Any]:
        parts = assertion.split(".")
        if len(parts) != 3:
            raise Denied("invalid_request")
        header, claims = (_read(part) for part in parts[:2])
        known = same((header.get("kid"), claims.get("iss")), (self._keys.certificate_id, self._keys.client_id))
        if not known or self._keys.until <= self._account.clock.now():
            raise Denied("invalid_client")
        signed, signature = f"{parts[0]}.{parts[1]}".encode(), _bytes(parts[2])
        if header.get("typ") != "JWT" or not _is_signed(self._keys.public(), str(header.get("alg")), signed, signature):
            raise Denied("invalid_client")
        return claims


def _scopes(told: object) -> frozenset[str]:
    if isinstance(told, list):
        return frozenset(map(str, told))
    return frozenset(str(told or "").replace(",", " ").split())


def _read(part: str) -> dict[str, Any]:
    try:
        found = json.loads(_bytes(part))
    except ValueError as error:
        raise Denied("invalid_request") from error
    if not isinstance(found, dict):
        raise Denied("invalid_request")
    return found


def _bytes(part: str) -> bytes:
    try:
        return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise Denied("invalid_request") from error


def _is_signed(key: Public, algorithm: str, signed: bytes, signature: bytes) -> bool:
    """Whether the signature belongs to the key. RS256 is not among the algorithms, and each curve requires its hash."""
    digest = _HASHES.get(algorithm[2:])
    if digest is None:
        return False
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            size = (key.curve.key_size + 7) // 8
            if _CURVES.get(algorithm) != key.curve.name or len(signature) != 2 * size:
                return False
            halves = (int.from_bytes(signature[:size], "big"), int.from_bytes(signature[size:], "big"))
            key.verify(encode_dss_signature(*halves), signed, ec.ECDSA(digest))
        else:
            if not algorithm.startswith("PS"):
                return False
            key.verify(signature, signed, padding.PSS(padding.MGF1(digest), digest.digest_size), digest)
    except InvalidSignature:
        return False
    return True
