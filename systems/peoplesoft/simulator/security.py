"""Who calls: HTTP Basic, a bearer token of the external token server, or a WS-Security UsernameToken.

Sources: PeopleBooks (REST: Basic Authentication or OAuth2 with PeopleSoft as resource server only; calls are stateless), clients of CI
services (UsernameToken with PasswordText), recorded fault (158,45); PeopleSoft itself has no token URL, so `/oauth/token` stands for the
server of an IDCS, Azure AD or Okta (RFC 6749). 401 of the gateway and its body: assumed. Tokens outlive a restart.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import unquote_plus

from aiohttp import web

from runtime.simulator.tokens import Denied, Form, Tokens, authorization, granted, name_and_password, same, secret
from systems.peoplesoft.simulator.answers import password_failed
from systems.peoplesoft.simulator.site import Site

TOKENS = "/oauth/token"
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
    drawn = secret("peoplesoft", seed)
    return Account("MLCONNECT", f"pw-{drawn[:12]}", f"client-{drawn[12:24]}", f"secret-{drawn[24:44]}")


class Unauthorized(Exception):
    """HTTP 401 of the gateway; `challenge` goes into WWW-Authenticate."""

    def __init__(self, challenge: str) -> None:
        super().__init__(challenge)
        self.challenge = challenge


class Security:
    """Checks the credentials of a request; each check returns the PeopleSoft user."""

    def __init__(self, site: Site, account: Account) -> None:
        self._site = site
        self.account = account
        self.tokens = Tokens(site.store, site.clock)

    def rest(self, request: web.Request) -> str:
        """The user of a REST call, as `rest_security` requires; raises `Unauthorized`."""
        wanted = self._site.settings.rest_security
        schemes = {"basic": ("Basic",), "oauth": ("Bearer",)}.get(wanted, ("Basic", "Bearer"))
        user = self.transport(request, schemes)
        if not user:
            raise Unauthorized('Basic realm="PeopleSoft"' if "Basic" in schemes else "Bearer")
        return user

    def transport(self, request: web.Request, schemes: tuple[str, ...] = ("Basic", "Bearer")) -> str:
        """The user of the Authorization header; "" if there is none. Raises `Unauthorized` if it is wrong."""
        scheme, credential = authorization(request)
        if not scheme:
            return ""
        if scheme not in schemes:
            raise Unauthorized(f'{schemes[0]} realm="PeopleSoft"')
        if scheme == "Basic":
            return self._basic(credential)
        return self._bearer(credential)

    def soap(self, request: web.Request, header: Any) -> str:
        """The user of a SOAP call, as `soap_security` requires; raises `Unauthorized` or the fault (158,45)."""
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
        username, password = name_and_password(credential)
        if not self._is_user(username, password):
            raise Unauthorized('Basic realm="PeopleSoft"')
        return username

    def _bearer(self, credential: str) -> str:
        if self.tokens.allowed(credential) is None:
            raise Unauthorized('Bearer error="invalid_token"')
        return self.account.username

    def _username_token(self, token: Any) -> str:
        username = token.findtext(f"{{{_WSSE}}}Username") or ""
        password = token.find(f"{{{_WSSE}}}Password")
        if password is None or password.get("Type") != _TEXT or not self._is_user(username, password.text or ""):
            raise password_failed()
        return username

    def _is_user(self, username: str, password: str) -> bool:
        return same((username, password), (self.account.username, self.account.password))

    async def token(self, request: web.Request) -> web.Response:
        """The external token server: only client credentials; the client is named by HTTP Basic or in the form (RFC 6749, 2.3.1)."""

        def grant(form: Form) -> dict[str, Any]:
            scheme, credential = authorization(request)
            named = tuple(map(unquote_plus, name_and_password(credential)))
            given = named if scheme == "Basic" else (form.get("client_id", ""), form.get("client_secret", ""))
            if not same(given, (self.account.client_id, self.account.client_secret)):
                raise Denied("invalid_client", 401)
            if form.get("grant_type") != "client_credentials":
                raise Denied("unsupported_grant_type")
            if form.get("scope", "") != self._site.settings.token_scope:
                raise Denied("invalid_scope")
            return self.grant()

        return await granted(request, grant)

    def grant(self) -> dict[str, Any]:
        """A new access token of the external server."""
        life = timedelta(minutes=self._site.settings.token_minutes)
        token = self.tokens.keep(secret("token", self._site.seed, self._site.store.next("token")), life)
        return {"access_token": token, "token_type": "Bearer", "expires_in": int(life.total_seconds())}
