"""Time as a parameter: aware UTC now, a monotonic clock for leases, and a sleep, optionally scaled.

Profile `demo` runs windows, cadences, token lives and webhook retries on a scaled clock; every process of one run computes
the same instant from three settings: `ML_CONNECTOR_CLOCK__START` (the instant at the anchor, RFC 3339),
`ML_CONNECTOR_CLOCK__ANCHOR` (the real instant that START stands for, epoch seconds) and `ML_CONNECTOR_CLOCK__SCALE`
(scaled seconds per real second). Leases and settle times use `monotonic`, which is never scaled and goes on while the machine is
suspended: what another machine does meanwhile takes its time whether this one is awake or not.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from runtime.errors import Broken


def _counting_suspension(platform: str = sys.platform) -> int | None:
    """The system's clock that counts the time in which the machine was suspended; None where it has none.

    Linux: CLOCK_BOOTTIME, for CLOCK_MONOTONIC stands still there (clock_getres(2)). macOS: CLOCK_MONOTONIC, which goes on while asleep
    (its clock_gettime(3)); `time.monotonic` counts by another clock there, one that does not. Elsewhere `time.monotonic` has to do.
    """
    name = "CLOCK_MONOTONIC" if platform == "darwin" else "CLOCK_BOOTTIME"
    number: int | None = getattr(time, name, None)
    if number is None:
        return None
    try:
        time.clock_gettime(number)
    except OSError:  # a kernel or a sandbox without it
        return None
    return number


_CLOCK = _counting_suspension()


class Clock(Protocol):
    """What the rest of the code knows about time."""

    def now(self) -> datetime:
        """The present instant, aware, UTC, scaled where a scale is set."""

    def monotonic(self) -> float:
        """Real seconds that never go back and count a suspended machine's time; for leases, settle times and request time-outs."""

    async def sleep(self, duration: timedelta) -> None:
        """Wait for `duration` of `now`."""


@dataclass(frozen=True)
class ScaledClock:
    """The machine's clock, stretched: `scale` scaled seconds pass in one real second from `start` at `anchor`."""

    scale: float = 1.0
    start: datetime | None = None
    anchor_s: float = 0.0

    def now(self) -> datetime:
        """The present scaled instant."""
        return self.at(time.time())

    def at(self, real_s: float) -> datetime:
        """The instant that a real one (epoch seconds) is on this clock."""
        if self.start is None:
            return datetime.fromtimestamp(real_s, UTC)
        return self.start + timedelta(seconds=(real_s - self.anchor_s) * self.scale)

    def monotonic(self) -> float:
        """Real monotonic seconds, suspended or not."""
        return time.monotonic() if _CLOCK is None else time.clock_gettime(_CLOCK)

    async def sleep(self, duration: timedelta) -> None:
        """Wait for `duration` of scaled time."""
        await asyncio.sleep(max(0.0, duration.total_seconds()) / self.scale)


def clock_from_environment(environment: Mapping[str, str] = os.environ) -> ScaledClock:
    """The clock that the environment asks for; the machine's own where it asks for none.

    Raises `Broken` naming the key when a value cannot be read.
    """
    start = environment.get("ML_CONNECTOR_CLOCK__START", "")
    if not start:
        return ScaledClock()
    return ScaledClock(
        scale=_number(environment, "ML_CONNECTOR_CLOCK__SCALE", "1"),
        start=_instant(start),
        anchor_s=_number(environment, "ML_CONNECTOR_CLOCK__ANCHOR", str(time.time())),
    )


def _number(environment: Mapping[str, str], key: str, default: str) -> float:
    try:
        value = float(environment.get(key, default))
    except ValueError as error:
        raise Broken(f"{key} is not a number.", "Set it to a positive number or remove it.") from error
    if value <= 0:
        raise Broken(f"{key} must be above zero.", "Set it to a positive number or remove it.")
    return value


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise Broken(
            f"ML_CONNECTOR_CLOCK__START is not an RFC 3339 instant: {text!r}.", "Example: 2026-03-02T06:00:00+00:00"
        ) from error
    if instant.tzinfo is None:
        raise Broken("ML_CONNECTOR_CLOCK__START has no zone.", "Example: 2026-03-02T06:00:00+00:00")
    return instant.astimezone(UTC)
