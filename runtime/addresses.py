"""Which network addresses may be called: public ones at the https port, and those that an operator granted by network and port. No I/O.

An address is judged by where it leads, not by how it is written. An IPv4 address inside an IPv6 one (mapped, NAT64, 6to4, Teredo, ISATAP)
is extracted first, because `ipaddress` calls 2002:7f00:1:: global although it leads to 127.0.0.1 (measured with Python 3.11.7).
"""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

HTTPS_PORT = 443

Address = IPv4Address | IPv6Address
AnyNetwork = IPv4Network | IPv6Network

_PRIVATE = tuple(map(ipaddress.ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")))
_UNICAST = ipaddress.IPv6Network("2000::/3")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_COMPATIBLE = ipaddress.IPv6Network("::/96")
_ISATAP = (0x0000_5EFE, 0x0200_5EFE)
_SPECIAL = tuple(
    map(
        ipaddress.ip_network,
        (
            # IANA IPv4 Special-Purpose Address Registry (read 2026-11), including the entries that it calls globally reachable: none is an
            # ordinary host
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.31.196.0/24",
            "192.52.193.0/24",
            "192.88.99.0/24",
            "192.168.0.0/16",
            "192.175.48.0/24",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/4",
            "240.0.0.0/4",
            # IANA IPv6 Special-Purpose Address Registry, the part inside global unicast (2000::/3); everything outside of that is refused
            "2001::/23",
            "2001:db8::/32",
            "2002::/16",
            "2620:4f:8000::/48",
            "3fff::/20",
        ),
    )
)
"""Addresses that are not ordinary hosts of the internet according to the registries. `ipaddress` knows the registries only as of its own
release (Python 3.11.7 calls 192.0.0.9 and 192.88.99.1 global). 6to4 and Teredo are judged by the IPv4 addresses inside them, see
`meanings`."""


@dataclass(frozen=True)
class Grant:
    """A network and the port that may be called in it, as an operator granted it to the system of one connection."""

    network: AnyNetwork
    port: int

    @classmethod
    def parse(cls, text: str) -> Grant:
        """A grant written `CIDR:port`. Raises ValueError if it is not a network, or one that may never be granted."""
        cidr, _, port = text.strip().rpartition(":")
        if not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
            raise ValueError(f"{text!r} names no port; example: 10.20.0.0/16:8443")
        network = ipaddress.ip_network(cidr.removeprefix("[").removesuffix("]"))
        if not _may_be_granted(network):
            raise ValueError(f"{text!r} cannot be granted: only private networks, or public ones at another port, can")
        return cls(network, int(port))

    def covers(self, address: Address, port: int) -> bool:
        """Whether this address and port are granted."""
        return port == self.port and address.version == self.network.version and address in self.network

    def __str__(self) -> str:
        return f"{self.network}:{self.port}"


def _may_be_granted(network: AnyNetwork) -> bool:
    if any(network.version == one.version and network.subnet_of(one) for one in _PRIVATE):  # type: ignore[arg-type]  # same version
        return True
    # a network whose first and last address are public can still contain private ones, but none as small as this does
    narrow = network.prefixlen >= (16 if network.version == 4 else 32)
    return narrow and is_public(network[0]) and is_public(network[-1])


def meanings(address: Address) -> tuple[Address, ...]:
    """The addresses at which a packet to this one may end: itself, or the IPv4 addresses inside it."""
    if isinstance(address, IPv4Address):
        return (address,)
    if address.ipv4_mapped is not None:
        return (address.ipv4_mapped,)
    if address.sixtofour is not None:
        return (address.sixtofour,)
    if address.teredo is not None:
        return address.teredo
    last = IPv4Address(int(address) & 0xFFFF_FFFF)
    if address in _NAT64 or (address in _COMPATIBLE and int(address) > 1):
        return (last,)
    if (int(address) >> 32) & 0xFFFF_FFFF in _ISATAP:
        return (address, last)
    return (address,)


def is_public(address: Address) -> bool:
    """Whether every meaning of the address is an ordinary host of the internet."""
    return all(_is_public(one) for one in meanings(address))


def _is_public(address: Address) -> bool:
    if isinstance(address, IPv6Address) and (address not in _UNICAST or address.scope_id):
        return False
    if any(address.version == one.version and address in one for one in _SPECIAL):
        return False
    return address.is_global and not address.is_multicast


def is_loopback(address: Address) -> bool:
    """Whether every meaning of the address is this machine."""
    return all(one.is_loopback for one in meanings(address))


def may_be_called(address: Address, port: int, grants: tuple[Grant, ...]) -> bool:
    """Whether each meaning of the address is public and the port is https, or is granted with that port."""
    return all(
        (port == HTTPS_PORT and _is_public(one)) or any(grant.covers(one, port) for grant in grants) for one in meanings(address)
    )


def written_as_number(host: str) -> tuple[Address, ...]:
    """What the operating system makes of a host that is written as a number in any way (127.1, 0x7f000001, 2130706433); () for a name."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        return ()
    return tuple(ipaddress.ip_address(entry[4][0]) for entry in found)
