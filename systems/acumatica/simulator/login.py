"""Cookie login and logout: `/entity/auth/login`, `/entity/auth/logout`, and the page a refused bearer call is sent to.

Sources: Integration Development Guide (login body, 204, logout with bearer too), field notes (bad credentials are HTTP 500; the login limit
shows as a text with "API Login Limit" or as 429). Cookie names: assumed.
"""

from __future__ import annotations

from aiohttp import web

from runtime.simulator.sessions import NoSessionLeft
from runtime.simulator.tokens import same
from systems.acumatica.simulator.answers import VendorError, refusal
from systems.acumatica.simulator.door import AUTH_COOKIE, SESSION_COOKIE, Door
from systems.acumatica.simulator.settings import Settings
from systems.acumatica.simulator.signin import LIMIT_TEXT
from systems.acumatica.simulator.wire import bad_request, parse

_MEMBERS = frozenset({"name", "password", "tenant", "company", "branch", "locale"})


def add_login(app: web.Application, door: Door, settings: Settings) -> None:
    """Add the login routes."""

    async def login(request: web.Request) -> web.Response:
        door.count("POST /entity/auth/login")
        try:
            return _login(parse(await request.read()), door)
        except NoSessionLeft:
            return _limit(settings)
        except VendorError as error:
            return refusal(error)

    async def logout(request: web.Request) -> web.Response:
        door.count("POST /entity/auth/logout")
        held = door.sign_in.open.find(request.cookies.get(SESSION_COOKIE, ""))
        grant = door.bearer_grant(request)
        if held is not None and (held.owner == grant or not held.owner):
            door.sign_in.open.leave(held)
        elif grant:
            door.sign_in.open.leave_all(grant)
        answer = web.Response(status=204)
        for name in (SESSION_COOKIE, AUTH_COOKIE):
            answer.del_cookie(name)
        return answer

    async def error_page(_: web.Request) -> web.Response:
        return web.Response(text=f"<html><body>{LIMIT_TEXT}</body></html>", content_type="text/html")

    app.router.add_post("/entity/auth/login", login)
    app.router.add_post("/entity/auth/logout", logout)
    app.router.add_get("/Frames/Error.aspx", error_page)


def _login(body: dict[str, object], door: Door) -> web.Response:
    unknown = body.keys() - _MEMBERS
    if unknown:
        raise bad_request(f"Unknown members: {', '.join(sorted(unknown))}.")
    account = door.sign_in.account
    tenant = str(body.get("tenant") or body.get("company") or account.tenant)
    good = same((body.get("name"), body.get("password")), (account.username, account.password))
    if not good or tenant != account.tenant:
        raise VendorError(500, "Error: Invalid credentials. Please try again.")
    session = door.sign_in.enter()
    answer = web.Response(status=204)
    answer.set_cookie(SESSION_COOKIE, session.id, httponly=True, samesite="Lax")
    answer.set_cookie(AUTH_COOKIE, session.secret, httponly=True)
    answer.set_cookie("UserBranch", str(body.get("branch") or "MAIN"))
    answer.set_cookie("Locale", f"Culture={body.get('locale') or 'en-US'}")
    answer.set_cookie("CompanyID", account.tenant)
    return answer


def _limit(settings: Settings) -> web.Response:
    if settings.login_limit_form == "429":
        return web.Response(status=429, text=LIMIT_TEXT)
    return refusal(VendorError(500, f"Error: {LIMIT_TEXT}"))
