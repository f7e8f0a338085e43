"""One HTTP exchange, exactly once: no repetition, no redirect, a total time-out, a cap on the body.

aiohttp's client re-sends an idempotent request whose connection died (measured: two PUTs at the server); the switch is the
private `_retry_connection`, which aiohttp's own test client uses. A test counts requests at the server.
"""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

from runtime.errors import Broken
from runtime.exchange import NotSent, Request, Response, Unanswered

MAX_BODY_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True)
class Reach:
    """Which hosts may be reached: https anywhere the settings name, plain http on loopback alone where `loopback` allows it."""

    loopback: bool = False

    def require(self, url: str) -> None:
        """Raise `Broken` when `url` must not be called."""
        parts = urlsplit(url)
        if parts.username or parts.password:
            raise Broken(f"{parts.hostname}: an address must not carry a user or password.", "Put them into credentials.")
        if parts.scheme == "https":
            return
        if parts.scheme == "http" and self.loopback and parts.hostname in ("127.0.0.1", "localhost", "::1"):
            return
        raise Broken(f"{parts.scheme}://{parts.hostname} is refused.", "Use https; http is for loopback in profile demo.")


class HttpTransport:
    """aiohttp with everything switched off that would repeat, follow or wait for ever. One per session of one system."""

    def __init__(self, reach: Reach, tls: ssl.SSLContext | None = None, at_once: int = 100) -> None:
        self._reach = reach
        self._tls = tls
        self._at_once = at_once
        self._session: aiohttp.ClientSession | None = None

    async def send(self, request: Request, timeout_s: float) -> Response:
        """See `Transport`. Cookies are kept by the caller, not here."""
        self._reach.require(request.url)
        try:
            return await asyncio.wait_for(self._exchange(request), timeout_s)
        except TimeoutError as error:
            raise Unanswered(f"{_named(request)}: no whole answer in {timeout_s:g} s") from error
        except (aiohttp.ClientConnectorError, aiohttp.ServerFingerprintMismatch, aiohttp.InvalidURL) as error:
            raise NotSent(f"{_named(request)}: {error}") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise Unanswered(f"{_named(request)}: {type(error).__name__}: {error}") from error

    async def _exchange(self, request: Request) -> Response:
        session = self._open()
        async with session.request(
            request.method, _encoded(request.url), headers=request.headers, data=request.body or None, allow_redirects=False
        ) as answer:
            body = await _capped(answer)
            return Response(answer.status, answer.headers, body)

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=self._at_once, ssl=self._tls if self._tls is not None else True)
            self._session = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None),
                auto_decompress=True,
                trust_env=False,
            )
            self._session._retry_connection = False  # see the module's docstring
        return self._session

    async def close(self) -> None:
        """Drop every connection."""
        if self._session is not None:
            await self._session.close()
            self._session = None


def _encoded(url: str) -> URL:

    return URL(url, encoded=True)


async def _capped(answer: aiohttp.ClientResponse) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in answer.content.iter_chunked(256 * 1024):
        size += len(chunk)
        if size > MAX_BODY_BYTES:
            answer.close()
            raise ValueError(f"the answer is over the cap of {MAX_BODY_BYTES} bytes")
        chunks.append(chunk)
    return b"".join(chunks)


def _named(request: Request) -> str:
    parts = urlsplit(request.url)
    return f"{request.method} {parts.scheme}://{parts.netloc}{parts.path}"
