"""Customers and vendors from `runtime/simulator/people.py`: another simulator with the same seed knows some of the same ones.

Every third vendor carries the code from the other system, as external data of the app and in the memo. The rest have none, because a vendor of
ServiceTitan has no number.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from runtime.simulator.people import Company, Person, people
from systems.servicetitan.simulator.books.customers import create_customer
from systems.servicetitan.simulator.shapes import Row
from systems.servicetitan.simulator.tenant import Tenant

CODE_KEY = "erpCode"
_PLACES = "person"


def plant_customers(tenant: Tenant, count: int) -> dict[str, Any]:
    """Make sure that the first `count` people of the seed are customers; returns the truth about all."""
    known = {row["index"] for row in tenant.store.all(_PLACES)}
    with tenant.changing():
        for index, person in enumerate(people(tenant.seed, count)):
            if index not in known:
                customer_of(tenant, index, person)
    return truth(tenant)


def customer_of(tenant: Tenant, index: int, person: Person) -> Row:
    """The customer for this person, made if there is none; returns `{index, customer, location, name}`."""
    found = tenant.store.get(_PLACES, f"{index:09d}")
    if found is not None:
        return found
    exempt = person.kind == "Commercial" and index % 4 == 0
    made = create_customer(tenant, {**asdict(person), "tax_exempt": exempt, "tax_zone": zone_of(person)})
    place = {"index": index, "name": person.name} | made
    tenant.store.put(_PLACES, f"{index:09d}", place, tenant.clock.now())
    return place


def person(tenant: Tenant, event: dict[str, Any]) -> Row:
    """`{index}` -> customer, location of that person of the seed, made if there is none."""
    index = int(event["index"])
    place = customer_of(tenant, index, people(tenant.seed, index + 1)[index])
    return {"customer": place["customer"], "location": place["location"]}


def zone_of(person: Person) -> str:
    """Name of the tax zone of an address."""
    return "Round Rock TX" if person.city in ("Round Rock", "Georgetown") else "Austin TX"


def plant_vendor(tenant: Tenant, company: Company) -> Row:
    """A vendor; its number in the list of companies decides whether it carries its code."""
    number = int(company.code[1:])
    known = number % 3 == 0
    first, _, last = company.name.partition(" ")
    row = tenant.new(
        "vendors",
        {
            "name": company.name,
            "memo": f"Vendor code {company.code}" if known else "",
            "deliveryOption": "Manual",
            "contactInfo": {"firstName": first, "lastName": last, "phone": company.phone, "email": company.email, "fax": ""},
            "address": address_of(company),
            "_externalData": [{"key": CODE_KEY, "value": company.code}] if known else [],
            "_company": number - 1,
        },
    )
    return tenant.save("vendors", row, "plant")


def address_of(company: Company) -> Row:
    """A vendor's address as the API shows it."""
    address = {name: getattr(company, name) for name in ("street", "unit", "city", "state", "zip")}
    return address | {"country": "USA"}


def truth(tenant: Tenant) -> dict[str, Any]:
    """Which record is which person or company: `index` into people(seed, n) or companies(seed, n); for tests."""
    vendors = [
        {"id": row["id"], "index": row["_company"], "name": row["name"]} for row in tenant.rows("vendors") if "_company" in row
    ]
    customers = [{"id": row["customer"], "index": row["index"], "name": row["name"]} for row in tenant.store.all(_PLACES)]
    return {"seed": tenant.seed, "customers": customers, "vendors": vendors}
