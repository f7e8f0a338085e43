"""What invoices and payments become as journals: places by precedence, policies, tax, holds; never an exception, never a silent line."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from systems.mapped import Draft, Plan
from systems.peoplesoft.mapping import to_commands
from tests.systems.field_service import DAY, application, crosswalk, customer, envelope, invoice, invoice_line, payment, vendor
from tests.systems.peoplesoft.mapping import ground, write_examples
from tests.systems.peoplesoft.mapping.ground import booked, decisions, drafts, plan, policy, total
from topology.crosswalk import Tables

NAMES = sorted(path.name.removesuffix(".commands.json") for path in ground.EXAMPLES.glob("*.commands.json"))
EAST: dict[str, Any] = {"business_unit_name": "Plumbing - East", "business_unit_id": "9"}
ROUND_ROCK: dict[str, Any] = {"business_unit_name": "HVAC - Round Rock", "business_unit_id": "3"}


def sale(record: dict[str, Any], with_plan: Plan | None = None) -> Draft:
    (made,) = drafts("invoice", record, with_plan)
    return made


def collection(record: dict[str, Any], with_plan: Plan | None = None) -> Draft:
    (made,) = drafts("payment", record, with_plan)
    return made


def at(made: Draft, role: str) -> dict[str, str]:
    """Account and chartfields of the first line of a role."""
    found: dict[str, Any] = next(one for one in made.body["lines"] if one["role"] == role)
    return {"ACCOUNT": found["account"], **found["dimensions"]}


# --- examples ---------------------------------------------------------------------------------------------------------


def test_every_situation_has_its_example() -> None:
    assert sorted(write_examples.situations()) == NAMES
    assert len(NAMES) >= 40


@pytest.mark.parametrize("name", NAMES)
def test_a_canonical_record_becomes_the_commands_of_its_example(name: str) -> None:
    expected = json.loads((ground.EXAMPLES / f"{name}.commands.json").read_text())
    assert write_examples.commands(name, ground.read_record(name)) == expected


@pytest.mark.parametrize("name", NAMES)
def test_a_command_is_sent_as_the_properties_of_its_example(name: str) -> None:
    expected = json.loads((ground.EXAMPLES / f"{name}.requests.json").read_text())
    assert write_examples.requests(name, ground.read_record(name)) == expected


@pytest.mark.parametrize("name", NAMES)
def test_a_mapping_is_the_same_each_time_and_leaves_its_record_alone(name: str) -> None:
    record, entity, chosen = ground.read_record(name), name.partition(".")[0], ground.plan_of_example(name)
    first = to_commands(entity, record, chosen)
    assert to_commands(entity, record, chosen) == first
    assert record == ground.read_record(name)


# --- places -----------------------------------------------------------------------------------------------------------


def test_the_most_specific_row_that_fills_a_chartfield_counts() -> None:
    """Business unit < location < line type; the receivable stays on the business unit's own, where payments meet it."""
    made = sale(invoice([invoice_line("100.00", sku_code="MEMBER")], location_id="601"))
    unit = {"DEPTID": "21000", "OPERATING_UNIT": "AUSTIN", "PRODUCT": "PLMB"}
    assert at(made, "receivable") == {"ACCOUNT": "120000", **unit}
    assert at(made, "line") == {"ACCOUNT": "405000", **unit, "DEPTID": "10000", "PROJECT_ID": "PRJ000000000001"}
    plumbing = sale(invoice(location_id="601"))
    assert at(plumbing, "line")["DEPTID"] == "10000"
    assert at(sale(invoice(location_id="600")), "line")["DEPTID"] == "21000"


def test_an_invoice_and_its_payment_meet_on_one_receivable() -> None:
    made, paid = sale(invoice(location_id="601")), collection(payment())
    assert at(made, "receivable") == at(paid, "receivable")
    assert total(made, "receivable") == -total(paid, "receivable")


def test_the_receivable_of_the_settings_stands_in_for_a_unit_without_one_and_is_missed_without_either() -> None:
    bare = plan(settings=ground.settings(accounts=ground.accounts(receivable="")))
    assert sale(invoice(), bare).unresolved == ("setting=accounts.receivable",)
    own = invoice(business_unit_name="HVAC - Install", business_unit_id="2")
    assert sale(own, bare).unresolved == ()


def test_a_business_unit_is_found_by_its_id_too() -> None:
    tables = {**ground.TABLES, "business_unit": {"77": {"gl_business_unit": "US002"}}}
    assert sale(invoice(business_unit_name="Renamed", business_unit_id="77"), plan(tables)).body["business_unit"] == "US002"


def test_a_line_type_is_found_by_sku_then_account_of_the_source_then_kind() -> None:
    lines = [
        invoice_line("1.00", "1", sku_code="MEMBER", gl_account="40200"),
        invoice_line("2.00", "2", gl_account="40200"),
        invoice_line("3.00", "3"),
    ]
    made = sale(invoice(lines))
    assert [account for role, account, _ in booked(made) if role == "line"] == ["405000", "402000", "401000"]


def test_a_row_is_taken_as_of_the_posting_date() -> None:
    asked: list[date | None] = []

    class Dated(Tables):
        def row(self, table: str, key: str, on: date | None = None) -> Mapping[str, str] | None:
            asked.append(on)
            return super().row(table, key, on)

        def parts(self, table: str, key: str, on: date | None = None) -> Sequence[Mapping[str, str]]:
            asked.append(on)
            return super().parts(table, key, on)

    for profile in ("journal", "voucher"):
        chosen = plan(settings=ground.settings(profile=profile), crosswalk=Dated(crosswalk(ground.TABLES).tables))
        to_commands("invoice", invoice(), chosen)
        to_commands("payment", payment(), chosen)
    assert set(asked) == {DAY}


def test_lines_of_two_ledgers_are_held_for_one_journal_books_one() -> None:
    lines = [invoice_line("100.00"), invoice_line("50.00", "2", **ROUND_ROCK)]
    assert sale(invoice(lines)).hold == "several_ledgers"
    assert sale(invoice([invoice_line("100.00"), invoice_line("0.00", "2", **ROUND_ROCK)])).hold == ""


def test_a_row_without_an_account_or_ledger_is_unresolved() -> None:
    tables = {**ground.TABLES, "line_type": {"Service": {"account": ""}}, "business_unit": {"1": {"receivable_account": "120000"}}}
    made = sale(invoice(), plan(tables))
    assert made.unresolved == ("business_unit.gl_business_unit=Plumbing - Service", "line_type.account=SVC-1")


# --- policies ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "record", "note"),
    [
        ("business_unit", invoice(**EAST), "business_unit=Plumbing - East"),
        ("location", invoice(location_id="699"), "location=699"),
        ("line_type", invoice([invoice_line("100.00", kind="Odd", sku_code="")]), "line_type=Odd"),
        ("tax_zone", invoice(tax_zone_id="x"), "tax_zone=x"),
    ],
)
def test_a_value_without_a_row_is_held_or_counted_as_its_policy_says(field: str, record: dict[str, Any], note: str) -> None:
    held = sale(record, policy(**{field: "hold"}))
    assert (held.unresolved, held.defaulted) == ((note,), ())
    for chosen in ("default", "suspense"):
        made = sale(record, policy(**{field: chosen}))
        assert (made.unresolved, made.defaulted) == ((), (note,))
        assert total(made) == 0


@pytest.mark.parametrize(
    ("field", "record", "role"),
    [
        ("business_unit", invoice(**EAST), "line"),
        ("location", invoice(location_id="699"), "line"),
        ("line_type", invoice([invoice_line("100.00", kind="Odd", sku_code="")]), "line"),
        ("tax_zone", invoice(tax_zone_id="x"), "tax"),
    ],
)
def test_suspense_takes_what_the_value_decides_and_nothing_else(field: str, record: dict[str, Any], role: str) -> None:
    made = sale(record, policy(**{field: "suspense"}))
    accounts = {one_role: account for one_role, account, _ in booked(made)}
    assert accounts.pop(role) == "199999"
    assert "199999" not in accounts.values()


def test_suspense_without_its_account_is_unresolved() -> None:
    own = ground.settings(policies={"line_type": "suspense"}, accounts=ground.accounts(suspense=""))
    made = sale(invoice([invoice_line("1.00", kind="Odd", sku_code="")]), plan(settings=own))
    assert made.unresolved == ("line_type=Odd",)


def test_a_default_without_its_row_is_unresolved() -> None:
    tables = {**ground.TABLES, "line_type": {}}
    own = ground.settings(policies={"line_type": "default"})
    assert sale(invoice(), plan(tables, settings=own)).unresolved == ("line_type=SVC-1",)


def test_the_row_of_default_is_no_row_under_policy_hold() -> None:
    assert sale(invoice(tax_zone_id="x"), policy(tax_zone="hold")).unresolved == ("tax_zone=x",)


def test_a_location_table_that_nobody_uses_counts_nothing() -> None:
    tables = {**ground.TABLES, "location": {}}
    assert sale(invoice(location_id="699"), plan(tables)).defaulted == ()
    assert sale(invoice(location_id="", location_name="")).defaulted == ()


def test_a_payment_of_an_unknown_type_follows_its_policy() -> None:
    record = payment(type_name="Crypto", type_id="9")
    assert collection(record).unresolved == ("payment_type=Crypto",)
    assert at(collection(record, policy(payment_type="suspense")), "cash")["ACCOUNT"] == "199999"
    by_default = collection(record, policy(payment_type="default"))
    assert (at(by_default, "cash")["ACCOUNT"], by_default.defaulted) == ("100200", ("payment_type=Crypto",))


# --- tax and totals ---------------------------------------------------------------------------------------------------


def test_a_zone_with_a_share_that_is_no_number_is_unresolved() -> None:
    tables = {**ground.TABLES, "tax_zone": {"77": {"account": "220000", "share": "half"}}}
    assert sale(invoice(), plan(tables)).unresolved == ("tax_zone.share=half",)


def test_a_part_of_the_tax_without_a_cent_makes_no_line() -> None:
    made = sale(invoice(tax=Decimal("0.01"), tax_zone_id="88"))
    assert [one for one in booked(made) if one[0] == "tax"] == [("tax", "220000", Decimal("-0.01"))]


def test_a_tax_mode_without_tax_is_no_hold() -> None:
    assert sale(invoice(tax=Decimal(0)), plan(tax_mode="none")).hold == ""


def test_an_invoice_of_no_total_with_lines_is_booked_without_a_receivable() -> None:
    lines = [invoice_line("100.00"), invoice_line("-100.00", "2", kind="PriceModifier")]
    made = sale(invoice(lines, tax=Decimal(0)))
    assert booked(made) == [("line", "401000", Decimal("-100.00")), ("discount", "409000", Decimal("100.00"))]


def test_rounding_needs_its_account() -> None:
    own = ground.settings(accounts=ground.accounts(rounding=""))
    assert sale(invoice(total=Decimal("108.26")), plan(settings=own)).unresolved == ("setting=accounts.rounding",)


@pytest.mark.parametrize(
    ("changes", "hold", "action"),
    [
        ({"currency": "CAD"}, "currency", "create"),
        ({"adjustment_to_id": "99"}, "", "adjust"),
        ({"total": Decimal("-108.25")}, "", "create"),
    ],
)
def test_a_correction_is_a_journal_with_the_signs_of_its_lines_and_every_journal_is_balanced(
    changes: dict[str, Any], hold: str, action: str
) -> None:
    lines = [invoice_line("-116.50")] if "total" in changes else None
    made = sale(invoice(lines, **changes))
    assert (made.hold, made.action, total(made)) == (hold, action, Decimal(0))
    assert total(made, "receivable") == made.amount


def test_the_header_has_the_number_people_need_and_the_date_that_is_part_of_the_key() -> None:
    made = sale(invoice())
    assert made.body["human_number"] == "N101"
    assert made.body["date"] == made.posting_date == DAY
    assert made.body["dimensions"] == {"LEDGER_GROUP": "RECORDING", "LEDGER": "LOCAL", "SOURCE": "ONL"}
    assert sale(invoice(number="")).body["human_number"] == "101"
    assert "invoice_date=none" in sale(invoice(invoice_date=None)).unresolved
    assert "paid_on=none" in collection(payment(paid_on=None)).unresolved


def test_a_text_is_as_long_as_its_field_takes() -> None:
    made = sale(invoice([invoice_line("1.00", description="x" * 400)], customer_name="y" * 400))
    assert {len(one["description"]) for one in made.body["lines"]} <= {30, len("Sales tax Dallas")}


# --- collections ------------------------------------------------------------------------------------------------------


def test_applications_early_or_late_are_counted_and_change_nothing() -> None:
    first = payment("100.00", [application("101", "60.00")])
    later = payment("100.00", [application("101", "60.00"), application("102", "40.00", "2")])
    assert collection(first) == collection(later)
    assert [(one.decision, one.amount) for one in decisions("payment", later)] == [("excluded", Decimal("100.00"))]
    assert decisions("payment", payment(applications=[])) == []


def test_a_payment_of_parts_of_a_cent_is_held() -> None:
    assert collection(payment("1.005", [])).hold == "total_mismatch"


def test_a_refund_is_a_journal_with_the_signs_turned() -> None:
    made = collection(payment("-5.00"))
    assert (made.hold, made.amount, total(made, "cash"), total(made, "receivable")) == ("", Decimal(-5), Decimal(-5), Decimal(5))


def test_a_refund_that_is_not_negative_is_held_for_its_sign_cannot_be_told() -> None:
    assert collection(payment("5.00", refunded_payment_id="7")).hold == "refund_not_built"


# --- what becomes nothing ---------------------------------------------------------------------------------------------


def test_masters_and_what_peoplesoft_itself_holds_become_no_commands() -> None:
    assert to_commands("customer", customer(), plan()) == []
    assert to_commands("vendor", vendor(), plan()) == []
    assert to_commands("invoice", invoice(system="peoplesoft"), plan()) == []
    assert to_commands("gl_account", envelope("gl_account", "1"), plan()) == []


def test_a_thing_named_like_the_row_of_the_default_does_not_have_it() -> None:
    """A line type named `*` was booked by the default's row, uncounted, also where its policy is to hold."""
    record = invoice([invoice_line("5.00", kind="*", sku_code="")], total=Decimal("13.25"))
    tables = {**ground.TABLES, "line_type": {**ground.TABLES["line_type"], "*": {"account": "499999"}}}
    assert sale(record, plan(tables, settings=ground.settings(policies={"line_type": "hold"}))).unresolved == ("line_type=*",)


def test_a_code_that_looks_like_a_rows_is_held_whatever_the_policy() -> None:
    record = invoice([invoice_line("5.00", kind="service", sku_code="")], total=Decimal("13.25"))
    made = sale(record, policy(line_type="default"))
    assert made.unresolved == ("line_type=service (looks like Service, which is another code)",)
