"""Sessions: so many at once, by id and secret, ended when they stand idle."""

from __future__ import annotations

from datetime import timedelta

import pytest

from runtime.simulator.sessions import Allowed, NoSessionLeft, Sessions
from tests.moved import MovedClock


def _sessions(most: int = 2) -> tuple[Sessions, MovedClock]:
    clock = MovedClock()
    return Sessions(clock, lambda: Allowed(most, timedelta(minutes=20))), clock


def test_no_more_are_open_than_the_licence_has() -> None:
    sessions, _ = _sessions()
    first, _ = sessions.enter("a"), sessions.enter("b")
    with pytest.raises(NoSessionLeft):
        sessions.enter("c")
    sessions.leave(first)
    assert [session.id for session in (sessions.enter("c"), *sessions)] == ["c", "b", "c"]


def test_a_session_ends_after_standing_idle_and_lives_on_while_it_is_used() -> None:
    sessions, clock = _sessions()
    sessions.enter("a"), sessions.enter("b")
    clock.move(minutes=20)
    assert sessions.find("a") is not None
    clock.move(minutes=1)
    assert (sessions.find("a") is not None, sessions.find("b")) == (True, None)


def test_a_secret_that_is_given_has_to_fit_and_a_wrong_one_keeps_nothing_alive() -> None:
    sessions, clock = _sessions()
    sessions.enter("a", "s3")
    clock.move(minutes=20)
    assert (sessions.find("a", "wrong"), sessions.find("none")) == (None, None)
    clock.move(seconds=1)
    assert sessions.find("a", "s3") is None


def test_the_sessions_of_an_owner_are_found_and_closed_together() -> None:
    sessions, _ = _sessions(9)
    for number in range(4):
        sessions.enter(str(number), owner="one" if number % 2 else "other")
    found = sessions.of("one")
    assert found is not None
    assert found.id == "1"
    sessions.leave_all("one")
    assert (sessions.of("one"), [session.id for session in sessions]) == (None, ["0", "2"])
    sessions.leave_all()
    assert list(sessions) == []
