"""Bodies that were stored a moment ago: a webhook that its sender, or anybody who copied it, sends again is stored once.

A signature over the body alone never expires, so a copy of a request can be sent a thousand times. The digests of what was verified and
stored are remembered per connection, for some time and up to a number. Forgetting one costs one more raw record, which is one more hint.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from runtime import metrics
from services.ingress.produce import NotStored

_MOST = 50_000


class Replays:
    """Each digest is remembered for `for_s` real seconds; 0 means never. A digest takes about 200 bytes; at most `most` are kept."""

    def __init__(self, for_s: float, monotonic: Callable[[], float], most: int = _MOST) -> None:
        self._for_s = for_s
        self._monotonic = monotonic
        self._most = most
        self._stored: OrderedDict[bytes, float] = OrderedDict()
        self._storing: dict[bytes, asyncio.Future[None]] = {}

    async def once(self, digest: bytes, store: Callable[[], Awaitable[None]]) -> None:
        """Return when the body with this digest is stored: now, by another request that is storing it, or a moment ago."""
        if self._is_stored(digest):
            metrics.INGRESS_REPLAYS.inc()
            return
        other = self._storing.get(digest)
        if other is not None:
            await asyncio.shield(other)
            metrics.INGRESS_REPLAYS.inc()
            return
        await self._store(digest, store)

    async def _store(self, digest: bytes, store: Callable[[], Awaitable[None]]) -> None:
        done = asyncio.get_running_loop().create_future()
        if self._for_s > 0:
            self._storing[digest] = done
        try:
            await store()
        except BaseException as error:
            done.set_exception(error if isinstance(error, Exception) else NotStored("given up before it was stored"))
            done.exception()  # raised to the requests that wait for it; there may be none
            raise
        else:
            done.set_result(None)
            self._remember(digest)
        finally:
            self._storing.pop(digest, None)

    def _is_stored(self, digest: bytes) -> bool:
        at = self._stored.get(digest)
        return at is not None and self._monotonic() - at < self._for_s

    def _remember(self, digest: bytes) -> None:
        if self._for_s <= 0:
            return
        self._stored.pop(digest, None)
        self._stored[digest] = self._monotonic()
        if len(self._stored) > self._most:
            self._stored.popitem(last=False)
