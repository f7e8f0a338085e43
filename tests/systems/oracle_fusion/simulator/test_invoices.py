"""Receivables invoices: what a create has to hold, what is refused, completing, and the few attributes of PATCH."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.systems.oracle_fusion.simulator.world import Answer, Client, Make, World

PLUMBING = "01-110-40100-000"


def invoice(number: str | None = "48121", **changed: Any) -> dict[str, Any]:
    """A body as the documents have it: two lines, tax on the second, 387.25 + 7.28 in all."""
    tax = [{"TaxAmount": 7.28, "TaxRegimeCode": "US_SALES", "TaxRateCode": "AUSTIN"}]
    body = {
        "BusinessUnit": "Acme Home Services BU",
        "TransactionSource": "ServiceTitan",
        "TransactionType": "Invoice",
        "TransactionNumber": number,
        "TransactionDate": "2026-03-10",
        "BillToCustomerNumber": "1001",
        "InvoiceCurrencyCode": "USD",
        "PaymentTerms": "30 Net",
        "CrossReference": "ST-INV-48121",
        "receivablesInvoiceLines": [
            {"LineNumber": 1, "Description": "Furnace repair labor", "Quantity": 2, "UnitSellingPrice": 149.5},
            {
                "LineNumber": 2,
                "Description": "Igniter",
                "Quantity": 1,
                "UnitSellingPrice": 88.25,
                "receivablesInvoiceLineTaxLines": tax,
            },
        ],
    }
    return {name: value for name, value in (body | changed).items() if value is not None}


async def created(client: Client, **changed: Any) -> dict[str, Any]:
    """A new invoice."""
    answer = await client.post("/receivablesInvoices", invoice(**changed))
    assert answer.status == 201, answer.raw
    return dict(answer.body)


async def patched(client: Client, row: dict[str, Any], body: dict[str, Any]) -> Answer:
    return await client.call("PATCH", f"/receivablesInvoices/{row['CustomerTransactionId']}", body)


async def completed(client: Client, **changed: Any) -> dict[str, Any]:
    """A new complete invoice."""
    row = await created(client, **changed)
    answer = await patched(client, row, {"InvoiceStatus": "Complete"})
    assert answer.status == 200, answer.raw
    return dict(answer.body["items"][0])


async def test_an_invoice_is_created_incomplete_and_read_back(client: Client) -> None:
    row = await created(client)
    assert (row["InvoiceStatus"], row["EnteredAmount"], row["TransactionNumber"]) == ("Incomplete", Decimal("394.53"), "48121")
    assert len(str(row["CustomerTransactionId"])) == 15
    assert (row["DueDate"], row["AccountingDate"], row["BillToSite"]) == ("2026-04-09", "2026-03-10", "30001")
    found = await client.version(4).get(
        "/receivablesInvoices",
        q="CrossReference = 'ST-INV-48121'",
        expand="receivablesInvoiceLines,receivablesInvoiceDistributions",
    )
    lines = found.items[0]["receivablesInvoiceLines"]["items"]
    assert [(line["Quantity"], line["UnitSellingPrice"]) for line in lines] == [(2, Decimal("149.5")), (1, Decimal("88.25"))]
    classes: dict[str, Decimal] = {}
    for one in found.items[0]["receivablesInvoiceDistributions"]["items"]:
        classes[one["AccountClass"]] = classes.get(one["AccountClass"], Decimal(0)) + one["Amount"]
    assert classes == {"Revenue": Decimal("387.25"), "Tax": Decimal("7.28"), "Receivable": Decimal("394.53")}


async def test_complete_is_answered_within_items_and_gives_an_installment(world: World, client: Client) -> None:
    row = await created(client)
    answer = await patched(client, row, {"InvoiceStatus": "Complete"})
    assert answer.body["items"][0]["InvoiceStatus"] == "Complete"
    held = (await client.get(f"/receivablesInvoices/{row['CustomerTransactionId']}", expand="receivablesInvoiceInstallments")).body
    part = held["receivablesInvoiceInstallments"][0]
    assert (part["OriginalAmount"], part["InstallmentDueDate"]) == (Decimal("394.53"), "2026-04-09")
    assert [commit["operation"] for commit in await world.journal("receivablesInvoices")] == ["create", "complete"]
    await world.settings(complete_answer="row")
    other = await created(client, number="2")
    assert (await patched(client, other, {"InvoiceStatus": "Complete"})).body["InvoiceStatus"] == "Complete"


@pytest.mark.parametrize(
    ("changed", "attribute"),
    [
        ({"BusinessUnit": "Nowhere"}, "BusinessUnit"),
        ({"TransactionSource": "Old Billing"}, "TransactionSource"),
        ({"TransactionType": "Credit Memo"}, "TransactionType"),
        ({"TransactionType": "Old Invoice"}, "TransactionType"),
        ({"BillToCustomerNumber": "9"}, "BillToCustomerNumber"),
        ({"BillToCustomerNumber": "1016"}, "BillToCustomerNumber"),  # inactive
        ({"BillToCustomerNumber": "1007"}, "BillToSite"),  # two sites, none named
        ({"BillToSite": "30002"}, "BillToSite"),  # of another account
        ({"InvoiceCurrencyCode": "CAD"}, "InvoiceCurrencyCode"),
        ({"PaymentTerms": "60 Net"}, "PaymentTerms"),
        ({"PaymentTerms": None}, "PaymentTerms"),
        ({"TransactionDate": "2025-12-31"}, "AccountingDate"),  # closed
        ({"TransactionDate": "10.03.2026"}, "TransactionDate"),
        ({"DueDate": "2026-03-09"}, "DueDate"),
        ({"InvoiceStatus": "Complete"}, "InvoiceStatus"),
        ({"EnteredAmount": 394.53}, "EnteredAmount"),
        ({"receivablesInvoiceLines": []}, "receivablesInvoiceLines"),
        ({"receivablesInvoiceLines": [{"LineNumber": 1, "Description": "X", "Quantity": 1}]}, "UnitSellingPrice"),
        (
            {"receivablesInvoiceLines": [{"LineNumber": 1, "Description": "X", "Quantity": -1, "UnitSellingPrice": 5}]},
            "EnteredAmount",
        ),
        ({"Nonsense": "1"}, "Nonsense"),
        ({"number": None}, "TransactionNumber"),
        ({"number": "N" * 21}, "TransactionNumber"),
    ],
)
async def test_what_is_not_valid_is_refused_with_its_attribute(client: Client, changed: dict[str, Any], attribute: str) -> None:
    answer = await client.version(4).post("/receivablesInvoices", invoice(**changed))
    assert answer.status == 400
    assert answer.body["o:errorDetails"][0]["o:errorPath"] == f"/{attribute}"
    assert (await client.get("/receivablesInvoices")).items == []


LINE = {"LineNumber": 1, "Description": "X", "Quantity": 1, "UnitSellingPrice": 5}


@pytest.mark.parametrize(
    "changed",
    [
        {"Quantity": "1e3"},
        {"Quantity": "NaN"},
        {"Quantity": "Infinity"},
        {"Quantity": "\u0661"},  # a digit of another script
        {"Quantity": "1,000"},
        {"Quantity": True},
        {"UnitSellingPrice": 10**30},
        {"UnitSellingPrice": "0.00000000001"},
        {"LineNumber": 1.5},
        {"LineNumber": 0},
        {"Description": ""},
        {"Description": "Replace\x0bvalve"},
        {"Description": "D" * 241},
        {"UnitOfMeasure": "Dozen"},
        {"ItemNumber": "NOSUCH"},
        {"TaxClassificationCode": "NOSUCH"},
        {"receivablesInvoiceLineTaxLines": [{"TaxAmount": 1, "TaxRegimeCode": "US_SALES", "TaxRateCode": "NOSUCH"}]},
        {"receivablesInvoiceLineTaxLines": [{"TaxAmount": 0.005, "TaxRegimeCode": "US_SALES", "TaxRateCode": "AUSTIN"}]},
    ],
)
async def test_a_line_that_makes_no_sense_is_refused(client: Client, changed: dict[str, Any]) -> None:
    assert (await client.post("/receivablesInvoices", invoice(receivablesInvoiceLines=[LINE | changed]))).status == 400


async def test_bodies_that_are_no_object_are_refused(client: Client) -> None:
    for body in (b"", b"null", b"[]", b'{"a":', b'{"BusinessUnit":"a","BusinessUnit":"b"}', b"\xff", b"[" * 100_000):
        assert (await client.post("/receivablesInvoices", body)).status == 400


async def test_a_day_is_a_day_and_no_instant(client: Client) -> None:
    for day in ("2026-03-10T00:00:00Z", "2026-02-30", "2026-3-1", "9999-12-31"):
        assert (await client.post("/receivablesInvoices", invoice(TransactionDate=day))).status == 400


async def test_a_number_is_taken_once_by_business_unit_and_source(world: World, client: Client) -> None:
    await created(client)
    assert (await client.post("/receivablesInvoices", invoice())).status == 400
    assert (await client.post("/receivablesInvoices", invoice(BusinessUnit="Acme West BU"))).status == 201
    await world.settings(unique_numbers="false")
    assert (await client.post("/receivablesInvoices", invoice())).status == 201


async def test_a_source_that_numbers_itself_takes_no_number(make: Make) -> None:
    world = await make(numbering="automatic")
    client = await world.client()
    assert (await client.post("/receivablesInvoices", invoice())).status == 400
    numbers = [(await created(client, number=None))["TransactionNumber"] for _ in range(2)]
    assert numbers == ["864", "865"]
    source = (await client.get("/transactionSourcesLOV", q="Name=ServiceTitan")).items[0]
    assert source["AutomaticTransactionNumbering"] == "Y"


def distributions(**changed: Any) -> list[dict[str, Any]]:
    revenue: dict[str, Any] = {"AccountClass": "Revenue", "AccountCombination": PLUMBING}
    rows = [
        revenue | {"InvoiceLineNumber": 1, "Amount": 299},
        revenue | {"InvoiceLineNumber": 2, "Amount": 88.25},
        {"AccountClass": "Receivable", "AccountCombination": "01-000-11000-000", "Percent": 100},
        {
            "AccountClass": "Tax",
            "AccountCombination": "01-000-22000-000",
            "InvoiceLineNumber": 2,
            "DetailedTaxLineNumber": 1,
            "Amount": 7.28,
        },
    ]
    return [rows[0] | changed, *rows[1:]]


async def test_distributions_override_auto_accounting(world: World, client: Client) -> None:
    await completed(client, receivablesInvoiceDistributions=distributions())
    accounts = {row["account"]: row["balance"] for row in (await world.sim("balances"))["accounts"]}
    assert accounts == {PLUMBING: "-387.25", "01-000-22000-000": "-7.28", "01-000-11000-000": "394.53"}


@pytest.mark.parametrize(
    "changed",
    [
        {"Amount": 298.99},
        {"InvoiceLineNumber": 3},
        {"AccountClass": "Sales"},
        {"AccountCombination": "01-110-99999-000"},
        {"AccountCombination": "01-000-40100-000"},  # a cross-validation rule
        {"AccountCombination": "01-110-49900-000"},  # ended
        {"AccountCombination": "01-110-40100"},
        {"Percent": 100},
    ],
)
async def test_distributions_that_do_not_fit_are_refused(client: Client, changed: dict[str, Any]) -> None:
    body = invoice(receivablesInvoiceDistributions=distributions(**changed))
    assert (await client.post("/receivablesInvoices", body)).status == 400


async def test_a_combination_may_be_inserted_where_the_ledger_allows_it(world: World, client: Client) -> None:
    wanted = "02-110-40100-100"
    body = invoice(receivablesInvoiceDistributions=distributions(AccountCombination=wanted))
    assert (await client.post("/receivablesInvoices", body)).status == 400
    await world.settings(dynamic_insertion="true")
    assert (await client.post("/receivablesInvoices", body)).status == 201
    listed = await client.get("/accountCombinationsLOV", q="Company=02;CostCenter=110;Account=40100;Location=100")
    assert len(listed.items) == 1


@pytest.mark.parametrize(
    "body",
    [
        {"Comments": "X"},
        {"DueDate": "2026-05-01"},
        {"BillToCustomerNumber": "1002"},
        {"receivablesInvoiceLines": []},
        {"InvoiceStatus": "Posted"},
        {"Email": "a@example.com"},  # needs InvoicePrinted
    ],
)
async def test_patch_takes_no_other_attribute(client: Client, body: dict[str, Any]) -> None:
    assert (await patched(client, await created(client), body)).status == 400


async def test_patch_derives_nothing_again(client: Client) -> None:
    row = await created(client)
    answer = await patched(client, row, {"PaymentTerms": "IMMEDIATE", "TransactionDate": "2026-03-11"})
    assert (answer.status, answer.body["DueDate"], answer.body["AccountingDate"]) == (200, row["DueDate"], row["AccountingDate"])
    assert (await patched(client, row, {"InvoicePrinted": "Y", "Email": "a@example.com"})).status == 200


async def test_terms_are_fixed_once_posted_and_installments_keep_the_total(world: World, client: Client) -> None:
    row = await completed(client)
    key = (await client.get(f"/receivablesInvoices/{row['CustomerTransactionId']}/child/receivablesInvoiceInstallments")).items[0]
    change = {"InstallmentId": key["InstallmentId"], "InstallmentDueDate": "2026-06-01"}
    assert (await patched(client, row, {"receivablesInvoiceInstallments": [change | {"OriginalAmount": 1}]})).status == 400
    assert (await patched(client, row, {"receivablesInvoiceInstallments": [change]})).status == 200
    assert (await world.sim("accounting", {}))["accounted"] == 1
    assert (await patched(client, row, {"PaymentTerms": "15 Net"})).status == 400
    assert (await patched(client, row, {"InvoiceStatus": "Incomplete"})).status == 400


async def test_a_period_that_closes_meanwhile_keeps_the_invoice_incomplete(world: World, client: Client) -> None:
    row = await created(client)
    await world.sim("periods", {"period": "2026-03", "application": "AR", "status": "Closed"})
    assert (await patched(client, row, {"InvoiceStatus": "Complete"})).status == 400
    statuses = (await client.get("/accountingPeriodStatusLOV", q="PeriodNameId=Mar-26")).items
    assert {(row["ApplicationId"], row["ClosingStatus"]) for row in statuses} == {(101, "O"), (200, "O"), (201, "O"), (222, "C")}


async def test_only_an_incomplete_invoice_is_deleted(client: Client) -> None:
    row, other = await completed(client), await created(client, number="2")
    assert (await client.call("DELETE", f"/receivablesInvoices/{row['CustomerTransactionId']}")).status == 400
    assert (await client.call("DELETE", f"/receivablesInvoices/{other['CustomerTransactionId']}")).status == 204
    assert len((await client.get("/receivablesInvoices")).items) == 1


async def test_an_etag_that_has_passed_is_a_412(client: Client) -> None:
    row = await created(client)
    path = f"/receivablesInvoices/{row['CustomerTransactionId']}"
    tag = (await client.get(path)).headers["ETag"]
    assert (await client.having(If_Match=tag).call("PATCH", path, {"PaymentTerms": "15 Net"})).status == 200
    assert (await client.having(If_Match=tag).call("PATCH", path, {"PaymentTerms": "30 Net"})).status == 412


async def test_other_content_types_and_upserts_are_refused(client: Client) -> None:
    assert (await client.having(Content_Type="text/xml").post("/receivablesInvoices", invoice())).status == 415
    assert (await client.having(Upsert_Mode="true").post("/receivablesInvoices", invoice())).status == 400
    assert (await client.post("/receivablesInvoices", b'{"BusinessUnit": NaN}')).status == 400


async def test_the_engine_adds_tax_where_it_is_on(make: Make) -> None:
    world = await make(tax_engine="true")
    client = await world.client()
    line = {"LineNumber": 1, "Description": "X", "Quantity": 1, "UnitSellingPrice": 100, "TaxClassificationCode": "AUSTIN"}
    row = await created(client, receivablesInvoiceLines=[line])
    assert row["EnteredAmount"] == Decimal("108.25")


async def test_an_on_account_credit_memo_is_negative_and_complete(world: World, client: Client) -> None:
    line = {"LineNumber": 1, "LineDescription": "Credit", "LineQuantityCredit": 2, "UnitSellingPrice": -29.99}
    body = invoice(
        number="CM-1", CrossReference="ST-CM-1", receivablesInvoiceLines=None, InvoiceCurrencyCode=None, PaymentTerms=None
    )
    body |= {"TransactionType": "Credit Memo", "CreditMemoCurrency": "USD", "receivablesCreditMemoLines": [line]}
    answer = await client.post("/receivablesCreditMemos", body)
    assert answer.status == 201, answer.raw
    assert (answer.body["EnteredAmount"], answer.body["CreditMemoStatus"]) == (Decimal("-59.98"), "Complete")
    assert (await client.post("/receivablesCreditMemos", body)).status == 400  # the number is taken
    body |= {"TransactionNumber": "CM-2", "receivablesCreditMemoLines": [line | {"UnitSellingPrice": 29.99}]}
    assert (await client.post("/receivablesCreditMemos", body)).status == 400
    assert (await world.sim("balances"))["customers"] == [
        {"id": "1001", "open": "-59.98", "unapplied": "0.00", "balance": "-59.98"}
    ]
