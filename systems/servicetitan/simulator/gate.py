"""Who may come in: the token endpoint, and what every call must carry.

Sources: OAuth 2.0 page (form, client_credentials, 900 s, claims of the token, throttled), get-going page (ST-App-Key, 60 calls a
second), OpenAPI (scopes per operation). Statuses and bodies of 401, 403 and 429 are published nowhere: assumed as in SYSTEM.md.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import math
import time
from collections import Counter, deque
from email.utils import format_datetime
from typing import Any

import orjson
from aiohttp import web
from aiohttp.typedefs import Handler

from systems.servicetitan.simulator.answers import Refused, json_answer
from systems.servicetitan.simulator.settings import Settings
from systems.servicetitan.simulator.tenant import Missing, Tenant
from systems.servicetitan.spec import scopes


class Window:
    """Calls allowed in a window of real seconds; 0 = no limit."""

    def __init__(self, seconds: float) -> None:
        self._seconds, self._calls = seconds, deque[float]()

    def wait_s(self, limit: int) -> float:
        """0 and one call counted, or the seconds until the next is allowed."""
        now = time.monotonic()
        while self._calls and now - self._calls[0] >= self._seconds:
            self._calls.popleft()
        if limit and len(self._calls) >= limit:
            return self._seconds - (now - self._calls[0])
        self._calls.append(now)
        return 0.0


class Gate:
    """Tokens, keys, scopes and limits of the one app that is connected to the tenant."""

    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant
        self.calls: Counter[str] = Counter()
        self._signing = hashlib.sha256(f"servicetitan/{tenant.seed}".encode()).digest()
        self._second, self._minute = Window(1.0), Window(60.0)

    @property
    def settings(self) -> Settings:
        """The tenant's switches."""
        return self.tenant.settings

    @property
    def credentials(self) -> dict[str, Any]:
        """What a client needs to sign in."""
        drawn = hashlib.sha256(self._signing + b"app").hexdigest()
        return {
            "client_id": f"cid.{drawn[:24]}",
            "client_secret": f"cs1.{drawn[24:64]}",
            "app_key": f"ak1.{drawn[8:32]}",
            "tenant_id": self.settings.tenant_id,
            "environment": self.settings.environment,
        }

    async def sign_in(self, request: web.Request) -> web.Response:
        """`POST /connect/token`."""
        self.calls["token"] += 1
        if wait_s := self._minute.wait_s(self.settings.token_calls_per_minute):
            return _too_many(wait_s)
        if request.content_type != "application/x-www-form-urlencoded":
            return json_answer({"error": "invalid_request"}, 400)
        form, own = await request.post(), self.credentials
        if form.get("grant_type") != "client_credentials":
            return json_answer({"error": "unsupported_grant_type"}, 400)
        if form.get("client_id") != own["client_id"] or form.get("client_secret") != own["client_secret"]:
            return json_answer({"error": "invalid_client"}, 400)
        granted = self.settings.granted(scopes())
        life = self.settings.token_seconds
        body = {"access_token": self._token(life, granted), "expires_in": life, "token_type": "Bearer", "scope": " ".join(granted)}
        return json_answer(body)

    def _token(self, life: int, granted: list[str]) -> str:
        now = int(self.tenant.clock.now().timestamp())
        head = {"alg": "RS256", "kid": "6A5E1B", "typ": "at+jwt", "x5t": "al4b"}
        claims = {
            "nbf": now,
            "exp": now + life,
            "iss": "https://auth.servicetitan.io",
            "client_id": self.credentials["client_id"],
            "tenant": self.settings.tenant_id,
            "jti": f"{self.tenant.next_id('token'):032X}",
            "iat": now,
            "scope": granted,
        }
        text = f"{_part(orjson.dumps(head))}.{_part(orjson.dumps(claims))}"
        return f"{text}.{_part(self._signature(text))}"

    def _signature(self, text: str) -> bytes:
        return hmac.new(self._signing, text.encode(), hashlib.sha256).digest()

    def admit(self, request: web.Request, scope: str) -> None:
        """Let a call pass, or raise `Refused` with what the vendor answers."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        claims = self._claims(token) if scheme.lower() == "bearer" else None
        if claims is None:
            raise Refused(401, "Unauthorized")
        if request.headers.get("ST-App-Key") != self.credentials["app_key"]:
            raise Refused(self.settings.app_key_status, "The ST-App-Key header is missing or names no app that is connected.")
        if request.match_info.get("tenant") != claims["tenant"]:
            raise Refused(403, "The app is not connected to this tenant.")
        if scope not in self.settings.granted(scopes()):
            raise Refused(403, f"The app lacks the scope {scope}.")

    def _claims(self, token: str) -> dict[str, Any] | None:
        text, _, signature = token.rpartition(".")
        if not text or not hmac.compare_digest(signature.encode(), _part(self._signature(text)).encode()):
            return None
        claims: dict[str, Any] = orjson.loads(_whole(text.partition(".")[2]))
        return claims if claims["exp"] > self.tenant.clock.now().timestamp() else None

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Count, limit, and put every refusal and the server's own time into the vendor's form."""
        if request.path.startswith("/__sim__/"):
            return await handler(request)
        try:
            answer = await self._limited(request, handler)
        except (Refused, Missing) as error:
            answer = error.answer() if isinstance(error, Refused) else Refused(400, str(error)).answer()
        except web.HTTPException as error:
            answer = Refused(error.status, error.reason).answer()
        answer.headers["Date"] = format_datetime(self.tenant.clock.now(), usegmt=True)
        return answer

    async def _limited(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path == "/connect/token":
            return await handler(request)
        if wait_s := self._second.wait_s(self.settings.calls_per_second):
            self.calls["refused"] += 1
            return _too_many(wait_s)
        self.calls[f"{request.method} {request.path}"] += 1
        return await handler(request)


def _too_many(wait_s: float) -> web.Response:
    seconds = max(1, math.ceil(wait_s))
    body = {"statusCode": 429, "message": f"Rate limit is exceeded. Try again in {seconds} seconds."}
    answer = json_answer(body, 429)
    answer.headers["Retry-After"] = str(seconds)
    return answer


def _part(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _whole(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
