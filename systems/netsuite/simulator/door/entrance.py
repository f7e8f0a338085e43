"""The door: who calls, by which of the two sign-ins, what the role may do, and whether the account has room for one more request.

Sources: 401 INVALID_LOGIN for a bad token of either kind; the limit counts simultaneous requests of the whole account, and a request over it is
refused at once (429); field reports of such a request answered as an invalid login. Assumed: code and words of the refusals; that a token request
does not count.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.typedefs import Handler

from runtime.simulator.limits import Full, Places
from runtime.simulator.switches import names
from runtime.simulator.tokens import authorization
from systems.netsuite.simulator.account import Account
from systems.netsuite.simulator.answers import NsError, answer_of, refuse
from systems.netsuite.simulator.door.assertion import Assertions
from systems.netsuite.simulator.door.keys import Keys
from systems.netsuite.simulator.door.signature import Signatures

Inner = Callable[[web.Request], Awaitable[web.Response]]
_NOT_SIGNED_IN = "Invalid login attempt. For more details, see the Login Audit Trail in the NetSuite UI."


class Door:
    """Lets requests in; counts them by operation."""

    def __init__(self, account: Account, keys: Keys) -> None:
        self.account, self.assertions = account, Assertions(account, keys)
        self._signatures = Signatures(account.clock, keys)
        self._places = Places()

    def guarded(self, operation: str, inner: Inner) -> Handler:
        """A handler that answers refusals in NetSuite's form; `operation` is what `/__sim__/calls` counts."""

        async def answer(request: web.Request) -> web.StreamResponse:
            self.account.calls[operation] += 1
            try:
                told = await self._within(request, inner)
            except NsError as error:
                return answer_of(error)
            if self.account.faults.take("no_location", request.method, request.path):
                told.headers.popall("Location", None)
            return told

        return answer

    async def _within(self, request: web.Request, inner: Inner) -> web.Response:
        settings = self.account.settings
        limit = max(settings.concurrent_requests - settings.used_by_others, 0)
        if not limit:
            raise self._over()
        try:
            async with self._places.place(limit, 0, 0):
                self._sign_in(request)
                if settings.work_s:
                    await asyncio.sleep(settings.work_s)
                return await inner(request)
        except Full as full:
            raise self._over() from full

    def _over(self) -> NsError:
        self.account.refused["concurrency"] += 1
        if self.account.settings.over_limit_form == "invalid_login":
            return refuse(401, "INVALID_LOGIN", _NOT_SIGNED_IN)
        return refuse(429, "CONCURRENCY_LIMIT_EXCEEDED", "Concurrent request limit exceeded. Request blocked.")

    def _sign_in(self, request: web.Request) -> None:
        scheme, credential = authorization(request)
        if self.account.faults.take("invalid_login", request.method, request.path):
            raise refuse(401, "INVALID_LOGIN", _NOT_SIGNED_IN)
        if scheme.lower() == "bearer":
            allowed = self.assertions.tokens.allowed(credential)
            good = allowed is not None and "rest_webservices" in allowed["scopes"] and not self.is_denied("oauth2")
        else:
            tba = self.account.settings.tba_enabled and not self.is_denied("tokens")
            good = scheme.lower() == "oauth" and tba and self._signatures.is_good(request, credential)
        if not good:
            raise refuse(401, "INVALID_LOGIN", _NOT_SIGNED_IN)
        if self.is_denied("rest"):
            raise lacking("REST Web Services")

    def is_denied(self, name: str, level: str = "") -> bool:
        """Whether the role lacks a permission, either completely or for the `level` (`edit`)."""
        denied = names(self.account.settings.denied)
        return name in denied or (bool(level) and f"{name}:{level}" in denied)


def lacking(what: str) -> NsError:
    """The refusal for a missing permission."""
    text = f"Permission Violation: The role you are using does not have the permission {what} that this operation needs."
    return refuse(403, "INSUFFICIENT_PERMISSION", text)
