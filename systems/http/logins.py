"""How a role signs in: what each system implements, and the two ways that most systems use, HTTP Basic and a bearer token (OAuth 2.0)."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol
from urllib.parse import urlencode

from runtime.errors import Broken, ConnectorError, Throttled, Transient
from runtime.exchange import NotSent, Request, Response
from runtime.redaction import told
from systems.http.answers import asked_pause_s, is_throttled
from systems.http.tokens import MAX_LIFE, Granted, granted

Send = Callable[[Request], Awaitable[Response]]
"""One exchange within the session's time-out, without a sign-in. Raises `NotSent` or `Unanswered`."""
_WORDS = 120


class Login(Protocol):
    """How one role signs in at one system. `calls` is the number of requests of one sign-in; 0 means that each request carries its own proof."""

    calls: int = 0

    async def sign_in(self, send: Send) -> timedelta:  # noqa: ARG002 - for those with calls
        """Sign in, and return for how long the sign-in is good, counted from its start. Raises `Throttled`, `Transient`, `Broken`, and whatever
        `send` raises."""
        return timedelta(0)

    def signed(self, request: Request) -> Request:
        """The request as this role sends it: with its header, cookie, signature or session. Raises `NotSent` if the role is not signed in."""

    def is_refused(self, answer: Response) -> bool:
        """Whether an answer says that the sign-in is not accepted any more. Some systems say so with another status than 401."""
        return answer.status == 401

    def seen(self, answer: Response) -> timedelta | None:  # noqa: ARG002 - for those who learn from answers
        """Note what an answer changes, such as cookies. Returns for how long the session is good now, or None if that did not change."""
        return None

    async def leave(self, send: Send) -> None:  # noqa: ARG002 - for those with sessions
        """End the session at the system, if it counts sessions. Nothing is sent if the role is not signed in."""
        return


def with_headers(request: Request, headers: Mapping[str, str]) -> Request:
    """The request with these headers in addition to its own, which take precedence."""
    return Request(request.method, request.url, {**headers, **request.headers}, request.body)


class Basic(Login):
    """Sends user and password with every request."""

    def __init__(self, system: str, user: str, password: str) -> None:
        self._system = system
        self._user = user
        self._password = password

    def signed(self, request: Request) -> Request:
        """See `Login`. Raises `Broken` for a user name that Basic cannot carry."""
        if ":" in self._user:
            raise Broken(
                f"{self._system}: the username has a colon, which HTTP Basic cannot carry.", "Use another user, or sign_in: oauth."
            )
        proof = b64encode(f"{self._user}:{self._password}".encode()).decode()
        return with_headers(request, {"Authorization": f"Basic {proof}"})


@dataclass
class Bearer(Login):
    """Sends a token from `url` with every request, in addition to `headers`. `form` returns the fields of each token request (RFC 6749, 4.4:
    grant_type, client_id, client_secret, scope; or a signed assertion). `what` names the endpoint in errors, and `remedy` says what to check if it
    refuses."""

    what: str
    url: str
    form: Callable[[], Mapping[str, str]]
    remedy: str
    headers: Mapping[str, str] = field(default_factory=dict)
    longest: timedelta = MAX_LIFE
    token: Granted | None = None
    calls: int = 1

    async def sign_in(self, send: Send) -> timedelta:
        """See `Login`."""
        answer = await send(token_request(self.url, self.form()))
        if answer.status != 200:
            raise refused_sign_in(answer, self.what, self.remedy)
        self.token = granted(answer.body, self.what, self.longest)
        return self.token.life

    def signed(self, request: Request) -> Request:
        """See `Login`."""
        return with_headers(request, {"Authorization": f"Bearer {present(self.token, self.what).access}", **self.headers})


def present(token: Granted | None, what: str) -> Granted:
    """The token. Raises `NotSent` if there is none yet."""
    if token is None:
        raise NotSent(f"{what}: not signed in")
    return token


def token_request(url: str, form: Mapping[str, str]) -> Request:
    """The request for a token: `grant_type=client_credentials&client_id=..&client_secret=..` as a form."""
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    return Request("POST", url, headers, urlencode(form).encode())


def refused_sign_in(answer: Response, what: str, remedy: str) -> ConnectorError:
    """What a refused sign-in means: wrong credentials, too many calls, or a failure that may pass."""
    said = f"{what}: {answer.status} {told(answer.body, _WORDS)}".strip()
    if answer.status in (400, 401, 403):
        return Broken(f"{said}.", remedy)
    if is_throttled(answer):
        return Throttled(said, asked_pause_s(answer))
    return Transient(said)
