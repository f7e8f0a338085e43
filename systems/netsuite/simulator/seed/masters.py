"""Existing customers and vendors, similar to those of another simulator with the same seed; and the truth about them, for tests.

The people are those of `runtime/simulator/people.py`. Of each hundred: 60 exact, 12 abbreviated, 8 misspelt, 8 without phone, 4 a relative at the
same address, 4 twice, 4 that only this side knows (vendors: the same kinds, none twice). Half the vendors carry the other side's code as account
number; one in eight is inactive or belongs to another subsidiary than most.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import Any

from runtime.simulator.people import Company, Person, abbreviated, companies, drawn, misspelt, people
from systems.netsuite.simulator.account import Account, Row

_KINDS = {"exact": 60, "abbreviated": 12, "misspelt": 8, "no_phone": 8, "relative": 4, "duplicate": 4, "only_here": 4}
_ELSEWHERE = 15485863  # people of another seed, whom no other system knows
_ODD: tuple[Row, ...] = ({"isInactive": True}, {"subsidiary": "4", "currency": "2"}, {"subsidiary": "3"})


@dataclass(frozen=True)
class _Entry:
    """A record to plant: `index` is the person's place in the list, None for a person whom only this side knows."""

    party: Person | Company
    index: int | None
    kind: str


def plant_masters(account: Account, customers: int, vendors: int) -> dict[str, Any]:
    """Plant records until there are that many; returns the truth about all of them."""
    with account.store.transaction():
        for kind, known, strangers in (
            ("customer", people(account.seed, customers), people(account.seed + _ELSEWHERE, customers)),
            ("vendor", companies(account.seed, vendors), companies(account.seed + _ELSEWHERE, vendors)),
        ):
            entries = _entries(random.Random(f"netsuite/{kind}/{account.seed}"), list(known), list(strangers))
            held = len(account.store.all(f"truth.{kind}"))
            for number, one in enumerate(entries[held:], held + 1):
                _plant(account, kind, number, one)
    return truth(account)


def truth(account: Account) -> dict[str, Any]:
    """Which record is which person: `index` into people(seed, n) or companies(seed, n), null for a person whom only this account knows."""
    return {"seed": account.seed, "customers": account.store.all("truth.customer"), "vendors": account.store.all("truth.vendor")}


def _entries(draw: random.Random, known: list[Any], strangers: list[Any]) -> list[_Entry]:
    entries: list[_Entry] = []
    for index, party in enumerate(known):
        entries += _variants(draw, party, strangers[index], index)
    return entries[: len(known)]


def _variants(draw: random.Random, party: Any, stranger: Any, index: int) -> list[_Entry]:
    kind, exact = drawn(draw, _KINDS), _Entry(party, index, "exact")
    if kind == "only_here":
        return [_Entry(stranger, None, kind)]
    if kind == "duplicate" and isinstance(party, Person):
        return [exact, _Entry(misspelt(draw, abbreviated(party)), index, kind)]
    if kind == "relative" and isinstance(party, Person) and party.kind == "Residential":
        return [exact, _Entry(replace(party, name=f"{party.name} Jr", phone="", email=f"jr.{party.email}"), None, kind)]
    if kind == "abbreviated":
        return [_Entry(abbreviated(party), index, kind)]
    if kind == "misspelt":
        return [_Entry(misspelt(draw, party), index, kind)]
    return [_Entry(replace(party, phone=""), index, kind) if kind == "no_phone" else exact]


def _plant(account: Account, kind: str, number: int, entry: _Entry) -> None:
    party = entry.party
    row: Row = {
        "_kind": kind,
        "id": account.new_id(kind),
        "isInactive": False,
        "subsidiary": "2",
        "currency": "1",
        "email": party.email,
    }
    row |= _person(account, party) if isinstance(party, Person) else _company(account, party, number)
    if party.phone:
        row["phone"] = party.phone
    if number % 8 == 0 and kind == "vendor":
        row |= _ODD[number // 8 % len(_ODD)]
    row["addressBook"] = [_address(party)]
    account.plant(row)
    known = {"id": row["id"], "entityId": row["entityId"], "index": entry.index, "kind": entry.kind, "name": party.name}
    account.store.put(f"truth.{kind}", f"{number:06d}", known, account.now())


def _person(account: Account, party: Person) -> Row:
    number = f"CUST{account.number('customer', 5)}"
    if party.kind == "Commercial":
        return {"isPerson": False, "companyName": party.name, "entityId": number, "taxable": False, "terms": "3"}
    first, _, last = party.name.partition(" ")
    return {"isPerson": True, "firstName": first, "lastName": last or first, "entityId": number, "taxable": False}


def _company(account: Account, party: Company, number: int) -> Row:
    name = party.name
    while account.found("vendor", "entityId", name) is not None:
        name = f"{name} ({number})"
    row: Row = {"isPerson": False, "companyName": party.name, "legalName": party.name, "entityId": name, "terms": "3"}
    return row | {"taxIdNum": party.tax_id, "is1099Eligible": False} | ({"accountNumber": party.code} if number % 2 else {})


def _address(party: Person | Company) -> Row:
    town = f"{party.city} {party.state} {party.zip}"
    where = {
        "addressee": party.name,
        "addr1": party.street,
        "city": party.city,
        "state": party.state,
        "zip": party.zip,
        "country": "US",
    }
    if party.unit:
        where["addr2"] = party.unit
    where["addrText"] = "\n".join(filter(None, (party.name, party.street, party.unit, town)))
    return {
        "id": "1",
        "addressId": "1",
        "label": party.street,
        "defaultBilling": True,
        "defaultShipping": True,
        "addressBookAddress": where,
    }
