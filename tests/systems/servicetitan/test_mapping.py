"""ServiceTitan's objects in our own words: the example pairs, and what may never pass."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.codec import offline_codec
from schemas.errors import Malformed
from systems.mapped import Canonical, Fetch, Filtered
from systems.servicetitan.mapping import to_canonical, to_commands
from tests.systems.servicetitan.examples import FOLDER, READING, example, names, raw, raw_json, written

OWN_NAMES = {"webhook", "warehouse", "truck"}
"""What is read under a name that is no entity of ours."""
ENTITIES = sorted({name.partition(".")[0] for name in names()} - OWN_NAMES | {"dimension"})
CODEC = offline_codec({f"canonical.{entity}": (f"canonical.{entity}",) for entity in ENTITIES})
COORDINATES = {"raw_topic": "raw.servicetitan", "raw_partition": 0, "raw_offset": 0}


def canonical(entity: str, body: Any) -> dict[str, Any]:
    (found,) = to_canonical(raw(entity, json.dumps(body).encode()), READING)
    assert isinstance(found, Canonical), found
    return dict(found.record)


def changed(name: str, change: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
    body = raw_json(name)
    change(body)
    return canonical(name.partition(".")[0], body)


@pytest.mark.parametrize("name", names())
def test_an_example_becomes_what_stands_beside_it(name: str) -> None:
    expected = json.loads((FOLDER / f"{name}.expected.json").read_text())
    assert [written(found) for found in to_canonical(example(name), READING)] == [expected]


@pytest.mark.parametrize("name", [name for name in names() if not name.startswith("webhook")])
def test_an_example_fits_the_schema_of_its_topic(name: str) -> None:
    for found in to_canonical(example(name), READING):
        if isinstance(found, Canonical):
            kind = f"canonical.{found.entity}"
            value = CODEC.encode(kind, kind, {**found.record, **COORDINATES})
            assert CODEC.decode(value)[1]["source_id"] == found.record["source_id"]


BOOKED = "invoice.posted_job_with_tax"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("balance", "0.00"),
        ("syncStatus", "Exported"),
        ("sentStatus", "Sent"),
        ("reviewStatus", "Reviewed"),
        ("modifiedOn", "2026-05-01T00:00:00Z"),
        ("summary", "other words"),
        ("exportId", "ERP-1"),
    ],
)
def test_an_edit_that_moves_no_money_leaves_the_fingerprint(field: str, value: str) -> None:
    before, after = canonical("invoice", raw_json(BOOKED)), changed(BOOKED, lambda body: body.update({field: value}))
    assert after["fingerprint"] == before["fingerprint"]
    assert (after["content_hash"] != before["content_hash"]) == (field != "modifiedOn")


@pytest.mark.parametrize(
    "change",
    [
        lambda body: body.update(total="324.76"),
        lambda body: body.update(salesTax="24.76"),
        lambda body: body.update(invoiceDate="2026-03-03T00:00:00Z"),
        lambda body: body["businessUnit"].update(id=320),
        lambda body: body["items"][0].update(total="199.99"),
        lambda body: body["items"][0].update(skuName="OTHER"),
        lambda body: body["items"][0]["generalLedgerAccount"].update(number="40200"),
        lambda body: body["items"].pop(),
        lambda body: body.update(taxZoneId=78),
    ],
)
def test_an_edit_that_moves_money_changes_the_fingerprint(change: Callable[[dict[str, Any]], Any]) -> None:
    assert changed(BOOKED, change)["fingerprint"] != canonical("invoice", raw_json(BOOKED))["fingerprint"]


def test_a_later_application_leaves_the_fingerprint_of_the_payment() -> None:
    name = "payment.one_for_two_invoices"
    after = changed(name, lambda body: body["appliedTo"].pop())
    assert after["fingerprint"] == canonical("payment", raw_json(name))["fingerprint"]
    assert after["content_hash"] != canonical("payment", raw_json(name))["content_hash"]


def test_neither_the_order_of_members_nor_trailing_zeros_nor_the_order_of_lines_change_a_hash() -> None:
    first = canonical("invoice", raw_json(BOOKED))

    def turn(body: dict[str, Any]) -> None:
        body["items"].reverse()
        body["items"][0]["quantity"] = "2"
        for name in list(reversed(body)):
            body[name] = body.pop(name)

    second = changed(BOOKED, turn)
    assert (first["content_hash"], first["fingerprint"]) == (second["content_hash"], second["fingerprint"])


def test_a_hundred_balance_changes_of_a_customer_are_no_change() -> None:
    name = "customer.residential"
    first = canonical("customer", raw_json(name))
    for cents in range(100):
        after = changed(name, lambda body: body.update(balance=cents / 4, modifiedOn=f"2026-04-01T00:00:00.{cents:03}Z"))  # noqa: B023
        assert after["content_hash"] == first["content_hash"]
        assert after["source_version"] > first["source_version"]


def test_the_row_of_an_export_equals_the_row_of_a_list() -> None:
    """A customer's export row has no external data; without a key of ours in it both are the same content."""
    listed = canonical("customer", raw_json("customer.residential"))
    exported = changed("customer.residential", lambda body: body.pop("externalData"))
    assert listed == exported


@pytest.mark.parametrize(
    ("written_as", "fixed"),
    [
        ("2026-03-02T22:15:30Z", "2026-03-02T22:15:30.0000000Z"),
        ("2026-03-02T22:15:30.5Z", "2026-03-02T22:15:30.5000000Z"),
        ("2026-03-02T22:15:30.2876004Z", "2026-03-02T22:15:30.2876004Z"),
        ("2026-03-02T16:15:30.25-06:00", "2026-03-02T22:15:30.2500000Z"),
        ("2026-03-02T22:15:30", "2026-03-02T22:15:30.0000000Z"),
        (None, ""),
    ],
)
def test_the_version_is_the_change_time_in_a_form_that_sorts(written_as: str | None, fixed: str) -> None:
    assert changed(BOOKED, lambda body: body.update(modifiedOn=written_as))["source_version"] == fixed


MONEY = st.decimals(min_value=-(10**14), max_value=10**14, places=2, allow_nan=False, allow_infinity=False)


@given(MONEY)
def test_money_is_the_same_in_both_spellings_and_exact(amount: Decimal) -> None:
    body = raw_json("credit_memo.partly_applied")
    body["total"] = "AMOUNT"
    text = json.dumps(body)
    for spelling in (f'"{amount}"', f"{amount}"):
        (found,) = to_canonical(raw("credit_memo", text.replace('"AMOUNT"', spelling).encode()), READING)
        assert isinstance(found, Canonical)
        assert found.record["total"] == amount
        assert not (amount == 0 and found.record["total"].is_signed())


@pytest.mark.parametrize("spelling", ['"-0"', '"-0.00"', "-0", "-0.0", "0", '"0.0000"'])
def test_a_negative_zero_is_zero(spelling: str) -> None:
    body = json.dumps({**raw_json(BOOKED), "balance": "AMOUNT"}).replace('"AMOUNT"', spelling)
    (found,) = to_canonical(raw("invoice", body.encode()), READING)
    assert isinstance(found, Canonical)
    assert (found.record["balance"], found.record["balance"].is_signed()) == (0, False)


@pytest.mark.parametrize(
    "spelling",
    [
        '"1,234.56"',
        '"1e3"',
        "1e3",
        "1E+3",
        '"1234567890123456789"',
        "1234567890123456789",
        '"1.00001"',
        "1.00001",
        '"$5"',
        '" 5"',
        '"+5"',
        '"5."',
        '".5"',
        '""',
        '"NaN"',
        '"Infinity"',
        "true",
        "[]",
        '"0x10"',
        '"\u0665"',
        '"1_000"',
        '"(5.00)"',
        "null",
    ],
)
def test_what_is_no_plain_amount_is_malformed(spelling: str) -> None:
    body = raw_json(BOOKED)
    body["total"] = "AMOUNT"
    with pytest.raises(Malformed, match=r"invoice 101679: total"):
        to_canonical(raw("invoice", json.dumps(body).replace('"AMOUNT"', spelling).encode()), READING)


@given(st.text(st.sampled_from("0123456789.,-+eE $"), max_size=24))
def test_an_amount_is_read_exactly_or_not_at_all(spelling: str) -> None:
    body = raw_json(BOOKED)
    body["salesTax"] = spelling
    try:
        found = canonical("invoice", body)["tax"]
    except Malformed:
        return
    assert found == Decimal(spelling)
    assert "," not in spelling
    assert "e" not in spelling.lower()


@pytest.mark.parametrize(
    ("value", "day"),
    [
        ("2026-03-02T00:00:00Z", date(2026, 3, 2)),
        ("2026-03-02T00:00:00.0000000Z", date(2026, 3, 2)),
        ("2026-03-02T00:00:00", date(2026, 3, 2)),
        ("2026-03-02", date(2026, 3, 2)),
        ("2026-03-02T05:59:59.9999999Z", date(2026, 3, 1)),
        ("2026-03-02T06:00:00Z", date(2026, 3, 2)),
        ("0001-01-01T00:00:00", None),
        ("9999-12-31T00:00:00Z", date(9999, 12, 31)),
        (None, None),
        ("", None),
    ],
)
def test_a_calendar_date_is_not_shifted_and_a_timestamp_is_the_tenants_day(value: str | None, day: date | None) -> None:
    assert changed(BOOKED, lambda body: body.update(invoiceDate=value))["invoice_date"] == day


@pytest.mark.parametrize("value", ["yesterday", "2026-13-01T00:00:00Z", "2026-03-02T25:00:00Z", 20260302, "2026-02-30"])
def test_what_is_no_date_is_malformed(value: Any) -> None:
    with pytest.raises(Malformed, match="invoiceDate"):
        changed(BOOKED, lambda body: body.update(invoiceDate=value))


@pytest.mark.parametrize("value", ["usd ", "US", "usd", 840])
def test_a_currency_that_is_no_code_is_malformed(value: Any) -> None:
    with pytest.raises(Malformed, match="currency"):
        changed("business_unit.with_mapping_aids", lambda body: body.update(currency=value))


@pytest.mark.parametrize(
    "body", [b"[]", b"7", b"{}", b'{"id": null}', b'{"id": 0}', b'{"id": -4}', b'{"id": true}', b"<html>", b""]
)
def test_what_is_no_object_with_an_id_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        to_canonical(raw("invoice", body), READING)


def test_a_hint_is_read_again_and_nothing_of_it_is_believed() -> None:
    assert to_canonical(raw("invoice", b"not even json", "hint", "101679"), READING) == [Fetch("invoice", "101679", "hint")]


def test_an_entity_without_a_canonical_form_is_filtered_by_name() -> None:
    (found,) = to_canonical(raw("technician", b'{"id": 1}'), READING)
    assert isinstance(found, Filtered)
    assert "technician" in found.reason


def test_vendor_texts_are_data() -> None:
    """Formula, control, bidi and quote characters stay as they are; the windows that show them escape them."""
    hostile = "=HYPERLINK(\"http://x\")\u202e\x1b[31m O'Brien' or 1 eq 1 --"
    assert changed("customer.residential", lambda body: body.update(name=hostile))["name"] == hostile


def test_what_servicetitan_is_the_source_of_never_comes_back() -> None:
    assert to_commands("vendor", {"system": "servicetitan"}, None) == []  # type: ignore[arg-type]  # not looked at


@pytest.mark.parametrize("pages", [[], [b"{}"], [b"[]"], [b'{"data": [7]}'], [b'{"data": null}']])
def test_a_deposit_without_its_payments_is_refused(pages: list[bytes]) -> None:
    deposit = example("bank_deposit.two_cards_less_fees") | {"further": pages}
    with pytest.raises(Malformed):
        to_canonical(deposit, READING)


def test_a_split_of_a_vendor_payment_that_is_taken_back_is_unapplied() -> None:
    found = canonical("ap_payment", raw_json("ap_payment.two_bills_and_a_rest"))
    assert (found["total"], found["unapplied"]) == (Decimal(165), Decimal(10))
    assert [(one["document_id"], one["amount"]) for one in found["applications"]] == [("2001", Decimal(140)), ("2002", Decimal(15))]
    gone = canonical("ap_payment", raw_json("ap_payment.cancelled"))
    assert (gone["unapplied"], gone["canceled_on"] is not None, gone["active"]) == (Decimal(165), True, False)


def test_a_return_that_is_canceled_has_another_fingerprint() -> None:
    whole = raw_json("return.with_tax_and_its_credit")
    kept, gone = canonical("return", whole), canonical("return", whole | {"status": "Canceled"})
    assert (kept["canceled_on"], gone["canceled_on"] is not None) == (None, True)
    assert kept["fingerprint"] != gone["fingerprint"]
    assert canonical("return", whole | {"status": "Returned", "memo": "other words"})["fingerprint"] == kept["fingerprint"]
