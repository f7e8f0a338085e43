"""The REST framework: envelope, pages, q in both dialects, fields, expand, children, path keys and errors by version."""

from __future__ import annotations

from typing import Any

import pytest

from tests.systems.oracle_fusion.simulator.world import Client, Make, World, child_of, self_of


async def _all(client: Client, path: str, **query: Any) -> list[dict[str, Any]]:
    """Page on as the fact sheet says: by the server's own count, to hasMore = false."""
    rows: list[dict[str, Any]] = []
    while True:
        page = (await client.get(path, offset=len(rows), **query)).body
        rows += page["items"]
        if not page["hasMore"]:
            return rows


async def test_the_envelope_has_what_the_documents_name(client: Client) -> None:
    page = (await client.get("/suppliers")).body
    assert page.keys() == {"items", "count", "hasMore", "limit", "offset", "links"}
    assert (page["count"], page["hasMore"], page["limit"], page["offset"]) == (25, True, 25, 0)
    assert (await client.get("/suppliers", totalResults="true")).body["totalResults"] == 40
    assert len(str(page["items"][0]["SupplierId"])) == 15


async def test_paging_to_the_end_meets_every_supplier_once(client: Client) -> None:
    rows = await _all(client, "/suppliers", limit=7, onlyData="true")
    assert len({row["SupplierId"] for row in rows}) == len(rows) == 40
    assert all("links" not in row for row in rows)


async def test_a_limit_above_the_cap_is_cut_without_a_word(make: Make) -> None:
    world = await make(suppliers=510)
    client = await world.client()
    page = (await client.get("/suppliers", limit=5000)).body
    assert (page["limit"], page["count"], page["hasMore"]) == (499, 499, True)
    await world.settings(page_cap=100)
    assert (await client.get("/suppliers", limit=5000)).body["count"] == 100


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "0"},
        {"limit": "x"},
        {"limit": "\u00b2"},
        {"offset": "9" * 20},
        {"q": ";"},
        {"offset": "-1"},
        {"top": "1"},
        {"onlyData": "yes"},
    ],
)
async def test_a_query_option_that_makes_no_sense_is_refused(client: Client, query: dict[str, str]) -> None:
    assert (await client.get("/suppliers", **query)).status == 400


async def test_version_1_queries_by_example(client: Client) -> None:
    everything = await _all(client, "/suppliers", limit=499)
    name = everything[3]["Supplier"]
    found = (await client.get("/suppliers", q=f'Supplier="{name}";Status=ACTIVE')).items
    assert {row["Supplier"] for row in found} == {name}
    since = sorted(row["LastUpdateDate"] for row in everything)[30]
    newer = (await client.get("/suppliers", q=f"LastUpdateDate>={since}", limit=499)).items
    assert len(newer) == sum(row["LastUpdateDate"] >= since for row in everything)
    for of_version_2 in ("Status=ACTIVE and SupplierId>5", "Status = 'ACTIVE' and Supplier like 'R%'", "Status='ACTIVE' and"):
        assert (await client.get("/suppliers", q=of_version_2)).status == 400, "never an empty set for what is not a value"
    assert (await client.get("/suppliers", q="Supplier=Smith and Sons")).status == 200


async def test_version_2_takes_expressions_with_quotes_and_refuses_a_semicolon(client: Client) -> None:
    second = client.version(2)

    async def count(q: str) -> int:
        return len((await second.get("/suppliers", q=q, limit=499)).items)

    active = await count("Status = 'ACTIVE'")
    assert 0 < active < 40
    assert await count("Status != 'ACTIVE' or Status = 'ACTIVE'") == 40
    assert await count("not (Status = 'ACTIVE') and LastUpdateDate >= '2020-01-01T00:00:00+00:00'") == 40 - active
    assert await count("InactiveDate is null") == active
    assert await count("Supplier like '%LLC'") == len(
        [row for row in await _all(second, "/suppliers", limit=499) if row["Supplier"].endswith("LLC")]
    )
    key = (await second.get("/suppliers", orderBy="SupplierId:asc")).items[0]["SupplierId"]
    assert await count(f"SupplierId in ({key}, 1)") == 1
    assert await count(f"SupplierId between {key} and {key + 6}") == 1
    for wrong in (
        "Status='ACTIVE';SupplierId>5",
        "Status = ACTIVE",
        "LastUpdateDate >= 2026-01-01",
        "LastUpdateDate >= '2026-01-01T00:00:00 00:00'",  # a plus that was not encoded
        "Status ACTIVE",
        "Nothing = 'x'",
        "SupplierId = 'many'",
    ):
        assert (await second.get("/suppliers", q=wrong)).status == 400, wrong


async def test_a_quote_inside_a_value_stays_a_value(world: World, client: Client) -> None:
    await world.sim("suppliers", {"Supplier": "O'Brien' or 1 = 1 --"})
    found = (await client.version(4).get("/suppliers", q="Supplier = 'O''Brien'' or 1 = 1 --'")).items
    assert [row["Supplier"] for row in found] == ["O'Brien' or 1 = 1 --"]


async def test_an_attribute_that_is_not_queryable_is_refused_and_not_an_empty_set(client: Client) -> None:
    for path in ("/suppliers", "/suppliers"):
        assert (await client.get(path, q="Nonsense=1")).status == 400
    described = (await client.get("/suppliers/describe")).body["Resources"]["suppliers"]
    assert {one["name"] for one in described["attributes"] if one["queryable"]} > {"SupplierId", "LastUpdateDate"}


async def test_order_by_sorts_and_refuses_unknown_attributes(client: Client) -> None:
    rows = (await client.get("/suppliers", orderBy="LastUpdateDate:desc,SupplierId:asc", limit=499)).items
    keys = [row["LastUpdateDate"] for row in rows]
    assert keys == sorted(keys, reverse=True)
    assert (await client.get("/suppliers", orderBy="Nonsense:asc")).status == 400
    assert (await client.get("/suppliers", orderBy="SupplierId:up")).status == 400


async def test_fields_choose_and_win_over_expand(client: Client) -> None:
    row = (await client.get("/suppliers", fields="Supplier;sites:SupplierSite", expand="addresses", onlyData="true")).items[0]
    assert row.keys() == {"Supplier", "sites"}
    assert row["sites"][0].keys() == {"SupplierSite"}
    assert (await client.get("/suppliers", fields="Nonsense")).status == 400
    assert (await client.get("/suppliers", expand="nonsense")).status == 400


async def test_children_are_arrays_below_version_3_and_pages_from_there(client: Client) -> None:
    old = (await client.version(2).get("/suppliers", expand="sites,addresses")).items[0]
    assert isinstance(old["sites"], list)
    new = (await client.version(3).get("/suppliers", expand="all")).items[0]
    assert new["sites"].keys() == {"items", "count", "hasMore", "limit", "offset", "links"}
    assert [site["SupplierSiteId"] for site in new["sites"]["items"]] == [site["SupplierSiteId"] for site in old["sites"]]


async def test_expanded_children_are_cut_at_a_page_and_the_rest_is_behind_their_link(world: World, client: Client) -> None:
    await world.settings(child_page=1)
    two = next(
        row for row in (await client.version(3).get("/suppliers", expand="sites", limit=499)).items if row["sites"]["hasMore"]
    )
    assert two["sites"]["count"] == 1
    plain = (await client.version(1).get("/suppliers", q=f"SupplierId={two['SupplierId']}", expand="sites")).items[0]
    assert len(plain["sites"]) == 1  # cut without a sign
    assert len((await client.get(child_of(two, "sites"))).items) == 2


async def test_the_path_key_is_a_hash_that_only_links_tell(make: Make) -> None:
    world = await make()
    client = await world.client()
    row = (await client.get("/suppliers")).items[0]
    assert (await client.get(f"/suppliers/{row['SupplierId']}")).status == 404
    answer = await client.get(self_of(row))
    assert answer.body["SupplierId"] == row["SupplierId"]
    assert answer.headers["ETag"]
    site = (await client.get(child_of(row, "sites"))).items[0]
    assert (await client.get(self_of(site))).body["SupplierSiteId"] == site["SupplierSiteId"]
    await world.settings(path_keys="id")
    assert (await client.get(f"/suppliers/{row['SupplierId']}")).status == 200


async def test_errors_have_the_form_that_version_and_accept_ask_for(client: Client) -> None:
    plain = await client.get("/suppliers", q="Nonsense=1")
    assert plain.headers["Content-Type"].startswith("text/plain")
    assert plain.text.startswith("JBO-25058: ")
    third = await client.version(3).get("/suppliers", q="Nonsense = 1")
    assert third.headers["Content-Type"].startswith("application/vnd.oracle.adf.error+json")
    assert third.body["detail"] == plain.text
    fourth = (await client.version(4).get("/suppliers", q="Nonsense = 1")).body
    assert fourth["status"] == "400"
    assert fourth["o:errorDetails"] == [{"detail": plain.text, "o:errorCode": "25058", "o:errorPath": "/Nonsense"}]


async def test_the_answer_tells_its_type_version_and_time(client: Client) -> None:
    answer = await client.get("/suppliers")
    assert answer.headers["Content-Type"].startswith("application/vnd.oracle.adf.resourcecollection+json")
    assert (answer.headers["REST-Framework-Version"], answer.headers["Date"]) == ("1", "Mon, 16 Mar 2026 15:00:00 GMT")
    answer = await client.version(4).get(self_of(answer.items[0]))
    assert answer.headers["Content-Type"].startswith("application/json")
    assert answer.headers["REST-Framework-Version"] == "4"


async def test_versions_paths_and_methods_that_are_not_there(client: Client) -> None:
    versions = (await client.get("/fscmRestApi/resources/")).body["items"][0]
    assert (versions["version"], versions["defaultFrameworkVersion"]) == ("11.13.18.05", "1")
    assert versions["allowedFrameworkVersions"] == [str(number) for number in range(1, 10)]
    assert (await client.get("/fscmRestApi/resources/latest/suppliers")).status == 200
    assert (await client.get("/fscmRestApi/resources/1.0/suppliers")).status == 404
    assert (await client.get("/nonsense")).status == 404
    assert (await client.call("DELETE", "/suppliers")).status == 405
    assert (await client.post("/suppliers", {"Supplier": "X"})).status == 405
    assert (await client.having(REST_Framework_Version="99").get("/suppliers")).status == 400


async def test_a_site_changes_without_its_header(world: World, client: Client) -> None:
    before = (await client.get("/suppliers", expand="sites")).items[0]
    site = before["sites"][0]
    world.clock.move(minutes=5)
    await world.sim(
        "suppliers",
        {"SupplierId": before["SupplierId"], "sites": [{"SupplierSiteId": site["SupplierSiteId"], "SupplierSite": "NEW"}]},
    )
    after = (await client.get(self_of(before), expand="sites")).body
    assert after["LastUpdateDate"] == before["LastUpdateDate"]
    assert after["sites"][0]["SupplierSite"] == "NEW"
    assert after["sites"][0]["LastUpdateDate"] > before["LastUpdateDate"]
    await world.sim("suppliers", {"SupplierId": before["SupplierId"], "Supplier": "Renamed LLC"})
    assert (await client.get(self_of(before))).body["LastUpdateDate"] > after["sites"][0]["LastUpdateDate"]


async def test_a_long_transaction_commits_with_an_older_change_time(world: World, client: Client) -> None:
    await world.settings(stamp_lag_s=600)
    made = await world.sim("suppliers", {"Supplier": "Late LLC"})
    assert "2026-03-16T14:50:00" <= made["LastUpdateDate"] < "2026-03-16T14:50:01"


async def test_the_seed_is_the_same_for_the_same_seed_and_holds_the_odd_ones(make: Make) -> None:
    first, second = await make("a"), await make("b")
    rows = [await _all(await world.client(), "/suppliers", limit=499, expand="sites", onlyData="true") for world in (first, second)]
    assert rows[0] == rows[1]
    assert {row["Status"] for row in rows[0]} == {"ACTIVE", "INACTIVE"}
    assert {row["BusinessRelationshipCode"] for row in rows[0]} == {"SPEND_AUTHORIZED", "PROSPECTIVE"}
    assert len({site["ProcurementBU"] for row in rows[0] for site in row["sites"]}) == 2
    truth = (await first.sim("masters/truth"))["suppliers"]
    assert len(truth) == 40
    assert {row["kind"] for row in truth} >= {"exact", "abbreviated", "misspelt"}
