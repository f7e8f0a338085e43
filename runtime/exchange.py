"""The interface between clients and the network: one request and one complete answer, or one of two failures.

    NotSent      nothing of the request reached the other side (name, connection, TLS)
    Unanswered   something was sent; no complete answer came back

The two failures differ because a write that may have arrived must be looked up, and one that certainly did not arrive may be repeated.
There is no I/O here: `runtime/http.py` is the network, and tests bring transports of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from multidict import CIMultiDict, CIMultiDictProxy

from runtime.errors import ConnectorError


@dataclass(frozen=True)
class Request:
    """One complete request: the URL with its query already encoded, and the exact bytes of the body."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True)
class Response:
    """A complete answer: every byte that its head announced has arrived."""

    status: int
    headers: CIMultiDictProxy[str]
    body: bytes

    @property
    def content_type(self) -> str:
        """The media type without parameters, in lower case and ASCII; "" if none was sent."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower().encode("ascii", "replace").decode()


def response(status: int, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Response:
    """An answer made by hand, for transports that are not a network."""
    return Response(status, CIMultiDictProxy(CIMultiDict(headers or {})), body)


class NotSent(ConnectorError):
    """Nothing of the request was sent: name resolution, connection or TLS failed."""


class Unanswered(ConnectorError):
    """The request may have arrived, but its answer did not, or not completely."""


class Transport(Protocol):
    """Sends one request and returns its complete answer, or raises `NotSent` or `Unanswered`."""

    async def send(self, request: Request, timeout_s: float) -> Response:
        """One exchange within `timeout_s` real seconds in total."""

    async def close(self) -> None:
        """Close every connection."""
