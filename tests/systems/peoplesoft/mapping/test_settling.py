"""What settles what: applications of payments and credit memos as journals, in one ledger unit and across units; projects; bounced checks."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, cast

import pytest

from runtime.errors import Refused
from schemas.records import CommandEnvelope
from systems.contract import Original, ResolvedCommand
from systems.mapped import Draft, Plan
from systems.peoplesoft.documents import fields
from systems.peoplesoft.mapping import to_commands
from systems.peoplesoft.wanted import elsewhere, pieces
from tests.systems.field_service import DAY, application, command, credit_memo, invoice, invoice_line, payment
from tests.systems.peoplesoft.mapping import ground
from tests.systems.peoplesoft.mapping.ground import booked, decisions, drafts, plan, total

LATER = date(2026, 4, 2)
ONE_UNIT = {**ground.TABLES, "business_unit": {"Plumbing - Service": ground.TABLES["business_unit"]["Plumbing - Service"]}}
IDS = {"payment/201": "US001/P/2026-03-10", "credit_memo/501": "US001/M/2026-03-10"}


def with_accounts(tables: Any = None, **accounts: Any) -> Plan:
    return plan(tables, settings=ground.settings(accounts=ground.accounts(**accounts)))


def asked(draft: Draft, record: dict[str, Any], invoice_id: str = "US002/I/2026-03-10") -> ResolvedCommand:
    return ResolvedCommand("journal", command(draft, record, "peoplesoft"), IDS | {"sale|invoice/101|": invoice_id})


# --- credit memos -----------------------------------------------------------------------------------------------------


def test_a_credit_memo_is_a_journal_with_the_signs_of_a_credit() -> None:
    (made,) = drafts("credit_memo", credit_memo())
    assert booked(made) == [
        ("receivable", "120000", Decimal("-108.25")),
        ("line", "401000", Decimal("100.00")),
        ("tax", "220000", Decimal("8.25")),
    ]
    assert (made.flow, made.purpose, made.amount, made.posting_date, made.hold) == ("P4", "sale", Decimal("108.25"), DAY, "")
    (counted,) = decisions("credit_memo", credit_memo())
    assert (counted.decision, counted.amount, counted.flow) == ("excluded", Decimal("40.00"), "P4")


def test_a_credit_memo_of_an_amount_alone_is_held_until_a_row_or_default_places_it() -> None:
    (made,) = drafts("credit_memo", credit_memo([]))
    assert (made.unresolved, made.amount, total(made)) == (("line_type=none",), Decimal("50.00"), Decimal(0))


def test_a_voided_credit_memo_is_a_reversal_of_what_it_was() -> None:
    (made,) = drafts("credit_memo", credit_memo(active=False))
    assert (made.record, made.action, made.amount, made.hold) == ("reversal", "void", Decimal("108.25"), "")


def test_a_credit_memo_under_profile_voucher_is_counted_with_its_amount() -> None:
    (counted,) = decisions("credit_memo", credit_memo(), ground.vouchers())
    assert (counted.decision, counted.amount) == ("excluded", Decimal("108.25"))
    assert [one.record for one in drafts("credit_memo", credit_memo(), ground.vouchers())] == ["completion"]


def test_a_credit_memo_worth_nothing_is_counted_too() -> None:
    memo = credit_memo([invoice_line("0.00")], tax=Decimal(0), total=Decimal(0), applications=[])
    assert [one.detail for one in decisions("credit_memo", memo)] == ["zero document, counted"]


# --- applications in one unit -----------------------------------------------------------------------------------------


def test_inside_one_ledger_unit_nothing_is_posted_whatever_the_settings_name_between_units() -> None:
    own = with_accounts(ONE_UNIT, intercompany="150000")
    for entity, record in (("payment", payment("108.25")), ("credit_memo", credit_memo())):
        (made,) = drafts(entity, record, own)
        assert made.action == "create"
        assert len(decisions(entity, record, own)) == 1


def test_a_deposit_applied_in_one_unit_waits_for_its_payment_alone() -> None:
    record = payment("500.00", [application("101", "300.00", "7", LATER)])
    _, applied = drafts("payment", record, with_accounts(ONE_UNIT, deposits="240000"))
    assert booked(applied) == [("deposit", "240000", Decimal("300.00")), ("receivable", "120000", Decimal("-300.00"))]
    assert (applied.part, applied.parted, applied.posting_date) == ("7", True, LATER)
    assert [one["role"] for one in applied.parents] == ["payment"]


def test_an_application_that_was_taken_back_is_not_in_the_set_and_an_empty_set_says_so() -> None:
    own = with_accounts(deposits="240000")
    taken = [application("101", "300.00", "1"), application("101", "-300.00", "2", LATER)]
    _, none = drafts("payment", payment("500.00", taken), own)
    assert (none.record, none.action, none.parted) == ("completion", "unapplied", True)
    _, voided = drafts("payment", payment("500.00", active=False), own)
    assert voided.action == "unapplied", "the journals of its applications are reversed with it"


def test_a_negative_application_of_nothing_is_for_a_person() -> None:
    _, odd = drafts("payment", payment("500.00", [application("101", "-5.00")]), with_accounts(deposits="240000"))
    assert (odd.hold, odd.amount, odd.action) == ("unapplication_unmatched", Decimal("-5.00"), "apply")


def test_the_applications_of_a_refund_are_its_own_and_take_nothing_back() -> None:
    record = payment("-50.00", [application("501", "-50.00")], refunded_payment_id="190")
    made, applied = drafts("payment", record, with_accounts(ONE_UNIT, deposits="240000"))
    sums: dict[str, Decimal] = {}
    for one in (*made.body["lines"], *applied.body["lines"]):
        sums[one["account"]] = sums.get(one["account"], Decimal(0)) + one["amount"]
    assert {account: amount for account, amount in sums.items() if amount} == {
        "100200": Decimal("-50.00"),
        "120000": Decimal("50.00"),
    }


@pytest.mark.parametrize("accounts", [{"deposits": "240000"}, {"deposits": "240000", "intercompany": "150000"}])
def test_an_application_beyond_its_payment_is_held_and_the_deposits_account_keeps_no_debit(accounts: dict[str, str]) -> None:
    """50.00 that were taken were given to invoices twice: 20.01 too much left the deposits account."""
    record = payment("50.00", [application("101", "30.00", "1"), application("102", "20.01", "2")])
    _, *applied = drafts("payment", record, with_accounts(**accounts))
    assert {(one.part.rpartition("/")[2], one.hold) for one in applied} == {("1", ""), ("2", "overapplied")}
    assert "come to 50.01, the payment is 50.00" in applied[-1].hold_detail
    moved = [application("101", "50.00", "1"), application("101", "-20.00", "2"), application("102", "20.00", "3")]
    found = {one.amount: one.hold for one in drafts("payment", payment("50.00", moved), with_accounts(**accounts))[1:]}
    assert found == {
        Decimal("50.00"): "",
        Decimal("20.00"): "unapplication_unmatched",
        Decimal("-20.00"): "unapplication_unmatched",
    }


def test_a_payment_of_nothing_that_settles_something_is_a_persons_where_applications_are_journals() -> None:
    """It was counted as a zero document, and its applications were in no list."""
    record = payment("0.00", [application("101", "40.00", "1"), application("102", "-40.00", "2")])
    made = drafts("payment", record, with_accounts(ONE_UNIT, deposits="240000"))
    assert [(one.action, one.hold, one.amount) for one in made] == [
        ("nothing", "", Decimal(0)),
        ("apply", "overapplied", Decimal("40.00")),
        ("apply", "unapplication_unmatched", Decimal("-40.00")),
    ]
    assert [one.action for one in drafts("payment", payment("0.00", []), with_accounts(deposits="240000"))] == [
        "nothing",
        "unapplied",
    ]
    assert len(decisions("payment", record)) == 1, "without that account the ledger keeps one receivable"


def test_payments_from_before_the_deposits_account_keep_crediting_the_receivable() -> None:
    own = with_accounts(deposits="240000", deposits_from="2026-03-11")
    (made,) = drafts("payment", payment(), own)
    assert ("receivable", "120000", Decimal("-108.25")) in booked(made)
    later, *_ = drafts("payment", payment(paid_on=date(2026, 3, 11)), own)
    assert ("deposit", "240000", Decimal("-108.25")) in booked(later)


# --- across units -----------------------------------------------------------------------------------------------------


def test_across_units_each_unit_gets_a_journal_and_the_invoice_tells_its_own() -> None:
    record = payment("108.25", [application("101", "108.25", "7")])
    own = with_accounts(deposits="240000", intercompany="150000")
    _, first, other = drafts("payment", record, own)
    assert (first.part, other.part) == ("7", "receivable/7")
    assert booked(first) == [("deposit", "240000", Decimal("108.25")), ("intercompany", "150000", Decimal("-108.25"))]
    assert first.body["business_unit"] == "US001"
    (piece,) = pieces(asked(other, record), ground.settings())
    assert fields(piece.command)["business_unit"] == "US002"
    assert [(one["role"], one["account"], one["amount"]) for one in fields(piece.command)["lines"]] == [
        ("intercompany", "150000", Decimal("108.25")),
        ("receivable", "120000", Decimal("-108.25")),
    ]
    assert elsewhere(asked(first, record)) == ""


def test_the_receivable_of_the_invoice_is_that_of_its_unit_or_the_document_is_not_sent() -> None:
    units = {name: dict(row) for name, row in ground.TABLES["business_unit"].items()}
    units["HVAC - Round Rock"]["receivable_account"] = "121000"
    own = with_accounts({**ground.TABLES, "business_unit": units}, intercompany="150000")
    record = credit_memo(applications=[application("101", "40.00", "9")])
    _, first, other = drafts("credit_memo", record, own)
    assert booked(first) == [("receivable", "120000", Decimal("40.00")), ("intercompany", "150000", Decimal("-40.00"))]
    (piece,) = pieces(asked(other, record), ground.settings())
    assert fields(piece.command)["lines"][1]["account"] == "121000"
    with pytest.raises(Refused, match="US009 has no single receivable"):
        pieces(asked(other, record, "US009/I/2026-03-10"), ground.settings())


def test_what_is_reversed_keeps_the_unit_in_which_it_was_booked() -> None:
    """Not the one in which its invoice is by now."""
    record = payment("108.25", [application("101", "108.25", "7")])
    *_, other = drafts("payment", record, with_accounts(deposits="240000", intercompany="150000"))
    stored = command(other, record, "peoplesoft")
    void: Any = {**cast("dict[str, Any]", stored), "op_key": "x|void", "date": LATER, "posting_date": LATER, "reason": "taken back"}
    original = Original("journal", stored, "US002/ABC/2026-03-10", "ABC", {"sale|invoice/101|": "US001/I/2026-03-10"})
    (piece,) = pieces(ResolvedCommand("reversal", cast("CommandEnvelope", void), original=original), ground.settings())
    assert fields(piece.command)["business_unit"] == "US002"
    assert [one["amount"] for one in fields(piece.command)["lines"]] == [Decimal("-108.25"), Decimal("108.25")]


def test_without_an_account_between_units_an_application_across_them_is_held_by_name() -> None:
    record = payment("108.25", [application("101", "108.25")])
    _, applied = drafts("payment", record, with_accounts(deposits="240000"))
    assert "ledger unit US002" in elsewhere(asked(applied, record))
    assert elsewhere(asked(applied, record, "US001/I/2026-03-10")) == ""


def test_an_invoice_from_before_the_cut_over_is_taken_to_be_of_the_same_unit() -> None:
    tables = {**ground.TABLES, "opening_balance": {"101": {"erp_number": "OPEN-1"}}}
    record = payment("108.25", [application("101", "108.25")])
    _, applied = drafts("payment", record, with_accounts(tables, deposits="240000", intercompany="150000"))
    assert [one["role"] for one in applied.parents] == ["payment"]
    assert ("receivable", "120000", Decimal("-108.25")) in booked(applied)


# --- bounced checks and references ------------------------------------------------------------------------------------


def test_a_bounced_check_turns_the_signs_and_its_fee_is_a_sale_that_a_row_places() -> None:
    (bounced,) = drafts("payment", payment("-108.25", [], type_name="Check", memo="NSF"))
    assert booked(bounced) == [("cash", "100200", Decimal("-108.25")), ("receivable", "120000", Decimal("108.25"))]
    fee = [invoice_line("35.00", sku_code="NSF-FEE", gl_account="42100", gl_account_type="OtherIncome", kind="Service")]
    placed = {**ground.TABLES, "line_type": {**ground.TABLES["line_type"], "NSF-FEE": {"account": "402000"}}}
    (made,) = drafts("invoice", invoice(fee, tax=Decimal(0)), plan(placed))
    assert ("line", "402000", Decimal("-35.00")) in booked(made)


def test_a_project_and_its_activity_reach_the_chartfields_of_the_lines_and_not_the_receivable() -> None:
    tables = {**ground.TABLES, "project": {"5512": {"project": "PRJ000000000002", "activity": "INSTALL"}}}
    (made,) = drafts("invoice", invoice(project_id="5512"), plan(tables))
    at = {one["role"]: one["dimensions"] for one in made.body["lines"]}
    assert (at["line"]["PROJECT_ID"], at["line"]["ACTIVITY_ID"]) == ("PRJ000000000002", "INSTALL")
    assert "PROJECT_ID" not in at["receivable"]
    (plain,) = drafts("invoice", invoice(project_id="9999"), plan(tables))
    assert all("ACTIVITY_ID" not in one["dimensions"] for one in plain.body["lines"])
    assert plain.unresolved == ()
    assert to_commands("invoice", invoice(project_id="*"), plan(tables)) == to_commands(
        "invoice", invoice(project_id=""), plan(tables)
    )
