"""Who calls: HTTP Basic, a bearer token of the external token server, or a WS-Security UsernameToken.

Sources: PeopleBooks (REST: Basic Authentication or OAuth2 with PeopleSoft as resource server only; calls are stateless), clients of CI
services (UsernameToken with PasswordText), recorded fault (158,45). 401 of the gateway and its body: assumed. Tokens outlive a restart.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web

from systems.peoplesoft.simulator.answers import password_failed
from systems.peoplesoft.simulator.site import Site

_WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
_TEXT = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordText"


@dataclass(frozen=True)
class Account:
    """The integration user of the site, and the client that the token server knows."""

    username: str
    password: str
    client_id: str
    client_secret: str


def account_of(seed: int) -> Account:
    """The credentials of a site made with this seed."""
    secret = hashlib.sha256(f"peoplesoft/{seed}".encode()).hexdigest()
    return Account("MLCONNECT", f"pw-{secret[:12]}", f"client-{secret[12:24]}", f"secret-{secret[24:44]}")


class Unauthorized(Exception):
    """HTTP 401 of the gateway; `challenge` goes into WWW-Authenticate."""

    def __init__(self, challenge: str) -> None:
        super().__init__(challenge)
        self.challenge = challenge


class Security:
    """Checks what a request carries; each check gives the PeopleSoft user."""

    def __init__(self, site: Site, account: Account) -> None:
        self._site = site
        self.account = account

    def rest(self, request: web.Request) -> str:
        """The user of a REST call, as `rest_security` asks for; raises `Unauthorized`."""
        wanted = self._site.settings.rest_security
        schemes = {"basic": ("Basic",), "oauth": ("Bearer",)}.get(wanted, ("Basic", "Bearer"))
        user = self.transport(request, schemes)
        if not user:
            raise Unauthorized('Basic realm="PeopleSoft"' if "Basic" in schemes else "Bearer")
        return user

    def transport(self, request: web.Request, schemes: tuple[str, ...] = ("Basic", "Bearer")) -> str:
        """The user of the Authorization header, "" where there is none; raises `Unauthorized` where it is wrong."""
        scheme, _, credential = request.headers.get("Authorization", "").partition(" ")
        if not scheme:
            return ""
        if scheme not in schemes:
            raise Unauthorized(f'{schemes[0]} realm="PeopleSoft"')
        if scheme == "Basic":
            return self._basic(credential.strip())
        return self._bearer(credential.strip())

    def soap(self, request: web.Request, header: Any) -> str:
        """The user of a SOAP call, as `soap_security` asks for; raises `Unauthorized` or the fault (158,45)."""
        user = self.transport(request)
        wanted = self._site.settings.soap_security
        token = None if header is None else header.find(f"{{{_WSSE}}}Security/{{{_WSSE}}}UsernameToken")
        if token is None:
            if wanted == "username_token" or not user:
                raise password_failed()
            return user
        if wanted == "transport" and not user:
            raise Unauthorized('Basic realm="PeopleSoft"')
        return self._username_token(token)

    def _basic(self, credential: str) -> str:
        try:
            username, _, password = base64.b64decode(credential, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError) as error:
            raise Unauthorized('Basic realm="PeopleSoft"') from error
        if not self._is_user(username, password):
            raise Unauthorized('Basic realm="PeopleSoft"')
        return username

    def _bearer(self, credential: str) -> str:
        held = self._site.store.get("token", hashlib.sha256(credential.encode()).hexdigest())
        if held is None or datetime.fromisoformat(held["expires"]) <= self._site.clock.now():
            raise Unauthorized('Bearer error="invalid_token"')
        return self.account.username

    def _username_token(self, token: Any) -> str:
        username = token.findtext(f"{{{_WSSE}}}Username") or ""
        password = token.find(f"{{{_WSSE}}}Password")
        if password is None or password.get("Type") != _TEXT or not self._is_user(username, password.text or ""):
            raise password_failed()
        return username

    def _is_user(self, username: str, password: str) -> bool:
        return same(username, self.account.username) and same(password, self.account.password)

    def revoke(self) -> int:
        """Take back every token that was granted; how many."""
        held = self._site.store.next("token") - 1
        for number in range(1, held + 1):
            text = hashlib.sha256(f"token/{self._site.seed}/{number}".encode()).hexdigest()
            self._site.store.delete("token", hashlib.sha256(text.encode()).hexdigest())
        return held

    def grant(self) -> dict[str, Any]:
        """A new access token of the external server, kept by its hash."""
        site = self._site
        text = hashlib.sha256(f"token/{site.seed}/{site.store.next('token')}".encode()).hexdigest()
        life = timedelta(minutes=site.settings.token_minutes)
        at = site.clock.now()
        site.store.put("token", hashlib.sha256(text.encode()).hexdigest(), {"expires": (at + life).isoformat()}, at)
        return {"access_token": text, "token_type": "Bearer", "expires_in": int(life.total_seconds())}


def same(left: str, right: str) -> bool:
    """Whether two secrets are equal, in constant time."""
    return hmac.compare_digest(left.encode(), right.encode())
