"""The demo's accounts cannot say "ok" when they should not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from console.books.document_keys import DocumentKey, by_key, later_refs, refs_by
from console.cli.demo import report
from console.demo.accounts import Decided, FlowFacts, Row, balanced, document_row, is_ok, read_row
from console.demo.balances import Compared, Pairs, compared
from console.demo.day import Outcome
from console.demo.facts import Topics
from systems.demo import Balances, BookedDocument, Expected, Issued, IssuedLine, at_cost, whole
from topology.rules.identity import Books, op_key, ref_of

TEN = Decimal("10.00")


def equal() -> Compared:
    """Balances of a connection that are equal."""
    return compared("acme", (Balances({"7": TEN}, {}), Balances({"C7": TEN}, {})), {"customer": Pairs({"7": "C7"}, {})}, [])


NOTHING = FlowFacts({}, {}, {})
SALE = DocumentKey("1", "sale")


def kept(amount: Decimal = TEN, done: bool = True, applied: Decimal = Decimal(0)) -> BookedDocument:
    return BookedDocument("invoice", "000001", "ST-A", amount, "2026-03-02", done, applied)


def filled(issued: Issued, documents: list[BookedDocument], known: FlowFacts = NOTHING) -> Row:
    (expected,) = whole("sale", issued)
    return document_row(Row("A1", "acme", "sale"), [(issued, expected)], {SALE: documents}, known)


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
    held = FlowFacts({}, {SALE: {"state": "HELD", "amount": TEN}}, {})
    waiting = FlowFacts({}, {SALE: {"state": "WAITING", "amount": TEN}}, {})
    assert is_ok([filled(Issued("1", "INV-1", TEN), [], held)])
    row = filled(Issued("1", "INV-1", TEN), [], waiting)
    assert balanced(row)
    assert not is_ok([row])


@pytest.mark.parametrize(
    ("detail", "due_at", "bucket"),
    [
        ("invoice/7: held (customer)", None, "held"),
        ("invoice/7: held (customer); invoice/8: held (unmapped)", None, "held"),
        ("invoice/7: held (customer); invoice/8: waiting (parent)", None, "waiting"),
        ("invoice/7: not completed yet", None, "waiting"),
        ("missing: invoice/7", datetime(2026, 3, 3, tzinfo=UTC), "waiting"),
    ],
)
def test_what_waits_for_held_documents_alone_is_held_with_them(detail: str, due_at: datetime | None, bucket: str) -> None:
    """An adjustment of an invoice whose customer nobody matched waits for it without an end."""
    entry = {"state": "WAITING", "reason": "parent", "due_at": due_at, "detail": detail, "amount": TEN}
    row = filled(Issued("1", "INV-1", TEN), [], FlowFacts({}, {SALE: entry}, {}))
    assert {name for name in ("held", "waiting") if row.bucket(name).count} == {bucket}


def test_a_document_whose_later_change_is_held_is_held_and_one_that_is_posted_otherwise_is_not() -> None:
    """An order that the ERP changed after it was received: the change is on the list, and the document stands as it was."""
    for state, is_right in (("HELD", True), ("POSTED", False)):
        known = FlowFacts({}, {SALE: {"state": state, "amount": TEN}}, {})
        row = filled(Issued("1", "PO-1", TEN), [kept(Decimal("9.00"))], known)
        assert (is_ok([row]), row.bucket("held").count) == (is_right, int(is_right))


def test_an_application_that_is_missing_in_the_erp_is_unaccounted_unless_it_is_held() -> None:
    issued = Issued("1", "PAY-1", TEN, {"7": TEN})
    assert not is_ok([filled(issued, [kept(applied=Decimal(0))])])
    held = FlowFacts({}, {DocumentKey("1", "sale", "7"): {"state": "HELD", "amount": TEN}}, {})
    assert is_ok([filled(issued, [kept(applied=Decimal(0))], held)])


def test_a_record_that_was_not_read_is_unaccounted() -> None:
    row = read_row(Row("A5", "acme"), ["a", "b"], ["a"])
    assert (row.bucket("source").count, row.bucket("erp").count, row.bucket("unaccounted").count) == (2, 1, 1)
    assert not is_ok([row])


def test_no_rows_at_all_are_not_ok() -> None:
    assert not is_ok([])


def test_a_master_that_is_kept_up_to_date_agrees_in_its_facts() -> None:
    issued = Issued("1", "V1", Decimal("0.00"), facts={"name": "Cedar Fork", "active": "yes"})

    def there(name: str) -> BookedDocument:
        return BookedDocument("vendor", "7", "ST-A", Decimal("0.00"), "", True, None, {"name": name})

    assert is_ok([filled(issued, [there("Cedar Fork")])])
    row = filled(issued, [there("Cedar Fork, old")])
    assert not is_ok([row])
    assert "name 'Cedar Fork, old', not 'Cedar Fork'" in row.notes[0]


def test_what_settles_no_documents_is_not_asked_what_it_settles() -> None:
    journal = BookedDocument("journal", "1", "ST-A", TEN, "2026-03-02", True, None)
    assert is_ok([filled(Issued("1", "PAY-1", TEN, {"7": TEN}), [journal])])


# --- several documents of one source object ----------------------------------------------------------------------------

PARTS = Expected("payable", Decimal("30.00"), {"V1": Decimal("12.00"), "V2": Decimal("8.00")}, (TEN,))
V1, V2 = (DocumentKey("1", "payable", part) for part in ("V1", "V2"))
EXCLUDED = {"1": [Decided("excluded", TEN, "T1: out of the inventory")]}


def paid(ref: str, amount: str) -> BookedDocument:
    return BookedDocument("bill", f"B-{ref}", ref, Decimal(amount), "2026-03-02", True)


BOTH = {V1: [paid("ST-1", "12.00")], V2: [paid("ST-2", "8.00")]}

BY_DECISION = FlowFacts({}, {}, EXCLUDED)


def divided(
    booked: dict[DocumentKey, list[BookedDocument]] = BOTH, known: FlowFacts = BY_DECISION, expected: Expected = PARTS
) -> Row:
    return document_row(Row("T1", "acme", "payable"), [(Issued("1", "INV-1", Decimal("99.00")), expected)], booked, known)


def test_the_documents_of_one_source_object_come_to_its_worth() -> None:
    row = divided()
    assert is_ok([row])
    shown = row.as_json()
    assert (set(shown) & {"purpose"}, shown["source"], shown["erp"], shown["excluded"]) == (
        set(),
        {"count": 3, "amount": "30.00"},
        {"count": 2, "amount": "20.00"},
        {"count": 1, "amount": "10.00"},
    )


@pytest.mark.parametrize(
    ("booked", "told"),
    [
        ({V1: BOTH[V1]}, "T1 INV-1 (payable, part V2) 8.00: no document, no ledger entry, last decision excluded"),
        (BOTH | {V2: [paid("ST-2", "8.01")]}, "T1 INV-1 (payable, part V2) 8.00: bill B-ST-2 differs: amount 8.01, not 8.00"),
        (
            BOTH | {V1: BOTH[V1] * 2},
            "T1 ST-1 12.00: bill B-ST-1: a second document of INV-1 (payable, part V1) 12.00",
        ),
        (BOTH | {V1: BOTH[V2], V2: BOTH[V1]}, "T1 INV-1 (payable, part V1) 12.00: bill B-ST-2 differs: amount 8.00, not 12.00"),
    ],
)
def test_a_part_that_is_missing_a_cent_off_doubled_or_swapped_is_told_by_name(
    booked: dict[DocumentKey, list[BookedDocument]], told: str
) -> None:
    row = divided(booked)
    assert not is_ok([row])
    assert told in row.notes


def test_what_is_excluded_excuses_no_missing_document() -> None:
    """The exclusion of 10.00 stands beside every part, and would have excused a lost part of 10.00."""
    expected = Expected("payable", Decimal("20.00"), {"V1": TEN}, (TEN,))
    row = divided({}, expected=expected)
    assert row.bucket("unaccounted").amount == TEN
    assert row.notes == ["T1 INV-1 (payable, part V1) 10.00: no document, no ledger entry, last decision excluded"]
    (line,) = divided(BOTH, FlowFacts({}, {}, {})).notes
    assert line == "T1 INV-1 10.00: no document, no ledger entry, last decision none"


def test_one_exclusion_covers_one_amount_once() -> None:
    twice = Expected("payable", Decimal("40.00"), PARTS.parts, (TEN, TEN))
    assert divided(expected=twice).bucket("unaccounted").amount == TEN


def test_a_decision_about_the_whole_object_covers_every_part() -> None:
    row = divided({}, FlowFacts({}, {}, {"1": [Decided("not_due", Decimal("99.00"))]}))
    assert is_ok([row])
    assert (row.bucket("not_due").count, row.bucket("not_due").amount) == (3, Decimal("30.00"))


def test_parts_that_do_not_come_to_the_worth_are_told_with_the_difference() -> None:
    row = divided(expected=Expected("payable", Decimal("30.01"), PARTS.parts, PARTS.excluded))
    assert row.notes == ["T1 INV-1 0.01: its documents come to 30.00, it is worth 30.01"]
    assert not is_ok([row])
    assert balanced(row)


def test_a_part_is_held_by_itself() -> None:
    known = FlowFacts({}, {V2: {"state": "HELD", "amount": Decimal("8.00")}}, EXCLUDED)
    row = divided({V1: BOTH[V1]}, known)
    assert is_ok([row])
    assert (row.bucket("held").amount, row.bucket("erp").amount) == (Decimal("8.00"), Decimal("12.00"))
    changed = FlowFacts({}, {}, EXCLUDED, frozenset({V1}))
    assert not is_ok([divided(BOTH | {V2: [paid("ST-2", "7.00")]}, changed)])
    assert is_ok([divided(BOTH | {V1: [paid("ST-1", "7.00")]}, changed)])


def test_lines_at_cost_are_divided_by_vendor() -> None:
    lines = (
        IssuedLine("A", Decimal("50.00"), Decimal("12.00")),
        IssuedLine("B", Decimal("20.00"), Decimal("3.50")),
        IssuedLine("B", Decimal("20.00"), Decimal("4.50")),
        IssuedLine("C", Decimal("9.00"), TEN, from_inventory=True),
        IssuedLine("D", Decimal("9.00"), Decimal(0)),
    )
    vendors = {"A": "V1", "B": "V2", "D": "V3"}
    issued = Issued("1", "INV-1", Decimal("108.00"), lines=lines)
    assert at_cost("payable", issued, lambda line: vendors[line.sku]) == (PARTS,)
    assert at_cost("payable", Issued("1", "INV-1", TEN), str) == (Expected("payable", Decimal(0), {}, (Decimal(0),)),)


def audited(version: str, decision: str, amount: str, detail: str) -> dict[str, Any]:
    """An audit record about invoice 1."""
    own = {"entity": "invoice", "source_id": "1", "source_version": version, "system": "source"}
    return own | {"decision": decision, "amount": Decimal(amount), "detail": detail}


def test_decisions_of_the_newest_version_count_and_a_replay_repeats_none() -> None:
    topics = Topics()
    for _ in range(2):
        topics.learn_decision(audited("v1", "not_due", "99.00", "T1: status is Pending"))
    for _ in range(2):
        topics.learn_decision(audited("v2", "excluded", "10.00", "T1: out of the inventory"))
        topics.learn_decision(audited("v2", "excluded", "2.00", "T1: sales tax"))
    topics.learn_decision(audited("v2", "duplicate", "0.00", "seen before"))
    found = topics.decisions["T1", "invoice"]["1"]
    assert [(one.decision, one.amount) for one in found] == [("excluded", TEN), ("excluded", Decimal("2.00"))]


ENTRY = {
    "source_system": "s", "source_entity": "invoice", "source_id": "1", "action": "create", "part": "", "op_key": "k", "source_version": "1",
    "command_offset": 3,
}  # fmt: skip


@pytest.mark.parametrize("turned", [False, True])
def test_the_newest_version_of_a_document_counts_in_whatever_order_the_ledger_tells(turned: bool) -> None:
    """A ledger that is rebuilt tells its op-keys in another order than the day did."""
    topics = Topics()
    made = ENTRY | {"purpose": "sale", "state": "POSTED", "ref": "ST-1"}
    none = made | {"action": "nothing", "state": "UNCHANGED", "ref": "ST-2", "source_version": "2", "command_offset": 1}
    for entry in (none, made) if turned else (made, none):
        topics.learn_entry(entry)
    assert topics.entries["s", "invoice"][SALE]["action"] == "nothing"
    assert set(topics.by_ref) == {"ST-1", "ST-2"}


def test_the_milestone_of_a_payment_that_settles_nothing_hides_no_payment_that_is_held() -> None:
    """It was told as a payment that nobody knows."""
    topics = Topics()
    held = ENTRY | {"purpose": "sale", "state": "HELD", "ref": "ST-1"}
    for entry in (held, held | {"action": "unapplied", "state": "UNCHANGED", "ref": "ST-2", "command_offset": 1}):
        topics.learn_entry(entry)
    assert topics.entries["s", "invoice"][SALE]["state"] == "HELD"


def test_two_documents_of_one_source_object_have_an_entry_each() -> None:
    """The sale and the payable of one invoice were one entry: the newer one hid what the other had become."""
    topics = Topics()
    entry = ENTRY
    for purpose, state, part in (("sale", "POSTED", ""), ("payable", "HELD", "V1"), ("payable", "POSTED", "V2")):
        topics.learn_entry(entry | {"purpose": purpose, "state": state, "part": part, "ref": f"ST-{purpose}{part}"})
    topics.learn_entry(entry | {"purpose": "payable", "state": "HELD", "part": "V2", "ref": "ST-payableV2", "action": "correct"})
    found = topics.entries["s", "invoice"]
    assert [found[key]["state"] for key in (SALE, V1, V2)] == ["POSTED", "HELD", "POSTED"]
    assert topics.changed["s", "invoice"] == {V2}
    assert topics.by_ref["ST-payableV2"]["action"] == "create"


def test_a_flow_with_two_purposes_has_a_row_for_each_and_says_which(capsys: pytest.CaptureFixture[str]) -> None:
    order = document_row(
        Row("N1", "acme", "order", is_one_of_several=True),
        [(Issued("1", "INV-1", TEN), Expected("order", TEN, {"V1": TEN}))],
        {DocumentKey("1", "order", "V1"): [paid("ST-9", "10.00")]},
        NOTHING,
    )
    bill = divided()
    bill.flow, bill.is_one_of_several = "N1", True
    assert [row.as_json().get("purpose") for row in (order, bill)] == ["order", "payable"]
    rows = [order, bill, filled(Issued("1", "INV-1", TEN), [kept()])]
    assert report(Outcome(rows, balances=[equal()]), as_json=False) == 0
    said = [line.partition(" = ")[0] for line in capsys.readouterr().out.splitlines() if " = " in line]
    assert said == [
        "N1  acme, order: source 1 / 10.00",
        "N1  acme, payable: source 3 / 30.00",
        "A1  acme: source 1 / 10.00",
        "acme: open balances of customers: 1 compared, 0 different; source 10.00",
        "acme: open balances of vendors: 0 compared, 0 different; source 0.00",
    ]


def test_a_document_that_adjusts_another_carries_a_ref_of_its_own() -> None:
    """An adjusting invoice is made under another action; its document was unaccounted, and so was the document itself."""
    books = Books("test", "t1", "erp", "i1", "c1")
    refs = refs_by(books, "invoice", SALE)
    assert refs == [ref_of(op_key(books, "sale", ("invoice", "1"), "", action)) for action in ("create", "adjust")]
    assert refs_by(books, "invoice", SALE, "void") == [ref_of(op_key(books, "sale", ("invoice", "1"), "", "void"))]
    assert len(refs_by(books, "vendor", DocumentKey("1", "master"))) == 1
    found = by_key([paid(refs[1], "5.00"), paid("ST-OTHER", "6.00")], dict.fromkeys(refs, SALE))
    assert [one.amount for one in found[SALE]] == [Decimal("5.00")]


# --- what takes documents back, and what replaces them ------------------------------------------------------------------


def taken_back(amount: str, ref: str = "ST-V", applied: str = "0.00") -> BookedDocument:
    """What takes back a document of 10.00, with the sign that it has beside it."""
    return BookedDocument("credit_memo", "000002", ref, Decimal(amount), "2026-03-03", True, Decimal(applied))


VOID = Issued("1", "INV-1", TEN, is_void=True)


def test_a_void_document_that_the_erp_took_back_is_excluded_with_its_amount() -> None:
    row = filled(VOID, [kept(), taken_back("-10.00")])
    assert is_ok([row])
    assert row.as_json()["excluded"] == {"count": 1, "amount": "10.00"}


@pytest.mark.parametrize("back", [[], [taken_back("-9.99")], [taken_back("-10.00"), taken_back("-10.00", ref="ST-W")]])
def test_a_void_document_of_which_the_erp_keeps_anything_is_unaccounted_unless_the_void_is_held(back: list[BookedDocument]) -> None:
    row = filled(VOID, [kept(), *back])
    assert row.bucket("unaccounted").amount == TEN
    held = filled(VOID, [kept(), *back], FlowFacts({}, {}, {}, frozenset({SALE})))
    assert (is_ok([held]), held.bucket("held").amount) == (True, TEN)


def test_a_corrected_document_is_the_sum_of_what_was_posted_taken_back_and_posted_anew() -> None:
    issued = Issued("1", "INV-1", Decimal("12.00"))
    anew = replace(kept(Decimal("12.00")), id="000003", ref="ST-V")
    row = filled(issued, [kept(), taken_back("-10.00"), anew])
    assert (is_ok([row]), row.bucket("erp").amount) == (True, Decimal("12.00"))
    assert not is_ok([filled(issued, [kept(), anew])])


def test_what_takes_a_document_back_under_its_own_ref_is_no_second_one() -> None:
    """A voided payment and what voids it have one description."""
    both = [kept(), taken_back("-10.00", ref="ST-A")]
    assert is_ok([filled(VOID, both)])
    assert not is_ok([filled(VOID, [*both, taken_back("-10.00", ref="ST-A")])])


def test_a_correction_that_is_on_its_way_is_waited_for() -> None:
    known = FlowFacts({}, {}, {}, later={SALE: [{"state": "WAITING", "amount": TEN}]})
    row = filled(Issued("1", "INV-1", Decimal("12.00")), [kept()], known)
    assert (row.bucket("waiting").count, row.bucket("unaccounted").count) == (1, 0)
    done = FlowFacts({}, {}, {}, later={SALE: [{"state": "POSTED", "amount": TEN}]})
    assert filled(Issued("1", "INV-1", Decimal("12.00")), [kept()], done).bucket("unaccounted").count == 1


def test_an_application_that_was_taken_back_is_still_in_the_erp_only_while_that_is_held() -> None:
    gone, one = DocumentKey("1", "sale", "7"), Issued("1", "PAY-1", TEN)
    entries = {gone: {"state": "POSTED", "amount": TEN}}
    assert not is_ok([filled(one, [kept(applied=TEN)], FlowFacts({}, entries, {}))])
    assert is_ok([filled(one, [kept(applied=TEN)], FlowFacts({}, entries, {}, frozenset({gone})))])
    assert is_ok([filled(one, [kept(applied=Decimal(0))], FlowFacts({}, entries, {}))])


def test_what_may_follow_a_document_has_refs_of_its_own() -> None:
    books = Books("test", "t1", "erp", "i1", "c1")
    refs = later_refs(books, "invoice", SALE)
    void = op_key(books, "sale", ("invoice", "1"), "", "void")
    made = op_key(books, "sale", ("invoice", "1"), "", "create")
    assert refs[0] == ref_of(void)
    assert ref_of(f"{made}|correct|1") in refs
    assert not set(refs) & set(refs_by(books, "invoice", SALE))
    assert len(set(refs)) == len(refs)
