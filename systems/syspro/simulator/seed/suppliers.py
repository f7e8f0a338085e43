"""Existing suppliers, similar to those of another simulator with the same seed; and the truth about them, for tests.

The companies are those of `runtime/simulator/people.py`. Of each hundred: 60 exact, 14 abbreviated, 10 misspelt, 8 without phone, 8 that only this
side knows. Half carry the other side's code as their own, the others a number that is padded with zeros. One in eight does not concern the field
service: on hold, not allowed on purchase orders, in another currency, or with invoices that need goods received notes.
"""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta
from typing import Any

from runtime.simulator.people import Company as Party
from runtime.simulator.people import abbreviated, companies, drawn, misspelt
from runtime.simulator.records import Change, Row
from systems.syspro.simulator.company import TRUTH, Company, change, new_row
from systems.syspro.simulator.seed.books import BRANCHES

_KINDS = {"exact": 60, "abbreviated": 14, "misspelt": 10, "no_phone": 8, "only_here": 8}
_ELSEWHERE = 86028121  # companies of another seed, which no other system knows
CLEARING = "0000001"
"""The supplier that is owed costs of unknown origin; it exists in addition to the requested ones."""
_ODD: tuple[Row, ...] = ({"OnHold": "Y"}, {"PurchOrdAllowed": "N"}, {"Currency": "CAD"}, {"GrnMatchReqd": "Y"})


def plant_suppliers(company: Company, count: int) -> dict[str, Any]:
    """Plant suppliers until there are that many; returns the truth about all of them."""
    held = len(company.rows(TRUTH))
    draw = random.Random(f"syspro/suppliers/{company.seed}")
    strangers = companies(company.seed + _ELSEWHERE, count)
    changes: list[Change] = []
    for index, party in enumerate(companies(company.seed, count)):
        kind = drawn(draw, _KINDS)
        shown = strangers[index] if kind == "only_here" else _varied(draw, party, kind)
        if index < held:
            continue
        code = party.code if index % 2 and kind != "only_here" else f"{(index + 1) * 10:0{company.settings.supplier_length}d}"
        row = _supplier(company, shown, code, index)
        place = _address(shown, code)
        known = {"id": code, "index": None if kind == "only_here" else index, "kind": kind, "name": shown.name}
        changes += [change("ApSupplier", row, ""), change("ApSupplierAddr", place, ""), Change(TRUTH, f"{index:06d}", known)]
    if count and company.row("ApSupplier", CLEARING) is None:
        changes += _clearing(company)
    company.commit(changes)
    return truth(company)


def _clearing(company: Company) -> list[Change]:
    party = replace(
        companies(company.seed + _ELSEWHERE, 1)[0], name="Field clearing", tax_id="", phone="", email="", street="", unit=""
    )
    row = _supplier(company, party, CLEARING, 0)
    return [change("ApSupplier", row, ""), change("ApSupplierAddr", _address(party, CLEARING), "")]


def truth(company: Company) -> dict[str, Any]:
    """Which supplier is which company: `index` into companies(seed, n), null for a company that only this site knows."""
    return {"seed": company.seed, "suppliers": company.rows(TRUTH)}


def _varied(draw: random.Random, party: Party, kind: str) -> Party:
    if kind == "abbreviated":
        return abbreviated(party)
    if kind == "misspelt":
        return misspelt(draw, party)
    return replace(party, phone="") if kind == "no_phone" else party


def _supplier(company: Company, party: Party, code: str, index: int) -> Row:
    odd = _ODD[index // 8 % len(_ODD)] if index % 8 == 7 else {}
    row = new_row(
        "ApSupplier",
        Supplier=code,
        SupplierName=party.name[:50],
        SupShortName=party.name[:20].strip(),
        SupplierType="T",
        Bank="1",
        Branch=BRANCHES[index % len(BRANCHES)][0],
        Telephone=party.phone,
        Email=party.email,
        Currency="USD",
        CurrentBalance="0.00",
        TermsCode="30",
        GrnMatchReqd="N",
        MerchGlCode="5000-00",
        FreightGlCode="5400-00",
        TaxRegnNum=party.tax_id,
        DateSuppAdded=(company.today() - timedelta(days=400 - index % 300)).isoformat(),
        OnHold="N",
        PurchOrdAllowed="Y",
        Nationality="USA",
    )
    return row | odd


def _address(party: Party, code: str) -> Row:
    return new_row(
        "ApSupplierAddr",
        Supplier=code,
        SupAddr1=party.street,
        SupAddr2=party.unit,
        SupAddr3=party.city,
        SupAddr4=party.state,
        SupPostalCode=party.zip,
        RemitName=party.name[:50],
        RemitAddr1=party.street,
        RemitAddr3=party.city,
        RemitAddr4=party.state,
        RemitPostalCode=party.zip,
    )
