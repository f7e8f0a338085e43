"""Documents that both sides have of their own: each is paired once, by the rules in their order, whatever order they come in."""

from __future__ import annotations

import random
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal

import pytest

from console.compare.pairs import BOTH, DIFFERENT, ERP_ONLY, SOURCE_ONLY, Entered, Pair, paired

DAY = date(2026, 3, 2)


def one(key: str, amount: str = "100.00", number: str = "", party: str = "id:7", **more: object) -> Entered:
    made = {
        "kind": "invoice", "id": key, "numbers": frozenset({number} - {""}), "parties": frozenset({party} - {""}), "party_name": party,
        "day": DAY, "amount": Decimal(amount), "currency": "USD",
    }  # fmt: skip
    return Entered(**{**made, **more})  # type: ignore[arg-type]  # a test's own values


def shown(found: list[Pair]) -> set[tuple[str, str, str]]:
    return {(pair.found, pair.source.id if pair.source else "", pair.erp.id if pair.erp else "") for pair in found}


@pytest.mark.parametrize(
    ("mine", "theirs", "found"),
    [
        (one("s", number="n1"), one("e", number="n1"), BOTH),
        (one("s", number="n1"), one("e", number="x9"), BOTH),
        (one("s"), one("e", day=DAY + timedelta(days=7)), BOTH),
        (one("s", number="n1", party="name:a"), one("e", number="n1", party="name:b"), BOTH),
        (one("s", number="n1"), one("e", "100.01", number="n1"), DIFFERENT),
    ],
)
def test_what_makes_a_pair(mine: Entered, theirs: Entered, found: str) -> None:
    assert shown(paired([mine], [theirs])) == {(found, "s", "e")}


@pytest.mark.parametrize(
    "theirs",
    [
        one("e", day=DAY + timedelta(days=8)),
        one("e", day=None),
        one("e", party="id:8"),
        one("e", "100.01"),
        one("e", "100.01", number="n1", party="id:8"),
        one("e", kind="payment", number="n1"),
        one("e", currency="CAD", number="n1"),
    ],
)
def test_what_makes_none(theirs: Entered) -> None:
    assert shown(paired([one("s", number="n1")], [theirs])) == {(SOURCE_ONLY, "s", ""), (ERP_ONLY, "", "e")}


def test_a_better_pair_goes_before_a_nearer_one() -> None:
    """The number decides before the day: else the second invoice would be left with another's amount."""
    mine = [one("s1", number="n1"), one("s2", number="n2")]
    theirs = [one("e2", number="n2"), one("e1", number="n1", day=DAY + timedelta(days=3))]
    assert shown(paired(mine, theirs)) == {(BOTH, "s1", "e1"), (BOTH, "s2", "e2")}


def test_an_amount_that_differs_never_takes_the_partner_of_an_equal_one() -> None:
    mine = [one("s1", "90.00", number="n1"), one("s2", "100.00", number="n1")]
    assert shown(paired(mine, [one("e", "100.00", number="n1")])) == {(BOTH, "s2", "e"), (SOURCE_ONLY, "s1", "")}


def test_of_equal_payments_the_nearest_is_taken() -> None:
    mine = [one("s", day=DAY)]
    theirs = [one("far", day=DAY + timedelta(days=5)), one("near", day=DAY + timedelta(days=1))]
    assert (BOTH, "s", "near") in shown(paired(mine, theirs))


def test_the_difference_is_source_less_erp() -> None:
    (pair,) = paired([one("s", "90.00", number="n")], [one("e", "100.00", number="n")])
    assert pair.difference == Decimal("-10.00")
    assert [pair.difference for pair in paired([], [one("e", "100.00")])] == [Decimal("-100.00")]


def test_every_document_is_in_one_pair_whatever_the_order() -> None:
    chance = random.Random(13)
    for _ in range(60):
        mine = [_any(chance, f"s{n}") for n in range(chance.randrange(12))]
        theirs = [_any(chance, f"e{n}") for n in range(chance.randrange(12))]
        first = paired(mine, theirs)
        held = Counter(key for pair in first for key in (pair.source and pair.source.id, pair.erp and pair.erp.id) if key)
        assert held == Counter(x.id for x in (*mine, *theirs))
        assert sum((pair.difference for pair in first), Decimal(0)) == sum(x.amount for x in mine) - sum(x.amount for x in theirs)
        again = paired(chance.sample(mine, len(mine)), chance.sample(theirs, len(theirs)))
        assert shown(again) == shown(first)


def _any(chance: random.Random, key: str) -> Entered:
    number, party = chance.choice(("", "n1", "n2", "n3")), chance.choice(("id:1", "id:2", ""))
    day = chance.choice((None, DAY, DAY + timedelta(days=chance.randrange(20))))
    return one(key, chance.choice(("100.00", "90.00", "-5.00")), number, party, day=day, kind=chance.choice(("invoice", "bill")))


@pytest.mark.parametrize("apart", [1, 8])
def test_ten_thousand_equal_documents_take_seconds(apart: int) -> None:
    """A card's fee of the same amount every day, for one vendor: no rule may look at every pair."""
    mine = [one(f"s{n}", day=DAY) for n in range(10_000)]
    theirs = [one(f"e{n}", day=DAY + timedelta(days=apart)) for n in range(10_000)]
    found = Counter(pair.found for pair in paired(mine, theirs))
    assert found == ({BOTH: 10_000} if apart < 8 else {SOURCE_ONLY: 10_000, ERP_ONLY: 10_000})
