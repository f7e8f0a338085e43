"""Plays a planned day on the tenant's clock and reports its progress. A day is not resumed after a restart."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

from systems.servicetitan.simulator.books.events import Names, perform
from systems.servicetitan.simulator.day.plan import KINDS, planned
from systems.servicetitan.simulator.day.steps import DayOptions, Step
from systems.servicetitan.simulator.tenant import Tenant

_SHOWN_ERRORS = 20


class Day:
    """One day at a time. Steps are carried out in the planned order, so that ids and amounts depend only on the seed."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._task: asyncio.Task[None] | None = None
        self._planned = self._done = 0
        self._errors: list[str] = []
        self._corrections: Counter[str] = Counter()
        self._names: Names = {}
        self._left: list[Step] = []

    def begin(self, body: dict[str, Any]) -> dict[str, Any]:
        """Plan the day that `{jobs, hours, seed, corrections?, correction_kinds?, when_told?}` asks for, and begin it. Raises ValueError while
        another one runs, and for options that make no day."""
        if self._task is not None and not self._task.done():
            raise ValueError("a day is running; wait until it is finished")
        options = DayOptions(**body)
        if options.jobs < 1 or options.hours <= 0:
            raise ValueError("a day needs at least one job and some hours")
        if options.correction_kinds not in KINDS:
            raise ValueError(f"correction_kinds: {options.correction_kinds!r} is not one of {', '.join(KINDS)}")
        steps = planned(self._tenant, options)
        self._left = [step for step in steps if step.corrects and options.when_told]
        steps = [step for step in steps if not (step.corrects and options.when_told)]
        self._planned, self._done, self._errors, self._names = len(steps), 0, [], {}
        self._corrections = Counter()
        self._task = asyncio.create_task(self._play(steps, options.pace))
        return self.progress()

    def correct(self) -> dict[str, Any]:
        """Carry out the postponed corrections now. Raises ValueError while the day runs."""
        if self._task is None or not self._task.done():
            raise ValueError("the day is not over; its corrections come after it")
        steps, self._left = self._left, []
        self._planned += len(steps)
        for step in steps:
            self._perform(step)
        return self.progress()

    def progress(self) -> dict[str, Any]:
        """How many steps there are and how many are done, and whether all are; `errors` should be empty; `corrections` counts the corrections by
        kind."""
        finished = self._task is not None and self._task.done()
        shown, made = self._errors[:_SHOWN_ERRORS], dict(sorted(self._corrections.items()))
        return {"planned": self._planned, "done": self._done, "finished": finished, "errors": shown, "corrections": made}

    async def close(self) -> None:
        """Stop playing."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _play(self, steps: list[Step], pace: float) -> None:
        begun = self._tenant.clock.now()
        for step in steps:
            wait = begun + timedelta(seconds=step.at_s * pace) - self._tenant.clock.now()
            await (self._tenant.clock.sleep(wait) if wait > timedelta(0) else asyncio.sleep(0))
            self._perform(step)

    def _perform(self, step: Step) -> None:
        try:
            perform(self._tenant, step.event, self._names)
        except (ValueError, KeyError, TypeError, ArithmeticError) as error:
            self._errors.append(f"{step.event.get('do')} {step.event}: {error}"[:300])
        else:
            self._corrections.update([step.kind] if step.kind else [])
        self._done += 1
