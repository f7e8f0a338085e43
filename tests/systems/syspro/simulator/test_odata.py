"""The OData service: Basic, read only, filters, pages, rows cut off at the limit, and a client that pages by $skip."""

from __future__ import annotations

from typing import Any

import pytest

from tests.systems.syspro.simulator.world import BARTON, Client, Make, World, invoice, parsed


async def values(world: World, table: str, **options: str) -> list[dict[str, Any]]:
    answer = await world.odata(table, **options)
    assert answer.status == 200, answer.raw
    found: list[dict[str, Any]] = parsed(answer.raw)["value"]
    return found


async def test_a_wrong_password_is_asked_for_again(world: World) -> None:
    answer = await world.odata("ApInvoice", password="no")
    assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, 'Basic realm="SYSPRO"')


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
async def test_it_is_read_only(world: World, method: str) -> None:
    assert (await world.odata("ApSupplier", method=method)).status == 405


async def test_rows_have_the_columns_and_kinds_of_the_table(client: Client) -> None:
    [row] = await values(client.world, "ApSupplier")
    assert (row["Supplier"], row["SupplierName"], str(row["CurrentBalance"])) == (BARTON, "Barton Creek Pipe", "0.00")
    assert (row["DateSuppAdded"], row["LastPurchDate"], len(row["TimeStamp"])) == ("2026-03-16T00:00:00Z", None, 12)
    assert await values(client.world, "ApSupplier", select="Supplier,Branch") == [{"Supplier": BARTON, "Branch": "10"}]


async def test_filters(client: Client) -> None:
    for number, (value, on) in enumerate((("10.00", "2026-03-02"), ("20.00", "2026-03-03"), ("30.50", "2026-03-04"))):
        assert (await client.invoice(invoice(f"A-{number}", value, InvoiceDate=on))).is_well
    for text, found in (
        ("InvoiceDate ge 2026-03-03T00:00:00Z", {"A-1", "A-2"}),
        ("InvoiceDate gt 2026-03-03T00:00:00Z", {"A-2"}),
        ("InvoiceDate lt 2026-03-02T18:30:00-06:00", {"A-0", "A-1"}),
        ("JournalDate ge 2026-03-17T00:00:00Z", set()),
        ("OrigInvValue gt 10 and OrigInvValue lt 30.5", {"A-1"}),
        ("Invoice eq 'A-0' or Invoice eq 'A-2'", {"A-0", "A-2"}),
        ("not (Invoice eq 'A-0')", {"A-1", "A-2"}),
        ("startswith(Invoice,'A-') and contains(Invoice,'2')", {"A-2"}),
        ("Invoice eq 'a-0'", set()),
        ("ManualChqDate eq null", {"A-0", "A-1", "A-2"}),
        ("Invoice eq 'O''Brien'", set()),
    ):
        assert {row["Invoice"] for row in await values(client.world, "ApInvoice", filter=text)} == found, text


@pytest.mark.parametrize(
    "options",
    [
        {"filter": "InvoiceDate ge '2026-03-03'"},
        {"filter": "InvoiceDate ge 2026-03-03"},
        {"filter": "PostDate ge 2026-03-03T00:00:00Z"},
        {"filter": "OrigInvValue gt '1'"},
        {"filter": "Invoice eq 5"},
        {"filter": "Invoice is 'A'"},
        {"filter": "Invoice eq 'A"},
        {"filter": "(Invoice eq 'A'"},
        {"orderby": "PostDate"},
        {"orderby": "Invoice down"},
        {"select": "Invoice,PostDate"},
        {"top": "-1"},
        {"skip": "x"},
        {"count": "yes"},
        {"expand": "Lines"},
    ],
)
async def test_what_cannot_be_is_refused(world: World, options: dict[str, str]) -> None:
    answer = await world.odata("ApInvoice", **options)
    assert (answer.status, set(parsed(answer.raw))) == (400, {"error"})


async def test_an_answer_is_cut_off_at_the_limit_also_without_a_word(make: Make) -> None:
    """A service that names no next page: who does not ask on loses rows."""
    world = await make(suppliers=25, odata_rows=10, next_link="false")
    page = parsed((await world.odata("ApSupplier", orderby="Supplier", count="true")).raw)
    assert (len(page["value"]), page["@odata.count"], "@odata.nextLink" in page) == (10, 26, False)
    seen: list[str] = []
    while rows := await values(world, "ApSupplier", orderby="Supplier", select="Supplier", top="10", skip=str(len(seen))):
        seen += [row["Supplier"] for row in rows]
    assert seen == sorted(set(seen))
    assert len(seen) == 26


async def test_a_larger_page_than_the_limit_is_named_on(make: Make) -> None:
    world = await make(suppliers=25, odata_rows=10)
    page = parsed((await world.odata("ApSupplier", orderby="Supplier desc", top="15", select="Supplier")).raw)
    following = parsed((await world.odata(page["@odata.nextLink"])).raw)
    assert (len(page["value"]), len(following["value"]), "@odata.nextLink" in following) == (10, 5, False)
    exact = parsed((await world.odata("ApSupplier", top="10")).raw)
    assert "@odata.nextLink" not in exact


async def test_the_default_limit_is_five_thousand_rows(make: Make) -> None:
    world = await make(history=5_010)
    page = parsed((await world.odata("ApInvoice", select="Supplier,Invoice", orderby="Supplier,Invoice")).raw)
    rest = parsed((await world.odata(page["@odata.nextLink"])).raw)
    keys = [(row["Supplier"], row["Invoice"]) for row in page["value"] + rest["value"]]
    assert (len(page["value"]), len(rest["value"]), len(set(keys))) == (5_000, 10, 5_010)


async def test_text_may_be_filled_with_blanks(make: Make) -> None:
    world = await make(padded="true")
    client = await (await world.client()).with_supplier()
    [row] = await values(client.world, "ApSupplier", filter=f"Supplier eq '{BARTON}'")
    assert row["Supplier"] == BARTON.ljust(15)


async def test_the_row_version_grows_with_every_change(client: Client) -> None:
    [before] = await values(client.world, "ApSupplier", select="TimeStamp")
    assert (await client.supplier("Update", {"Key": {"Supplier": BARTON}, "Contact": "Ann"})).is_well
    [after] = await values(client.world, "ApSupplier", select="TimeStamp")
    assert after["TimeStamp"] > before["TimeStamp"]


async def test_another_company_or_table_is_not_there(world: World) -> None:
    assert (await world.odata("Nothing")).status == 404
    assert (await world.odata(f"{world.credentials['odata_url']}/ELSE/ApInvoice")).status == 404
    names = {one["name"] for one in await values(world, "")}
    assert {"ApInvoice", "ApSupplier", "PorMasterHdr", "InvWarehouse"} <= names
    assert b'<EntityType Name="ApInvoice">' in (await world.odata("$metadata")).raw
