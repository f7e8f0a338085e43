"""A step sends one request that changes something, and never a second one. This is enforced at the transport, whatever a client repeats.

The system declares what counts as a write (some write by GET). A second write within a step is not sent and raises `Unanswered`: the first
one may have been carried out, so the step has to be looked up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from runtime.exchange import Request, Response, Transport, Unanswered
from runtime.log import log


@dataclass
class _Step:
    is_written: bool = False


_STEP: ContextVar[_Step | None] = ContextVar("step", default=None)


@contextmanager
def step() -> Iterator[None]:
    """Whatever is sent inside this context, also by tasks that are started in it, belongs to one step."""
    token = _STEP.set(_Step())
    try:
        yield
    finally:
        _STEP.reset(token)


class OneWrite:
    """A transport that keeps back the second write of a step. What belongs to no step (a sign-in, a look-up) passes."""

    def __init__(self, inner: Transport, is_write: Callable[[Request], bool]) -> None:
        self._inner = inner
        self._is_write = is_write

    async def send(self, request: Request, timeout_s: float) -> Response:
        """See `Transport`."""
        within = _STEP.get()
        if within is not None and self._is_write(request):
            if within.is_written:
                log.error("second_write_kept_back", method=request.method, url=request.url.partition("?")[0])
                raise Unanswered(
                    f"{request.method}: a second write within one step is not sent; what became of the first is looked up"
                )
            within.is_written = True
        return await self._inner.send(request, timeout_s)

    async def close(self) -> None:
        """See `Transport`."""
        await self._inner.close()
