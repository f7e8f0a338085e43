"""What checkers see, a day's own events, faults, and what outlives the process."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.systems.oracle_fusion.simulator.test_invoices import completed, invoice
from tests.systems.oracle_fusion.simulator.test_orders import order
from tests.systems.oracle_fusion.simulator.test_receipts import received, references
from tests.systems.oracle_fusion.simulator.test_receiving import line, requested
from tests.systems.oracle_fusion.simulator.world import Client, Make, World, self_of

DAY = {"orders": 2, "changes": 2, "bills": 5, "sites": 3, "suppliers": 1}


async def documents(world: World, kind: str) -> list[dict[str, Any]]:
    return list((await world.sim(f"documents?kind={kind}"))["documents"])


async def test_documents_are_told_in_our_own_words(world: World, client: Client) -> None:
    await completed(client)
    await received(client, remittanceReferences=references(("48121", "394.53")))
    await world.sim("automatch", {})
    (one,) = await documents(world, "receivablesInvoices")
    assert (one["ref"], one["number"], one["amount"], one["tax"], one["balance"], one["done"]) == (
        "ST-INV-48121",
        "48121",
        "394.53",
        "7.28",
        "0.00",
        True,
    )
    (paid,) = await documents(world, "standardReceipts")
    assert (paid["ref"], paid["status"], paid["applications"][0]["invoice"]) == ("ST-PMT-7781", "Applied", "48121")
    made = await order(world)
    await requested(client, line(made, ExternalSystemTransactionReference="ST-k9"))
    (asked,) = await documents(world, "receivingReceiptRequests")
    assert (asked["ref"], asked["done"], asked["lines"][0]["Quantity"]) == ("ST-k9", False, "4")
    assert (asked["amount"], (await world.sim("batches", {}))["processed"]) == ("56.88", 1)
    assert [row["done"] for row in await documents(world, "receivingReceiptRequests")] == [True]
    ordered = {row["OrderNumber"]: row for row in await documents(world, "purchaseOrders")}[made["OrderNumber"]]
    assert ordered["lines"][0]["schedules"][0]["received"] == "4"
    assert {row["ref"] for row in await world.journal("receivingReceiptRequests")} == {"ST-k9"}
    assert len(await documents(world, "suppliers")) == 40
    assert (await world.bare().get("/__sim__/documents", kind="nonsense")).status == 400


async def test_a_day_on_this_side_is_the_same_for_the_same_seed(make: Make) -> None:
    told = []
    for directory in ("a", "b"):
        world = await make(directory)
        client = await world.client()
        made = await order(world, supplier="")
        await requested(client, line(made))
        await world.sim("receiving", {})
        told.append(await world.sim("day", DAY))
        assert (await world.sim("balances"))["vendors"][0]["balance"] == "56.88"
    assert told[0] == told[1]
    found = {name: len(value) for name, value in told[0].items() if isinstance(value, list)}
    assert found == {"orders": 2, "changes": 2, "bills": 1, "sites": 3, "suppliers": 1}


async def test_a_day_changes_addresses_without_their_headers(world: World, client: Client) -> None:
    before = {row["SupplierId"]: row for row in await documents(world, "suppliers")}
    world.clock.move(hours=1)
    changed = set((await world.sim("day", {"sites": 3}))["sites"])
    after = {row["SupplierId"]: row for row in await documents(world, "suppliers")}
    moved = {row["SupplierNumber"] for key, row in after.items() if row["addresses"] != before[key]["addresses"]}
    assert moved == changed
    assert all(row["LastUpdateDate"] == before[key]["LastUpdateDate"] for key, row in after.items())


async def test_lists_are_refused_without_their_privilege_and_named_as_the_setup_has_them(world: World, client: Client) -> None:
    names = {row["Name"] for row in (await client.get("/receiptMethodsLOV", limit=499)).items if row["EndDate"] is None}
    assert names == {"Manual", "Field Check", "Field Cash", "Field Card", "Field ACH"}
    assert (await client.get("/ledgersLOV")).items[0]["Name"] == world.credentials["company_id"]
    assert {row["UOMCode"] for row in (await client.get("/unitsOfMeasure")).items} == {"EA", "BX", "LB", "FT"}
    sets = await client.get("/valueSets/ACME_ACCOUNT/child/values", limit=499)
    assert {row["Value"]: row["EnabledFlag"] for row in sets.items}["49900"] == "N"
    found = await client.get("/accountCombinationsLOV", finder="AccountCombinationFinder;Account=40100,CostCenter=110,Company=01")
    assert len(found.items) == 3
    await world.settings(privileges_off="GL_GET_GENERAL_LEDGER_SETUPS_USING_REST_SERVICE_PRIV")
    for path in ("journalSourcesLOV", "journalCategoriesLOV", "dataAccessSetsLOV"):
        assert (await client.get(f"/{path}")).status == 403
    assert (await client.get("/ledgersLOV")).status == 200


async def test_every_list_pages_and_shows_its_attributes(client: Client) -> None:
    lists = "legalEntitiesLOV chartOfAccountsLOV finBusinessUnitsLOV transactionSourcesLOV transactionTypesLOV valueSets"
    for name in (*lists.split(), "receivablesPaymentTermsLOV", "taxClassificationsLOV", "inventoryOrganizations"):
        rows = (await client.get(f"/{name}", limit=499)).items
        assert rows, name
        assert (await client.get(self_of(rows[0]))).status == 200, name


async def _status(client: Client, number: str = "48121") -> int | None:
    """The status of an invoice POST, None when the connection broke."""
    try:
        return (await client.post("/receivablesInvoices", invoice(number=number))).status
    except aiohttp.ClientError:
        return None


@pytest.mark.parametrize("kind", ["lost_answer", "half_answer", "fail_after", "html_after", "empty_after"])
async def test_an_answer_that_is_lost_or_lies_hides_one_write_that_is_kept(world: World, client: Client, kind: str) -> None:
    await world.fault(kind=kind, method="POST", path="/receivablesInvoices", bytes=40)
    assert await _status(client) in (None, 200, 500)
    assert len(await world.journal("receivablesInvoices")) == 1
    assert await _status(client) == 400  # the number is taken


async def test_a_search_that_lags_does_not_see_the_last_commits(world: World, client: Client) -> None:
    assert await _status(client) == 201
    await world.fault(kind="stale_search", method="GET", path="/receivablesInvoices", seconds=60)
    assert (await client.get("/receivablesInvoices", q="TransactionNumber=48121")).items == []
    assert len((await client.get("/receivablesInvoices", q="TransactionNumber=48121")).items) == 1


async def test_a_page_may_drift_be_cut_or_lie_about_more(world: World, client: Client) -> None:
    rows = (await client.get("/suppliers", limit=10)).items
    await world.fault(kind="page_drift", method="GET", path="/suppliers")
    drifted = (await client.get("/suppliers", limit=5, offset=3)).items
    assert [row["SupplierId"] for row in drifted] == [row["SupplierId"] for row in rows[4:9]]
    await world.fault(kind="lost_more", method="GET", path="/suppliers")
    page = (await client.get("/suppliers", limit=5, totalResults="true")).body
    assert (page["hasMore"], page["count"], page["totalResults"]) == (False, 5, 40)
    await world.fault(kind="short_page", method="GET", path="/suppliers")
    page = (await client.get("/suppliers", limit=5)).body
    assert (page["hasMore"], page["count"], page["limit"]) == (True, 4, 5)


async def test_a_call_may_be_sent_elsewhere_and_a_link_may_lead_there(world: World, client: Client) -> None:
    await world.fault(kind="redirected", method="GET", path="/suppliers")
    answer = await client.get("/suppliers")
    assert (answer.status, answer.headers["Location"]) == (302, "http://169.254.169.254/latest/meta-data/")
    await world.fault(kind="altered", method="GET", path="/suppliers", find="http://127[^/]*", text="https://evil.example")
    assert self_of((await client.get("/suppliers")).items[0]).startswith("https://evil.example/")


async def test_a_throttled_call_is_not_handled(world: World, client: Client) -> None:
    await world.settings(retry_after="date")
    await world.fault(kind="throttled", method="POST", path="/receivablesInvoices", seconds=90)
    answer = await client.post("/receivablesInvoices", invoice())
    assert (answer.status, answer.headers["Retry-After"]) == (429, "Mon, 16 Mar 2026 15:01:30 GMT")
    assert await world.journal("receivablesInvoices") == []


async def test_a_restart_keeps_rows_numbers_tokens_and_what_waits(make: Make) -> None:
    first = await make("same")
    client = await first.client()
    await completed(client)
    await received(client, remittanceReferences=references(("48121", "394.53")))
    made = await order(first)
    row = (await requested(client, line(made))).body
    before = await documents(first, "receivablesInvoices")
    second = await make("same", clock=first.clock)
    client = Client(second.served.url, second.http, client.headers)
    assert await documents(second, "receivablesInvoices") == before
    assert (await client.get("/receivablesInvoices", q="CrossReference=ST-INV-48121")).items[0]["EnteredAmount"] == Decimal(
        "394.53"
    )
    assert (await second.sim("automatch", {}))["applied"] == 1
    assert (await second.sim("receiving", {}))["processed"] == 1
    fresh = await client.get(self_of(row).replace(first.served.url, second.served.url))
    assert fresh.body["ProcessingStatusCode"] == "SUCCESS"
    assert (await completed(client, number="2"))["CustomerTransactionId"] > int(before[0]["id"])
    assert len(await documents(second, "suppliers")) == 40


async def test_latency_is_that_of_every_call_of_the_vendor(world: World, client: Client) -> None:
    await world.settings(latency_s=0.05)
    begun = asyncio.get_running_loop().time()
    await client.get("/suppliers")
    assert asyncio.get_running_loop().time() - begun >= 0.05


PAGER = """
import json, sys, urllib.error, urllib.parse, urllib.request, base64
ready = json.loads(sys.stdin.readline())
known = ready["credentials"]
basic = lambda name, secret: "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()
form = urllib.parse.urlencode({"grant_type": "client_credentials", "scope": known["scope"]}).encode()
asked = urllib.request.Request(ready["token_url"], form, {"Authorization": basic(known["client_id"], known["client_secret"])})
token = json.load(urllib.request.urlopen(asked))["access_token"]
for sign in (f"Bearer {token}", basic(known["username"], known["password"])):
    seen, more = [], True
    while more:
        url = f"{ready['url']}/fscmRestApi/resources/11.13.18.05/suppliers?limit=10&offset={len(seen)}&onlyData=true"
        page = json.load(urllib.request.urlopen(urllib.request.Request(url, headers={"Authorization": sign})))
        seen, more = seen + [row["SupplierId"] for row in page["items"]], page["hasMore"]
    print(len(seen), len(set(seen)))
"""


async def test_a_client_of_the_standard_library_pages_with_a_token_and_with_basic(world: World) -> None:
    """Nothing of ours is imported: it follows the ready line and the fact sheet."""
    from runtime.simulator.serve import ready_line

    line = json.dumps(ready_line(world.served))
    run = await asyncio.create_subprocess_exec(
        sys.executable, "-I", "-c", PAGER, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path("/")
    )
    out, _ = await asyncio.wait_for(run.communicate(line.encode() + b"\n"), 30)
    assert out.decode().split() == ["40", "40", "40", "40"]
