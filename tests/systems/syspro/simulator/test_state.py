"""What checkers see, what people do, what survives a restart, and faults between a commit and its answer."""

from __future__ import annotations

import aiohttp
import pytest

from tests.systems.syspro.simulator.orders import ORDER, ordered
from tests.systems.syspro.simulator.world import BARTON, MATERIALS, Client, Make, World, invoice


async def test_a_document_is_shown_with_its_lines_period_and_balance(client: Client) -> None:
    await client.invoice(invoice("A-1", "70.00", "30.00", Notation="Job 5512", InvoiceDate="2026-03-02"), PostingPeriod="P")
    [shown] = (await client.world.sim("documents?kind=ApInvoice"))["documents"]
    wanted = {
        "id": f"{BARTON}/A-1",
        "ref": "ref of A-1",
        "amount": "100.00",
        "balance": "100.00",
        "date": "2026-03-02",
        "period": "2026-02",
    }
    assert wanted.items() <= shown.items()
    assert [(line["account"], line["amount"]) for line in shown["lines"]] == [(MATERIALS, "70.00"), (MATERIALS, "30.00")]
    number = await ordered(client, ORDER)
    [order] = (await client.world.sim("documents?kind=PorMasterHdr"))["documents"]
    assert (order["PurchaseOrder"], order["CustomerPoNumber"]) == (number, "PO of the field")


async def test_a_kill_loses_nothing_that_was_answered(make: Make) -> None:
    world = await make("one", suppliers=10)
    client = await (await world.client()).with_supplier()
    assert (await client.invoice(invoice("A-1", "1.00"))).is_well
    again = await make("one", clock=world.clock, suppliers=10)
    client = await again.client()
    assert (await client.invoice(invoice("A-1", "1.00"))).errors == [("Invoice", "110002")]
    assert len((await client.find("ApSupplier", "Supplier")).rows()) == 12
    assert await again.sim("balances") == await world.sim("balances")


async def test_the_same_seed_gives_the_same_site_and_another_another(make: Make) -> None:
    one, two, other = await make("a", suppliers=30), await make("b", suppliers=30), await make("c", suppliers=30, seed=8)
    truths = [await world.sim("masters/truth") for world in (one, two, other)]
    assert truths[0] == truths[1] != truths[2]
    assert one.credentials["operator_password"] == two.credentials["operator_password"] != other.credentials["operator_password"]
    assert {row["kind"] for row in truths[0]["suppliers"]} > {"exact", "abbreviated"}
    assert [row["id"] for row in (await one.sim("masters", {"suppliers": 40}))["suppliers"]][:30] == [
        row["id"] for row in truths[0]["suppliers"]
    ]


async def test_an_answer_that_is_lost_was_posted_all_the_same(client: Client) -> None:
    await client.world.fault(kind="lost_answer", path="/Transaction/Post")
    with pytest.raises(aiohttp.ClientError):
        await client.invoice(invoice("A-1", "1.00"))
    assert (await client.invoice(invoice("A-1", "1.00"))).errors == [("Invoice", "110002")]


async def test_an_error_after_the_commit_lies(client: Client) -> None:
    await client.world.fault(kind="error_after", path="transaction/post/APSTIN", text="Timeout expired")
    assert (await client.invoice(invoice("A-1", "1.00"))).text == "ERROR: Timeout expired"
    assert len(await client.world.journal("ApInvoice")) == 1


async def test_half_an_answer_has_the_length_of_the_whole(client: Client) -> None:
    await client.world.fault(kind="half_answer", path="/Transaction/Post", bytes=60)
    with pytest.raises(aiohttp.ClientPayloadError):
        await client.invoice(invoice("A-1", "1.00"))
    assert len(await client.world.journal("ApInvoice")) == 1


async def test_people_do_what_business_objects_take(client: Client) -> None:
    world = client.world
    item: dict[str, object] = {"Supplier": BARTON, "TransactionCode": "I", "Invoice": "TYPED", "TransactionValue": "50.00"}
    item |= {"LedgerDistribution": [{"LedgerCode": MATERIALS, "LedgerValue": "50.00"}]}
    assert (await world.sim("enter", {"object": "APSTIN", "item": item}))["key"]["Invoice"] == "TYPED"
    paid = await world.sim("pay", {"supplier": BARTON, "invoice": "TYPED", "amount": "20.00"})
    assert (paid["paid"], paid["left"]) == ("20.00", "30.00")
    assert (await client.find("ApInvoicePay", "TrnType", "TrnValue", where="Invoice EQ TYPED")).rows() == [
        {"TrnType": "P", "TrnValue": "-20.00"}
    ]
    assert (await world.sim("balances"))["vendors"] == [{"id": BARTON, "open": "30.00"}]
    for wrong in ({"object": "APSTIN", "item": item}, {"object": "APSTIN", "item": {"Vendor": "x"}}, {"object": "X", "item": {}}):
        async with world.http.post(f"{world.served.url}/__sim__/enter", json=wrong) as reply:
            assert (reply.status, "error" in await reply.json()) == (400, True)


async def test_a_day_of_people_follows_from_the_seed(make: Make) -> None:
    asked = dict.fromkeys(("suppliers", "supplier_changes", "orders", "order_changes", "adjustments", "invoices", "payments"), 2)
    told = []
    for name in ("a", "b"):
        world = await make(name, suppliers=30)
        told.append(await world.sim("day", asked))
        kinds = {commit["kind"] for commit in await world.journal()}
        assert kinds == {"ApSupplier", "PorMasterHdr", "InvMovements", "ApInvoice", "ApInvoicePay"}
    assert told[0] == told[1]
    assert len(told[0]["events"]) == 14


async def test_buyers_change_the_orders_that_they_made_and_no_other(make: Make) -> None:
    world = await make(suppliers=30)
    number = await ordered(await (await world.client()).with_supplier(), ORDER)
    await world.sim("day", {"orders": 1, "order_changes": 12})
    changed = {row["id"] for row in await world.journal() if (row["kind"], row["operation"]) == ("PorMasterHdr", "update")}
    assert len(changed) == 1
    assert number not in changed


async def test_which_orders_buyers_change_does_not_depend_on_what_became_of_earlier_ones(make: Make) -> None:
    asked = {"orders": 6, "order_changes": 3}
    told = []
    for name, gone in (("a", ()), ("b", ("002001", "002004"))):
        world = await make(name, suppliers=30)
        await world.sim("orders", {"count": 8})
        for number in gone:
            item = {"OrderHeader": {"OrderActionType": "D", "PurchaseOrder": number}}
            await world.sim("enter", {"object": "PORTOI", "item": item})
        told.append([one for one in (await world.sim("day", asked))["events"] if one["event"] == "order_changes"])
    assert told[0] == told[1]
    assert len(told[0]) == 3


async def test_last_year_is_planted_once_and_most_of_it_is_paid(make: Make) -> None:
    world = await make(history=60)
    assert await world.sim("history", {"count": 60}) == {"invoices": 60}
    shown = (await world.sim("documents?kind=ApInvoice"))["documents"]
    is_open = [one for one in shown if one["balance"] != "0.00"]
    assert (len(shown), {one["date"][:4] for one in shown}, await world.journal()) == (60, {"2025"}, [])
    assert 0 < len(is_open) < 20


async def test_month_end_moves_the_balances_back(client: Client, world: World) -> None:
    assert (await client.invoice(invoice("A-1", "10.00"))).is_well
    await world.sim("months", {"current": "2026-04"})
    assert (await client.invoice(invoice("A-1", "4.00", TransactionCode="C"))).is_well
    columns = ("MthInvBal1", "MthInvBal2", "MthInvBal3")
    assert (await client.find("ApInvoice", *columns, where="Invoice EQ A-1")).rows() == [
        dict(zip(columns, ("6.00", "10.00", "0.00"), strict=True))
    ]


async def test_a_site_refuses_a_setting_that_it_does_not_know(make: Make) -> None:
    with pytest.raises(ValueError, match="unknown setting 'sheets' of the syspro simulator"):
        await make(sheets=1)


async def test_no_secret_stands_in_what_checkers_see(client: Client) -> None:
    await client.invoice(invoice("A-1", "1.00"))
    known = client.world.credentials
    for what in ("journal", "calls", "sessions", "documents?kind=ApInvoice", "faults", "settings"):
        text = str(await client.world.sim(what))
        assert not any(secret in text for secret in (client.user.strip(), known["operator_password"], known["company_password"]))
