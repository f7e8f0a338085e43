"""One simulated world per seed: a Kafka with epochs and commits that fail indefinitely, an ERP, a clock, and owners of one partition
that are killed, frozen and replaced at every effect. The core in the middle is the real one."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Generator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, cast

from schemas.records import Audit, CommandEnvelope, Ledger, Result
from services.sinks.entry import HELD, Incoming, is_terminal, link_of, result_of
from services.sinks.state import Times
from systems.contract import Capability
from tests.property.sinks.batch import Batch
from tests.property.sinks.erp import Erp, Kept
from tests.property.sinks.shapes import REQUESTS, Shape

START = datetime(2026, 3, 2, tzinfo=UTC)
TIMES = Times(2.0, 3.0, 3.0, 4.0, 3.0)
Owner = Generator[float, None, None]


@dataclass(frozen=True)
class Mutation:
    """How a schedule's owner breaks the protocol; the plain one keeps it."""

    name: str = "none"
    times: Callable[[Times], Times] = lambda times: times
    freeze_s: float = TIMES.freeze_s


@dataclass
class Wanted:
    """A version of the one document that the source wants, and when the command arrives."""

    incoming: Incoming
    at: float


class Fenced(Exception):
    """A newer owner has taken the partition."""


class Indefinite(Exception):
    """Whether the commit happened is not known."""


@dataclass
class World:
    """State shared by all owners. `plan` says what happens at which effect, counted over the whole schedule."""

    seed: int
    capability: Capability
    mutation: Mutation = field(default_factory=Mutation)
    shape: Shape = REQUESTS
    now: float = 0.0
    epoch: int = 0
    ledger: Ledger | None = None
    result: Result | None = None
    rebuilt: bool = False
    corrections: dict[str, Ledger] = field(default_factory=dict)
    committed: int = 0
    effects: int = 0
    started: int = 0
    faulty: bool = True
    counts: dict[str, int] = field(default_factory=dict)
    link: str | None = None
    audits: list[Audit] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.draw = random.Random(self.seed)
        self.queue: list[tuple[float, int, Callable[[], None]]] = []
        self.ticket = 0
        self.batch_draw = random.Random(-1 - self.seed)
        self.erp = Erp(self.capability, TIMES, self.draw, self.later, self.shape)
        self.batch = Batch(self.erp, self.batch_draw, self.later, self._is_written, self.counts)
        self.erp.batch = self.batch.began
        lag = TIMES.v_max_s if self.capability is Capability.C4 else 0.0
        self.rules = self.shape.rules(self.capability, self.mutation.times(replace(TIMES, v_max_s=lag)))
        self.commands = versions(self.draw) if self.shape.updates else _commands(self.draw)
        if self.shape.updates and self.batch_draw.random() < 0.5:
            partner = Kept("D0", "", Decimal("7.00"), 0.0, 0.0, {"upsert": 0.0})
            self.erp.documents.append(partner)
            self.link = partner.erp_id
            if self.batch_draw.random() < 0.5:
                self.batch.touches(partner, self.batch_draw.random() * 20)
        self.plan = _plan(self.draw, self.mutation.freeze_s)
        self.frozen_until: dict[int, float] = {}
        self.starter: Callable[[World], Owner] | None = None

    def _is_written(self) -> bool:
        return self.ledger is not None and bool(self.ledger["steps_done"])

    # --- time ---

    def later(self, at: float, call: Callable[[], None]) -> None:
        self.ticket += 1
        heapq.heappush(self.queue, (at, self.ticket, call))

    def instant(self) -> datetime:
        return START + timedelta(seconds=self.now)

    def run(self) -> None:
        steps = 0
        while self.queue:
            steps += 1
            if steps > 20_000:
                raise AssertionError(f"seed {self.seed}: no end; ledger {self.ledger}")
            self.now, _, call = heapq.heappop(self.queue)
            call()

    # --- owners ---

    def start(self, delay: float = 0.0) -> None:
        """A new owner takes the partition after `delay`."""
        starter = self.starter
        assert starter is not None
        self.later(self.now + delay, lambda: self._begin(starter(self)))

    def _begin(self, owner: Owner) -> None:
        self.started += 1
        self._resume(self.started, owner)

    def _resume(self, number: int, owner: Owner) -> None:
        try:
            wait = next(owner)
        except StopIteration:
            return
        except Fenced:
            self.count("fenced")
            return
        except Indefinite:
            self.count("indefinite")
            self.start(0.01)
            return
        if wait >= 0:
            self.later(self.now + wait, lambda: self._resume(number, owner))
            return
        self._fault_point(number, owner, -wait - 1)

    def _fault_point(self, number: int, owner: Owner, place: float) -> None:
        """A border of an effect: any (0), between lease check and send (1), right after an acked intent (2)."""
        self.effects += 1
        fault = None
        if self.faulty:
            fault = self.plan.pop(-place, None) if place else None
            fault = fault or self.plan.pop(self.effects, None)
        if fault is None:
            self.later(self.now, lambda: self._resume(number, owner))
            return
        kind, length, takeover = fault
        self.count(kind)
        if kind == "kill":
            self.start(takeover)
            return
        length = min(length, self.mutation.freeze_s) if place == 1.0 else length
        if kind == "replaced" or takeover < length:
            self.start(takeover)
        self.later(self.now + length, lambda: self._resume(number, owner))

    def count(self, name: str) -> None:
        self.counts[name] = self.counts.get(name, 0) + 1

    # --- Kafka ---

    def commit(self, epoch: int, entry: Ledger, offset: int, audits: tuple[Audit, ...] = ()) -> None:
        """Append one ledger state with the offset it covers, and what is told with it."""
        if epoch != self.epoch and self.mutation.name != "no_fence":
            raise Fenced
        lost = self.faulty and self.draw.random() < 0.02
        indefinite = lost or (self.faulty and self.draw.random() < 0.02)
        if not lost:
            if entry["action"] == "correct":
                self.corrections[entry["op_key"]] = entry
            elif not (self.mutation.name == "no_intent" and entry["state"] == "INTENT"):
                self.ledger = entry
                self.result = result_of(entry) or self.result
                self.link = entry["erp_id"] if link_of(entry, "sinks") else self.link
            self.audits += audits
            self.committed = max(self.committed, offset)
        if indefinite:
            raise Indefinite

    def at_rest(self) -> bool:
        return self.ledger is not None and (is_terminal(self.ledger) or self.ledger["state"] == HELD)


def _commands(draw: random.Random) -> list[Wanted]:
    made = [Wanted(_incoming(0, "1", "a", "100.00"), 0.0)]
    if draw.random() < 0.3:
        again = draw.random() < 0.5
        made.append(Wanted(_incoming(1, "2", "a" if again else "b", "100.00" if again else "120.00"), draw.random() * 15))
    return made


def versions(draw: random.Random) -> list[Wanted]:
    """Up to four versions of a master, some of them close together, some going back to an earlier content."""
    made, at = [], 0.0
    for offset in range(draw.choice((1, 2, 2, 3, 4))):
        content = draw.choice((10, 20, 30)) if offset else 10
        incoming = _incoming(offset, str(offset + 1), f"h{content}", f"{content}.00")
        master = {**incoming.command, "purpose": "master", "action": "upsert", "source_entity": "vendor"}
        made.append(Wanted(replace(incoming, record="vendor", command=cast("CommandEnvelope", master)), at))
        at += draw.choice((0.0, 0.1, 1.0, draw.random() * 20, 60.0))
    return made


def _incoming(offset: int, version: str, source_hash: str, amount: str) -> Incoming:
    command: dict[str, Any] = {
        "connection": "acme", "system": "erp", "op_key": "t|e|sale|invoice:1||create", "ref": "ST-1", "purpose": "sale",
        "action": "create", "source_system": "fs", "source_entity": "invoice", "source_id": "1", "source_version": version,
        "source_number": "1", "part": "", "parts": None, "source_hash": source_hash, "payload_hash": "p" + source_hash, "posting_date": None,
        "amount": Decimal(amount), "currency": "USD", "parents": [], "unresolved": [], "defaulted": [], "hold": "",
        "hold_detail": "", "config_version": "", "crosswalk_version": "", "canonical_topic": "", "canonical_partition": 0,
        "canonical_offset": 0, "canonical": None,
    }  # fmt: skip
    return Incoming("ar_invoice", cast("CommandEnvelope", command), str(offset).encode(), 0, offset, START)


def _plan(draw: random.Random, freeze_s: float) -> dict[float, tuple[str, float, float]]:
    """Up to four faults at effects, and extremes on purpose: a full freeze between check and send, a takeover at an acked intent."""
    plan: dict[float, tuple[str, float, float]] = {}
    if draw.random() < 0.4:
        plan[-1.0] = ("freeze", freeze_s, 0.0)
    if draw.random() < 0.4:
        plan[-2.0] = ("replaced", 0.0, 0.0)
    for _ in range(draw.choice((0, 1, 1, 2, 2, 3, 4))):
        kind = draw.choice(("kill", "kill", "freeze", "freeze", "replaced"))
        length = 0.0 if kind == "replaced" else freeze_s if draw.random() < 0.5 else draw.random() * 30
        takeover = 0.0 if draw.random() < 0.6 else draw.random() * 20
        plan[float(draw.randint(1, 30))] = (kind, length, takeover)
    return plan
