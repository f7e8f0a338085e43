"""Query Access Service: its odd JSON, what it is particular about, what it does without a word."""

from __future__ import annotations

from typing import Any

import pytest

from tests.systems.peoplesoft.simulator.world import Make, World, journal, query_path


async def test_the_answer_has_the_odd_keys_and_values_are_texts(world: World) -> None:
    answer = await world.asked("ML_VENDORS", 2, SETID="SHARE", CHANGED_FROM="", CHANGED_TO="", LAST_VENDOR_ID="")
    body = answer.json
    assert body["status"] == "success"
    query = body["data"]["query"]
    assert (query["numrows"], query["queryname="]) == (2, "ML_VENDORS")
    assert [row["attr:rownumber"] for row in query["rows"]] == [1, 2]
    assert [row["A.VENDOR_ID"] for row in query["rows"]] == ["0000000001", "0000000002"]
    assert all(isinstance(value, str) for row in query["rows"] for name, value in row.items() if name.startswith("A."))
    assert query["rows"][0]["A.NAME2"] == " "


async def test_paging_by_the_last_key_meets_every_vendor_once(world: World) -> None:
    seen: list[str] = []
    while True:
        rows = await world.query(
            "ML_VENDORS", 7, SETID="SHARE", CHANGED_FROM="", CHANGED_TO="", LAST_VENDOR_ID=seen[-1] if seen else "0"
        )
        seen += [row["VENDOR_ID"] for row in rows]
        if len(rows) < 7:
            break
    kept = [one["VENDOR_ID"] for one in await world.kept("Vendor") if one["SETID"] == "SHARE"]
    assert seen == kept == sorted(set(seen))
    assert len(await world.kept("Vendor")) == 40


async def test_more_rows_than_maxrows_are_cut_without_a_word(make: Make) -> None:
    world = await make(max_rows=5)
    rows = await world.query("ML_PERIODS", BUSINESS_UNIT="US001", LAST_KEY="")
    assert [row["PERIOD_KEY"] for row in rows] == ["2025001", "2025002", "2025003", "2025004", "2025005"]


async def test_the_window_of_changes_is_inclusive_on_both_sides(world: World) -> None:
    vendor = await world.sim("vendors", {"NAME1": "New Supply", "VENDOR_NAME_SHORT": "NEW-001"})
    assert (vendor["VENDOR_ID"], vendor["LAST_MODIFIED_DATE"]) == ("0000000040", "2026-03-16")
    world.clock.move(days=2)
    edited = await world.sim("vendors", {"VENDOR_ID": "0000000002", "PHONE": "(512) 555-0100"})
    assert edited["LAST_MODIFIED_DATE"] == "2026-03-18"
    for first, last, expected in (
        ("2026-03-16", "2026-03-16", ["0000000040"]),
        ("2026-03-16", "2026-03-18", ["0000000002", "0000000040"]),
        ("2026-03-17", "", ["0000000002"]),
        ("2026-03-19", "", []),
    ):
        rows = await world.query("ML_VENDORS", SETID="SHARE", CHANGED_FROM=first, CHANGED_TO=last, LAST_VENDOR_ID="")
        assert [row["VENDOR_ID"] for row in rows] == expected


async def test_another_setid_numbers_its_vendors_again(world: World) -> None:
    rows = await world.query("ML_VENDOR", SETID="STX01", VENDOR_ID="0000000001")
    others = await world.query("ML_VENDOR", SETID="SHARE", VENDOR_ID="0000000001")
    assert len(rows) == len(others) == 1
    assert rows[0]["NAME1"] != others[0]["NAME1"]
    assert await world.query("ML_VENDOR", SETID="SHARE", VENDOR_ID="1") == []


async def test_a_value_has_the_row_in_force_on_the_day_and_none_before_it_begins(world: World) -> None:
    async def row(day: str, account: str) -> tuple[str, str] | None:
        rows = await world.query("ML_GL_ACCOUNTS", SETID="SHARE", AS_OF=day, LAST_ACCOUNT="")
        return next(((one["EFF_STATUS"], one["DESCR"]) for one in rows if one["ACCOUNT"] == account), None)

    assert await row("2026-03-16", "401000") == ("A", "Plumbing Revenue")
    assert await row("2027-01-01", "401000") == ("A", "Plumbing and Drains Revenue")
    assert await row("2025-06-30", "499000") == ("A", "Old Revenue")
    assert await row("", "499000") == ("I", "Old Revenue")
    assert await row("", "410000") is None
    assert await row("2027-06-01", "410000") == ("A", "Solar Revenue")


async def test_chartfields_are_asked_for_by_field_and_setid(world: World) -> None:
    rows = await world.query("ML_CHARTFIELDS", SETID="SHARE", AS_OF="", FIELDNAME="DEPTID", LAST_VALUE="22000")
    assert [(row["VALUE"], row["EFF_STATUS"]) for row in rows] == [("22500", "A"), ("23000", "A"), ("29000", "I")]
    assert await world.query("ML_CHARTFIELDS", SETID="NONE", AS_OF="", FIELDNAME="DEPTID", LAST_VALUE="") == []
    await world.sim("values", {"setid": "SHARE", "field": "DEPTID", "value": "25000", "effdt": "2026-01-01", "status": "A"})
    rows = await world.query("ML_CHARTFIELDS", SETID="SHARE", AS_OF="", FIELDNAME="DEPTID", LAST_VALUE="23000")
    assert [row["VALUE"] for row in rows] == ["25000", "29000"]


async def test_business_units_are_of_ledger_or_payables(world: World) -> None:
    rows = await world.query("ML_BUSINESS_UNITS", LAST_BUSINESS_UNIT="")
    assert [(row["BUSINESS_UNIT"], row["KIND"], row["BASE_CURRENCY"]) for row in rows] == [
        ("AP001", "AP", "USD"),
        ("AP002", "AP", "USD"),
        ("CAN01", "GL", "CAD"),
        ("US001", "GL", "USD"),
        ("US002", "GL", "USD"),
        ("US003", "GL", "USD"),
    ]


async def test_permissions_name_operations_and_interfaces(world: World) -> None:
    rows = await world.query("ML_PERMISSIONS", OPRID="MLCONNECT", LAST_NAME="CI_ML_VOUCHER_CI_G")
    assert [(row["OBJECT_NAME"], row["OBJECT_KIND"], row["AUTHORIZED"]) for row in rows] == [
        ("ML_JOURNAL_CI", "CI", "Y"),
        ("ML_VOUCHER_CI", "CI", "Y"),
        ("QAS_EXECUTEQRY_REST_GET", "OPERATION", "Y"),
        ("VOUCHER_BUILD", "OPERATION", "Y"),
    ]


@pytest.mark.parametrize(
    ("options", "status"),
    [
        (
            "isconnectedquery=N&maxrows=5&prompt_uniquepromptname=SETID,VENDOR_ID&prompt_fieldvalue=SHARE,0000000001&json_resp=true",
            200,
        ),
        (
            "isconnectedquery=N&maxrows=5&prompt_uniquepromptname=VENDOR_ID,SETID&prompt_fieldvalue=0000000001,SHARE&json_resp=true",
            400,
        ),
        (
            "isconnectedquery=N&maxrows=5&prompt_uniquepromptname=setid,vendor_id&prompt_fieldvalue=SHARE,0000000001&json_resp=true",
            400,
        ),
        (
            "isconnectedquery=N&maxrows=5&prompt_uniquepromptname=SETID%2CVENDOR_ID&prompt_fieldvalue=SHARE,0000000001&json_resp=true",
            400,
        ),
        (
            "isconnectedquery=N&maxrows=5&prompt_uniquepromptname=SETID,VENDOR_ID&prompt_fieldvalue=SHARE%2C0000000001&json_resp=true",
            400,
        ),
        ("isconnectedquery=N&maxrows=5&prompt_uniquepromptname=SETID,VENDOR_ID&prompt_fieldvalue=SHARE&json_resp=true", 400),
        ("maxrows=5&prompt_uniquepromptname=SETID,VENDOR_ID&prompt_fieldvalue=SHARE,0000000001&json_resp=true", 400),
        ("isconnectedquery=N&prompt_uniquepromptname=SETID,VENDOR_ID&prompt_fieldvalue=SHARE,0000000001&json_resp=true", 400),
        (
            "isconnectedquery=N&maxrows=0&prompt_uniquepromptname=SETID,VENDOR_ID&prompt_fieldvalue=SHARE,0000000001&json_resp=true",
            400,
        ),
        ("isconnectedquery=N&maxrows=5&maxrows=6&prompt_uniquepromptname=SETID,VENDOR_ID&prompt_fieldvalue=SHARE,1", 400),
        ("isconnectedquery=N&maxrows=5&prompt_uniquepromptname=SETID,VENDOR_ID&prompt_fieldvalue=SHARE,1&colour=red", 400),
        (
            "isconnectedquery=N&maxrows=5&prompt_uniquepromptname=SETID,VENDOR_ID&prompt_fieldvalue=SHARE,1&filterfields=SHOE_SIZE",
            400,
        ),
    ],
)
async def test_prompts_come_in_order_with_plain_commas_and_exact_names(world: World, options: str, status: int) -> None:
    answer = await world.call("GET", f"{query_path('ML_VENDOR')}?{options}", headers=world.signed)
    assert answer.status == status


@pytest.mark.parametrize("name", ["ml_vendors", "ML_Vendors", "VENDORS", "ML_NOTHING"])
async def test_an_unknown_query_is_not_found(world: World, name: str) -> None:
    assert (await world.asked(name, SETID="SHARE")).status == 404


async def test_queries_can_be_absent_and_have_another_prefix(make: Make) -> None:
    world = await make(missing_queries="ML_OPTIONS,PERIODS")
    assert (await world.asked("ML_OPTIONS", BUSINESS_UNIT="US001")).status == 404
    assert (await world.asked("ML_PERIODS", BUSINESS_UNIT="US001", LAST_KEY="")).status == 404
    other = await make("other", query_prefix="ACME_")
    assert (await other.asked("ML_OPTIONS", BUSINESS_UNIT="US001")).status == 404
    assert len(await other.query("ACME_OPTIONS", BUSINESS_UNIT="US001")) == 1


async def test_row_security_takes_rows_away_without_an_error(make: Make) -> None:
    world = await make(hidden_setids="STX01", hidden_units="US002")
    assert await world.query("ML_VENDOR", SETID="STX01", VENDOR_ID="0000000001") == []
    units = [row["BUSINESS_UNIT"] for row in await world.query("ML_BUSINESS_UNITS", LAST_BUSINESS_UNIT="US001")]
    assert units == ["US003"]
    await world.create(journal(BUSINESS_UNIT="US002"))
    assert await world.query("ML_JOURNALS", BUSINESS_UNIT="US002", REF="ST-K1") == []


async def test_columns_can_be_narrowed(world: World) -> None:
    options = (
        "isconnectedquery=N&maxrows=5&prompt_uniquepromptname=SETID,VENDOR_ID&prompt_fieldvalue=SHARE,0000000001&json_resp=true"
    )
    path = f"{query_path('ML_VENDOR')}?{options}&filterfields=VENDOR_ID,VENDOR_STATUS"
    (row,) = (await world.call("GET", path, headers=world.signed)).json["data"]["query"]["rows"]
    assert row == {"attr:rownumber": 1, "A.VENDOR_ID": "0000000001", "A.VENDOR_STATUS": "A"}


@pytest.mark.parametrize("form", ["WEBROWSET", "XMLP"])
async def test_without_json_resp_the_rows_are_xml(world: World, form: str) -> None:
    options = "isconnectedquery=N&maxrows=3&prompt_uniquepromptname=LAST_BUSINESS_UNIT&prompt_fieldvalue="
    path = query_path("ML_BUSINESS_UNITS").replace("WEBROWSET", form)
    answer = await world.call("GET", f"{path}?{options}", headers=world.signed)
    assert [row.findtext("BUSINESS_UNIT") for row in answer.xml.findall("row")] == ["AP001", "AP002", "CAN01"]


async def test_a_ref_is_the_start_of_the_long_description(world: World) -> None:
    for number, text in (("A", "ST-K1 one"), ("B", "ST-K10 two"), ("C", "see ST-K1")):
        await world.create(journal(JOURNAL_ID=number, DESCR254=text))
    rows = await world.query("ML_JOURNALS", BUSINESS_UNIT="US001", REF="ST-K1")
    assert [row["JOURNAL_ID"] for row in rows] == ["A", "B"]
    assert await world.query("ML_JOURNALS", BUSINESS_UNIT="US002", REF="ST-K1") == []


async def test_an_amount_that_is_none_fails_in_the_handler(world: World) -> None:
    prompts = {"BUSINESS_UNIT": "AP001", "VENDOR_SETID": "SHARE", "VENDOR_ID": "1", "INVOICE_DT": "2026-03-10", "GROSS_AMT": "much"}
    answer = await world.asked("ML_SUSPECTS", **prompts)
    assert (answer.status, answer.codes) == (500, ["158,10001"])


async def test_a_drifting_page_skips_a_row(world: World) -> None:
    await world.fault(kind="page_drift", method="GET", path="ML_BUSINESS_UNITS")
    rows: list[dict[str, Any]] = await world.query("ML_BUSINESS_UNITS", 2, LAST_BUSINESS_UNIT="")
    assert [row["BUSINESS_UNIT"] for row in rows] == ["AP002", "CAN01"]


@pytest.mark.parametrize(
    "body",
    [{"NAME1": "x" * 41}, {"SHOE_SIZE": "9"}, {"VENDOR_ID": "0000009999"}, {"VENDOR_ID": "0000000001", "VENDOR_CLASS": "LONG"}],
)
async def test_a_person_cannot_save_what_the_page_would_refuse(world: World, body: dict[str, str]) -> None:
    assert (await world.call("POST", "/__sim__/vendors", body)).status == 400
    assert await world.journal() == []
