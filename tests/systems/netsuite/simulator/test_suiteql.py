"""SuiteQL: what is asked, how it is paged, how values are told, and what is refused."""

from __future__ import annotations

import pytest

from tests.systems.netsuite.simulator.world import CUSTOMER, SUITEQL, VENDOR, Client, Make, World, bill, order

SINCE = "TO_TIMESTAMP('2026-03-16 08:00:05.000000000','YYYY-MM-DD HH24:MI:SSxFF')"


async def test_values_are_texts_names_are_small_and_nulls_are_absent(client: Client) -> None:
    await client.made("vendor", VENDOR | {"externalId": "ST-V-1"})
    [row] = (await client.query("SELECT ID, CompanyName, Email, isInactive, ExternalId AS Ref, dateCreated FROM Vendor")).body[
        "items"
    ]
    assert row == {
        "links": [],
        "id": "1001",
        "companyname": "Barton Creek Pipe",
        "isinactive": "F",
        "ref": "ST-V-1",
        "datecreated": "3/16/2026",
    }


async def test_a_change_is_found_by_its_instant_in_the_accounts_zone(world: World, client: Client) -> None:
    await client.made("vendor", VENDOR)
    world.clock.move(seconds=5)
    two = await client.made("vendor", VENDOR | {"companyName": "Two"})
    told = "SELECT id, TO_CHAR(lastmodifieddate,'YYYY-MM-DD HH24:MI:SS') AS lastmodified FROM vendor WHERE lastmodifieddate >= "
    assert await client.rows(f"{told}{SINCE} ORDER BY id ASC") == [{"id": two, "lastmodified": "2026-03-16 08:00:05"}]
    assert (await client.rows(f"SELECT COUNT(*) AS n FROM vendor WHERE lastmodifieddate < {SINCE}")) == [{"n": "1"}]


async def test_keyset_paging_meets_every_row_once(make: Make) -> None:
    client = await (await make(vendors=23)).client()
    seen: list[str] = []
    instant, key = "2000-01-01 00:00:00", "0"
    while True:
        at = f"TO_TIMESTAMP('{instant}','YYYY-MM-DD HH24:MI:SS')"
        where = f"lastmodifieddate > {at} OR (lastmodifieddate = {at} AND id > {key})"
        text = "SELECT id, TO_CHAR(lastmodifieddate,'YYYY-MM-DD HH24:MI:SS') AS m FROM vendor"
        page = await client.rows(f"{text} WHERE {where} ORDER BY lastmodifieddate ASC, id ASC", limit=5)
        seen += [row["id"] for row in page]
        if len(page) < 5:
            break
        instant, key = page[-1]["m"], page[-1]["id"]
    assert seen == [str(number) for number in range(1001, 1024)]


async def test_pages_by_offset_need_an_order(make: Make) -> None:
    client = await (await make(vendors=40)).client()

    async def paged(order_: str) -> list[str]:
        pages = [await client.rows(f"SELECT id FROM vendor{order_}", limit=10, offset=offset) for offset in range(0, 40, 10)]
        return [row["id"] for page in pages for row in page]

    whole = [str(number) for number in range(1001, 1041)]
    assert await paged(" ORDER BY id ASC") == whole
    assert sorted(await paged("")) != whole
    assert sorted(await paged(" ORDER BY currency ASC")) != whole


async def test_a_page_tells_of_the_next_one(make: Make) -> None:
    client = await (await make(vendors=7)).client()
    body = (await client.query("SELECT id FROM vendor ORDER BY id", limit=3)).body
    assert (body["count"], body["hasMore"], body["offset"], body["totalResults"]) == (3, True, 0, 7)
    assert next(link["href"] for link in body["links"] if link["rel"] == "next").endswith(f"{SUITEQL}?limit=3&offset=3")
    last = (await client.query("SELECT id FROM vendor ORDER BY id", limit=3, offset=6)).body
    assert (last["count"], last["hasMore"]) == (1, False)


async def test_no_more_rows_are_told_than_the_ceiling(make: Make) -> None:
    client = await (await make(vendors=20, row_ceiling=12)).client()
    text = "SELECT id FROM vendor ORDER BY id"
    body = (await client.query(text, limit=5, offset=10)).body
    assert (body["count"], body["hasMore"], body["totalResults"]) == (2, False, 12)
    assert (await client.query(text, limit=5, offset=15)).problem[:2] == (400, "INVALID_PARAMETER")
    assert (await client.query("SELECT id FROM vendor WHERE id > 1012 ORDER BY id", limit=5)).body["totalResults"] == 8


async def test_an_order_is_read_with_lines_and_words(client: Client, vendor: str) -> None:
    key = await client.made("purchaseOrder", order(vendor, externalId="ST-PO-1", department={"id": "2"}))
    text = (
        "SELECT t.id, t.tranid, t.externalid, t.status, BUILTIN.DF(t.status) AS statusname, BUILTIN.DF(t.entity) AS who, tl.id AS lineid,"
        " BUILTIN.DF(tl.item) AS item, tl.quantity, tl.quantityshiprecv, tl.quantitybilled, tl.rate, tl.foreignamount"
        " FROM transaction t JOIN transactionline tl ON tl.transaction = t.id"
        " WHERE t.type='PurchOrd' AND tl.mainline='F' AND tl.taxline='F' ORDER BY t.id ASC, tl.id ASC"
    )
    first, second = await client.rows(text)
    told = {
        "id": key,
        "tranid": "PO000001",
        "externalid": "ST-PO-1",
        "status": "B",
        "statusname": "Purchase Order : Pending Receipt",
    }
    assert first == told | {
        "who": "Barton Creek Pipe",
        "lineid": "1",
        "item": "MATERIALS",
        "quantity": "3",
        "quantityshiprecv": "0",
        "quantitybilled": "0",
        "rate": "10.5",
        "foreignamount": "31.5",
    }
    assert (second["quantity"], second["foreignamount"]) == ("2.5", "200")
    header = (
        "SELECT foreigntotal, department FROM transaction t JOIN transactionline l ON l.transaction = t.id WHERE l.mainline = 'T'"
    )
    assert await client.rows(header) == [{"foreigntotal": "-231.5", "department": "2"}]


async def test_sums_are_exact(client: Client, vendor: str) -> None:
    await client.made("vendorBill", bill(vendor, *[0.1] * 30))
    sums = "SELECT SUM(debit) AS debit, SUM(credit) AS credit, AVG(debit) AS middle, SUM(amount) AS rest FROM transactionaccountingline"
    assert await client.rows(sums) == [{"debit": "3", "credit": "3", "middle": "0.1", "rest": "0"}]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("SELECT TOP 2 id FROM department ORDER BY id DESC", [{"id": "8"}, {"id": "7"}]),
        ("SELECT id FROM department ORDER BY id FETCH FIRST 1 ROWS ONLY", [{"id": "1"}]),
        ("SELECT name FROM department WHERE parent IS NULL AND isinactive = 'F' AND id < 5 ORDER BY 1", [{"name": "Operations"}]),
        ("SELECT COUNT(*), MAX(id) FROM term", [{"expr1": "4", "expr2": "4"}]),
        ("WITH a AS (SELECT id FROM term WHERE id > 3) SELECT a.id FROM a", [{"id": "4"}]),
        ("SELECT id FROM term WHERE id IN (SELECT MIN(id) FROM term) -- a comment", [{"id": "1"}]),
        ("SELECT d.id, p.id FROM department d JOIN department p ON p.id = d.parent WHERE d.id = '2'", [{"id": "2", "id_0": "1"}]),
        ("SELECT NVL(parent, 0) AS p, 'it''s' AS t FROM department WHERE id = 2", [{"p": "1", "t": "it's"}]),
        ("SELECT id FROM department WHERE name LIKE 'hvac'", []),
        ("SELECT id FROM department WHERE name = ''", []),
        ("SELECT 'a' AS x FROM currency UNION ALL SELECT 'b' FROM currency ORDER BY 1", [{"x": "a"}, {"x": "a"}, {"x": "b"}, {"x": "b"}]),
        ("SELECT periodname FROM accountingperiod WHERE startdate = '3/1/2026' AND isposting = 'T'", [{"periodname": "Mar 2026"}]),
        ("SELECT TO_CHAR(startdate, 'DD-Mon') AS d FROM accountingperiod WHERE enddate BETWEEN '2/1/2026' AND '3/1/2026'", [{"d": "01-Feb"}]),
        ("SELECT closed, enddate FROM accountingperiod WHERE periodname = 'Dec 2025'", [{"closed": "T", "enddate": "12/31/2025"}]),
        ("SELECT TO_CHAR(ADD_MONTHS(TO_DATE('2026-01-31','YYYY-MM-DD'), 1), 'YYYY-MM-DD') AS d FROM currency WHERE id = 1", [{"d": "2026-02-28"}]),
        ("SELECT 7 / 2 AS a, 6 / 3 AS b, id / 4 AS c FROM term WHERE id = 2", [{"a": "3.5", "b": "2", "c": "0.5"}]),
        ("SELECT 1 + 1 AS two FROM DUAL", [{"two": "2"}]),
        ("SELECT d.id, (SELECT COUNT(*) FROM department c WHERE c.parent = d.id) AS n FROM department d WHERE d.id = 2", [{"id": "2", "n": "0"}]),
        ("SELECT TO_CHAR(SYSDATE - 1, 'YYYY-MM-DD HH24:MI') AS d FROM currency WHERE symbol = 'CAD'", [{"d": "2026-03-15 08:00"}]),
    ],
)  # fmt: skip
async def test_what_is_parsed(client: Client, text: str, rows: list[dict[str, str]]) -> None:
    assert await client.rows(text) == rows


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("SELECT id FROM nothing", "Record 'nothing' was not found"),
        ("SELECT id FROM addressbook", "Record 'addressbook' was not found"),
        ("SELECT id FROM sqlite_master", "Record 'sqlite_master' was not found"),
        ("SELECT nothing FROM vendor", "Field 'nothing' was not found"),
        ("SELECT rowid FROM vendor", "Field 'rowid' was not found"),
        ('SELECT id FROM vendor WHERE "nothing" = 1', "Field 'nothing' was not found"),
        ("SELECT id FROM vendor LIMIT 5", "LIMIT is not supported"),
        ("SELECT id FROM vendor WHERE ROWNUM < 5", "ROWNUM is not parsed"),
        ("SELECT ROW_NUMBER() OVER (ORDER BY id) FROM vendor", "analytic functions"),
        ("SELECT LISTAGG(id) FROM vendor", "Unknown identifier 'LISTAGG'"),
        ("SELECT load_extension('x') FROM vendor", "Unknown identifier 'LOAD_EXTENSION'"),
        ("SELECT BUILTIN.CONSOLIDATE(id) FROM vendor", "BUILTIN.CONSOLIDATE is not parsed"),
        ("SELECT id FROM vendor; DELETE FROM vendor", "unexpected character"),
        ("DELETE FROM vendor", "a query begins with SELECT"),
        ("SELECT id FROM vendor WHERE id = ?", "unexpected character"),
        ("SELECT id FROM vendor v, transaction t WHERE v.id = t.entity(+)", "ENTITY"),
        ("SELECT id FROM vendor WHERE isinactive = FALSE", "'T' and 'F'"),
        ("SELECT id FROM vendor WHERE datecreated > '2026-03-01'", 'Parse of date/time "2026-03-01" failed'),
        ("SELECT id FROM vendor WHERE datecreated > TO_DATE('3/1/2026', 'YYYY-MM-DD')", "does not fit the format"),
        ("SELECT id FROM vendor WHERE datecreated + 1 > SYSDATE", "arithmetic on dates"),
        ("SELECT (id FROM vendor", "parenthesis"),
        ("SELECT id FROM vendor WHERE id IN ()", "a value is expected behind IN"),
        ("SELECT id FROM vendor FETCH FIRST x ROWS ONLY", "TOP and FETCH FIRST n ROWS ONLY"),
        ("SELECT id FROM vendor FETCH FIRST ROW ONLY", "TOP and FETCH FIRST n ROWS ONLY"),
        ("SELECT id FROM vendor WHERE id IN (SELECT TOP 1 id FROM vendor)", "TOP and FETCH FIRST n ROWS ONLY"),
        ("SELECT id FROM vendor WHERE id IN (SELECT id FROM vendor FETCH FIRST 1 ROWS ONLY)", "TOP and FETCH FIRST n ROWS ONLY"),
        ("SELECT TO_CHAR(datecreated, 'DAY') FROM vendor", "the format 'DAY' is not parsed by this simulator"),
        ("SELECT TO_CHAR(id, '0000') FROM vendor", "the format of a number is not parsed"),
        ("SELECT EXTRACT(YEAR FROM datecreated) FROM vendor", "EXTRACT is not parsed"),
        ("SELECT LISTAGG(id, ',') WITHIN GROUP (ORDER BY id) FROM vendor", "Unknown identifier 'LISTAGG'"),
        ("SELECT id FROM vendor WHERE companyname = '\ud800'", "characters that are none"),
        ("", "a query begins with SELECT"),
    ],
)
async def test_what_is_not_parsed_is_said(make: Make, text: str, words: str) -> None:
    client = await (await make(vendors=1)).client()
    answer = await client.query(text)
    assert answer.problem == (400, "INVALID_PARAMETER", "")
    assert words in answer.words
    assert await client.rows("SELECT COUNT(*) AS n FROM vendor") == [{"n": "1"}]


async def test_a_name_with_quotes_finds_only_itself(client: Client) -> None:
    for name in ("O'Brien' OR '1'='1", "Other"):
        await client.made("vendor", VENDOR | {"companyName": name})
    assert await client.rows("SELECT id FROM vendor WHERE companyname = 'O''Brien'' OR ''1''=''1'") == [{"id": "1001"}]


async def test_a_query_says_how_it_wants_to_be_asked(client: Client) -> None:
    assert (await client.call("POST", SUITEQL, {"q": "SELECT id FROM vendor"})).problem[:2] == (400, "INVALID_HEADER")
    asked = client.with_headers(Prefer="transient")
    assert (await asked.call("POST", SUITEQL, {"q": "SELECT id FROM vendor"}, limit=1001)).problem[:2] == (400, "INVALID_PARAMETER")
    assert (await asked.call("POST", SUITEQL, {"query": "SELECT id FROM vendor"})).problem[:2] == (400, "INVALID_CONTENT")
    assert (await asked.call("POST", SUITEQL, {"q": "SELECT id FROM vendor"}, limit=10, offset=5)).problem[:2] == (
        400,
        "INVALID_PARAMETER",
    )


async def test_the_search_lags_behind_the_record_service(make: Make) -> None:
    world = await make(search_lag_s=30)
    client = await world.client()
    key = await client.made("vendor", VENDOR)
    assert (await client.read(f"vendor/{key}"))["companyName"] == VENDOR["companyName"]
    assert await client.rows("SELECT id FROM vendor") == []
    world.clock.move(seconds=30)
    assert await client.rows("SELECT id FROM vendor") == [{"id": key}]
    await client.made(f"vendor/{key}", {"companyName": "Renamed"}, "PATCH")
    assert await client.rows("SELECT companyname FROM vendor") == [{"companyname": VENDOR["companyName"]}]
    assert (await client.call("DELETE", f"vendor/{key}")).status == 204
    world.clock.move(seconds=30)
    assert await client.rows("SELECT id FROM vendor") == []
    assert await client.rows("SELECT type, recordid FROM deletedrecord") == [{"type": "vendor", "recordid": key}]


async def test_a_customer_is_read_with_address_and_balance(client: Client) -> None:
    place = {"addr1": "1 Oak Street", "city": "Austin", "state": "TX", "zip": "78704", "country": "US"}
    key = await client.made(
        "customer", CUSTOMER | {"addressBook": {"items": [{"defaultBilling": True, "addressBookAddress": place}]}}
    )
    text = (
        "SELECT c.id, c.altname, c.balance, e.type, a.addr1, a.zip, r.subsidiary FROM customer c JOIN entity e ON e.id = c.id"
        " LEFT JOIN customeraddressbook b ON b.entity = c.id AND b.defaultbilling = 'T'"
        " LEFT JOIN customeraddressbookentityaddress a ON a.nkey = b.addressbookaddress"
        " LEFT JOIN customersubsidiaryrelationship r ON r.entity = c.id"
    )
    assert await client.rows(text) == [
        {"id": key, "altname": CUSTOMER["companyName"], "balance": "0", "type": "CustJob"}
        | {"addr1": "1 Oak Street", "zip": "78704", "subsidiary": "2"}
    ]


@pytest.mark.parametrize(
    ("text", "is_good"),
    [
        ("SELECT itemtype, COUNT(*) FROM item GROUP BY itemtype", True),
        ("SELECT itemtype AS t, COUNT(*) n FROM item GROUP BY itemtype HAVING COUNT(*) > 1 ORDER BY itemtype", True),
        ("SELECT i.itemtype, MAX(i.id) FROM item i GROUP BY i.itemtype", True),
        ("SELECT UPPER(itemtype) AS t, COUNT(*) FROM item GROUP BY UPPER(itemtype)", True),
        ("SELECT UPPER(itemtype) AS t, COUNT(*) FROM item GROUP BY itemtype", True),
        ("SELECT BUILTIN.DF(incomeaccount) AS a, COUNT(*) FROM item GROUP BY BUILTIN.DF(incomeaccount)", True),
        ("SELECT COUNT(*), SUM(id), 'x' AS x FROM item", True),
        ("SELECT id FROM item WHERE id = (SELECT MAX(id) FROM item)", True),
        ("SELECT itemtype, itemid, COUNT(*) FROM item GROUP BY itemtype", False),
        ("SELECT itemid, COUNT(*) FROM item", False),
    ],
)
async def test_a_column_beside_a_group_is_grouped(client: Client, text: str, is_good: bool) -> None:
    answer = await client.query(text)
    assert (answer.status == 200) is is_good, answer.raw
    assert is_good or "not a GROUP BY expression" in answer.words


async def test_a_piece_of_a_date_is_told_as_it_is(client: Client) -> None:
    assert await client.rows("SELECT SUBSTR(startdate, 2, 4) AS y, LENGTH(periodname) AS n FROM accountingperiod WHERE id = 1") == [
        {"y": "2025", "n": "7"}
    ]
