"""Whose request it is, and whether that address sends too many."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection

from aiohttp.web import BaseRequest

_REMEMBERED = 10_000


def address_of(request: BaseRequest, trusted: Collection[str]) -> str:
    """The sender's address: the connection's, or behind trusted proxies the last one of X-Forwarded-For that is none of them."""
    peer = request.remote or ""
    if peer not in trusted:
        return peer
    for hop in reversed(",".join(request.headers.getall("X-Forwarded-For", ())).split(",")):
        if hop.strip() and hop.strip() not in trusted:
            return hop.strip()[:64]
    return peer


class Rates:
    """A bucket per address: `per_s` requests a second, a second's worth at once. The least recent addresses are forgotten."""

    def __init__(self, per_s: float, monotonic: Callable[[], float]) -> None:
        self._per_s = per_s
        self._size = max(1.0, per_s)
        self._monotonic = monotonic
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def allows(self, address: str) -> bool:
        """Whether one more request may come from there now; counts it if so."""
        now = self._monotonic()
        tokens, at = self._buckets.pop(address, (self._size, now))
        tokens = min(self._size, tokens + (now - at) * self._per_s)
        allowed = tokens >= 1
        self._buckets[address] = (tokens - 1 if allowed else tokens, now)
        if len(self._buckets) > _REMEMBERED:
            self._buckets.popitem(last=False)
        return allowed
