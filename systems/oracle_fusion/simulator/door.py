"""The door of the pod: who calls, whether the token maps to a user with the privilege, and whether the limit allows the call.

Sources: status codes of the REST guide; a valid token alone does not guarantee access (blogs.oracle.com coretec); 429 and some 503 carry
`Retry-After` in seconds or as an HTTP date (RYT). Assumed: the form of 401 and 403, a sign-in page in HTML instead of 401 (`sign_in_page`), and that
the limit of calls in an hour is a sliding one.
"""

from __future__ import annotations

from datetime import timedelta
from email.utils import format_datetime

from aiohttp import web

from runtime.simulator.faults import LOGIN_PAGE
from runtime.simulator.limits import Window
from runtime.simulator.switches import names
from systems.oracle_fusion.simulator.answers import Problem, Refused
from systems.oracle_fusion.simulator.pod import Pod
from systems.oracle_fusion.simulator.signin import SignIn

LOGIN_PATH = "/oam/server/obrareq.cgi"
_CHALLENGE = {"WWW-Authenticate": 'Basic realm="fusion", Bearer realm="fusion"'}
_WAIT_S = 30


class SignInPage(Exception):
    """The call is answered with the sign-in page."""


class Door:
    """Lets calls in."""

    def __init__(self, pod: Pod, sign_in: SignIn) -> None:
        self.pod, self.sign_in = pod, sign_in
        self._hour = Window(3600, lambda: pod.clock.now().timestamp())

    def admit(self, request: web.Request) -> None:
        """Raise the reason to refuse a call: `Refused` or `SignInPage`."""
        settings = self.pod.settings
        user = self.sign_in.user_of(request)
        if user is None:
            if settings.sign_in_page != "none":
                raise SignInPage
            raise Refused(401, Problem("The user is not authenticated."), headers=_CHALLENGE)
        if not settings.user_is_mapped or user != self.sign_in.account.username:
            raise Refused(settings.unmapped_status, Problem("The token does not map to a user with roles."))
        throttled = self.pod.faults.take("throttled", request.method, request.path)
        if throttled is not None or not self._hour.admits(settings.calls_per_hour):
            self.pod.refused["calls"] += 1
            raise Refused(429, Problem("Too many requests."), headers=self._wait(throttled.seconds if throttled else 0))

    def require(self, privilege: str) -> None:
        """Raise 403 if the user lacks a privilege; the answer does not name it."""
        if privilege and privilege in names(self.pod.settings.privileges_off):
            raise Refused(403, Problem("You are not authorized to access this resource."))

    def page(self) -> web.Response:
        """The sign-in page, or the redirect to it."""
        if self.pod.settings.sign_in_page == "302":
            return web.Response(status=302, headers={"Location": LOGIN_PATH}, content_type="text/html")
        return web.Response(body=LOGIN_PAGE, content_type="text/html")

    async def login(self, _: web.Request) -> web.Response:
        """The page to which a call without a sign-in is redirected."""
        return web.Response(body=LOGIN_PAGE, content_type="text/html")

    def _wait(self, seconds: float) -> dict[str, str]:
        wait = timedelta(seconds=seconds or _WAIT_S)
        if self.pod.settings.retry_after == "none":
            return {}
        if self.pod.settings.retry_after == "date":
            return {"Retry-After": format_datetime(self.pod.clock.now() + wait, usegmt=True)}
        return {"Retry-After": str(round(wait.total_seconds()))}
