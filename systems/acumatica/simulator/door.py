"""The door of the endpoint: who calls, in which session, and whether the licence has room.

Sources: Integration Development Guide (bearer and cookie, `api` scope, cookies with `api:concurrent_access`), field notes (a bearer call over the
login limit answers 302 to /Frames/Error.aspx; over the concurrent limit a request waits in a queue and then fails with 429, without Retry-After).
Assumed: a call over the limit of a minute is refused at once; a missing scope is 403 with `insufficient_scope`, as in RFC 6750. The minute runs on
the simulator's clock.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from urllib.parse import quote

from aiohttp import web

from runtime.simulator.answers import json_answer
from runtime.simulator.limits import Full, Places, Window
from runtime.simulator.sessions import NoSessionLeft, Session
from runtime.simulator.tokens import authorization, name_and_password, same
from systems.acumatica.simulator.answers import Unprocessable, VendorError, refusal
from systems.acumatica.simulator.signin import LIMIT_TEXT, SignIn, not_signed_in
from systems.acumatica.simulator.tenant import Tenant

SESSION_COOKIE = "ASP.NET_SessionId"
AUTH_COOKIE = ".ASPXAUTH"
_ONE_CALL = "one call"
Inner = Callable[[web.Request, Session], Awaitable[web.StreamResponse] | web.StreamResponse]


class Door:
    """Lets calls in and counts them by method and path template."""

    def __init__(self, tenant: Tenant, sign_in: SignIn) -> None:
        self.sign_in = sign_in
        self._tenant = tenant
        self._minute, self._places = Window(60, lambda: tenant.clock.now().timestamp()), Places()

    def count(self, name: str) -> None:
        """Count a call."""
        self._tenant.calls[name] += 1

    async def admit(self, request: web.Request, template: str, inner: Inner) -> web.StreamResponse:
        """Answer a call of a signed-in client through `inner`, or the vendor's refusal."""
        self.count(template)
        try:
            return await self._admitted(request, inner)
        except VendorError as error:
            return _with_challenge(refusal(error), error)
        except Unprocessable as error:
            return json_answer(error.body, 422)
        except NoSessionLeft:
            return _limit_page()

    async def _admitted(self, request: web.Request, inner: Inner) -> web.StreamResponse:
        session, is_new_cookie = self._session(request)
        settings = self._tenant.settings
        try:
            if not self._minute.admits(settings.calls_per_minute):
                raise self._over("The number of API requests per minute")
            async with self._places.place(settings.concurrent_calls, settings.queued_calls, settings.queue_s):
                found = inner(request, session)
                answer = found if isinstance(found, web.StreamResponse) else await found
        except Full as error:
            raise self._over("The number of concurrent API requests") from error
        finally:
            if session.owner == _ONE_CALL:
                self.sign_in.open.leave(session)
        if is_new_cookie:
            answer.set_cookie(SESSION_COOKIE, session.id, httponly=True, samesite="Lax")
        return answer

    def _over(self, what: str) -> VendorError:
        self._tenant.refused["throttled"] += 1
        return VendorError(429, f"{what} exceeds the limit of the license.")

    def _session(self, request: web.Request) -> tuple[Session, bool]:
        scheme, credential = authorization(request)
        if scheme == "Bearer":
            return self._bearer(request, credential)
        if scheme == "Basic" and request.path.startswith("/t/"):
            return self._by_name(credential), False
        session = self.sign_in.open.find(request.cookies.get(SESSION_COOKIE, ""), request.cookies.get(AUTH_COOKIE, "-"))
        if session is None:
            raise not_signed_in()
        return session, False

    def _by_name(self, credential: str) -> Session:
        """The session of a call to OData that carries name and password; it lasts as long as the call (assumed)."""
        account = self.sign_in.account
        if not same(name_and_password(credential), (account.username, account.password)):
            raise not_signed_in()
        return self.sign_in.enter(_ONE_CALL)

    def _bearer(self, request: web.Request, credential: str) -> tuple[Session, bool]:
        token = self.sign_in.token(credential, "access")
        if token is None:
            raise not_signed_in("The access token is invalid or has expired.")
        if "api" not in token["scopes"]:
            raise VendorError(403, "The token lacks the scope 'api' (insufficient_scope).")
        grant = str(token["grant"])
        if "api:concurrent_access" not in token["scopes"]:
            return self.sign_in.open.of(grant) or self.sign_in.enter(grant), False
        held = self.sign_in.open.find(request.cookies.get(SESSION_COOKIE, ""))
        if held is not None and held.owner == grant:
            return held, False
        return self.sign_in.enter(grant), True

    def bearer_grant(self, request: web.Request) -> str:
        """The grant of the bearer token of a request; "" if it has none."""
        scheme, credential = authorization(request)
        token = self.sign_in.token(credential, "access") if scheme == "Bearer" else None
        return "" if token is None else str(token["grant"])


def _limit_page() -> web.Response:
    return web.Response(
        status=302, headers={"Location": f"/Frames/Error.aspx?exceptionID=1&typeID=error&message={quote(LIMIT_TEXT)}"}
    )


def _with_challenge(answer: web.Response, error: VendorError) -> web.Response:
    if error.status == 401:
        answer.headers["WWW-Authenticate"] = 'Bearer error="invalid_token"'
    elif "insufficient_scope" in error.message:
        answer.headers["WWW-Authenticate"] = 'Bearer error="insufficient_scope"'
    return answer
