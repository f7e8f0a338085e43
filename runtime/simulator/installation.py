"""A simulated system as it was installed: its seed, state, clock, planned faults and the settings of its administrator.

A system's own class (its tenant, site or company) is an `Installation` that adds its records and its way of committing a change.
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
    """The part that every simulated system has. `/__sim__/calls` shows `calls`, `refused` and `inside_s`: calls by operation, refusals by
    limit, real seconds spent in handlers."""

    def __init__(self, options: Options, settings: S) -> None:
        settings.change(options.settings)
        self.seed, self.clock, self.settings = options.seed, options.clock, settings
        self.store, self.faults = Store(options.state_dir / f"{settings.system}.sqlite"), Faults(options.seed)
        self.calls: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.inside_s = 0.0
        self.last = datetime.min.replace(tzinfo=UTC)

    def simulator(self, app: web.Application, credentials: dict[str, Any], addresses: dict[str, Any] | None = None) -> Simulator:
        """The complete simulator, ready to be served."""
        return Simulator(self.settings.system, app, self.store, self.faults, credentials, addresses or {})

    def local(self) -> datetime:
        """The present instant in the system's own zone."""
        return self.clock.now().astimezone(ZoneInfo(self.settings.timezone))

    def today(self) -> date:
        """The day in the system's own zone."""
        return self.local().date()

    def tick(self, step: timedelta = timedelta(microseconds=1)) -> datetime:
        """An instant of the clock, at least one step later than every one given before, so that change times never repeat."""
        self.last = max(self.clock.now(), self.last + step)
        return self.last

    def number(self, series: str, width: int = 0, first: int = 1) -> str:
        """The next number of a series, padded with zeros to `width`. It never repeats, not even after a restart."""
        return f"{self.store.next(series, first):0{width}d}"
