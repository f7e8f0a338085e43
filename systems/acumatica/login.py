"""How one role signs in at an Acumatica instance: OAuth 2.0 or cookie login, version check, logout.

Facts (Integration Development Guide): tokens of the password flow live 3,600 s; refresh tokens rotate at each use and are never shared between roles.
A bearer call opens a server session too, which only logout frees; with `api:concurrent_access`, cookies name the session. The number of sessions is
licensed. Exhaustion shows as the text "API Login Limit", as 429, or as a 302 to an error page (field notes).
"""

from __future__ import annotations

from datetime import timedelta

from runtime.errors import Broken, ConnectorError, Throttled, Transient
from runtime.exchange import Request, Response
from runtime.wire import dumps
from systems.acumatica.errors import LOGIN_LIMIT, refused_read, words_of
from systems.acumatica.models import offered
from systems.acumatica.settings import Credentials, Settings
from systems.http.answers import asked_pause_s, is_throttled
from systems.http.cookies import Cookies
from systems.http.logins import Login, Send, token_request, with_headers
from systems.http.rules import REDIRECTS
from systems.http.tokens import Granted, granted

_COOKIE_LIFE = timedelta(minutes=8)
"""For how long an idle cookie session is reused without a check. Idle sessions end after ten to twenty minutes (field notes)."""
_REMEDIES = {
    "invalid_client": "Check client_id (with @tenant) and client_secret of the connected application.",
    "invalid_grant": "Check username, password and tenant of the integration user.",
    "invalid_scope": "Allow the scopes api and offline_access for the connected application.",
}


class AcumaticaLogin(Login):
    """See `Login`. A sign-in counts once the instance is seen to offer the pinned version; until then the session is kept and checked again."""

    calls = 2

    def __init__(self, settings: Settings, credentials: Credentials) -> None:
        self._settings = settings
        self._credentials = credentials
        self._token: Granted | None = None
        self._cookies = Cookies(f"{settings.root}/entity/")
        self._unproved: timedelta | None = None
        self._is_checked = False

    async def sign_in(self, send: Send) -> timedelta:
        """See `Login`."""
        if self._unproved is None:
            self._unproved = await (self._log_in(send) if self._settings.sign_in == "cookie" else self._granted(send))
        if not self._is_checked:
            await self._check_version(send)
        life, self._unproved = self._unproved or timedelta(0), None
        return life

    def signed(self, request: Request) -> Request:
        """See `Login`."""
        made = {"Accept": "application/json"}
        if self._token is not None:
            made["Authorization"] = f"Bearer {self._token.access}"
        if cookies := self._cookies.header():
            made["Cookie"] = cookies
        return with_headers(request, made)

    def seen(self, answer: Response) -> timedelta | None:
        """See `Login`. Cookies name the session. A session with cookies alone stays alive as long as it is used."""
        if self._settings.sign_in == "oauth" and not self._settings.concurrent_access:
            return None
        self._cookies.keep(answer)
        return _COOKIE_LIFE if self._settings.sign_in == "cookie" and answer.status < 300 else None

    async def leave(self, send: Send) -> None:
        """See `Login`. It gives the session back to the licence."""
        if self._token is None and not self._cookies.header():
            return
        try:
            await send(self.signed(Request("POST", f"{self._settings.root}/entity/auth/logout", {"Content-Length": "0"})))
        finally:
            self._token = None
            self._cookies.clear()

    async def _granted(self, send: Send) -> timedelta:
        """A token by the refresh token of this grant, or by the password."""
        answer = None
        if self._token is not None and self._token.refresh:
            answer = await self._ask_token(send, grant_type="refresh_token", refresh_token=self._token.refresh)
        if answer is None or answer.status != 200:
            scopes = ["api", "offline_access", *(["api:concurrent_access"] if self._settings.concurrent_access else [])]
            user, password = self._credentials.username.get_secret_value(), self._credentials.password.get_secret_value()
            answer = await self._ask_token(send, grant_type="password", username=user, password=password, scope=" ".join(scopes))
        if answer.status != 200:
            raise _refused(answer)
        self._token = granted(answer.body, "acumatica token")
        return self._token.life

    async def _ask_token(self, send: Send, **form: str) -> Response:
        keys = {
            "client_id": self._credentials.client_id.get_secret_value(),
            "client_secret": self._credentials.client_secret.get_secret_value(),
        }
        if not keys["client_id"]:
            raise Broken("acumatica: client_id is empty.", "Apply client_id and client_secret, or set sign_in: cookie.")
        return await send(token_request(f"{self._settings.root}/identity/connect/token", {**form, **keys}))

    async def _log_in(self, send: Send) -> timedelta:
        said = {
            "name": self._credentials.username.get_secret_value(),
            "password": self._credentials.password.get_secret_value(),
            "tenant": self._settings.tenant,
        }
        self._cookies.clear()
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        answer = await send(Request("POST", f"{self._settings.root}/entity/auth/login", headers, dumps(said)))
        if answer.status not in (200, 204):
            raise _refused(answer)
        self._cookies.keep(answer)
        if not self._cookies.header():
            raise Transient("acumatica login: the answer sets no cookie")
        return _COOKIE_LIFE

    async def _check_version(self, send: Send) -> None:
        answer = await send(self.signed(Request("GET", f"{self._settings.root}/entity")))
        self.seen(answer)
        if answer.status == 401:
            self._unproved = None
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


def _refused(answer: Response) -> ConnectorError:
    """What a refused sign-in means. Acumatica shows an exhausted licence in several ways."""
    words = words_of(answer)
    said = f"acumatica sign-in: {answer.status} {words.text}".strip()
    if is_throttled(answer) or answer.status in REDIRECTS or LOGIN_LIMIT.search(words.text):
        return Throttled(said, asked_pause_s(answer))
    if "Invalid credentials" in words.text or answer.status in (400, 401, 403):
        body = answer.body.decode(errors="replace")
        what = next((name for name in ("invalid_client", "invalid_grant", "invalid_scope") if name in body), "")
        return Broken(f"{said} {what}".strip() + ".", _REMEDIES.get(what, _REMEDIES["invalid_grant"]))
    return Transient(said)
