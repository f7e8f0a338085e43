"""What the field-service side's records become in Acumatica: example pairs, and totals to the cent whatever comes."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as effort
from hypothesis import strategies as st

from systems.acumatica.documents import create_body
from systems.acumatica.mapping import to_commands
from systems.contract import ResolvedCommand
from systems.mapped import COMPLETION, NOTHING, Draft, NoCommand
from tests.systems.acumatica import ground
from tests.systems.acumatica.ground import drafts, plan
from tests.systems.acumatica.write_examples import commands, requests
from tests.systems.field_service import command

NAMES = sorted(path.name.removesuffix(".canonical.json") for path in ground.EXAMPLES.glob("*.canonical.json"))


def total(draft: Draft) -> Decimal:
    return sum((one["amount"] for one in draft.body["lines"]), Decimal(0))


def test_there_are_examples() -> None:
    assert len(NAMES) >= 20


@pytest.mark.parametrize("name", NAMES)
def test_a_canonical_record_becomes_the_commands_of_its_example(name: str) -> None:
    expected = json.loads((ground.EXAMPLES / f"{name}.commands.json").read_text())
    assert commands(name, ground.read_record(name)) == expected


@pytest.mark.parametrize("name", NAMES)
def test_a_command_is_sent_as_the_vendor_json_of_its_example(name: str) -> None:
    expected = json.loads((ground.EXAMPLES / f"{name}.requests.json").read_text())
    assert requests(name, ground.read_record(name)) == expected


CENTS = st.decimals("-999.99", "9999.99", places=2)
MILLS = st.decimals("-99.9999", "999.9999", places=4)
KINDS = st.sampled_from(["Service", "Material", "Equipment", "PriceModifier"])


@st.composite
def invoices(draw: Any) -> dict[str, Any]:
    amounts = draw(st.lists(st.one_of(CENTS, MILLS), min_size=1, max_size=8))
    lines = [
        ground.invoice_line(str(amount), str(number), kind=draw(KINDS), quantity=draw(st.sampled_from([Decimal(1), Decimal(3)])))
        for number, amount in enumerate(amounts)
    ]
    tax = draw(st.decimals("0", "500", places=2))
    exact = sum(amounts, Decimal(0)) + tax
    zone = draw(st.sampled_from(["77", "88", "nowhere"]))
    return ground.invoice(lines, tax=tax, total=exact.quantize(Decimal("0.01")), tax_zone_id=zone)


@effort(max_examples=2500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(record=invoices())
def test_the_posted_total_is_the_sources_total_to_the_cent(record: dict[str, Any]) -> None:
    chosen = ground.settings(accounts={"rounding": "80900", "sales_tax": "22000", "rounding_limit": "1"})
    for made in to_commands("invoice", record, plan(settings=chosen)):
        if isinstance(made, NoCommand) or made.action == NOTHING:
            assert record["total"] == 0
            continue
        assert not made.hold or record["total"] < 0
        assert total(made) == made.amount == record["total"]
        assert sum((one["amount"] for one in made.body["lines"] if one["role"] == "tax"), Decimal(0)) == record["tax"]
        assert all(one["amount"] == one["amount"].quantize(Decimal("0.01")) for one in made.body["lines"])


def test_what_is_not_mapped_is_named_with_its_value_and_never_raised() -> None:
    record = ground.invoice([ground.invoice_line("5.00", kind="Odd", sku_code="")], tax_zone_id="nowhere", business_unit_name="New")
    (made,) = drafts("invoice", record)
    assert made.unresolved == ("business_unit=New", "line_type=Odd", "tax_zone=nowhere")
    assert made.amount == Decimal("13.25")


@pytest.mark.parametrize(
    ("entity", "record", "table", "key", "named"),
    [
        ("invoice", ground.invoice([ground.invoice_line("5.00", sku_code="ODD")]), "line_type", "ODD", "line_type.account=ODD"),
        (
            "invoice",
            ground.invoice([ground.invoice_line("-5.00", kind="PriceModifier", sku_code="")], total=Decimal("3.25")),
            "line_type",
            "PriceModifier",
            "line_type.account=PriceModifier",
        ),
        ("invoice", ground.invoice(tax_zone_id="odd"), "tax_zone", "odd", "tax_zone.account=odd"),
        ("bill", ground.bill([ground.bill_line("5.00", inventory_location="Odd")]), "bill_line", "Odd", "bill_line.account=Odd"),
        ("vendor_credit", ground.credit(lines=[], total=Decimal("5.00")), "bill_line", "credit", "bill_line.account=credit"),
    ],
    ids=["sku", "kind", "tax", "bill", "credit"],
)
def test_a_row_without_an_account_is_as_unresolved_as_no_row(
    entity: str, record: dict[str, Any], table: str, key: str, named: str
) -> None:
    """The line went out without an account, and Acumatica took its own default, uncounted."""
    rows = {**ground.TABLES, table: {**ground.TABLES.get(table, {}), key: {"account": "", "subaccount": "000000"}}}
    made = drafts(entity, record, plan(crosswalk=ground.crosswalk(rows)))[0]
    assert named in made.unresolved


def test_a_default_of_the_settings_stands_in_and_is_counted() -> None:
    chosen = ground.settings(accounts={"sales": "40000", "sales_tax": "22000"})
    record = ground.invoice(
        [ground.invoice_line("5.00", kind="Odd", business_unit_name="HVAC - Install", business_unit_id="2")], tax_zone_id="x"
    )
    (made,) = drafts("invoice", record, plan(settings=chosen))
    assert made.unresolved == ()
    assert made.defaulted == ("line_type=Odd", "tax_zone=x")


def test_under_tax_mode_erp_no_tax_line_is_sent_and_lines_say_whether_they_are_taxed() -> None:
    lines = [ground.invoice_line("100.00"), ground.invoice_line("10.00", "2", taxable=False)]
    (made,) = drafts("invoice", ground.invoice(lines, tax_zone_id="99"), plan(tax_mode="erp"))
    assert made.body["tax_zone"] == "TXDALLAS"
    assert [one["tax_code"] for one in made.body["lines"]] == ["TAXABLE", "EXEMPT"]
    assert total(made) == Decimal("110.00")
    assert made.amount == Decimal("118.25")


def test_a_zone_without_a_zone_of_the_erp_is_unresolved_under_tax_mode_erp() -> None:
    (made,) = drafts("invoice", ground.invoice(), plan(tax_mode="erp"))
    assert made.unresolved == ("tax_zone=77",)


def test_tax_under_tax_mode_none_is_held() -> None:
    (made,) = drafts("invoice", ground.invoice(), plan(tax_mode="none"))
    assert made.hold == "tax_mode_none"


@pytest.mark.parametrize(
    ("policy", "customer_id", "named", "parents"),
    [
        ("one_to_one", "501", "", ["501"]),
        ("bill_to_parent", "501", "PARENT1", []),
        ("bill_to_parent", "502", "", ["502"]),
        ("summary", "501", "SUMMARY1", []),
    ],
)
def test_the_customer_of_a_document_follows_the_policy(policy: str, customer_id: str, named: str, parents: list[str]) -> None:
    (made,) = drafts("invoice", ground.invoice(customer_id=customer_id), plan(customer_policy=policy))
    assert made.body["dimensions"].get("Customer", "") == named
    assert [one["source_id"] for one in made.parents] == parents


def test_a_summary_policy_without_a_customer_of_the_unit_is_unresolved() -> None:
    (made,) = drafts("invoice", ground.invoice(business_unit_name="HVAC - Install"), plan(customer_policy="summary"))
    assert "business_unit.customer=HVAC - Install" in made.unresolved


@pytest.mark.parametrize("entity", ["invoice", "payment", "bill", "vendor_credit"])
def test_another_currency_than_the_ledgers_is_held(entity: str) -> None:
    records: dict[str, Callable[..., dict[str, Any]]] = {
        "invoice": ground.invoice,
        "payment": ground.payment,
        "bill": ground.bill,
        "vendor_credit": ground.credit,
    }
    record = records[entity](currency="CAD")
    assert {one.hold for one in drafts(entity, record) if one.record != COMPLETION} == {"currency"}


def test_a_later_application_changes_neither_the_receipt_nor_the_earlier_application() -> None:
    first = ground.payment("100.00", [ground.application("101", "60.00")])
    later = ground.payment("100.00", [ground.application("101", "60.00"), ground.application("102", "40.00", "2")])
    before, after = drafts("payment", first), drafts("payment", later)
    assert after[:2] == before
    assert (after[2].record, after[2].action, after[2].part) == ("ar_application", "apply", "2")
    assert command(after[2], later, "acumatica")["source_id"] == later["source_id"], "an application has no source id of its own"
    assert [(one["role"], one["source_id"]) for one in after[2].parents] == [("payment", "201"), ("invoice", "102")]


def test_a_second_application_to_one_invoice_tells_the_first_and_waits_for_it() -> None:
    both = [ground.application("101", "10.00"), ground.application("101", "10.00", "2")]
    second = drafts("payment", ground.payment("20.00", both))[2]
    assert [one["application_id"] for one in second.body["applications"]] == ["1", "2"]
    assert second.amount == Decimal("10.00")
    assert {"role": "application", "entity": "payment", "source_id": "201", "part": "1"} in second.parents


def test_a_negative_application_takes_an_equal_one_out_of_the_set() -> None:
    both = [ground.application("101", "20.00"), ground.application("101", "-20.00", "2")]
    receipt, empty = drafts("payment", ground.payment("20.00", both))
    assert (receipt.record, receipt.hold) == ("ar_receipt", "")
    assert (empty.record, empty.action, empty.parted) == ("completion", "unapplied", True)
    again = drafts("payment", ground.payment("20.00", [*both, ground.application("102", "20.00", "3")]))
    assert [(one.record, one.part) for one in again] == [("ar_receipt", ""), ("ar_application", "3")]


@pytest.mark.parametrize("other", [ground.application("102", "5.00"), ground.application("101", "6.00"), None])
def test_a_negative_application_that_takes_back_no_other_is_held_with_its_amount(other: dict[str, Any] | None) -> None:
    found = [*([other] if other else []), ground.application("101", "-5.00", "2")]
    held = [one for one in drafts("payment", ground.payment("20.00", found)) if one.hold]
    assert [(one.hold, one.amount, one.part) for one in held] == [("unapplication_unmatched", Decimal("-5.00"), "2")]


@pytest.mark.parametrize(
    ("changes", "hold"),
    [
        ({"refunded_payment_id": "202"}, ""),
        ({"applications": [ground.application("104", "-20.00")]}, ""),
        ({"refunded_payment_id": "202", "applications": [ground.application("104", "-5.00")]}, ""),
        ({"applications": [ground.application("104", "-5.00")]}, "refund_unmatched"),
        ({}, "refund_unmatched"),
        ({"applications": [ground.application("104", "-21.00")]}, "refund_mismatch"),
        ({"refunded_payment_id": "202", "applications": [ground.application("104", "5.00")]}, "refund_mismatch"),
        ({"refunded_payment_id": "202", "total": Decimal("20.00")}, "refund_not_negative"),
        ({"refunded_payment_id": "202", "currency": "CAD"}, "currency"),
    ],
)
def test_a_refund_pays_out_what_its_source_names_or_is_held_with_its_amount(changes: dict[str, Any], hold: str) -> None:
    record = ground.payment("-20.00", [], source_id="203") | changes
    (made,) = drafts("payment", record)
    assert (made.record, made.hold, made.amount) == ("ar_refund", hold, record["total"])
    roles = [one["role"] for one in made.parents]
    assert roles == ["customer", *["memo"] * len(record["applications"]), *(["payment"] if record["refunded_payment_id"] else [])]


def test_a_credit_memo_is_a_negative_sale_with_its_applications_as_parts() -> None:
    memo, applied = drafts("credit_memo", ground.credit_memo())
    assert (memo.record, memo.action, memo.amount, memo.flow) == ("ar_credit_memo", "create", Decimal("-108.25"), "A8")
    assert [(one["account"], one["amount"]) for one in memo.body["lines"]] == [
        ("40100", Decimal("-100.00")),
        ("22000", Decimal("-8.25")),
    ]
    assert (applied.record, applied.part, applied.amount) == ("ar_application", "9", Decimal("40.00"))
    assert [(one["role"], one["entity"]) for one in applied.parents] == [("payment", "credit_memo"), ("invoice", "invoice")]
    (held, _) = drafts("credit_memo", ground.credit_memo(total=Decimal("-108.25"), applications=[]))
    assert (held.hold, held.amount) == ("negative_memo", Decimal("108.25"))


def test_the_erps_own_documents_become_no_commands() -> None:
    assert to_commands("invoice", ground.invoice(system="acumatica"), plan()) == []
    assert to_commands("gl_account", ground.envelope("gl_account", "1"), plan()) == []


def test_create_missing_is_told_by_the_plan() -> None:
    assert drafts("customer", ground.customer())[0].body["create_missing"] is True
    assert drafts("vendor", ground.vendor())[0].body["create_missing"] is False


def test_a_mapping_is_the_same_each_time() -> None:
    record = ground.invoice()
    assert to_commands("invoice", record, plan()) == to_commands("invoice", record, replace(plan()))


def rows_of(table: str, key: str, values: dict[str, str]) -> Any:
    return plan(
        settings=ground.settings(accounts={"sales": "40000", "sales_tax": "22000"}, default_terms="30D"),
        crosswalk=ground.crosswalk({**ground.TABLES, table: {**ground.TABLES.get(table, {}), key: values}}),
    )


@pytest.mark.parametrize(
    ("entity", "record", "table", "key"),
    [
        ("invoice", ground.invoice([ground.invoice_line("5.00", sku_code="PIPE–1")]), "line_type", "PIPE-1"),
        ("invoice", ground.invoice(tax_zone_id="0401"), "tax_zone", "401"),
        ("invoice", ground.invoice(term_name="NET 30"), "term", "Net 30"),
        ("customer", ground.customer(kind="residential"), "customer_class", "Residential"),
        ("bill", ground.bill([ground.bill_line("5.00", inventory_location="Тruck 1")]), "bill_line", "Truck 1"),
    ],
    ids=["sku", "tax", "term", "class", "bill"],
)
def test_a_code_that_looks_like_a_rows_is_held_and_not_defaulted(entity: str, record: dict[str, Any], table: str, key: str) -> None:
    """A sku with another dash went to the default's account, silently; a term got none."""
    made = drafts(entity, record, rows_of(table, key, {"account": "49999", "terms": "N30", "customer_class": "X"}))[0]
    assert any(note.startswith(f"{table}=") and f"looks like {key}" in note for note in made.unresolved), made.unresolved


def test_an_application_to_what_looks_like_an_opening_balance_is_held() -> None:
    record = ground.payment(applications=[ground.application("901", "10.00")])
    made = [
        one
        for one in drafts("payment", record, rows_of("opening_balance", "00901", {"erp_number": "AR1"}))
        if one.action == "apply"
    ]
    assert made[0].unresolved == ("opening_balance=901 (looks like 00901, which is another code)",)


def test_a_term_with_a_blank_behind_it_has_its_row() -> None:
    (made,) = drafts("invoice", ground.invoice(term_name="Net 30\u00a0"), rows_of("term", "Net 30", {"terms": "N30"}))
    assert (made.body["terms"], made.unresolved) == ("N30", ())


@pytest.mark.parametrize(
    "named", [{"inventory_location": "credit"}, {"gl_account": "expense"}, {"inventory_location": " credit\u200b"}]
)
def test_a_thing_named_like_the_row_of_whole_credits_or_expenses_does_not_have_it(named: dict[str, str]) -> None:
    rows = {"credit": {"account": "11111"}, "expense": {"account": "22222"}, "Material": {"account": "33333"}}
    record = ground.bill(
        [ground.bill_line("5.00", **{"inventory_location": "", "gl_account": "", "sku_type": "Material", **named})]
    )
    made, _ = drafts("bill", record, plan(crosswalk=ground.crosswalk({**ground.TABLES, "bill_line": rows})))
    assert made.body["lines"][0]["account"] == "33333"


@pytest.mark.parametrize(
    ("key", "record"), [("88", {"project_id": "88"}), ("700", {}), ("701", {"project_id": "9", "job_id": "701"})]
)
def test_a_project_travels_where_its_row_says_so(key: str, record: dict[str, Any]) -> None:
    row = {"project": "PR1", "task": "LABOR", "cost_code": "00-100"}
    found = plan(crosswalk=ground.crosswalk({**ground.TABLES, "project": {key: row}}))
    (invoice,) = drafts("invoice", ground.invoice(**record), found)
    assert invoice.body["dimensions"]["Project"] == "PR1"
    assert all(
        one["dimensions"] | {"ProjectTask": "LABOR", "CostCode": "00-100"} == one["dimensions"] for one in invoice.body["lines"]
    )
    (without,) = drafts("invoice", ground.invoice(project_id="1", job_number="2", job_id="3"), found)
    assert "Project" not in without.body["dimensions"]
    if not record:
        bill, _ = drafts("bill", ground.bill(), found)
        assert {one["dimensions"]["Project"] for one in bill.body["lines"]} == {"PR1"}


def test_project_task_and_cost_code_are_sent_where_the_endpoint_has_a_place() -> None:
    row = {"project": "PR1", "task": "LABOR", "cost_code": "00-100"}
    found = plan(crosswalk=ground.crosswalk({**ground.TABLES, "project": {"700": row}}))
    ids = {"customer/500": "C1", "vendor/800": "V1"}
    for entity, record in (("invoice", ground.invoice()), ("bill", ground.bill())):
        draft, *_ = drafts(entity, record, found)
        body = create_body(ResolvedCommand(draft.record, ground.command(draft, record), ids), ground.settings())
        line = body["Details"][0]
        assert (line["ProjectTask"], line["CostCode"]) == ({"value": "LABOR"}, {"value": "00-100"})
        assert (body.get("Project"), line.get("Project")) == (
            ({"value": "PR1"}, None) if entity == "invoice" else (None, {"value": "PR1"})
        )
