"""Journal entries, and what closed and locked periods take."""

from __future__ import annotations

from typing import Any

import pytest

from tests.systems.netsuite.simulator.world import APPLIED, LABOR, RECEIVABLE, Client, Make, World, bill, service_lines


def entry(debit: float, credit: float, **values: Any) -> dict[str, Any]:
    lines = [{"account": {"id": LABOR}, "debit": debit, "department": {"id": "2"}}, {"account": {"id": APPLIED}, "credit": credit}]
    return {"subsidiary": {"id": "2"}, "line": {"items": lines}} | values


async def test_a_journal_posts_its_lines(world: World, client: Client) -> None:
    key = await client.made("journalEntry", entry(812.4, 812.4, externalId="ST-J-1", memo="Payroll", tranDate="2026-03-13"))
    row = await client.read(f"journalEntry/{key}")
    assert (row["status"]["refName"], row["postingPeriod"]["refName"], row["approved"]) == (
        "Approved for Posting",
        "Mar 2026",
        True,
    )
    assert {line["account"]: line["balance"] for line in (await world.sim("balances"))["accounts"]} == {
        "5100": "812.40",
        "5900": "-812.40",
    }
    text = "SELECT tl.id, tal.debit, tal.credit, tl.department FROM transactionline tl JOIN transactionaccountingline tal"
    rows = await client.rows(
        f"{text} ON tal.transaction = tl.transaction AND tal.transactionline = tl.id WHERE tl.transaction = {key} ORDER BY tl.id"
    )
    assert rows == [{"id": "0", "debit": "812.4", "department": "2"}, {"id": "1", "credit": "812.4"}]


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (entry(5, 4), "line"),
        (entry(-5, -5), "line.items[0].debit"),
        (entry(0, 0), "line.items[0].debit"),
        (entry(5, 5, subsidiary=None), "subsidiary"),
        (entry(5, 5, subsidiary={"id": "5"}), "subsidiary"),
        (entry(5, 5, line={"items": [{"account": {"id": LABOR}, "debit": 5}]}), "line"),
        (
            entry(5, 5, line={"items": [{"account": LABOR, "debit": 5, "credit": 5}, {"account": APPLIED, "credit": 5}]}),
            "line.items[0].debit",
        ),
        (
            entry(5, 5, line={"items": [{"account": RECEIVABLE, "debit": 5}, {"account": APPLIED, "credit": 5}]}),
            "line.items[0].entity",
        ),
        (entry(5, 5, line={"items": [{"debit": 5}, {"account": APPLIED, "credit": 5}]}), "line.items[0].account"),
    ],
)
async def test_a_journal_that_is_wrong_is_refused(client: Client, body: dict[str, Any], path: str) -> None:
    answer = await client.call("POST", "journalEntry", body)
    assert (answer.status, answer.problem[2]) == (400, path), answer.raw


async def test_a_journal_is_reversed_on_the_day_that_it_names(world: World, client: Client) -> None:
    key = await client.made("journalEntry", entry(10, 10, reversalDate="2026-04-01"))
    [made] = [row for row in await world.journal("journalEntry") if row["id"] != key]
    row = await client.read(f"journalEntry/{made['id']}")
    assert (row["tranDate"], row["isReversal"], row["createdFrom"]["id"]) == ("2026-04-01", True, key)
    assert {line["balance"] for line in (await world.sim("balances"))["accounts"]} == {"0.00"}
    assert (await client.call("POST", "journalEntry", entry(10, 10, reversalDate="2031-01-01"))).problem == (
        400,
        "USER_ERROR",
        "tranDate",
    )


async def test_a_closed_period_takes_nothing(world: World, client: Client, vendor: str, customer: str) -> None:
    old = await client.made("vendorBill", bill(vendor, 5, tranDate="2026-02-10"))
    await world.sim("periods", {"period": "Feb 2026", "closed": True})
    for kind, body in (
        ("vendorBill", bill(vendor, 5)),
        ("invoice", {"entity": customer, "item": service_lines(5)}),
        ("customerPayment", {"customer": customer, "payment": 5}),
        ("journalEntry", entry(5, 5)),
    ):
        answer = await client.call("POST", kind, body | {"tranDate": "2026-02-27"})
        assert answer.problem == (400, "USER_ERROR", "postingPeriod"), kind
        assert "Feb 2026 is closed" in answer.words
    for change in ({"memo": "x"}, {"tranDate": "2026-03-02"}):
        assert (await client.call("PATCH", f"vendorBill/{old}", change)).problem[:2] == (400, "USER_ERROR")
    assert (await client.call("DELETE", f"vendorBill/{old}")).problem[:2] == (400, "USER_ERROR")
    await client.made("purchaseOrder", {"entity": vendor, "item": service_lines(5), "tranDate": "2026-02-27"})
    assert await client.rows("SELECT closed FROM accountingperiod WHERE periodname = 'Feb 2026'") == [{"closed": "T"}]


async def test_a_lock_stops_its_own_side(world: World, client: Client, vendor: str, customer: str) -> None:
    await world.sim("periods", {"period": "Feb 2026", "apLocked": True})
    assert (await client.call("POST", "vendorBill", bill(vendor, 5, tranDate="2026-02-27"))).problem == (
        400,
        "USER_ERROR",
        "postingPeriod",
    )
    await client.made("invoice", {"entity": customer, "item": service_lines(5), "tranDate": "2026-02-27"})
    await client.made("journalEntry", entry(5, 5, tranDate="2026-02-27"))
    await world.sim("periods", {"period": "Feb 2026", "apLocked": False, "arLocked": True})
    await client.made("vendorBill", bill(vendor, 5, tranDate="2026-02-27"))
    late = {"entity": customer, "item": service_lines(5), "tranDate": "2026-02-27"}
    assert (await client.call("POST", "invoice", late)).problem == (400, "USER_ERROR", "postingPeriod")
    await world.sim("periods", {"period": "Feb 2026", "allLocked": True})
    assert (await client.call("POST", "journalEntry", entry(5, 5, tranDate="2026-02-27"))).problem[:2] == (400, "USER_ERROR")


async def test_a_period_may_be_locked_from_the_beginning(make: Make) -> None:
    """By side, so that somebody can unlock it in the middle of a day."""
    world = await make(locked="Mar 2026/AP, Feb 2026/AR")
    rows = await (await world.client()).rows(
        "SELECT periodname, closed, alllocked, aplocked, arlocked FROM accountingperiod ORDER BY id"
    )
    locked = {row["periodname"]: [name for name, flag in row.items() if flag == "T"] for row in rows}
    assert {name: flags for name, flags in locked.items() if flags and name.endswith("2026")} == {
        "Feb 2026": ["arlocked"],
        "Mar 2026": ["aplocked"],
    }
    told = await world.sim("periods", {"period": "Mar 2026", "apLocked": False})
    assert told["apLocked"] is False


async def test_a_side_that_is_none_is_refused(make: Make) -> None:
    with pytest.raises(ValueError, match="sides are AP, AR, ALL"):
        await make(locked="Mar 2026/GL")


async def test_a_late_document_may_name_another_period_and_keeps_its_date(world: World, client: Client, vendor: str) -> None:
    await world.sim("periods", {"period": "Feb 2026", "closed": True})
    [period] = await client.rows("SELECT id FROM accountingperiod WHERE periodname = 'Mar 2026'")
    key = await client.made("vendorBill", bill(vendor, 5, tranDate="2026-02-27", postingPeriod={"id": period["id"]}))
    row = await client.read(f"vendorBill/{key}")
    assert (row["tranDate"], row["postingPeriod"]["refName"]) == ("2026-02-27", "Mar 2026")
    [quarter] = await client.rows("SELECT id FROM accountingperiod WHERE periodname = 'Q1 2026'")
    answer = await client.call("POST", "vendorBill", bill(vendor, 5, postingPeriod={"id": quarter["id"]}))
    assert answer.problem == (400, "USER_ERROR", "postingPeriod")
    assert (await client.call("POST", "vendorBill", bill(vendor, 5, tranDate="2019-02-27"))).problem == (
        400,
        "USER_ERROR",
        "tranDate",
    )
    assert (await client.call("POST", "vendorBill", bill(vendor, 5, tranDate="2025-12-31"))).problem == (
        400,
        "USER_ERROR",
        "postingPeriod",
    )
