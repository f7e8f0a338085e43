"""Standard receipts: created, matched later or applied by an action, reversed, refunded; balances stay those of the books."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.systems.oracle_fusion.simulator.test_invoices import completed, created
from tests.systems.oracle_fusion.simulator.world import Answer, Client, Make, World


def receipt(amount: str = "394.53", **changed: Any) -> dict[str, Any]:
    """A body as the documents have it."""
    body = {
        "ReceiptNumber": "ST-PMT-7781",
        "ReceiptMethod": "Field Check",
        "BusinessUnit": "Acme Home Services BU",
        "ReceiptDate": "2026-03-12",
        "Amount": amount,
        "Currency": "USD",
        "CustomerAccountNumber": "1001",
        "RemittanceBankAccountNumber": "10271-17621-620",
    }
    return {name: value for name, value in (body | changed).items() if value is not None}


def references(*pairs: tuple[str, str]) -> list[dict[str, str]]:
    return [
        {"ReceiptMatchBy": "Transaction Number", "ReferenceNumber": number, "ReferenceAmount": amount} for number, amount in pairs
    ]


async def received(client: Client, *args: Any, **changed: Any) -> dict[str, Any]:
    """A new receipt."""
    answer = await client.post("/standardReceipts", receipt(*args, **changed))
    assert answer.status == 201, answer.raw
    return dict(answer.body)


async def read(client: Client, row: dict[str, Any]) -> dict[str, Any]:
    return dict((await client.get(f"/standardReceipts/{row['StandardReceiptId']}", expand="remittanceReferences")).body)


async def act(client: Client, row: dict[str, Any], name: str, body: dict[str, Any]) -> Answer:
    asked = client.having(Content_Type="application/vnd.oracle.adf.action+json")
    return await asked.post(f"/standardReceipts/{row['StandardReceiptId']}/action/{name}", body)


async def open_of(world: World, number: str = "1001") -> tuple[str, str]:
    """What is open and unapplied of a customer."""
    rows = {row["id"]: row for row in (await world.sim("balances"))["customers"]}
    return rows[number]["open"], rows[number]["unapplied"]


async def test_a_receipt_is_unapplied_until_automatch_has_run(world: World, client: Client) -> None:
    await completed(client)
    row = await received(client, remittanceReferences=references(("48121", "394.53")))
    assert (row["Status"], row["State"], row["UnappliedAmount"], row["Amount"]) == ("Unapplied", "Cleared", "394.53", "394.53")
    assert await open_of(world) == ("394.53", "394.53")
    assert (await world.sim("automatch", {}))["applied"] == 1
    assert (await read(client, row))["Status"] == "Applied"
    assert await open_of(world) == ("0.00", "0.00")
    assert (await world.sim("automatch", {}))["applied"] == 0
    assert [commit["operation"] for commit in await world.journal("standardReceipts")] == ["create", "apply"]


async def test_automatch_runs_by_itself_where_it_is_scheduled(make: Make) -> None:
    world = await make(automatch_s=600)
    client = await world.client()
    await completed(client)
    row = await received(client, remittanceReferences=references(("48121", "394.53")))
    assert (await read(client, row))["Status"] == "Unapplied"
    world.clock.move(minutes=11)
    assert (await read(client, row))["Status"] == "Applied"


async def test_one_receipt_settles_parts_of_several_invoices(world: World, client: Client) -> None:
    await completed(client)
    await completed(client, number="2")
    row = await received(client, "500.00", remittanceReferences=references(("48121", "394.53"), ("2", "100.00"), ("3", "5.47")))
    assert (await world.sim("automatch", {}))["applied"] == 2
    assert ((await read(client, row))["UnappliedAmount"], await open_of(world)) == ("5.47", ("294.53", "5.47"))
    await completed(client, number="3")
    assert (await world.sim("automatch", {}))["applied"] == 1  # the transaction that was not there yet
    assert (await read(client, row))["Status"] == "Applied"


async def test_an_incomplete_or_another_customers_invoice_is_not_matched(world: World, client: Client) -> None:
    await created(client)
    await completed(client, number="2", BillToCustomerNumber="1002")
    await received(client, remittanceReferences=references(("48121", "200.00"), ("2", "194.53")))
    assert (await world.sim("automatch", {}))["applied"] == 0


async def test_references_may_be_added_and_never_come_to_more_than_the_receipt(client: Client) -> None:
    row = await received(client, "100.00", remittanceReferences=references(("1", "60.00")))
    path = f"/standardReceipts/{row['StandardReceiptId']}/child/remittanceReferences"
    assert (await client.post(path, references(("2", "40.01"))[0])).status == 400
    assert (await client.post(path, references(("2", "40.00"))[0])).status == 201
    assert [one["ReferenceNumber"] for one in (await read(client, row))["remittanceReferences"]] == ["1", "2"]


@pytest.mark.parametrize(
    ("changed", "attribute"),
    [
        ({"CustomerAccountNumber": None}, "CustomerAccountNumber"),
        ({"CustomerAccountNumber": "9"}, "BillToCustomerNumber"),
        ({"ReceiptMethod": "Old Lockbox"}, "ReceiptMethod"),
        ({"RemittanceBankAccountNumber": "10271-17621-630"}, "RemittanceBankAccountNumber"),
        ({"RemittanceBankAccountNumber": None}, "RemittanceBankAccountNumber"),
        ({"Amount": "1,000.00"}, "Amount"),
        ({"Amount": "-5"}, "Amount"),
        ({"Amount": "0.005"}, "Amount"),
        ({"Amount": "1e2"}, "Amount"),
        ({"Amount": "NaN"}, "Amount"),
        ({"Amount": " 5 "}, "Amount"),
        ({"Amount": 394.53}, "Amount"),  # a text, as the samples have it
        ({"Currency": "EUR"}, "Currency"),
        ({"ReceiptDate": "2025-11-30"}, "AccountingDate"),
        ({"ReceiptNumber": "R" * 31}, "ReceiptNumber"),
        ({"remittanceReferences": references(("1", "394.54"))}, "ReferenceAmount"),
        ({"remittanceReferences": [references(("1", "1"))[0] | {"ReceiptMatchBy": "Luck"}]}, "ReceiptMatchBy"),
        ({"UnappliedAmount": "0"}, "UnappliedAmount"),
    ],
)
async def test_what_is_not_valid_is_refused_with_its_attribute(client: Client, changed: dict[str, Any], attribute: str) -> None:
    answer = await client.version(4).post("/standardReceipts", receipt(**changed))
    assert answer.status == 400
    assert answer.body["o:errorDetails"][0]["o:errorPath"] == f"/{attribute}"
    assert (await client.get("/standardReceipts")).items == []


async def test_receipt_numbers_repeat_and_unidentified_ones_come_from_others(make: Make) -> None:
    world = await make(unidentified="take")
    client = await world.client()
    await received(client)
    await received(client)
    assert len((await client.get("/standardReceipts", q="ReceiptNumber=ST-PMT-7781")).items) == 2
    assert (await received(client, CustomerAccountNumber=None))["Status"] == "Unidentified"


async def test_an_older_release_has_no_actions(client: Client) -> None:
    row = await received(client)
    assert (await act(client, row, "applyReceipt", {"appliedPaymentScheduleId": 1})).status == 404


async def _installment(client: Client, invoice: dict[str, Any]) -> int:
    rows = await client.get(f"/receivablesInvoices/{invoice['CustomerTransactionId']}/child/receivablesInvoiceInstallments")
    return int(rows.items[0]["InstallmentId"])


async def test_newer_releases_apply_unapply_reverse_and_refund(make: Make) -> None:
    world = await make(release="26d")
    client = await world.client()
    part = await _installment(client, await completed(client))
    row = await received(client, "400.00")
    assert (await act(client, row, "applyReceipt", {"appliedPaymentScheduleId": part, "amountApplied": 394.54})).status == 400
    assert (await act(client, row, "applyReceipt", {"appliedPaymentScheduleId": part, "amountApplied": 100})).status == 200
    assert await open_of(world) == ("294.53", "300.00")
    assert (await act(client, row, "unapplyReceipt", {"appliedPaymentScheduleId": part})).status == 200
    assert (await act(client, row, "applyReceipt", {"appliedPaymentScheduleId": part})).status == 200
    assert await open_of(world) == ("0.00", "5.47")
    assert (await act(client, row, "refundReceipt", {"amount": "x"})).status == 400
    assert (await act(client, row, "refundReceipt", {})).status == 200
    assert await open_of(world) == ("0.00", "0.00")
    other = await received(client, "10.00")
    assert (await act(client, other, "reverseReceipt", {"reversalCategoryCode": "NSF"})).status == 400
    reversal = {"reversalCategoryCode": "NSF", "reversalReasonCode": "RETURNED"}
    assert (await act(client, other, "reverseReceipt", reversal)).status == 200
    assert (await read(client, other))["Status"] == "Reversed"
    plain = await client.post(f"/standardReceipts/{other['StandardReceiptId']}/action/reverseReceipt", reversal)
    assert plain.status == 415


async def test_a_reversed_receipt_opens_what_it_had_settled(world: World, client: Client) -> None:
    await completed(client)
    row = await received(client, remittanceReferences=references(("48121", "394.53")))
    await world.sim("automatch", {})
    await world.sim("reverse", {"receipt": row["ReceiptNumber"], "category": "NSF"})
    assert ((await read(client, row))["Status"], await open_of(world)) == ("Reversed", ("394.53", "0.00"))
    assert (await world.sim("automatch", {}))["applied"] == 0
    sums = [Decimal(account["balance"]) for account in (await world.sim("balances"))["accounts"]]
    assert sum(sums) == 0


async def test_a_reversed_receipt_opens_all_that_it_had_applied_to_one_invoice(make: Make) -> None:
    world = await make(release="26d")
    client = await world.client()
    part = await _installment(client, await completed(client))
    row = await received(client, "400.00")
    for amount in (100, 100, 30):
        assert (await act(client, row, "applyReceipt", {"appliedPaymentScheduleId": part, "amountApplied": amount})).status == 200
    assert await open_of(world) == ("164.53", "170.00")
    reversal = {"reversalCategoryCode": "NSF", "reversalReasonCode": "RETURNED"}
    assert (await act(client, row, "reverseReceipt", reversal)).status == 200
    assert await open_of(world) == ("394.53", "0.00")


async def test_a_receipt_with_activity_is_not_deleted(world: World, client: Client) -> None:
    await completed(client)
    row = await received(client, "100.00")
    await world.sim("apply", {"receipt": row["ReceiptNumber"], "invoice": "48121"})
    assert await open_of(world) == ("294.53", "0.00")
    assert (await client.call("DELETE", f"/standardReceipts/{row['StandardReceiptId']}")).status == 400
    other = await received(client, "5.00", ReceiptNumber="X")
    assert (await client.call("DELETE", f"/standardReceipts/{other['StandardReceiptId']}")).status == 204
    answer = await world.bare().post("/__sim__/apply", {"receipt": row["ReceiptNumber"], "invoice": "48121", "amount": "1"})
    assert answer.status == 400


async def test_open_receivables_are_told_by_account_and_site(world: World, client: Client) -> None:
    path = "/receivablesCustomerAccountSiteActivities"
    await completed(client)
    await received(client, "94.53")
    row = (await client.get(path, finder="CustomerAccountSiteActivitiesFinder;AccountNumber=1001")).items[0]
    assert (row["TotalTransactionsDueForSite"], row["TotalOpenReceivablesForSite"]) == (Decimal("394.53"), Decimal("300"))
    named = await client.get(path, finder=f"CustomerAccountSiteActivitiesFinder;CustomerName={row['CustomerName']}")
    assert "1001" in {one["AccountNumber"] for one in named.items}
    assert len((await client.get(path, finder="CustomerAccountSiteActivitiesFinder;AccountNumber=1007")).items) == 2
    assert (await client.get(path, finder="CustomerAccountSiteActivitiesFinder;AccountNumber=9")).items == []
    for wrong in (
        "CustomerAccountSiteActivitiesFinder",
        "CustomerAccountSiteActivitiesFinder;Name=x",
        "Nonsense;AccountNumber=1001",
    ):
        assert (await client.get(path, finder=wrong)).status == 400
    assert (await client.get(path)).status == 400
    await world.settings(privileges_off="AR_REVIEW_CUSTOMER_ACCOUNT_ACTIVITIES_PRIV")
    assert (await client.get(path, finder="CustomerAccountSiteActivitiesFinder;AccountNumber=1001")).status == 403
