"""Reads the bodies of requests. Each body has a size limit, and all together have a memory budget, so that many large bodies cannot keep
out a small one.

When the budget is used up, a body that is still arriving is dropped: the oldest one of the address that uses the most memory. A body that
has arrived completely is kept until it is stored or refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from aiohttp import web

from runtime import metrics
from services.ingress.answers import Refusal

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Held:
    """What one request uses of the budget. `give_up` closes its connection."""

    def __init__(self, address: str, give_up: Callable[[], None]) -> None:
        self.address = address
        self.give_up = give_up
        self.size = 0


class Bodies:
    """The budget, and how much of it each request uses."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._growing: dict[str, dict[Held, None]] = {}
        self._of_address: dict[str, int] = {}
        self.size = 0

    @contextmanager
    def held(self, address: str, give_up: Callable[[], None]) -> Iterator[Held]:
        """A place in the budget for one request, returned at the end."""
        one = Held(address, give_up)
        self._growing.setdefault(address, {})[one] = None
        try:
            yield one
        finally:
            self.whole(one)
            self.size -= one.size
            metrics.INGRESS_BODY_BYTES.set(self.size)

    def grow(self, one: Held, size_bytes: int) -> None:
        """A request uses `size_bytes` more. If the budget is used up, other bodies are dropped for it, or it is refused itself."""
        self._add(one, size_bytes)
        while self.size > self._most_bytes:
            loser = self._heaviest()
            if loser is None or loser is one:
                raise Refusal(503, "memory", {"Retry-After": "1"})
            self._forget(loser)
            self.size -= loser.size
            loser.size = 0
            metrics.INGRESS_EVICTED.labels("memory").inc()
            loser.give_up()
        metrics.INGRESS_BODY_BYTES.set(self.size)

    def whole(self, one: Held) -> None:
        """The body of a request has arrived completely: it is kept until the request is answered."""
        self._forget(one)

    def _add(self, one: Held, size_bytes: int) -> None:
        if one not in self._growing.get(one.address, ()):
            raise Refusal(503, "memory", {"Retry-After": "1"})  # it was dropped for another one
        one.size += size_bytes
        self.size += size_bytes
        self._of_address[one.address] = self._of_address.get(one.address, 0) + size_bytes

    def _heaviest(self) -> Held | None:
        """The oldest incomplete body of the address whose incomplete bodies use the most memory."""
        address = max(self._of_address, key=self._of_address.__getitem__, default=None)
        return next((one for one in self._growing[address] if one.size), None) if address is not None else None

    def _forget(self, one: Held) -> None:
        growing = self._growing.get(one.address, {})
        if one not in growing:
            return
        del growing[one]
        rest_bytes = self._of_address.get(one.address, 0) - one.size
        if growing and rest_bytes > 0:
            self._of_address[one.address] = rest_bytes
        else:
            self._of_address.pop(one.address, None)
        if not growing:
            del self._growing[one.address]


async def whole_body(request: web.BaseRequest, most_bytes: int, bodies: Bodies, held: Held) -> bytes:
    """The complete body. A body over the cap is refused: by its announced length before a byte is read, or when it reaches the cap."""
    _require_small(request.content_length or 0, most_bytes)
    _go_on(request)
    chunks: list[bytes] = []
    try:
        while chunk := await request.content.readany():
            chunks.append(chunk)
            bodies.grow(held, len(chunk))
            _require_small(held.size, most_bytes)
    except (web.RequestPayloadError, ConnectionError) as error:
        chunks.clear()  # the stream keeps the error and the error keeps this frame, so only the garbage collector would free the chunks
        raise Refusal(400, "body") from error
    except BaseException:
        chunks.clear()
        raise
    bodies.whole(held)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _require_small(size_bytes: int, most_bytes: int) -> None:
    if size_bytes > most_bytes:
        raise Refusal(413, "too_large")


def _go_on(request: web.BaseRequest) -> None:
    """Answer `Expect: 100-continue`: a sender may wait for this before it sends the body (RFC 9110, 10.1.1)."""
    expected = ",".join(request.headers.getall("Expect", ())).strip().lower()
    if not expected or request.version < (1, 1):
        return
    if expected != "100-continue":
        raise Refusal(417, "expectation")
    if request.transport is not None and not request.content.is_eof():
        request.transport.write(_CONTINUE)
