"""What the account holds from the start: masters near those of other simulators, orders, last year's documents, a day's events."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

from runtime.simulator.people import companies, people
from tests.systems.netsuite.simulator.world import Client, Make, World


async def test_masters_are_those_of_the_seed_with_their_variants(make: Make) -> None:
    world = await make(customers=100, vendors=40)
    client = await world.client()
    truth = await world.sim("masters/truth")
    assert (len(truth["customers"]), len(truth["vendors"])) == (100, 40)
    kinds = Counter(row["kind"] for row in truth["customers"])
    assert set(kinds) == {"exact", "abbreviated", "misspelt", "no_phone", "relative", "duplicate", "only_here"}
    known, company = people(7, 100), companies(7, 40)
    one = next(row for row in truth["customers"] if row["kind"] == "exact")
    row = await client.read(f"customer/{one['id']}")
    assert row["phone"] == known[one["index"]].phone
    assert row["addressBook"]["items"][0]["addressBookAddress"]["addr1"] == known[one["index"]].street
    vendors = {
        row["id"]: row for row in await client.rows("SELECT id, companyname, accountnumber, isinactive FROM vendor ORDER BY id")
    }
    exact = [row for row in truth["vendors"] if row["kind"] == "exact"]
    assert all(vendors[row["id"]]["companyname"] == company[row["index"]].name for row in exact)
    assert any(vendors[row["id"]].get("accountnumber") == company[row["index"]].code for row in exact)
    assert "T" in {row["isinactive"] for row in vendors.values()}
    assert await world.journal() == []
    more = await world.sim("masters", {"customers": 110, "vendors": 40})
    assert more["customers"][:100] == truth["customers"]


async def test_last_year_adds_up(make: Make) -> None:
    world = await make(history=600)
    client = await world.client()
    counts = await client.rows(
        "SELECT type, COUNT(*) AS n, MIN(TO_CHAR(trandate,'YYYY')) AS a, MAX(TO_CHAR(trandate,'YYYY')) AS b FROM transaction GROUP BY type"
    )
    assert sum(int(row["n"]) for row in counts) == 600
    assert {row["type"] for row in counts} == {"CustInvc", "CustPymt", "VendBill", "VendPymt", "Journal"}
    assert {row["a"] for row in counts} | {row["b"] for row in counts} == {"2025"}
    assert await client.rows("SELECT SUM(amount) AS rest FROM transactionaccountingline") == [{"rest": "0"}]
    books = await world.sim("balances")
    ledger = {row["account"]: Decimal(row["balance"]) for row in books["accounts"]}
    assert ledger["1100"] == sum(Decimal(row["balance"]) for row in books["customers"]) > 0
    assert ledger["2000"] == -sum(Decimal(row["balance"]) for row in books["vendors"]) < 0
    [paid] = await client.rows(
        "SELECT TOP 1 id, foreigntotal FROM transaction WHERE type = 'CustInvc' AND status = 'B' ORDER BY id"
    )
    row = await client.read(f"invoice/{paid['id']}")
    assert (row["amountRemaining"], row["total"]) == (0, Decimal(paid["foreigntotal"]))
    seconds = await client.rows("SELECT COUNT(DISTINCT lastmodifieddate) AS n FROM transaction")
    assert int(seconds[0]["n"]) < 600
    assert await world.sim("history", {"count": 650}) == {"documents": 650}
    assert (await client.query("SELECT id FROM transaction")).body["totalResults"] == 650
    assert await world.journal() == []


async def test_orders_are_open_and_made_by_people(make: Make) -> None:
    world = await make(vendors=20, orders=8)
    rows = await (await world.client()).rows(
        "SELECT id, status, externalid, source FROM transaction WHERE type = 'PurchOrd' ORDER BY id"
    )
    assert len(rows) == 8
    assert {row["status"] for row in rows} <= {"B", "F"}
    assert not any("externalid" in row for row in rows)
    assert await world.sim("orders", {"count": 10}) == {"orders": 10}


async def test_a_day_is_the_same_for_the_same_seed(make: Make) -> None:
    asked = {"departments": 1, "vendors": 2, "vendor_changes": 2, "orders": 3, "order_changes": 2}
    told = []
    for directory in ("a", "b"):
        world = await make(directory, vendors=20)
        events = (await world.sim("day", asked))["events"]
        told.append((events, await world.journal()))
    assert told[0] == told[1]
    events, journal = told[0]
    assert Counter(event["event"] for event in events) == Counter(asked)
    assert [(row["kind"], row["id"]) for row in journal] == [(event["type"], event["id"]) for event in events]
    again = (await world.sim("day", {"vendors": 1}))["events"]
    assert again[0]["number"] not in {event["number"] for event in events}


async def test_an_unknown_event_of_a_day_is_named(world: World) -> None:
    client: Client = world.bare()
    answer = await client.call("POST", "/__sim__/day", {"invoices": 1})
    assert answer.status == 400
    assert "unknown: invoices; known: departments" in answer.body["error"]
