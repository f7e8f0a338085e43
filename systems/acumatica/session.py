"""One signed-in session of one role with an Acumatica instance: OAuth 2.0 or cookie login, renewal, version check, logout.

Facts (Integration Development Guide): tokens of the password flow live 3,600 s, refresh tokens rotate at each use and are never shared
between roles; a bearer call opens a server session too, which only logout frees; with `api:concurrent_access` cookies name the session.
The number of sessions is licensed; exhaustion shows as text "API Login Limit", as 429, or as a 302 to an error page (field notes).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from urllib.parse import urlencode

from runtime.answers import asked_pause_s
from runtime.clock import Clock
from runtime.cookies import Cookies
from runtime.errors import Broken, Throttled, Transient
from runtime.exchange import Request, Response
from runtime.tokens import Granted
from systems.acumatica.errors import LOGIN_LIMIT, refused_read, words_of
from systems.acumatica.models import offered, token
from systems.acumatica.settings import Credentials, Settings
from systems.acumatica.wire import dumps

_COOKIE_LIFE = timedelta(minutes=8)
"""A cookie session is used again without asking for this long; idle ones end after ten to twenty minutes (field notes)."""

Send = Callable[[Request], Awaitable[Response]]


class Session:
    """Signs in when needed, once for any number of callers, and out at the end. `send` makes one exchange within the role's limits."""

    def __init__(self, settings: Settings, credentials: Credentials, clock: Clock, send: Send) -> None:
        self._settings = settings
        self._credentials = credentials
        self._clock = clock
        self._send = send
        self._token: Granted | None = None
        self._good_until: datetime | None = None
        self._cookies = Cookies(f"{settings.root}/entity/")
        self._is_checked = False
        self._turn = asyncio.Lock()
        self.generation = 0

    async def ensure(self, spare: timedelta = timedelta(0)) -> None:
        """Be signed in, with a token good for `spare` at least, and have seen that the pinned endpoint version is offered."""
        if self.is_good(spare) and self._is_checked:
            return
        async with self._turn:
            if not self.is_good(spare):
                await self._sign_in()
            if not self._is_checked:
                await self._check_version()

    def is_good(self, spare: timedelta = timedelta(0)) -> bool:
        """Whether the session can be used without signing in."""
        return self._good_until is not None and self._clock.now() + spare < self._good_until

    async def renew(self, generation: int) -> None:
        """Sign in anew after a 401 of that generation; another caller's renewal counts."""
        if generation == self.generation:
            self._good_until = None
        await self.ensure()

    def forget(self) -> None:
        """The present sign-in is not to be used again (a write got 401): the next `ensure` signs in anew."""
        self._good_until = None

    def headers(self) -> dict[str, str]:
        """What a call of this session carries."""
        made = {"Accept": "application/json"}
        if self._token is not None:
            made["Authorization"] = f"Bearer {self._token.access}"
        if cookies := self._cookies.header():
            made["Cookie"] = cookies
        return made

    def keep_cookies(self, answer: Response) -> None:
        """Remember the cookies of an answer; they name the session."""
        if self._settings.sign_in == "oauth" and not self._settings.concurrent_access:
            return
        self._cookies.keep(answer)
        if self._settings.sign_in == "cookie" and answer.status < 300 and self._good_until is not None:
            self._good_until = self._clock.now() + _COOKIE_LIFE

    async def leave(self) -> None:
        """Log out, so that the licence has its session back; nothing is sent when nobody signed in."""
        if self._token is None and not self._cookies.header():
            return
        request = Request("POST", f"{self._settings.root}/entity/auth/logout", self.headers() | {"Content-Length": "0"})
        try:
            await self._send(request)
        finally:
            self._token, self._good_until = None, None
            self._cookies.clear()

    async def _sign_in(self) -> None:
        if self._settings.sign_in == "cookie":
            await self._log_in()
        else:
            self._keep(await self._granted())
        self.generation += 1

    def _keep(self, found: Granted) -> None:
        self._token = found
        self._good_until = self._clock.now() + found.life

    async def _granted(self) -> Granted:
        """A token by the refresh token of this grant, else by the password."""
        if self._token is not None and self._token.refresh:
            answer = await self._ask_token(grant_type="refresh_token", refresh_token=self._token.refresh)
            if answer.status == 200:
                return token(answer)
        scopes = ["api", "offline_access", *(["api:concurrent_access"] if self._settings.concurrent_access else [])]
        user, password = self._credentials.username.get_secret_value(), self._credentials.password.get_secret_value()
        answer = await self._ask_token(grant_type="password", username=user, password=password, scope=" ".join(scopes))
        if answer.status != 200:
            raise self._refused_sign_in(answer)
        return token(answer)

    async def _ask_token(self, **form: str) -> Response:
        keys = {
            "client_id": self._credentials.client_id.get_secret_value(),
            "client_secret": self._credentials.client_secret.get_secret_value(),
        }
        if not keys["client_id"]:
            raise Broken("acumatica: client_id is empty.", "Apply client_id and client_secret, or set sign_in: cookie.")
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        url = f"{self._settings.root}/identity/connect/token"
        return await self._send(Request("POST", url, headers, urlencode({**form, **keys}).encode()))

    async def _log_in(self) -> None:
        said = {
            "name": self._credentials.username.get_secret_value(),
            "password": self._credentials.password.get_secret_value(),
            "tenant": self._settings.tenant,
        }
        self._cookies.clear()
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        answer = await self._send(Request("POST", f"{self._settings.root}/entity/auth/login", headers, dumps(said)))
        if answer.status not in (200, 204):
            raise self._refused_sign_in(answer)
        self._good_until = self._clock.now() + _COOKIE_LIFE
        self.keep_cookies(answer)
        if not self._cookies.header():
            self._good_until = None
            raise Transient("acumatica login: the answer sets no cookie")

    def _refused_sign_in(self, answer: Response) -> Broken | Transient:
        words = words_of(answer)
        said = f"acumatica sign-in: {answer.status} {words.text}".strip()
        asked_s = asked_pause_s(answer)
        is_away = answer.status == 503 and asked_s is not None
        if answer.status == 429 or is_away or 300 <= answer.status < 400 or LOGIN_LIMIT.search(words.text):
            return Throttled(said, asked_s)
        if "Invalid credentials" in words.text or answer.status in (400, 401, 403):
            body = answer.body.decode(errors="replace")
            what = next((name for name in ("invalid_client", "invalid_grant", "invalid_scope") if name in body), "")
            remedy = {
                "invalid_client": "Check client_id (with @tenant) and client_secret of the connected application.",
                "invalid_scope": "Allow the scopes api and offline_access for the connected application.",
            }.get(what, "Check username, password and tenant of the integration user.")
            return Broken(f"{said} {what}".strip() + ".", remedy)
        return Transient(said)

    async def _check_version(self) -> None:
        answer = await self._send(Request("GET", f"{self._settings.root}/entity", self.headers()))
        self.keep_cookies(answer)
        if answer.status == 401:
            self._good_until = None
            raise Transient("acumatica GET /entity: 401 right after the sign-in")
        if error := refused_read(answer, "GET /entity"):
            raise error
        versions = offered(answer, self._settings.endpoint)
        if self._settings.endpoint_version not in versions:
            there = ", ".join(versions) or "none"
            raise Broken(
                f"acumatica: endpoint {self._settings.endpoint} {self._settings.endpoint_version} is not offered; there are: {there}.",
                "Set endpoint_version to one of these after comparing its fields.",
            )
        self._is_checked = True
