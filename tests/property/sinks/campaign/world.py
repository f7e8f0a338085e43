"""One seed, one schedule: what the source tells and when, which processes run, what goes wrong and what people do; then quiet, and replays.

Every kind of fault is switched on for a part of the schedules only, so that most of them meet few kinds at once, and extremes are drawn on
purpose: a stop between check and send for as long as is tolerated, a takeover right behind an acked intent.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, cast

from services.sinks.consume import Throttle
from systems.contract import Capability
from tests.property.sinks.campaign import declared, seams
from tests.property.sinks.campaign.declared import Choice, Shape
from tests.property.sinks.campaign.erp import Batch, Erp, ErpDocument
from tests.property.sinks.campaign.group import Group
from tests.property.sinks.campaign.invariants import Judge
from tests.property.sinks.campaign.kafka import Cluster, Record
from tests.property.sinks.campaign.loop import Timeline
from tests.property.sinks.campaign.memory import Value, value_of
from tests.property.sinks.campaign.mishaps import Fault, dies, strikes
from tests.property.sinks.campaign.process import START, Process
from tests.property.sinks.campaign.quiet import is_quiet
from tests.property.sinks.campaign.source import Doc, headers_of
from tests.toy import TARGET
from topology.configuration import Connected
from topology.topics import partition_of

PERIODS = "canonical.period"
DAYS = (date(2026, 1, 15), date(2026, 2, 3), date(2026, 3, 2))
COMMANDS, LEDGER, RESULT = f"command.{TARGET}", f"ledger.{TARGET}", f"result.{TARGET}"
NAMES = ("acme", "bolt", "crux")
DRAIN_S = 30 * 3600.0
OPEN: dict[str, Any] = {"mode": "live", "window": "immediate", "documents_per_hour": 10_000, "create_missing": True}
"""Settings that keep nothing back."""
NEEDLESS = 0.25
"""How often settings are applied, and connections resumed, that need it not."""


class World:
    """Everything outside the sink, and the processes of it."""

    def __init__(self, seed: int, capability: Capability, shapes: Sequence[Shape]) -> None:
        self.seed, self.capability = seed, capability
        self.own = own = len(Capability) * seed + list(Capability).index(capability)  # no two classes play the same schedule
        self.draw = random.Random(own)
        self.timeline = Timeline()
        self.shape = self.draw.choice(shapes)
        self.partitions = self.draw.choice((1, 1, 1, 2))
        self.throttle = Throttle()
        self.cluster = Cluster(lambda: self.timeline.now, random.Random(f"cluster {own}"))
        self.cluster.heard = self._heard
        self.cluster.fails = self._commit_fails
        self.group = Group(self.cluster, self.partitions, self.timeline.later)
        self.connections: dict[str, Connected] = {}
        self.choices: dict[str, Choice] = {}
        self.credentials: dict[str, int] = {}
        self.erps: dict[str, Erp] = {}
        self.docs: list[Doc] = []
        self.by_name: dict[tuple[str, str], Doc] = {}
        self.processes: list[Process] = []
        self.disks: dict[str, Any] = {}
        self.ledger: dict[str, Any] = {}
        self.open: set[str] = set()
        self.late: set[str] = set()
        self.intended = False
        self.plan: dict[int, Fault] = {}
        self.at_place: dict[str, Fault] = {}
        self.rates: dict[str, float] = {}
        self.resumed: dict[str, float] = {}
        self.paused: set[str] = set()
        self.matched: set[str] = set()
        self.rebuilt = False
        """Whether a sink took its ledger for lost: after nothing but what cannot be read it is empty, too, and nobody can tell."""
        self.counts: dict[str, int] = {}
        self.awaited = 0
        self.effects = self.lives = self.controls = 0
        self.faulty = True
        self.draining = False
        self.person: Callable[[], None] | None = None
        self.slow_commits = False
        self.freeze_s = declared.FREEZE_S
        self.lasts_s = self.batch_from_s = 0.0
        self.emphasis: frozenset[str] = frozenset()
        self.meets: frozenset[str] = frozenset()
        self.closed = False
        """Whether the ERP's list of periods is known, the first of them closed."""
        self.is_large = False
        self.narrative: list[str] | None = None
        self.judge = Judge(self)

    commands = COMMANDS

    @property
    def now(self) -> float:
        return self.timeline.now

    def says(self, words: str, *about: object, **named: object) -> None:
        """A line of the narrative, where one is wanted: `words` with these in their places."""
        if self.narrative is not None:
            self.narrative.append(f"{self.now:10.3f}  {words.format(*about, **named)}".replace(f"test:t1|{TARGET}:i1:", ""))

    def count(self, name: str) -> None:
        self.counts[name] = self.counts.get(name, 0) + 1

    def draws(self, kind: str) -> bool:
        """Whether this goes wrong now."""
        if not self.faulty or not self.rates:
            return False
        rate = self.rates.get(kind, 0.0)
        if rate and self.draw.random() < rate:
            self.count(kind)
            return True
        return False

    # --- connections and their books ---

    def connects(self, name: str, choice: Choice) -> None:
        """Settings of a connection are applied: every process hears of it in its own time."""
        self.choices[name] = choice
        made = self.connections[name] = declared.connected(name, choice, self.capability, self.shape)
        if name not in self.erps:
            erp = self.erps[name] = Erp(self.capability, self.shape, self.draw, lambda: self.timeline.now, self.timeline.later)
            erp.counts = self.counts
            erp.batch = Batch(erp, self.draw, self._is_known, lambda: max(0.0, self.batch_from_s - self.now)).began
            erp.wrote = lambda kept: self.judge.wrote(name, kept)
            erp.takes = self.judge.accounts.takes
        self._tells(lambda process: process.applied(name, made, self.credentials.get(name, 0)))

    def renews(self, name: str) -> None:
        """New credentials."""
        self.count("credentials")
        self.credentials[name] = self.credentials.get(name, 0) + 1
        made, number = self.connections[name], self.credentials[name]
        self._tells(lambda process: process.applied(name, made, number))

    def changes(self, name: str, **chosen: Any) -> None:
        """A person applies other settings."""
        choice = self.choices[name]
        self.count(next(iter(chosen), "settings") if self.faulty else "settled")
        self.says("person applies {} {}", name, chosen)
        self.connects(name, replace(choice, number=choice.number + 1, **chosen))

    def _tells(self, call: Callable[[Process], None]) -> None:
        for process in self.processes:
            if not process.is_dead:
                process.hears(self.draw.choice((0.0, 0.05, 1.0)), call, process)

    def _is_known(self, kept: ErpDocument) -> bool:
        return any(entry["ref"] == kept.ref and entry["steps_done"] for entry in self.ledger.values())

    def has_period(self, name: str, month: int, is_open: bool) -> None:
        """The ERP's list of periods, as it is read again and again, has this month so."""
        opens = dict.fromkeys(("open_receivable", "open_payable", "open_ledger"), is_open)
        days = {"starts_on": date(2026, month, 1), "ends_on": date(2026, month, 28), "code": f"{month:02d}"}
        self.count("period_opened" if is_open else "period_closed")
        record = {"connection": name, "system": TARGET, **days, **opens}
        self.cluster.append(PERIODS, partition_of(name, self.partitions), name.encode(), value_of(PERIODS, record))

    # --- people ---

    def controls_that(self, connection: str, action: str, op_key: str = "") -> None:
        """A person's word in `control`."""
        self.controls += 1
        control = {
            "connection": connection, "control_id": f"c{self.controls}", "action": action, "system": TARGET, "op_key": op_key,
            "payload": "", "actor": "ann", "reason": "looked", "at": START + timedelta(seconds=self.now),
        }  # fmt: skip
        number = partition_of(connection, self.partitions)
        self.says("person: {} {} {}", action, connection, op_key)
        self.cluster.append("control", number, connection.encode(), value_of("connection.control", control))
        self.count(action)
        if action == "resume":
            self.resumed[connection] = self.now

    # --- the source ---

    def adds(self, doc: Doc) -> None:
        if self.shape.takes_back and self.draw.random() < 0.95:
            doc.void_hold = ""
        if self.closed:
            doc.day = self.draw.choice(DAYS)
        self.docs.append(doc)
        self.by_name[(doc.connection, doc.name)] = doc

    def tells(self, doc: Doc) -> None:
        """Hop 2 tells a source object as it is now."""
        if doc.state == "none":
            return
        number = partition_of(doc.connection, self.partitions)
        made = [(f"command.{record}", command) for record, command in doc.commands(self.choices[doc.connection].number)]
        for name, command in made:
            value = value_of(name, command, doc.size if command["action"] in ("create", "upsert") else 1)
            record = self.cluster.append(COMMANDS, number, doc.connection.encode(), value, headers_of(command))
            self.judge.told(doc, command, record.offset())
            self.says(
                "told {}/{} {} {} {c[part]}|{c[action]} {c[source_version]} {c[amount]} {c[hold]}",
                number,
                record.offset(),
                doc.connection,
                doc.name,
                c=command,
            )
        if self.draw.random() < 0.3:
            self.cluster.log(COMMANDS, number).end += 1

    # --- the cluster ---

    def _heard(self, record: Record) -> None:
        topic = record.topic()
        if topic == LEDGER:
            self._noted(record)
        elif topic == COMMANDS:
            owner = self.group.owners.get(record.partition())
            if owner is not None:
                owner.wake()
        elif topic in ("links", "control", PERIODS):
            if topic == "control" and isinstance(record.value(), Value):
                self._pauses(cast("Value", record.value()).record)
            for process in self.processes:
                if not process.is_dead:
                    process.hears(self.draw.choice((0.0, 0.1, 2.0)), process.follows, record)
        elif topic == "remap":
            self._maps_again(cast("Value", record.value()).record)
        elif topic == "fetch":
            about = cast("Value", record.value()).record
            doc = self.by_name.get((about["connection"], f"{about['entity']}/{about['source_id']}"))
            if doc is not None and doc.state != "none":
                self.later(0.5, lambda: self.tells(doc))
        else:
            self.judge.other(topic, record)

    def _pauses(self, control: dict[str, Any]) -> None:
        """What the log says: a person looks at nothing else."""
        if control["action"] == "pause":
            self.paused.add(control["connection"])
        elif control["action"] in ("resume", "ceiling"):
            self.paused.discard(control["connection"])

    def _maps_again(self, about: dict[str, Any]) -> None:
        doc = self.by_name.get((about["connection"], about["source"]))
        if doc is not None:
            self.count("mapped_again")
            self.later(0.3, lambda: self.tells(doc))

    def _noted(self, record: Record) -> None:
        entry = cast("Value", record.value()).record
        op_key = entry["op_key"]
        self.ledger[op_key] = entry
        self.judge.recorded(entry)
        self.says(
            "ledger {} {e[op_key]} {e[state]} {e[reason]} {e[amount]} attempt {e[intent_attempt]} {e[detail]:.80}",
            record.offset(),
            e=entry,
        )
        self.intended = self.intended or entry["state"] == "INTENT"
        if entry["reason"] == "erp_batch_late":
            self.late.add(op_key)
        else:
            self.late.discard(op_key)
        if entry["state"] in ("NEW", "INTENT", "WAITING"):
            self.open.add(op_key)
        else:
            self.open.discard(op_key)

    def commit_s(self) -> float:
        """How long a transaction takes."""
        if not self.slow_commits or not self.faulty:
            return 0.005
        return self.draw.choice((0.001, 0.005, 0.5, 1.9, 5.0))

    def _commit_fails(self, number: int) -> str:
        if not self.faulty or not self.rates.get("commit"):
            return ""
        if self.draw.random() >= self.rates["commit"]:
            return ""
        fate = self.draw.choice(("refused", "lost", "unheard"))
        self.count("offsets_failed" if number < 0 else f"commit_{fate}")
        self.says("commit of {}: {}", number, fate)
        return fate

    # --- processes ---

    def starts(self, slot: int | None = None) -> None:
        """A new process."""
        number = len(self.processes)
        self.says("process {} starts", number)
        process = Process(self, number, number if slot is None else slot)
        self.processes.append(process)
        process.start()

    def living(self) -> list[Process]:
        return [process for process in self.processes if not process.is_dead and not process.leaving]

    def later(self, delay_s: float, call: Callable[[], object]) -> None:
        """Something that the schedule has to wait for."""
        self.awaited += 1

        def happens() -> None:
            self.awaited -= 1
            call()

        self.timeline.later(delay_s, happens)

    def fault(self, process: Process, place: str, bound_s: float = 1e9) -> bool:
        """At a border of an effect; whether something happened."""
        if not self.faulty:
            return False
        self.effects += 1
        if place == "committed" and self.intended and "intended" in self.at_place:
            place = "intended"
        fault = self.at_place.pop(place, None) if self.at_place else None
        fault = fault or self.plan.pop(self.effects, None)
        if fault is None:
            return False
        strikes(self, process, fault, bound_s)
        return True

    def stands_still(self, process: Process) -> float:
        """For how long a process stands still between its last look at the lease and the bytes: no longer than is tolerated. Dead, it
        sends nothing."""
        if not self.fault(process, "send", self.freeze_s):
            return 0.0
        return process.loop.frozen_for if process.loop.frozen else 0.0

    def took(self, process: Process, number: int) -> None:
        """A partition has a new owner."""
        self.count("taken")
        self.judge.taken[number] = process.number
        self.says("process {} took {}", process.number, number)

    def ended(self, process: Process) -> None:
        """A consumer ended: by order, or its process ends and is started again."""
        consuming = process.consuming
        if process.is_dead or consuming is None or consuming.stopping:
            return
        self.judge.broken("CRASHED", f"process {process.number} ended: {consuming.failed}")
        dies(self, process, 1.0)

    def crashed(self, process: Process, context: dict[str, Any]) -> None:
        """An exception reached a loop."""
        self.judge.broken("CRASHED", f"{context.get('message')}: {context.get('exception')!r}", context.get("exception"))

    def defect(self, event: str, about: dict[str, Any]) -> None:
        """The shell logged a defect of its own."""
        error = about.get("exc_info") or sys.exc_info()[1]
        self.judge.defect(event, about, error if isinstance(error, BaseException) else None)

    # --- its course ---

    def moves(self) -> bool:
        """Asked whenever nothing more happens at a moment: alarms are set, what must always hold is looked at; whether to go on."""
        for process in self.processes:
            loop = process.loop
            if loop.stirred and not loop.dead:
                loop.stirred = False
                process.alarm()
                self.judge.looks_at(process)
        return not (self.draining and is_quiet(self))

    def quiet(self) -> None:
        """Faults end; a person lets everything go on that settings keep, and resumes what `control` says is paused once that is heard
        everywhere. Now and then that is done although nothing asks for it."""
        self.faulty = False
        self.says("faults end")
        for name, erp in self.erps.items():
            erp.faulty = False
            choice = self.choices[name]
            if choice != replace(choice, **OPEN) or self.draw.random() < NEEDLESS:
                self.changes(name, **OPEN)
        for doc in self.docs:
            if not doc.is_mapped:
                doc.is_mapped = True
                self.tells(doc)
        if not self.living():
            self.starts()
        for name in self.erps if self.closed else ():
            self.has_period(name, 1, is_open=True)
            self.has_period(name, 2, is_open=True)
        for name in self.erps:
            self.later(10.0, lambda name=name: self._resumes(name))  # type: ignore[misc]  # the default binds

    def _resumes(self, name: str) -> None:
        if name in self.paused or self.draw.random() < NEEDLESS:
            self.controls_that(name, "resume")

    def drains(self) -> bool:
        """Until nothing is left; whether that came to pass."""
        self.draining = True
        self.timeline.run(self.now + DRAIN_S, self.moves)
        done = is_quiet(self)
        self.draining = False
        return done

    def end(self) -> None:
        """Let go of everything."""
        for process in self.processes:
            process.loop.close_tasks()
        self.timeline.end()
        for process in self.processes:  # what goes round in circles is taken apart: collecting it took a tenth of the time
            for held in process.consuming.held.values() if process.consuming is not None else ():
                for one in (held.owner, held.owner.cases, held.owner.committer, held.owner.exchange, held.intake, held):
                    vars(one).clear()
            for part in (process.loop, process.log, process.context, process.followed, process):
                vars(part).clear()
        self.group.members.clear()
        self.group.owners.clear()
        seams.into(None)

    def forget(self) -> None:
        """Behind `end`, when nothing is asked of it any more: take apart what else goes round in circles."""
        for one in (*self.erps.values(), self.judge, self.cluster, self.group, self.timeline, self):
            vars(one).clear()
