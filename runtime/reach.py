"""Which hosts one side's session may call: those that its settings name, at addresses that are public or granted. A refusal says what to
do.

What the settings alone show is refused as `Broken` before anything is resolved. A name is resolved once for a connection, every address of
the answer is judged, and the connection is made to these same addresses. A name that resolves differently a moment later changes nothing. A
proxy resolves the names itself. Then the proxy's own address is judged, and of the target only host and port as they are written.
"""

from __future__ import annotations

import asyncio
import base64
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from runtime import redaction
from runtime.addresses import HTTPS_PORT, Address, Grant, is_loopback, may_be_called, written_as_number
from runtime.errors import Broken
from runtime.exchange import NotSent

Lookup = Callable[[str, int], Awaitable[Sequence[str]]]
_GRANT = "Grant it under network.private_addresses as CIDR:port."


async def ask_the_system(host: str, port: int) -> Sequence[str]:
    """The addresses of a name, as the operating system resolves it. Raises OSError if there are none."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    return [str(entry[4][0]) for entry in found]


@dataclass(frozen=True)
class Proxy:
    """An HTTP proxy for https by CONNECT."""

    url: str
    user: str = ""
    password: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        """From now on no message shows the password, neither in plain text nor as a header carries it."""
        redaction.know_value(self.password, *[value.partition(" ")[2] for value in self.headers().values()])

    def headers(self) -> dict[str, str]:
        """The headers of CONNECT. The server never sees them."""
        if not self.user:
            return {}
        both = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        return {"Proxy-Authorization": f"Basic {both}"}


@dataclass(frozen=True)
class Reach:
    """What may be called: `hosts` ("host:port", None = any), public addresses at 443, granted ones, and with `loopback` this machine, too."""

    loopback: bool = False
    hosts: frozenset[str] | None = None
    grants: tuple[Grant, ...] = ()

    def require(self, url: URL) -> None:
        """Raise `Broken` if the settings do not allow `url`, whatever its name may resolve to."""
        host, port = self._require_spelling(url)
        if self.hosts is not None and f"{host}:{port}" not in self.hosts:
            raise Broken(f"{_host_of(url)} is not an address of this system's settings.", f"They name: {_listed(self.hosts)}.")
        if url.scheme == "http" and not (self.loopback and _is_this_machine(host)):
            raise Broken(f"{_host_of(url)} is refused.", "Use https; http is for loopback in profile demo.")
        self._require_host(url, host, port)

    def require_proxy(self, url: URL, proxy: Proxy) -> None:
        """Raise `Broken` if `url` must not be called through this proxy, or if the proxy itself must not be called."""
        if url.scheme != "https":
            raise Broken(f"{_host_of(url)} through a proxy is refused.", "Use https; plain http is not sent through a proxy.")
        through = URL(proxy.url, encoded=True)
        if through.scheme != "http" or through.path not in ("", "/") or through.raw_query_string:
            raise Broken(f"proxy {proxy.url} is refused.", "Write http://host:port; the connection inside it is https.")
        host, port = self._require_spelling(through)
        self._require_host(through, host, port)

    def _require_spelling(self, url: URL) -> tuple[str, int]:
        if url.scheme not in ("http", "https") or not url.raw_host or url.port is None:
            raise Broken(f"{url.scheme or 'an address without scheme'}: is refused.", "Use https://host.")
        if url.raw_user is not None or url.raw_password is not None:
            raise Broken(f"{url.raw_host}: an address must not carry a user or password.", "Put them into credentials.")
        if url.raw_fragment:
            raise Broken(f"{url.raw_host}: an address must not carry a fragment (#).", "Remove it.")
        if not url.raw_host.isascii():
            raise Broken(
                f"{url.raw_host}: has letters beyond ASCII, which may look like others.", "Write its ASCII form (xn--...)."
            )
        return url.raw_host.lower().removesuffix("."), url.port

    def _require_host(self, url: URL, host: str, port: int) -> None:
        numbers = written_as_number(host)
        if ":" in host and not numbers:
            raise Broken(f"{_host_of(url)}: is not an address.", "Use a host name.")
        if numbers:
            if refusal := self.refusal(host, port, numbers):
                raise Broken(*refusal)
        elif not self.loopback and port != HTTPS_PORT and all(grant.port != port for grant in self.grants):
            raise Broken(f"{_host_of(url)}: port {port} is granted for no network.", _GRANT)

    def refusal(self, host: str, port: int, found: Sequence[Address]) -> tuple[str, str] | None:
        """Why the addresses that a name resolves to must not be called, and what to do; None if all of them may be."""
        if not found:
            return f"{host} has no address.", "Correct the name, or the resolver of this machine."
        for address in found:
            if self.loopback and is_loopback(address):
                continue
            if not may_be_called(address, port, self.grants):
                shown = f"{address}" if str(address) == host else f"{host} is {address}, which"
                return f"{shown} at port {port} is neither public https nor granted.", _GRANT
        return None

    async def prove(self, text: str, proxy: Proxy | None = None, lookup: Lookup = ask_the_system) -> str:
        """Why `text` cannot be called from here, in one line with what to do; "" if it can. Resolves names, connects to nothing."""
        try:
            url = URL(text, encoded=True)
            self.require(url)
            if proxy is not None:
                self.require_proxy(url, proxy)
                url = URL(proxy.url, encoded=True)
            await CheckedResolver(self, lookup).resolve(url.raw_host or "", url.port or HTTPS_PORT)
        except (Broken, NotSent) as error:
            return str(error)
        except ValueError as error:
            return f"{text!r} is not an address: {error}."
        except OSError as error:
            return f"{url.raw_host} cannot be resolved ({error.strerror or error}). Correct the name, or this machine's resolver."
        return ""


class CheckedResolver(AbstractResolver):
    """Gives the client the addresses of a name after judging each of them. If one may not be called, all are refused."""

    def __init__(self, reach: Reach, lookup: Lookup) -> None:
        self._reach = reach
        self._lookup = lookup

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC) -> list[ResolveResult]:
        """See aiohttp's `AbstractResolver`. Raises `NotSent` with the address and what to do, OSError for an unknown name."""
        found = [ipaddress.ip_address(text) for text in await self._lookup(host, port)]
        if refusal := self._reach.refusal(host, port, found):
            raise NotSent(" ".join(refusal))
        wanted = [one for one in found if family in (socket.AF_UNSPEC, _family(one))]
        return [_result(host, port, address) for address in wanted]

    async def close(self) -> None:
        """Nothing is kept open."""


def _result(host: str, port: int, address: Address) -> ResolveResult:
    return ResolveResult(
        hostname=host,
        host=str(address),
        port=port,
        family=_family(address),
        proto=0,
        flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
    )


def _family(address: Address) -> socket.AddressFamily:
    return socket.AF_INET if address.version == 4 else socket.AF_INET6


def host_and_port(text: str) -> str:
    """`host:port` of an address, as in `Reach.hosts`."""
    url = URL(text, encoded=True)
    return f"{(url.raw_host or '').lower().removesuffix('.')}:{url.port}"


def _is_this_machine(host: str) -> bool:
    numbers = written_as_number(host)
    return host == "localhost" or (bool(numbers) and all(map(is_loopback, numbers)))


def _host_of(url: URL) -> str:
    return f"{url.scheme}://{url.raw_host}:{url.port}"


def _listed(hosts: frozenset[str]) -> str:
    return ", ".join(sorted(hosts)) or "none"
