from __future__ import annotations

import threading
import time

import pytest

from runtime.errors import EXIT_SOFTWARE
from runtime.overdue import Overdue


def test_a_call_that_does_not_come_back_ends_the_process_for_its_supervisor() -> None:
    ended: list[int] = []
    seen, back = threading.Event(), threading.Event()

    def end(code: int) -> None:
        ended.append(code)
        seen.set()

    def hanging() -> None:
        with watch.limit("a call that hangs", 0.05):
            back.wait(5)

    watch = Overdue(end, look_s=0.01)
    thread = threading.Thread(target=hanging)
    thread.start()
    assert seen.wait(5), "nobody noticed"
    back.set()
    thread.join()
    assert ended == [EXIT_SOFTWARE]


def test_calls_that_come_back_in_time_are_forgotten_even_when_they_raise() -> None:
    ended: list[int] = []
    watch = Overdue(ended.append, look_s=0.01)
    for _ in range(3):
        with pytest.raises(ValueError, match="no"), watch.limit("a call", 0.03):
            int("no")
    time.sleep(0.1)
    assert ended == []
