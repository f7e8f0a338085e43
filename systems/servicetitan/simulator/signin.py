"""`POST /connect/token`: client credentials for an access token.

Source: developer documentation, OAuth 2.0 (form body, grant client_credentials, 900 s, shape of the token and its claims). The
error bodies are those of IdentityServer (assumed), as is the throttle. The token looks like the documented JWT but is signed with
a key of the simulator's own; clients must not look inside.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web

from systems.servicetitan.simulator.answers import json_answer, throttled
from systems.servicetitan.simulator.kinds import SCOPES
from systems.servicetitan.simulator.limits import PerSecond
from systems.servicetitan.simulator.tenant import Tenant

_TOKENS = "token"


@dataclass(frozen=True)
class Account:
    """What the app was given in the developer portal and by the tenant's administrator."""

    client_id: str
    client_secret: str
    app_key: str
    tenant_id: str
    environment: str
    external_data_application_guid: str


def account_of(seed: int, tenant_id: int) -> Account:
    """The account of a seed in a tenant: always the same one."""

    def drawn(what: str) -> str:
        return hashlib.sha256(f"servicetitan/{seed}/{what}".encode()).hexdigest()

    return Account(
        client_id=f"cid.{drawn('client')[:24]}",
        client_secret=f"cs1.{drawn('secret')[:48]}",
        app_key=f"ak1.{drawn('app')[:24]}",
        tenant_id=str(tenant_id),
        environment="test",
        external_data_application_guid=str(uuid.UUID(drawn("guid")[:32])),
    )


@dataclass(frozen=True)
class Grant:
    """What a token allows, until when."""

    until: datetime
    scopes: frozenset[str]


class SignIn:
    """Issues tokens and knows them again, also after a restart: they lie in the state file."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self.account = account_of(tenant.seed, tenant.tenant_id)
        self.limit = PerSecond()
        self.issued = 0

    def grant_of(self, token: str) -> Grant | None:
        """What a token allows now; None for an unknown or expired one."""
        row = self._tenant.store.get(_TOKENS, token.rpartition(".")[2])
        if row is None or row["token"] != token:
            return None
        until = datetime.fromisoformat(row["until"])
        return Grant(until, frozenset(row["scopes"])) if self._tenant.clock.now() < until else None

    async def answer(self, request: web.Request) -> web.Response:
        """Answer a token request."""
        if wait_s := self.limit.wait_s(self._tenant.settings.tokens_per_second):
            return throttled(wait_s)
        if request.content_type != "application/x-www-form-urlencoded":
            return json_answer({"error": "invalid_request"}, 400)
        form = await request.post()
        if form.get("grant_type") != "client_credentials":
            return json_answer({"error": "unsupported_grant_type"}, 400)
        if (form.get("client_id"), form.get("client_secret")) != (self.account.client_id, self.account.client_secret):
            return json_answer({"error": "invalid_client"}, 400)
        return json_answer(self._issue())

    def _issue(self) -> dict[str, Any]:
        settings, now = self._tenant.settings, self._tenant.clock.now()
        off = {scope.strip() for scope in settings.scopes_off.split(",")}
        scopes = [scope for scope in SCOPES if scope not in off]
        until = now + timedelta(seconds=settings.token_life_s)
        number = self._tenant.next_id(_TOKENS)
        token = self._jwt(now, until, number, scopes)
        body = {"token": token, "until": until.isoformat(), "scopes": scopes}
        self._tenant.store.put(_TOKENS, token.rpartition(".")[2], body, now)
        self.issued += 1
        return {
            "access_token": token,
            "expires_in": settings.token_life_s,
            "token_type": "Bearer",  # not a secret, the word of the protocol
            "scope": " ".join(scopes),
        }

    def _jwt(self, now: datetime, until: datetime, number: int, scopes: list[str]) -> str:
        key_id = hashlib.sha256(self.account.client_id.encode()).hexdigest()[:40].upper()
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
