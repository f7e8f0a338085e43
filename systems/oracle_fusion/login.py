"""How one role signs in at a pod: client credentials at the identity domain, a token that we sign ourselves, or HTTP Basic.

Facts (OCI IAM identity domains; REST API for Fusion Financials, quick start): the token endpoint takes the client's id and secret by HTTP Basic and
returns a JWT that lives about an hour; there is no refresh token. A self-signed JWT (RS256) has `x5t` in its header and the claims `iss` (trusted
issuer), `prn` (Fusion user), `iat` and `exp`. A page of the sign-in screen (HTML, 200 or 302) means that the token was not accepted (assumed).
"""

from __future__ import annotations

import hashlib
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import orjson
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from runtime import redaction
from runtime.clock import Clock
from runtime.errors import Broken
from runtime.exchange import NotSent, Request, Response
from systems.http.logins import Basic, Bearer, Login, Send, refused_sign_in, token_request, with_headers
from systems.http.rules import REDIRECTS
from systems.http.tokens import granted
from systems.oracle_fusion.settings import Credentials, Settings

RENEWED_AFTER = timedelta(minutes=13)
"""The age at which a token is renewed; earlier if the token ends earlier (product page)."""
_ASSERTION_S = 3600
_REMEDY = "Check token_url, token_scope, client_id and client_secret of the confidential application in the identity domain."


def login_of(settings: Settings, credentials: Credentials, clock: Clock) -> Login:
    """How one role signs in."""
    user = credentials.username.get_secret_value()
    if settings.sign_in == "basic":
        _require("username or password", user, credentials.password.get_secret_value())
        return Basic("oracle_fusion", user, credentials.password.get_secret_value())
    if settings.sign_in == "assertion":
        _require("username, token_issuer or private_key", user, settings.token_issuer, credentials.private_key.get_secret_value())
        return Assertion(settings.token_issuer, user, _Key.of(credentials), clock)
    proof = (credentials.client_id.get_secret_value(), credentials.client_secret.get_secret_value())
    _require("token_url, client_id or client_secret", settings.token_url, *proof)
    scope = {"scope": settings.token_scope} if settings.token_scope else {}

    def form() -> Mapping[str, str]:
        return {"grant_type": "client_credentials", **scope}

    return ClientCredentials("oracle_fusion token", settings.token_url, form, _REMEDY, longest=RENEWED_AFTER, proof=proof)


def _require(what: str, *values: str) -> None:
    if not all(values):
        raise Broken(f"oracle_fusion: {what} is empty.", "Complete them, or choose another sign_in.")


def is_signed_out(answer: Response) -> bool:
    """Whether an answer says that the sign-in is not accepted: 401, or the page of the sign-in screen."""
    if answer.status == 401 or answer.status in REDIRECTS:
        return True
    return answer.status == 200 and answer.content_type == "text/html"


@dataclass
class ClientCredentials(Bearer):
    """A token by client credentials. `proof` is the client's id and secret, which are in the header of the token request."""

    proof: tuple[str, str] = ("", "")

    async def sign_in(self, send: Send) -> timedelta:
        """See `Login`."""
        basic = b64encode(":".join(self.proof).encode()).decode()
        redaction.know_for_a_while(basic)
        answer = await send(with_headers(token_request(self.url, self.form()), {"Authorization": f"Basic {basic}"}))
        if answer.status != 200:
            raise refused_sign_in(answer, self.what, self.remedy)
        self.token = granted(answer.body, self.what, self.longest)
        return self.token.life

    def is_refused(self, answer: Response) -> bool:
        """See `Login`."""
        return is_signed_out(answer)


@dataclass(frozen=True)
class _Key:
    """The key that signs, and the thumbprint of its certificate (`x5t`)."""

    private: RSAPrivateKey
    thumbprint: str

    @staticmethod
    def of(credentials: Credentials) -> _Key:
        """The key from these credentials. Raises `Broken` if it cannot be read."""
        try:
            private = load_pem_private_key(credentials.private_key.get_secret_value().encode(), password=None)
            certificate = x509.load_pem_x509_certificate(credentials.certificate.get_secret_value().encode())
        except (ValueError, TypeError) as error:
            raise Broken(
                f"oracle_fusion: private_key or certificate is no PEM ({type(error).__name__}).", "Apply both as PEM."
            ) from error
        if not isinstance(private, RSAPrivateKey):
            raise Broken("oracle_fusion: private_key is no RSA key.", "Apply an RSA key; tokens are signed by RS256.")
        digest = hashlib.sha1(certificate.public_bytes(Encoding.DER), usedforsecurity=False).digest()
        return _Key(private, _url64(digest))

    def signed(self, claims: Mapping[str, object]) -> str:
        """The compact form of a JWT with these claims."""
        head = {"alg": "RS256", "typ": "JWT", "x5t": self.thumbprint}
        told = ".".join(_url64(orjson.dumps(part)) for part in (head, claims))
        return f"{told}.{_url64(self.private.sign(told.encode(), PKCS1v15(), SHA256()))}"


class Assertion(Login):
    """A token that we sign ourselves, renewed after `RENEWED_AFTER`. The pod trusts our certificate, so no request is needed to get a token."""

    calls = 1

    def __init__(self, issuer: str, user: str, key: _Key, clock: Clock) -> None:
        self._issuer, self._user, self._key, self._clock = issuer, user, key, clock
        self._token = ""

    async def sign_in(self, send: Send) -> timedelta:  # noqa: ARG002 - no request is needed
        """See `Login`."""
        now = int(self._clock.now().timestamp())
        self._token = self._key.signed({"iss": self._issuer, "prn": self._user, "iat": now, "exp": now + _ASSERTION_S})
        redaction.know_for_a_while(self._token)
        return RENEWED_AFTER

    def signed(self, request: Request) -> Request:
        """See `Login`."""
        if not self._token:
            raise NotSent("oracle_fusion: not signed in")
        return with_headers(request, {"Authorization": f"Bearer {self._token}"})

    def is_refused(self, answer: Response) -> bool:
        """See `Login`."""
        return is_signed_out(answer)


def _url64(found: bytes) -> str:
    return urlsafe_b64encode(found).rstrip(b"=").decode()
