"""An ERP that does what a test tells it, with a journal of everything that crossed the wire; and bills and voids as mappings make them."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from runtime.errors import Transient
from schemas.records import CommandEnvelope
from systems.contract import Answer, Document, Found, Pair, ResolvedCommand, System, Verdict
from tests.property.sinks.in_memory import Setup, Sink, command_of
from tests.property.sinks.stand_ins import Clock
from tests.property.sinks.vouchers import BOOKS, toy
from tests.toy import SOURCE, TARGET, digest
from topology.rules.identity import op_key, ref_of

SETTLE_S = 15.0
"""Lease 2, freeze 3, request 3, p_max 4 and v_max 3: what the sinks of these tests wait before an open intent is looked up."""
LEASE_S = 2.0


@dataclass(frozen=True)
class Call:
    """One call at its beginning: when, which, for which ref (a reserve has none), in which session and under which version."""

    at_s: float
    what: str
    ref: str
    session: int
    version: str

    def __repr__(self) -> str:
        return f"{self.at_s:g}s {self.what} {self.ref[:7]} (session {self.session}, settings {self.version})"


@dataclass
class Kept:
    """A document that the ERP keeps; seen from `since_s` on."""

    erp_id: str
    ref: str
    amount: Decimal
    since_s: float


@dataclass
class Barrier:
    """What comes here waits until it is let through."""

    is_open: bool = False
    waiting: deque[asyncio.Future[None]] = field(default_factory=deque)

    async def passed(self) -> None:
        if not self.is_open:
            let: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self.waiting.append(let)
            await let

    def lets(self, count: int) -> None:
        """So many go on."""
        while count and self.waiting:
            let = self.waiting.popleft()
            if not let.done():
                let.set_result(None)
                count -= 1

    def opens(self) -> None:
        """All go on, now and later."""
        self.is_open = True
        self.lets(len(self.waiting))


@dataclass
class Scripted:
    """The ERP. `answers` are those of the next requests (default: yes):

    yes; no (it certainly did not do it); lost (done, no answer); never (not done, no answer); (late, s) never answers and does it after s.
    """

    clock: Clock = field(default_factory=Clock)
    answers: deque[str | tuple[str, float]] = field(default_factory=deque)
    always: str = "yes"
    takes_s: dict[str, float] = field(default_factory=dict)
    raises: dict[str, deque[Exception]] = field(default_factory=lambda: defaultdict(deque))
    raises_of: dict[str, deque[Exception]] = field(default_factory=lambda: defaultdict(deque))
    barriers: dict[str, Barrier] = field(default_factory=lambda: defaultdict(lambda: Barrier(is_open=True)))
    on_find: Any = None
    pairs_of: Callable[[CommandEnvelope], tuple[Pair, ...]] = lambda _: ()
    ids_sent: dict[str, Mapping[str, str]] = field(default_factory=dict)
    kept: list[Kept] = field(default_factory=list)
    journal: list[Call] = field(default_factory=list)
    opened: list[str] = field(default_factory=list)
    cut: list[Call] = field(default_factory=list)

    def opens(self, _connection: str, version: str) -> Session:
        """A session of a connection under a version of settings and credentials."""
        if self.raises["open_session"]:
            raise self.raises["open_session"].popleft()
        self.opened.append(version)
        return Session(self, len(self.opened), version)

    def stops(self, what: str) -> Barrier:
        """Calls of that kind wait from now on."""
        self.barriers[what] = Barrier()
        return self.barriers[what]

    def calls(self, what: str) -> list[Call]:
        """Calls of that kind so far."""
        return [call for call in self.journal if call.what == what]

    def amounts(self) -> list[Decimal]:
        """Amounts of the documents that are there by now."""
        return sorted(one.amount for one in self.kept if one.since_s <= self.clock.passed_s)

    def requests(self, ref: str = "") -> list[float]:
        """When each write was sent."""
        return [call.at_s for call in self.calls("perform") if ref in ("", call.ref)]


@dataclass
class Session:
    """See `systems.contract.Writer`."""

    erp: Scripted
    number: int
    version: str
    closed: bool = False

    async def _call(self, what: str, ref: str) -> Call:
        erp = self.erp
        call = Call(erp.clock.passed_s, what, ref, self.number, self.version)
        erp.journal.append(call)
        await erp.barriers[what].passed()
        if erp.takes_s.get(what):
            await erp.clock.elapse(erp.takes_s[what])
        await asyncio.sleep(0)
        if self.closed and what != "reserve":
            erp.cut.append(call)
        for errors in (erp.raises[what], erp.raises_of[ref] if what == "find" else ()):
            if errors:
                raise errors.popleft()
        return call

    async def reserve(self, calls: int) -> None:
        await self._call("reserve", "")

    async def find(self, resolved: ResolvedCommand) -> Found:
        command = resolved.command
        await self._call("find", command["ref"])
        if self.closed:
            raise Transient("the session is closed")
        if self.erp.on_find is not None:
            self.erp.on_find(command)
        there = [one for one in self.erp.kept if one.ref == command["ref"] and one.since_s <= self.erp.clock.passed_s]
        return Found(tuple(self._document(one, command) for one in there))

    async def perform(self, _step: str, resolved: ResolvedCommand, _seen: Document | None) -> Answer:
        erp, command = self.erp, resolved.command
        erp.ids_sent[command["ref"]] = resolved.ids
        kind = erp.answers.popleft() if erp.answers else erp.always
        made = Kept(f"D{len(erp.kept) + 1}", command["ref"], command["amount"], erp.clock.passed_s)
        if isinstance(kind, tuple):
            erp.kept.append(replace(made, since_s=made.since_s + kind[1]))
            erp.journal.append(Call(erp.clock.passed_s, "perform", command["ref"], self.number, self.version))
            await asyncio.get_running_loop().create_future()
        await self._call("perform", command["ref"])
        if kind == "no":
            return Answer(Verdict.DEFINITE_NO, code="503", words="not taken")
        if kind != "never":
            erp.kept.append(made)
        if kind != "yes" or self.closed:
            return Answer(Verdict.AMBIGUOUS, words="no answer")
        return Answer(Verdict.YES, self._document(made, command))

    def _document(self, one: Kept, command: CommandEnvelope) -> Document:
        differences = () if one.amount == command["amount"] else (f"amount: {one.amount}, {command['amount']}",)
        made = Document(one.erp_id, one.erp_id, command["ref"], one.amount, "USD", ("create",), differences)
        return replace(made, pairs=self.erp.pairs_of(command))

    async def close(self) -> None:
        self.closed = True


def watching() -> System:
    """A system whose own batch posts what was created."""
    write = replace(toy().writes[0], steps=("create", "post"), watched=("post",), watch_every=timedelta(minutes=5))
    return replace(toy(), writes=(write,))


def sink_of(system: System | None = None, setup: Setup | None = None, **chosen: Any) -> tuple[Sink, Scripted]:
    """A sink of a scripted ERP, at a time at which any wait counted from nothing is long over."""
    erp = Scripted()
    sink = Sink(system or toy(), erp.opens, random.Random(1), setup, **chosen)
    erp.clock = sink.clock
    sink.clock.passed_s = 1000.0
    return sink, erp


def bill(source_id: str, amount: str, version: int = 1, **more: Any) -> dict[str, Any]:
    """A bill of a source object, of that version."""
    return _envelope(source_id, version, "create", more.get("part", "")) | {
        "amount": Decimal(amount),
        "source_hash": digest(amount),
        "payload_hash": digest(amount),
        "description": amount,
        **more,
    }


def void(made: Mapping[str, Any], version: int = 2, **more: Any) -> dict[str, Any]:
    """The void of a bill as mappings make it: held, with the bill's amount; of a bill in parts with the set of its voids."""
    hold = {"hold": "void_not_built", "hold_detail": "the invoice was voided", "reason": "the invoice was voided"}
    content = digest(version, "void")
    parts = None if made["parts"] is None else {made["part"]: content}
    own = {"reverses": made["op_key"], "date": None, "amount": made["amount"], "parts": parts, "canonical": b"voided"}
    own |= {"source_hash": content, "payload_hash": content}
    about = _envelope(made["source_id"], version, "void", made["part"], "reversal")
    return about | {"connection": made["connection"]} | hold | own | more


def _envelope(source_id: str, version: int, action: str, part: str = "", record: str = "ap_bill") -> dict[str, Any]:
    key = op_key(BOOKS, "payable", ("invoice", source_id), part, action)
    about = {"source_system": SOURCE, "source_entity": "invoice", "source_id": source_id, "source_version": f"{version:03d}"}
    who = {"system": TARGET, "op_key": key, "ref": ref_of(key), "purpose": "payable", "action": action, "part": part}
    return command_of(record, **about, **who, config_version="1", crosswalk_version="1")


def correction_of(made: Mapping[str, Any]) -> str:
    """Op-key of the first change that is held beside a bill."""
    return f"{made['op_key']}|correct|1"
