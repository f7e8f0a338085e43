"""What every call must have before a route answers: a token, the app's key, a scope, and room under the limit.

Sources: get-going page (Authorization and ST-App-Key on every call, 60 calls a second per application), OpenAPI (scopes). Statuses and
bodies of 401, 403 and 429 are published nowhere: assumed as in SYSTEM.md. The Date header is the simulator's own clock.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from email.utils import format_datetime

from aiohttp import web
from aiohttp.typedefs import Handler

from runtime.simulator.limits import Window
from runtime.simulator.serve import CONTROL
from runtime.simulator.tokens import authorization
from systems.servicetitan.simulator.answers import Refused, throttled
from systems.servicetitan.simulator.signin import SignIn
from systems.servicetitan.simulator.tenant import Missing, Tenant

Answer = Callable[[web.Request], Awaitable[web.Response]]


@dataclass(frozen=True)
class Route:
    """One operation of the API; `path` is what follows the tenant. Example: GET accounting invoices"""

    method: str
    module: str
    path: str
    scope: str
    answer: Answer


class Door:
    """The gateway of the API; it counts accepted calls by method and route."""

    def __init__(self, tenant: Tenant, sign_in: SignIn) -> None:
        self._tenant, self._sign_in = tenant, sign_in
        self._second = Window(1, time.monotonic)

    def add(self, app: web.Application, routes: list[Route]) -> None:
        """Add the token endpoint and every route, more specific paths first."""
        app.router.add_post("/connect/token", self._sign_in.answer)
        for route in sorted(routes, key=lambda route: route.path.count("{")):
            path = f"/{route.module}/v2/tenant/{{tenant}}/{route.path}"
            app.router.add_route(route.method, path, self._guarded(route))

    def _guarded(self, route: Route) -> Answer:
        async def answer(request: web.Request) -> web.Response:
            self._admit(request, route.scope)
            self._tenant.calls[f"{route.method} {route.module}/{route.path}"] += 1
            return await route.answer(request)

        return answer

    def _admit(self, request: web.Request, scope: str) -> None:
        scheme, token = authorization(request)
        allowed = self._sign_in.tokens.allowed(token) if scheme.lower() == "bearer" else None
        if allowed is None:
            raise Refused(401, "Unauthorized")
        account = self._sign_in.account
        if request.headers.get("ST-App-Key") != account.app_key:
            raise Refused(self._tenant.settings.app_key_status, "The ST-App-Key header is missing or names no connected app.")
        if request.match_info["tenant"] != account.tenant_id:
            raise Refused(403, "The app is not connected to this tenant.")
        if scope not in allowed["scopes"]:
            raise Refused(403, f"The token lacks the scope {scope}.")

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Limit the calls, and give every refusal and the time the vendor's form."""
        if request.path.startswith(CONTROL):
            return await handler(request)
        answer = await self._answered(request, handler)
        answer.headers["Date"] = format_datetime(self._tenant.clock.now(), usegmt=True)
        return answer

    async def _answered(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path != "/connect/token" and not self._second.admits(self._tenant.settings.calls_per_second):
            self._tenant.refused["calls"] += 1
            return throttled()
        try:
            return await handler(request)
        except Refused as error:
            return error.answer()
        except Missing as error:
            return Refused(404, str(error)).answer()
        except ValueError as error:
            return Refused(400, str(error)).answer()
        except web.HTTPException as error:
            return Refused(error.status, error.reason).answer()
