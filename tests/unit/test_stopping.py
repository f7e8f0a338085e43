"""What a service learns from the signals with which it is stopped."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from services import start

SIGNALS = pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])


@SIGNALS
def test_a_signal_sets_the_event_of_a_thread(number: signal.Signals) -> None:
    before = {one: signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGINT)}
    try:
        stopping = start.stop_event()
        assert not stopping.is_set()
        os.kill(os.getpid(), number)
        assert stopping.wait(5)
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


@SIGNALS
async def test_a_signal_sets_the_event_of_a_loop(number: signal.Signals) -> None:
    stopping, loop = start.stop_event_of_loop(), asyncio.get_running_loop()
    try:
        assert not stopping.is_set()
        os.kill(os.getpid(), number)
        await asyncio.wait_for(stopping.wait(), 5)
    finally:
        for one in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(one)
