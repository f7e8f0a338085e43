"""Whose turn it is in one partition: the queue and lanes of each connection, and the alarms that bring a case back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

from services.sinks.alarms import Alarms
from services.sinks.cases import Case
from services.sinks.context import SinkContext
from services.sinks.lanes import Lanes
from systems.contract import Role

SLICE = 100
"""How many op-keys are started in one turn of the loop."""


class Schedule:
    """`start` begins work on one op-key and must not block. Nothing is started while `runs` returns False."""

    def __init__(self, context: SinkContext, start: Callable[[str], None], runs: Callable[[], bool]) -> None:
        self._context = context
        self._start = start
        self._runs = runs
        self.alarms = Alarms()
        self.lanes: dict[str, Lanes] = {}
        self.settled_s = 0.0
        """When everything that was sent before the loss of a ledger can be seen. No lane starts before that."""

    @property
    def is_settled(self) -> bool:
        """Whether nothing that was sent before the loss of a ledger can be on its way any more."""
        return self._context.clock.monotonic() >= self.settled_s

    @property
    def backlog(self) -> int:
        """Op-keys that want a lane or are in one, of connections whose lanes are open."""
        return sum(len(one.ready) + one.active for one in self.lanes.values() if one.closed_until is None and not one.stopped)

    def lanes_of(self, connection: str) -> Lanes | None:
        """The lanes of a connection; None while its settings are unknown, or if it does not join this system."""
        known = self.lanes.get(connection)
        connected = self._context.snapshot().connections.get(connection)
        if connected is None or (known is None and not connected.joins(self._context.system.name)):
            return None
        if known is None:
            share = connected.settings.side(self._context.system.name).quota.share(Role.SINK)
            known = self.lanes[connection] = Lanes(connection, min(self._context.settings.lanes, share.at_once))
        return known

    def queue(self, case: Case) -> None:
        """Queue the case for a lane. Calling this twice has no further effect."""
        lanes = self.lanes_of(case.connection)
        if lanes is None or case.queued:
            return
        case.queued = True
        lanes.ready.append(case.op_key)
        self._pump_soon(lanes)

    def take_lane(self, case: Case) -> None:
        """The case occupies a lane from now on."""
        if not case.lane:
            case.lane = True
            self.lanes[case.connection].active += 1

    def free(self, case: Case) -> None:
        """Free the case's lane for others."""
        if case.lane:
            case.lane = False
            lanes = self.lanes[case.connection]
            lanes.active -= 1
            self._pump_soon(lanes)

    def pump(self) -> None:
        """Soon start whatever may go."""
        for lanes in self.lanes.values():
            self._pump_soon(lanes)

    def _pump_soon(self, lanes: Lanes) -> None:
        if lanes.ready and not lanes.pumping:
            lanes.pumping = True
            asyncio.get_running_loop().call_soon(self._pump, lanes)

    def _pump(self, lanes: Lanes) -> None:
        """Start as many as there are free lanes, a limited number in one turn of the loop."""
        lanes.pumping = False
        for _ in range(SLICE):
            op_key = lanes.next(self._context.clock.now()) if self._runs() else None
            if op_key is None:
                return
            self._start(op_key)
        self._pump_soon(lanes)

    # --- alarms ---

    def ringing(self) -> list[Case]:
        """Every case whose wait has ended. Connections whose pause has ended go on."""
        now = self._context.clock.now()
        for lanes in self.lanes.values():
            if lanes.ready and lanes.is_open(now):
                self._pump_soon(lanes)
        return list(self.alarms.ringing(self._context.clock.monotonic(), now))

    def next_due(self) -> tuple[float | None, datetime | None]:
        """When the next alarm rings: (monotonic seconds, instant)."""
        look_s, due_at = self.alarms.next()
        if not self.is_settled:
            look_s = self.settled_s if look_s is None else min(look_s, self.settled_s)
        for lanes in self.lanes.values():
            until = lanes.closed_until if lanes.ready else None
            if until is not None and (due_at is None or until < due_at):
                due_at = until
        return look_s, due_at
