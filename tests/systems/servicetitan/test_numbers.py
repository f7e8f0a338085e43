"""What is posted is exact; a number that no posting depends on is rounded or left out, and noted."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.codec import offline_codec
from schemas.errors import Malformed
from systems.mapped import Canonical
from systems.servicetitan.mapping import to_canonical
from systems.servicetitan.values import plain
from systems.values.numbers import MONEY, near
from tests.systems.servicetitan.examples import READING, raw, raw_json

INVOICE, BILL, PAYMENT = "invoice.posted_job_with_tax", "bill.received_order_with_tax_and_shipping", "payment.unapplied"
CODEC = offline_codec({f"canonical.{entity}": (f"canonical.{entity}",) for entity in ("invoice", "bill", "payment")})


def _changed(name: str, change: Callable[[dict[str, Any]], Any]) -> Canonical:
    body = raw_json(name)
    change(body)
    entity = name.partition(".")[0]
    spelled = orjson.dumps(body, default=lambda number: orjson.Fragment(str(number)))
    (found,) = to_canonical(raw(entity, spelled), READING)
    assert isinstance(found, Canonical)
    CODEC.encode(
        f"canonical.{entity}", f"canonical.{entity}", {**found.record, "raw_topic": "", "raw_partition": 0, "raw_offset": 0}
    )
    return found


def _first_line(found: Canonical, name: str) -> dict[str, Any]:
    [line] = [one for one in found.record["lines"] if one["line_id"] == str(raw_json(name)["items"][0]["id"])]
    return dict(line)


@pytest.mark.parametrize(
    ("field", "name", "value", "kept"),
    [
        ("price", "unit_price", "33.33333333", "33.333333"),
        ("price", "unit_price", Decimal("33.33333333"), "33.333333"),
        ("quantity", "quantity", "1.2345678901234", "1.234568"),
        ("quantity", "quantity", Decimal("0.3333333333333333"), "0.333333"),
        ("quantity", "quantity", "1,5", "0"),
        ("quantity", "quantity", "1" * 40, "0"),
        ("quantity", "quantity", Decimal("1E+30"), "0"),
        ("cost", "unit_cost", "0.00000001", "0"),
        ("cost", "unit_cost", {"value": 1}, None),
        ("totalCost", "cost", "80.123456", "80.1235"),
        ("totalCost", "cost", "80.1449999", "80.1449"),
    ],
)
def test_a_number_of_a_line_that_the_posting_does_not_need_is_rounded_or_left_out(
    field: str, name: str, value: Any, kept: str | None
) -> None:
    found = _changed(INVOICE, lambda body: body["items"][0].update({field: value}))
    assert _first_line(found, INVOICE)[name] == (None if kept is None else Decimal(kept))
    assert len(found.notes) == 1
    assert found.notes[0].startswith(field)


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ({"totalCost": "1,324.75", "cost": "10", "quantity": "2"}, (None, None)),
        ({"totalCost": "$20", "cost": "10", "quantity": "2"}, (None, None)),
        ({"totalCost": None, "cost": "10", "quantity": "1,5"}, (None, None)),
        ({"totalCost": None, "cost": "10", "quantity": None}, (None, None)),
        ({"totalCost": None, "cost": "33.33333333", "quantity": "100000"}, (Decimal("33.333333"), Decimal("3333333.33"))),
        ({"totalCost": None, "cost": "900000", "quantity": "0.3333333333333"}, (Decimal(900000), Decimal("300000.00"))),
        ({"totalCost": None, "cost": "10.50", "quantity": "2"}, (Decimal("10.5"), None)),
        ({"totalCost": "21.5", "cost": "10.50", "quantity": "2,0"}, (Decimal("10.5"), Decimal("21.5"))),
    ],
)
def test_a_cost_that_a_payable_may_post_never_becomes_another_one(
    change: dict[str, Any], kept: tuple[Decimal | None, Decimal | None]
) -> None:
    """Quantity `1,5` counted as 0, so the line was a payable of 0; of a price of 8 places and a large quantity three cents were lost."""
    line = _first_line(_changed(INVOICE, lambda body: body["items"][0].update(change)), INVOICE)
    assert (line["unit_cost"], line["cost"]) == kept


@pytest.mark.parametrize("name", ["balance", "subTotal"])
def test_a_header_number_that_the_posting_does_not_need_is_noted(name: str) -> None:
    found = _changed(INVOICE, lambda body: body.update({name: "1.123456"}))
    assert found.record[name.lower()] == Decimal("1.1235")
    assert found.notes == (f"{name} 1.123456 rounded to 1.1235",)


def test_trailing_zeros_change_nothing_and_are_not_noted() -> None:
    before = _changed(INVOICE, lambda _: None)
    after = _changed(INVOICE, lambda body: body.update(total="324.7500000000", subTotal="300.000000000000"))
    assert (before.record, before.notes) == (after.record, after.notes)
    assert _changed(INVOICE, lambda body: body.update(total=Decimal("324.7500000000"))).record == before.record


@pytest.mark.parametrize(
    "value",
    ["1\u00a0324.75", "(5.00)", "$5", "5-", "1.324,75", "NaN", "Infinity", "1e2", "+5", ".5", "5.", " 5", "0x5", "1_0", "", "\u22125", "٥", "５",
     [5], {"value": 5}, False, Decimal("0.30000000000000004"), Decimal("1E-5")],
)  # fmt: skip
@pytest.mark.parametrize(("name", "field"), [(INVOICE, "total"), (INVOICE, "salesTax"), (PAYMENT, "total"), (BILL, "billAmount")])
def test_an_amount_that_is_posted_and_no_plain_decimal_is_refused(name: str, field: str, value: Any) -> None:
    with pytest.raises(Malformed):
        _changed(name, lambda body: body.update({field: value}))


@pytest.mark.parametrize("value", ["324.75001", "1,324.75", "1" * 16, Decimal("1E+20"), Decimal("1234.5600000000002"), None, True])
def test_what_is_posted_is_exact_or_refused(value: Any) -> None:
    for change in (
        lambda body: body.update(total=value),
        lambda body: body["items"][0].update(total=value),
    ):
        with pytest.raises(Malformed):
            _changed(INVOICE, change)
    with pytest.raises(Malformed):
        _changed(PAYMENT, lambda body: body.update(total=value))


def test_a_line_of_a_bill_is_worth_what_all_places_of_its_factors_say() -> None:
    found = _changed(BILL, lambda body: body["items"][0].update(quantity="1234567.1234567", cost="9.99999999"))
    exact = (Decimal("1234567.1234567") * Decimal("9.99999999")).quantize(Decimal("0.01"), ROUND_HALF_UP)
    assert (_first_line(found, BILL)["amount"], len(found.notes)) == (exact, 2)


@pytest.mark.parametrize("value", ["9" * 13 + ".999999", "9" * 40, Decimal("1E+40"), "x", None])
def test_a_line_of_a_bill_that_cannot_be_worked_out_is_malformed(value: Any) -> None:
    """Thirteen nines twice made a number that a Decimal of 28 digits cannot round: `InvalidOperation` stopped the hop."""
    with pytest.raises(Malformed):
        _changed(BILL, lambda body: body["items"][0].update(quantity=value, cost=value))


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**14), max_value=10**14))
def test_money_that_is_rounded_twice_is_what_it_is_rounded_once(value: Decimal) -> None:
    kept, cent = near(value, MONEY, "x", []), Decimal("0.01")
    assert kept is not None
    assert kept.quantize(cent, ROUND_HALF_UP) == value.quantize(cent, ROUND_HALF_UP)
    assert abs(kept - value) <= Decimal("0.0001")


@pytest.mark.parametrize(
    ("markup", "words"),
    [
        ("<p>Replace<br/>valve</p>", "Replace\nvalve"),
        ("a < b &amp; c", "a < b & c"),
        ("<script>x<p></script>seen<style>p{}", "seen"),
        ("<!-- no -->yes<!-- never ends", "yes"),
        ("&#" + "9" * 5000 + ";", "\N{REPLACEMENT CHARACTER}"),
        ("&#x" + "f" * 5000 + ";", "\N{REPLACEMENT CHARACTER}"),
        ("<a " * 20_000, ("<a " * 20_000).strip()),
        ("<![if " * 20_000, ("<![if " * 20_000).strip()),
    ],
)
def test_markup_of_any_kind_is_a_text(markup: str, words: str) -> None:
    assert plain({"summary": markup}, "summary") == words
