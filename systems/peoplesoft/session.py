"""How one role is signed in at a PeopleSoft site: HTTP Basic, or a bearer token of the site's external token server, kept until before its end.

Facts (PeopleBooks, securing provider REST service operations): PeopleSoft is only a resource server, tokens come from another server by client
credentials; calls are stateless, so nothing is to end at its side. That SOAP operations take the same bearer is assumed.
"""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from urllib.parse import urlencode

from runtime.answers import asked_pause_s
from runtime.clock import Clock
from runtime.errors import Broken, Throttled, Transient
from runtime.exchange import NotSent, Request, Response, Unanswered
from runtime.tokens import Granted
from systems.peoplesoft.models import token
from systems.peoplesoft.settings import Credentials, Settings

Send = Callable[[Request], Awaitable[Response]]
_WHAT = "peoplesoft token"


class Session:
    """The sign-in of one role. `send` makes one exchange, counted and within its time-out."""

    def __init__(self, settings: Settings, credentials: Credentials, clock: Clock, send: Send) -> None:
        self._settings = settings
        self._credentials = credentials
        self._clock = clock
        self._send = send
        self._token: Granted | None = None
        self._good_until: datetime | None = None
        self._turn = asyncio.Lock()
        self.generation = 0
        """Counts the tokens: whoever got a 401 says with which one."""

    @property
    def is_bearer(self) -> bool:
        """Whether a token is used, which can be renewed; a password cannot."""
        return self._settings.sign_in == "oauth"

    def is_good(self, ahead: timedelta = timedelta(0)) -> bool:
        """Whether nothing has to be asked of the token server for a call that ends within `ahead`."""
        return not self.is_bearer or (self._good_until is not None and self._clock.now() + ahead < self._good_until)

    async def ensure(self, ahead: timedelta = timedelta(0)) -> None:
        """Hold a sign-in good for `ahead` at least. One request to the token server serves everybody who waits for it.

        A token that lives shorter than `ahead` is used all the same, once it is fresh.
        """
        if self.is_good(ahead):
            return
        generation = self.generation
        async with self._turn:
            if self.generation == generation:
                await self._renew()

    async def renew(self, generation: int) -> None:
        """A token of that generation got a 401: have another one; another caller's renewal counts."""
        if generation == self.generation:
            self.forget()
        await self.ensure()

    def forget(self) -> None:
        """The present token is not to be used again."""
        self._good_until = None

    def headers(self) -> Mapping[str, str]:
        """The `Authorization` of a call. Raises `Transient` where `ensure` was never awaited."""
        if self.is_bearer:
            if self._token is None:
                raise Transient("peoplesoft: not signed in yet")
            return {"Authorization": f"Bearer {self._token.access}"}
        user, password = self._credentials.username.get_secret_value(), self._credentials.password.get_secret_value()
        if ":" in user:
            raise Broken(
                "peoplesoft: the username has a colon, which HTTP Basic cannot carry.", "Use another user, or sign_in: oauth."
            )
        return {"Authorization": f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"}

    async def _renew(self) -> None:
        asked_at = self._clock.now()
        found = self._granted(await self._ask())
        self._token, self._good_until = found, asked_at + found.life
        self.generation += 1

    async def _ask(self) -> Response:
        names = {
            "client_id": self._credentials.client_id.get_secret_value(),
            "client_secret": self._credentials.client_secret.get_secret_value(),
        }
        if not names["client_id"] or not self._settings.token_url:
            raise Broken(
                "peoplesoft: sign_in is oauth, but token_url or client_id is empty.",
                "Set token_url and apply client_id and client_secret, or set sign_in: basic.",
            )
        form = {"grant_type": "client_credentials", **names}
        if self._settings.token_scope:
            form["scope"] = self._settings.token_scope
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        try:
            return await self._send(Request("POST", self._settings.token_url, headers, urlencode(form).encode()))
        except (NotSent, Unanswered) as error:
            raise Transient(f"{_WHAT}: {error}") from error

    def _granted(self, answer: Response) -> Granted:
        if answer.status in (400, 401, 403):
            raise Broken(
                f"{_WHAT}: the token server answers {answer.status}.",
                "Check token_url, token_scope, client_id and client_secret with whoever runs the token server.",
            )
        if answer.status in (429, 503):
            raise Throttled(f"{_WHAT}: {answer.status}", asked_pause_s(answer))
        if answer.status != 200:
            raise Transient(f"{_WHAT}: the token server answers {answer.status}")
        return token(answer.body)
