"""Invoices, credit memos, payments, deposits and refunds of customers, and what stays open."""

from __future__ import annotations

from typing import Any

import pytest

from tests.systems.netsuite.simulator.world import CUSTOMER, Client, World, service_lines


async def sale(client: Client, customer: str, *amounts: float, **values: Any) -> str:
    return await client.made("invoice", {"entity": {"id": customer}, "item": service_lines(*amounts)} | values)


async def open_of(client: Client, key: str) -> tuple[Any, str]:
    row = await client.read(f"invoice/{key}")
    return row["amountRemaining"], row["status"]["refName"]


def given(*pairs: tuple[str, Any], name: str = "apply") -> dict[str, Any]:
    lines = [{"doc": {"id": doc}} | ({} if amount is None else {"amount": amount}) for doc, amount in pairs]
    return {name: {"items": lines}}


async def test_a_payment_settles_the_invoices_that_it_names(world: World, client: Client, customer: str) -> None:
    first, second = await sale(client, customer, 100, externalId="ST-I-1", tranId="1042"), await sale(client, customer, 50)
    body = {"customer": {"id": customer}, "payment": 130, "checkNum": "771"} | given((first, None), (second, 20))
    payment = await client.made("customerPayment", body | {"externalId": "ST-P-1"})
    assert (await open_of(client, first), await open_of(client, second)) == ((0, "Paid In Full"), (30, "Open"))
    row = await client.read(f"customerPayment/{payment}")
    assert (row["applied"], row["unapplied"], row["total"], row["undepFunds"]) == (120, 10, 130, True)
    assert [(line["doc"]["id"], line["amount"], line["refNum"]) for line in row["apply"]["items"]] == [
        (first, 100, "1042"),
        (second, 20, "INV000002"),
    ]
    assert (await world.sim("balances?since=2100-01-01"))["customers"] == [], "what is dated before the day is left out"
    books = await world.sim("balances")
    assert books["customers"] == [{"id": customer, "open": "30.00", "unapplied": "10.00", "deposits": "0.00", "balance": "20.00"}]
    assert {line["account"]: line["balance"] for line in books["accounts"]} == {
        "1050": "130.00",
        "1100": "20.00",
        "4000": "-150.00",
    }
    assert (await client.read(f"customer/{customer}"))["balance"] == 20
    links = await client.rows(
        "SELECT previousdoc, nextdoc, foreignamount FROM previoustransactionlinelink WHERE linktype = 'Payment' ORDER BY foreignamount"
    )
    assert links[0] == {"previousdoc": second, "nextdoc": payment, "foreignamount": "20"}
    await client.made(f"customerPayment/{payment}", given((second, 30)), "PATCH")
    assert await open_of(client, second) == (20, "Open")
    assert (await client.call("DELETE", f"customerPayment/{payment}")).status == 204
    assert (await open_of(client, first), await open_of(client, second)) == ((100, "Open"), (50, "Open"))


async def test_what_is_applied_is_open_and_of_the_same_customer(client: Client, customer: str) -> None:
    other = await client.made("customer", CUSTOMER)
    mine, theirs = await sale(client, customer, 100), await sale(client, other, 100)
    for lines, path in (
        (given((mine, 100.01)), "apply.items[0].amount"),
        (given((theirs, 10)), "apply.items[0].doc"),
        (given(("999999", 10)), "apply.items[0].doc"),
    ):
        answer = await client.call("POST", "customerPayment", {"customer": customer, "payment": 500} | lines)
        assert (answer.status, answer.problem[2]) == (400, path), answer.raw
    assert (await client.call("POST", "customerPayment", {"customer": customer, "payment": 50} | given((mine, 60)))).problem[
        2
    ] == "apply"
    assert (await client.call("POST", "customerPayment", {"customer": customer})).problem == (400, "INVALID_CONTENT", "payment")
    assert await open_of(client, mine) == (100, "Open")


async def test_a_document_that_is_named_twice_is_one_line_of_the_list(client: Client, customer: str) -> None:
    key = await sale(client, customer, 100)
    payment = await client.made("customerPayment", {"customer": customer, "payment": 90} | given((key, 90), (key, 40)))
    assert len((await client.read(f"customerPayment/{payment}"))["apply"]["items"]) == 1
    assert await open_of(client, key) == (60, "Open")


async def test_a_credit_memo_reduces_an_invoice_or_stays_open(world: World, client: Client, customer: str) -> None:
    key = await sale(client, customer, 100)
    memo = await client.made("creditMemo", {"entity": customer, "item": service_lines(30)} | given((key, None)))
    assert await open_of(client, key) == (70, "Open")
    assert (await client.read(f"creditMemo/{memo}"))["status"]["refName"] == "Fully Applied"
    loose = await client.made("creditMemo", {"entity": customer, "item": service_lines(25)})
    row = await client.read(f"creditMemo/{loose}")
    assert (row["unapplied"], row["status"]["refName"]) == (25, "Open")
    assert (await world.sim("balances"))["customers"][0]["balance"] == "45.00"
    whole = await client.made(f"invoice/{key}/!transform/creditMemo", {"item": {"items": [{"line": 1, "amount": 70}]}})
    assert await open_of(client, key) == (0, "Paid In Full")
    assert (await client.read(f"creditMemo/{whole}"))["createdFrom"]["id"] == key


async def test_a_deposit_is_given_to_an_invoice_by_its_application(world: World, client: Client, customer: str) -> None:
    deposit = await client.made("customerDeposit", {"customer": customer, "payment": 80, "externalId": "ST-D-1"})
    assert (await world.sim("balances"))["customers"] == [
        {"id": customer, "open": "0.00", "unapplied": "0.00", "deposits": "80.00", "balance": "0.00"}
    ]
    key = await sale(client, customer, 100)
    made = await client.made(f"customerDeposit/{deposit}/!transform/depositApplication", given((key, 50)))
    assert await open_of(client, key) == (50, "Open")
    row = await client.read(f"depositApplication/{made}")
    assert (row["deposit"]["id"], row["total"]) == (deposit, 50)
    too_much = await client.call("POST", f"customerDeposit/{deposit}/!transform/depositApplication", given((key, 40)))
    assert too_much.problem[:2] == (400, "INVALID_CONTENT")
    assert (await client.call("POST", "depositApplication", given((key, 10)))).problem[:2] == (400, "USER_ERROR")
    await client.made(f"customerDeposit/{deposit}/!transform/depositApplication", given((key, 30)))
    assert (await client.read(f"customerDeposit/{deposit}"))["status"]["refName"] == "Fully Applied"
    assert (await client.call("DELETE", f"customerDeposit/{deposit}")).problem[:2] == (400, "USER_ERROR")
    balances = {row["account"]: row["balance"] for row in (await world.sim("balances"))["accounts"]}
    assert balances == {"1050": "80.00", "1100": "20.00", "2300": "0.00", "4000": "-100.00"}


async def test_a_refund_pays_back_credits_and_deposits(world: World, client: Client, customer: str) -> None:
    memo = await client.made("creditMemo", {"entity": customer, "item": service_lines(30)})
    deposit = await client.made("customerDeposit", {"customer": customer, "payment": 20})
    body = {"customer": customer, "paymentMethod": {"id": "2"}} | given((memo, 30)) | given((deposit, 5), name="deposit")
    refund = await client.made("customerRefund", body)
    assert (await client.read(f"customerRefund/{refund}"))["total"] == 35
    assert (await client.read(f"creditMemo/{memo}"))["unapplied"] == 0
    assert {row["account"]: row["balance"] for row in (await world.sim("balances"))["accounts"]} == {
        "1000": "-35.00",
        "1050": "20.00",
        "1100": "0.00",
        "2300": "-15.00",
        "4000": "30.00",
    }
    again = await client.call("POST", "customerRefund", body)
    assert again.problem == (400, "INVALID_CONTENT", "apply.items[0].amount")
    no_method = {"customer": customer} | given((memo, 1))
    assert (await client.call("POST", "customerRefund", no_method)).problem == (400, "INVALID_CONTENT", "paymentMethod")


@pytest.mark.parametrize(("taxable", "automatic", "total"), [(True, True, 108.25), (False, True, 100), (True, False, 100)])
async def test_the_account_adds_tax_unless_it_is_told_not_to(
    world: World, client: Client, taxable: bool, automatic: bool, total: float
) -> None:
    await world.sim("settings", {"tax_automatic": str(automatic).lower()})
    customer = await client.made("customer", CUSTOMER | {"taxable": True, "taxItem": {"id": "1"}})
    key = await sale(client, customer, 60, 40, isTaxable=taxable)
    row = await client.read(f"invoice/{key}")
    assert (row["total"], row["subtotal"], float(row["taxTotal"])) == (total, 100, total - 100)
    if total > 100:
        lines = await client.rows(f"SELECT foreignamount FROM transactionline WHERE transaction = {key} AND taxline = 'T'")
        assert lines == [{"foreignamount": "-8.25"}]


async def test_an_invoice_that_is_paid_is_not_made_smaller(client: Client, customer: str) -> None:
    key = await sale(client, customer, 100)
    await client.made("customerPayment", {"customer": customer, "payment": 80} | given((key, 80)))
    answer = await client.call("PATCH", f"invoice/{key}", {"item": {"items": [{"line": 1, "rate": 70}]}})
    assert answer.problem[:2] == (400, "USER_ERROR")
    await client.made(f"invoice/{key}", {"item": {"items": [{"line": 1, "rate": 90}]}}, "PATCH")
    assert await open_of(client, key) == (10, "Open")
    other = await client.made("customer", CUSTOMER)
    assert (await client.call("PATCH", f"invoice/{key}", {"entity": {"id": other}})).problem == (400, "USER_ERROR", "entity")
