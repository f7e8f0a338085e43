"""Corrections as the tenant takes them: dates of applications, voids, reversals, refunds, debit adjustments, and what is open by party."""

from __future__ import annotations

from typing import Any

import pytest

from tests.systems.acumatica.simulator.test_payments import body, paid, row
from tests.systems.acumatica.simulator.world import (
    Answer,
    Client,
    Make,
    World,
    act,
    bill_line,
    customer,
    invoice,
    line,
    put,
    read,
    release,
    unwrapped,
    wrapped,
)

EXTENDED = "/entity/MLConnector/24.200.001"


def at(day: str) -> str:
    return f"{day}T00:00:00+00:00"


async def open_of(client: Client, who: str, side: str = "customers") -> str:
    found = (await client.call("GET", "/__sim__/balances")).body[side]
    return str(next(one["balance"] for one in found if one["id"] == who))


async def bill(client: Client, amount: float = 100, ref: str = "INV-1") -> tuple[str, str]:
    """A vendor and the number of its released bill."""
    who = (await put(client, "Vendor", VendorName="Parts Co", VendorClass="SUPPLIER"))["VendorID"]
    made = await put(client, "Bill", Vendor=who, VendorRef=ref, Date=at("2026-03-10"), Hold=False, Details=[bill_line(amount)])
    await release(client, "Bill", made["ReferenceNbr"])
    return who, made["ReferenceNbr"]


async def reverse(client: Client, number: str, target: str, root: str = EXTENDED, **parameters: Any) -> Answer:
    """POST ReverseApplication for the application of a payment to an invoice."""
    sent = {
        "entity": wrapped(Type="Payment", ReferenceNbr=number),
        "parameters": wrapped(DocType="Invoice", ReferenceNbr=target, **parameters),
    }
    return await client.call("POST", f"{root}/Payment/ReverseApplication", sent)


async def test_release_refuses_an_application_dated_before_its_invoice(client: Client) -> None:
    who = await customer(client)
    number = await invoice(client, who, 50)  # of 2026-03-10
    ahead = await paid(client, body(who, 50, Type="Prepayment", ApplicationDate=at("2026-03-02")))
    key = {"Type": "Prepayment", "ReferenceNbr": ahead}
    await put(client, "Payment", **key, DocumentsToApply=[row(number, 50)])
    answer = await act(client, "Payment", "ReleasePayment", ahead, "Prepayment")
    assert (answer.status, answer.message) == (500, "Application Date cannot be less than Document Date.")
    assert (await read(client, f"/Invoice/Invoice/{number}"))["Balance"] == 50
    await put(client, "Payment", **key, ApplicationDate=at("2026-03-11"))
    await release(client, "Payment", ahead, "Prepayment")
    history = (await read(client, f"/Payment/Prepayment/{ahead}", expand="ApplicationHistory"))["ApplicationHistory"]
    assert [(one["Date"][:10], one["ApplicationPeriod"], one["AmountPaid"]) for one in history] == [("2026-03-11", "032026", 50)]
    (shown,) = [
        one for one in (await client.call("GET", "/__sim__/documents?kind=Payment")).body["documents"] if one["number"] == ahead
    ]
    assert (shown["date"], shown["period"]) == ("2026-03-02", "032026"), "the payment keeps its own date"


async def test_release_refuses_an_application_in_a_period_before_its_invoices(client: Client) -> None:
    who = await customer(client)
    made = await put(client, "Invoice", Customer=who, Date=at("2026-03-10"), PostPeriod="042026", Hold=False, Details=[line(50)])
    await release(client, "Invoice", made["ReferenceNbr"])
    sent = body(who, 50, DocumentsToApply=[row(made["ReferenceNbr"], 50)])
    number = unwrapped((await client.call("PUT", "/Payment", sent)).body)["ReferenceNbr"]
    answer = await act(client, "Payment", "ReleasePayment", number)
    assert answer.message == "Application Period cannot be less than Document Financial Period."


async def test_the_date_of_applications_is_fixed_once_nothing_is_open(client: Client) -> None:
    who = await customer(client)
    number = await paid(client, body(who, 50, DocumentsToApply=[row(await invoice(client, who, 50), 50)]))
    change = wrapped(Type="Payment", ReferenceNbr=number, ApplicationDate=at("2026-03-13"))
    answer = await client.call("PUT", "/Payment", change)
    assert (answer.status, "is released" in answer.message) == (500, True)


async def test_a_later_application_into_a_closed_period_is_refused(world: World, client: Client) -> None:
    who = await customer(client)
    number = await paid(client, body(who, 50))
    key = {"Type": "Payment", "ReferenceNbr": number}
    target = await invoice(client, who, 50)
    await put(client, "Payment", **key, ApplicationDate=at("2026-03-20"), DocumentsToApply=[row(target, 50)])
    await world.bare().call("POST", "/__sim__/periods", {"period": "032026", "status": "Closed"})
    answer = await act(client, "Payment", "ReleasePayment", number)
    assert answer.message == "The financial period '03-2026' is closed in the company calendar."


async def test_a_closed_period_is_taken_where_access_to_it_is_not_restricted(make: Make) -> None:
    world = await make(restrict_closed_periods="false")
    client = await world.client()
    await world.bare().call("POST", "/__sim__/periods", {"period": "032026", "status": "Closed"})
    assert await invoice(client, await customer(client), 50)
    await world.bare().call("POST", "/__sim__/periods", {"period": "032026", "status": "Locked"})
    sent = wrapped(Customer="C000001", Date=at("2026-03-10"), Details=[line(5)])
    answer = await client.call("PUT", "/Invoice", sent)
    assert (answer.status, "is locked" in answer.raw.decode()) == (500, True)


async def test_a_void_takes_its_own_date_and_leaves_opposite_rows(client: Client) -> None:
    who = await customer(client)
    number = await invoice(client, who, 50)
    payment = await paid(client, body(who, 80, DocumentsToApply=[row(number, 50)]))
    assert await open_of(client, who) == "-30.00"
    await act(client, "Payment", "VoidPayment", payment)
    key = {"Type": "Voided Payment", "ReferenceNbr": payment}
    early = await client.call("PUT", "/Payment", wrapped(**key, ApplicationDate=at("2026-03-01")))
    assert (early.status, "before the date of the payment" in early.raw.decode()) == (422, True)
    more = await client.call("PUT", "/Payment", wrapped(**key, PaymentAmount=-70))
    assert (more.status, "cannot be changed: PaymentAmount" in more.message) == (500, True)
    await put(client, "Payment", **key, ApplicationDate=at("2026-03-25"))
    await release(client, "Payment", payment, "Voided Payment")
    shown = await read(client, f"/Payment/Payment/{payment}", expand="ApplicationHistory")
    assert (shown["Status"], shown["AvailableBalance"]) == ("Voided", 0)
    rows = [(one["AdjustingDocType"], one["AmountPaid"], one["Date"][:10]) for one in shown["ApplicationHistory"]]
    assert rows == [("Payment", 50, "2026-03-12"), ("Voided Payment", -50, "2026-03-25")]
    assert await open_of(client, who) == "50.00"


@pytest.mark.parametrize("state", ["deposited", "reconciled"])
async def test_a_payment_that_is_at_the_bank_is_not_voided(world: World, client: Client, state: str) -> None:
    payment = await paid(client, body(await customer(client), 80))
    await world.bare().call("POST", "/__sim__/banked", {"number": payment, "as": state})
    answer = await act(client, "Payment", "VoidPayment", payment)
    assert (answer.status, answer.message) == (500, f"The payment {payment} is {state} and cannot be voided.")


async def test_a_refund_is_voided_before_the_payment_that_it_was_taken_from(client: Client) -> None:
    who = await customer(client)
    payment = await paid(client, body(who, 100))
    refund = await paid(client, body(who, 40, Type="Refund", DocumentsToApply=[row(payment, 40, "Payment")]))
    assert await open_of(client, who) == "-60.00"
    assert "void the refund first" in (await act(client, "Payment", "VoidPayment", payment)).message
    await act(client, "Payment", "VoidPayment", refund, "Refund")
    await release(client, "Payment", refund, "Voided Refund")
    assert (await read(client, f"/Payment/Payment/{payment}"))["AvailableBalance"] == 100
    assert await open_of(client, who) == "-100.00"
    await act(client, "Payment", "VoidPayment", payment)
    await release(client, "Payment", payment, "Voided Payment")
    assert await open_of(client, who) == "0.00"


async def test_a_refund_of_a_credit_memo_closes_it_on_both_screens(client: Client) -> None:
    who = await customer(client)
    memo = await invoice(client, who, 20, Type="Credit Memo")
    await paid(client, body(who, 20, Type="Refund", DocumentsToApply=[row(memo, 20, "Credit Memo")]))
    assert (await read(client, f"/Invoice/Credit Memo/{memo}"))["Balance"] == 0
    assert (await read(client, f"/Payment/Credit Memo/{memo}"))["Status"] == "Closed"
    assert await open_of(client, who) == "0.00"


async def test_a_credit_memo_is_applied_with_a_date_of_its_own(client: Client) -> None:
    who = await customer(client)
    number, memo = await invoice(client, who, 50), await invoice(client, who, 20, Type="Credit Memo")
    key = {"Type": "Credit Memo", "ReferenceNbr": memo}
    await put(client, "Payment", **key, ApplicationDate=at("2026-03-19"), DocumentsToApply=[row(number, 15)])
    await release(client, "Payment", memo, "Credit Memo")
    shown = await read(client, f"/Payment/Credit Memo/{memo}", expand="ApplicationHistory")
    assert [(one["Date"][:10], one["AmountPaid"]) for one in shown["ApplicationHistory"]] == [("2026-03-19", 15)]
    assert await open_of(client, who) == "30.00"


async def test_reversing_an_application_needs_the_extended_endpoint(make: Make) -> None:
    world = await make()
    client = await world.client()
    who = await customer(client)
    number = await invoice(client, who, 50)
    payment = await paid(client, body(who, 50, DocumentsToApply=[row(number, 50)]))
    for root, words in (("/entity/Default/24.200.001", "is not found for Payment"), (EXTENDED, "No endpoint MLConnector")):
        answer = await reverse(client, payment, number, root)
        assert (answer.status, words in answer.message) == (404, True)


async def test_an_application_is_reversed_and_the_money_applied_again(make: Make) -> None:
    world = await make(extended_endpoint="MLConnector/24.200.001")
    client = await world.client()
    names = [(one["name"], one["version"]) for one in (await client.call("GET", "/entity")).body["endpoints"]]
    assert ("MLConnector", "24.200.001") in names
    who = await customer(client)
    wrong, right = await invoice(client, who, 50), await invoice(client, who, 70)
    payment = await paid(client, body(who, 50, DocumentsToApply=[row(wrong, 50)]))
    assert "is not in the history" in (await reverse(client, payment, right)).message
    sent = {"entity": wrapped(Type="Payment", ReferenceNbr=payment), "parameters": [1]}
    assert (await client.call("POST", f"{EXTENDED}/Payment/ReverseApplication", sent)).status == 400
    assert (await reverse(client, payment, wrong)).status == 204
    again = await reverse(client, payment, wrong)
    assert (again.status, "is reversed already" in again.message) == (500, True)
    assert (await read(client, f"/Invoice/Invoice/{wrong}"))["Balance"] == 0, "until it is released"
    key = {"Type": "Payment", "ReferenceNbr": payment}
    await put(client, "Payment", **key, ApplicationDate=at("2026-03-20"))
    await release(client, "Payment", payment)
    assert (await read(client, f"/Invoice/Invoice/{wrong}"))["Status"] == "Open"
    assert "is reversed already" in (await reverse(client, payment, wrong)).message
    await put(client, "Payment", **key, DocumentsToApply=[row(right, 50)])
    await release(client, "Payment", payment)
    shown = await read(client, f"/Payment/Payment/{payment}", expand="ApplicationHistory")
    assert [(one["AdjustedRefNbr"], one["AmountPaid"]) for one in shown["ApplicationHistory"]] == [
        (wrong, 50),
        (wrong, -50),
        (right, 50),
    ]
    assert (shown["Status"], shown["AvailableBalance"]) == ("Closed", 0)
    assert (await read(client, f"/Invoice/Invoice/{right}"))["Balance"] == 20
    assert await open_of(client, who) == "70.00"
    unapplied = [one for one in await world.journal("Payment") if one["operation"] == "unapply"]
    assert [(one["amount"], one["detail"]) for one in unapplied] == [("50.00", f"Invoice/{wrong}")]


async def test_one_of_two_equal_applications_is_named_by_its_number(make: Make) -> None:
    client = await (await make(extended_endpoint="MLConnector/24.200.001")).client()
    who = await customer(client)
    number = await invoice(client, who, 50)
    payment = await paid(client, body(who, 50, DocumentsToApply=[row(number, 25)]))
    await put(client, "Payment", Type="Payment", ReferenceNbr=payment, DocumentsToApply=[row(number, 25)])
    await release(client, "Payment", payment)
    answer = await reverse(client, payment, number)
    assert "2 rows of the history" in answer.message
    assert (await reverse(client, payment, number, AdjustmentNbr=2)).status == 204
    await release(client, "Payment", payment)
    assert (await read(client, f"/Invoice/Invoice/{number}"))["Balance"] == 25


async def test_a_reversed_bill_takes_date_and_period_and_is_applied_in_full(client: Client) -> None:
    who, number = await bill(client)
    assert (await act(client, "Bill", "ReverseBill", number)).status == 204
    (found,) = (await client.call("GET", "/Bill", filter="Type eq 'Debit Adj.'")).body
    debit = unwrapped(found)["ReferenceNbr"]
    key = {"Type": "Debit Adj.", "ReferenceNbr": debit}
    application = wrapped(DocType="Bill", ReferenceNbr=number, AmountPaid=100)
    await put(client, "Bill", **key, Date=at("2026-03-20"), PostPeriod="042026", Hold=False, Applications=[application])
    await release(client, "Bill", debit, "Debit Adj.")
    shown = await read(client, f"/Bill/Debit Adj./{debit}")
    assert (shown["Status"], shown["PostPeriod"], shown["Date"][:10]) == ("Closed", "042026", "2026-03-20")
    assert (await read(client, f"/Bill/Bill/{number}"))["Status"] == "Closed"
    assert await open_of(client, who, "vendors") == "0.00"


async def test_the_reversal_of_a_paid_bill_stays_open(world: World, client: Client) -> None:
    who, number = await bill(client)
    paid_ = await world.bare().call("POST", "/__sim__/checks", {"number": number, "amount": "100.00"})
    assert paid_.body == {"number": number, "balance": "0.00"}
    await act(client, "Bill", "ReverseBill", number)
    (found,) = (await client.call("GET", "/Bill", filter="Type eq 'Debit Adj.'")).body
    key = {"Type": "Debit Adj.", "ReferenceNbr": unwrapped(found)["ReferenceNbr"]}
    application = wrapped(DocType="Bill", ReferenceNbr=number, AmountPaid=100)
    answer = await client.call("PUT", "/Bill", wrapped(**key, Hold=False, Applications=[application]))
    assert (answer.status, "is not open (Closed)" in answer.raw.decode()) == (422, True)
    await put(client, "Bill", **key, Hold=False)
    await release(client, "Bill", key["ReferenceNbr"], "Debit Adj.")
    assert await open_of(client, who, "vendors") == "-100.00"
