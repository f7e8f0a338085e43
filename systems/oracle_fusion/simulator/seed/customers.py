"""Existing customer accounts with their bill-to sites; the people are those of `runtime/simulator/people.py`.

One in seven has a second site, so that an invoice has to name one; one in sixteen is inactive.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from runtime.simulator.people import Person, people
from runtime.simulator.records import Change, Row
from systems.oracle_fusion.simulator.pod import TRUTH, Pod, wire_time
from systems.oracle_fusion.simulator.seed.suppliers import blank, stamped
from systems.oracle_fusion.simulator.seed.variants import ELSEWHERE, variants

KIND, OF = "receivablesCustomerAccountSiteActivities", "customers"
_FIRST_ACCOUNT, _FIRST_SITE, _SECOND_SITE = 1001, 30001, 50001


def plant_customers(pod: Pod, count: int) -> None:
    """Plant customer accounts until there are that many."""
    held = {row["number"] for row in pod.rows(TRUTH) if row["of"] == OF}
    known, strangers = people(pod.seed, count), people(pod.seed + ELSEWHERE, count)
    changes: list[Change] = []
    for index, (kind, person) in enumerate(variants(f"pod/customers/{pod.seed}", known, strangers)):
        if index in held:
            continue
        sites = account(pod, person, index)
        changes += [Change(KIND, str(site["BillToSiteUseId"]), site) for site in sites]
        told = {"of": OF, "number": index, "kind": kind, "name": person.name, "index": None if kind == "only_here" else index}
        told |= {"id": sites[0]["AccountNumber"], "site": sites[0]["BillToSiteNumber"]}
        changes.append(Change(TRUTH, f"{OF}/{index:06d}", told))
    pod.commit(changes)


def account(pod: Pod, person: Person, index: int) -> list[Row]:
    """The sites of an account."""
    shared = {
        "AccountNumber": str(_FIRST_ACCOUNT + index),
        "AccountId": pod.new_id(),
        "CustomerName": person.name,
        "CustomerId": pod.new_id(),
        "_active": index % 16 != 15,
        "_phone": person.phone,
        "_email": person.email,
    }
    sites = [_site(pod, person, str(_FIRST_SITE + index)) | shared]
    if index % 7 == 6:
        other = replace(person, street=f"{100 + index} Second Street", unit="")
        sites.append(_site(pod, other, str(_SECOND_SITE + index)) | shared)
    return sites


def _site(pod: Pod, person: Person, number: str) -> Row:
    street = ", ".join(part for part in (person.street, person.unit) if part)
    return (
        blank(KIND)
        | {
            "BillToSiteUseId": pod.new_id(),
            "BillToSiteNumber": number,
            "BillToSiteAddress": f"{street}, {person.city}, {person.state} {person.zip}, US",
        }
        | stamped(wire_time(pod.clock.now() - timedelta(days=300)))
    )
