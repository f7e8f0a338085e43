"""An ERP in this process, at the writer's seam: keeps documents, can be slow, lose answers, commit late, refuse, be down."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

from runtime.errors import Transient
from schemas.records import CommandEnvelope
from services.sinks.pool import OpenWriter
from systems.contract import Answer, Capability, Document, Found, Original, ResolvedCommand, Role, Verdict, Write
from topology.configuration import Connected

STEPS = ("create", "release")
WRITES = (
    *(Write(record, record, STEPS, "release", Capability.C3, "ref", 30, calls=3) for record in ("ar_invoice", "ar_receipt")),
    Write(
        "ap_bill", "bill", ("create", "posted"), "create", Capability.C3, "ref", 30,
        watched=("posted",), watch_every=timedelta(milliseconds=300),
    ),
    Write("reversal", "reversal", STEPS, "release", Capability.C3, "ref", 30, calls=3, takes_back="ar_receipt"),
    Write("customer", "customer", ("upsert",), "upsert", Capability.C3, "ref", 30),
    Write("vendor", "vendor", ("upsert",), "upsert", Capability.C3, "ref", 30, updates=True),
)  # fmt: skip
"""Documents by two requests, receipts that are taken back, bills that the fake's own batch posts, customers written once, vendors kept up to date."""


@dataclass
class Kept:
    """One document."""

    erp_id: str
    ref: str
    record: str
    amount: Decimal
    connection: str
    parents: dict[str, str]
    steps: list[str] = field(default_factory=list)
    refusal: str = ""
    name: str = ""
    overruled: tuple[str, ...] = ()


@dataclass
class FakeErp:
    """The ERP of every connection. `script` gives answers by (step, source id) before anything is done: lost, down, refused, throttled."""

    latency_s: float = 0.0
    documents: dict[str, Kept] = field(default_factory=dict)
    journal: list[tuple[str, str]] = field(default_factory=list)
    script: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    down: set[str] = field(default_factory=set)
    slow: dict[str, float] = field(default_factory=dict)
    suspects: set[str] = field(default_factory=set)
    refusing: str = ""
    calls: int = 0
    stored: list[Kept] = field(default_factory=list)
    originals: list[Original] = field(default_factory=list)

    def open(self, connected: Connected, role: Role) -> OpenWriter:
        """See `Opener`."""
        return OpenWriter(FakeWriter(self, connected.settings.connection))


class FakeWriter:
    """See `systems.contract.Writer`."""

    def __init__(self, erp: FakeErp, connection: str) -> None:
        self.erp = erp
        self.connection = connection

    async def reserve(self, calls: int) -> None:
        pass

    async def _travel(self) -> None:
        self.erp.calls += 1
        wait = self.erp.slow.get(self.connection, self.erp.latency_s)
        if wait:
            await asyncio.sleep(wait)
        if self.connection in self.erp.down:
            raise Transient("the fake is down")

    async def find(self, resolved: ResolvedCommand) -> Found:
        await self._travel()
        command, kept = resolved.command, self._kept(resolved)
        suspects: tuple[Document, ...] = ()
        if command["source_id"] in self.erp.suspects:
            suspects = (Document("S1", "S1", "", command["amount"], command["currency"], ()),)
        return Found((self._document(kept, command),) if kept else (), suspects)

    def _kept(self, resolved: ResolvedCommand) -> Kept | None:
        known = next((one for one in self.erp.stored if one.erp_id == resolved.known_id), None)
        return known or self.erp.documents.get(resolved.command["ref"])

    def _document(self, kept: Kept, command: CommandEnvelope) -> Document:
        wanted = {"amount": command["amount"], "name": command.get("name", "") if kept.record == "vendor" else ""}
        theirs = {"amount": kept.amount, "name": kept.name}
        differences = tuple(f"{field}: {theirs[field]}, {wanted[field]}" for field in wanted if theirs[field] != wanted[field])
        return Document(
            kept.erp_id, kept.erp_id, kept.ref or command["ref"], kept.amount, command["currency"], tuple(kept.steps), differences,
            kept.refusal, "suspect" if kept.refusal else "", kept.overruled,
        )  # fmt: skip

    async def perform(self, step: str, resolved: ResolvedCommand, document: Document | None) -> Answer:
        command = resolved.command
        self.erp.originals += [resolved.original] if resolved.original is not None else []
        try:
            await self._travel()
        except Transient as error:
            return Answer(Verdict.DEFINITE_NO, code="down", words=str(error))
        planned = self.erp.script.get((step, command["source_id"]), [])
        kind = planned.pop(0) if planned else ""
        if kind == "throttled":
            return Answer(Verdict.DEFINITE_NO, code="429", throttled=True, retry_after=timedelta(milliseconds=300))
        if self.erp.refusing or kind.startswith("refused"):
            reason = kind.partition(":")[2]
            return Answer(Verdict.REJECT, code=self.erp.refusing or "422", words="the fake refuses", reason=reason)
        if kind == "lost_before":
            return Answer(Verdict.AMBIGUOUS, words="no answer")
        kept = self._commit(step, resolved)
        if kind == "lost_after":
            return Answer(Verdict.AMBIGUOUS, words="no answer")
        return Answer(Verdict.YES, self._document(kept, command))

    def _commit(self, step: str, resolved: ResolvedCommand) -> Kept:
        record, command, ids = resolved.record, resolved.command, resolved.ids
        self.erp.journal.append((step, command["ref"]))
        kept = self._kept(resolved)
        if kept is not None and kept.record == "vendor":
            kept.name, kept.overruled = str(command.get("name", "")), ()
            return kept
        if step in ("create", "upsert") or kept is None:
            kept = Kept(f"D{len(self.erp.stored) + 1}", command["ref"], record, command["amount"], self.connection, dict(ids))
            self.erp.stored.append(kept)
            kept.name = str(command.get("name", "")) if record == "vendor" else ""
            self.erp.documents[command["ref"]] = kept
        kept.steps.append(step)
        return kept

    async def close(self) -> None:
        pass
