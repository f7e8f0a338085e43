"""Reading: windows by days, whole lists by last key, vendors by id, operations seen active first, pages that are none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote, urlsplit

import orjson
import pytest

from runtime.errors import Broken, ConnectorError, Refused, Transient
from runtime.exchange import Request, Response, response
from runtime.json import parse
from systems.feeds.keyset import Keyset
from systems.peoplesoft.errors import OPERATION
from systems.peoplesoft.poller import keyset_of
from tests.systems.peoplesoft.reading.site import FEED, Site, Start, walk

Change = Callable[[dict[str, Any]], None]


def values(request: Request) -> list[str]:
    """The prompt values of a query, as they were sent."""
    query = urlsplit(request.url).query
    return [unquote(one) for one in query.partition("prompt_fieldvalue=")[2].partition("&")[0].split(",")]


# --- walks ---


async def test_a_first_window_has_every_vendor_once_though_maxrows_cuts_each_page(sites: Start) -> None:
    site = await sites(vendors=57)
    reader, wire = site.reader(site.settings(page_size=10, vendor_setids=["SHARE", "STX01"]))
    found, _ = await walk(reader, FEED["vendors"])
    assert len({one.source_id for one in found}) == len(found) == 57
    assert {one.source_id.partition("/")[0] for one in found} == {"SHARE", "STX01"}
    assert values(wire.of("ML_VENDORS")[0])[:3] == ["SHARE", "", "2026-03-16"]


async def test_a_page_of_exactly_maxrows_is_followed_by_another(sites: Start) -> None:
    site = await sites(vendors=40)
    total = len((await walk(site.reader()[0], FEED["vendors"]))[0])
    for size in (total, total + 1):
        reader, wire = site.reader(site.settings(page_size=size))
        found, _ = await walk(reader, FEED["vendors"])
        assert len(found) == total
        assert values(wire.of("ML_VENDORS")[-1])[-1] == found[-1].source_id.partition("/")[2]


async def test_a_site_that_cuts_lower_than_it_was_asked_loses_nothing(sites: Start) -> None:
    site = await sites(vendors=57)
    whole = len((await walk(site.reader()[0], FEED["vendors"]))[0])
    await site.ask("settings", {"max_rows": 7})
    reader, _ = site.reader()
    found, _ = await walk(reader, FEED["vendors"])
    assert len({one.source_id for one in found}) == whole > 40


async def test_the_next_window_begins_a_day_before_the_end_of_the_last(sites: Start) -> None:
    site = await sites(vendors=20)
    reader, wire = site.reader()
    _, position = await walk(reader, FEED["vendors"])
    assert keyset_of(position) == Keyset(since="2026-03-15")
    site.clock.move(days=2)
    made = await site.ask("vendors", {"NAME1": "Delta Parts"})
    found, position = await walk(reader, FEED["vendors"], position)
    assert [one.source_id for one in found] == [f"SHARE/{made['VENDOR_ID']}"]
    assert values(wire.of("ML_VENDORS")[-1])[:3] == ["SHARE", "2026-03-15", "2026-03-18"]
    assert keyset_of(position) == Keyset(since="2026-03-17")


async def test_the_windows_days_are_those_of_the_database(sites: Start) -> None:
    site = await sites(timezone="Pacific/Auckland")
    reader, wire = site.reader(site.settings(database_zone="Pacific/Auckland"))
    await reader.page(FEED["vendors"], "")
    assert values(wire.of("ML_VENDORS")[-1])[2] == "2026-03-17"


async def test_a_window_never_ends_after_the_servers_own_day(site: Site) -> None:
    reader, wire = site.reader()
    wire.answer = lambda _, got: response(got.status, got.body, dict(got.headers) | {"Date": "Sat, 14 Mar 2026 10:00:00 GMT"})
    await reader.page(FEED["vendors"], "")
    assert values(wire.of("ML_VENDORS")[-1])[2] == "2026-03-14"


async def test_read_from_begins_the_window_and_the_daily_reading_takes_everything(site: Site) -> None:
    reader, wire = site.reader(site.settings(read_from="2026-03-01"))
    recent, _ = await walk(reader, FEED["vendors"])
    every, position = await walk(reader, FEED["all_vendors"])
    assert recent == []
    assert len(every) > 30
    assert values(wire.of("ML_VENDORS")[-1])[:3] == ["SHARE", "", ""]
    assert keyset_of(position) == Keyset()


async def test_a_cycle_that_finds_nothing_new_moves_the_window_and_gives_nothing(site: Site) -> None:
    reader, _ = site.reader()
    _, position = await walk(reader, FEED["vendors"])
    site.clock.move(days=3)
    for _ in range(10):
        found, position = await walk(reader, FEED["vendors"], position)
        assert found == []


async def test_an_element_is_the_exact_bytes_of_the_page(site: Site) -> None:
    reader, wire = site.reader()
    page = await reader.page(FEED["vendors"], "")
    for element in page.elements:
        assert element.body in wire.answers[-1].body
        assert f"SHARE/{parse(element.body)['A.VENDOR_ID']}" == element.source_id
        assert len(element.source_version) == len("2026-03-16")


async def test_whole_lists_are_walked_part_by_part(site: Site) -> None:
    reader, _ = site.reader(site.settings(page_size=3))
    ids = {name: {one.source_id for one in (await walk(reader, FEED[name]))[0]} for name in FEED}
    assert "SHARE/401000" in ids["gl_accounts"]
    assert {one.split("/")[1] for one in ids["chartfields"]} >= {"DEPTID", "OPERATING_UNIT", "PRODUCT", "PROJECT_ID"}
    assert {"GL/US001", "AP/AP001"} <= ids["business_units"]
    units = {one.partition("/")[0] for one in ids["periods"]}
    assert (
        units == {one.partition("/")[2] for one in ids["business_units"]} == {"US001", "US002", "US003", "CAN01", "AP001", "AP002"}
    )


async def test_only_the_row_in_force_is_read(site: Site) -> None:
    """A row of the future taken as current would book on an account that is not open yet."""
    reader, wire = site.reader()
    found, _ = await walk(reader, FEED["gl_accounts"])
    bodies = {one.source_id: parse(one.body) for one in found}
    assert "SHARE/410000" not in bodies
    assert bodies["SHARE/499000"]["A.EFF_STATUS"] == "I"
    assert bodies["SHARE/401000"]["A.DESCR"] == "Plumbing Revenue"
    assert values(wire.of("ML_GL_ACCOUNTS")[0])[1] == "2026-03-16"


async def test_rows_of_the_future_and_of_the_past_are_left_where_a_query_gives_them_all(site: Site) -> None:
    """A query saved without AS_OF's criterion shows every row of a key."""
    reader, wire = site.reader()

    def every(number: int, value: str, effdt: str) -> dict[str, Any]:
        row = {"SETID": "SHARE", "ACCOUNT": value, "EFFDT": effdt, "EFF_STATUS": "A", "DESCR": effdt, "ACCOUNT_TYPE": "R"}
        return {"attr:rownumber": number} | {f"A.{name}": text for name, text in row.items()}

    rows = [every(1, "1", "2000-01-01"), every(2, "1", "2026-03-16"), every(3, "1", "2027-01-01"), every(4, "2", "2027-01-01")]
    wire.answer = replaced("ML_GL_ACCOUNTS", lambda body: body["data"]["query"].update(rows=rows, numrows=4))
    page = await reader.page(FEED["gl_accounts"], "")
    assert [(one.source_id, parse(one.body)["A.DESCR"]) for one in page.elements] == [("SHARE/1", "2026-03-16")]


async def test_a_key_that_a_full_page_may_have_cut_is_left_to_the_next(site: Site) -> None:
    reader, wire = site.reader(site.settings(page_size=2))
    await reader.page(FEED["gl_accounts"], "")
    assert len(parse(wire.answers[-1].body)["data"]["query"]["rows"]) == 2
    page = await reader.page(FEED["gl_accounts"], "")
    assert [one.source_id for one in page.elements] == ["SHARE/100000"]


# --- queries that do not keep their word ---


@pytest.mark.parametrize(
    ("feed", "change", "words"),
    [
        ("vendors", lambda row: row.pop("A.VENDOR_STATUS"), "no column VENDOR_STATUS"),
        ("vendors", lambda row: row.update({"A.SETID": "OTHER"}), "asked for SETID SHARE, a row has OTHER"),
        ("chartfields", lambda row: row.update({"A.FIELDNAME": "PRODUCT"}), "asked for FIELDNAME DEPTID"),
    ],
)
async def test_a_query_that_was_saved_otherwise_is_named(site: Site, feed: str, change: Change, words: str) -> None:
    reader, wire = site.reader()
    query = {"vendors": "ML_VENDORS", "chartfields": "ML_CHARTFIELDS"}[feed]
    wire.answer = replaced(query, lambda body: change(body["data"]["query"]["rows"][0]))
    with pytest.raises(Broken, match=words) as refused:
        await reader.page(FEED[feed], "")
    assert "install/queries" in refused.value.remedy


async def test_a_query_that_gives_its_last_key_again_is_no_endless_walk(site: Site) -> None:
    reader, wire = site.reader(site.settings(page_size=5))
    first = await reader.page(FEED["vendors"], "")
    asked = wire.answers[-1]
    wire.answer = lambda request, got: asked if "ML_VENDORS" in request.url else got
    with pytest.raises(Broken, match="again"):
        await reader.page(FEED["vendors"], first.position)


async def test_more_rows_of_one_key_than_a_page_takes_are_refused(site: Site) -> None:
    reader, wire = site.reader(site.settings(page_size=2))

    def same(body: dict[str, Any]) -> None:
        for row in body["data"]["query"]["rows"]:
            row["A.ACCOUNT"] = "1"

    wire.answer = replaced("ML_GL_ACCOUNTS", same)
    with pytest.raises(Broken, match="alone has 2 rows"):
        await reader.page(FEED["gl_accounts"], "")


async def test_twins_of_one_key_are_both_kept(site: Site) -> None:
    """Two rows of one vendor in a page: hop 1 decides, nothing is dropped here."""
    reader, wire = site.reader()

    def doubled(body: dict[str, Any]) -> None:
        rows = body["data"]["query"]["rows"]
        rows[1]["A.VENDOR_ID"] = rows[0]["A.VENDOR_ID"]

    wire.answer = replaced("ML_VENDORS", doubled)
    page = await reader.page(FEED["vendors"], "")
    assert [one.source_id for one in page.elements][:2] == ["SHARE/0000000001"] * 2


async def test_a_change_of_the_future_does_not_outlive_the_next(site: Site) -> None:
    reader, wire = site.reader()
    dates = ["9999-12-31", "0001-01-01", "soon"]

    def dated(body: dict[str, Any]) -> None:
        for row, changed in zip(body["data"]["query"]["rows"], dates, strict=False):
            row["A.LAST_MODIFIED_DATE"] = changed

    wire.answer = replaced("ML_VENDORS", dated)
    page = await reader.page(FEED["vendors"], "")
    assert [one.source_version for one in page.elements][:3] == ["2026-03-16", "0001-01-01", ""]
    assert keyset_of(page.position).until == "2026-03-16"


# --- single vendors ---


async def test_vendors_are_fetched_by_id_and_the_unknown_are_absent(site: Site) -> None:
    reader, wire = site.reader()
    page = await reader.fetch("vendor", ["SHARE/0000000002", "SHARE/0000000002", "SHARE/9999999999", "STX01/0000000001"])
    assert [one.source_id for one in page.elements] == ["SHARE/0000000002"]
    assert len(wire.of("ML_VENDOR/")) == 2


@pytest.mark.parametrize("source_id", ["TOOLONG/1", "SHARE/00000000001"])
async def test_an_id_that_cannot_be_there_is_absent_without_asking(site: Site, source_id: str) -> None:
    reader, wire = site.reader()
    assert (await reader.fetch("vendor", [source_id])).elements == ()
    assert wire.of("ML_VENDOR/") == []


@pytest.mark.parametrize("source_id", ["0000000001", "SHARE/", "/1", ""])
async def test_what_is_no_id_is_refused_without_asking(site: Site, source_id: str) -> None:
    reader, wire = site.reader()
    with pytest.raises(Refused, match="is not an id"):
        await reader.fetch("vendor", [source_id])
    assert wire.of("ML_VENDOR/") == []


@pytest.mark.parametrize("vendor_id", ["1,2", "1\n2", "\x00"])
async def test_an_id_that_would_divide_the_prompts_is_refused(site: Site, vendor_id: str) -> None:
    reader, wire = site.reader()
    with pytest.raises(Refused, match="cannot carry"):
        await reader.fetch("vendor", [f"SHARE/{vendor_id}"])
    assert wire.of("ML_VENDOR/") == []


@pytest.mark.parametrize("vendor_id", ["O'B' or 1", "%2C1&x=1", "a+b %", "é1"])
async def test_any_other_text_is_that_text_alone(site: Site, vendor_id: str) -> None:
    reader, wire = site.reader()
    page = await reader.fetch("vendor", [f"SHARE/{vendor_id}"])
    assert page.elements == ()
    assert values(wire.of("ML_VENDOR/")[0]) == ["SHARE", vendor_id]


async def test_another_vendor_than_the_one_asked_for_is_not_taken(site: Site) -> None:
    reader, wire = site.reader()
    wire.answer = replaced("ML_VENDOR/", lambda body: body["data"]["query"]["rows"][0].update({"A.VENDOR_ID": "0000000009"}))
    with pytest.raises(Transient, match="came and was not asked for"):
        await reader.fetch("vendor", ["SHARE/0000000002"])


async def test_nothing_but_vendors_is_read_by_id(site: Site) -> None:
    reader, _ = site.reader()
    with pytest.raises(Broken, match="does not read"):
        await reader.fetch("journal", ["1"])


# --- operations first ---


@pytest.mark.parametrize("part", ["version", "routing", "handler"])
async def test_nothing_is_read_while_an_operation_is_inactive_and_reading_goes_on_by_itself(site: Site, part: str) -> None:
    reader, wire = site.reader()
    await site.ask("operations", {"name": "CI_ML_JOURNAL_CI_C", part: "I"})
    for _ in range(2):
        with pytest.raises(Broken, match=f"CI_ML_JOURNAL_CI_C is inactive: {part}"):
            await reader.page(FEED["vendors"], "")
        with pytest.raises(Broken, match="CI_ML_JOURNAL_CI_C"):
            await reader.fetch("vendor", ["SHARE/0000000001"])
    assert wire.of("ML_VENDOR") == []
    await site.ask("operations", {"name": "CI_ML_JOURNAL_CI_C", part: "A"})
    assert (await reader.page(FEED["vendors"], "")).elements


async def test_an_inactive_query_service_is_named_itself(site: Site) -> None:
    reader, _ = site.reader()
    await site.ask("operations", {"name": OPERATION, "active": False})
    with pytest.raises(Broken, match=rf"{OPERATION} .*\(158,66\)") as refused:
        await reader.page(FEED["vendors"], "")
    assert "administrator activates" in refused.value.remedy


async def test_a_good_answer_counts_for_minutes_and_not_for_ever(site: Site) -> None:
    reader, wire = site.reader()
    for _ in range(3):
        await reader.page(FEED["vendors"], "")
    asked = len(wire.of("ML_SERVICE_OPERATIONS"))
    await site.ask("operations", {"name": "CI_ML_JOURNAL_CI_G", "active": False})
    await reader.page(FEED["vendors"], "")
    assert len(wire.of("ML_SERVICE_OPERATIONS")) == asked
    site.clock.move(minutes=6)
    with pytest.raises(Broken, match="CI_ML_JOURNAL_CI_G"):
        await reader.page(FEED["vendors"], "")


async def test_an_operation_of_another_profile_is_no_reason(site: Site) -> None:
    await site.ask("operations", {"name": "VOUCHER_BUILD", "active": False})
    await site.ask("operations", {"name": "CI_ML_VOUCHER_CI_C", "active": False})
    reader, _ = site.reader()
    assert (await reader.page(FEED["vendors"], "")).elements
    for writer, name in (("staging", "VOUCHER_BUILD"), ("interface", "CI_ML_VOUCHER_CI_C")):
        reader, _ = site.reader(site.settings(profile="voucher", voucher={"writer": writer}))
        with pytest.raises(Broken, match=name):
            await reader.page(FEED["vendors"], "")


async def test_without_the_query_of_operations_the_services_are_probed(sites: Start) -> None:
    site = await sites(missing_queries="SERVICE_OPERATIONS")
    reader, _ = site.reader()
    assert (await reader.page(FEED["vendors"], "")).elements
    await site.ask("settings", {"missing_services": "ML_JOURNAL_CI"})
    with pytest.raises(Broken, match="CI_ML_JOURNAL_CI gives no WSDL; the cause is not known") as refused:
        await site.reader()[0].page(FEED["vendors"], "")
    assert "ML_SERVICE_OPERATIONS" in refused.value.remedy


async def test_a_site_without_any_query_of_ours_is_told_so(sites: Start) -> None:
    site = await sites(missing_queries="SERVICE_OPERATIONS,BUSINESS_UNITS")
    with pytest.raises(Broken, match="the cause is not known"):
        await site.reader()[0].page(FEED["vendors"], "")


# --- pages that are none ---


def replaced(part: str, change: Change) -> Callable[[Request, Response], Response]:
    """Change the parsed body of the answers to one query."""

    def answer(request: Request, got: Response) -> Response:
        if part not in request.url:
            return got
        body = orjson.loads(got.body)
        change(body)
        return response(got.status, orjson.dumps(body), dict(got.headers))

    return answer


HTML = b"<html><body>Sign in to PeopleSoft</body></html>"
ERROR = (
    b'<IBResponse type="error"><StatusCode>20</StatusCode><DefaultMessage>Out of order. (158,10001)</DefaultMessage></IBResponse>'
)
QUEUED = b'<IBResponse type="success"><StatusCode>0</StatusCode><TransactionID>PSFT_EP.X.92</TransactionID></IBResponse>'
NONE_OF_A_PAGE: dict[str, tuple[int, str, bytes]] = {
    "login page": (200, "text/html", HTML),
    "login page said to be JSON": (200, "application/json", HTML),
    "empty": (200, "application/json", b""),
    "empty object": (200, "application/json", b"{}"),
    "null": (200, "application/json", b"null"),
    "no rows member": (200, "application/json", b'{"status":"success","data":{"query":{"numrows":0}}}'),
    "rows null": (200, "application/json", b'{"status":"success","data":{"query":{"numrows":0,"rows":null}}}'),
    "not success": (200, "application/json", b'{"status":"error","data":{"query":{"numrows":0,"rows":[]}}}'),
    "no status": (200, "application/json", b'{"data":{"query":{"numrows":0,"rows":[]}}}'),
    "numrows differs": (200, "application/json", b'{"status":"success","data":{"query":{"numrows":1,"rows":[]}}}'),
    "numrows is true": (
        200,
        "application/json",
        b'{"status":"success","data":{"query":{"numrows":true,"rows":[{"attr:rownumber":1}]}}}',
    ),
    "row numbers differ": (
        200,
        "application/json",
        b'{"status":"success","data":{"query":{"numrows":1,"rows":[{"attr:rownumber":2}]}}}',
    ),
    "a key twice": (200, "application/json", b'{"status":"success","status":"success","data":{"query":{"numrows":0,"rows":[]}}}'),
    "NaN": (200, "application/json", b'{"status":"success","data":{"query":{"numrows":NaN,"rows":[]}}}'),
    "redirect to a metadata service": (302, "text/html", b""),
    "error inside 200": (200, "text/xml", ERROR),
    "an acknowledgement": (200, "text/xml", QUEUED),
    "error with 500": (500, "text/xml", ERROR),
    "HTML with 500": (500, "text/html", HTML),
    "gone": (404, "text/plain", b"Query ML_VENDORS does not exist"),
    "forbidden": (403, "text/html", HTML),
    "refused": (400, "text/plain", b"bad option"),
    "throttled": (503, "text/html", HTML),
}


@pytest.mark.parametrize("name", NONE_OF_A_PAGE)
async def test_a_page_that_is_none_is_never_an_empty_one(site: Site, name: str) -> None:
    reader, wire = site.reader()
    status, kind, body = NONE_OF_A_PAGE[name]
    headers = {"Content-Type": kind, "Location": "http://169.254.169.254/"}
    await reader.page(FEED["business_units"], "")
    wire.answer = lambda request, got: response(status, body, headers) if "ML_VENDORS" in request.url else got
    with pytest.raises(ConnectorError):
        await reader.page(FEED["vendors"], "")
    assert all(urlsplit(one.url).netloc == urlsplit(site.served.url).netloc for one in wire.sent)


@pytest.mark.parametrize("number", [1, 3, 0, "2", None, True])
async def test_rows_that_are_not_counted_one_by_one_are_no_page(site: Site, number: Any) -> None:
    reader, wire = site.reader()
    wire.answer = replaced("ML_VENDORS", lambda body: body["data"]["query"]["rows"][1].update({"attr:rownumber": number}))
    with pytest.raises(Transient, match="row 2 says attr:rownumber"):
        await reader.page(FEED["vendors"], "")


async def test_a_page_cut_at_any_byte_is_never_a_page(site: Site) -> None:
    reader, wire = site.reader(site.settings(page_size=2))
    page = await reader.page(FEED["vendors"], "")
    whole = wire.answers[-1]
    assert page.elements
    for end in range(len(whole.body)):
        cut = response(200, whole.body[:end], dict(whole.headers))
        wire.answer = lambda request, got, cut=cut: cut if "ML_VENDORS" in request.url else got
        with pytest.raises(Transient):
            await reader.page(FEED["vendors"], "")


@pytest.mark.parametrize("fault", [{"kind": "half_answer", "bytes": 200}, {"kind": "lost_answer"}, {"kind": "html"}])
async def test_a_dead_connection_is_never_an_empty_page(site: Site, fault: dict[str, Any]) -> None:
    reader, _ = site.reader()
    await reader.page(FEED["business_units"], "")
    await site.fault(path="/ExecuteQuery.v1/", count=9, **fault)
    with pytest.raises(Transient):
        await reader.page(FEED["vendors"], "")


async def test_one_bad_answer_to_a_read_is_simply_repeated(site: Site) -> None:
    reader, _ = site.reader()
    await reader.page(FEED["business_units"], "")
    await site.fault(path="/ExecuteQuery.v1/", kind="lost_answer")
    assert (await reader.page(FEED["vendors"], "")).elements
