"""What people correct on the customers' side: adjustments, refunds, un-applied, void and bounced payments, deposits, agreements."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.systems.servicetitan.simulator.test_settling import customer, invoice, job, payment
from tests.systems.servicetitan.simulator.world import World


async def refused(tenant: World, *events: dict[str, Any]) -> str:
    reply = await tenant.call("POST", "/__sim__/events", json={"events": list(events)})
    assert reply.status == 400, reply.text
    return reply.text


async def paid(tenant: World, number: int, kind: str = "Check") -> int:
    made = await tenant.do(
        {"do": "pay", "type": kind, "invoices": [{"invoice": number}], "as": "p"}, {"do": "post_payments", "payments": ["@p"]}
    )
    return int(made[0]["payment"])


async def test_a_manual_refund_is_an_adjustment_that_carries_a_negative_payment(tenant: World) -> None:
    number = await job(tenant, {"sku": "SVC-DRAIN"})
    await paid(tenant, number)
    items = [{"sku": "SVC-HOUR", "price": "-52.40"}]
    made = (await tenant.do({"do": "refund_invoice", "invoice": number, "items": items}))[0]
    adjustment, money = await invoice(tenant, made["invoice"]), await payment(tenant, made["payment"])
    assert (adjustment["adjustmentToId"], adjustment["total"], adjustment["balance"]) == (number, "-52.40", "0.00")
    assert (money["type"], money["total"], money["unappliedAmount"], money["refundedPaymentId"]) == (
        "Refund",
        "-52.40",
        "0.00",
        None,
    )
    assert [(one["appliedTo"], one["appliedAmount"]) for one in money["appliedTo"]] == [(made["invoice"], "-52.40")]
    assert {adjustment["syncStatus"], money["syncStatus"]} == {"Posted"}
    assert (await tenant.get(f"crm/customers/{money['customer']['id']}"))["balance"] == 0


async def test_a_refund_with_a_positive_total_is_none(tenant: World) -> None:
    number = await job(tenant, {"sku": "SVC-DRAIN"})
    assert "negative total" in await refused(
        tenant, {"do": "refund_invoice", "invoice": number, "items": [{"sku": "SVC-HOUR", "price": "5.00"}]}
    )
    assert len((await tenant.get(f"accounting/invoices?adjustmentToId={number}"))["data"]) == 0


async def test_a_payment_is_taken_from_one_invoice_and_applied_to_another_though_it_is_exported(tenant: World) -> None:
    who = await customer(tenant)
    wrong, right = [await job(tenant, {"sku": "SVC-DIAG"}, customer=who) for _ in range(2)]
    source_id = await paid(tenant, wrong)
    await tenant.send("POST", "accounting/payments/status", {"paymentIds": [source_id], "status": "Exported"})
    before = (await payment(tenant, source_id))["appliedTo"][0]["appliedId"]
    await tenant.do(
        {"do": "unapply", "payment": source_id, "invoice": wrong}, {"do": "apply", "payment": source_id, "invoice": right}
    )
    row = await payment(tenant, source_id)
    assert (row["syncStatus"], row["unappliedAmount"]) == ("Exported", "0.00")
    assert [(one["appliedTo"], one["appliedAmount"]) for one in row["appliedTo"]] == [(right, "89.00")]
    assert row["appliedTo"][0]["appliedId"] != before
    assert [(await invoice(tenant, one))["balance"] for one in (wrong, right)] == ["89.00", "0.00"]
    assert "settles nothing" in await refused(tenant, {"do": "unapply", "payment": source_id, "invoice": wrong})


async def test_a_bounced_check_opens_its_invoice_and_its_fee_is_charged(tenant: World) -> None:
    number = await job(tenant, {"sku": "SVC-DIAG"})
    source_id = await paid(tenant, number)
    made = (await tenant.do({"do": "bounce", "payment": source_id, "fee": {"sku": "FEE-NSF"}}))[0]
    row, fee = await payment(tenant, source_id), await invoice(tenant, made["invoice"])
    assert (row["active"], row["appliedTo"], "NSF" in row["memo"], row["total"]) == (False, [], True, "89.00")
    assert (await invoice(tenant, number))["balance"] == "89.00"
    assert (fee["adjustmentToId"], fee["total"], fee["items"][0]["generalLedgerAccount"]["number"]) == (number, "35.00", "42100")
    assert (await tenant.get(f"crm/customers/{row['customer']['id']}"))["balance"] == Decimal("124.00")


async def test_only_a_check_bounces_and_only_once(tenant: World) -> None:
    cash = await paid(tenant, await job(tenant, {"sku": "SVC-DIAG"}), "Cash")
    assert "not a check" in await refused(tenant, {"do": "bounce", "payment": cash})
    check = await paid(tenant, await job(tenant, {"sku": "SVC-DIAG"}))
    await tenant.do({"do": "bounce", "payment": check})
    for verb in ("bounce", "void_payment", "unapply", "refund"):
        assert "is void" in await refused(tenant, {"do": verb, "payment": check})


async def test_deposited_and_exported_payments_are_not_voided(tenant: World) -> None:
    first, second = [await paid(tenant, await job(tenant, {"sku": "SVC-DIAG"}), "ACH") for _ in range(2)]
    await tenant.do({"do": "deposit", "payments": [first]})
    await tenant.send("POST", "accounting/payments/status", {"paymentIds": [second], "status": "Exported"})
    assert "deposited" in await refused(tenant, {"do": "void_payment", "payment": first})
    assert "exported" in await refused(tenant, {"do": "void_payment", "payment": second})


async def test_a_refunded_payment_is_voided_after_its_refund(tenant: World) -> None:
    who = await customer(tenant)
    members = {"customer": who, "type": "Cash", "amount": "80.00", "business_unit": 901}
    made = await tenant.do({"do": "pay", "as": "p", **members}, {"do": "refund", "payment": "@p", "amount": "30.00"})
    first, refund = made[0]["payment"], made[1]["payment"]
    assert "refund first" in await refused(tenant, {"do": "void_payment", "payment": first})
    await tenant.do({"do": "void_payment", "payment": refund})
    assert (await payment(tenant, first))["unappliedAmount"] == "80.00"
    await tenant.do({"do": "void_payment", "payment": first})
    assert (await tenant.get(f"crm/customers/{who}"))["balance"] == 0


async def test_a_deposit_keeps_fees_and_names_its_payments(tenant: World) -> None:
    taken = [await paid(tenant, await job(tenant, {"sku": sku}), "Credit Card") for sku in ("SVC-DIAG", "SVC-DRAIN")]
    made = (await tenant.do({"do": "deposit", "payments": taken, "fees": "9.83", "date": "2026-03-01"}))[0]["deposit"]
    row = (await tenant.get(f"accounting/bank-deposits?ids={made}"))["data"][0]
    assert (row["grossAmount"], row["fees"], row["netAmount"]) == tuple(map(Decimal, ("478.00", "9.83", "468.17")))
    assert (row["depositDate"], row["depositStatus"], row["feeAccount"]["number"]) == ("2026-03-01T00:00:00Z", "Deposited", "61900")
    found = (await tenant.get(f"accounting/bank-deposits/{made}/transactions"))["data"]
    assert [(one["id"], one["total"], one["deposit"]["id"]) for one in found] == [
        (taken[0], "89.00", made),
        (taken[1], "389.00", made),
    ]
    assert [one["id"] for one in (await tenant.get(f"accounting/payments?depositIds={made}"))["data"]] == taken
    assert "deposited already" in await refused(tenant, {"do": "deposit", "payments": taken[:1]})
    await tenant.send("POST", "accounting/bank-deposits/markasexported", {"ids": [made]})
    again = await tenant.api("POST", "accounting/bank-deposits/markasexported", json={"ids": [made]})
    assert (again.status, "not posted" in again.text) == (400, True)


@pytest.mark.parametrize(("fees", "posted"), [("89.00", True), ("-1", True), ("0", False)])
async def test_a_deposit_of_nothing_or_of_what_is_not_posted_is_refused(tenant: World, fees: str, posted: bool) -> None:
    number = await job(tenant, {"sku": "SVC-DIAG"})
    events: list[dict[str, Any]] = [{"do": "pay", "type": "Cash", "invoices": [{"invoice": number}], "as": "p"}]
    events += [{"do": "post_payments", "payments": ["@p"]}] if posted else []
    await refused(tenant, *events, {"do": "deposit", "payments": ["@p"], "fees": fees})
    assert (await tenant.get("accounting/bank-deposits"))["data"] == []


async def test_a_void_invoice_is_adjusted_and_settled_no_more(tenant: World) -> None:
    number = await job(tenant, {"sku": "SVC-DIAG"})
    source_id = await paid(tenant, number)
    await tenant.do({"do": "void", "invoice": number, "unapply": True})
    row = await payment(tenant, source_id)
    assert (row["appliedTo"], row["unappliedAmount"]) == ([], "89.00")
    assert (await tenant.get(f"crm/customers/{row['customer']['id']}"))["balance"] == Decimal("-89.00")
    assert "void" in await refused(tenant, {"do": "apply", "payment": source_id, "invoice": number, "amount": "5.00"})
    assert "void" in await refused(tenant, {"do": "void", "invoice": number})
    assert "not adjusted" in await refused(tenant, {"do": "adjust", "invoice": number, "items": [{"sku": "SVC-DIAG"}]})


async def test_an_exported_invoice_is_corrected_by_an_adjustment_alone(tenant: World) -> None:
    number = await job(tenant, {"sku": "SVC-DIAG"})
    await tenant.send("POST", "accounting/invoices/markasexported", [{"invoiceId": number}])
    assert "adjust it" in await refused(tenant, {"do": "void", "invoice": number})
    await tenant.do({"do": "unpost", "invoices": [number]})
    assert (await invoice(tenant, number))["syncStatus"] == "Exported"
    made = (await tenant.do({"do": "adjust", "invoice": number, "items": [{"sku": "SVC-HOUR", "price": "-40.00"}]}))[0]
    assert (await invoice(tenant, made["invoice"]))["total"] == "-40.00"


async def test_a_membership_names_a_liability_account(tenant: World) -> None:
    place = (await tenant.get("crm/locations"))["data"][0]["id"]
    made = (await tenant.do({"do": "sell_membership", "location": place, "business_unit": 902}))[0]
    row = await invoice(tenant, made["invoice"])
    assert (row["invoiceConfiguration"], row["membershipId"], row["job"]) == ("MembershipInvoice", made["membership"], None)
    line = row["items"][0]
    assert (line["membershipTypeId"], line["generalLedgerAccount"]["number"], line["generalLedgerAccount"]["type"]) == (
        1301,
        "25100",
        "CurrentLiability",
    )


async def test_a_project_keeps_retainage_back_and_asks_for_it_later(tenant: World) -> None:
    place = (await tenant.get("crm/locations"))["data"][0]["id"]
    made = await tenant.do(
        {"do": "open_project", "location": place, "business_unit": 903, "as": "p"},
        {"do": "bill_project", "project": "@p", "amount": "4200.00", "retained": "0.1"},
        {"do": "release_retainage", "project": "@p", "amount": "420.00"},
        {"do": "charge_interest", "location": place, "business_unit": 903, "amount": "18.75"},
    )
    progress, released, interest = [await invoice(tenant, one["invoice"]) for one in made[1:]]
    assert (progress["total"], progress["projectId"], progress["invoiceConfiguration"]) == (
        "3780.00",
        made[0]["project"],
        "ProjectInvoice",
    )
    assert [(line["total"], line["generalLedgerAccount"]["number"]) for line in progress["items"]] == [
        ("4200.00", "40100"),
        ("-420.00", "12500"),
    ]
    assert [(line["total"], line["generalLedgerAccount"]["number"]) for line in released["items"]] == [("420.00", "12500")]
    assert (interest["invoiceConfiguration"], interest["items"][0]["generalLedgerAccount"]["number"]) == (
        "InterestChargeInvoice",
        "42000",
    )
    project = await tenant.get(f"jpm/projects/{made[0]['project']}")
    assert (project["locationId"], project["businessUnitIds"]) == (place, [903])
    assert (await tenant.get("jpm/export/projects?includeRecentChanges=true"))["data"][0]["id"] == made[0]["project"]


async def test_a_payment_that_an_app_makes_inactive_is_void(tenant: World) -> None:
    number = await job(tenant, {"sku": "SVC-DIAG"})
    source_id = await paid(tenant, number, "Cash")
    body = {"typeId": 201, "splits": [{"invoiceId": number, "amount": 89}], "active": False}
    assert (await tenant.send("PATCH", f"accounting/payments/{source_id}", body))["active"] is False
    assert (await invoice(tenant, number))["balance"] == "89.00"
    await tenant.do({"do": "deposit", "payments": [other := await paid(tenant, number)]})
    reply = await tenant.api("PATCH", f"accounting/payments/{other}", json=body)
    assert (reply.status, "deposited" in reply.text) == (400, True)


async def test_a_posted_job_is_not_canceled(tenant: World) -> None:
    number = await job(tenant, {"sku": "SVC-DIAG"})
    source = (await invoice(tenant, number))["job"]["id"]
    assert "void or adjust it" in await refused(tenant, {"do": "cancel_job", "job": source})


async def test_balances_since_a_day_that_is_none_are_refused(tenant: World) -> None:
    assert (await tenant.call("GET", "/__sim__/balances?since=soon")).status == 400
