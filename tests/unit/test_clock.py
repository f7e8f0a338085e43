from __future__ import annotations

import sys
import time

import pytest

from runtime import clock
from runtime.clock import ScaledClock


def _machine(monkeypatch: pytest.MonkeyPatch, names: dict[str, int], times: dict[int, float]) -> None:
    """A machine that has these clocks under these numbers, each with its time; any other one it does not know."""

    def clock_gettime(number: int) -> float:
        if number not in times:
            raise OSError(22, "Invalid argument")
        return times[number]

    for name in ("CLOCK_BOOTTIME", "CLOCK_MONOTONIC"):
        monkeypatch.delattr(time, name, raising=False)
    for name, number in names.items():
        monkeypatch.setattr(time, name, number, raising=False)
    monkeypatch.setattr(time, "clock_gettime", clock_gettime)
    monkeypatch.setattr(time, "monotonic", lambda: 1.0)


@pytest.mark.skipif(sys.platform != "linux", reason="Linux has this clock")
def test_a_night_in_which_the_machine_was_suspended_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that woke after hours still thought that its lease held."""
    times = {time.CLOCK_MONOTONIC: 100.0, time.CLOCK_BOOTTIME: 100.0}
    monkeypatch.setattr(time, "clock_gettime", times.__getitem__)
    monkeypatch.setattr(time, "monotonic", lambda: times[time.CLOCK_MONOTONIC])
    lease_from = ScaledClock(scale=60).monotonic()
    times[time.CLOCK_BOOTTIME] += 8 * 3600
    times[time.CLOCK_MONOTONIC] += 1
    assert ScaledClock(scale=60).monotonic() - lease_from == 8 * 3600


def test_linux_counts_by_the_time_since_boot_and_macos_by_its_monotonic_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    _machine(monkeypatch, {"CLOCK_BOOTTIME": 7, "CLOCK_MONOTONIC": 1}, {7: 500.0, 1: 20.0})
    assert clock._counting_suspension("linux") == 7
    _machine(monkeypatch, {"CLOCK_MONOTONIC": 6}, {6: 30.0})
    assert clock._counting_suspension("darwin") == 6


def test_a_machine_without_such_a_clock_counts_as_python_does(monkeypatch: pytest.MonkeyPatch) -> None:
    _machine(monkeypatch, {"CLOCK_MONOTONIC": 4}, {4: 30.0})
    assert clock._counting_suspension("freebsd14") is None
    _machine(monkeypatch, {"CLOCK_BOOTTIME": 7}, {})
    assert clock._counting_suspension("linux") is None, "a sandbox may know the name and not the clock"
    monkeypatch.setattr(clock, "_CLOCK", None)
    assert ScaledClock().monotonic() == 1.0
