"""What a session is signed in with: one renewal for everybody, none before its time, and a late refusal that throws nothing new away."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from runtime.errors import Broken
from systems.http.signin import SignIn
from tests.moved import MovedClock


class Signed:
    """A sign-in that counts."""

    def __init__(self, life: timedelta = timedelta(minutes=13)) -> None:
        self.clock = MovedClock()
        self.life = life
        self.count = 0
        self.failure: Exception | None = None
        self.held = SignIn(self.clock, self._sign)

    async def _sign(self) -> timedelta:
        self.count += 1
        await asyncio.sleep(0.001)
        if self.failure is not None:
            raise self.failure
        return self.life


async def test_one_renewal_serves_all_who_wait_for_it() -> None:
    one = Signed()
    await asyncio.gather(*(one.held.ensure() for _ in range(50)))
    assert (one.count, one.held.generation) == (1, 1)


async def test_a_failure_is_told_to_all_who_wait_and_tried_again_by_the_next() -> None:
    one = Signed()
    one.failure = Broken("wrong secret")
    found = await asyncio.gather(*(one.held.ensure() for _ in range(50)), return_exceptions=True)
    assert all(isinstance(each, Broken) for each in found)
    assert (one.count, one.held.is_good()) == (1, False)
    one.failure = None
    await one.held.ensure()
    assert one.count == 2


async def test_who_gives_up_waiting_takes_nobody_elses_renewal_along() -> None:
    one = Signed()
    first = asyncio.create_task(one.held.ensure())
    second = asyncio.create_task(one.held.ensure())
    await asyncio.sleep(0)
    first.cancel()
    await second
    assert one.count == 1


async def test_it_is_renewed_at_its_end_and_not_before() -> None:
    one = Signed(timedelta(minutes=13))
    await one.held.ensure()
    one.clock.instant += timedelta(minutes=13, seconds=-1)
    await one.held.ensure()
    assert one.count == 1
    one.clock.instant += timedelta(seconds=1)
    await one.held.ensure()
    assert one.count == 2


async def test_its_life_counts_from_before_it_was_asked_for() -> None:
    one = Signed(timedelta(minutes=1))

    async def slow() -> timedelta:
        one.clock.instant += timedelta(seconds=40)
        return one.life

    held = SignIn(one.clock, slow)
    await held.ensure()
    one.clock.instant += timedelta(seconds=20)
    assert not held.is_good()


async def test_it_is_held_for_the_spare_time_and_a_short_one_for_half_its_life() -> None:
    one = Signed(timedelta(minutes=59))
    await one.held.ensure(timedelta(minutes=3))
    one.clock.instant += timedelta(minutes=57)
    await one.held.ensure(timedelta(minutes=1))
    assert one.count == 1
    await one.held.ensure(timedelta(minutes=3))
    assert one.count == 2
    short = Signed(timedelta(minutes=1))
    for _ in range(3):
        await short.held.ensure(timedelta(minutes=3))
    assert short.count == 1


async def test_a_late_refusal_of_an_old_one_counts_the_renewal_of_another() -> None:
    one = Signed()
    await one.held.ensure()
    old = one.held.generation
    assert await one.held.renew(old)
    assert await one.held.renew(old)
    one.held.forget(old)
    await one.held.ensure()
    assert (one.count, one.held.generation) == (2, 2)


async def test_what_carries_its_own_proof_is_always_good_and_cannot_be_renewed() -> None:
    held = SignIn(MovedClock(), None)
    held.forget(0)
    await held.ensure(timedelta(days=1))
    assert held.is_good()
    assert not await held.renew(0)


async def test_an_end_in_the_middle_of_a_renewal_ends_it() -> None:
    one = Signed()
    waiting = asyncio.create_task(one.held.ensure())
    await asyncio.sleep(0)
    one.held.end()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert not one.held.is_good()
