"""Applications whose payment was taken back, and then counts again: they fell with it, and are written again once it is there again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from decimal import Decimal

import pytest

from services.sinks import entry as e
from systems.contract import Answer, Verdict
from systems.mapped import NOTHING
from tests.property.sinks.books import APPLICATION, RECEIPT, Ledgers, declared
from tests.property.sinks.in_memory import install
from tests.unit.sinks.test_takeback import played

Play = Callable[[Ledgers], Awaitable[None]]
POSTED = "POSTED", ""
A7, A8 = "payment:5 a7 apply", "payment:5 a8 apply"
BOTH = {"a7": ("1", "60.00"), "a8": ("2", "40.00")}


@pytest.fixture(autouse=True)
def _system(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, declared())


async def paid(books: Ledgers) -> None:
    """Two invoices and a payment that is applied to both; the ERP un-applies what it takes back."""
    books.erp.fall = True
    books.invoice("1", "60.00")
    books.invoice("2", "40.00")
    await again(books)


async def again(books: Ledgers) -> None:
    """The payment counts (again), with its applications, as one version of it."""
    comes(books)
    await books.rest()


def comes(books: Ledgers) -> None:
    books.receipt("5", "100.00")
    books.versions["payment", "5"] -= 1
    books.applies("5", **BOTH)


def applied(books: Ledgers) -> list[tuple[str, Decimal, bool]]:
    """What stands of the applications, and whether the payment to which each belongs stands."""
    return sorted(
        (one.record, one.amount, all(books.erp.by_id(by).stands for by in one.ids.values()))
        for one in books.erp.all()
        if one.stands and one.record == APPLICATION
    )


WHOLE = [(APPLICATION, Decimal("40.00"), True), (APPLICATION, Decimal("60.00"), True)]


def held(books: Ledgers) -> list[str]:
    return [name for name, (state, _, _) in books.states().items() if state not in e.TERMINAL]


@pytest.mark.parametrize("times", [1, 2])
def test_a_payment_that_counts_again_is_applied_again(times: int) -> None:
    async def play(books: Ledgers) -> None:
        await paid(books)
        for _ in range(times):
            books.void("5", RECEIPT)
            await books.rest()
            assert applied(books) == []
            await again(books)

    books = played(play)
    assert (applied(books), held(books)) == (WHOLE, [])
    assert books.erp.standing(RECEIPT) == [(RECEIPT, Decimal("100.00"))]
    assert [books.states()[f"{one} correct {times}"] for one in (A7, A8)] == [(*POSTED, "0.00")] * 2


def test_a_payment_of_which_nothing_was_wanted_for_a_while_is_applied_again() -> None:
    async def play(books: Ledgers) -> None:
        await paid(books)
        books.nothing("5", RECEIPT, NOTHING)
        await books.rest()
        assert applied(books) == []
        await again(books)

    books = played(play)
    assert (applied(books), held(books)) == (WHOLE, [])


def test_an_invoice_that_counts_again_gets_the_application_that_was_taken_back_for_it() -> None:
    async def play(books: Ledgers) -> None:
        await paid(books)
        books.applies("5", a8=("2", "40.00"))
        books.void("1")
        await books.rest()
        books.invoice("1", "60.00")
        books.applies("5", **BOTH)

    books = played(play)
    assert (applied(books), held(books)) == (WHOLE, [])


@pytest.mark.parametrize("happens", [True, False])
@pytest.mark.parametrize("step", ["release", "enter", "reverse", "create"])
def test_a_lost_answer_on_the_way_applies_nothing_twice(step: str, happens: bool) -> None:
    async def play(books: Ledgers) -> None:
        await paid(books)
        books.erp.silent[step] = happens
        books.void("5", RECEIPT)
        await books.rest()
        comes(books)
        books.sink.reads()
        await books.sink.passes(2)
        books.sink.crash()

    books = played(play)
    assert (applied(books), held(books)) == (WHOLE, [])
    assert books.erp.standing(RECEIPT) == [(RECEIPT, Decimal("100.00"))]


def test_a_payment_that_counts_again_while_its_void_is_under_way_is_applied_again() -> None:
    """Nobody knew yet whether it is voided when it came back: its applications looked as if nothing had happened to them."""

    async def play(books: Ledgers) -> None:
        await paid(books)
        books.erp.silent["release"] = True
        books.void("5", RECEIPT)
        books.sink.reads()
        await books.sink.passes(1)
        comes(books)

    books = played(play)
    assert (applied(books), held(books)) == (WHOLE, [])


def test_a_void_that_was_not_begun_when_its_payment_came_back_touches_no_application() -> None:
    async def play(books: Ledgers) -> None:
        await paid(books)
        books.sink.decides("pause")
        books.void("5", RECEIPT)
        await books.rest()
        await again(books)
        books.sink.decides("resume")

    books = played(play)
    assert (applied(books), held(books)) == (WHOLE, [])
    assert f"{A7} correct 1" not in books.states()


def test_a_void_that_certainly_did_nothing_leaves_the_applications_as_they_are() -> None:
    async def play(books: Ledgers) -> None:
        await paid(books)
        books.erp.silent["enter"] = False
        books.void("5", RECEIPT)
        books.sink.reads()
        await books.sink.passes(1)
        comes(books)

    books = played(play)
    assert (applied(books), held(books)) == (WHOLE, [])
    assert [one.record for one in books.erp.all()].count(APPLICATION) == 2


@pytest.mark.parametrize("is_written", [True, False])
def test_what_waits_of_a_payment_that_is_voided_ends(is_written: bool) -> None:
    """It was held as `parent_reversed`, with its amount, though the source wanted nothing of it any more."""

    async def play(books: Ledgers) -> None:
        await paid(books)
        books.void("5", RECEIPT)
        await books.rest()
        books.erp.refuses["create"] = Answer(Verdict.REJECT, code="422", words="refused")
        if is_written:
            await again(books)
        else:
            books.receipt("5", "100.00")
            await books.rest()
            books.versions["payment", "5"] -= 1
            books.applies("5", a9=("3", "10.00"), **BOTH)
            await books.rest()
        assert held(books)
        books.void("5", RECEIPT)

    books = played(play)
    assert (applied(books), held(books)) == ([], [])


def test_applications_that_cannot_be_written_again_are_held_with_their_amounts(monkeypatch: pytest.MonkeyPatch) -> None:
    system = declared(corrects=False)
    install(monkeypatch, system)

    async def play(books: Ledgers) -> None:
        await paid(books)
        books.void("5", RECEIPT)
        await books.rest()
        await again(books)

    books = played(play, lambda: Ledgers(system))
    assert books.states()[f"{A7} correct 1"] == ("HELD", "changed_after_post", "60.00")
    assert books.states()[f"{A8} correct 1"] == ("HELD", "changed_after_post", "40.00")
    assert "apply it again" in books.entry(f"{books.key(APPLICATION, '5', 'a7')}|correct|1")["detail"]


@pytest.mark.parametrize("lost", ["ledger", "results", "all"])
def test_a_lost_ledger_applies_nothing_twice(lost: str) -> None:
    async def play(books: Ledgers) -> None:
        await paid(books)
        books.void("5", RECEIPT)
        await books.rest()
        await again(books)
        if lost == "all":
            books.sink.lose_all()
        else:
            books.sink.lose(results=lost == "results")

    books = played(play)
    assert (applied(books), held(books)) == (WHOLE, [])
    assert [one.record for one in books.erp.all()].count(APPLICATION) == 4


def test_what_the_applications_settled_is_free_when_their_payment_is_taken_back() -> None:
    """The void of the invoice was held as `applied` for good: no application of its own had ended."""

    async def play(books: Ledgers) -> None:
        await paid(books)
        books.void("1")
        await books.rest()
        assert books.states()["invoice:1 void"] == ("HELD", "applied", "-60.00")
        books.void("5", RECEIPT)

    books = played(play)
    assert (applied(books), held(books)) == ([], [])
    assert books.states()["invoice:1 void"] == (*POSTED, "-60.00")
