"""The door of the endpoint: who calls, in which session, and whether the licence has room.

Sources: Integration Development Guide (bearer and cookie, `api` scope, cookies with `api:concurrent_access`), field notes (a bearer call
over the login limit answers 302 to /Frames/Error.aspx). Missing scope as 403 with `insufficient_scope`: assumed, as RFC 6750 has it.
"""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

from aiohttp import web

from systems.acumatica.simulator.answers import Unprocessable, VendorError, json_answer, refusal
from systems.acumatica.simulator.sessions import LIMIT_TEXT, Session, SessionLimit, Sessions, not_signed_in, same
from systems.acumatica.simulator.tenant import Tenant
from systems.acumatica.simulator.throttle import Throttle

SESSION_COOKIE = "ASP.NET_SessionId"
AUTH_COOKIE = ".ASPXAUTH"
_ONE_CALL = "one call"
Inner = Callable[[web.Request, Session], Awaitable[web.StreamResponse] | web.StreamResponse]


class Gate:
    """Lets calls in; `calls` counts them by method and path template, with the seconds spent inside."""

    def __init__(self, tenant: Tenant, sessions: Sessions, throttle: Throttle) -> None:
        self.sessions = sessions
        self.throttle = throttle
        self.calls: dict[str, list[float]] = {}
        self._tenant = tenant

    def count(self, name: str, started: float) -> None:
        """Count a call that began at `started` (monotonic)."""
        entry = self.calls.setdefault(name, [0, 0.0])
        entry[0] += 1
        entry[1] += time.perf_counter() - started

    async def admit(self, request: web.Request, template: str, inner: Inner) -> web.StreamResponse:
        """Answer a call of a signed-in client through `inner`, or the vendor's refusal."""
        if self._tenant.settings.latency_s:
            await asyncio.sleep(self._tenant.settings.latency_s)
        started = time.perf_counter()
        try:
            return await self._admitted(request, inner)
        except VendorError as error:
            return _with_challenge(refusal(error), error)
        except Unprocessable as error:
            return json_answer(error.body, 422)
        except SessionLimit:
            return _limit_page()
        finally:
            self.count(template, started)

    async def _admitted(self, request: web.Request, inner: Inner) -> web.StreamResponse:
        session, is_new_cookie = self._session(request)
        try:
            async with self.throttle.place():
                found = inner(request, session)
                answer = found if isinstance(found, web.StreamResponse) else await found
        finally:
            if session.grant == _ONE_CALL:
                self.sessions.leave(session)
        if is_new_cookie:
            answer.set_cookie(SESSION_COOKIE, session.id, httponly=True, samesite="Lax")
        return answer

    def _session(self, request: web.Request) -> tuple[Session, bool]:
        scheme, _, credential = request.headers.get("Authorization", "").partition(" ")
        if scheme == "Bearer":
            return self._bearer(request, credential.strip())
        if scheme == "Basic" and request.path.startswith("/t/"):
            return self._by_name(credential.strip()), False
        session = self.sessions.by_cookie(request.cookies.get(SESSION_COOKIE, ""), request.cookies.get(AUTH_COOKIE, "-"))
        if session is None:
            raise not_signed_in()
        return session, False

    def _by_name(self, credential: str) -> Session:
        """The session of a call to OData that carries name and password, for as long as the call lasts (assumed)."""
        account = self.sessions.account
        try:
            name, _, password = base64.b64decode(credential, validate=True).decode().partition(":")
        except ValueError as error:
            raise not_signed_in() from error
        if not same(name, account.username) or not same(password, account.password):
            raise not_signed_in()
        return self.sessions.enter(_ONE_CALL)

    def _bearer(self, request: web.Request, credential: str) -> tuple[Session, bool]:
        token = self.sessions.token(credential, "access")
        if token is None:
            raise not_signed_in("The access token is invalid or has expired.")
        if "api" not in token["scopes"]:
            raise VendorError(403, "The token lacks the scope 'api' (insufficient_scope).")
        grant = str(token["grant"])
        if "api:concurrent_access" not in token["scopes"]:
            return self.sessions.of_grant(grant) or self.sessions.enter(grant), False
        held = self.sessions.by_cookie(request.cookies.get(SESSION_COOKIE, ""))
        if held is not None and held.grant == grant:
            return held, False
        return self.sessions.enter(grant), True

    def bearer_grant(self, request: web.Request) -> str:
        """The grant of the bearer token of a request, "" without one."""
        scheme, _, credential = request.headers.get("Authorization", "").partition(" ")
        token = self.sessions.token(credential.strip(), "access") if scheme == "Bearer" else None
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


def counts(gate: Gate) -> dict[str, Any]:
    """The counters for `/__sim__/calls`."""
    calls = {name: {"count": int(count), "seconds": round(seconds, 6)} for name, (count, seconds) in sorted(gate.calls.items())}
    return {"calls": calls, "total": sum(entry["count"] for entry in calls.values()), "throttled": gate.throttle.refused}
