"""Existing vendors, similar to those of another simulator with the same seed, so that a first match has exact, likely and false pairs.

The companies are those of `runtime/simulator/people.py`. Of each hundred: 60 exact, 14 abbreviated, 10 misspelt, 8 without phone, 8 that only this
side knows. Half carry the code of the other side as short name. One in eight does not concern the field service: inactive, unapproved, an employee,
or of SETID STX01 (which numbers its vendors from 1 again, as another SETID may).
"""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta
from typing import Any

from runtime.simulator.people import Company, abbreviated, companies, drawn, misspelt
from runtime.simulator.records import Change, Row
from systems.peoplesoft.simulator.site import VENDOR, Site

_KINDS = {"exact": 60, "abbreviated": 14, "misspelt": 10, "no_phone": 8, "only_here": 8}
_SPELT_OUT = frozenset({"Circle"})
_ELSEWHERE = 104729  # companies of another seed, which no other system knows
_ODD = ({"VENDOR_STATUS": "I"}, {"VENDOR_STATUS": "E"}, {"VENDOR_CLASS": "E"}, {"SETID": "STX01"})


NEW: Row = {
    "SETID": "SHARE",
    "VENDOR_ID": "",
    "VENDOR_NAME_SHORT": "",
    "NAME1": "",
    "NAME2": "",
    "VENDOR_STATUS": "A",
    "VENDOR_CLASS": "R",
    "DEFAULT_LOC": "MAIN",
    "PYMNT_TERMS_CD": "N30",
    "ADDRESS1": "",
    "ADDRESS2": "",
    "CITY": "",
    "STATE": "",
    "POSTAL": "",
    "COUNTRY": "USA",
    "PHONE": "",
    "EMAILID": "",
}
"""A new vendor with the defaults of its page."""


def plant_vendors(site: Site, count: int) -> None:
    """Plant vendors until there are that many."""
    held = len(site.rows("Truth"))
    draw = random.Random(f"peoplesoft/vendors/{site.seed}")
    strangers = companies(site.seed + _ELSEWHERE, count)
    changes: list[Change] = []
    numbers: dict[str, int] = {}
    for index, company in enumerate(companies(site.seed, count)):
        kind = drawn(draw, _KINDS)
        party = strangers[index] if kind == "only_here" else _varied(draw, company, kind)
        odd = _ODD[index // 8 % len(_ODD)] if index % 8 == 7 else {}
        setid = odd.get("SETID", "SHARE")
        numbers[setid] = numbers.get(setid, 0) + 1
        body = _vendor(party, f"{numbers[setid]:010d}", index) | odd
        body["LAST_MODIFIED_DATE"] = (site.today() - timedelta(days=400 - index)).isoformat()
        key = key_of(body)
        known = {"key": key, "index": None if kind == "only_here" else index, "kind": kind, "name": company.name}
        if index >= held:
            changes += [Change(VENDOR, key, body), Change("Truth", f"{index:06d}", known)]
    site.commit(changes)


def truth(site: Site) -> dict[str, Any]:
    """Which vendor is which company: `index` into companies(seed, n), null for a company that only this site knows."""
    return {"seed": site.seed, "vendors": site.rows("Truth")}


def key_of(body: Row) -> str:
    """SETID/VENDOR_ID."""
    return f"{body['SETID']}/{body['VENDOR_ID']}"


def _varied(draw: random.Random, company: Company, kind: str) -> Company:
    if kind == "abbreviated":
        return abbreviated(company, _SPELT_OUT)
    if kind == "misspelt":
        return misspelt(draw, company)
    return replace(company, phone="") if kind == "no_phone" else company


def _vendor(party: Company, number: str, index: int) -> Row:
    first, second = _two_names(party.name)
    short = party.code if index % 2 else f"{party.name.split()[0].upper()[:9]}-{index + 1:03d}"
    named = {"VENDOR_ID": number, "VENDOR_NAME_SHORT": short.replace("'", ""), "NAME1": first, "NAME2": second}
    place = {"ADDRESS1": party.street, "ADDRESS2": party.unit, "CITY": party.city, "STATE": party.state, "POSTAL": party.zip}
    return NEW | named | place | {"PHONE": party.phone, "EMAILID": party.email}


def _two_names(name: str) -> tuple[str, str]:
    """NAME1 holds 40 characters; a longer name continues in NAME2."""
    if len(name) <= 40:
        return name, ""
    at = name.rindex(" ", 0, 41)
    return name[:at], name[at + 1 :]
