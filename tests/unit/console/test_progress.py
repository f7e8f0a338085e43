"""How far a command's reading is, on stderr, once the whole command takes longer than two seconds."""

from __future__ import annotations

import time

import pytest

from console.reading import Pace, Progressing


def test_many_short_readings_are_told_as_one_long_one(capsys: pytest.CaptureFixture[str]) -> None:
    """Each topic's reading began its own two seconds: a command that read ten short topics for half a minute said nothing."""
    pace = Pace(began_s=time.monotonic() - 3.0, next_s=time.monotonic() - 1.0)
    for name in ("canonical.invoice", "canonical.payment"):
        with Progressing(pace) as progress:
            progress.begins(name)
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines() == ["[   3.0 s] reading canonical.invoice"], "the next line comes ten seconds later"


def test_a_short_command_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with Progressing(Pace()) as progress:
        progress.begins("links")
        for _ in range(1000):
            progress.read("links")
    assert capsys.readouterr().err == ""
