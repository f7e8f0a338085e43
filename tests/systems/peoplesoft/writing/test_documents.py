"""What a command becomes in PeopleSoft's fields: own keys, lengths, blanks, dates, amounts."""

from __future__ import annotations

from collections import Counter
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from runtime.errors import Refused
from systems.peoplesoft import documents
from systems.peoplesoft.settings import Settings
from tests.systems.peoplesoft.writing.ground import DAY, URL, VENDOR, journal, line, voucher

OWN = Settings(base_url=URL, instance_id="x", company_id="B")


def test_our_own_ids_are_always_the_same_and_every_digit_is_used_evenly() -> None:
    assert documents.own_id("a key", 10) == documents.own_id("a key", 10)
    assert documents.own_id("a key", 10)[:8] == documents.own_id("a key", 8)
    made = [documents.own_id(f"key {number}", 8) for number in range(20_000)]
    assert len(set(made)) == len(made)
    for place in range(8):
        counted = Counter(one[place] for one in made)
        assert len(counted) == 36
        assert max(counted.values()) < 2 * min(counted.values()), f"digit {place}"


def test_a_journal_carries_the_ref_first_and_the_number_people_need() -> None:
    command = journal()
    made = documents.journal(command, OWN)
    assert made["DESCR254"].startswith(f"{command['ref']} ")
    assert made["DESCR"].startswith("N101 ")
    assert [one["JRNL_LN_REF"] for one in made["JRNL_LN"]] == ["N101"] * 3
    assert (made["JOURNAL_DATE"], made["UNPOST_SEQ"], made["LEDGER_GROUP"], made["SOURCE"]) == (DAY, 0, "RECORDING", "ONL")
    assert [one["JOURNAL_LINE"] for one in made["JRNL_LN"]] == [1, 2, 3]


def test_a_number_that_does_not_fit_a_line_stays_whole_in_the_header() -> None:
    made = documents.journal(journal(human_number="INV-2026-000101"), OWN)
    assert not any("JRNL_LN_REF" in one for one in made["JRNL_LN"])
    assert made["DESCR"].startswith("INV-2026-000101 ")


def test_texts_are_cut_to_their_field_and_empty_ones_left_out() -> None:
    made = documents.journal(
        journal(description="x" * 400, lines=[_line(description="y" * 80), _line("-108.25", description="")]), OWN
    )
    assert (len(made["DESCR"]), len(made["DESCR254"])) == (30, 254)
    assert len(made["JRNL_LN"][0]["LINE_DESCR"]) == 30
    assert "LINE_DESCR" not in made["JRNL_LN"][1]


def _line(amount: str = "108.25", **more: Any) -> dict[str, Any]:
    return line("120000", amount, **more)


TOO_LONG: dict[str, dict[str, Any]] = {
    "BUSINESS_UNIT": {"business_unit": "US0011"},
    "CURRENCY_CD": {"currency": "USDX"},
    "ACCOUNT": {"lines": [line("12345678901", "1.00"), line("401000", "-1.00")]},
    "DEPTID": {"lines": [_line(dimensions={"DEPTID": "12345678901"}), _line("-108.25")]},
    "PROJECT_ID": {"lines": [_line(dimensions={"PROJECT_ID": "1234567890123456"}), _line("-108.25")]},
    "SOURCE": {"dimensions": {"SOURCE": "ONLY"}},
}


@pytest.mark.parametrize("name", TOO_LONG)
def test_a_code_that_does_not_fit_is_refused_and_never_cut(name: str) -> None:
    with pytest.raises(Refused, match=name):
        documents.journal(journal(**TOO_LONG[name]), OWN)


UNFIT: dict[str, dict[str, Any]] = {
    "add up to zero": {"lines": [_line("108.25"), _line("-108.24")]},
    "names no ACCOUNT": {"lines": [line("", "1.00"), line("401000", "-1.00")]},
    "names no BUSINESS_UNIT": {"business_unit": " "},
    "has no date": {"date": None},
    "two decimals": {"lines": [_line("0.001"), _line("-0.001")]},
    "no ChartField": {"lines": [_line(dimensions={"BUDGET_REF": "2026"}), _line("-108.25")]},
}


@pytest.mark.parametrize("words", UNFIT)
def test_a_journal_that_cannot_be_one_is_refused(words: str) -> None:
    with pytest.raises(Refused, match=words):
        documents.journal(journal(**UNFIT[words]), OWN)


def test_a_voucher_has_one_distribution_a_line_and_adds_up() -> None:
    command = voucher()
    made = documents.voucher(command, {}, OWN)
    assert (made["INVOICE_ID"], made["GROSS_AMT"], made["VENDOR_ID"]) == ("N101", Decimal("80.00"), "0000000001")
    assert made["DESCR254_MIXED"].startswith(f"{command['ref']} ")
    assert "SALETX_AMT" not in made
    assert "DUE_DT" not in made
    for one in made["VCHR_LINE"]:
        assert [part["MERCHANDISE_AMT"] for part in one["VCHR_DIST"]] == [one["MERCHANDISE_AMT"]]
    with pytest.raises(Refused, match="add up"):
        documents.voucher(voucher(amount=Decimal("80.01")), {}, OWN)
    taxed = documents.voucher(voucher(amount=Decimal("86.60"), tax_total=Decimal("6.60")), {}, OWN)
    assert taxed["SALETX_AMT"] == Decimal("6.60")


def test_a_vendor_comes_from_the_crosswalk_else_from_its_link_and_its_number_is_zero_filled() -> None:
    parents = [{"role": "vendor", "entity": "vendor", "source_id": "7"}]
    linked = voucher(dimensions={"BUSINESS_UNIT": "AP001"}, parents=parents)
    assert documents.vendor(linked, {"vendor/7": VENDOR}).vendor_id == "0000000001"
    short = voucher(dimensions={"BUSINESS_UNIT": "AP001", "VENDOR_SETID": "SHARE", "VENDOR_ID": "12"})
    assert documents.vendor(short, {}).vendor_id == "0000000012"
    with pytest.raises(Refused, match="link it first"):
        documents.vendor(linked, {})
    with pytest.raises(Refused, match="names no vendor"):
        documents.vendor(voucher(dimensions={"BUSINESS_UNIT": "AP001"}), {})


def test_the_ref_of_a_voucher_may_have_a_user_field_of_its_own() -> None:
    settings = OWN.model_copy(update={"voucher": OWN.voucher.model_copy(update={"ref_field": "USER_VCHR_CHAR1"})})
    command = voucher()
    made = documents.voucher(command, {}, settings)
    assert (made["USER_VCHR_CHAR1"], made["DESCR254_MIXED"]) == (command["ref"], "Costs of N101")


def test_an_invoice_number_that_does_not_fit_is_refused() -> None:
    with pytest.raises(Refused, match="INVOICE_ID"):
        documents.voucher(voucher(human_number="x" * 31), {}, OWN)
    with pytest.raises(Refused, match="payment hold"):
        documents.voucher(voucher(pay_hold=True), {}, OWN)


def test_dates_are_days_and_the_accounting_date_is_the_posting_date() -> None:
    made = documents.voucher(voucher(posting_date=date(2026, 3, 31), due_date=date(2026, 4, 9)), {}, OWN)
    assert (made["INVOICE_DT"], made["ACCOUNTING_DT"], made["DUE_DT"]) == (DAY, date(2026, 3, 31), date(2026, 4, 9))
