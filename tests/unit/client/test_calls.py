"""The calls of a session: what waits, what is repeated, and what never is."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial

import pytest
from pydantic import BaseModel

from runtime.errors import Broken, Refused, Throttled, Transient
from runtime.exchange import NotSent, Request, Response, Unanswered, response
from runtime.limits import Share
from runtime.one_write import OneWrite, step
from systems.contract import Access, Role
from systems.http.calls import TRIES, own
from tests.unit.client.session import READ, WRITE, Nothing, Numbered, Session, opened, refused_proofs


@pytest.fixture
def session() -> Session:
    return opened()


def fail(error: Exception) -> object:
    def answer(request: Request) -> Response:
        if request.url == READ.url:
            raise error
        return response(200)

    return answer


# --- reads ---


@pytest.mark.parametrize("failure", [response(500), NotSent("no route"), Unanswered("cut"), response(302)], ids=str)
async def test_a_read_is_tried_a_few_times_with_waits_between(session: Session, failure: Response | Exception) -> None:
    session.wire.answer = fail(failure) if isinstance(failure, Exception) else lambda _: failure  # type: ignore[assignment]  # a script
    began = session.clock.now()
    with pytest.raises(Transient):
        await session.read()
    assert len(session.wire.proofs) == TRIES
    assert session.clock.now() > began


async def test_a_read_that_succeeds_at_the_second_try_is_a_success(session: Session) -> None:
    session.wire.answer = lambda _: response(500) if len(session.wire.sent) == 2 else response(200, b"rows")
    assert await session.read() == b"rows"


async def test_a_refused_read_is_not_tried_again(session: Session) -> None:
    session.wire.answer = lambda _: response(400)
    with pytest.raises(Refused):
        await session.read()
    assert len(session.wire.proofs) == 1


async def test_a_throttled_read_stops_everybody_for_the_time_asked_and_is_not_tried_again(session: Session) -> None:
    session.wire.answer = lambda _: response(429, headers={"Retry-After": "170"})
    with pytest.raises(Throttled):
        await session.read()
    assert len(session.wire.proofs) == 1
    session.wire.answer, began = lambda _: response(200), session.clock.now()
    await session.read()
    assert session.clock.now() - began == timedelta(seconds=170)


async def test_a_throttled_sign_in_stops_everybody_too(session: Session) -> None:
    for call in (session.read, lambda: session.calls.reserve(1, timedelta(0))):
        session.login.failure = Throttled("full", 30)
        with pytest.raises(Throttled):
            await call()
        began = session.clock.now()
        await session.limiter.take()
        assert session.clock.now() - began >= timedelta(seconds=30)


async def test_a_throttled_sign_in_that_many_wait_for_is_one_pause(session: Session) -> None:
    session.login.failure = Throttled("full")
    found = await asyncio.gather(*(session.read() for _ in range(50)), return_exceptions=True)
    assert {type(one) for one in found} == {Throttled}
    assert (session.wire.sign_ins, session.calls._pauses.in_a_row) == (1, 1)


async def test_pauses_double_until_something_is_answered(session: Session) -> None:
    long = [session.calls.pause() for _ in range(12)]
    assert max(long) > timedelta(seconds=20)
    assert max(long) <= timedelta(minutes=2)
    await session.look()
    assert session.calls.pause() <= timedelta(seconds=5)


async def test_calls_at_the_same_time_are_bounded_and_a_sign_in_needs_no_place_of_its_own() -> None:
    session = opened(share=Share(1000, timedelta(seconds=1), at_once=1))
    assert len(await asyncio.gather(*(session.read() for _ in range(5)))) == 5


async def test_a_read_takes_the_calls_of_its_sign_in_from_the_limit() -> None:
    session = opened(share=Share(2, timedelta(seconds=60)))
    began = session.clock.now()
    await session.read()
    assert session.clock.now() == began
    await session.read()
    assert session.clock.now() > began


# --- refused sign-ins ---


async def test_a_read_whose_sign_in_is_refused_is_sent_again_once_with_a_fresh_one(session: Session) -> None:
    with refused_proofs(session.wire, 1):
        await session.read()
    assert session.wire.proofs == ["1", "2"]
    with refused_proofs(session.wire, 2, 3), pytest.raises(Refused, match="401"):
        await session.read()
    assert session.wire.proofs[2:] == ["2", "3"]


async def test_a_refused_sign_in_is_renewed_once_for_all_who_used_it(session: Session) -> None:
    with refused_proofs(session.wire, 1):
        await asyncio.gather(*(session.read() for _ in range(50)))
    assert session.wire.sign_ins == 2


async def test_without_a_sign_in_of_its_own_a_401_is_final() -> None:
    login = Numbered()
    login.calls = 0
    session = opened(login)
    session.wire.answer = lambda _: response(401)
    with pytest.raises(Refused, match="401"):
        await session.read()
    assert (session.wire.sign_ins, session.wire.proofs) == (0, ["0"])


# --- look-ups and writes ---


async def test_a_look_up_waits_for_no_limit_and_is_made_once(session: Session) -> None:
    await session.calls.reserve(1, timedelta(minutes=3))
    session.calls.pause(timedelta(hours=1))
    began = session.clock.now()
    await session.look()
    session.wire.answer = lambda _: response(500)
    with pytest.raises(Transient):
        await session.look()
    assert (len(session.wire.proofs), session.clock.now()) == (2, began)


@pytest.mark.parametrize("status", [200, 302, 307, 401, 404, 429, 500, 503])
async def test_a_write_is_sent_once_whatever_comes_back(session: Session, status: int) -> None:
    await session.calls.reserve(1, timedelta(minutes=3))
    session.wire.answer = lambda _: response(status, headers={"Location": "https://evil.example/", "Retry-After": "1"})
    assert (await session.calls.write(WRITE)).status == status
    assert session.wire.proofs == ["1"]
    assert session.wire.sent[-1].body == WRITE.body


@pytest.mark.parametrize("failure", [NotSent("no route"), Unanswered("cut")])
async def test_a_write_that_was_lost_is_not_repeated(session: Session, failure: Exception) -> None:
    await session.calls.reserve(1, timedelta(minutes=3))

    def lost(_: Request) -> Response:
        raise failure

    session.wire.answer = lost
    with pytest.raises(type(failure)):
        await session.calls.write(WRITE)
    assert len(session.wire.proofs) == 1


async def test_a_write_whose_sign_in_is_refused_leaves_the_next_one_to_the_next_attempt(session: Session) -> None:
    await session.calls.reserve(1, timedelta(minutes=3))
    with refused_proofs(session.wire, 1):
        await session.calls.write(WRITE)
        with pytest.raises(NotSent):
            await session.calls.write(WRITE)
        await session.calls.reserve(1, timedelta(minutes=3))
        assert (await session.calls.write(WRITE)).status == 200
    assert (session.wire.proofs, session.wire.sign_ins) == (["1", "2"], 2)


async def test_a_write_after_the_end_of_its_sign_in_is_not_sent(session: Session) -> None:
    """Signing in between the intent and the write would be a wait there."""
    await session.calls.reserve(1, timedelta(minutes=3))
    session.clock.instant += timedelta(hours=2)
    with pytest.raises(NotSent):
        await session.calls.write(WRITE)
    assert session.wire.proofs == []


async def test_a_sign_in_after_the_write_of_a_step_is_no_second_write(session: Session) -> None:
    """The document was to be read back, and the sign-in, a POST, was kept back as a second write of the step."""
    await session.calls.reserve(2, timedelta(minutes=3))
    session.calls._transport = OneWrite(session.wire, lambda request: request.method == "POST")
    with step(), refused_proofs(session.wire, 1):
        await session.calls.write(WRITE)
        await session.look()
        with pytest.raises(Unanswered, match="a second write"):
            await session.calls.write(WRITE)
    assert session.wire.sign_ins == 2


# --- the session ---


async def test_reserving_takes_the_calls_and_a_sign_in_good_for_the_attempt() -> None:
    session = opened(share=Share(10, timedelta(seconds=10)))
    await session.calls.reserve(10, timedelta(minutes=3))
    assert session.wire.sign_ins == 1
    began = session.clock.now()
    await session.calls.reserve(5, timedelta(minutes=3))
    assert session.clock.now() - began == timedelta(seconds=5)


async def test_a_sign_in_that_gets_no_answer_is_tried_again_later(session: Session) -> None:
    session.login.failure = NotSent("no route")
    for call in (session.look, lambda: session.calls.reserve(1, timedelta(0))):
        with pytest.raises(Transient, match="no route"):
            await call()


async def test_a_server_behind_us_is_believed_and_one_ahead_is_not(session: Session) -> None:
    now = session.clock.now()
    for said, behind in (("11:50:00", 600), ("12:10:00", 0)):
        dated = response(200, headers={"Date": f"Mon, 02 Mar 2026 {said} GMT"})
        session.wire.answer = partial(lambda answer, _: answer, dated)
        await session.look()
        assert session.calls.server_now() == now - timedelta(seconds=behind)
        assert session.calls.behind == timedelta(seconds=behind)


async def test_a_session_that_is_used_lives_on() -> None:
    session = opened(Numbered(timedelta(minutes=10)))
    session.login.idle = timedelta(minutes=8)
    for _ in range(5):
        await session.look()
        session.clock.instant += timedelta(minutes=7)
    assert session.wire.sign_ins == 1
    session.clock.instant += timedelta(minutes=7)
    await session.look()
    assert session.wire.sign_ins == 2


async def test_an_end_that_gets_no_answer_drops_the_connections_all_the_same(session: Session) -> None:
    await session.look()
    await session.calls.close()
    assert (session.login.left, session.wire.closed) == ([1], 1)
    assert not session.calls.sign_in.is_good()


def test_settings_of_another_system_are_named(session: Session) -> None:
    class Others(BaseModel):
        """Of another system."""

    access = Access("acme", Role.SINK, Nothing(), Nothing(), session.wire, session.limiter, session.clock)
    assert own("erp", access, Nothing, Nothing) == (Nothing(), Nothing())
    for kinds in ((Others, Nothing), (Nothing, Others)):
        with pytest.raises(Broken, match="erp acme: settings or credentials of another system"):
            own("erp", access, *kinds)
