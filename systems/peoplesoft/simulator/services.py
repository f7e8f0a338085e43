"""The service operations of the site: the service of each, its messages, its alias at the gateway, and whether it is switched on.

Sources: PeopleBooks (CI-based services `CI_{CI}` with operations `_C` `_G` `_F`; Active, routing and handler of an operation); clients of
CI services (messages `M` + digits that differ per environment, SOAPAction = alias `{OPERATION}.V1`). Catalogue columns: assumed.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Protocol

from runtime.simulator.records import Change
from runtime.simulator.switches import names
from systems.peoplesoft.simulator.definitions import JOURNAL, METHODS, VOUCHER, Interface
from systems.peoplesoft.simulator.settings import Settings
from systems.peoplesoft.simulator.site import Site

BUILD = "VOUCHER_BUILD"
QUERY = "QAS_EXECUTEQRY_REST_GET"
PARTS = ("VERSION_STATUS", "ROUTING_STATUS", "HANDLER_STATUS")
_SCHEMAS = "http://xmlns.oracle.com/Enterprise/Tools/schemas"


class Named(Protocol):
    """The basis of a site's names: its seed and its switches."""

    seed: int
    settings: Settings


@dataclass
class Naming:
    """The names of a site without the site: enough to generate its WSDLs."""

    seed: int
    settings: Settings


@dataclass(frozen=True)
class Operation:
    """A synchronous operation of a Component Interface; `letter` C, G or F."""

    interface: str
    definition: Interface
    letter: str

    @property
    def name(self) -> str:
        """The service operation: `CI_ML_JOURNAL_CI_C`."""
        return f"CI_{self.interface}_{self.letter}"

    @property
    def method(self) -> str:
        """Create, Get or Find."""
        return METHODS[self.letter]

    @property
    def element(self) -> str:
        """The root of its request: `Create__CompIntfc__ML_JOURNAL_CI`."""
        return f"{self.method}__CompIntfc__{self.interface}"


def interfaces(site: Named) -> dict[str, Interface]:
    """The Component Interfaces by the names that this site gave them."""
    return {site.settings.journal_interface: JOURNAL, site.settings.voucher_interface: VOUCHER}


def operations(site: Named, interface: str) -> tuple[Operation, ...]:
    """The operations of one interface."""
    return tuple(Operation(interface, interfaces(site)[interface], letter) for letter in METHODS)


def provided(site: Named) -> list[str]:
    """The interfaces whose service the site has published."""
    missing = names(site.settings.missing_services)
    return [name for name in interfaces(site) if name not in missing and f"CI_{name}" not in missing]


def message(site: Named, operation: Operation, side: str) -> str:
    """The message of a side (`request` or `response`): `M558814.V1`, different at each site."""
    parts = (str(site.seed), operation.name, side, str(site.settings.wsdl_revision))
    return f"M{100_000 + int.from_bytes(hashlib.blake2b('/'.join(parts).encode(), digest_size=8).digest()) % 900_000}.V1"


def namespace(message_name: str) -> str:
    """The namespace of a message's elements."""
    return f"{_SCHEMAS}/{message_name}"


def alias(site: Named, operation: Operation) -> str:
    """The external alias of its routing, which SOAPAction has to contain."""
    if site.settings.method_alias:
        return f"{operation.method.upper()}_{operation.interface}.V1"
    return f"{operation.name}.V1"


def by_action(site: Named, action: str) -> Operation | None:
    """The operation of an alias."""
    for interface in provided(site):
        for operation in operations(site, interface):
            if alias(site, operation) == action:
                return operation
    return None


def service_of(name: str) -> str:
    """The service that an operation belongs to."""
    return name.rsplit("_", 1)[0] if name.startswith("CI_") else name


def plant_operations(site: Site, user: str) -> None:
    """Activate and grant every operation, if the site has none yet."""
    if site.rows("Operation"):
        return
    found = [operation.name for interface in interfaces(site) for operation in operations(site, interface)]
    changes = [Change("Operation", name, _catalogued(name)) for name in (*found, BUILD, QUERY)]
    changes += [Change("Permission", f"{user}/{name}", _granted(user, name, "OPERATION")) for name in (*found, BUILD, QUERY)]
    changes += [Change("Permission", f"{user}/{name}", _granted(user, name, "CI")) for name in interfaces(site)]
    site.commit(changes)


def _catalogued(name: str) -> dict[str, str]:
    return {"IB_OPERATIONNAME": name, "IB_SERVICENAME": service_of(name), **dict.fromkeys(PARTS, "A")}


def _granted(user: str, name: str, kind: str) -> dict[str, str]:
    return {"OPRID": user, "OBJECT_NAME": name, "OBJECT_KIND": kind, "AUTHORIZED": "Y"}


def inactive_part(site: Site, name: str) -> str:
    """Which part of an operation is switched off: `VERSION_STATUS`, `ROUTING_STATUS`, `HANDLER_STATUS`, or ""."""
    held = site.get("Operation", name) or {}
    return next((part for part in PARTS if held.get(part) != "A"), "")


def is_granted(site: Site, user: str, name: str) -> bool:
    """Whether the user's permission lists name the operation or the interface's methods."""
    held = site.get("Permission", f"{user}/{name}")
    return held is not None and held["AUTHORIZED"] == "Y"
