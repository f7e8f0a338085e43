"""Which address sent a request, and whether that address sends too many."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from aiohttp.web import BaseRequest

_REMEMBERED = 10_000
_MOST_HOPS = 50

Address = IPv4Address | IPv6Address
Networks = Sequence[IPv4Network | IPv6Network]


def address_of(request: BaseRequest, trusted: Networks) -> str:
    """The sender: the address of the connection, or behind trusted proxies the last address of X-Forwarded-For that is not one of theirs.

    If the header holds something that is not an address, the proxy counts as the sender.
    """
    peer = request.remote or ""
    address = _parsed(peer)
    if address is None or not _is_in(address, trusted):
        return sender(peer)
    hops = ",".join(request.headers.getall("X-Forwarded-For", ())).split(",")[-_MOST_HOPS:]
    for hop in reversed(hops):
        found = _parsed(_without_port(hop.strip()))
        if found is None:
            return sender(peer)
        if not _is_in(found, trusted):
            return _sender(found)
    return sender(peer)


def sender(peer: str) -> str:
    """Whom an address stands for: itself, or its /64 if it is IPv6, because whoever has one address of a /64 has all of them."""
    address = _parsed(peer)
    return peer[:64] if address is None else _sender(address)


def is_trusted(peer: str, trusted: Networks) -> bool:
    """Whether a connection comes from a trusted proxy."""
    address = _parsed(peer)
    return address is not None and _is_in(address, trusted)


def _sender(address: Address) -> str:
    return str(address) if address.version == 4 else str(IPv6Network((int(address) >> 64 << 64, 64)))


def _parsed(text: str) -> Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _without_port(text: str) -> str:
    """The address in `1.2.3.4:5678`, `[::1]:443` and `[::1]`, as some proxies write it."""
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text


def _is_in(address: Address, networks: Networks) -> bool:
    return any(address.version == network.version and address in network for network in networks)


class Rates:
    """A token bucket per address: `per_s` requests a second, at most one second's worth at once. The least recently used addresses are
    forgotten."""

    def __init__(self, per_s: float, monotonic: Callable[[], float]) -> None:
        self._per_s = per_s
        self._size = max(1.0, per_s)
        self._monotonic = monotonic
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def allows(self, address: str) -> bool:
        """Whether one more request may come from there now. If so, it is counted."""
        now = self._monotonic()
        tokens, at = self._buckets.pop(address, (self._size, now))
        tokens = min(self._size, tokens + (now - at) * self._per_s)
        allowed = tokens >= 1
        self._buckets[address] = (tokens - 1 if allowed else tokens, now)
        if len(self._buckets) > _REMEMBERED:
            self._buckets.popitem(last=False)
        return allowed
