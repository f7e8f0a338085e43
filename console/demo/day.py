"""The demo's script: what a careful installer does before going live, then a working day with its accidents, then the accounts.

Every connection has the same day side by side, on one cluster and one set of services. A person's decisions are scripted, and the output
says so: exact matches are accepted in bulk, likely ones by score, and the rest may be created.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property, partial
from typing import Any

from console.demo import balances
from console.demo.accidents import Accident, Accidents, never_held
from console.demo.accounts import Row, is_ok
from console.demo.books import Books
from console.demo.facts import Topics, demo_of, read_topics
from console.demo.joined import Joined, Share
from console.demo.processes import SERVICES, Processes, Say, Simulators
from console.matching.asking import answers_of
from console.matching.masters import read_masters
from console.reading import Cluster
from console.reconcile.reading import compared
from runtime.errors import Broken, Transient
from systems import registry
from systems.connection import ConnectionSettings
from systems.demo import ACTIVE, YES, Act
from topology.configuration import Follower, Snapshot

_CYCLES_BEFORE_CORRECTIONS = 3
_CORRECTIONS = 2
"""How many corrections of each kind are made at each connection."""
_BALANCED_S = 60.0
"""How long to wait until the last documents of an ERP are read back before its balances are shown as they are."""


@dataclass(frozen=True)
class Outcome:
    """How a day ended: the rows, how many documents further polling added, the corrections of all sources by kind, the balances of both sides."""

    rows: Sequence[Row]
    added: int = 0
    corrections: Mapping[str, int] = field(default_factory=dict)
    balances: Sequence[balances.Compared] = ()

    @property
    def is_ok(self) -> bool:
        """Whether everything is accounted for."""
        return is_ok(self.rows) and self.added == 0 and balances.are_equal(self.balances)


@dataclass(frozen=True)
class Options:
    """The demo's options. `erp`: a name, or all. `jobs`: for the whole day, which lasts `hours`, shared evenly by its connections."""

    erp: str
    seed: int
    jobs: int
    scale: float
    drain_s: float = 420.0
    hours: float = 10.0

    @property
    def erps(self) -> list[str]:
        """Names of the ERPs that take part."""
        return [system.name for system in registry.erps()] if self.erp == "all" else [self.erp]

    def share(self, number: int) -> Share:
        """The part of the day that the `number`-th connection gets."""
        each, rest = divmod(self.jobs, len(self.erps))
        return Share(number, each + (number < rest), self.seed + number, self.scale)


@dataclass
class Day:
    """The demo, phase by phase. Each phase covers every connection."""

    processes: Processes
    options: Options
    say: Say
    simulators: Simulators
    cluster: Cluster

    @cached_property
    def joined(self) -> list[Joined]:
        """The connections."""
        return [Joined(erp, self.options.share(n), self.processes, self.simulators) for n, erp in enumerate(self.options.erps)]

    async def prepare(self) -> None:
        """Start the simulators, apply the connections in observe mode, start the services, read and match masters, then go live."""
        await self.observe()
        await self.match()
        await self.enter("live", "matched; going live")

    async def observe(self) -> None:
        """Start simulators and services, apply the connections in observe mode, and read the masters of both sides."""
        for one in self.joined:
            one.start_simulators()
        for one in self.joined:
            one.await_simulators()
            self.say(f"{one.id}: simulators of " + " and ".join(registry.system(name).title for name in one.systems) + " ready")
        await self.enter("observe", "first look: observe only")
        for name in SERVICES:
            self.processes.start_service(name)
        self.say("services started: " + ", ".join(SERVICES))
        for one in self.joined:
            await self._masters_are_read(one)

    async def enter(self, mode: str, reason: str) -> None:
        """Apply the connections in that mode."""
        for one in self.joined:
            changes = await asyncio.to_thread(one.apply, self.cluster, mode, reason)
            self.say(f"{one.id}: applied ({changes} changes): {reason}")

    async def match(self) -> None:
        """The first match of customers and vendors. An ERP that lists no customers is asked for each of them."""
        for one in self.joined:
            connected = self._in_force().connections[one.id]
            masters = read_masters(self.cluster, connected.settings)
            answers = await answers_of(self.cluster, connected, masters)
            one.match(self.cluster, connected.settings, answers.added(masters), self.say)

    async def listen(self, **fates: float) -> None:
        """Let every source send its webhooks to us. `fates` are the shares that are dropped, duplicated or sent out of order."""
        for one in self.joined:
            await one.listen(fates)

    async def play(self, more: Sequence[Accident] = ()) -> None:
        """The day with its accidents, spread evenly over it, until the sources have nothing more to do."""
        await self.listen(drop=0.1, duplicate=0.2, disorder=0.2)
        for one in self.joined:
            corrected = {"corrections": _CORRECTIONS, "correction_kinds": "all", "when_told": True}
            day = {"jobs": one.share.jobs, "hours": self.options.hours, "seed": one.share.seed, **corrected, **one.goods}
            await one.tell(registry.FIELD_SERVICE, "day", day)
        self.say(f"the day begins: {self.options.jobs} jobs, 10 % of webhooks dropped, 20 % doubled, disorder")
        accidents = Accidents([*self._planned(), *more], self.say)
        while not await accidents.up_to(await self._part_done()):
            self.processes.supervise(self.say)
            await asyncio.sleep(0.5)
        self.say("the day is over; draining")
        await self._correct()

    async def _correct(self) -> None:
        """People void, unpost, adjust and cancel what they find posted on both sides. They wait until it is posted, so that a seed gives
        one outcome."""
        await self.drain()
        while await self.poll_again(_CYCLES_BEFORE_CORRECTIONS):
            await self.drain()
        for one in self.joined:
            told = await one.tell(registry.FIELD_SERVICE, "day/corrections", {})
            if told["errors"]:
                raise Broken(f"{one.id}: the day cannot be played: {told['errors'][0]}")
        made = await self.corrections()
        self.say(f"everything is in the books; people correct some of it: {sum(made.values())} corrections of {len(made)} kinds")

    async def corrections(self) -> dict[str, int]:
        """The corrections of the day, by kind, as the sources count them."""
        made: Counter[str] = Counter()
        for one in self.joined:
            made.update((await one.ask(registry.FIELD_SERVICE, "day"))["corrections"])
        return dict(sorted(made.items()))

    async def open_balances(self) -> list[balances.Compared]:
        """The open balances of both sides, as soon as they agree or the last documents have had time to be read back."""
        deadline = time.monotonic() + _BALANCED_S
        found: dict[str, balances.Compared] = {}
        while True:
            open_ = [one for one in self.joined if one.id not in found or not found[one.id].is_equal]
            topics = await asyncio.to_thread(read_topics, self.cluster, [one.id for one in open_])
            for one in open_:
                self.say(f"{one.id}: comparing the open balances of both sides")
                found[one.id] = await self._balances(one, topics[one.id])
            told = [found[one.id] for one in self.joined]
            if balances.are_equal(told) or time.monotonic() > deadline:
                return told
            self.processes.supervise(self.say)
            await asyncio.sleep(2)

    async def _balances(self, one: Joined, topics: Topics) -> balances.Compared:
        holdings = await one.holdings()
        found = await asyncio.to_thread(compared, self.cluster, self._in_force(), one.id)
        ours, theirs = (demo_of(system).balances(holdings[system].__getitem__) for system in one.systems)
        pairs = {entity: _pairs(topics, one, entity) for entity in ("customer", "vendor")}
        costs = balances.costs_of(registry.system(one.erp).flows)
        return balances.compared(one.id, (ours, theirs), pairs, (each for each in found.judged if each.flow not in costs))

    async def _part_done(self) -> float:
        """How much of the day is over at the slowest connection; 1 only when every connection is done."""
        parts = []
        for one in self.joined:
            progress = await one.ask(registry.FIELD_SERVICE, "day")
            parts.append(1.0 if progress["finished"] else min(0.999, int(progress["done"]) / max(1, int(progress["planned"]))))
        return min(parts)

    def _planned(self) -> list[Accident]:
        """Faults and people's acts of every connection, taken in turns."""
        lists = [[*self._faults(one), Accident(f"{one.id}: people at work", partial(self._acts, one))] for one in self.joined]
        longest = max(map(len, lists))
        return [accidents[n] for n in range(longest) for accidents in lists if n < len(accidents)]

    def _faults(self, one: Joined) -> list[Accident]:
        return [
            Accident(
                f"{one.id}: {act.name}", partial(_done, one, one.erp, act), partial(never_held, self.cluster, one.id, act.once_held)
            )
            for act in demo_of(one.erp).faults()
        ]

    async def _acts(self, one: Joined) -> None:
        """What people change on both sides. Both get the pairs of masters that are kept up to date."""
        holdings = await one.holdings()
        topics = await asyncio.to_thread(read_topics, self.cluster, [one.id])
        pairs = {entity: found for (system, entity), found in topics[one.id].links.items() if system == one.erp}
        from_erp = {entity: {erp: ours for erp, ours in found.items() if ours} for entity, found in pairs.items()}
        from_us = {entity: {ours: erp for erp, ours in found.items()} for entity, found in from_erp.items()}
        for system, links in zip(one.systems, (from_us, from_erp), strict=True):
            for act in demo_of(system).acts(holdings[system].__getitem__, links):
                self.say(f"{one.id}: {registry.system(system).title}: {act.name}")
                await _done(one, system, act)

    async def outcome(self, more: Sequence[Accident] = ()) -> Outcome:
        """Play the day to its end, let both sides be polled further, and return the state of everything."""
        await self.play(more)
        await self.drain()
        added = await self.poll_again()
        rows = await self.drain()
        return Outcome(rows, added, await self.corrections(), await self.open_balances())

    async def drain(self) -> list[Row]:
        """Wait until nothing waits and nothing is unaccounted for, or until the deadline; returns the rows."""
        deadline = time.monotonic() + self.options.drain_s
        while True:
            rows = await self.rows()
            open_ = sum(map(_open, rows))
            if is_ok(rows) or time.monotonic() > deadline:
                return rows
            self.processes.supervise(self.say)
            self.say(f"{open_} still open: {', '.join(_open_flows(rows))}")
            await asyncio.sleep(2)

    async def poll_again(self, cycles: int = 10) -> int:
        """Let both sides be polled this many more times; returns how many documents that added anywhere."""
        before = [await one.written() for one in self.joined]
        await asyncio.sleep(cycles * self._cycle() / timedelta(seconds=self.options.scale))
        self.processes.supervise(self.say)
        added = sum([await one.written() for one in self.joined]) - sum(before)
        self.say(f"{cycles} more cycles of polling both ways added {added or 'nothing'}")
        return added

    def _cycle(self) -> timedelta:
        """The longest time between two polls of what a flow writes. Feeds of whole lists of reference data have their own cadence, and feeds that are
        only read make no documents."""
        flows = [flow for one in self.joined for flow in registry.system(one.erp).flows if flow.records]
        carried = {(flow.source, flow.entity) for flow in flows}
        feeds = [(name, feed) for one in self.joined for name in one.systems for feed in registry.system(name).feeds]
        polled = (feed.cadence for name, feed in feeds if feed.kind != "full" and (name, feed.entity) in carried)
        return max(polled, default=timedelta(0))

    async def rows(self) -> list[Row]:
        """The accounts as of now."""
        holdings = [await one.holdings() for one in self.joined]
        in_force = self._in_force().connections
        topics = await asyncio.to_thread(read_topics, self.cluster, [one.id for one in self.joined])
        made = []
        for one, held in zip(self.joined, holdings, strict=True):
            made += Books(in_force[one.id], topics[one.id], held).rows()
        return made

    def _settings(self, one: Joined) -> ConnectionSettings:
        return self._in_force().connections[one.id].settings

    def _in_force(self) -> Snapshot:
        follower = Follower(self.processes.settings, self.cluster.codec).start()
        follower.stop()
        return follower.snapshot

    async def _masters_are_read(self, one: Joined) -> None:
        settings, held = self._settings(one), await one.holdings()
        expected: dict[str, int] = {}
        for side in one.systems:
            for entity in ("customer", "vendor"):
                issued = demo_of(side).issued(entity, held[side].__getitem__)
                expected[f"{side} {entity}"] = sum(master.facts.get(ACTIVE, YES) == YES for master in issued)
        await self._until(lambda: self._masters_missing(settings, expected), f"{one.id}: reading masters of both sides", 120)
        self.say(f"{one.id}: masters read: " + ", ".join(f"{count} {name}s" for name, count in expected.items() if count))

    def _masters_missing(self, settings: Any, expected: Mapping[str, int]) -> str:
        masters = read_masters(self.cluster, settings)
        for entity, found in masters.items():
            for side, have in ((settings.field_service.system, len(found.ours)), (settings.erp.system, len(found.theirs))):
                if have < expected[f"{side} {entity}"]:
                    return f"{have} of {expected[f'{side} {entity}']} {entity}s of {side}"
        return ""

    async def _until(self, missing: Callable[[], str], what: str, patience_s: float) -> None:
        deadline = time.monotonic() + patience_s
        while True:
            missing_words = await asyncio.to_thread(missing)
            if not missing_words:
                return
            if time.monotonic() > deadline:
                raise Transient(f"{what}: not done in {patience_s:g} s: {missing_words}; see the logs in {self.processes.folder}")
            self.processes.supervise(self.say)
            await asyncio.sleep(0.5)


def _open_flows(rows: Sequence[Row]) -> list[str]:
    """The flows that wait for something, with their connection."""
    return [f"{row.flow or row.entity} of {row.connection}" for row in rows if _open(row)]


def _open(row: Row) -> int:
    return row.bucket("waiting").count + row.bucket("unaccounted").count


def _pairs(topics: Topics, one: Joined, entity: str) -> balances.Pairs:
    """The parties of a connection that belong together, whichever side the link was written from."""
    source, erp = one.systems
    links = {ours: theirs for theirs, ours in topics.links.get((erp, entity), {}).items() if ours}
    return balances.Pairs(links | topics.links.get((source, entity), {}), topics.merged.get((source, entity), {}))


async def _done(one: Joined, system: str, act: Act) -> None:
    await one.tell(system, act.path, dict(act.body))
