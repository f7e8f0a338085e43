"""Sessions and tokens of the web-services users: who is signed in, and the licence's limit on how many.

Sources: Integration Development Guide (cookie login, OAuth 2.0 scopes, rotating refresh tokens of 30 days, logout with bearer),
field notes for how the limit shows. All access tokens of one grant share one session without `api:concurrent_access` (assumed);
ten to twenty idle minutes end a session. Tokens outlive a restart of the server, sessions do not.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from systems.acumatica.simulator.answers import VendorError
from systems.acumatica.simulator.tenant import Tenant

ACCESS_S = 3600
REFRESH_DAYS = 30
SCOPES = frozenset({"api", "offline_access", "api:concurrent_access", "openid", "profile", "email"})
LIMIT_TEXT = "API Login Limit. The number of concurrent API logins for this user has been reached."


class SessionLimit(Exception):
    """No further session: every one of the licence is taken."""


@dataclass(frozen=True)
class Account:
    """The one integration user and the connected application of the tenant."""

    username: str
    password: str
    tenant: str
    client_id: str
    client_secret: str


@dataclass
class Session:
    """An open session; `grant` is the OAuth grant it belongs to, "" for a cookie login."""

    id: str
    auth: str
    grant: str
    used_at: datetime


def account_of(seed: int) -> Account:
    """The credentials of a tenant made with this seed."""
    secret = hashlib.sha256(f"acumatica/{seed}".encode()).hexdigest()
    guid = f"{secret[:8]}-{secret[8:12]}-{secret[12:16]}-{secret[16:20]}-{secret[20:32]}".upper()
    return Account("mlconnector", f"pw-{secret[32:44]}", "Company", f"{guid}@Company", f"secret-{secret[44:60]}")


def same(left: str, right: str) -> bool:
    """Whether two secrets are equal, in constant time."""
    return hmac.compare_digest(left.encode(), right.encode())


class Sessions:
    """Open sessions in memory, tokens in the store."""

    def __init__(self, tenant: Tenant, account: Account) -> None:
        self.account = account
        self.open: dict[str, Session] = {}
        self._tenant = tenant
        self._tokens: dict[str, dict[str, Any]] = {token["token"]: token for token in tenant.store.all("token")}

    def enter(self, grant: str = "") -> Session:
        """Open a session; raises SessionLimit when the licence has none left."""
        self._expire()
        if len(self.open) >= self._tenant.settings.max_sessions:
            raise SessionLimit
        number = str(self._tenant.store.next("session"))
        session = Session(self._secret("session", number), self._secret("auth", number), grant, self._tenant.clock.now())
        self.open[session.id] = session
        return session

    def by_cookie(self, session_id: str, auth: str = "") -> Session | None:
        """The session of a cookie; with `auth`, only when that cookie fits too."""
        self._expire()
        session = self.open.get(session_id)
        if session is None or (auth and not same(session.auth, auth)):
            return None
        session.used_at = self._tenant.clock.now()
        return session

    def of_grant(self, grant: str) -> Session | None:
        """The session that the tokens of a grant share."""
        self._expire()
        session = next((session for session in self.open.values() if session.grant == grant), None)
        if session is not None:
            session.used_at = self._tenant.clock.now()
        return session

    def leave(self, session: Session) -> None:
        """Close a session."""
        self.open.pop(session.id, None)

    def leave_grant(self, grant: str) -> None:
        """Close every session of a grant."""
        for session in [session for session in self.open.values() if session.grant == grant]:
            self.leave(session)

    def _expire(self) -> None:
        idle = timedelta(minutes=self._tenant.settings.session_idle_minutes)
        now = self._tenant.clock.now()
        for session in [session for session in self.open.values() if now - session.used_at > idle]:
            self.leave(session)

    def _secret(self, *parts: str) -> str:
        return hashlib.sha256("/".join((str(self._tenant.seed), *parts)).encode()).hexdigest()[:40]

    def grant(self, scopes: frozenset[str], grant: str = "") -> dict[str, Any]:
        """The token answer for a new or renewed grant."""
        number = str(self._tenant.store.next("token"))
        grant = grant or f"grant-{number}"
        access = self._keep("access", number, grant, scopes)
        answer = {"access_token": access, "expires_in": ACCESS_S, "token_type": "Bearer", "scope": " ".join(sorted(scopes))}
        if "offline_access" in scopes:
            answer["refresh_token"] = self._keep("refresh", number, grant, scopes)
        return answer

    def _keep(self, kind: str, number: str, grant: str, scopes: frozenset[str]) -> str:
        now = self._tenant.clock.now()
        life = timedelta(seconds=ACCESS_S) if kind == "access" else timedelta(days=REFRESH_DAYS)
        token = self._secret(kind, number)
        body = {"token": token, "kind": kind, "grant": grant, "scopes": sorted(scopes), "until": (now + life).isoformat()}
        self._tenant.store.put("token", token, body, now)
        self._tokens[token] = body
        return token

    def token(self, token: str, kind: str) -> dict[str, Any] | None:
        """What is known of a token that is still good, else None."""
        found = self._tokens.get(token)
        if found is None or found["kind"] != kind or datetime.fromisoformat(found["until"]) <= self._tenant.clock.now():
            return None
        return found

    def revoke(self, token: str) -> None:
        """Forget a token; the session of its grant stays open."""
        if self._tokens.pop(token, None) is not None:
            self._tenant.store.delete("token", token)


def not_signed_in(text: str = "You are not logged in to the system.") -> VendorError:
    """HTTP 401."""
    return VendorError(401, text, "PX.Data.PXNotLoggedInException")
