"""Payments: entry, applications now and later, refunds, credit memos, voids."""

from __future__ import annotations

from typing import Any

from tests.systems.acumatica.simulator.world import (
    Answer,
    Client,
    World,
    act,
    customer,
    invoice,
    line,
    put,
    read,
    release,
    unwrapped,
    wrapped,
)

DAY = "2026-03-12T00:00:00+00:00"


def row(number: str, amount: float | int | None = None, kind: str = "Invoice") -> dict[str, Any]:
    """An application."""
    return wrapped(DocType=kind, ReferenceNbr=number) | ({} if amount is None else wrapped(AmountPaid=amount))


def body(who: str, amount: float | int, **values: Any) -> dict[str, Any]:
    """A payment that the tenant takes."""
    held = {"Type": "Payment", "CustomerID": who, "PaymentMethod": "CHECK", "PaymentRef": "1001", "PaymentAmount": amount}
    return wrapped(**(held | {"ApplicationDate": DAY, "Description": "ST-p1 check", "Hold": False} | values))


async def refused(client: Client, sent: dict[str, Any]) -> Answer:
    """The answer of a PUT that must be refused with 422."""
    answer = await client.call("PUT", "/Payment", sent)
    assert answer.status == 422, answer.raw
    return answer


async def paid(client: Client, sent: dict[str, Any]) -> str:
    """The number of a new released payment."""
    answer = await client.call("PUT", "/Payment", sent)
    assert answer.status == 200, answer.raw
    shown = unwrapped(answer.body)
    await release(client, "Payment", shown["ReferenceNbr"], shown["Type"])
    return str(shown["ReferenceNbr"])


async def test_a_payment_settles_its_invoices_when_it_is_released(client: Client) -> None:
    who = await customer(client)
    first, second = await invoice(client, who, 60), await invoice(client, who, 50)
    made = unwrapped(
        (await client.call("PUT", "/Payment", body(who, 100, DocumentsToApply=[row(first, 60), row(second, 30)]))).body
    )
    assert (made["Status"], made["AvailableBalance"], made["CashAccount"]) == ("Balanced", 10, "10200")
    assert (await read(client, f"/Invoice/Invoice/{first}"))["Balance"] == 60
    await release(client, "Payment", made["ReferenceNbr"])
    assert (await read(client, f"/Invoice/Invoice/{first}"))["Status"] == "Closed"
    assert (await read(client, f"/Invoice/Invoice/{second}"))["Balance"] == 20
    shown = await read(client, f"/Payment/Payment/{made['ReferenceNbr']}", expand="ApplicationHistory,DocumentsToApply")
    assert (shown["Status"], shown["AvailableBalance"], shown["DocumentsToApply"]) == ("Open", 10, [])
    assert [(r["AdjustedRefNbr"], r["AmountPaid"]) for r in shown["ApplicationHistory"]] == [(first, 60), (second, 30)]
    applied = (await read(client, f"/Invoice/Invoice/{first}", expand="ApplicationsDefault"))["ApplicationsDefault"]
    assert [(r["DocType"], r["ReferenceNbr"], r["AmountPaid"]) for r in applied] == [("Payment", made["ReferenceNbr"], 60)]


async def test_a_later_application_is_a_row_on_the_released_payment_and_a_second_release(world: World, client: Client) -> None:
    who = await customer(client)
    number = await paid(client, body(who, 100))
    later = await invoice(client, who, 70)
    key = {"Type": "Payment", "ReferenceNbr": number}
    made = await put(client, "Payment", "DocumentsToApply", **key, DocumentsToApply=[row(later, 70)])
    assert (made["AvailableBalance"], len(made["DocumentsToApply"])) == (30, 1)
    assert (await read(client, f"/Invoice/Invoice/{later}"))["Balance"] == 70
    await release(client, "Payment", number)
    assert (await read(client, f"/Invoice/Invoice/{later}"))["Balance"] == 0
    assert (await read(client, f"/Payment/Payment/{number}"))["AvailableBalance"] == 30
    assert (await act(client, "Payment", "ReleasePayment", number)).status == 500
    applied = [c for c in await world.journal("Payment") if c["operation"] == "apply"]
    assert [(c["number"], c["amount"], c["detail"]) for c in applied] == [(number, "70.00", f"Invoice/{later}")]


async def test_an_application_is_refused_where_the_invoice_cannot_take_it(client: Client) -> None:
    who, other = await customer(client), await customer(client, "Zed")
    number = await invoice(client, who, 50)
    held = await put(client, "Invoice", Customer=who, Details=[line(5)])
    for application, field, words in (
        (row(number, 51), "AmountPaid", "balance of the document, 50"),
        (row(number, -1), "AmountPaid", "must be between 0"),
        (row("000099", 1), "ReferenceNbr", "cannot be found in the system"),
        (row(held["ReferenceNbr"], 5), "ReferenceNbr", "is not open (On Hold)"),
        (row(number, 5, "Bill"), "DocType", "not one of the allowed values"),
    ):
        answer = await refused(client, body(who, 100, DocumentsToApply=[application]))
        assert words in answer.body["DocumentsToApply"][0][field]["error"]
    answer = await refused(client, body(other, 100, DocumentsToApply=[row(number, 5)]))
    assert f"belongs to customer '{who}'" in answer.body["DocumentsToApply"][0]["ReferenceNbr"]["error"]
    answer = await refused(client, body(who, 40, DocumentsToApply=[row(number, 41)]))
    assert "exceed the payment by 1" in answer.body["error"]


async def test_two_payments_cannot_settle_one_invoice_twice(client: Client) -> None:
    who = await customer(client)
    number = await invoice(client, who, 50)
    for _ in range(2):
        assert (await client.call("PUT", "/Payment", body(who, 50, DocumentsToApply=[row(number, 50)]))).status == 200
    await release(client, "Payment", "000001")
    answer = await act(client, "Payment", "ReleasePayment", "000002")
    assert answer.status == 500
    assert "exceeds its balance" in answer.message
    assert (await read(client, "/Payment/Payment/000002"))["Status"] == "Balanced"


async def test_the_amount_of_an_application_falls_to_what_is_open(client: Client) -> None:
    who = await customer(client)
    number = await invoice(client, who, 50)
    made = await client.call("PUT", "/Payment", body(who, 80, DocumentsToApply=[row(number)]), expand="DocumentsToApply")
    assert made.body["DocumentsToApply"][0]["AmountPaid"]["value"] == 50


async def test_a_released_payment_keeps_its_amount(client: Client) -> None:
    who = await customer(client)
    number = await paid(client, body(who, 100))
    for change in (wrapped(PaymentAmount=90), wrapped(PaymentRef="1002"), wrapped(PaymentMethod="CASH")):
        answer = await client.call("PUT", "/Payment", wrapped(Type="Payment", ReferenceNbr=number) | change)
        assert answer.status == 500
        assert "is released" in answer.message


async def test_method_account_branch_and_reference_are_checked(client: Client) -> None:
    who = await customer(client)
    for field, value in (("PaymentMethod", "BARTER"), ("CashAccount", "10400"), ("BranchID", "NORTH"), ("CurrencyID", "EUR")):
        answer = await refused(client, body(who, 5, **{field: value}))
        assert "error" in answer.body[field]
    answer = await refused(client, body(who, 5, PaymentRef=""))
    assert answer.body["PaymentRef"]["error"] == "PaymentRef: 'PaymentRef' cannot be empty."
    answer = await refused(client, body(who, -5))
    assert "must not be negative" in answer.body["PaymentAmount"]["error"]


async def test_a_prepayment_waits_for_its_invoice(client: Client) -> None:
    who = await customer(client)
    number = await paid(client, body(who, 100, Type="Prepayment"))
    shown = await read(client, f"/Payment/Prepayment/{number}")
    assert (shown["Status"], shown["AvailableBalance"]) == ("Open", 100)


async def test_a_refund_takes_what_a_payment_has_left(client: Client) -> None:
    who = await customer(client)
    number = await paid(client, body(who, 100))
    unapplied = await put(client, "Payment", **body(who, 40, Type="Refund"))
    answer = await act(client, "Payment", "ReleasePayment", unapplied["ReferenceNbr"], "Refund")
    assert "applied in full" in answer.message
    await paid(client, body(who, 40, Type="Refund", DocumentsToApply=[row(number, 40, "Payment")]))
    assert (await read(client, f"/Payment/Payment/{number}"))["AvailableBalance"] == 60


async def test_a_released_credit_memo_is_applied_on_the_payment_screen(client: Client) -> None:
    who = await customer(client)
    number = await invoice(client, who, 50)
    memo = await invoice(client, who, 20, Type="Credit Memo")
    shown = await read(client, f"/Payment/Credit Memo/{memo}")
    assert (shown["PaymentAmount"], shown["Status"]) == (20, "Open")
    await put(client, "Payment", Type="Credit Memo", ReferenceNbr=memo, DocumentsToApply=[row(number, 20)])
    await release(client, "Payment", memo, "Credit Memo")
    assert (await read(client, f"/Invoice/Invoice/{number}"))["Balance"] == 30
    assert (await read(client, f"/Invoice/Credit Memo/{memo}"))["Status"] == "Closed"


async def test_a_void_reopens_what_the_payment_had_settled(client: Client) -> None:
    who = await customer(client)
    number = await invoice(client, who, 50)
    payment = await paid(client, body(who, 50, DocumentsToApply=[row(number, 50)]))
    assert (await act(client, "Payment", "VoidPayment", payment)).status == 204
    assert (await read(client, f"/Invoice/Invoice/{number}"))["Balance"] == 0
    assert (await act(client, "Payment", "VoidPayment", payment)).status == 500
    await release(client, "Payment", payment, "Voided Payment")
    assert (await read(client, f"/Payment/Payment/{payment}"))["Status"] == "Voided"
    shown = await read(client, f"/Invoice/Invoice/{number}")
    assert (shown["Balance"], shown["Status"]) == (50, "Open")


async def test_the_books_are_shown_to_checkers(client: Client) -> None:
    who = await customer(client)
    number = await invoice(client, who, 50, Description="ST-k1 job", CustomerOrder="9001")
    await paid(client, body(who, 50, DocumentsToApply=[row(number, 50)]))
    (shown,) = (await client.call("GET", "/__sim__/documents", None)).body["documents"]
    assert (shown["ref"], shown["human_number"], shown["amount"], shown["balance"]) == ("ST-k1", "9001", "50.00", "0.00")
    assert shown["lines"][0]["account"] == "40100"
    assert shown["applications"] == [{"type": "Payment", "number": "000001", "amount": "50.00", "released": True}]
