"""Applications without a ref of their own: one that comes does not take the row of one that goes for its own, and none waits for ever."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from decimal import Decimal

import pytest

from systems.contract import Answer, Verdict
from tests.property.sinks.books import APPLICATION, Ledgers, declared
from tests.property.sinks.in_memory import install
from tests.unit.sinks.test_takeback import played

Play = Callable[[Ledgers], Awaitable[None]]
POSTED = "POSTED", ""
A6, A7, A8 = "payment:5 a6 apply", "payment:5 a7 apply", "payment:5 a8 apply"
REFUSED = Answer(Verdict.REJECT, code="422", words="refused")


@pytest.fixture(autouse=True)
def _system(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, declared())


async def paid(books: Ledgers, **invoices: tuple[str, str]) -> None:
    """Two invoices and a payment that is applied so; applications carry no ref."""
    books.erp.without_refs = True
    books.invoice("1", "200.00")
    books.invoice("2", "200.00")
    books.receipt("5", "400.00")
    await books.rest()
    books.applies("5", **(invoices or {"a7": ("1", "100.00")}))
    await books.rest()


def applied(books: Ledgers) -> list[Decimal]:
    return sorted(amount for _, amount in books.erp.standing(APPLICATION))


def state(books: Ledgers, name: str) -> tuple[str, str, str]:
    return books.states()[name]


@pytest.mark.parametrize("new", ["a6", "a8"])
def test_an_equal_application_that_replaces_another_is_applied_after_that_was_taken_back(new: str) -> None:
    async def play(books: Ledgers) -> None:
        await paid(books)
        books.applies("5", **{new: ("1", "100.00")})

    books = played(play)
    assert applied(books) == [Decimal(100)]
    assert state(books, f"{A7} correct 1") == (*POSTED, "-100.00")
    assert state(books, f"payment:5 {new} apply") == (*POSTED, "100.00")


def test_it_waits_with_its_amount_while_the_reversal_is_held_and_goes_on_after_its_release() -> None:
    async def play(books: Ledgers) -> None:
        await paid(books)
        books.erp.refuses["enter"] = REFUSED
        books.applies("5", a8=("1", "100.00"))
        await books.rest()
        assert state(books, f"{A7} correct 1") == ("HELD", "refused", "-100.00")
        assert state(books, A8) == ("WAITING", "parent", "100.00")
        words = books.entry(books.key(APPLICATION, "5", "a8"))["detail"]
        assert "reversal of application a7 (-100.00" in words
        assert "held (refused)" in words
        books.erp.refuses["enter"] = REFUSED  # the next owner tries once more
        books.sink.crash()
        await books.rest()
        assert state(books, f"{A7} correct 1") == ("HELD", "refused", "-100.00")
        assert state(books, A8) == ("WAITING", "parent", "100.00")
        books.sink.decides("release", f"{books.key(APPLICATION, '5', 'a7')}|correct|1")

    books = played(play)
    assert applied(books) == [Decimal(100)]
    assert state(books, A8) == (*POSTED, "100.00")


def test_one_that_settles_another_document_does_not_wait() -> None:
    async def play(books: Ledgers) -> None:
        await paid(books)
        books.erp.silent["enter"] = False
        books.applies("5", a8=("2", "100.00"))
        books.sink.reads()
        await books.sink.passes(5)
        assert state(books, f"{A7} correct 1") == ("WAITING", "settle", "-100.00")
        assert state(books, A8) == (*POSTED, "100.00")

    books = played(play)
    assert state(books, f"{A7} correct 1") == (*POSTED, "-100.00")
    assert applied(books) == [Decimal(100)]


def test_it_waits_while_the_answer_to_the_reversal_is_lost() -> None:
    async def play(books: Ledgers) -> None:
        await paid(books)
        books.erp.silent["enter"] = True
        books.applies("5", a8=("1", "100.00"))
        books.sink.reads()
        await books.sink.passes(5)
        assert state(books, A8)[:2] == ("WAITING", "parent")

    assert applied(played(play)) == [Decimal(100)]


def test_two_corrections_that_exchange_their_amounts_are_written_one_after_the_other() -> None:
    """The first is entered while the row of the second still stands; it must not be taken for its own."""

    async def play(books: Ledgers) -> None:
        await paid(books, a7=("1", "100.00"), a8=("1", "40.00"))
        books.applies("5", a7=("1", "60.00"), a8=("1", "90.00"))

    books = played(play)
    assert applied(books) == [Decimal(60), Decimal(90)]
    assert state(books, f"{A7} correct 1") == (*POSTED, "-40.00")
    assert state(books, f"{A8} correct 1") == (*POSTED, "50.00")


def test_a_correction_waits_for_the_reversal_of_another_part() -> None:
    async def play(books: Ledgers) -> None:
        await paid(books, a7=("1", "100.00"), a8=("1", "40.00"))
        books.erp.refuses["enter"] = REFUSED
        books.applies("5", a7=("1", "40.00"))
        await books.rest()
        assert state(books, f"{A7} correct 1") == ("WAITING", "parent", "-60.00")
        books.sink.decides("release", f"{books.key(APPLICATION, '5', 'a8')}|correct|1")

    books = played(play)
    assert applied(books) == [Decimal(40)]
    assert state(books, f"{A7} correct 1") == (*POSTED, "-60.00")


def test_a_new_one_waits_for_a_correction_and_for_one_that_was_begun() -> None:
    async def play(books: Ledgers) -> None:
        await paid(books, a7=("1", "100.00"))
        books.erp.refuses["create"] = REFUSED
        books.applies("5", a7=("1", "60.00"), a8=("1", "60.00"))
        await books.rest()
        assert state(books, f"{A7} correct 1")[:2] == ("HELD", "refused")
        assert state(books, A8) == ("WAITING", "parent", "60.00")
        books.sink.decides("release", f"{books.key(APPLICATION, '5', 'a7')}|correct|1")

    books = played(play)
    assert state(books, f"{A7} correct 1")[:2] == POSTED
    assert state(books, A8)[:2] != ("WAITING", "parent")


def test_a_reversal_goes_before_a_correction_that_was_begun_and_is_held() -> None:
    """What the reversal frees may be what the correction was refused for."""

    async def play(books: Ledgers) -> None:
        await paid(books, a7=("1", "100.00"), a8=("1", "40.00"))
        books.erp.refuses["create"] = REFUSED
        books.applies("5", a7=("1", "150.00"), a8=("1", "40.00"))
        await books.rest()
        assert state(books, f"{A7} correct 1")[:2] == ("HELD", "refused")
        books.applies("5", a7=("1", "150.00"))
        await books.rest()
        assert state(books, f"{A8} correct 1") == (*POSTED, "-40.00")
        books.sink.decides("release", f"{books.key(APPLICATION, '5', 'a7')}|correct|1")

    assert applied(played(play)) == [Decimal(150)]


def test_one_that_waited_and_vanishes_is_not_looked_up_and_the_one_that_comes_back_stays() -> None:
    """Its look-up would show the row of the other one, and that would be taken back for it."""

    async def play(books: Ledgers) -> None:
        await paid(books)
        books.erp.refuses["enter"] = REFUSED
        books.applies("5", a8=("1", "100.00"))
        await books.rest()
        assert state(books, A8) == ("WAITING", "parent", "100.00")
        books.applies("5", a7=("1", "100.00"))

    books = played(play)
    assert applied(books) == [Decimal(100)]
    assert state(books, A7) == (*POSTED, "100.00")
    assert state(books, f"{A7} correct 1")[:2] == ("SUPERSEDED", "reverted")
    assert state(books, A8)[:2] == ("SUPERSEDED", "made_no_more")
