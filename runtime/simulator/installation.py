"""A simulated system as it was installed: its seed, its state, its clock, its planned faults and what its administrator decided.

A system's own class (its tenant, site or company) is an `Installation` that adds its records and the way in which a change is committed.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any, Generic, TypeVar
from zoneinfo import ZoneInfo

from aiohttp import web

from runtime.simulator.faults import Faults
from runtime.simulator.serve import Options, Simulator
from runtime.simulator.store import Store
from runtime.simulator.switches import Switches

S = TypeVar("S", bound=Switches)


class Installation(Generic[S]):
    """What every simulated system has. `calls`, `refused` and `inside_s` are what `/__sim__/calls` shows: calls by operation, refusals by limit,
    real seconds spent in handlers."""

    def __init__(self, options: Options, settings: S) -> None:
        settings.change(options.settings)
        self.seed, self.clock, self.settings = options.seed, options.clock, settings
        self.store, self.faults = Store(options.state_dir / f"{settings.system}.sqlite"), Faults(options.seed)
        self.calls: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.inside_s = 0.0
        self.last = datetime.min.replace(tzinfo=UTC)

    def simulator(self, app: web.Application, credentials: dict[str, Any], addresses: dict[str, Any] | None = None) -> Simulator:
        """The whole, ready to be served."""
        return Simulator(self.settings.system, app, self.store, self.faults, credentials, addresses or {})

    def local(self) -> datetime:
        """The present instant in the system's own zone."""
        return self.clock.now().astimezone(ZoneInfo(self.settings.timezone))

    def today(self) -> date:
        """The day in the system's own zone."""
        return self.local().date()

    def tick(self, step: timedelta = timedelta(microseconds=1)) -> datetime:
        """An instant of the clock, later by at least a step than every one given before: a change time that never repeats."""
        self.last = max(self.clock.now(), self.last + step)
        return self.last

    def number(self, series: str, width: int = 0, first: int = 1) -> str:
        """The next number of a series, filled with zeros to `width`; never repeated, also after a restart."""
        return f"{self.store.next(series, first):0{width}d}"
