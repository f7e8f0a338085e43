"""Time as a parameter: `now` in aware UTC, a monotonic clock for leases, and a sleep. `now` and sleep may be scaled.

Profile `demo` runs windows, cadences, token lives and webhook retries on a scaled clock. Every process of one run computes the same instant
from three settings: `ML_CONNECTOR_CLOCK__START` (the instant at the anchor, RFC 3339), `ML_CONNECTOR_CLOCK__ANCHOR` (the real instant that
START stands for, epoch seconds) and `ML_CONNECTOR_CLOCK__SCALE` (scaled seconds per real second). Leases and settle times use `monotonic`,
which is never scaled and also counts the time in which the machine was suspended, because other machines work on during that time.
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
    """The system's clock that counts the time in which the machine was suspended; None if it has no such clock.

    Linux: CLOCK_BOOTTIME, because CLOCK_MONOTONIC stands still during a suspension (clock_getres(2)). macOS: CLOCK_MONOTONIC, which goes on
    while asleep (its clock_gettime(3)); `time.monotonic` uses another clock there, which does not. On other systems we use
    `time.monotonic`.
    """
    name = "CLOCK_MONOTONIC" if platform == "darwin" else "CLOCK_BOOTTIME"
    number: int | None = getattr(time, name, None)
    if number is None:
        return None
    try:
        time.clock_gettime(number)
    except OSError:  # a kernel or a sandbox that does not have it
        return None
    return number


_CLOCK = _counting_suspension()


class Clock(Protocol):
    """What the rest of the code knows about time."""

    def now(self) -> datetime:
        """The present instant: aware, UTC, and scaled if a scale is set."""

    def monotonic(self) -> float:
        """Real seconds that never go back and include the time of a suspension; for leases, settle times and request time-outs."""

    async def sleep(self, duration: timedelta) -> None:
        """Wait for `duration` of `now`."""


@dataclass(frozen=True)
class ScaledClock:
    """The machine's clock, scaled: in one real second `scale` seconds pass, counted from `start` at `anchor`."""

    scale: float = 1.0
    start: datetime | None = None
    anchor_s: float = 0.0

    def now(self) -> datetime:
        """The present scaled instant."""
        return self.at(time.time())

    def at(self, real_s: float) -> datetime:
        """What this clock shows at a real instant (epoch seconds)."""
        if self.start is None:
            return datetime.fromtimestamp(real_s, UTC)
        return self.start + timedelta(seconds=(real_s - self.anchor_s) * self.scale)

    def monotonic(self) -> float:
        """Real monotonic seconds, including suspensions."""
        return time.monotonic() if _CLOCK is None else time.clock_gettime(_CLOCK)

    async def sleep(self, duration: timedelta) -> None:
        """Wait for `duration` of scaled time."""
        await asyncio.sleep(max(0.0, duration.total_seconds()) / self.scale)


def clock_from_environment(environment: Mapping[str, str] = os.environ) -> ScaledClock:
    """The clock that the environment describes; the machine's own if it describes none.

    Raises `Broken` naming the key if a value cannot be read.
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
