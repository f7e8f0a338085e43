"""The network of a side as its sessions use it: which hosts they may call, how servers are verified, and which proxy they go through.

Certificates and the proxy's password come from the connection's credentials (purpose `<system>.network`), where `apply` stores them.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from runtime import tls
from runtime.errors import Broken
from runtime.reach import Proxy, Reach
from systems.connection import Side
from systems.network import hosts_of


def network_purpose(system: str) -> str:
    """The purpose of the encrypted part of a system's network settings: `<system>.network`."""
    return f"{system}.network"


@dataclass(frozen=True)
class Ways:
    """What a transport is opened with."""

    reach: Reach
    context: ssl.SSLContext
    proxy: Proxy | None


def origins_of(side: Side) -> dict[str, Any]:
    """What a side's credentials may be used for: its hosts with ports, and its network settings as written."""
    return {"hosts": sorted(hosts_of(side.own())), "network": side.network.model_dump(mode="json")}


def reach_of(side: Side, loopback: bool) -> Reach:
    """Which hosts sessions with this side may call. `loopback` is for profile demo."""
    return Reach(loopback, hosts_of(side.own()), side.network.grants)


def ways(side: Side, sealed: Mapping[str, Any], loopback: bool) -> Ways:
    """How this side is reached. Raises `Broken` naming the field whose content is unfit."""
    material = tls.Material(sealed.get("ca_file", ""), sealed.get("client_certificate", ""), sealed.get("client_key", ""))
    try:
        context = tls.context(material)
    except Broken as error:
        raise Broken(f"{side.system}: network.{error}") from error
    proxy = Proxy(side.network.proxy, sealed.get("proxy_user", ""), sealed.get("proxy_password", ""))
    return Ways(reach_of(side, loopback), context, proxy if side.network.proxy else None)
