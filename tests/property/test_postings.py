"""Random invoices and payments as postings: journals balance to the cent, vouchers are their lines, no line is lost or booked twice.

A seeded generator of the field-service side's records, and an arithmetic of its own to hold the mapping against; a failure names its number, so
that `invoice_of(number)` gives the record again.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from random import Random
from time import monotonic
from typing import Any

import pytest

from systems.mapped import Draft, NoCommand, Plan
from systems.peoplesoft.mapping import to_commands
from tests.systems.field_service import application, invoice, invoice_line, payment
from tests.systems.peoplesoft.mapping import ground

CENT = Decimal("0.01")
ZERO = Decimal(0)
INVOICES, VOUCHERS, PAYMENTS = 100_000, 20_000, 10_000
UNITS = (("Plumbing - Service", "1"), ("HVAC - Install", "2"), ("", ""))
KINDS = ("Service", "Material", "PriceModifier", "Odd")
SKUS = ("PIPE", "FAN", "MEMBER", "SVC-1")
ACCOUNTS = {"MEMBER": "405000", "Service": "401000", "Material": "401000", "PriceModifier": "409000", "Odd": "400000"}
COSTS = {"MEMBER": "509000", "Service": "503000", "Material": "501000", "PriceModifier": "509000", "Odd": "500000"}
ZONES = {"77": {"220000"}, "88": {"220000", "220100"}, "nowhere": {"220000"}}
VENDORS = {"PIPE": "0000000001", "FAN": "0000000002"}
CLEARING = "0000000003"


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)


def progress(name: str, count: int) -> Iterator[int]:
    """The numbers up to `count`, telling every tenth of them how far it is."""
    began = monotonic()
    for number in range(count):
        if number % (count // 10) == 0:
            sys.stderr.write(f"{name}: {number} of {count}, {monotonic() - began:.1f} s\n")
        yield number


# --- the source -------------------------------------------------------------------------------------------------------


def _amount(random: Random) -> Decimal:
    kind = random.random()
    if kind < 0.1:
        return ZERO
    if kind < 0.2:
        return Decimal(random.randint(-999_999, 9_999_999)).scaleb(-4)
    return Decimal(random.randint(-50_000, 900_000)).scaleb(-2)


def _line(random: Random, number: int) -> dict[str, Any]:
    name, source_id = random.choice(UNITS)
    amount, cost = _amount(random), _amount(random)
    return invoice_line(
        str(amount),
        str(number + 1),
        kind=random.choice(KINDS),
        sku_code=random.choice(SKUS),
        cost=cost,
        unit_cost=cost,
        quantity=Decimal(random.choice((1, 1, 2, 3))),
        business_unit_name=name,
        business_unit_id=source_id,
        from_inventory=random.random() < 0.2,
    )


def invoice_of(number: int) -> dict[str, Any]:
    """The invoice of a number: some add up, some are a few cents off, some far."""
    random = Random(number)
    lines = [_line(random, at) for at in range(random.randint(0, 8))]
    tax = ZERO if random.random() < 0.2 else Decimal(random.randint(0, 90_000)).scaleb(-2)
    total = cents(sum((one["amount"] for one in lines), ZERO) + tax)
    total += random.choice((ZERO, ZERO, ZERO, CENT * random.randint(-5, 5), Decimal(random.randint(-9999, 9999)).scaleb(-2)))
    return invoice(lines, tax=tax, total=total, tax_zone_id=random.choice(list(ZONES)), source_id=str(number))


def plan_of(number: int, profile: str = "journal") -> Plan:
    return PLANS[profile, number % 2 == 0]


def _plan(profile: str, *, is_by_default: bool) -> Plan:
    policies = dict.fromkeys(("line_type", "tax_zone"), "default" if is_by_default else "hold")
    units = {name: {**row, "clearing_vendor": CLEARING} for name, row in ground.TABLES["business_unit"].items()}
    kinds = {name: {"cost_account": "509000", **row} for name, row in ground.TABLES["line_type"].items()}
    tables = {**ground.TABLES, "business_unit": units, "line_type": kinds}
    own = ground.settings(policies=policies, profile=profile, accounts=ground.accounts(rounding_limit="0.10"))
    return ground.plan(tables, settings=own)


PLANS = {(profile, one): _plan(profile, is_by_default=one) for profile in ("journal", "voucher") for one in (True, False)}


def key_of(line: Mapping[str, Any]) -> str:
    """What decides a line's account here: its sku where that has a row, else its kind."""
    return "MEMBER" if line["sku_code"] == "MEMBER" else str(line["kind"])


# --- journals ---------------------------------------------------------------------------------------------------------


def check_journal(record: Mapping[str, Any], made: Draft, *, is_by_default: bool) -> None:
    lines: Sequence[Mapping[str, Any]] = made.body["lines"]
    sold = {one["line_id"]: one for one in record["lines"] if cents(one["amount"])}
    booked = [one for one in lines if one["role"] in ("line", "discount")]
    assert [one["source_line_id"] for one in booked] == list(sold)
    for one in booked:
        source = sold[one["source_line_id"]]
        assert one["amount"] == -cents(source["amount"])
        assert one["account"] == (ACCOUNTS[key_of(source)] if key_of(source) != "Odd" or is_by_default else "")
    assert bool(made.unresolved) == any(not one["account"] for one in lines)
    taxes = [one for one in lines if one["role"] == "tax"]
    assert ground.total(made, "tax") == -record["tax"]
    zone = record["tax_zone_id"]
    assert {one["account"] for one in taxes} <= (ZONES[zone] if zone != "nowhere" or is_by_default else {""})
    assert ground.total(made, "receivable") == made.amount == record["total"]
    assert all(one["amount"] == cents(one["amount"]) != 0 for one in lines)
    assert {one["role"] for one in lines} <= {"receivable", "line", "discount", "tax", "rounding"}
    gap = record["total"] - record["tax"] - sum((cents(one["amount"]) for one in sold.values()), ZERO)
    if made.hold == "total_mismatch" or abs(gap) > Decimal("0.10"):
        assert abs(gap) > Decimal("0.10")
        assert made.hold == "total_mismatch"
        return
    assert ground.total(made, "rounding") == -gap
    assert ground.total(made) == 0
    assert sum(one["amount"] for one in lines if one["amount"] > 0) == -sum(one["amount"] for one in lines if one["amount"] < 0)


@pytest.mark.slow
def test_a_hundred_thousand_invoices_become_balanced_journals() -> None:
    held = balanced = nothing = 0
    for number in progress("journals", INVOICES):
        record = invoice_of(number)
        try:
            made, *told = to_commands("invoice", record, plan_of(number))
            assert [one.action for one in told if isinstance(one, Draft)] == (["nothing"] if isinstance(made, NoCommand) else [])
            if isinstance(made, NoCommand):
                nothing += 1
                assert record["total"] == 0
                assert not any(one["amount"] for one in record["lines"])
                continue
            assert (made.record, made.purpose, made.parents) == ("journal", "sale", ())
            check_journal(record, made, is_by_default=number % 2 == 0)
        except AssertionError as error:
            raise AssertionError(f"invoice_of({number}): {error}") from error
        held += bool(made.hold or made.unresolved)
        balanced += not made.hold
    assert balanced > INVOICES // 2
    assert held > INVOICES // 20
    assert nothing > 10


# --- vouchers ---------------------------------------------------------------------------------------------------------


def check_vouchers(record: Mapping[str, Any], made: Sequence[Draft | NoCommand], *, is_by_default: bool) -> None:
    drafts = [one for one in made if isinstance(one, Draft) and one.record != "completion"]
    tells_nothing = [one.action for one in made if isinstance(one, Draft) and one.record == "completion"]
    assert tells_nothing == ([] if drafts else ["nothing"])
    owed = {one["line_id"]: one for one in record["lines"] if cents(one["cost"]) and not one["from_inventory"]}
    booked = [(one, line) for one in drafts for line in one.body["lines"]]
    assert sorted(line["source_line_id"] for _, line in booked) == sorted(owed)
    for draft, line in booked:
        source = owed[line["source_line_id"]]
        assert line["amount"] == cents(source["cost"])
        assert line["account"] == (COSTS[key_of(source)] if key_of(source) != "Odd" or is_by_default else "")
        assert draft.part == VENDORS.get(source["sku_code"], CLEARING) == draft.body["dimensions"]["VENDOR_ID"]
    for one in drafts:
        assert (one.record, one.purpose, one.amount) == ("ap_bill", "payable", ground.total(one))
        assert bool(one.hold) == (one.amount < 0)
    assert len({one.part for one in drafts}) == len(drafts)
    by_receipt = sum((cents(one["cost"]) for one in record["lines"] if one["from_inventory"]), ZERO)
    assert sum((one.amount for one in made if isinstance(one, NoCommand)), ZERO) == by_receipt
    assert sum((one.amount for one in made), ZERO) == sum((cents(one["cost"]) for one in record["lines"]), ZERO)


@pytest.mark.slow
def test_vouchers_are_their_lines_and_all_parts_the_cost_of_what_is_owed() -> None:
    parts = 0
    for number in progress("vouchers", VOUCHERS):
        record = invoice_of(number)
        made = to_commands("invoice", record, plan_of(number, "voucher"))
        try:
            check_vouchers(record, made, is_by_default=number % 2 == 0)
        except AssertionError as error:
            raise AssertionError(f"invoice_of({number}): {error}") from error
        parts += sum(isinstance(one, Draft) for one in made)
    assert parts > VOUCHERS


# --- payments ---------------------------------------------------------------------------------------------------------


def payment_of(number: int) -> dict[str, Any]:
    """The payment of a number: settling something or not, refunds, voids, every type."""
    random = Random(number)
    total = Decimal(random.randint(-20_000, 900_000)).scaleb(-2)
    settled = [application(str(at), str(random.randint(-50, 500)), str(at)) for at in range(random.randint(0, 3))]
    return payment(
        str(total),
        settled,
        source_id=str(number),
        type_name=random.choice(("Check", "Credit Card", "Crypto")),
        active=random.random() < 0.9,
        refunded_payment_id=random.choice(("", "", "", "7")),
        business_unit_name=random.choice(("Plumbing - Service", "HVAC - Install", "New")),
        currency=random.choice(("USD", "USD", "USD", "CAD")),
    )


@pytest.mark.parametrize("profile", ["journal", "voucher"])
@pytest.mark.parametrize("writer", ["interface", "staging"])
def test_a_payment_is_a_balanced_journal_and_never_a_voucher(profile: str, writer: str) -> None:
    """A collection that became a payable would be paid out (accounting 13)."""
    own = ground.settings(profile=profile, voucher={"writer": writer, "amount_basis": "price"})
    plan = replace(ground.plan(), settings=own)
    for number in progress("payments", PAYMENTS // 4):
        record = payment_of(number)
        for made in to_commands("payment", record, plan):
            if isinstance(made, NoCommand):
                continue
            assert made.record in ("journal", "reversal"), number
            assert made.purpose == "collection", number
            assert made.amount == record["total"], number
            if made.record == "journal":
                assert [one["role"] for one in made.body["lines"]] == ["cash", "receivable"], number
                assert ground.total(made) == 0, number
                assert ground.total(made, "cash") == record["total"], number
