"""How one role signs in at an account: client credentials with a signed assertion (M2M), or token-based authentication (OAuth 1.0a).

Facts (help pages on OAuth 2.0 client credentials and token-based authentication; RFC 5849): an assertion is a JWT signed by PS256 or ES256 (or their
longer variants; RS256 is refused) with `kid` = certificate id, `iss` = client id, `aud` = the token address, and less than an hour between `iat` and
`exp`. A token lives an hour, and there is no refresh token. OAuth 1.0a signs each request by HMAC-SHA256 over method, address and every parameter;
its realm is the account id in capitals. NetSuite has announced its end: no new integrations as of 2027.1, removed in 2028.2 (tentative).
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import parse_qsl, quote, urlsplit

import orjson
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512, HashAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from runtime import redaction
from runtime.clock import Clock
from runtime.errors import Broken
from runtime.exchange import Request
from systems.http.logins import Bearer, Login, with_headers
from systems.netsuite.settings import Credentials, Settings

RENEWED_AFTER = timedelta(minutes=50)
"""A token is renewed when it is this old; it lives an hour."""
SCOPE = "rest_webservices"
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_BEHIND_S = 30
"""By how much an assertion is dated back, in case our clock is ahead."""
_LIFE_S = 300
_CURVES: Mapping[str, tuple[str, HashAlgorithm]] = {
    "secp256r1": ("ES256", SHA256()),
    "secp384r1": ("ES384", SHA384()),
    "secp521r1": ("ES512", SHA512()),
}
_SHORTEST_RSA = 2048
_REMEDY = (
    "Check client_id, certificate_id and private_key: the certificate is mapped to an application, user and role "
    "(Setup > Integration > OAuth 2.0 Client Credentials), and ends after two years at most; a sandbox refresh removes the mapping."
)


def login_of(settings: Settings, credentials: Credentials, clock: Clock) -> Login:
    """How one role signs in. Raises `Broken` for incomplete or unreadable credentials."""
    if settings.sign_in == "token":
        return Signed(settings.account, Token.of(credentials), clock)
    client, certificate = credentials.client_id.get_secret_value(), credentials.certificate_id.get_secret_value()
    _require("client_id, certificate_id or private_key", client, certificate, credentials.private_key.get_secret_value())
    key = Key.of(credentials.private_key.get_secret_value())

    def form() -> Mapping[str, str]:
        now = int(clock.now().timestamp()) - _BEHIND_S
        claims = {"iss": client, "scope": [SCOPE], "aud": settings.token_url, "iat": now, "exp": now + _LIFE_S}
        assertion = key.signed(certificate, claims)
        redaction.know_for_a_while(assertion)
        return {"grant_type": "client_credentials", "client_assertion_type": _ASSERTION, "client_assertion": assertion}

    return Bearer("netsuite token", settings.token_url, form, _REMEDY, longest=RENEWED_AFTER)


def _require(what: str, *values: str) -> None:
    if not all(values):
        raise Broken(f"netsuite: {what} is empty.", "Complete them, or choose the other sign_in.")


# --- client assertion -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Key:
    """The key that signs assertions: an RSA key signs by PS256, an elliptic-curve key by the algorithm of its size."""

    private: RSAPrivateKey | EllipticCurvePrivateKey

    @staticmethod
    def of(pem: str) -> Key:
        """The key of a PEM text. Raises `Broken` if it cannot be read or NetSuite does not accept its kind."""
        try:
            private = load_pem_private_key(pem.encode(), password=None)
        except (ValueError, TypeError) as error:
            raise Broken(
                f"netsuite: private_key is no PEM key ({type(error).__name__}).", "Apply it as PEM, unencrypted."
            ) from error
        is_curve = isinstance(private, EllipticCurvePrivateKey) and private.curve.name in _CURVES
        is_rsa = isinstance(private, RSAPrivateKey) and private.key_size >= _SHORTEST_RSA
        if not isinstance(private, (RSAPrivateKey, EllipticCurvePrivateKey)) or not (is_curve or is_rsa):
            raise Broken("netsuite: private_key is of a kind that NetSuite does not take.", "Use EC P-256, P-384, P-521, or RSA.")
        return Key(private)

    @property
    def algorithm(self) -> str:
        """The name of its algorithm in the header of an assertion."""
        return _CURVES[self.private.curve.name][0] if isinstance(self.private, EllipticCurvePrivateKey) else "PS256"

    def signed(self, certificate_id: str, claims: Mapping[str, object]) -> str:
        """The compact form of an assertion with these claims."""
        head = {"typ": "JWT", "alg": self.algorithm, "kid": certificate_id}
        told = ".".join(_url64(orjson.dumps(part)) for part in (head, claims))
        return f"{told}.{_url64(self._signature(told.encode()))}"

    def _signature(self, told: bytes) -> bytes:
        if isinstance(self.private, RSAPrivateKey):
            return self.private.sign(told, PSS(MGF1(SHA256()), SHA256.digest_size), SHA256())
        size = (self.private.curve.key_size + 7) // 8
        halves = decode_dss_signature(self.private.sign(told, ECDSA(_CURVES[self.private.curve.name][1])))
        return b"".join(half.to_bytes(size, "big") for half in halves)


def _url64(found: bytes) -> str:
    return urlsafe_b64encode(found).rstrip(b"=").decode()


# --- token-based authentication ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Token:
    """Consumer and token of OAuth 1.0a, each with its secret."""

    consumer_key: str
    consumer_secret: str
    token_id: str
    token_secret: str

    @staticmethod
    def of(credentials: Credentials) -> Token:
        """The consumer and token in these credentials. Raises `Broken` if one is empty."""
        names = ("consumer_key", "consumer_secret", "token_id", "token_secret")
        found = [getattr(credentials, name).get_secret_value() for name in names]
        _require("consumer_key, consumer_secret, token_id or token_secret", *found)
        return Token(*found)


class Signed(Login):
    """Signs each request by itself. No sign-in is requested, so none can expire or be renewed."""

    def __init__(self, account: str, token: Token, clock: Clock) -> None:
        self._account, self._token, self._clock = account, token, clock

    def signed(self, request: Request) -> Request:
        """See `Login`. Each request has a new nonce, including one that is sent again."""
        own = {
            "oauth_consumer_key": self._token.consumer_key,
            "oauth_nonce": secrets.token_hex(16),
            "oauth_signature_method": "HMAC-SHA256",
            "oauth_timestamp": str(int(self._clock.now().timestamp())),
            "oauth_token": self._token.token_id,
            "oauth_version": "1.0",
        }
        key = f"{_escaped(self._token.consumer_secret)}&{_escaped(self._token.token_secret)}"
        mac = hmac.digest(key.encode(), base_string(request.method, request.url, own).encode(), hashlib.sha256)
        told = {"realm": self._account, **own, "oauth_signature": b64encode(mac).decode()}
        header = ", ".join(f'{name}="{_escaped(value)}"' for name, value in told.items())
        return with_headers(request, {"Authorization": f"OAuth {header}"})


def base_string(method: str, url: str, parameters: Mapping[str, str]) -> str:
    """What is signed (RFC 5849, 3.4.1): method, address without query, and all parameters of the header and the query, in order."""
    parts = urlsplit(url)
    host = parts.netloc.lower().removesuffix({"https": ":443", "http": ":80"}[parts.scheme.lower()])
    sent = [*parameters.items(), *parse_qsl(parts.query, keep_blank_values=True)]
    pairs = sorted((_escaped(name), _escaped(value)) for name, value in sent)
    normal = "&".join(f"{name}={value}" for name, value in pairs)
    return "&".join(map(_escaped, (method.upper(), f"{parts.scheme.lower()}://{host}{parts.path or '/'}", normal)))


def _escaped(text: str) -> str:
    return quote(text, safe="-._~")
