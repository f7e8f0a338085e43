"""Time as a parameter: aware UTC now, a monotonic clock for leases, and a sleep, optionally scaled.

Profile `demo` runs windows, cadences, token lives and webhook retries on a scaled clock; every process of one run computes
the same instant from three settings: `ML_CONNECTOR_CLOCK__START` (the instant at the anchor, RFC 3339),
`ML_CONNECTOR_CLOCK__ANCHOR` (the real instant that START stands for, epoch seconds) and `ML_CONNECTOR_CLOCK__SCALE`
(scaled seconds per real second). Leases and settle times use `monotonic`, which is never scaled.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from runtime.errors import Broken


class Clock(Protocol):
    """What the rest of the code knows about time."""

    def now(self) -> datetime:
        """The present instant, aware, UTC, scaled where a scale is set."""

    def monotonic(self) -> float:
        """Real seconds that never go back; for leases, settle times and request time-outs."""

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
        if self.start is None:
            return datetime.now(UTC)
        return self.start + timedelta(seconds=(time.time() - self.anchor_s) * self.scale)

    def monotonic(self) -> float:
        """Real monotonic seconds."""
        return time.monotonic()

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
