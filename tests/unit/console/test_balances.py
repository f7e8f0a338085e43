"""Open balances of both sides: what is explained by name accounts for a difference, and nothing else does."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from console.demo.balances import Balance, Pairs, are_equal, as_json, compared, costs_of, sentences
from console.reconcile import findings as f
from console.reconcile.findings import Finding, Judged
from systems import registry
from systems.demo import TOGETHER, Balances

CUSTOMER = {"customer": Pairs({"7": "C7", "8": "C8"}, {})}


def judged(entity: str, source_id: str, party: str, *findings: Finding, source: str | None = "0.00") -> Judged:
    """A document of a party, with its differences."""
    amount = None if source is None else Decimal(source)
    return Judged("A1", entity, source_id, None, party, "Ana", "", "USD", amount, (), findings, source_id)


def finding(kind: str, difference: str, by: str = "") -> Finding:
    return Finding(kind, Decimal(difference), Decimal(difference), by=by)


def customers(ours: dict[str, str], theirs: dict[str, str], *documents: Judged, pairs: Any = None) -> dict[str, Balance]:
    """The balances of the customers, by their first id."""
    sides = [Balances({key: Decimal(value) for key, value in side.items()}, {}) for side in (ours, theirs)]
    found = compared("acme", (sides[0], sides[1]), pairs or CUSTOMER, documents)
    return {one.ids[0]: one for one in found.of["customers"]}


def left(*arguments: Any, **more: Any) -> list[Decimal]:
    """What is different of each customer that has something left."""
    return [one.different for one in customers(*arguments, **more).values() if one.different]


def test_equal_balances_are_equal_and_one_cent_is_not() -> None:
    assert left({"7": "100.00", "8": "5.00"}, {"C7": "100.00", "C8": "5.00"}) == []
    assert left({"7": "100.00", "8": "5.00"}, {"C7": "100.01", "C8": "5.00"}) == [Decimal("-0.01")]


@pytest.mark.parametrize("kind", sorted(f.EXPLAINED))
def test_what_is_named_on_a_list_accounts_for_its_amount(kind: str) -> None:
    document = judged("invoice", "1", "7", finding(kind, "40.00"))
    assert left({"7": "100.00"}, {"C7": "60.00"}, document) == []
    assert left({"7": "100.00"}, {"C7": "61.00"}, document) == [Decimal("-1.00")]


@pytest.mark.parametrize("kind", sorted(f.CLASSES.keys() - f.EXPLAINED))
def test_what_is_on_no_list_accounts_for_nothing_unless_its_correction_is_held(kind: str) -> None:
    assert left({"7": "100.00"}, {"C7": "60.00"}, judged("invoice", "1", "7", finding(kind, "40.00"))) == [Decimal("40.00")]
    held = judged("invoice", "1", "7", finding(kind, "40.00", by="a|held|op-key"))
    assert left({"7": "100.00"}, {"C7": "60.00"}, held) == []


@pytest.mark.parametrize(("entity", "change"), [("invoice", "40.00"), ("payment", "-40.00"), ("credit_memo", "-40.00")])
def test_a_payment_or_credit_that_is_held_makes_the_source_owe_less(entity: str, change: str) -> None:
    source = Decimal("100.00") + Decimal(change)
    assert left({"7": f"{source}"}, {"C7": "100.00"}, judged(entity, "1", "7", finding(f.HELD, "40.00"))) == []


def test_what_is_held_of_one_customer_explains_nothing_of_another() -> None:
    document = judged("invoice", "1", "8", finding(f.HELD, "40.00"))
    assert left({"7": "100.00", "8": "0.00"}, {"C7": "60.00", "C8": "0.00"}, document) == [Decimal("40.00"), Decimal("-40.00")]


def test_a_document_that_several_flows_take_explains_its_amount_once() -> None:
    twice = [judged("invoice", "1", "7", finding(f.HELD, "40.00"))] * 2
    assert left({"7": "100.00"}, {"C7": "60.00"}, *twice) == []


def test_merged_customers_are_compared_together() -> None:
    """The source moves the documents to the survivor; in the ERP they stay with whom they were posted to."""
    ours, theirs = {"7": "0.00", "8": "30.00"}, {"C7": "10.00", "C8": "20.00"}
    assert left(ours, theirs) != []
    merged = {"customer": Pairs({"7": "C7", "8": "C8"}, {"7": "8"})}
    (one,) = customers(ours, theirs, pairs=merged).values()
    assert (one.different, len(one.ids)) == (Decimal(0), 4)


def test_books_that_know_no_customer_are_compared_in_one_sum() -> None:
    (one,) = customers({"7": "10.00", "8": "20.00"}, {TOGETHER: "30.00"}, pairs={"customer": Pairs({}, {})}).values()
    assert one.different == 0
    assert left({"7": "10.00", "8": "20.00"}, {TOGETHER: "30.50"}, pairs={"customer": Pairs({}, {})}) == [Decimal("-0.50")]


def test_a_balance_that_the_erp_alone_has_is_different() -> None:
    assert left({"7": "10.00"}, {"C7": "10.00", "C99": "5.00"}) == [Decimal("-5.00")]
    stray = judged("invoice", "INV-1", "C99", finding(f.UNKNOWN_SOURCE, "-5.00"), source=None)
    assert left({"7": "10.00"}, {"C7": "10.00", "C99": "5.00"}, stray) == [Decimal("-5.00")]


def test_a_customer_without_a_partner_is_compared_with_nothing() -> None:
    assert left({"9": "10.00"}, {}) == [Decimal("10.00")]
    assert left({"9": "10.00"}, {}, judged("invoice", "1", "9", finding(f.HELD, "10.00"))) == []


def test_bills_change_the_balance_of_their_vendor_and_of_no_customer_of_the_same_id() -> None:
    sides = (Balances({"7": Decimal(0)}, {"7": Decimal("80.00")}), Balances({"C7": Decimal(0)}, {"V7": Decimal("50.00")}))
    pairs = {"customer": Pairs({"7": "C7"}, {}), "vendor": Pairs({"7": "V7"}, {})}
    found = compared("acme", sides, pairs, [judged("bill", "1", "7", finding(f.HELD, "30.00"))])
    assert as_json([found]) == {"customers": {"compared": 1, "different": 0}, "vendors": {"compared": 1, "different": 0}}
    credit = compared("acme", sides, pairs, [judged("vendor_credit", "1", "7", finding(f.HELD, "30.00"))])
    assert as_json([credit])["vendors"] == {"compared": 1, "different": 1}


def test_nothing_compared_is_no_equality() -> None:
    nobody = (Balances({}, {}), Balances({}, {}))
    assert not are_equal([])
    assert not are_equal([compared("acme", nobody, {}, [])])


def test_books_that_keep_no_balances_of_a_kind_are_not_compared_in_it() -> None:
    sides = (Balances({"7": Decimal(10)}, {"8": Decimal(5)}), Balances(None, {"V8": Decimal(5)}))
    found = compared("acme", sides, {"vendor": Pairs({"8": "V8"}, {})}, [])
    assert (are_equal([found]), as_json([found])["customers"]) == (True, {"compared": 0, "different": 0})
    assert as_json([found])["vendors"] == {"compared": 1, "different": 0}


def test_what_differs_is_told_by_name_with_both_figures_and_what_explains_part_of_it() -> None:
    documents = [judged("invoice", "1", "7", finding(f.HELD, "40.00")), judged("invoice", "2", "7", finding(f.NOT_DUE, "1.50"))]
    sides = (Balances({"7": Decimal("100.00")}, {}), Balances({"C7": Decimal("50.00")}, {}))
    found = compared("acme", sides, CUSTOMER, documents)
    assert found.notes == [
        "acme balance of customer Ana (C7, 7): 100.00 at the source, 50.00 in the ERP, explained: held 1 / 40.00, not_due 1 / 1.50; "
        "8.50 is left"
    ]
    assert next(sentences(found)) == (
        "acme: open balances of customers: 1 compared, 1 different; source 100.00 = ERP 50.00 + held 1 / 40.00 + not due 1 / 1.50"
    )


def test_what_a_sale_cost_explains_no_customers_balance() -> None:
    """An invoice is a sale to its customer and a cost to vendors. Of the cost, what came out of the inventory is left out, and was taken for a part
    of the customer's balance."""
    assert costs_of(registry.system("netsuite").flows) == {"N1"}
    assert costs_of(registry.system("acumatica").flows) == costs_of(registry.system("oracle_fusion").flows) == frozenset()
