"""`POST /connect/token`: client credentials for an access token.

Source: developer documentation, OAuth 2.0 (form body, grant client_credentials, 900 s, shape of the token and its claims). The
error bodies are those of IdentityServer (assumed), as is the throttle. The token looks like the documented JWT but is signed with the simulator's own
key, so clients must not read it.
"""

from __future__ import annotations

import base64
import hmac
import json
import time
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web

from runtime.simulator.limits import Window
from runtime.simulator.switches import names
from runtime.simulator.tokens import Denied, Form, Tokens, granted, same, secret
from systems.servicetitan.simulator.answers import throttled
from systems.servicetitan.simulator.kinds import SCOPES
from systems.servicetitan.simulator.tenant import Tenant


@dataclass(frozen=True)
class Account:
    """The credentials that the app got in the developer portal and from the tenant's administrator."""

    client_id: str
    client_secret: str
    app_key: str
    tenant_id: str
    environment: str
    external_data_application_guid: str


def account_of(seed: int, tenant_id: int) -> Account:
    """The account of a seed in a tenant, always the same one."""

    def drawn(what: str) -> str:
        return secret("servicetitan", seed, what)

    return Account(
        client_id=f"cid.{drawn('client')[:24]}",
        client_secret=f"cs1.{drawn('secret')[:48]}",
        app_key=f"ak1.{drawn('app')[:24]}",
        tenant_id=str(tenant_id),
        environment="test",
        external_data_application_guid=str(uuid.UUID(drawn("guid")[:32])),
    )


class SignIn:
    """Issues tokens."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self.account = account_of(tenant.seed, tenant.tenant_id)
        self.tokens = Tokens(tenant.store, tenant.clock)
        self._second = Window(1, time.monotonic)

    async def answer(self, request: web.Request) -> web.Response:
        """Answer a token request."""
        if not self._second.admits(self._tenant.settings.tokens_per_second):
            self._tenant.refused["tokens"] += 1
            return throttled()
        self._tenant.calls["POST connect/token"] += 1
        return await granted(request, self._grant)

    def _grant(self, form: Form) -> dict[str, Any]:
        if form.get("grant_type") != "client_credentials":
            raise Denied("unsupported_grant_type")
        given = (form.get("client_id", ""), form.get("client_secret", ""))
        if not same(given, (self.account.client_id, self.account.client_secret)):
            raise Denied("invalid_client")
        return self._issue()

    def _issue(self) -> dict[str, Any]:
        settings, now = self._tenant.settings, self._tenant.clock.now()
        scopes = [scope for scope in SCOPES if scope not in names(settings.scopes_off)]
        until = now + timedelta(seconds=settings.token_life_s)
        token = self._jwt(now, until, self._tenant.next_id("token"), scopes)
        self.tokens.keep(token, until - now, scopes=scopes)
        return {
            "access_token": token,
            "expires_in": settings.token_life_s,
            "token_type": "Bearer",  # not a secret, the word of the protocol
            "scope": " ".join(scopes),
        }

    def _jwt(self, now: datetime, until: datetime, number: int, scopes: list[str]) -> str:
        key_id = secret(self.account.client_id)[:40].upper()
        head = {"alg": "RS256", "kid": key_id, "typ": "at+jwt", "x5t": _b64(bytes.fromhex(key_id))}
        claims = {
            "nbf": int(now.timestamp()),
            "exp": int(until.timestamp()),
            "iss": "https://auth.servicetitan.io",
            "client_id": self.account.client_id,
            "tenant": self.account.tenant_id,
            "jti": f"{number:032X}",
            "iat": int(now.timestamp()),
            "scope": scopes,
        }
        text = ".".join(_b64(json.dumps(part, separators=(",", ":")).encode()) for part in (head, claims))
        return f"{text}.{_b64(hmac.digest(self.account.client_secret.encode(), text.encode(), 'sha256') * 8)}"


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
