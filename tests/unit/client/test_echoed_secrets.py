"""A server that sends back what it was sent, in whatever answer: none of it is in our errors, our logs or the words of an answer."""

from __future__ import annotations

import html
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
import structlog
from multidict import CIMultiDict, CIMultiDictProxy
from pydantic import BaseModel

import systems
from runtime.clock import ScaledClock
from runtime.errors import ConnectorError, Throttled
from runtime.exchange import NotSent, Request, Response, Unanswered
from runtime.limits import Limiter, Share
from runtime.log import PROCESSORS
from systems import registry
from systems.contract import Access, Role

VALUES = {
    "username": "mlc-robot@acme-tenant",
    "password": 'Pa$s w/ö"rd&1',
    "client_id": "cid.acme-client",
    "client_secret": "cs1/very+secret=",
    "app_key": "ak1.app-key-of-acme",
}
SHAPES: dict[str, Callable[[bytes], tuple[str, bytes]]] = {
    "as it came": lambda said: ("text/plain", said),
    "html": lambda said: ("text/html", f"<html><body>{html.escape(said.decode())}</body></html>".encode()),
    "json": lambda said: (
        "application/json",
        json.dumps({"error": "bad", "message": said.decode(), "title": said.decode()}).encode(),
    ),
    "decoded": lambda said: (
        "application/json",
        json.dumps({"message": "sent: " + str(dict(parse_qsl(said.decode())))}, ensure_ascii=False).encode(),
    ),
    "xml": lambda said: (
        "text/xml",
        f"<IBResponse type='error'><DefaultMessage>{html.escape(said.decode())} (158,45)</DefaultMessage></IBResponse>".encode(),
    ),
}
WAYS = [
    (name, own)
    for name, own in [
        ("servicetitan", {}),
        ("acumatica", {}),
        ("acumatica", {"sign_in": "cookie"}),
        ("peoplesoft", {}),
        ("peoplesoft", {"sign_in": "oauth", "token_url": "https://login.acme.example/oauth/token"}),
    ]
]


class Echo:
    """A transport whose every answer, or failure, holds the request whole."""

    def __init__(self, status: int, shape: str) -> None:
        self._status, self._shape = status, shape
        self.sent: list[bytes] = []

    async def send(self, request: Request, timeout_s: float) -> Response:
        head = "\n".join(f"{name}: {value}" for name, value in request.headers.items())
        said = f"{request.method} {request.url}\n{head}\n\n".encode() + request.body
        self.sent.append(said)
        if self._status == 0:
            raise Unanswered(f"{timeout_s}: {said.decode()}")
        if self._status == 1:
            raise NotSent(said.decode())
        kind, body = SHAPES[self._shape](said)
        location = f"/login?{request.body.decode()}"
        headers = CIMultiDictProxy(CIMultiDict({"Content-Type": kind, "Location": location, "Retry-After": "17"}))
        return Response(self._status, headers, body)

    async def close(self) -> None:
        pass


def opened(name: str, own: dict[str, Any], transport: Echo) -> tuple[Any, BaseModel]:
    system = registry.system(name)
    example = json.loads((Path(systems.__file__).parent / name / "examples" / "connection.json").read_text())
    credentials = system.credentials.model_validate({field: VALUES[field] for field in system.credentials.model_fields})
    clock = ScaledClock(scale=100_000)
    access = Access(
        "acme",
        Role.POLLER,
        system.settings.model_validate(example["settings"] | own),
        credentials,
        transport,
        Limiter(Share(1000, timedelta(seconds=1), 10), clock),
        clock,
    )
    return system.open_reader(access), credentials


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("status", [0, 1, 200, 302, 400, 401, 403, 429, 500, 503])
@pytest.mark.parametrize(("name", "own"), WAYS, ids=[f"{name}-{own.get('sign_in', '')}" for name, own in WAYS])
async def test_no_secret_that_is_echoed_is_shown(
    name: str, own: dict[str, Any], status: int, shape: str, capsys: pytest.CaptureFixture[str]
) -> None:
    transport = Echo(status, shape)
    reader, credentials = opened(name, own, transport)
    with pytest.raises(ConnectorError) as refused:
        await reader.page(registry.system(name).feeds[0], "")
    logger = structlog.wrap_logger(structlog.PrintLogger(), processors=PROCESSORS)
    logger.error("poll_failed", exc_info=refused.value, error=str(refused.value)[:300], words=str(refused.value.__cause__))
    shown = f"{refused.value} {refused.value!r} {refused.value.__cause__!r} {capsys.readouterr()}"
    assert transport.sent
    for field in type(credentials).model_fields:
        assert not _parts(VALUES[field]) & set(_pieces(shown)), (field, shown)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(("name", "own"), WAYS, ids=[f"{name}-{own.get('sign_in', '')}" for name, own in WAYS])
async def test_a_sign_in_that_is_throttled_waits_as_long_as_it_is_asked_to(name: str, own: dict[str, Any], status: int) -> None:
    transport = Echo(status, "as it came")
    reader, _ = opened(name, own, transport)
    with pytest.raises(Throttled) as refused:
        await reader.page(registry.system(name).feeds[0], "")
    assert refused.value.retry_after_s == 17
    assert len(transport.sent) == 1


def _parts(value: str) -> set[str]:
    return {value[start : start + 8] for start in range(len(value) - 7)}


def _pieces(shown: str) -> list[str]:
    return [shown[start : start + 8] for start in range(len(shown) - 7)]
