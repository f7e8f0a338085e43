"""A session whose other side is a script: a clock that moves when somebody sleeps, a transport that counts, and a sign-in that can fail."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from pydantic import BaseModel

from runtime.errors import ConnectorError, Refused, Throttled, Transient
from runtime.exchange import NotSent, Request, Response, response
from runtime.limits import Limiter, Share
from systems.contract import Access, Role
from systems.http.answers import asked_pause_s
from systems.http.calls import Calls
from systems.http.logins import Login, Send, with_headers
from tests.moved import MovedClock

SIGN_IN = Request("POST", "https://erp.example/sign-in")
READ = Request("GET", "https://erp.example/rows")
WRITE = Request("POST", "https://erp.example/rows", {}, b"{}")


@dataclass
class Wire:
    """A transport: `answer` gives the answer to a request, or raises."""

    answer: Callable[[Request], Response] = lambda _: response(200)
    sent: list[Request] = field(default_factory=list)
    closed: int = 0

    async def send(self, request: Request, timeout_s: float) -> Response:
        assert timeout_s == 7
        self.sent.append(request)
        await asyncio.sleep(0)
        return self.answer(request)

    async def close(self) -> None:
        self.closed += 1

    @property
    def sign_ins(self) -> int:
        return sum(one.url == SIGN_IN.url for one in self.sent)

    @property
    def proofs(self) -> list[str]:
        return [one.headers["Proof"] for one in self.sent if "Proof" in one.headers]


class Numbered(Login):
    """Signs in by a request; each sign-in has a number. `failure` is raised instead of it, `idle` extends the session at each use."""

    calls = 1

    def __init__(self, life: timedelta = timedelta(minutes=10)) -> None:
        self.life = life
        self.number = 0
        self.failure: ConnectorError | None = None
        self.idle: timedelta | None = None
        self.left: list[int] = []

    async def sign_in(self, send: Send) -> timedelta:
        await send(SIGN_IN)
        await asyncio.sleep(0.001)
        if self.failure is not None:
            raise self.failure
        self.number += 1
        return self.life

    def signed(self, request: Request) -> Request:
        return with_headers(request, {"Proof": str(self.number)})

    def seen(self, answer: Response) -> timedelta | None:
        return self.idle

    async def leave(self, send: Send) -> None:
        self.left.append(self.number)
        raise NotSent("the line is dead")


@dataclass
class Session:
    """Calls, and everything that they stand on."""

    wire: Wire
    clock: MovedClock
    login: Numbered
    limiter: Limiter
    calls: Calls

    async def read(self) -> bytes:
        return await self.calls.read(READ, "rows", taken)

    async def look(self) -> bytes:
        return await self.calls.look(READ, "rows", taken)


class Nothing(BaseModel):
    """Settings and credentials of a system that needs none."""


def opened(login: Numbered | None = None, share: Share | None = None) -> Session:
    """A session that nobody is signed in with."""
    wire, clock, held = Wire(), MovedClock(datetime(2026, 3, 2, 12, tzinfo=UTC)), login or Numbered()
    limiter = Limiter(share or Share(100_000, timedelta(seconds=1), 100), clock)
    access = Access("acme", Role.POLLER, Nothing(), Nothing(), wire, limiter, clock)
    return Session(wire, clock, held, limiter, Calls("erp", access, held, 7))


def taken(answer: Response) -> bytes:
    """The body of a 200."""
    if answer.status == 429:
        raise Throttled("429", asked_pause_s(answer))
    if 400 <= answer.status < 500:
        raise Refused(f"{answer.status}")
    if answer.status != 200:
        raise Transient(f"{answer.status}")
    return answer.body


@contextmanager
def refused_proofs(wire: Wire, *numbers: int) -> Iterator[None]:
    """Requests with the proof of one of these sign-ins get a 401."""
    before, bad = wire.answer, {str(number) for number in numbers}
    wire.answer = lambda request: response(401) if request.headers.get("Proof") in bad else before(request)
    yield
    wire.answer = before
