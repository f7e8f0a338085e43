"""Applications are a set of their own beside their payment; what is applied keeps a document from being taken back; days that are closed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any, cast

import pytest

from systems.contract import Answer, Found, ResolvedCommand, Verdict
from systems.mapped import REVERSAL
from tests.property.sinks.books import APPLICATION, INVOICE, RECEIPT, Ledgers, declared
from tests.property.sinks.in_memory import install
from tests.property.sinks.stand_ins import CODEC, Message
from tests.toy import TARGET, blank
from tests.unit.sinks.test_takeback import played

Play = Callable[[Ledgers], Awaitable[None]]
POSTED = "POSTED", ""
RECEIPT_KEY, A7, A8 = "payment:5 create", "payment:5 a7 apply", "payment:5 a8 apply"


@pytest.fixture(autouse=True)
def _system(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, declared())


async def paid(books: Ledgers) -> None:
    """Two invoices and a payment that is applied to both."""
    books.invoice("1", "60.00")
    books.invoice("2", "40.00")
    books.receipt("5", "100.00")
    books.applies("5", a7=("1", "60.00"), a8=("2", "40.00"))
    await books.rest()


def states(books: Ledgers) -> dict[str, tuple[str, str, str]]:
    return {name: state for name, state in books.states().items() if name.startswith("payment")}


def test_an_application_that_vanished_is_taken_back_and_touches_nothing_else() -> None:
    async def play(books: Ledgers) -> None:
        await paid(books)
        books.applies("5", a8=("2", "40.00"))

    books = played(play)
    assert states(books) == {
        RECEIPT_KEY: (*POSTED, "100.00"), A7: (*POSTED, "60.00"), f"{A7} correct 1": (*POSTED, "-60.00"), A8: (*POSTED, "40.00"),
    }  # fmt: skip
    assert books.erp.standing(APPLICATION) == [(APPLICATION, Decimal("40.00"))]
    assert books.erp.standing(RECEIPT) == [(RECEIPT, Decimal("100.00"))]


def test_what_it_was_applied_to_is_named_also_while_that_is_being_taken_back() -> None:
    """An invoice and its application were taken back in the same minute, when a window opened. The request about the invoice was out, so that nobody
    saw the invoice: the application was held for good because its invoice had no id, and the invoice because it was applied."""

    async def play(books: Ledgers) -> None:
        await paid(books)
        finds = books.erp.find

        async def too_early(resolved: ResolvedCommand) -> Found:
            """Until the reversal was asked for, it is not seen that the invoice is applied."""
            found, was_asked = await finds(resolved), any(one.record == REVERSAL for one in books.erp.asked)
            return found if was_asked else replace(found, refusal="", refusal_reason="")

        books.erp.find = too_early  # type: ignore[method-assign]  # the sink has this one already
        books.erp.silent["enter"] = False
        books.void("1")
        books.applies("5", a8=("2", "40.00"))

    books = played(play)
    assert books.states() == {
        "invoice:1 create": (*POSTED, "60.00"), "invoice:1 void": (*POSTED, "-60.00"), "invoice:2 create": (*POSTED, "40.00"),
        RECEIPT_KEY: (*POSTED, "100.00"), A7: (*POSTED, "60.00"), f"{A7} correct 1": (*POSTED, "-60.00"), A8: (*POSTED, "40.00"),
    }  # fmt: skip
    assert books.erp.standing(INVOICE) == [(INVOICE, Decimal("40.00"))]
    assert books.erp.standing(APPLICATION) == [(APPLICATION, Decimal("40.00"))]


def test_an_application_of_another_amount_is_corrected_and_a_new_one_added() -> None:
    async def play(books: Ledgers) -> None:
        await paid(books)
        books.applies("5", a7=("1", "50.00"), a8=("2", "40.00"), a9=("2", "10.00"))

    books = played(play)
    assert states(books) == {
        RECEIPT_KEY: (*POSTED, "100.00"), A7: (*POSTED, "60.00"), f"{A7} correct 1": (*POSTED, "-10.00"), A8: (*POSTED, "40.00"),
        "payment:5 a9 apply": (*POSTED, "10.00"),
    }  # fmt: skip
    assert sorted(books.erp.standing(APPLICATION)) == [(APPLICATION, Decimal(one)) for one in ("10.00", "40.00", "50.00")]


def test_a_set_that_became_empty_takes_back_every_application_and_they_may_come_again() -> None:
    async def play(books: Ledgers) -> None:
        await paid(books)
        books.applies("5")
        await books.rest()
        assert books.erp.standing(APPLICATION) == []
        books.applies("5", a7=("1", "60.00"))

    books = played(play)
    assert books.erp.standing(APPLICATION) == [(APPLICATION, Decimal("60.00"))]
    assert states(books)[f"{A7} correct 2"] == (*POSTED, "60.00")


def test_an_application_that_was_not_written_is_superseded_when_it_vanishes() -> None:
    async def play(books: Ledgers) -> None:
        books.receipt("5", "100.00")
        books.applies("5", a7=("1", "60.00"))
        books.sink.reads()
        await books.sink.passes(5)
        books.applies("5")
        await books.rest()
        books.invoice("1", "60.00")

    books = played(play)
    assert states(books)[A7] == ("SUPERSEDED", "made_no_more", "60.00")
    assert books.erp.standing(APPLICATION) == []


def test_an_application_that_comes_back_and_vanishes_again_before_it_was_written_stays_away() -> None:
    """Its return was not begun when the next set had it no more, and nothing ended it."""

    async def play(books: Ledgers) -> None:
        await paid(books)
        books.applies("5", a8=("2", "40.00"))
        await books.rest()
        books.sink.decides("pause")
        books.applies("5", a7=("1", "60.00"), a8=("2", "40.00"))
        await books.rest()
        books.applies("5", a8=("2", "40.00"))
        await books.rest()
        books.sink.decides("resume")

    books = played(play)
    assert states(books)[f"{A7} correct 2"] == ("SUPERSEDED", "reverted", "60.00")
    assert books.erp.standing(APPLICATION) == [(APPLICATION, Decimal("40.00"))]


def test_an_older_set_of_applications_changes_nothing() -> None:
    async def play(books: Ledgers) -> None:
        await paid(books)
        books.versions["payment", "5"] = 0
        books.applies("5", a8=("2", "40.00"))

    books = played(play)
    assert len(books.erp.standing(APPLICATION)) == 2


def test_a_document_to_which_something_is_applied_is_taken_back_when_that_ended() -> None:
    """The look-up says `applied`; the hold is looked at again when the application was taken back, and not before."""

    async def play(books: Ledgers) -> None:
        await paid(books)
        books.void("1")
        await books.rest()
        assert books.states()["invoice:1 void"] == ("HELD", "applied", "-60.00")
        finds = books.erp.finds
        await books.sink.passes(7200, 600)
        assert books.erp.finds == finds
        books.sink.crash()
        await books.rest()
        assert books.states()["invoice:1 void"] == ("HELD", "applied", "-60.00")
        books.applies("5", a8=("2", "40.00"))

    books = played(play)
    assert books.states()["invoice:1 void"] == (*POSTED, "-60.00")
    assert books.erp.standing(INVOICE) == [(INVOICE, Decimal("40.00"))]


def test_the_receipt_is_taken_back_when_its_applications_are() -> None:
    async def play(books: Ledgers) -> None:
        await paid(books)
        books.void("5", RECEIPT)
        await books.rest()
        assert books.states()["payment:5 void"] == ("HELD", "applied", "-100.00")
        books.applies("5")

    books = played(play)
    assert books.states()["payment:5 void"] == (*POSTED, "-100.00")
    assert (books.erp.standing(RECEIPT), books.erp.standing(APPLICATION)) == ([], [])


def test_a_payment_of_an_invoice_that_was_reversed_is_held_until_it_comes_back() -> None:
    async def play(books: Ledgers) -> None:
        books.invoice("1", "60.00")
        await books.rest()
        books.void("1")
        await books.rest()
        books.receipt("5", "60.00", invoice="1")
        await books.rest()
        assert books.states()[RECEIPT_KEY] == ("HELD", "parent_reversed", "60.00")
        books.sink.crash()
        books.invoice("1", "60.00")

    books = played(play)
    assert books.states()[RECEIPT_KEY] == (*POSTED, "60.00")
    (receipt,) = [one for one in books.erp.all() if one.record == RECEIPT]
    assert list(receipt.ids.values()) == [books.entry(f"{books.key(INVOICE, '1')}|correct|1")["erp_id"]]


def test_a_child_is_given_the_id_of_the_newest_change() -> None:
    async def play(books: Ledgers) -> None:
        for amount in ("60.00", "70.00"):
            books.invoice("1", amount)
            await books.rest()
        books.receipt("5", "70.00", invoice="1")

    books = played(play)
    (receipt,) = [one for one in books.erp.all() if one.record == RECEIPT]
    assert list(receipt.ids.values()) == [books.entry(f"{books.key(INVOICE, '1')}|correct|1")["erp_id"]]


# --- closed days ------------------------------------------------------------------------------------------------------


def period(books: Ledgers, month: int, is_open: bool) -> None:
    """The ERP's list has this month of 2026, open or closed."""
    days = {"code": f"{month:02d}-2026", "starts_on": date(2026, month, 1), "ends_on": date(2026, month, 28)}
    opens = dict.fromkeys(("open_receivable", "open_payable", "open_ledger"), is_open)
    record = blank("canonical.period") | {"connection": "acme", "system": TARGET, **days, **opens}
    value = CODEC.encode("canonical.period", "canonical.period", cast("Any", record))
    books.sink._followed(Message(month, value, of="canonical.period"))


def late() -> Ledgers:
    return Ledgers(late="next_open")


def test_a_late_document_goes_to_the_next_open_day_and_keeps_its_own() -> None:
    async def play(books: Ledgers) -> None:
        period(books, 1, is_open=False)
        period(books, 2, is_open=False)
        period(books, 3, is_open=True)
        books.invoice("1", "60.00", posting_date=date(2026, 1, 15))
        await books.rest()
        books.invoice("1", "70.00", posting_date=date(2026, 2, 3))
        await books.rest()
        books.void("1", posting_date=date(2026, 3, 9))

    books = played(play, late)
    asked = [(str(one.command["posting_date"]), str(one.post_on)) for one in books.erp.asked]
    assert asked[0] == ("2026-01-15", "2026-03-01")
    assert asked[1:3] == [("2026-02-03", "2026-03-01")] * 2
    assert asked[3:] == [("2026-03-09", "None")] * 2
    assert str(books.entry(books.key(INVOICE, "1"))["posting_date"]) == "2026-03-01"


def test_a_reversal_in_a_closed_period_is_held_and_goes_on_when_a_day_is_open() -> None:
    async def play(books: Ledgers) -> None:
        period(books, 1, is_open=False)
        books.invoice("1", "60.00", posting_date=date(2026, 2, 3))
        await books.rest()
        books.void("1", posting_date=date(2026, 1, 15))
        await books.rest()
        assert books.states()["invoice:1 void"] == ("HELD", "period_closed", "-60.00")
        assert "no later day is open" in books.entry(books.key(INVOICE, "1", action="void"))["detail"]
        period(books, 3, is_open=True)

    books = played(play, late)
    assert books.states()["invoice:1 void"] == (*POSTED, "-60.00")
    assert str(books.erp.asked[-1].post_on) == "2026-03-01"


def test_a_closed_day_holds_where_nothing_else_is_chosen() -> None:
    async def play(books: Ledgers) -> None:
        period(books, 1, is_open=False)
        period(books, 3, is_open=True)
        books.invoice("1", "60.00", posting_date=date(2026, 1, 15))

    assert played(play).states() == {"invoice:1 create": ("HELD", "period_closed", "60.00")}


LOCKED = Answer(Verdict.REJECT, code="LOCKED", words="the period is locked", reason="period_closed")
HELD = {"invoice:1 create": ("HELD", "period_closed", "60.00")}


@pytest.mark.parametrize("is_listed", [True, False])
@pytest.mark.parametrize("crashes", [True, False])
def test_what_the_system_itself_calls_closed_is_tried_again_each_hour(is_listed: bool, crashes: bool) -> None:
    """The period was locked and unlocked before the list was read: the list never changes, so that nothing else would tell. Nor does a new owner."""
    seen = []

    async def play(books: Ledgers) -> None:
        if is_listed:
            period(books, 1, is_open=True)
        books.erp.refuses["create"] = LOCKED
        books.invoice("1", "60.00", posting_date=date(2026, 1, 15))
        books.sink.reads()
        await books.sink.passes(3000, 100)
        seen.append(books.states())
        if crashes:
            books.sink.crash()
            books.sink.reads()
        await books.sink.passes(1200, 100)

    assert played(play).states() == {"invoice:1 create": (*POSTED, "60.00")}
    assert seen == [HELD]


def test_a_hold_that_is_tried_again_every_hour_pauses_nothing() -> None:
    """Twenty refusals in a row with one code pause a connection; a weekend has more hours."""

    async def play(books: Ledgers) -> None:
        books.invoice("1", "60.00", posting_date=date(2026, 1, 15))
        books.sink.reads()
        for seconds in (1000, *[3600] * 25):
            books.erp.refuses["create"] = LOCKED
            await books.sink.passes(seconds, 100)
            assert "create" not in books.erp.refuses, "it was not tried again"
            assert books.states() == HELD
        assert books.sink.records("control") == [], "the sink paused the connection"
        await books.sink.passes(3700, 100)

    assert played(play).states() == {"invoice:1 create": (*POSTED, "60.00")}
