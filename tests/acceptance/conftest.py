"""One connection taken from observing to live, as an installer does it, for all tests of this folder."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from console.demo.day import Day, Options
from runtime.embedded.cluster import EmbeddedCluster
from tests.acceptance.stage import ERP, SOURCE, Stage, staged, until

UNIT = 901
OTHER_UNIT = 904
SCALE = 60
"""What is polled every two minutes is polled every two seconds. Ten times as fast, 51 polls a second of the field service keep half a core busy for
as long as these tests last."""


@dataclass
class Live:
    """The stage once live, and what was seen on the way there."""

    stage: Stage
    invoice: dict[str, Any]
    decided_in_observe: list[str] = field(default_factory=list)
    journal_in_observe: list[dict[str, Any]] = field(default_factory=list)
    entry_in_shadow: dict[str, Any] = field(default_factory=dict)
    journal_in_shadow: list[dict[str, Any]] = field(default_factory=list)
    customers: list[int] = field(default_factory=list)

    def sold(self, customer: int = 0, unit: int = UNIT, **line: str) -> dict[str, Any]:
        """A job booked, done and posted at the source; ids and number of its invoice."""
        return sold(self.stage, customer or self.customers[0], unit, **line)

    def posted(self, source_id: int, entity: str = "invoice") -> dict[str, Any]:
        """The ledger entry of a source object, once it is posted."""
        return self.entry(source_id, "POSTED", entity)

    def entry(self, source_id: int, state: str, entity: str = "invoice") -> dict[str, Any]:
        """The ledger entry of a source object, once it is in this state."""
        return until(
            f"{entity} {source_id} to be {state}",
            lambda: entry_of(self.stage, source_id, entity),
            lambda entry: entry.get("state") == state,
            patience_s=90,
        )


def sold(stage: Stage, customer: int, unit: int, **line: str) -> dict[str, Any]:
    item = {"sku": "SVC-DIAG", "quantity": 1, **line}
    made = stage.events(
        {"do": "book_job", "customer": customer, "business_unit": unit, "as": "j"},
        {"do": "add_items", "invoice": "@j.invoice", "items": [item]},
        {"do": "complete_job", "job": "@j.job"},
        {"do": "post", "invoices": ["@j.invoice"]},
    )
    return made[0]


def entry_of(stage: Stage, source_id: int, entity: str = "invoice") -> dict[str, Any]:
    """The ledger entry that creates the document of a source object; empty when there is none."""
    wanted = (entity, str(source_id), "create" if entity != "customer" else "upsert")
    found = [one for one in stage.entries() if (one["source_entity"], one["source_id"], one["action"]) == wanted]
    return found[0] if found else {}


@pytest.fixture(scope="package")
def live(cluster: EmbeddedCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """Observe, match, observe a sale, look at it in shadow, go live; everything seen on the way is kept for the tests."""
    wanted = Options(erp=ERP, seed=11, jobs=0, scale=SCALE)
    with staged(cluster, tmp_path_factory.mktemp("live"), wanted, "live") as stage:

        async def begin(day: Day) -> None:
            await day.observe()
            await day.listen()
            await day.match()

        stage.work(begin)
        customers = matched_customers(stage)
        made = Live(stage, sold(stage, customers[0], UNIT), customers=customers)
        seen_in_observe(made)
        stage.work(lambda day: day.enter("shadow", "looking at what would be written"))
        seen_in_shadow(made)
        stage.work(lambda day: day.enter("live", "it looked right"))
        yield made


def matched_customers(stage: Stage) -> list[int]:
    """Customers whose partner in the ERP is known by the first match."""
    links = [seen.record for seen in stage.reading.newest(["links"], quiet=True).values()]
    known = {int(link["source_id"]) for link in links if link["entity"] == "customer" and link["target_id"]}
    holdings = stage.ask(SOURCE, "holdings?entity=customers")["holdings"]
    active = [row["id"] for row in holdings if row["active"] and row["id"] in known]
    places = {row["customer_id"] for row in stage.ask(SOURCE, "holdings?entity=locations")["holdings"]}
    return sorted(customer for customer in active if customer in places)


def seen_in_observe(made: Live) -> None:
    source_id = str(made.invoice["invoice"])

    def decisions() -> list[str]:
        audit = [seen.record for seen in made.stage.reading.scan(["audit"], quiet=True)]
        return [one["decision"] for one in audit if (one.get("entity"), one.get("source_id")) == ("invoice", source_id)]

    made.decided_in_observe = until("the posted invoice to be observed", decisions, lambda found: "observed" in found, 90)
    made.journal_in_observe = made.stage.journal()


def seen_in_shadow(made: Live) -> None:
    made.entry_in_shadow = until(
        "the invoice to be looked at in shadow",
        lambda: entry_of(made.stage, made.invoice["invoice"]),
        lambda entry: entry.get("reason") == "shadow",
        90,
    )
    made.journal_in_shadow = made.stage.journal()


@pytest.fixture
def typed(live: Live) -> Any:
    """Somebody at the ERP's own screen types an invoice: party, date, amount."""
    import aiohttp

    simulator = live.stage.processes.simulators[live.stage.joined.simulator(ERP)]
    held = simulator["credentials"]

    async def put(party: str, day: str, amount: str) -> None:
        jar = aiohttp.CookieJar(unsafe=True)
        async with aiohttp.ClientSession(simulator["url"], cookie_jar=jar) as session:
            sign_in = {"name": held["username"], "password": held["password"], "tenant": held["tenant"]}
            async with session.post("/entity/auth/login", json=sign_in) as answer:
                assert answer.status == 204, await answer.text()
            line: dict[str, Any] = {"Account": "40100", "Subaccount": "PLB-000", "ExtendedPrice": float(amount)}
            body: dict[str, Any] = {
                "Customer": {"value": party},
                "Date": {"value": f"{day}T00:00:00+00:00"},
                "Hold": {"value": False},
            }
            body["Details"] = [{name: {"value": value} for name, value in line.items()}]
            path = f"/entity/Default/{held['endpoint_version']}/Invoice"
            async with session.put(path, json=body) as answer:
                assert answer.status == 200, await answer.text()
            async with session.post("/entity/auth/logout") as answer:
                assert answer.status == 204

    return lambda party, day, amount: asyncio.run(put(party, day, amount))
