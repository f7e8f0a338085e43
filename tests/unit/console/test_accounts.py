"""The demo's accounts cannot say "ok" when they should not."""

from __future__ import annotations

from decimal import Decimal

from console.demo.accounts import Known, Row, balanced, document_row, is_ok, read_row
from systems.demo import Issued, Kept

TEN = Decimal("10.00")
NOTHING = Known({}, {}, {})


def kept(amount: Decimal = TEN, done: bool = True, applied: Decimal = Decimal(0)) -> Kept:
    return Kept("invoice", "000001", "ST-A", amount, "2026-03-02", done, applied)


def filled(issued: Issued, documents: list[Kept], known: Known = NOTHING) -> Row:
    return document_row(Row("A1", "acme"), [issued], {"1": documents} if documents else {}, known)


def test_a_document_of_the_same_amount_is_accounted_for() -> None:
    row = filled(Issued("1", "INV-1", TEN), [kept()])
    assert is_ok([row])
    assert row.as_json()["erp"] == {"count": 1, "amount": "10.00"}


def test_a_cent_of_difference_is_unaccounted() -> None:
    row = filled(Issued("1", "INV-1", TEN), [kept(Decimal("10.01"))])
    assert not is_ok([row])
    assert row.bucket("unaccounted").count == 1


def test_a_second_document_with_one_ref_is_unaccounted() -> None:
    assert not is_ok([filled(Issued("1", "INV-1", TEN), [kept(), kept()])])


def test_a_document_that_is_not_released_is_not_in() -> None:
    row = filled(Issued("1", "INV-1", TEN), [kept(done=False)])
    assert row.bucket("unaccounted").count == 1


def test_a_source_object_that_nobody_knows_is_unaccounted() -> None:
    assert filled(Issued("1", "INV-1", TEN), []).bucket("unaccounted").count == 1


def test_a_held_document_is_accounted_for_and_a_waiting_one_is_not_yet() -> None:
    held = Known({}, {"1": {"state": "HELD", "amount": TEN}}, {})
    waiting = Known({}, {"1": {"state": "WAITING", "amount": TEN}}, {})
    assert is_ok([filled(Issued("1", "INV-1", TEN), [], held)])
    row = filled(Issued("1", "INV-1", TEN), [], waiting)
    assert balanced(row)
    assert not is_ok([row])


def test_an_application_that_is_missing_in_the_erp_is_unaccounted_unless_it_is_held() -> None:
    issued = Issued("1", "PAY-1", TEN, {"7": TEN})
    assert not is_ok([filled(issued, [kept(applied=Decimal(0))])])
    held = Known({}, {"1/7": {"state": "HELD", "amount": TEN}}, {})
    assert is_ok([filled(issued, [kept(applied=Decimal(0))], held)])


def test_a_record_that_was_not_read_is_unaccounted() -> None:
    row = read_row(Row("A5", "acme"), ["a", "b"], ["a"])
    assert (row.bucket("source").count, row.bucket("erp").count, row.bucket("unaccounted").count) == (2, 1, 1)
    assert not is_ok([row])


def test_no_rows_at_all_are_not_ok() -> None:
    assert not is_ok([])


def test_a_master_that_is_kept_up_to_date_agrees_in_its_facts() -> None:
    issued = Issued("1", "V1", Decimal("0.00"), facts={"name": "Cedar Fork", "active": "yes"})

    def there(name: str) -> Kept:
        return Kept("vendor", "7", "ST-A", Decimal("0.00"), "", True, None, {"name": name})

    assert is_ok([filled(issued, [there("Cedar Fork")])])
    row = filled(issued, [there("Cedar Fork, old")])
    assert not is_ok([row])
    assert "name 'Cedar Fork, old', not 'Cedar Fork'" in row.notes[0]


def test_what_settles_no_documents_is_not_asked_what_it_settles() -> None:
    journal = Kept("journal", "1", "ST-A", TEN, "2026-03-02", True, None)
    assert is_ok([filled(Issued("1", "PAY-1", TEN, {"7": TEN}), [journal])])
