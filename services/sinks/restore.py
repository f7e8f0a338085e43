"""Takes up what has not ended when a partition is taken: settle waits start again, everything else waits for what it waited for.

It works in slices, so that other partitions' requests get their turn in the loop. No lane of this partition starts before it is done.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from runtime import metrics
from runtime.log import log
from schemas.records import Ledger, Result
from services.sinks import entry as e
from services.sinks import hour, reasons
from services.sinks.core import step
from services.sinks.entry import Incoming
from services.sinks.intake import Intake
from services.sinks.ledger import Rest
from services.sinks.owner import Owner
from services.sinks.parents import name_of
from services.sinks.rebuild import change_from_result
from services.sinks.state import Restored
from services.sinks.takeover import Lost

SLICE = 200
PROGRESS_S = 5.0


async def restore(owner: Owner) -> None:
    """Take up everything that has not ended. The settle wait of every open intent starts now."""
    watches = any(write.watched for write in owner.context.system.writes)
    for number, (op_key, rest) in enumerate(list(owner.index.resting()), 1):
        owner.cases.add(op_key, rest)
        if rest.state != e.HELD or watches or _waits_for_a_partner(op_key, rest):
            _take_up(owner, op_key, rest)
        if number % SLICE == 0:
            await asyncio.sleep(0)


async def look_again(owner: Owner) -> None:
    """Give a turn to every case that may go on because of something that changed during the take-up."""
    for number, case in enumerate(owner.cases, 1):
        rest = case.stands
        if rest.state == e.WAITING or _waits_for_a_partner(case.op_key, rest):
            entry = owner.cases.entry(case.op_key)
            if entry is not None and _may_go(owner, entry):
                owner.turn(case.op_key, again=rest.state == e.HELD)
        if number % SLICE == 0:
            await asyncio.sleep(0)


def _waits_for_a_partner(op_key: str, rest: Rest) -> bool:
    """Whether this hold may be lifted by a link, a late parent, the end of another entry of its document, or a time at which it is `tried_again`."""
    if rest.state != e.HELD:
        return False
    if rest.reason in (reasons.PARENT_MISSING, reasons.PARENT_REVERSED, reasons.PART_AFTER_POST, reasons.PERIOD_CLOSED):
        return True
    return f"|{e.MASTER}|" in op_key or op_key.endswith("|void") or f"|{e.CORRECT}|" in op_key


def _take_up(owner: Owner, op_key: str, rest: Rest) -> None:
    case = owner.cases.open(op_key)
    if case is None or case.key is None:
        log.error("resting_without_entry", system=owner.context.system.name, key=op_key)
        return
    entry = case.key.entry
    if rest.state != e.HELD:
        hour.count(owner.hours, entry, owner.context.followed)
    owner.carry_out(case, *step(case.key, Restored(owner.now_s())))
    if _may_go(owner, entry):
        owner.turn(op_key, again=rest.state == e.HELD)


def _may_go(owner: Owner, entry: Ledger) -> bool:
    """Whether what it waits for has come. The news of it went to the previous owner, or to nobody."""
    followed, connection, reason = owner.context.followed, entry["connection"], entry["reason"]

    def is_linked(name: str) -> bool:
        entity, _, source_id = name.partition("/")
        key = (entry["system"], connection, entity, source_id)
        return followed.link(*key) is not None or followed.pair(key) is not None

    if reason in (reasons.PAUSED, reasons.CEILING):
        return not followed.paused(entry["system"], connection)
    if reason == reasons.CREATE_MISSING or (entry["purpose"] == e.MASTER and not owner.sights.rules(entry).updates):
        return is_linked(name_of(entry["source_entity"], entry["source_id"]))
    if (entry["state"] == e.HELD and e.takes_back(entry)) or reason in (reasons.PARENT_REVERSED, reasons.PART_AFTER_POST):
        return bool(entry["waits_for"])  # an entry for which it waits may have ended unnoticed
    if reason in (reasons.PARENT, reasons.PARENT_MISSING):
        return any(is_linked(name) or owner.cases.of_source((connection, name)) for name in entry["waits_for"])
    return False


@dataclass
class Rebuild:
    """Rebuilds a lost ledger from `result` and the newest command of each op-key.

    The group's offset does not move, and carries the mark `rebuilding`, until the last slice is acked and the settle wait is over. An owner
    that finds the mark starts over: the ledger was rebuilt from fewer commands until then, and nothing was written because of it.
    """

    owner: Owner
    intake: Intake
    lost: Lost

    async def run(self) -> None:
        """Rebuild all slices, committing each before the next. Raises the errors of the reading. A failed commit ends it early."""
        owner, lost = self.owner, self.lost
        started_s = told_s = owner.now_s()
        done = 0
        self.intake.arrivals.is_rebuilding = True
        async for some in lost.slices(SLICE):
            for incoming, result in some:
                self._one(incoming, result)
            self.intake.arrivals.tell()
            await owner.committer.flush()
            if owner.failed or owner.closing:
                return
            done += len(some)
            metrics.SINK_REBUILD_LEFT.labels(owner.context.system.name, str(owner.number)).set(lost.count - done)
            if owner.now_s() - told_s >= PROGRESS_S:
                told_s = owner.now_s()
                log.info("ledger_rebuilding", system=owner.context.system.name, partition=owner.number, done=done, of=lost.count)
        self.intake.arrivals.is_rebuilding = False
        took_s = round(owner.now_s() - started_s, 1)
        log.info("ledger_rebuilt", system=owner.context.system.name, partition=owner.number, op_keys=done, took_s=took_s)

    def _one(self, incoming: Incoming, result: Result | None) -> None:
        for change in self.lost.changes(incoming.command["op_key"]):
            entry = change_from_result(incoming, change)
            self.owner.conclude(entry)
            hour.count(self.owner.hours, entry, self.owner.context.followed)
        if self.intake.arrivals.rebuilt(incoming, result, self.lost.sets, self.lost.reverses):
            self.intake.comes(incoming)
