"""Reading Fusion: pages, windows, child lists to their end, and answers that are no page."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from runtime.errors import Broken, ConnectorError, Malformed, Throttled, Transient
from runtime.exchange import Request, Response, response
from systems.contract import Role
from systems.mapped import Canonical
from systems.oracle_fusion.mapping import to_canonical
from systems.oracle_fusion.poller import open_reader, position_from
from tests.contract.seam import Deliver
from tests.systems.oracle_fusion.ground import Site, feed, pod, raw_of, records, walked

JSON = {"Content-Type": "application/vnd.oracle.adf.resourcecollection+json"}


async def test_suppliers_are_read_in_pages_of_any_size(tmp_path: Path) -> None:
    async with pod(tmp_path, suppliers=23) as site:
        whole = {one.source_id for one in (await walked(site.access()[0], "vendors"))[0]}
        assert len(whole) == 23
        for size in (2, 7, 22, 23, 499):
            found = [one.source_id for one in (await walked(site.access(page_size=size)[0], "vendors"))[0]]
            assert sorted(found) == sorted(whole), size


async def test_a_supplier_becomes_a_vendor_with_its_purchasing_site_and_address(tmp_path: Path) -> None:
    async with pod(tmp_path, suppliers=12) as site:
        found, _ = await walked(site.access()[0], "vendors")
        made = records("vendor", found, site.reading())
        assert all(one["name"] and one["number"] and one["active"] in (True, False) for one in made)
        with_site = [one for one in made if one["dimensions"]]
        assert with_site
        assert all(one["dimensions"]["SupplierSite"] and one["city"] for one in with_site)


async def test_the_next_window_begins_where_the_last_one_ended_less_the_overlap(tmp_path: Path) -> None:
    async with pod(tmp_path, suppliers=5) as site:
        access, wire = site.access()
        _, last = await walked(access, "vendors")
        site.clock.move(3600)
        found, _ = await walked(access, "vendors", last.position)
        assert "LastUpdateDate%20%3E%3D%20%27" in wire.sent[-1].url
        assert len(found) <= 5


async def with_sites(site: Site, count: int) -> int:
    """A supplier with so many sites, the last of which is the first that is for purchasing. Returns its id."""
    addresses = [{"AddressName": f"A{number}", "AddressLine1": f"{number} Main St", "City": "Austin"} for number in range(count)]
    made = await site.tell("suppliers", Supplier="Many Sites Inc", addresses=addresses, sites=[{"SupplierSite": "S0"}])
    places = [row["SupplierAddressId"] for row in made["addresses"]]
    first = {"SupplierSiteId": made["sites"][0]["SupplierSiteId"], "SitePurposePurchasingFlag": count == 1}
    others = [
        {"SupplierSite": f"S{number}", "SupplierAddressId": places[number], "SitePurposePurchasingFlag": number == count - 1}
        for number in range(1, count)
    ]
    await site.tell("suppliers", SupplierId=made["SupplierId"], sites=[first, *others])
    return int(made["SupplierId"])


async def test_a_list_of_sites_that_the_server_cuts_is_read_to_its_end(tmp_path: Path) -> None:
    async with pod(tmp_path, suppliers=2, child_page=2) as site:
        key = await with_sites(site, 7)
        found, _ = await walked(site.access(page_size=3)[0], "vendors")
        (many,) = [one for one in found if one.source_id == str(key)]
        assert len(many.further) == 6, "seven sites and seven addresses, three at a time"
        (made,) = records("vendor", [many], site.reading())
        assert made["dimensions"]["SupplierSite"] == "S6"
        assert made["street"] == "6 Main St"


async def test_a_list_that_was_cut_and_not_completed_is_no_vendor(tmp_path: Path) -> None:
    async with pod(tmp_path, suppliers=2, child_page=2) as site:
        key = await with_sites(site, 5)
        found, _ = await walked(site.access()[0], "vendors")
        (many,) = [one for one in found if one.source_id == str(key)]
        with pytest.raises(Malformed, match="cut short"):
            to_canonical(raw_of("vendor", replace(many, further=())), site.reading())


async def test_a_changed_site_that_leaves_the_header_alone_is_seen_by_the_daily_scan(tmp_path: Path) -> None:
    async with pod(tmp_path, suppliers=2) as site:
        key = await with_sites(site, 2)
        before, last = await walked(site.access()[0], "vendors")
        site.clock.move(7200)
        (old,) = [one for one in before if one.source_id == str(key)]
        seen = records("vendor", [old], site.reading())[0]
        row = json.loads(old.body)
        changed = {"SupplierAddressId": row["addresses"]["items"][1]["SupplierAddressId"], "AddressLine1": "9 New Rd"}
        await site.tell("suppliers", SupplierId=key, addresses=[changed])
        window, _ = await walked(site.access()[0], "vendors", last.position)
        assert str(key) not in {one.source_id for one in window if one.source_version > old.source_version}
        scanned, _ = await walked(site.access()[0], "all_vendors")
        (new,) = [one for one in scanned if one.source_id == str(key)]
        now = records("vendor", [new], site.reading())[0]
        assert new.source_version == old.source_version
        assert (seen["street"], now["street"]) == ("1 Main St", "9 New Rd")
        assert now["content_hash"] != seen["content_hash"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"procurement_units": ["Another BU"]}, "no active purchasing site"),
        ({"supplier_types": ["OUTSIDE"]}, "SupplierTypeCode"),
        ({"supplier_statuses": ["PROSPECT"]}, "Status ACTIVE does not travel"),
        ({}, ""),
    ],
)
async def test_suppliers_are_filtered_by_unit_class_and_status(changes: Mapping[str, Any], words: str, tmp_path: Path) -> None:
    async with pod(tmp_path, suppliers=0) as site:
        await with_sites(site, 1)
        found, _ = await walked(site.access()[0], "vendors")
        (made,) = records("vendor", found, site.reading(**changes))
        told = site.settings(**changes).excludes("vendor", made)
        assert words in told if words else told == ""


async def test_a_supplier_that_ended_is_inactive_from_that_day_on(tmp_path: Path) -> None:
    async with pod(tmp_path, suppliers=0) as site:
        key = await with_sites(site, 1)
        await site.tell("suppliers", SupplierId=key, InactiveDate="2026-04-01")
        found, _ = await walked(site.access()[0], "vendors")
        for day, active in ((datetime(2026, 3, 31, tzinfo=UTC), True), (datetime(2026, 4, 1, tzinfo=UTC), False)):
            (made,) = to_canonical(raw_of("vendor", found[0], day), site.reading())
            assert isinstance(made, Canonical)
            assert made.record["active"] is active


async def test_every_call_pins_the_framework_version_and_asks_for_structured_errors(tmp_path: Path) -> None:
    async with pod(tmp_path, suppliers=3) as site:
        access, wire = site.access()
        await walked(access, "vendors")
        for one in wire.of(method="GET"):
            assert one.headers["REST-Framework-Version"] == "4"
            assert "application/vnd.oracle.adf.error+json" in one.headers["Accept"]


# --- answers that are no page ------------------------------------------------------------------------------------------

NO_PAGES: dict[str, tuple[int, dict[str, str], bytes]] = {
    "the sign-in screen": (200, {"Content-Type": "text/html"}, b"<html>Sign In</html>"),
    "a page without items": (200, JSON, b'{"count":0,"hasMore":false}'),
    "items that are null": (200, JSON, b'{"items":null,"count":0,"hasMore":false}'),
    "a page that does not say whether there is more": (200, JSON, b'{"items":[],"count":0}'),
    "a page whose count is another": (200, JSON, b'{"items":[],"count":3,"hasMore":false}'),
    "a page that ends in the middle": (200, JSON, b'{"items":[{"SupplierId":1,"Suppl'),
    "nothing more, and it says that there is": (200, JSON, b'{"items":[],"count":0,"hasMore":true}'),
    "a list of sites that is not there": (
        200,
        JSON,
        b'{"items":[{"SupplierId":1,"Supplier":"A","links":[]}],"count":1,"hasMore":false}',
    ),
    "a server that is not there": (503, {}, b""),
}


@pytest.mark.parametrize("case", NO_PAGES)
async def test_what_is_no_page_moves_no_cursor(case: str, tmp_path: Path) -> None:
    status, headers, body = NO_PAGES[case]

    async def twist(request: Request, deliver: Deliver) -> Response:
        return response(status, body, headers) if "/suppliers" in request.url else await deliver(request)

    async with pod(tmp_path, suppliers=3) as site:
        access, wire = site.access()
        wire.twist = twist
        with pytest.raises(ConnectorError) as raised:
            await open_reader(access).page(feed("vendors"), "")
        assert isinstance(raised.value, (Transient, Broken)), case


async def test_a_list_that_a_link_leads_elsewhere_gets_no_token(tmp_path: Path) -> None:
    async def twist(request: Request, deliver: Deliver) -> Response:
        answer = await deliver(request)
        body = answer.body.replace(b"http://127.0.0.1:1/fscmRestApi", b"http://evil.example/fscmRestApi")
        return response(answer.status, body, dict(answer.headers))

    async with pod(tmp_path, suppliers=3, child_page=1) as site:
        await with_sites(site, 3)
        access, wire = site.access()
        wire.twist = twist
        with pytest.raises(Transient, match="does not lead to the pod"):
            await open_reader(access).page(feed("vendors"), "")
        assert not [one for one in wire.sent if "evil" in one.url]


async def test_a_false_has_more_hides_nothing(tmp_path: Path) -> None:
    """`hasMore` has been seen to be false although rows followed."""

    async def twist(request: Request, deliver: Deliver) -> Response:
        answer = await deliver(request)
        return response(answer.status, answer.body.replace(b'"hasMore":true', b'"hasMore":false'), dict(answer.headers))

    async with pod(tmp_path, suppliers=9) as site:
        access, wire = site.access(page_size=4)
        wire.twist = twist
        found, _ = await walked(access, "vendors")
        assert len({one.source_id for one in found}) == 9


async def test_a_supplier_that_cannot_be_read_does_not_hold_up_the_others(tmp_path: Path) -> None:
    async def twist(request: Request, deliver: Deliver) -> Response:
        answer = await deliver(request)
        if "/suppliers" not in request.url or b'"items"' not in answer.body:
            return answer
        page: Any = json.loads(answer.body)
        if not page["items"]:
            return answer
        page["items"][0]["YearEstablished"] = "@"
        body = json.dumps(page).encode().replace(b'"@"', b"1" * 60)
        return response(answer.status, body, dict(answer.headers))

    async with pod(tmp_path, suppliers=4) as site:
        access, wire = site.access()
        wire.twist = twist
        page = await open_reader(access).page(feed("vendors"), "")
        assert len(page.elements) == 4


# --- signing in --------------------------------------------------------------------------------------------------------


async def test_a_refused_token_is_renewed_once_and_the_read_repeated_once(tmp_path: Path) -> None:
    async with pod(tmp_path, suppliers=3) as site:
        access, wire = site.access()
        reader = open_reader(access)
        await reader.page(feed("vendors"), "")
        before = len(wire.of("/oauth2/", "POST"))
        await site.tell("settings", user_is_mapped=True)
        refused = [0]

        async def twist(request: Request, deliver: Deliver) -> Response:
            if "/suppliers" in request.url and not refused[0]:
                refused[0] = 1
                return response(401, b"", {})
            return await deliver(request)

        wire.twist = twist
        await reader.page(feed("vendors"), "")
        assert len(wire.of("/oauth2/", "POST")) == before + 1


async def test_a_token_that_is_always_refused_stops_the_reading_in_words(tmp_path: Path) -> None:
    async with pod(tmp_path, suppliers=3, user_is_mapped=False, unmapped_status=401) as site:
        access, wire = site.access()
        with pytest.raises(Broken, match="map the client to a Fusion user"):
            await open_reader(access).page(feed("vendors"), "")
        assert len(wire.of(method="GET")) == 2


async def test_a_token_is_renewed_at_thirteen_minutes(tmp_path: Path) -> None:
    async with pod(tmp_path, suppliers=3) as site:
        access, wire = site.access()
        reader = open_reader(access)
        await reader.page(feed("vendors"), "")
        site.clock.move(12 * 60)
        await reader.page(feed("vendors"), "")
        assert len(wire.of("/oauth2/", "POST")) == 1
        site.clock.move(61)
        await reader.page(feed("vendors"), "")
        assert len(wire.of("/oauth2/", "POST")) == 2


async def test_basic_sends_user_and_password_and_asks_for_no_token(tmp_path: Path) -> None:
    async with pod(tmp_path, suppliers=3) as site:
        access, wire = site.access(sign_in="basic")
        assert len((await walked(access, "vendors"))[0]) == 3
        assert not wire.of(method="POST")


@pytest.mark.parametrize("form", ["seconds", "date"])
async def test_a_storm_of_calls_pauses_as_long_as_the_pod_asks(form: str, tmp_path: Path) -> None:
    async with pod(tmp_path, suppliers=3, calls_per_hour=1, retry_after=form) as site:
        access, _ = site.access(Role.POLLER)
        reader = open_reader(access)
        await reader.page(feed("vendors"), "")
        with pytest.raises(Throttled) as raised:
            await reader.page(feed("vendors"), "")
        assert raised.value.retry_after_s is not None


def test_a_window_can_be_reset_to_a_day_and_a_full_list_cannot() -> None:
    assert position_from(feed("vendors"), date(2026, 3, 1)) is not None
    assert position_from(feed("open_orders"), date(2026, 3, 1)) is None
