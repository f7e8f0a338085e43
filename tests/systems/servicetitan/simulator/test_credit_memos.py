"""Credit memos: their lines and tax, applications over the API and by people, what is refused."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.systems.servicetitan.simulator.test_settling import customer, invoice, job
from tests.systems.servicetitan.simulator.world import World

LINES = [{"sku": "MAT-FLTR", "quantity": "2"}, {"sku": "SVC-HOUR", "quantity": "0.5"}]


async def memo(tenant: World, who: int, **members: object) -> int:
    place = next(row["id"] for row in (await tenant.get("crm/locations?pageSize=500"))["data"] if row["customerId"] == who)
    event = {"do": "credit_memo", "customer": who, "business_unit": 901, "location": place, "items": LINES} | members
    return int((await tenant.do(event))[0]["credit_memo"])


async def shown(tenant: World, source_id: int) -> dict[str, object]:
    found: dict[str, object] = (await tenant.get(f"accounting/credit-memos?ids={source_id}&active=Any"))["data"][0]
    return found


async def test_a_credit_memo_has_lines_and_the_tax_of_its_location(tenant: World) -> None:
    source_id = await memo(tenant, await customer(tenant))
    row = await shown(tenant, source_id)
    # 2 x 44.99 taxed at 8.25 %, and half an hour of labor at 145.00 that is not
    assert (row["subTotal"], row["salesTax"], row["total"], row["balance"]) == tuple(
        map(Decimal, ("162.48", "7.42", "169.90", "169.90"))
    )
    lines = (await tenant.get(f"accounting/credit-memos/{source_id}/items"))["data"]
    assert [(line["skuName"], line["quantity"], line["total"], line["taxable"]) for line in lines] == [
        ("MAT-FLTR", 2, Decimal("89.98"), True),
        ("SVC-HOUR", Decimal("0.5"), Decimal("72.50"), False),
    ]
    assert lines[0]["revenueGeneralLedgerAccount"]["number"] == "40200"
    assert lines[0]["expensesGeneralLedgerAccount"]["number"] == "50100"


async def test_lines_of_several_credit_memos_name_theirs(tenant: World) -> None:
    who = await customer(tenant)
    first, second = await memo(tenant, who), await memo(tenant, who)
    found = await tenant.get(f"accounting/credit-memos/credit-memo-items?creditMemoIds={second}&pageSize=1&includeTotal=true")
    assert (found["totalCount"], found["hasMore"], found["data"][0]["creditMemoId"]) == (2, True, second)
    assert first != second


async def test_a_split_over_the_api_settles_the_invoice(tenant: World) -> None:
    who = await customer(tenant)
    source_id, number = await memo(tenant, who), await job(tenant, {"sku": "SVC-DRAIN"}, customer=who)
    path = f"accounting/credit-memos/{source_id}/splits"
    made = await tenant.send("POST", path, {"splits": [{"invoiceId": number, "amount": 100.5}]})
    assert made == {"id": source_id, "splits": [{"invoiceId": number, "amount": Decimal("100.5")}]}
    assert (await invoice(tenant, number))["balance"] == "288.50"
    row = await shown(tenant, source_id)
    assert row["balance"] == Decimal("69.40")
    assert [(one["appliedTo"], one["appliedAmount"]) for one in row["appliedTo"]] == [(number, Decimal("100.50"))]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("split", "words"),
    [
        ({"invoiceId": "N", "amount": 5}, "converted"),
        ({"amount": 5}, "converted"),
        ({"invoiceId": 0, "amount": 389.01}, "within the balance"),
        ({"invoiceId": 0, "amount": 0}, "within the balance"),
        ({"invoiceId": 0, "amount": -3}, "within the balance"),
        ({"invoiceId": 0, "amount": 300}, "left"),
    ],
)
async def test_a_split_that_cannot_be_is_refused_and_leaves_nothing(tenant: World, split: dict[str, object], words: str) -> None:
    who = await customer(tenant)
    source_id, number = await memo(tenant, who), await job(tenant, {"sku": "SVC-DRAIN"}, customer=who)
    sent = split | ({"invoiceId": number} if split.get("invoiceId") == 0 else {})
    reply = await tenant.api("POST", f"accounting/credit-memos/{source_id}/splits", json={"splits": [sent]})
    assert (reply.status, words in reply.text) == (400, True), reply.text
    assert (await invoice(tenant, number))["balance"] == "389.00"


async def test_a_split_goes_to_the_same_customer_alone(tenant: World) -> None:
    source_id, number = await memo(tenant, await customer(tenant)), await job(tenant, {"sku": "SVC-DRAIN"})
    body = {"splits": [{"invoiceId": number, "amount": 5}]}
    reply = await tenant.api("POST", f"accounting/credit-memos/{source_id}/splits", json=body)
    assert (reply.status, "another customer" in reply.text) == (400, True)


async def test_an_application_is_taken_back_and_a_void_opens_what_it_settled(tenant: World) -> None:
    who = await customer(tenant)
    number = await job(tenant, {"sku": "SVC-DRAIN"}, customer=who)
    source_id = await memo(tenant, who, invoice=number)
    assert (await invoice(tenant, number))["balance"] == "219.10"
    await tenant.do({"do": "unapply_credit_memo", "credit_memo": source_id, "invoice": number})
    assert ((await invoice(tenant, number))["balance"], (await shown(tenant, source_id))["appliedTo"]) == ("389.00", [])
    await tenant.do({"do": "apply_credit_memo", "credit_memo": source_id, "invoice": number, "amount": "20.00"})
    assert (await tenant.send("PATCH", f"accounting/credit-memos/{source_id}", {"active": False}))["active"] is False
    row = await shown(tenant, source_id)
    assert (row["active"], row["balance"], row["appliedTo"]) == (False, 0, [])
    assert (await invoice(tenant, number))["balance"] == "389.00"
    assert (await tenant.get(f"crm/customers/{who}"))["balance"] == Decimal("389.00")


async def test_an_exported_credit_memo_is_locked(tenant: World) -> None:
    source_id = await memo(tenant, await customer(tenant))
    await tenant.send("POST", "accounting/credit-memos/markasexported", [{"creditMemoId": source_id, "externalId": "AR-1"}])
    reply = await tenant.api("PATCH", f"accounting/credit-memos/{source_id}", json={"summary": "late"})
    assert (reply.status, "exported" in reply.text) == (400, True)
    bad = {"do": "void_credit_memo", "credit_memo": source_id}
    assert (await tenant.call("POST", "/__sim__/events", json={"events": [bad]})).status == 400
