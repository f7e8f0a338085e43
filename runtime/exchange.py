"""What crosses the seam at which every client meets the network: one request, one whole answer, or which of two failures it was.

    NotSent      nothing of the request reached the other side (name, connection, TLS)
    Unanswered   something was sent; no complete answer came back

What left this process and what did not is told apart, because a write that may have arrived must be looked up and one that certainly did
not may be repeated. No I/O here: `runtime/http.py` is the network, tests bring transports of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from multidict import CIMultiDict, CIMultiDictProxy

from runtime.errors import ConnectorError


@dataclass(frozen=True)
class Request:
    """One request, complete: the URL with its query already encoded, and the exact body bytes."""

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
        """Media type without parameters, lower case, in ASCII; "" where none was sent."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower().encode("ascii", "replace").decode()


def response(status: int, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Response:
    """An answer made by hand, for transports that are not a network."""
    return Response(status, CIMultiDictProxy(CIMultiDict(headers or {})), body)


class NotSent(ConnectorError):
    """Nothing of the request left: name resolution, connection or TLS failed."""


class Unanswered(ConnectorError):
    """The request may have arrived; its answer did not, or not whole."""


class Transport(Protocol):
    """Sends one request and returns its whole answer, or raises `NotSent` or `Unanswered`."""

    async def send(self, request: Request, timeout_s: float) -> Response:
        """One exchange within `timeout_s` real seconds in total."""

    async def close(self) -> None:
        """Drop every connection."""
