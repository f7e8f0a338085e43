"""Component Interfaces: keys, duplicates, what a property may hold, and what the gateway itself refuses."""

from __future__ import annotations

import pytest

from tests.systems.peoplesoft.simulator.world import LISTENER, Make, World, enveloped, journal, journal_line, voucher


async def test_create_answers_the_keys_below_detail_and_a_notification(world: World) -> None:
    answer = await world.create(journal())
    assert answer.texts("notification") == ["1"]
    assert [answer.texts(name)[0] for name in ("BUSINESS_UNIT", "JOURNAL_ID", "JOURNAL_DATE", "UNPOST_SEQ")] == [
        "US001",
        "K000000001",
        "2026-03-10",
        "0",
    ]
    (commit,) = await world.journal()
    assert (commit["kind"], commit["operation"], commit["ref"], commit["amount"]) == ("Journal", "create", "ST-K1", "108.25")
    assert commit["date"] == "2026-03-10"


@pytest.mark.parametrize(("interface", "row"), [("ML_JOURNAL_CI", journal()), ("ML_VOUCHER_CI", voucher())])
async def test_a_second_create_with_the_same_keys_is_91_49_within_http_200(
    world: World, interface: str, row: dict[str, object]
) -> None:
    await world.create(row, interface)
    for unit in ("US001", "AP001"):
        await world.sim("periods", {"business_unit": unit, "period": "2026-03", "gl": "N", "ap": "N"})
    answer = await world.soap(interface, "Create", row)
    assert (answer.status, answer.codes) == (200, ["91,49"])
    assert answer.payload.tag == interface
    assert answer.texts("MessageText") == [f"Row already exists with the specified keys. {{{interface}}} (91,49)"]
    assert len(await world.journal()) == 1


async def test_the_same_journal_id_on_another_day_is_another_journal(world: World) -> None:
    await world.create(journal())
    await world.create(journal(JOURNAL_DATE="2026-03-11"))
    assert len(await world.kept("Journal")) == 2


async def test_errors_can_carry_the_namespace_of_the_response(make: Make) -> None:
    world = await make(qualified_errors=True)
    await world.create(journal())
    answer = await world.soap("ML_JOURNAL_CI", "Create", journal())
    assert answer.codes == ["91,49"]
    assert answer.payload.tag.startswith("{http://xmlns.oracle.com/Enterprise/Tools/schemas/M")


async def test_next_is_a_number_of_the_systems_own(world: World) -> None:
    first = await world.create(journal(JOURNAL_ID="NEXT"))
    second = await world.create(journal(JOURNAL_ID="NEXT"))
    assert first.texts("JOURNAL_ID") + second.texts("JOURNAL_ID") == ["0000000001", "0000000002"]
    assert (await world.create(voucher(VOUCHER_ID="NEXT"), "ML_VOUCHER_CI")).texts("VOUCHER_ID") == ["00000001"]


async def test_get_answers_the_whole_buffer_and_91_50_where_there_is_none(world: World) -> None:
    await world.create(journal())
    keys = {name: journal()[name] for name in ("BUSINESS_UNIT", "JOURNAL_ID", "JOURNAL_DATE", "UNPOST_SEQ")}
    answer = await world.soap("ML_JOURNAL_CI", "Get", keys)
    assert answer.texts("JRNL_TOTAL_DEBITS") == ["108.250"]
    assert answer.texts("MONETARY_AMOUNT") == ["108.250", "-100.000", "-8.250"]
    assert answer.texts("DESCR254") == ["ST-K1 job invoice 1042"]
    missing = await world.soap("ML_JOURNAL_CI", "Get", keys | {"JOURNAL_ID": "K2"})
    assert (missing.status, missing.codes) == (200, ["91,50"])


async def test_find_takes_partial_keys_and_answers_none_or_many(world: World) -> None:
    for number in ("A1", "A2", "B1"):
        await world.create(journal(JOURNAL_ID=number))
    found = await world.soap("ML_JOURNAL_CI", "Find", {"BUSINESS_UNIT": "US001", "JOURNAL_ID": "A"})
    assert found.texts("JOURNAL_ID") == ["A1", "A2"]
    none = await world.soap("ML_JOURNAL_CI", "Find", {"BUSINESS_UNIT": "US001", "JOURNAL_ID": "Z"})
    assert (none.status, none.texts("JOURNAL_ID")) == (200, [])


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({"NO_SUCH": "1"}, ["91,35", "91,34"]),
        ({"JRNL_HDR_STATUS": "P"}, ["91,38", "91,34"]),
        ({"DESCR": "x" * 31}, ["15,10", "91,34", "91,37"]),
        ({"JOURNAL_DATE": "10-MAR-26"}, ["15,6", "91,34", "91,37"]),
        ({"JOURNAL_DATE": "2026-02-30"}, ["15,6", "91,34", "91,37"]),
        ({"JRNL_LN": [journal_line("1e2"), journal_line("-100")]}, ["15,7", "91,34", "91,37"]),
        ({"JRNL_LN": [journal_line("1,000.00")]}, ["15,7", "91,34", "91,37"]),
        ({"JRNL_LN": [journal_line("0.0001")]}, ["15,8", "91,34", "91,37"]),
        ({"JRNL_LN": [journal_line("1" * 24)]}, ["15,8", "91,34", "91,37"]),
    ],
)
async def test_a_property_holds_only_what_its_field_holds(world: World, changes: dict[str, object], codes: list[str]) -> None:
    answer = await world.soap("ML_JOURNAL_CI", "Create", journal(**changes))
    assert (answer.status, answer.codes) == (200, codes)
    assert await world.journal() == []


async def test_a_property_sent_twice_is_refused(world: World) -> None:
    answer = await world.soap("ML_JOURNAL_CI", "Create", journal(DESCR=["a", "b"]))
    assert answer.codes[0] == "91,36"


async def test_blanks_at_the_end_are_nothing_and_empty_is_a_blank(world: World) -> None:
    await world.create(journal(DESCR="", BUSINESS_UNIT="US001  "))
    (row,) = await world.query("ML_JOURNALS", BUSINESS_UNIT="US001", REF="ST-K1")
    assert row["DESCR"] == " "


async def test_the_namespace_of_another_sites_message_is_not_taken(world: World) -> None:
    other = "http://xmlns.oracle.com/Enterprise/Tools/schemas/M558814.V1"
    answer = await world.soap("ML_JOURNAL_CI", "Create", journal(), namespace=other)
    assert (answer.status, answer.codes) == (500, ["158,10001"])
    assert await world.journal() == []


async def test_an_action_that_no_routing_has_is_an_error_within_http_200(world: World) -> None:
    answer = await world.soap("ML_JOURNAL_CI", "Create", journal(), action="CI_NO_SUCH_C.V1")
    assert (answer.status, answer.xml.tag, answer.codes) == (200, "IBResponse", ["158,69"])


async def test_without_soapaction_the_query_names_the_operation(world: World) -> None:
    space = await world.namespace("ML_JOURNAL_CI", "Find")
    body = enveloped(f'<m:Find__CompIntfc__ML_JOURNAL_CI xmlns:m="{space}"/>')
    headers = {"Content-Type": "text/xml"} | world.signed
    for query, tag in (("?Operation=CI_ML_JOURNAL_CI_F.V1", "Envelope"), ("", "IBResponse")):
        answer = await world.call("POST", LISTENER + query, body, headers)
        assert answer.xml.tag.endswith(tag)


@pytest.mark.parametrize(
    "body",
    [
        b"<not-xml",
        b"",
        b"<a/>",
        enveloped("<a/><b/>"),
        enveloped("<a/>").replace(b"<s:Envelope", b'<!DOCTYPE x [<!ENTITY e "1">]><s:Envelope'),
        enveloped("<a/>").replace(b"</s:Body>", b"</s:Body><s:Body><b/></s:Body>"),
    ],
    ids=["cut", "empty", "no envelope", "two parts", "doctype", "two bodies"],
)
async def test_a_request_that_is_no_soap_call_is_a_parse_error(world: World, body: bytes) -> None:
    headers = {"Content-Type": "text/xml", "SOAPAction": "CI_ML_JOURNAL_CI_C.V1"} | world.signed
    answer = await world.call("POST", LISTENER, body, headers)
    assert (answer.status, answer.codes) == (200, ["159,5"])


async def test_soap_1_2_and_other_nodes_are_not_served(world: World) -> None:
    body = enveloped("<a/>")
    answer = await world.call("POST", LISTENER, body, {"Content-Type": "application/soap+xml"} | world.signed)
    assert answer.codes == ["159,7"]
    other = LISTENER.replace("PSFT_EP", "PSFT_HR")
    assert (await world.call("POST", other, body, {"Content-Type": "text/xml"} | world.signed)).codes == ["158,3"]


async def test_calls_are_counted_by_operation(world: World) -> None:
    await world.create(journal())
    await world.query("ML_JOURNALS", BUSINESS_UNIT="US001", REF="ST-K1")
    calls = (await world.sim("calls"))["calls"]
    assert (calls["CI_ML_JOURNAL_CI_C"], calls["ML_JOURNALS"], calls["GetWSDL"]) == (1, 1, 1)
