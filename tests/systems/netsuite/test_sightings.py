"""What NetSuite's rows become: signs and states of documents, what moves money and what does not, what is ours, and rows that cannot be."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from runtime.errors import Malformed
from systems.contract import Element
from systems.mapped import Filtered
from systems.netsuite.mapping_sightings import sightings
from tests.systems.netsuite.account import Site, account, queries, raw_of, records, walked

LINES = {"items": [{"item": {"id": "1"}, "quantity": 3, "rate": 10.5}, {"item": {"id": "2"}, "quantity": 2.5, "rate": 80}]}
NUMBERS = count(1)
REF = "ST-ABCDEFGHIJKLMNOPQRST"


async def vendor_of(site: Site) -> str:
    """A vendor of the subsidiary."""
    return await site.enter("vendor", companyName=f"Barton Creek Pipe {next(NUMBERS)}", subsidiary={"id": "2"})


async def ordered(site: Site, **more: Any) -> str:
    """An order of two lines."""
    return await site.enter("purchaseOrder", entity={"id": await vendor_of(site)}, item=LINES, **more)


async def shown(site: Site, name: str, entity: str, key: str) -> Mapping[str, Any]:
    """The canonical record of one document."""
    (one,) = [one for one in (await walked(site.access()[0], name))[0] if one.source_id == key]
    (made,) = records(entity, [one], site.reading())
    return made


async def raw_one(site: Site, name: str, key: str) -> Element:
    """One element of a feed."""
    return next(one for one in (await walked(site.access()[0], name))[0] if one.source_id == key)


# --- orders -----------------------------------------------------------------------------------------------------------


async def test_what_is_received_or_billed_moves_no_money_and_a_changed_quantity_does(tmp_path: Path) -> None:
    async with account(tmp_path) as site:
        key = await ordered(site)
        before = await shown(site, "purchase_orders", "purchase_order", key)
        await site.tell("receive", {"id": key, "lines": {"1": 2}})
        received = await shown(site, "purchase_orders", "purchase_order", key)
        assert received["lines"][0]["quantity_received"] == 2
        assert received["content_hash"] != before["content_hash"]
        assert received["fingerprint"] == before["fingerprint"]
        changed = {"items": [{"line": 1, "quantity": 4}]}
        await site.enter("purchaseOrder", key, item=changed)
        assert (await shown(site, "purchase_orders", "purchase_order", key))["fingerprint"] != before["fingerprint"]


@pytest.mark.parametrize(("status", "words"), [("A", "pending approval"), ("C", "rejected"), ("P", "planned")])
async def test_an_order_that_is_not_final_is_not_seen_yet(status: str, words: str, tmp_path: Path) -> None:
    async with account(tmp_path) as site:
        one = changed(await raw_one(site, "purchase_orders", await ordered(site)), status=status)
        (found,) = sightings(raw_of("purchase_order", one), site.reading())
        assert isinstance(found, Filtered)
        assert words in found.reason


async def test_an_order_is_cancelled_where_it_is_closed_before_anything_came_and_only_there(tmp_path: Path) -> None:
    async with account(tmp_path) as site:
        dropped, kept = await ordered(site), await ordered(site)
        await site.tell("receive", {"id": kept, "lines": {"1": 2}})
        for key in (dropped, kept):
            await site.tell("close", {"id": key})
        one, other = [await shown(site, "purchase_orders", "purchase_order", key) for key in (dropped, kept)]
        assert (one["active"], other["active"]) == (False, True)
        assert [line["quantity_canceled"] for line in other["lines"]] == [1, Decimal("2.5")]
        assert all(line["closed"] for line in other["lines"])


@pytest.mark.parametrize(
    ("external", "origin"), [(REF, REF), (f"{REF}-O", f"{REF}-O"), (f"{REF}-R", REF), ("PO-77", None), (f"{REF}X", None)]
)
async def test_what_carries_our_ref_says_where_it_came_from(external: str, origin: str | None, tmp_path: Path) -> None:
    async with account(tmp_path) as site:
        key = await ordered(site, externalId=external)
        assert (await shown(site, "purchase_orders", "purchase_order", key))["origin_ref"] == origin


# --- documents --------------------------------------------------------------------------------------------------------


async def test_every_document_is_positive_in_its_own_kind_and_its_lines_add_up(tmp_path: Path) -> None:
    async with account(tmp_path, customers=5, history=80) as site:
        for name, entity in (("invoices", "invoice"), ("bills", "bill"), ("payments", "payment"), ("bill_payments", "ap_payment")):
            made = records(entity, (await walked(site.access()[0], name))[0], site.reading())
            assert made
            for one in made:
                assert one["total"] > 0, name
                if "lines" in one:
                    assert sum(line["amount"] for line in one["lines"]) + one["tax"] == one["total"], name
                if "applications" in one:
                    assert sum(part["amount"] for part in one["applications"]) + one["unapplied"] == one["total"], name


async def test_the_books_of_the_reader_are_those_of_the_account(tmp_path: Path) -> None:
    async with account(tmp_path, customers=20, vendors=8, history=120) as site:
        told = await site.ask("balances")
        owed = {row["id"]: Decimal(row["open"]) for row in told["vendors"] if Decimal(row["open"])}
        owes = {row["id"]: Decimal(row["open"]) for row in told["customers"] if Decimal(row["open"])}
        seen: dict[str, Decimal] = {}
        for one in records("bill", (await walked(site.access()[0], "bills"))[0], site.reading()):
            seen[one["vendor_id"]] = seen.get(one["vendor_id"], Decimal(0)) + one["total"]
        for one in records("ap_payment", (await walked(site.access()[0], "bill_payments"))[0], site.reading()):
            seen[one["vendor_id"]] -= one["total"] - one["unapplied"]
        assert {key: amount for key, amount in seen.items() if amount} == owed
        balances: dict[str, Decimal] = {}
        for one in records("invoice", (await walked(site.access()[0], "invoices"))[0], site.reading()):
            balances[one["customer_id"]] = balances.get(one["customer_id"], Decimal(0)) + one["balance"]
        assert {key: amount for key, amount in balances.items() if amount} == owes


async def test_a_deposit_shows_what_is_left_of_it(tmp_path: Path) -> None:
    async with account(tmp_path) as site:
        customer = await site.enter("customer", companyName="Zilker Bakery", subsidiary={"id": "2"})
        sold = {"items": [{"item": {"id": "2"}, "quantity": 1, "rate": 60}]}
        invoice = await site.enter("invoice", entity={"id": customer}, item=sold)
        deposit = await site.enter("customerDeposit", customer={"id": customer}, payment=75, account={"id": "1"})
        assert (await shown(site, "payments", "payment", deposit))["unapplied"] == 75
        site.clock.move(60)
        access, wire = site.access(sign_in="assertion")
        await walked(access, "departments")
        client_headers = {name: value for name, value in wire.sent[-1].headers.items() if name == "Authorization"}
        body = json.dumps({"apply": {"items": [{"doc": {"id": invoice}, "apply": True, "amount": 60}]}}).encode()
        url = f"{site.settings().root}/services/rest/record/v1/customerDeposit/{deposit}/!transform/depositApplication"
        request = type(wire.sent[-1])("POST", url, {**client_headers, "Content-Type": "application/json"}, body)
        assert (await wire.send(request, 10)).status == 204
        made = await shown(site, "payments", "payment", deposit)
        assert (made["total"], made["unapplied"], made["applications"]) == (75, 15, [])


async def test_a_refund_is_a_payment_of_less_than_nothing_and_settles_nothing(tmp_path: Path) -> None:
    """`reconcile` took each refund that we posted for missing, because nobody read them."""
    async with account(tmp_path) as site:
        customer = await site.enter("customer", companyName="Zilker Bakery", subsidiary={"id": "2"})
        deposit = await site.enter("customerDeposit", customer={"id": customer}, payment=75, account={"id": "1"})
        given_back = {"items": [{"doc": {"id": deposit}, "apply": True, "amount": 20}]}
        own: dict[str, Any] = {"customer": {"id": customer}, "account": {"id": "1"}, "paymentMethod": {"id": "2"}}
        refund = await site.enter("customerRefund", **own, deposit=given_back)
        made = await shown(site, "payments", "payment", refund)
        assert (made["total"], made["unapplied"], made["applications"], made["type_name"]) == (-20, 0, [], "refund")
        assert (await shown(site, "payments", "payment", deposit))["unapplied"] == 55


# --- rows that cannot be ----------------------------------------------------------------------------------------------


def changed(one: Element, **members: Any) -> Element:
    """The element with other members of its row; None takes one away."""
    row = {**json.loads(one.body), **members}
    return replace(one, body=json.dumps({name: value for name, value in row.items() if value is not None}).encode())


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"id": None}, "id"),
        ({"voided": "maybe"}, "voided"),
        ({"foreigntotal": "a lot"}, "foreigntotal"),
        ({"foreigntotal": None}, "foreigntotal"),
        ({"foreigntotal": "1e9"}, "foreigntotal"),
        ({"trandate": "3/16/2026"}, "trandate"),
        ({"created": "yesterday"}, "created"),
    ],
)
async def test_an_order_whose_row_cannot_be_read_is_malformed_by_name(members: dict[str, Any], words: str, tmp_path: Path) -> None:
    async with account(tmp_path) as site:
        one = await raw_one(site, "purchase_orders", await ordered(site))
        with pytest.raises(Malformed, match=words):
            sightings(raw_of("purchase_order", changed(one, **members)), site.reading())


async def test_an_unknown_status_travels_as_text(tmp_path: Path) -> None:
    async with account(tmp_path) as site:
        one = await raw_one(site, "purchase_orders", await ordered(site))
        (made,) = records("purchase_order", [changed(one, status="Q")], site.reading())
        assert (made["status"], made["active"]) == ("Q", True)


async def test_a_journal_that_does_not_add_up_is_malformed(tmp_path: Path) -> None:
    async with account(tmp_path) as site:
        booked = {"items": [{"account": {"id": "21"}, "debit": 75}, {"account": {"id": "24"}, "credit": 75}]}
        key = await site.enter("journalEntry", subsidiary={"id": "2"}, line=booked)
        one = await raw_one(site, "journals", key)
        assert (await shown(site, "journals", "journal", key))["total"] == 75
        with pytest.raises(Malformed, match="not to zero"):
            sightings(raw_of("journal", replace(one, further=one.further[:1])), site.reading())


# --- masters ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        ({}, ""),
        ({"subsidiaries": ["3"]}, "subsidiary 2 does not travel"),
        ({"vendor_categories": ["5"]}, "category none does not travel"),
    ],
)
async def test_vendors_are_filtered_by_subsidiary_and_category(choices: dict[str, Any], words: str, tmp_path: Path) -> None:
    async with account(tmp_path) as site:
        made = await shown(site, "vendors", "vendor", await vendor_of(site))
        assert site.settings(**choices).excludes("vendor", made) == words


async def test_an_account_without_subsidiaries_is_read_too(tmp_path: Path) -> None:
    async with account(tmp_path, vendors=2) as site:
        access, wire = site.access(subsidiary="")
        found, _ = await walked(access, "vendors")
        assert all(one["dimensions"] == {} for one in records("vendor", found, site.reading(subsidiary="")))
        assert not any("subsidiaryrelationship" in one for one in queries(wire))
