"""Who calls: the token endpoint of the identity domain, HTTP Basic, and a self-signed bearer assertion.

Sources: OCI (confidential application, client credentials; the token is a JWT of about an hour), TGT (assertion: RS256, header `x5t`, claims
`iss`, `prn`, `iat`, `exp` of at most an hour), FIN samples (`curl --user`). Basic as the client's authentication at the token endpoint, the
error bodies (RFC 6749) and the trust in one certificate of an issuer are assumed. The token looks like a JWT, but clients must not read it.
"""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256

from runtime.simulator.records import Change
from runtime.simulator.tokens import Denied, Form, Tokens, authorization, granted, name_and_password, same, secret
from systems.oracle_fusion.simulator.pod import SETUP, USER, Pod

TOKEN_PATH = "/oauth2/v1/token"  # noqa: S105 - a path
_LONGEST = timedelta(hours=1)


@dataclass(frozen=True)
class Account:
    """The confidential application of the identity domain, and the user that it maps to."""

    client_id: str
    client_secret: str
    scope: str
    username: str
    password: str


def account_of(seed: int) -> Account:
    """The account of a seed, always the same one."""

    def drawn(what: str) -> str:
        return secret("pod", seed, what)

    scope = f"urn:opc:resource:fa:instanceid={int(drawn('instance')[:12], 16)}urn:opc:resource:consumer::all"
    return Account(drawn("client")[:32], f"idcscs-{drawn('secret')[:32]}", scope, USER, f"Pw-{drawn('password')[:20]}")


class SignIn:
    """Issues tokens and identifies the caller of each request."""

    def __init__(self, pod: Pod) -> None:
        self._pod = pod
        self.account, self.tokens = account_of(pod.seed), Tokens(pod.store, pod.clock)

    async def answer(self, request: web.Request) -> web.Response:
        """Answer a token request."""
        self._pod.calls[f"POST {TOKEN_PATH}"] += 1
        scheme, credential = authorization(request)
        given = name_and_password(credential) if scheme.lower() == "basic" else ("", "")

        def grant(form: Form) -> dict[str, Any]:
            if not same(given, (self.account.client_id, self.account.client_secret)):
                raise Denied("invalid_client", 401)
            return self._grant(form)

        return await granted(request, grant)

    def _grant(self, form: Form) -> dict[str, Any]:
        if form.get("grant_type") != "client_credentials":
            raise Denied("unsupported_grant_type")
        if form.get("scope") != self.account.scope:
            raise Denied("invalid_scope")
        life = timedelta(seconds=self._pod.settings.token_life_s)
        token = self.tokens.keep(self._jwt(life), life, user=self.account.username)
        return {"access_token": token, "token_type": "Bearer", "expires_in": self._pod.settings.token_life_s}

    def _jwt(self, life: timedelta) -> str:
        now = self._pod.clock.now()
        head = {"alg": "RS256", "typ": "JWT", "kid": "SIGNING_KEY"}
        claims = {"sub": self.account.client_id, "scope": self.account.scope, "iat": int(now.timestamp())}
        claims |= {"exp": int((now + life).timestamp()), "jti": self._pod.number("token", 12)}
        text = ".".join(_b64(json.dumps(part).encode()) for part in (head, claims))
        return f"{text}.{_b64(hmac.digest(self.account.client_secret.encode(), text.encode(), 'sha256') * 8)}"

    def user_of(self, request: web.Request) -> str | None:
        """The Fusion user who makes a call; None if it is not authenticated."""
        scheme, credential = authorization(request)
        if scheme.lower() == "basic" and self._pod.settings.basic:
            account = self.account
            return account.username if same(name_and_password(credential), (account.username, account.password)) else None
        if scheme.lower() != "bearer":
            return None
        allowed = self.tokens.allowed(credential)
        return str(allowed["user"]) if allowed is not None else self._asserted(credential)

    def trust(self, issuer: str, certificate: str) -> str:
        """Trust the assertions of an issuer that this certificate (PEM) verifies; returns its `x5t`. Raises ValueError."""
        read = x509.load_pem_x509_certificate(certificate.encode())
        if not isinstance(read.public_key(), rsa.RSAPublicKey):
            raise ValueError("the certificate holds no RSA key")  # noqa: TRY004 - the error concerns the value that was sent
        thumbprint = _b64(read.fingerprint(SHA1()))  # noqa: S303 - x5t is SHA-1 by definition (RFC 7515 4.1.7)
        self._pod.commit([Change(SETUP, f"issuer/{thumbprint}", {"issuer": issuer, "certificate": certificate})])
        return thumbprint

    def _asserted(self, token: str) -> str | None:
        """The user of a self-signed assertion; None if it is not valid."""
        try:
            head, claims = (json.loads(_unb64(part)) for part in token.split(".")[:2])
            trusted = self._pod.get(SETUP, f"issuer/{head['x5t']}")
            if trusted is None or head.get("alg") != "RS256" or claims["iss"] != trusted["issuer"]:
                return None
            text, _, signature = token.rpartition(".")
            key = x509.load_pem_x509_certificate(trusted["certificate"].encode()).public_key()
            if not isinstance(key, rsa.RSAPublicKey):
                return None
            key.verify(_unb64(signature), text.encode(), padding.PKCS1v15(), SHA256())
            return str(claims["prn"]) if self._in_time(claims) else None
        except (ValueError, KeyError, TypeError, InvalidSignature):
            return None

    def _in_time(self, claims: Mapping[str, Any]) -> bool:
        begun, ends = (datetime.fromtimestamp(int(claims[name]), UTC) for name in ("iat", "exp"))
        return begun <= self._pod.clock.now() < ends <= begun + _LONGEST


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
