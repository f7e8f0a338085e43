"""COMFND: conditions, order, paging by key, and what it refuses."""

from __future__ import annotations

import pytest

from tests.systems.syspro.simulator.world import Client, Make, World, tags


def query(table: str = "ApSupplier", rows: str = "500", order: str = "", **more: object) -> str:
    told = {"TableName": table, "ReturnRows": rows, "Columns": {"Column": "Supplier"}} | more
    return tags(told | ({"OrderBy": {"Column": order}} if order else {}))


def expression(column: str, condition: str, value: str, join: str = "And", brackets: tuple[str, str] = ("", "")) -> dict[str, str]:
    told = {"OpenBracket": brackets[0], "AndOr": join, "Column": column, "Condition": condition, "Value": value}
    told["CloseBracket"] = brackets[1]
    return {name: text for name, text in told.items() if text}


async def found(client: Client, *expressions: dict[str, str], table: str = "InvMaster", column: str = "StockCode") -> list[str]:
    inner = tags(
        {"TableName": table, "ReturnRows": "500", "Columns": {"Column": column}, "Where": {"Expression": list(expressions)}}
    )
    answer = await client.query("COMFND", inner)
    return sorted(row[column] for row in answer.rows())


async def test_a_table_is_read_page_by_page_by_its_key(make: Make) -> None:
    world = await make(suppliers=50)
    client = await world.client()
    seen: list[str] = []
    while True:
        where = f"Supplier GT {seen[-1]}" if seen else ""
        rows = (await client.find("ApSupplier", "Supplier", where=where, order="Supplier", rows=7)).rows()
        assert len(rows) <= 7
        if not rows:
            break
        seen += [row["Supplier"] for row in rows]
    truth = await world.sim("masters/truth")
    assert seen == sorted(["0000001", *(row["id"] for row in truth["suppliers"])])
    assert len(seen) == 51


async def test_without_an_order_there_is_none(make: Make) -> None:
    client = await (await make(suppliers=50)).client()
    rows = [row["Supplier"] for row in (await client.find("ApSupplier", "Supplier", rows=50)).rows()]
    assert sorted(rows) != rows
    assert len(set(rows)) == 50


async def test_conditions_of_text_and_number(client: Client) -> None:
    assert await found(client, expression("StockCode", "EQ", "ANODE")) == ["ANODE"]
    assert await found(client, expression("StockCode", "EQ", "anode")) == []
    assert await found(client, expression("StockCode", "LIKE", "A%")) == ["AC-3T", "ANODE"]
    assert await found(client, expression("StockCode", "LIKE", "ANOD_")) == ["ANODE"]
    assert await found(client, expression("StockCode", "LIKE", "ANO")) == []
    assert await found(client, expression("MaterialCost", "GE", "702.33")) == ["AC-3T", "WH-50"]
    assert await found(client, expression("MaterialCost", "GT", "0702.330")) == ["AC-3T"]
    assert len(await found(client, expression("ProductClass", "NE", "HVA"))) == 10


async def test_and_binds_closer_than_or_and_brackets_bind_closest(client: Client) -> None:
    plumbing, dear = expression("ProductClass", "EQ", "PLB"), expression("MaterialCost", "GT", "100")
    electric = expression("ProductClass", "EQ", "ELE", "Or")
    assert await found(client, plumbing, dear, electric) == ["BRKR-20A", "FAUCET-K", "WH-50", "WIRE-122"]
    opened = expression("ProductClass", "EQ", "PLB", brackets=("(", ""))
    closed = expression("ProductClass", "EQ", "ELE", "Or", ("", ")"))
    assert await found(client, opened, closed, dear) == ["FAUCET-K", "WH-50"]


async def test_a_key_is_found_at_once_and_never_narrows_an_or(client: Client) -> None:
    one, other = expression("StockCode", "EQ", "ANODE"), expression("StockCode", "EQ", "R410A", "Or")
    assert await found(client, one, other, table="InvWarehouse") == ["ANODE"] * 4 + ["R410A"] * 4
    main = expression("Warehouse", "EQ", "MA")
    assert await found(client, one, main, table="InvWarehouse") == ["ANODE"]
    assert await found(client, main, one, table="InvWarehouse") == ["ANODE"]


async def test_dates_are_compared_and_the_empty_one_is_the_first(client: Client) -> None:
    for condition, value, number in (("EQ", "2026-03-16", 1), ("GT", "2026-03-16", 0), ("LT", "2026-03-16", 0)):
        assert (
            len(await found(client, expression("DateSuppAdded", condition, value), table="ApSupplier", column="Supplier")) == number
        )
    assert len(await found(client, expression("LastPurchDate", "EQ", "0000-00-00"), table="ApSupplier", column="Supplier")) == 1


async def test_a_value_is_a_value_and_never_a_condition(client: Client) -> None:
    assert await found(client, expression("StockCode", "EQ", "' OR '1'='1")) == []
    assert await found(client, expression("Description", "LIKE", "%.*%")) == []


@pytest.mark.parametrize(
    ("inner", "words"),
    [
        (query(table="Nothing"), "ERROR: Unable to open table 'Nothing' or access to it is denied"),
        (query(order="Nothing"), "ERROR: Column 'Nothing' not found in table 'ApSupplier'"),
        (query(order="TimeStamp"), "ERROR: Column 'TimeStamp' not found in table 'ApSupplier'"),
        (query(rows=""), "ERROR: ReturnRows '' of COMFND is not a number above zero"),
        (query(rows="0"), "ERROR: ReturnRows '0' of COMFND is not a number above zero"),
        (query(Where={"Expression": expression("Supplier", "", "1")}), "ERROR: Condition '' of COMFND is not known"),
        (
            query(Where={"Expression": expression("Supplier", "IS", "1")}),
            "ERROR: Value 'IS' is invalid for XML element 'Condition'",
        ),
        (
            query(Where={"Expression": expression("CurrentBalance", "EQ", "x")}),
            "ERROR: Value 'x' for column 'CurrentBalance' is not numeric",
        ),
        (query(Where={"Expression": expression("LastPurchDate", "EQ", "16/03/2026")}), "ERROR: Value '16/03/2026' for column"),
        (query(Where={"Expression": expression("Supplier", "EQ", "1", brackets=("(", ""))}), "ERROR: Brackets in the Where clause"),
        (query(Where={"Expression": expression("Supplier", "EQ", "1", brackets=("", ")"))}), "ERROR: Brackets in the Where clause"),
        (query(Sorting="Supplier"), "ERROR: XML element {Query}{Sorting} is not known"),
    ],
)
async def test_what_cannot_be_is_refused(client: Client, inner: str, words: str) -> None:
    assert (await client.query("COMFND", inner)).text.startswith(words)


async def test_a_table_may_be_hidden_by_security(make: Make) -> None:
    world = await make(hidden_tables="ApInvoice,GenMaster")
    client = await world.client()
    assert (await client.find("ApInvoice", "Invoice")).text.startswith("ERROR: Unable to open table 'ApInvoice'")
    assert (await world.odata("ApInvoice")).status == 404
    assert (await client.find("ApSupplier", "Supplier")).rows() == []


async def test_query_objects_read_what_tables_hold(client: Client, world: World) -> None:
    answer = await client.query("APSQRY", tags({"Key": {"Supplier": "0000910"}}))
    assert (answer.root.tag, answer.root.findtext("Supplier/SupplierName")) == ("ApQuery", "Barton Creek Pipe")
    missing = await client.query("APSQRY", tags({"Key": {"Supplier": "910"}}))
    assert missing.errors == [("Supplier", "110001")]
    stock = await client.query("INVQRY", tags({"Key": {"StockCode": "ANODE"}}))
    held = [(one.findtext("Warehouse"), one.findtext("QtyOnHand")) for one in stock.root.findall("WarehouseItem")]
    assert held == [("MA", "40.000"), ("NO", "40.000"), ("T1", "40.000"), ("T2", "40.000")]
    ledger = await client.query("GENQGL", tags({"key": {"LedgerCode": "5000-99"}}))
    assert ledger.errors == [("LedgerCode", "140001")]
    assert (await client.query("GENQGL", tags({"key": {"LedgerCode": "5000-10"}}))).all("AccountType") == ["E"]
