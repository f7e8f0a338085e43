"""One HTTP exchange, exactly once: no retry, no redirect, a total time-out, a cap on the body, and only to permitted addresses.

aiohttp's client sends an idempotent request again when its connection died (measured: two PUTs at the server). The switch for that is the
private `_retry_connection`, which aiohttp's own test client uses. A test counts requests at the server.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

from runtime import tls
from runtime.errors import Broken
from runtime.exchange import NotSent, Request, Response, Unanswered
from runtime.reach import CheckedResolver, Lookup, Proxy, Reach, ask_the_system
from runtime.redaction import told
from runtime.sizes import MAX_ANSWER_BYTES, excess

__all__ = ["HttpTransport", "Reach"]

_HEADER_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_UNWRITABLE = re.compile("[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")
_WORDS = 300
"""How much is kept of the HTTP library's own message, which quotes all of an answer that it has read."""
_METHOD = re.compile(r"[A-Z]{1,20}")


class HttpTransport:
    """aiohttp with everything switched off that would retry, redirect or wait forever. One per session of one system.

    A connection is made to an address that was checked, never to a name that is looked up a second time; names are resolved for each
    connection. `context` says how servers are verified and which certificate we show; None means the system's authorities.
    """

    def __init__(
        self,
        reach: Reach,
        context: ssl.SSLContext | None = None,
        at_once: int = 100,
        proxy: Proxy | None = None,
        lookup: Lookup = ask_the_system,
    ) -> None:
        self._reach = reach
        self._tls = context
        self._at_once = at_once
        self._proxy = proxy
        self._lookup = lookup
        self._session: aiohttp.ClientSession | None = None
        self._allowed: set[tuple[str, str, bool]] = set()

    async def send(self, request: Request, timeout_s: float) -> Response:
        """See `Transport`. Raises `Broken` for an address that the settings do not allow. The caller keeps cookies, the transport does not.

        A request that cannot be written (for example a header with a line end) is `NotSent`; an answer over the caps is `Unanswered`. Under
        TLS 1.3 a server that refuses our certificate does so after our first bytes were sent, so that is `Unanswered`, although the server
        read nothing.
        """
        url = self._checked(request.url)
        _require_writable(request)
        try:
            return await asyncio.wait_for(self._exchange(request, url), timeout_s)
        except TimeoutError as error:
            raise Unanswered(f"{_named(request)}: no complete answer in {timeout_s:g} s") from error
        except aiohttp.ClientHttpProxyError as error:
            raise NotSent(f"{_named(request)}: the proxy answers {error.status} {told(error.message, _WORDS)}") from error
        except (aiohttp.ClientConnectorError, aiohttp.ServerFingerprintMismatch, aiohttp.InvalidURL) as error:
            raise NotSent(f"{_named(request)}: {told(str(error), _WORDS)}") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise Unanswered(f"{_named(request)}: {type(error).__name__}: {told(str(error), _WORDS)}") from error

    def _checked(self, text: str) -> URL:
        """The address as aiohttp will read it, so that what is checked is what is called. Each origin is checked once."""
        try:
            url = URL(text, encoded=True)
        except ValueError as error:
            raise Broken(f"{text!r} is not an address: {error}.", "Correct the address in the settings.") from error
        origin = (url.scheme, url.raw_authority, bool(url.raw_fragment))
        if origin not in self._allowed:
            self._reach.require(url)
            if self._proxy is not None:
                self._reach.require_proxy(url, self._proxy)
            self._allowed.add(origin)
        return url

    async def _exchange(self, request: Request, url: URL) -> Response:
        session = self._open()
        proxy = self._proxy
        async with session.request(
            request.method,
            url,
            headers=request.headers,
            data=request.body or None,
            allow_redirects=False,
            proxy=proxy.url if proxy is not None else None,
            proxy_headers=proxy.headers() if proxy is not None else None,
        ) as answer:
            body = await _complete_body(answer)
            return Response(answer.status, answer.headers, body)

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(
                limit=self._at_once,
                ssl=self._tls if self._tls is not None else tls.context(tls.Material()),
                resolver=CheckedResolver(self._reach, self._lookup),
                use_dns_cache=False,
            )
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
        """Close every connection."""
        if self._session is not None:
            await self._session.close()
            self._session = None


async def _complete_body(answer: aiohttp.ClientResponse) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in answer.content.iter_chunked(256 * 1024):
        size += len(chunk)
        if size > MAX_ANSWER_BYTES:
            answer.close()
            raise ValueError(f"the answer is over the cap of {MAX_ANSWER_BYTES} bytes; ask for smaller pages (page_size)")
        chunks.append(chunk)
    body = b"".join(chunks)
    if words := excess(body):
        raise ValueError(f"the answer has {words}; ask for smaller pages (page_size)")
    return body


def _require_writable(request: Request) -> None:
    """Raise `NotSent` for a request that cannot be written, naming the header and never its value."""
    if not _METHOD.fullmatch(request.method):
        raise NotSent(f"{_named(request)}: the method cannot be sent")
    for name, value in request.headers.items():
        if not _HEADER_NAME.fullmatch(name):
            raise NotSent(f"{_named(request)}: a header's name cannot be sent: {name[:40]!r}")
        if _UNWRITABLE.search(value):
            raise NotSent(
                f"{_named(request)}: the header {name} has a line end or another character that no header carries. "
                "Apply the connection again with a clean secret."
            )


def _named(request: Request) -> str:
    parts = urlsplit(request.url)
    return f"{request.method} {parts.scheme}://{parts.netloc}{parts.path}"
