"""Reversals and numbered corrections through the real sink: each is written once, takes back what stands, and nothing of it is lost or doubled."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal

import pytest

from systems.contract import Answer, Verdict
from systems.mapped import REVERSAL
from tests.property.sinks.books import INVOICE, Ledgers, declared
from tests.property.sinks.in_memory import install

CREATE, VOID, FIRST, SECOND = "invoice:1 create", "invoice:1 void", "invoice:1 create correct 1", "invoice:1 create correct 2"
POSTED = "POSTED", ""
REFUSED = Answer(Verdict.REJECT, code="422", words="refused")


@pytest.fixture(autouse=True)
def _system(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, declared())


def played(play: Callable[[Ledgers], Awaitable[None]], made: Callable[[], Ledgers] = Ledgers) -> Ledgers:
    """The books after this was played and everything came to rest."""
    found: list[Ledgers] = []

    async def run() -> None:
        books = made()
        found.append(books)
        await play(books)
        await books.rest()

    asyncio.run(run())
    return found[0]


def test_a_written_document_is_reversed_once_and_the_books_add_up_to_nothing() -> None:
    async def play(books: Ledgers) -> None:
        books.invoice("1", "100.00")
        await books.rest()
        books.void("1")
        books.void("1")

    books = played(play)
    assert books.states() == {CREATE: (*POSTED, "100.00"), VOID: (*POSTED, "-100.00")}
    assert (books.erp.standing(), books.told()) == ([], Decimal(0))
    assert books.entry(books.key(INVOICE, "1", action="void"))["takes_back"] == books.key(INVOICE, "1")
    assert [one.record for one in books.erp.all()] == [INVOICE, f"-{INVOICE}"]


def test_a_replay_of_everything_reverses_nothing_again() -> None:
    async def play(books: Ledgers) -> None:
        books.invoice("1", "100.00")
        await books.rest()
        books.void("1")
        await books.rest()
        books.invoice("1", "80.00")
        await books.rest()
        books.sink.offset = 0
        books.sink.crash()

    books = played(play)
    assert books.states() == {CREATE: (*POSTED, "100.00"), VOID: (*POSTED, "-100.00"), FIRST: (*POSTED, "80.00")}
    assert books.erp.standing() == [(INVOICE, Decimal("80.00"))]
    assert len(books.erp.all()) == 3


def test_a_void_before_its_document_writes_nothing_and_the_document_neither() -> None:
    async def play(books: Ledgers) -> None:
        books.void("1", version="002")
        books.invoice("1", "100.00", version="001")

    assert played(play).states() == {CREATE: ("SUPERSEDED", "voided", "100.00"), VOID: ("UNCHANGED", "never_posted", "1.00")}


def test_a_second_void_of_what_was_never_written_at_the_first_takes_back_what_was_written_since() -> None:
    """Word for word the same void, of a source that had come back: it passed for one that is known."""

    async def play(books: Ledgers) -> None:
        books.void("1")
        await books.rest()
        books.invoice("1", "100.00")
        await books.rest()
        books.void("1")

    books = played(play)
    assert books.states() == {CREATE: (*POSTED, "100.00"), VOID: (*POSTED, "-100.00")}


def test_a_mappings_own_hold_keeps_the_reversal_and_a_release_writes_it() -> None:
    async def play(books: Ledgers) -> None:
        books.invoice("1", "100.00")
        await books.rest()
        books.void("1", hold="deposited", hold_detail="its deposit is closed")
        await books.rest()
        assert books.states()[VOID] == ("HELD", "deposited", "-100.00")
        books.sink.decides("release", books.key(INVOICE, "1", action="void"))

    assert played(play).states()[VOID] == (*POSTED, "-100.00")


def test_without_a_write_that_takes_it_back_the_void_is_held_with_what_is_written() -> None:
    async def play(books: Ledgers) -> None:
        books.invoice("1", "100.00")
        await books.rest()
        books.void("1")

    books = played(play, lambda: Ledgers(declared(reverses=False)))
    assert books.states()[VOID] == ("HELD", "void_not_built", "100.00")
    assert books.erp.standing() == [(INVOICE, Decimal("100.00"))]


@pytest.mark.parametrize("how", ["gone", "another"])
def test_an_original_that_cannot_be_read_again_is_never_mapped_anew(how: str) -> None:
    async def play(books: Ledgers) -> None:
        books.invoice("1", "100.00")
        await books.rest()
        if how == "gone":
            books.sink.unreadable.add(0)
        else:
            books.invoice("2", "5.00")
            books.sink.log[0].content = books.sink.log[1].content
        books.void("1")

    books = played(play)
    assert books.states()[VOID] == ("HELD", "original_lost", "-100.00")
    assert (INVOICE, Decimal("100.00")) in books.erp.standing()


def test_a_source_that_comes_back_after_its_reversal_is_written_again_and_may_be_voided_again() -> None:
    async def play(books: Ledgers) -> None:
        for _ in range(2):
            books.invoice("1", "100.00")
            await books.rest()
            books.void("1")
            await books.rest()

    books = played(play)
    assert books.states() == {
        CREATE: (*POSTED, "100.00"), VOID: (*POSTED, "-100.00"), FIRST: (*POSTED, "100.00"), SECOND: (*POSTED, "-100.00"),
    }  # fmt: skip
    assert (books.erp.standing(), books.told()) == ([], Decimal(0))


def test_a_source_that_comes_back_before_its_reversal_was_written_ends_it() -> None:
    async def play(books: Ledgers) -> None:
        books.invoice("1", "100.00")
        await books.rest()
        books.void("1", hold="deposited", hold_detail="its deposit is closed")
        await books.rest()
        books.invoice("1", "100.00")

    books = played(play)
    assert books.states() == {CREATE: (*POSTED, "100.00"), VOID: ("SUPERSEDED", "reverted", "-100.00")}


def test_a_changed_source_is_corrected_and_each_change_takes_back_the_newest() -> None:
    async def play(books: Ledgers) -> None:
        for amount in ("100.00", "120.00", "100.00", "120.00"):
            books.invoice("1", amount)
            await books.rest()
        books.void("1")

    books = played(play)
    changes = {f"invoice:1 create correct {n}": (*POSTED, amount) for n, amount in ((1, "20.00"), (2, "-20.00"), (3, "20.00"))}
    assert books.states() == {CREATE: (*POSTED, "100.00"), **changes, VOID: (*POSTED, "-120.00")}
    assert (books.erp.standing(), books.told()) == ([], Decimal(0))


def test_a_change_that_moves_no_money_counts_with_nothing_and_is_held_with_all_of_it() -> None:
    async def play(books: Ledgers) -> None:
        books.invoice("1", "100.00", posting_date=None)
        await books.rest()
        books.erp.refuses["reverse"] = REFUSED
        books.invoice("1", "100.00", currency="CAD")
        await books.rest()
        assert books.states()[FIRST] == ("HELD", "refused", "100.00")
        books.sink.decides("release", f"{books.key(INVOICE, '1')}|correct|1")

    books = played(play)
    assert books.states()[FIRST] == (*POSTED, "0.00")
    assert books.erp.standing() == [(INVOICE, Decimal("100.00"))]


def test_without_a_write_a_change_of_the_date_alone_is_held_with_what_is_written() -> None:
    async def play(books: Ledgers) -> None:
        books.invoice("1", "100.00")
        await books.rest()
        books.invoice("1", "100.00", currency="CAD")

    books = played(play, lambda: Ledgers(declared(corrects=False)))
    assert books.states()[FIRST] == ("HELD", "changed_after_post", "100.00")


def test_a_document_of_which_nothing_is_wanted_is_reversed_and_may_come_back() -> None:
    async def play(books: Ledgers) -> None:
        books.invoice("1", "100.00")
        await books.rest()
        books.nothing("1")
        await books.rest()
        assert books.erp.standing() == []
        books.nothing("1")
        await books.rest()
        books.invoice("1", "100.00")

    books = played(play)
    assert books.states() == {
        CREATE: (*POSTED, "100.00"), FIRST: (*POSTED, "-100.00"), SECOND: (*POSTED, "100.00"),
        "invoice:1 nothing": ("UNCHANGED", "milestone", "0.00"),
    }  # fmt: skip
    assert books.erp.standing() == [(INVOICE, Decimal("100.00"))]


def test_a_change_that_the_erp_refuses_half_way_is_held_with_all_that_is_wanted() -> None:
    async def play(books: Ledgers) -> None:
        books.invoice("1", "100.00")
        await books.rest()
        books.erp.refuses["create"] = REFUSED
        books.invoice("1", "120.00")
        await books.rest()
        assert books.states()[FIRST] == ("HELD", "refused", "120.00")
        books.invoice("1", "130.00")
        await books.rest()
        assert books.states()[SECOND] == ("HELD", "changed_after_post", "10.00")
        books.sink.decides("release", f"{books.key(INVOICE, '1')}|correct|1")

    books = played(play)
    assert books.states() == {CREATE: (*POSTED, "100.00"), FIRST: (*POSTED, "20.00"), SECOND: (*POSTED, "10.00")}
    assert books.erp.standing() == [(INVOICE, Decimal("130.00"))]


def test_a_newer_change_replaces_one_that_was_not_begun() -> None:
    async def play(books: Ledgers) -> None:
        books.invoice("1", "100.00")
        await books.rest()
        books.sink.decides("pause")
        books.invoice("1", "120.00")
        await books.rest()
        books.invoice("1", "150.00")
        await books.rest()
        books.sink.decides("resume")

    books = played(play)
    assert books.states() == {CREATE: (*POSTED, "100.00"), FIRST: (*POSTED, "50.00")}


@pytest.mark.parametrize("happens", [True, False])
@pytest.mark.parametrize("step", ["enter", "release"])
def test_a_lost_answer_of_a_reversal_is_looked_up_before_anything_is_sent_again(step: str, happens: bool) -> None:
    async def play(books: Ledgers) -> None:
        books.invoice("1", "100.00")
        await books.rest()
        books.erp.silent[step] = happens
        books.void("1")

    books = played(play)
    assert books.states()[VOID] == (*POSTED, "-100.00")
    assert [one.record for one in books.erp.all()] == [INVOICE, f"-{INVOICE}"]


def test_a_void_while_a_change_is_open_waits_for_it_and_takes_back_what_stands_then() -> None:
    async def play(books: Ledgers) -> None:
        books.invoice("1", "100.00")
        await books.rest()
        books.erp.silent["create"] = True
        books.invoice("1", "120.00")
        books.sink.reads()
        await books.sink.turns(60)
        books.void("1")

    books = played(play)
    assert books.states() == {CREATE: (*POSTED, "100.00"), FIRST: (*POSTED, "20.00"), VOID: (*POSTED, "-120.00")}
    assert books.erp.standing() == []


def test_a_void_keeps_a_change_from_being_written_that_was_not_begun() -> None:
    async def play(books: Ledgers) -> None:
        books.invoice("1", "100.00")
        await books.rest()
        books.sink.decides("pause")
        books.invoice("1", "120.00")
        books.void("1")
        await books.rest()
        books.sink.decides("resume")

    books = played(play)
    assert books.states() == {CREATE: (*POSTED, "100.00"), FIRST: ("SUPERSEDED", "reverted", "20.00"), VOID: (*POSTED, "-100.00")}


def test_the_writer_is_asked_with_the_ref_of_the_change_and_with_what_it_takes_back() -> None:
    async def play(books: Ledgers) -> None:
        books.invoice("1", "100.00")
        await books.rest()
        books.invoice("1", "120.00")
        await books.rest()
        books.void("1")

    books = played(play)
    change, void = books.erp.asked[1], books.erp.asked[-1]
    assert change.original is not None
    assert void.original is not None
    assert (change.command["op_key"], change.original.command["amount"]) == (
        f"{books.key(INVOICE, '1')}|correct|1",
        Decimal("100.00"),
    )
    assert (void.record, void.original.record, void.original.command["amount"]) == (REVERSAL, INVOICE, Decimal("120.00"))
    assert void.original.command["ref"] == change.command["ref"] != void.command["ref"]


@pytest.mark.parametrize("results", [True, False])
def test_a_lost_ledger_finds_reversals_and_changes_again_and_writes_none(results: bool) -> None:
    async def play(books: Ledgers) -> None:
        for amount in ("100.00", "120.00"):
            books.invoice("1", amount)
            await books.rest()
        books.invoice("2", "7.00")
        await books.rest()
        books.void("2")
        await books.rest()
        books.sink.lose(results=not results)
        await books.rest()

    books = played(play)
    assert len(books.erp.all()) == 4
    assert books.erp.standing() == [(INVOICE, Decimal("120.00"))]
    assert books.states()["invoice:2 void"][0] in ("POSTED", "ADOPTED")
