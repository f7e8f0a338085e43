"""Faults on request: what a network and a vendor do on a bad day, injected into a simulator's answers.

`POST /__sim__/faults` takes `{"faults": [{"kind": ..., "method": "PUT", "path": "regex", "skip": 0, "count": 1, "probability": 1,
"seconds": 0, "bytes": 0, "status": 503}]}`. Kinds that this module carries out for every simulator:

    refuse        answer `status` (default 503) before the request is handled (429 carries Retry-After: `seconds`)
    html          answer 200 with a login page instead of handling the request
    fail_after    handle the request, then answer `status` (default 500) with an HTML page
    html_after    handle the request, then answer 200 with a login page
    lost_answer   handle the request, then close the connection without an answer
    half_head     handle the request, then send the first `bytes` bytes of a head and close
    half_answer   handle the request, then send the head and the first `bytes` bytes of the body and close
    empty_after   handle the request, then answer 200 without a body
    altered       handle the request, then answer with every match of the pattern `find` replaced by `text` (`\\1` is its first group)
    late_commit   close the connection at once; handle the request `seconds` later (real seconds)
    slow          handle the request after `seconds` (real seconds)

Any other kind is the simulator's own (`stale_search`, `page_drift`, ...): it asks `Faults.take(kind, method, path)`.
"""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: 512\r\n\r\n"
_SERVER_ERROR = b"<html><body>Server Error</body></html>"
LOGIN_PAGE = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>Please sign in</body></html>"


@dataclass
class Fault:
    """One planned fault. `count` is how many matching requests it still hits, after `skip` requests that it lets pass."""

    kind: str
    method: str = ""
    path: str = ""
    skip: int = 0
    count: int = 1
    probability: float = 1.0
    seconds: float = 0.0
    bytes: int = 0
    status: int = 0
    find: str = ""
    text: str = ""

    def matches(self, method: str, path: str) -> bool:
        """Whether this fault is meant for such a request."""
        return (not self.method or self.method == method) and re.search(self.path, path) is not None


@dataclass
class Faults:
    """The faults still to come, drawn with the simulator's own seed. `hits` counts the injected faults by kind."""

    seed: int = 0
    planned: list[Fault] = field(default_factory=list)
    hits: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)  # noqa: S311 - a seeded choice of faults, no secret
        self._tasks: set[asyncio.Task[Any]] = set()

    def plan(self, faults: list[dict[str, Any]]) -> None:
        """Add faults as `/__sim__/faults` receives them. Raises TypeError for an unknown member."""
        self.planned.extend(Fault(**fault) for fault in faults)

    def clear(self) -> None:
        """Forget every planned fault."""
        self.planned.clear()

    def take(self, kind: str, method: str = "", path: str = "") -> Fault | None:
        """The planned fault of this kind that hits now; its count goes down by one. None if there is none."""
        return self._first(method, path, lambda fault: fault.kind == kind)

    def next(self, method: str, path: str) -> Fault | None:
        """The planned transport fault that hits this request; its count goes down by one. None if there is none."""
        return self._first(method, path, lambda fault: fault.kind in _KINDS)

    def _first(self, method: str, path: str, wanted: Any) -> Fault | None:
        for fault in self.planned:
            if fault.count <= 0 or not wanted(fault) or not fault.matches(method, path):
                continue
            if fault.skip > 0:
                fault.skip -= 1
                continue
            if self._random.random() >= fault.probability:
                continue
            fault.count -= 1
            self.hits[fault.kind] = self.hits.get(fault.kind, 0) + 1
            return fault
        return None

    def later(self, seconds: float, request: web.Request, handler: Handler) -> None:
        """Handle `request` after `seconds` although its connection is gone."""
        task = asyncio.create_task(_answer_late(seconds, request, handler))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _answer_late(seconds: float, request: web.Request, handler: Handler) -> None:
    await asyncio.sleep(seconds)
    await handler(request)


@web.middleware
async def inject(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Carry out the fault that is planned for this request, if any; `/__sim__/` itself is never hit."""
    faults: Faults = request.app[FAULTS]
    fault = None if request.path.startswith("/__sim__/") else faults.next(request.method, request.path)
    try:
        return await handler(request) if fault is None else await _KINDS[fault.kind](fault, request, handler)
    except web.RequestPayloadError as error:
        return await _unreadable(request, str(error))


async def _unreadable(request: web.Request, words: str) -> web.StreamResponse:
    """The answer to a body that cannot be read. The connection is closed because the rest of the body was not read."""
    said = words.rpartition("\n")[2].strip() or "it was cut off"
    answer = web.Response(status=400, text=f"400: the body cannot be read: {said}")
    if request.transport is None or request.transport.is_closing():
        return answer
    answer.force_close()
    await answer.prepare(request)
    await answer.write_eof()
    request.protocol.force_close()
    return answer


async def _refuse(fault: Fault, request: web.Request, _: Handler) -> web.StreamResponse:
    await request.read()
    status = fault.status or 503
    headers = {"Retry-After": f"{max(1, round(fault.seconds))}"} if status == 429 else {}
    return web.Response(status=status, headers=headers, text="refused by plan")


async def _html(_: Fault, request: web.Request, __: Handler) -> web.StreamResponse:
    await request.read()
    return _page(LOGIN_PAGE)


async def _after(fault: Fault, request: web.Request, handler: Handler) -> web.StreamResponse:
    """Handle the request, then answer as the kind of fault says; None means no answer at all."""
    answer = _INSTEAD[fault.kind](fault, await handler(request))
    return _closed(request) if answer is None else answer


def _page(body: bytes, status: int = 200) -> web.Response:
    return web.Response(status=status, body=body, content_type="text/html")


def _altered(fault: Fault, answer: web.StreamResponse) -> web.Response:
    body = re.sub(fault.find.encode(), fault.text.encode(), bytes(getattr(answer, "body", None) or b""))
    return web.Response(status=answer.status, body=body, content_type=answer.content_type, charset=answer.charset)


async def _half_head(fault: Fault, request: web.Request, handler: Handler) -> web.StreamResponse:
    await handler(request)
    if request.transport is not None:
        request.transport.write(_HEAD[: fault.bytes])
    return _closed(request)


async def _half_answer(fault: Fault, request: web.Request, handler: Handler) -> web.StreamResponse:
    answer = await handler(request)
    body = getattr(answer, "body", None) or b""
    head = {name: value for name, value in answer.headers.items() if name.lower() not in ("content-length", "content-type")}
    half = web.StreamResponse(status=answer.status, headers=head)
    half.content_type = answer.content_type
    half.content_length = len(body)
    await half.prepare(request)
    await half.write(bytes(body)[: fault.bytes])
    return _closed(request)


async def _late_commit(fault: Fault, request: web.Request, handler: Handler) -> web.StreamResponse:
    await request.read()
    request.app[FAULTS].later(fault.seconds, request, handler)
    return _closed(request)


async def _slow(fault: Fault, request: web.Request, handler: Handler) -> web.StreamResponse:
    await asyncio.sleep(fault.seconds)
    return await handler(request)


def _closed(request: web.Request) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.close()
    return web.Response(status=500)


FAULTS: web.AppKey[Faults] = web.AppKey("faults", Faults)
_INSTEAD: dict[str, Callable[[Fault, web.StreamResponse], web.StreamResponse | None]] = {
    "fail_after": lambda fault, _: _page(_SERVER_ERROR, fault.status or 500),
    "html_after": lambda _, __: _page(LOGIN_PAGE),
    "empty_after": lambda _, answer: web.Response(status=200, content_type=answer.content_type),
    "lost_answer": lambda _, __: None,
    "altered": _altered,
}
_KINDS = dict.fromkeys(_INSTEAD, _after) | {
    "refuse": _refuse,
    "html": _html,
    "half_head": _half_head,
    "half_answer": _half_answer,
    "late_commit": _late_commit,
    "slow": _slow,
}
