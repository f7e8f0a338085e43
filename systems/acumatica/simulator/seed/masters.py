"""Existing customers and vendors, with the variants that make a first match hard; and the truth about them, for tests.

The people are those of `runtime/simulator/people.py` with the simulator's seed, so that another simulator with that seed knows the same
people. Of each hundred customers: 60 exact, 12 abbreviated, 8 misspelt, 8 without phone, 4 a relative at the same address (a decoy), 4 twice (the
second is a near-duplicate), 4 that only this side knows. Vendors: the same kinds, none twice.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import Any

from runtime.simulator.people import Company, Person, abbreviated, companies, drawn, misspelt, people
from systems.acumatica.simulator.node import Node
from systems.acumatica.simulator.tenant import Tenant

_KINDS = {"exact": 60, "abbreviated": 12, "misspelt": 8, "no_phone": 8, "relative": 4, "duplicate": 4, "only_here": 4}
_ELSEWHERE = 7919  # people of another seed, whom no other system knows


@dataclass(frozen=True)
class _Entry:
    """A record to plant: `index` is the person's place in the list, None for a person whom only this side knows; `kind` is the planned variant."""

    party: Person | Company
    index: int | None
    kind: str


def plant_masters(tenant: Tenant, customers: int, vendors: int) -> dict[str, Any]:
    """Plant records until there are that many; returns the truth about all of them."""
    with tenant.store.transaction():
        for entity, entries in (("Customer", _customers(tenant.seed, customers)), ("Vendor", _vendors(tenant.seed, vendors))):
            held = len(tenant.store.all(f"truth.{entity}"))
            for number, entry in enumerate(entries[held:], held + 1):
                _plant(tenant, entity, number, entry)
    return truth(tenant)


def truth(tenant: Tenant) -> dict[str, Any]:
    """Which record is which person: `index` into people(seed, n) or companies(seed, n), null for a person whom only this tenant knows."""
    return {"seed": tenant.seed, "customers": tenant.store.all("truth.Customer"), "vendors": tenant.store.all("truth.Vendor")}


def _customers(seed: int, count: int) -> list[_Entry]:
    return _entries(random.Random(f"acumatica/customers/{seed}"), people(seed, count), people(seed + _ELSEWHERE, count))


def _vendors(seed: int, count: int) -> list[_Entry]:
    return _entries(random.Random(f"acumatica/vendors/{seed}"), companies(seed, count), companies(seed + _ELSEWHERE, count))


def _entries(draw: random.Random, known: list[Any], strangers: list[Any]) -> list[_Entry]:
    entries: list[_Entry] = []
    for index, party in enumerate(known):
        entries += _variants(draw, party, strangers[index], index, drawn(draw, _KINDS))
    return entries[: len(known)]


def _variants(draw: random.Random, party: Any, stranger: Any, index: int, kind: str) -> list[_Entry]:
    if kind == "only_here":
        return [_Entry(stranger, None, kind)]
    exact = _Entry(party, index, "exact")
    if kind == "duplicate" and isinstance(party, Person):
        return [exact, _Entry(misspelt(draw, abbreviated(party)), index, "duplicate")]
    if kind == "relative" and isinstance(party, Person) and party.kind == "Residential":
        relative = replace(party, name=f"{party.name} Jr", phone="", email=f"jr.{party.email}")
        return [exact, _Entry(relative, None, "relative")]
    if kind == "abbreviated":
        return [_Entry(abbreviated(party), index, kind)]
    if kind == "misspelt":
        return [_Entry(misspelt(draw, party), index, kind)]
    return [_Entry(replace(party, phone=""), index, kind) if kind == "no_phone" else exact]


def _plant(tenant: Tenant, entity: str, number: int, entry: _Entry) -> None:
    party = entry.party
    code = f"{entity[0]}X{number:05d}" if entity == "Customer" else _vendor_code(party, number)
    name = {"Customer": "CustomerName", "Vendor": "VendorName"}[entity]
    values: dict[str, Any] = {
        f"{entity}ID": code,
        name: party.name,
        "Status": "Active",
        "Terms": "30D",
        "LocationName": "Primary Location",
    }
    values |= {"CurrencyID": tenant.settings.currency}
    if entity == "Customer":
        zone = tenant.settings.class_tax_zone
        values |= {"CustomerClass": "DEFAULT", "Email": party.email, "StatementCycleID": "MONTHLY"} | (
            {"TaxZone": zone} if zone else {}
        )
        values["BAccountID"] = tenant.store.next("BAccountID", 7001)
    elif isinstance(party, Company):
        values |= {"VendorClass": "SUPPLIER", "LegalName": party.name, "TaxRegistrationID": party.tax_id, "PaymentMethod": "CHECK"}
    node = Node(values=values)
    node.id = tenant.new_id(entity, *tenant.table(entity).key_of(node))
    node.linked["MainContact"] = _contact(tenant, node.id, party)
    tenant.plant(entity, node)
    known = {"number": code, "id": node.id, "index": entry.index, "kind": entry.kind, "name": party.name}
    tenant.store.put(f"truth.{entity}", f"{number:06d}", known, tenant.clock.now())


def _vendor_code(party: Person | Company, number: int) -> str:
    """Half the vendors carry the code that the other side also knows; the rest have one of the tenant's own codes."""
    return party.code if isinstance(party, Company) and number % 2 else f"VX{number:05d}"


def _contact(tenant: Tenant, owner: str, party: Person | Company) -> Node:
    address = {"AddressLine1": party.street, "City": party.city, "State": party.state, "PostalCode": party.zip, "Country": "US"}
    if party.unit:
        address["AddressLine2"] = party.unit
    values = {"CompanyName": party.name, "Email": party.email}
    if party.phone:
        values |= {"Phone1": party.phone, "Phone1Type": "Business 1"}
    linked = {"Address": Node(id=tenant.new_id("address", owner), values=dict(address))}
    return Node(id=tenant.new_id("contact", owner), values=dict(values), linked=linked)
