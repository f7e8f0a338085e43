"""Sessions and tokens of the web-services users: who is signed in, and the licence's limit on how many.

Sources: Integration Development Guide (cookie login, OAuth 2.0 scopes, rotating refresh tokens of 30 days, logout with bearer), field notes for how
the limit shows. Without `api:concurrent_access`, all access tokens of one grant share one session (assumed). A session ends after ten to twenty idle
minutes. Tokens outlive a restart of the server, sessions do not.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from runtime.simulator.sessions import Allowed, Session, Sessions
from runtime.simulator.tokens import Tokens, secret
from systems.acumatica.simulator.answers import VendorError
from systems.acumatica.simulator.tenant import Tenant

ACCESS_S = 3600
REFRESH_DAYS = 30
SCOPES = frozenset({"api", "offline_access", "api:concurrent_access", "openid", "profile", "email"})
LIMIT_TEXT = "API Login Limit. The number of concurrent API logins for this user has been reached."


@dataclass(frozen=True)
class Account:
    """The one integration user and the connected application of the tenant."""

    username: str
    password: str
    tenant: str
    client_id: str
    client_secret: str


def account_of(seed: int) -> Account:
    """The credentials of a tenant made with this seed."""
    drawn = secret("acumatica", seed)
    guid = f"{drawn[:8]}-{drawn[8:12]}-{drawn[12:16]}-{drawn[16:20]}-{drawn[20:32]}".upper()
    return Account("mlconnector", f"pw-{drawn[32:44]}", "Company", f"{guid}@Company", f"secret-{drawn[44:60]}")


class SignIn:
    """Who is signed in: sessions in memory, tokens in the store."""

    def __init__(self, tenant: Tenant, account: Account) -> None:
        self.account = account
        self.open = Sessions(tenant.clock, self._allowed)
        self.tokens = Tokens(tenant.store, tenant.clock)
        self._tenant = tenant

    def _allowed(self) -> Allowed:
        settings = self._tenant.settings
        return Allowed(settings.max_sessions, timedelta(minutes=settings.session_idle_minutes))

    def enter(self, grant: str = "") -> Session:
        """Open a session of an OAuth grant, "" for a cookie login; raises `NoSessionLeft` when the licence has none left."""
        number = str(self._tenant.store.next("session"))
        return self.open.enter(self._secret("session", number), self._secret("auth", number), grant)

    def _secret(self, *parts: str) -> str:
        return secret(self._tenant.seed, *parts)[:40]

    def grant(self, scopes: frozenset[str], grant: str = "") -> dict[str, Any]:
        """The token answer for a new or renewed grant."""
        number = str(self._tenant.store.next("token"))
        allowed = {"grant": grant or f"grant-{number}", "scopes": sorted(scopes)}
        access = self.tokens.keep(self._secret("access", number), timedelta(seconds=ACCESS_S), kind="access", **allowed)
        answer = {"access_token": access, "expires_in": ACCESS_S, "token_type": "Bearer", "scope": " ".join(sorted(scopes))}
        if "offline_access" in scopes:
            refresh = self._secret("refresh", number)
            answer["refresh_token"] = self.tokens.keep(refresh, timedelta(days=REFRESH_DAYS), kind="refresh", **allowed)
        return answer

    def token(self, token: str, kind: str) -> dict[str, Any] | None:
        """What a valid token of a kind (access, refresh) allows, else None."""
        found = self.tokens.allowed(token)
        return None if found is None or found["kind"] != kind else found


def not_signed_in(text: str = "You are not logged in to the system.") -> VendorError:
    """HTTP 401."""
    return VendorError(401, text, "PX.Data.PXNotLoggedInException")
