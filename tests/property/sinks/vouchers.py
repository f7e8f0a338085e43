"""Worlds for documents in several parts: an invoice whose lines belong to vendors, mapped again and again while its vouchers are written.

One seed = one schedule: versions and mappings that move lines, take vendors away and bring them back, an ERP that refuses, loses answers
and commits late, owners that crash; then replays from the start with the ledger kept, lost, and lost with the results.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from pydantic import BaseModel

from runtime.errors import Refused, Transient
from schemas.records import CommandEnvelope, Ledger
from services.sinks import entry as e
from systems.contract import Answer, Capability, Document, Flow, Found, ResolvedCommand, System, Verdict, Write
from systems.mapped import Draft
from tests.property.sinks.in_memory import Sink, command_of
from tests.toy import SOURCE, TARGET, digest
from topology.rules.envelope import with_parts
from topology.rules.identity import Books, op_key, ref_of

BOOKS = Books("test", "t1", TARGET, "i1", "c1")
VENDORS = ("V", "W", "X", "")
WORTH = {"a": Decimal(1), "b": Decimal(20), "c": Decimal(300), "d": Decimal(4000)}


class _Settings(BaseModel):
    tenant_id: str = "t1"


def _nothing(*_: Any) -> Any:
    raise AssertionError("the sink reads and maps nothing")


def toy(window: str = "immediate") -> System:
    """A system that keeps vouchers."""
    write = Write("ap_bill", "bill", ("create",), "create", Capability.C3, "ref", 30)
    flow = Flow("T1", "vouchers", SOURCE, TARGET, "invoice", ("ap_bill", "reversal"), "payable", window)
    made = (_nothing, _nothing, _nothing, _nothing, _nothing)
    return System(TARGET, TARGET, _Settings, _Settings, (), {}, (write,), (flow,), *made, "")


@dataclass
class Voucher:
    """A document that the ERP keeps."""

    erp_id: str
    amount: Decimal
    lines: str


@dataclass
class Erp:
    """See `systems.contract.Writer`. While `faulty`, it may be down, refuse, lose an answer or commit late.
    So many next look-ups (`unfindable`) cannot be made, by the command's own content."""

    draw: random.Random
    refuses: float = 0.1
    faulty: bool = True
    unfindable: int = 0
    kept: dict[str, list[Voucher]] = field(default_factory=dict)

    def _kind(self) -> str:
        return self.draw.choice(("down", "lost", "late", "never", "", "", "", "")) if self.faulty else ""

    async def reserve(self, calls: int) -> None:
        await self._travel()

    async def _travel(self) -> None:
        for _ in range(self.draw.randint(0, 5)):
            await asyncio.sleep(0)

    async def find(self, resolved: ResolvedCommand) -> Found:
        command = resolved.command
        await self._travel()
        if self.faulty and self.draw.random() < 0.05:
            raise Transient("the fake is down")
        if self.unfindable:
            self.unfindable -= 1
            raise Refused("the vendor has no id here")
        return Found(tuple(_document(voucher, command) for voucher in self.kept.get(command["ref"], ())))

    async def perform(self, _step: str, resolved: ResolvedCommand, _document_seen: Document | None) -> Answer:
        command = resolved.command
        kind = self._kind()
        await self._travel()
        if kind == "down":
            return Answer(Verdict.DEFINITE_NO, code="503", words="not taken")
        if self.draw.random() < self.refuses:
            return Answer(Verdict.REJECT, code="422", words="refused")
        if kind == "never":
            return Answer(Verdict.AMBIGUOUS, words="no answer")
        made = Voucher(f"D{sum(map(len, self.kept.values())) + 1}", command["amount"], str(command.get("description")))
        self.kept.setdefault(command["ref"], []).append(made)
        if kind == "late":
            return Answer(Verdict.AMBIGUOUS, words="no answer")
        await self._travel()
        return Answer(Verdict.YES, _document(made, command)) if kind != "lost" else Answer(Verdict.AMBIGUOUS, words="no answer")

    async def close(self) -> None:
        """No session."""


def _document(voucher: Voucher, command: CommandEnvelope) -> Document:
    same = (voucher.amount, voucher.lines) == (command["amount"], command.get("description"))
    differences = () if same else (f"lines: {voucher.lines}, {command.get('description')}",)
    return Document(voucher.erp_id, voucher.erp_id, command["ref"], voucher.amount, "USD", ("create",), differences)


@dataclass
class Source:
    """The invoice: its lines with their vendors and worth, and its version."""

    draw: random.Random
    version: int = 1
    worth: dict[str, Decimal] = field(default_factory=lambda: dict(WORTH))
    sole: bool = False
    """One document without parts, whatever the vendors."""
    vendors: dict[str, str] = field(default_factory=dict)
    state: str = digest(sorted(WORTH.items()))

    def __post_init__(self) -> None:
        self.vendors = dict.fromkeys(self.worth, "") if self.sole else {line: self.draw.choice(VENDORS[:3]) for line in self.worth}

    def changes(self) -> None:
        """The next version, or the same one mapped anew."""
        kind = self.draw.random()
        if kind < 0.6 and not self.sole:
            for line in self.draw.sample(sorted(self.vendors), self.draw.randint(0, 2)):
                self.vendors[line] = self.draw.choice(VENDORS)
            if self.draw.random() < 0.5:
                return
        elif kind < 0.7:
            self.worth = dict.fromkeys(self.worth, Decimal(0))
        elif kind < 0.8:
            self.worth = dict(WORTH)
        else:
            line = self.draw.choice(sorted(self.worth))
            self.worth[line] = WORTH[line] * self.draw.choice((0, 1, 1, 2))
        self.version += 1
        self.state = digest(sorted(self.worth.items()))

    def becomes(self, **vendors: str) -> None:
        """These lines, of these vendors: a new version where the lines are others, else the same one mapped anew."""
        worth = {line: WORTH[line] if line in vendors else Decimal(0) for line in WORTH}
        if worth != self.worth:
            self.version += 1
        self.worth, self.vendors, self.state = worth, {**self.vendors, **vendors}, digest(sorted(worth.items()))

    def parts(self) -> dict[str, dict[str, Decimal]]:
        """Lines of each vendor."""
        found: dict[str, dict[str, Decimal]] = {}
        for line, amount in self.worth.items():
            if amount:
                found.setdefault(self.vendors[line], {})[line] = amount
        return found

    def commands(self) -> list[tuple[str, dict[str, Any]]]:
        """What hop 2 makes of it."""
        found = self.parts()
        made = [
            (
                Draft("ap_bill", {}, "T1", "payable", part=part, parted=not self.sole),
                self._bill(part, lines, not self.sole and "" in found),
            )
            for part, lines in found.items()
        ]
        none = Draft("completion", {}, "T1", "payable", action="nothing", parted=True)
        told = with_parts(made or [(none, self.envelope("completion", "", "nothing", Decimal(0)) | {"reached": "nothing"})])
        return [(draft.record, command) for draft, command in told]

    def _bill(self, part: str, lines: Mapping[str, Decimal], unresolved: bool) -> dict[str, Any]:
        amount = sum(lines.values(), Decimal(0))
        told = " ".join(f"{line}={worth}" for line, worth in sorted(lines.items()))
        bill = self.envelope("ap_bill", part, "create", amount) | {"description": told, "payload_hash": digest(told)}
        return bill | ({"unresolved": ["sku_vendor=x"], "canonical": b"as it was"} if unresolved else {})

    def envelope(self, record: str, part: str, action: str, amount: Decimal) -> dict[str, Any]:
        key = op_key(BOOKS, "payable", ("invoice", "1"), part, action)
        about = {"source_system": SOURCE, "source_entity": "invoice", "source_id": "1", "source_version": f"{self.version:03d}"}
        who = {"system": TARGET, "op_key": key, "ref": ref_of(key), "purpose": "payable", "action": action, "part": part}
        return command_of(record, **about, **who, source_hash=self.state, payload_hash=digest(action), amount=amount)


@dataclass
class World:
    """One schedule."""

    seed: int
    refuses: float = 0.1
    window: str = "immediate"
    sole: bool = False

    def __post_init__(self) -> None:
        self.draw = random.Random(self.seed)
        self.source = Source(self.draw, sole=self.sole)
        self.erp = Erp(self.draw, self.refuses)
        self.sink = Sink(toy(), self.erp, self.draw, window=self.window)

    def tells(self) -> None:
        """Hop 2 tells the invoice as it is now."""
        for record, command in self.source.commands():
            self.sink.command(record, command)

    async def play(self) -> None:
        """Emissions, turns, time and crashes in a drawn order; then everything comes to rest."""
        for number in range(self.draw.randint(1, 5)):
            if number:
                self.source.changes()
            self.tells()
            for _ in range(self.draw.randint(0, 6)):
                await self._moves()
        self.erp.faulty = False
        await self.sink.rest()

    async def _moves(self) -> None:
        self.sink.take(self.draw.randint(0, 3))
        await self.sink.turns(self.draw.choice((0, 1, 3, 10, 40)))
        if self.draw.random() < 0.3:
            self.sink.clock.passed_s += self.draw.choice((1.0, 5.0, 20.0))
            self.sink.owner.tick()
        if self.draw.random() < 0.1:
            self.sink.crash()

    async def replayed(self) -> None:
        """Every command again, from the earliest offset."""
        self.sink.offset = 0
        self.sink.crash()
        await self.sink.rest(1)

    # --- what must hold ---

    def twice(self) -> list[str]:
        """Lines that are in more than one voucher."""
        told = [line.partition("=")[0] for kept in self.erp.kept.values() for voucher in kept for line in voucher.lines.split()]
        return sorted({line for line in told if told.count(line) > 1})

    def missing(self) -> Decimal:
        """What is wanted, less what is posted, less what is held by name."""
        entries = [entry for entry in self.sink.index.all() if entry["state"] == e.HELD]
        sent = [entry for entry in entries if e.intent_open(entry) and not e.is_presumed(entry)]
        unknown = {entry["op_key"] for entry in sent if entry["ref"] in self.erp.kept}
        held = sum((entry["amount"] for entry in entries if entry["op_key"] not in unknown), Decimal(0))
        posted = sum((voucher.amount for kept in self.erp.kept.values() for voucher in kept), Decimal(0))
        return sum(self.source.worth.values(), Decimal(0)) - posted - held

    def forgotten(self) -> list[str]:
        """Refs that the ERP keeps and that are neither written nor held by name here."""
        known = {entry["ref"] for entry in self.sink.index.all() if e.is_written(entry) or entry["state"] == e.HELD}
        return sorted(self.erp.kept.keys() - known)

    def waiting(self) -> list[str]:
        """What has not come to rest."""
        return [entry["op_key"] for entry in self.sink.index.all() if entry["state"] not in e.TERMINAL | {e.HELD}]

    def faults(self) -> list[str]:
        """What must never be, in words."""
        found = [f"waits: {op_key}" for op_key in self.waiting()] + [f"twice: {line}" for line in self.twice()]
        return found + ([f"missing: {self.missing()}"] if self.missing() else [])

    def states(self) -> dict[str, tuple[str, str, Decimal]]:
        """State, reason and amount of each entry, by part and action."""
        return {_name(one): (one["state"], one["reason"], one["amount"]) for one in self.sink.index.all()}


def _name(entry: Ledger) -> str:
    return " ".join(entry["op_key"].split("|")[4:]).replace(" create", "").strip()
