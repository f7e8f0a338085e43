"""Journals: edits with PeopleSoft's words, effective dating by SETID, and the batch that edits and posts."""

from __future__ import annotations

from typing import Any

import pytest

from tests.moved import until
from tests.systems.peoplesoft.simulator.world import Make, World, journal, journal_line

_INVALID = "Invalid value -- press the prompt button or hyperlink for a list of valid values (15,11)"


def _lines(**changes: Any) -> list[dict[str, Any]]:
    return [journal_line("5", ACCOUNT="120000"), journal_line("-5", **changes)]


@pytest.mark.parametrize(
    ("changes", "code", "where"),
    [
        ({"BUSINESS_UNIT": "US999"}, "15,11", "BUSINESS_UNIT US999"),
        ({"BUSINESS_UNIT": "us001"}, "15,11", "BUSINESS_UNIT us001"),
        ({"BUSINESS_UNIT": "AP001"}, "15,11", "BUSINESS_UNIT AP001"),
        ({"LEDGER_GROUP": "OTHER"}, "15,11", "LEDGER_GROUP OTHER"),
        ({"SOURCE": "ZZZ"}, "15,11", "SOURCE ZZZ"),
        ({"JOURNAL_ID": "k-1"}, "15,11", "JOURNAL_ID k-1"),
        ({"JOURNAL_DATE": ""}, "15,30", "JOURNAL_DATE"),
        ({"JRNL_LN": _lines(ACCOUNT="987654")}, "15,11", "JRNL_LN(2).ACCOUNT 987654"),
        ({"JRNL_LN": _lines(ACCOUNT="")}, "15,30", "JRNL_LN(2).ACCOUNT"),
        ({"JRNL_LN": _lines(ACCOUNT="499000")}, "15,11", "JRNL_LN(2).ACCOUNT 499000"),
        ({"JRNL_LN": _lines(ACCOUNT="410000")}, "15,11", "JRNL_LN(2).ACCOUNT 410000"),
        ({"JRNL_LN": _lines(DEPTID="29000")}, "15,11", "JRNL_LN(2).DEPTID 29000"),
        ({"JRNL_LN": _lines(PRODUCT="SOLAR")}, "15,11", "JRNL_LN(2).PRODUCT SOLAR"),
        ({"JRNL_LN": _lines(LEDGER="BUDGET")}, "15,11", "JRNL_LN(2).LEDGER BUDGET"),
        ({"JRNL_LN": _lines(CURRENCY_CD="CAD")}, "5010,61", "JRNL_LN(2).CURRENCY_CD"),
        ({"JRNL_LN": [journal_line("5"), {"LEDGER": "LOCAL", "ACCOUNT": "120000"}]}, "15,30", "JRNL_LN(2).MONETARY_AMOUNT"),
        ({"JRNL_LN": [journal_line("5"), journal_line("-4.99")]}, "5010,146", "JRNL_LN"),
        ({"JRNL_LN": []}, "5010,12", "JRNL_LN"),
        ({"JOURNAL_DATE": "2025-12-31"}, "5010,44", "JOURNAL_DATE"),
        ({"JOURNAL_DATE": "2031-01-01"}, "5010,44", "JOURNAL_DATE"),
        ({"CURRENCY_CD": "CAD", "JRNL_LN": []}, "5010,60", "CURRENCY_CD"),
    ],
)
async def test_each_edit_names_its_message_and_its_field(world: World, changes: dict[str, Any], code: str, where: str) -> None:
    answer = await world.soap("ML_JOURNAL_CI", "Create", journal(**changes))
    assert answer.status == 200
    assert answer.codes[0] == code
    assert answer.codes[-1] == "91,37"
    assert answer.texts("ExplainText")[0] == where
    if code == "15,11":
        assert answer.texts("MessageText")[0] == _INVALID
    assert await world.kept("Journal") == []


async def test_a_value_of_the_future_is_valid_on_its_day(make: Make) -> None:
    world = await make()
    await world.create(journal(JOURNAL_DATE="2027-01-01", JRNL_LN=_lines(ACCOUNT="410000")))


async def test_values_are_those_of_the_business_units_setid(world: World) -> None:
    rows = _lines(ACCOUNT="402000")
    answer = await world.soap("ML_JOURNAL_CI", "Create", journal(BUSINESS_UNIT="US003", JRNL_LN=rows))
    assert answer.texts("ExplainText")[0] == "JRNL_LN(2).ACCOUNT 402000"
    await world.create(journal(BUSINESS_UNIT="US002", JRNL_LN=rows))


async def test_two_runs_of_the_batch_edit_and_post(world: World) -> None:
    await world.create(journal())
    states = []
    for _ in range(3):
        (row,) = await world.query("ML_JOURNALS", BUSINESS_UNIT="US001", REF="ST-K1")
        states.append(row["JRNL_HDR_STATUS"])
        await world.batch()
    assert states == ["N", "V", "P"]
    assert [commit["operation"] for commit in await world.journal("Journal")] == ["create", "edit", "post"]
    (kept,) = await world.kept("Journal")
    assert (kept["ref"], kept["amount"], kept["credits"], kept["status"], kept["posted"]) == (
        "ST-K1",
        "108.25",
        "108.25",
        "P",
        True,
    )


async def test_the_batch_runs_by_itself_every_batch_seconds(make: Make) -> None:
    world = await make(batch_seconds="0.02")
    await world.create(journal())

    async def posted() -> bool:
        return bool((await world.kept("Journal"))[0]["posted"])

    assert await until(posted)


async def test_a_period_closed_before_the_edit_makes_an_error_with_its_words(world: World) -> None:
    await world.create(journal())
    await world.sim("periods", {"business_unit": "US001", "period": "2026-03", "gl": "N"})
    await world.batch(2)
    (row,) = await world.query("ML_JOURNALS", BUSINESS_UNIT="US001", REF="ST-K1")
    assert (row["JRNL_HDR_STATUS"], row["ERROR_SET"], row["ERROR_NBR"]) == ("E", "5010", "44")
    assert row["ERROR_TEXT"].startswith("Journal date 2026-03-10 is not within an open period")


async def test_where_the_interface_does_not_edit_the_batch_does(make: Make) -> None:
    world = await make(edit_on_save=False)
    await world.create(journal(JRNL_LN=[journal_line("5"), journal_line("-4", ACCOUNT="987654")]))
    await world.batch()
    (row,) = await world.query("ML_JOURNALS", BUSINESS_UNIT="US001", REF="ST-K1")
    assert (row["JRNL_HDR_STATUS"], row["ERROR_SET"], row["ERROR_NBR"]) == ("E", "15", "11")


async def test_without_automatic_posting_a_person_posts(make: Make) -> None:
    world = await make(journal_post=False)
    await world.create(journal())
    await world.batch(3)
    assert (await world.kept("Journal"))[0]["status"] == "V"
    (options,) = await world.query("ML_OPTIONS", BUSINESS_UNIT="US001")
    assert options == {
        "attr:rownumber": 1,
        "BUSINESS_UNIT": "US001",
        "DUP_INVOICE_ACTION": "RECYCLE",
        "JOURNAL_POST": "N",
    }
    await world.batch(post=True)
    assert (await world.kept("Journal"))[0]["status"] == "P"


async def test_an_edit_can_fail_or_stay_away_by_plan(world: World) -> None:
    await world.create(journal())
    await world.fault(kind="edit_stuck")
    await world.batch()
    assert (await world.kept("Journal"))[0]["status"] == "N"
    await world.fault(kind="edit_fails")
    await world.batch()
    kept = (await world.kept("Journal"))[0]
    assert (kept["status"], kept["error"]) == ("E", "Combination edit error. (5010,99) JRNL_LN(1)")


async def test_a_person_can_change_a_journal(world: World) -> None:
    await world.create(journal())
    key = "US001/K000000001/2026-03-10/0"
    await world.sim("documents", {"kind": "Journal", "id": key, "set": {"JRNL_HDR_STATUS": "D"}})
    assert (await world.kept("Journal"))[0]["status"] == "D"
    assert (await world.call("POST", "/__sim__/documents", {"kind": "Journal", "id": "x", "set": {}})).status == 400
