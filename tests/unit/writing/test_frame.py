"""What every writer makes of whatever a system's dialect tells or raises: verdicts, pauses, and the calls that are given back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, cast

import orjson
import pytest
from pydantic import BaseModel

from runtime import redaction
from runtime.clock import Clock
from runtime.errors import Broken, ConnectorError, Malformed, Refused, Throttled, Transient
from runtime.exchange import NotSent, Response, Unanswered, response
from runtime.limits import Limiter
from schemas.records import CommandEnvelope
from systems.contract import Access, Answer, Document, Found, ResolvedCommand, Role, Verdict
from systems.writing.frame import UNSEEN, WORDS, Attempt, Budget, FramedWriter, ReadBack, ambiguous

RESOLVED = ResolvedCommand("ap_bill", cast("CommandEnvelope", {"ref": "ST-1", "system": "toy"}))
OURS = Document("D1", "D1", "ST-1", Decimal(1), "USD", ("create",))
OK = response(200)
Told = Answer | Document | ReadBack


def raising(error: Exception) -> Callable[..., Any]:
    def raises(*_: Any) -> Any:
        raise error

    return raises


class Nothing(BaseModel):
    """Credentials of nobody."""


@dataclass
class Scripted:
    """A dialect, the client below it, limiter and clock: all that a frame stands on."""

    found: Callable[[], Found] = lambda: Found((OURS,))
    built: Callable[[], str] = lambda: "request"
    sent: Callable[[], Response] = lambda: OK
    told: Callable[[Attempt], Told] = lambda _: OURS
    pauses: list[timedelta | None] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)
    given_back: int = 0

    async def reserve(self, calls: int) -> None:
        self.given_back -= calls

    async def look_up(self, attempt: Attempt) -> Found:
        attempt.calls += 1
        return self.found()

    async def request(self, attempt: Attempt) -> str:
        assert attempt.step == "create"
        return self.built()

    async def send(self, request: str) -> Response:
        assert request == "request"
        return self.sent()

    async def read(self, attempt: Attempt, request: str, answer: Response) -> Told:
        return self.told(attempt)

    async def shown(self, attempt: Attempt) -> tuple[Document, ...]:
        attempt.calls += 1
        return self.found().documents

    def pause(self, asked: timedelta | None) -> timedelta:
        self.pauses.append(asked)
        return timedelta(seconds=9)

    async def close(self) -> None:
        """Nothing is open."""

    def give_back(self, calls: int) -> None:
        self.given_back += calls

    def now(self) -> datetime:
        return datetime(2026, 3, 2, tzinfo=UTC)

    async def sleep(self, duration: timedelta) -> None:
        self.slept.append(duration.total_seconds())

    @property
    def writer(self) -> FramedWriter[str]:
        nothing = cast("Any", None)
        access = Access("acme", Role.SINK, nothing, Nothing(), nothing, cast("Limiter", self), cast("Clock", self))
        return FramedWriter(self, self, access, Budget(find=2, step=5))

    async def performed(self) -> Answer:
        return await self.writer.perform("create", RESOLVED, None)


# --- looking up -----------------------------------------------------------------------------------------------------------


async def test_a_look_up_that_cannot_be_read_may_be_made_again_and_what_it_did_not_use_is_given_back() -> None:
    own = Scripted(found=raising(Malformed("cut")))
    with pytest.raises(Transient, match="toy ST-1: cut"):
        await own.writer.find(RESOLVED)
    assert (own.given_back, own.pauses) == (1, [])


async def test_a_look_up_that_is_throttled_pauses_the_system() -> None:
    own = Scripted(found=raising(Throttled("slower", 4.0)))
    with pytest.raises(Throttled):
        await own.writer.find(RESOLVED)
    assert own.pauses == [timedelta(seconds=4)]


# --- before anything is sent ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "verdict", "reason", "broken"),
    [
        (Refused("no vendor"), Verdict.REJECT, "unsendable", False),
        (Malformed("three decimals"), Verdict.REJECT, "unsendable", False),
        (orjson.JSONEncodeError("half a character"), Verdict.REJECT, "unsendable", False),
        (Transient("its description cannot be read"), Verdict.DEFINITE_NO, "unreachable", False),
        (Broken("its description was changed"), Verdict.DEFINITE_NO, "configuration", True),
    ],
)
async def test_what_cannot_be_built_is_not_sent(error: Exception, verdict: Verdict, reason: str, broken: bool) -> None:
    own = Scripted(built=raising(error), sent=raising(AssertionError("it is sent")))
    answer = await own.performed()
    assert (answer.verdict, answer.reason, answer.broken, own.given_back) == (verdict, reason, broken, 5)


# --- the one request --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "verdict", "reason"),
    [(NotSent("no route"), Verdict.DEFINITE_NO, "unreachable"), (Unanswered("cut"), Verdict.AMBIGUOUS, "unanswered")],
)
async def test_a_request_without_an_answer_is_a_no_only_where_nothing_left(error: Exception, verdict: Verdict, reason: str) -> None:
    own = Scripted(sent=raising(error))
    answer = await own.performed()
    assert (answer.verdict, answer.reason, own.given_back) == (verdict, reason, 4)


@pytest.mark.parametrize("error", [Malformed("half a record"), Transient("its job cannot be asked for"), Refused("not that job")])
async def test_an_answer_that_cannot_be_read_is_never_a_no(error: Exception) -> None:
    answer = await Scripted(told=raising(error)).performed()
    assert (answer.verdict, answer.reason) == (Verdict.AMBIGUOUS, "unreadable")


async def test_an_answer_that_throttles_pauses_the_system_for_as_long_as_the_client_says() -> None:
    asked = timedelta(seconds=2)
    own = Scripted(told=lambda _: Answer(Verdict.DEFINITE_NO, throttled=True, retry_after=asked))
    answer = await own.performed()
    assert (answer.retry_after, own.pauses) == (timedelta(seconds=9), [asked])


# --- what is a yes ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shown", "verdict"),
    [
        (OURS, Verdict.YES),
        (replace(OURS, ref="ST-2"), Verdict.AMBIGUOUS),
        (replace(OURS, ref=""), Verdict.AMBIGUOUS),
        (replace(OURS, erp_id="/"), Verdict.AMBIGUOUS),
        (replace(OURS, steps_done=()), Verdict.AMBIGUOUS),
        (replace(OURS, differences=("amount: 2, 1",)), Verdict.AMBIGUOUS),
    ],
)
async def test_only_our_document_with_the_step_done_and_no_difference_is_a_yes(shown: Document, verdict: Verdict) -> None:
    assert (await Scripted(told=lambda _: shown).performed()).verdict is verdict
    own = Scripted(found=lambda: Found((shown,)))
    own.told = lambda _: ReadBack(own.shown)
    answer = await own.performed()
    assert (answer.verdict, answer.document, own.given_back) == (verdict, shown, 3)


async def test_two_documents_with_our_ref_are_no_yes() -> None:
    own = Scripted(found=lambda: Found((OURS, OURS)))
    own.told = lambda _: ReadBack(own.shown)
    assert (await own.performed()).verdict is Verdict.AMBIGUOUS


async def test_the_books_are_looked_at_again_until_they_show_it() -> None:
    shown = iter([(), (), (OURS,)])
    own = Scripted(found=lambda: Found(next(shown)))
    own.told = lambda _: ReadBack(own.shown, looks=4)
    assert (await own.performed()).verdict is Verdict.YES
    assert (own.slept, own.given_back) == ([1.0, 2.0], 1)


async def test_books_that_never_show_it_leave_it_open() -> None:
    own = Scripted(found=lambda: Found(()))
    own.told = lambda _: ReadBack(own.shown, looks=2)
    answer = await own.performed()
    assert (answer.verdict, answer.reason, own.slept) == (Verdict.AMBIGUOUS, UNSEEN, [1.0])


@pytest.mark.parametrize("error", [Throttled("slower", 4.0), Broken("no right to read"), Malformed("cut")])
async def test_books_that_cannot_be_read_leave_it_open(error: ConnectorError) -> None:
    own = Scripted(found=raising(error))
    own.told = lambda _: ReadBack(own.shown)
    answer = await own.performed()
    assert (answer.verdict, answer.reason, len(own.pauses)) == (Verdict.AMBIGUOUS, "unanswered", isinstance(error, Throttled))


async def test_a_refusal_counts_only_where_the_books_do_not_show_the_step_done() -> None:
    refusal = Answer(Verdict.REJECT, words="released already", reason="status")
    own = Scripted()
    own.told = lambda _: ReadBack(own.shown, otherwise=refusal)
    assert (await own.performed()).verdict is Verdict.YES
    own.found = lambda: Found((replace(OURS, steps_done=()),))
    assert await own.performed() == refusal


def test_a_secret_that_the_words_echo_is_taken_out_before_they_are_cut() -> None:
    secret = "a-secret-that-nobody-may-read-in-a-ledger"
    redaction.know_value(secret)
    answer = ambiguous("x" * (WORDS - 20) + secret, "echo")
    assert secret[:10] not in answer.words
