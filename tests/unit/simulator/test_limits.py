"""Limits of calls that simulators share."""

from __future__ import annotations

import asyncio

from runtime.simulator.limits import Full, Places, Window


def test_a_window_slides_and_does_not_count_what_it_refused() -> None:
    now = [0.0]
    window = Window(60, lambda: now[0])
    assert [window.admits(2) for _ in range(4)] == [True, True, False, False]
    now[0] = 59.9
    assert not window.admits(2)
    now[0] = 60
    assert [window.admits(2) for _ in range(3)] == [True, True, False]


def test_a_limit_of_zero_lets_everything_pass() -> None:
    window = Window(1, lambda: 0.0)
    assert all(window.admits(0) for _ in range(1000))


async def test_calls_over_the_concurrent_limit_wait_in_a_queue_and_then_fail() -> None:
    places, refused = Places(), 0

    async def hold() -> bool:
        try:
            async with places.place(1, 1, 0.02):
                return True
        except Full:
            return False

    async with places.place(1, 1, 0.02):
        refused = (await asyncio.gather(hold(), hold())).count(False)
    assert refused == 2  # one waited its time out, one found the queue full
    assert await hold()


async def test_a_place_goes_to_the_next_in_the_queue() -> None:
    places, ran = Places(), list[int]()

    async def hold(number: int) -> None:
        async with places.place(1, 50, 5.0):
            ran.append(number)
            await asyncio.sleep(0)

    await asyncio.gather(*[hold(number) for number in range(20)])
    assert ran == list(range(20))
