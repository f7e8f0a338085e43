"""Books that take documents back: an ERP of receivables behind the real sink, which reverses, corrects and applies, and says what stands.

A reversal has two steps (it is entered, then released, and only then the document is gone), a correction reverses first and then writes anew. What is
applied to a document keeps it from being taken back. The writer checks what it is asked with against what it keeps.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from pydantic import BaseModel

from schemas.records import Ledger
from services.sinks import entry as e
from systems.contract import Answer, Capability, Document, Flow, Found, Original, ResolvedCommand, System, Verdict, Write
from systems.mapped import APPLY, COMPLETION, NOTHING, REVERSAL, UNAPPLIED
from tests.property.sinks.in_memory import Sink, command_of
from tests.toy import SOURCE, TARGET, digest
from topology.rules.identity import Books, op_key, ref_of

BOOKS = Books("test", "t1", TARGET, "i1", "c1")
INVOICE, RECEIPT, APPLICATION = "ar_invoice", "ar_receipt", "ar_application"
PURPOSES = {INVOICE: "sale", RECEIPT: "collection", APPLICATION: "collection"}
ENTITIES = {INVOICE: "invoice", RECEIPT: "payment", APPLICATION: "payment"}


class _Settings(BaseModel):
    tenant_id: str = "t1"


def _nothing(*_: Any) -> Any:
    raise AssertionError("the sink reads and maps nothing")


def declared(reverses: bool = True, corrects: bool = True, capability: Capability = Capability.C3) -> System:
    """A system that keeps invoices, receipts and applications, and takes them back."""

    def write(record: str, *steps: str, of: str = "") -> Write:
        return Write(record, record, steps, steps[-1], capability, "ref", 30, takes_back=of)

    records = (INVOICE, RECEIPT, APPLICATION)
    writes = [write(record, "create") for record in records]
    writes += [write(REVERSAL, "enter", "release", of=record) for record in records if reverses]
    writes += [write(record, "reverse", "create", of=record) for record in records if corrects]
    flows = (
        Flow("A1", "invoices", SOURCE, TARGET, "invoice", (INVOICE, REVERSAL), "sale"),
        Flow("A3", "payments", SOURCE, TARGET, "payment", (RECEIPT, APPLICATION, REVERSAL), "collection"),
    )
    return System(TARGET, TARGET, _Settings, _Settings, (), {}, tuple(writes), flows, *(_nothing,) * 5, "")


@dataclass
class Kept:
    """A document of the ERP; a reversal `takes` one, a correction takes one and is one. `gone` is the ref of what took it back."""

    erp_id: str
    record: str
    ref: str
    amount: Decimal
    content: str
    steps: list[str]
    takes: str = ""
    gone: str = ""
    on: Any = None
    ids: dict[str, str] = field(default_factory=dict)

    @property
    def stands(self) -> bool:
        return not self.gone and self.steps[-1] == "create"


@dataclass
class Erp:
    """See `systems.contract.Writer`. `refuses` is what it says to the next requests of a step, by step; it is silent after `silent` more."""

    kept: dict[str, list[Kept]] = field(default_factory=dict)
    refuses: dict[str, Answer] = field(default_factory=dict)
    silent: dict[str, bool] = field(default_factory=dict)
    """Steps whose next answer is lost; whether they happen all the same."""
    asked: list[ResolvedCommand] = field(default_factory=list)
    finds: int = 0
    without_refs: bool = False
    """Applications carry no ref: they are found by payment, invoice and amount, as they stand."""
    fall: bool = False
    """A receipt can be taken back although it is applied: its applications are gone with it then."""

    async def reserve(self, calls: int) -> None:
        """No limit."""

    def all(self) -> list[Kept]:
        return [one for found in self.kept.values() for one in found]

    def by_id(self, erp_id: str) -> Kept:
        (found,) = [one for one in self.all() if one.erp_id == erp_id]
        return found

    async def find(self, resolved: ResolvedCommand) -> Found:
        self.finds += 1
        found = tuple(self._document(one, resolved) for one in self._found(resolved))
        original = resolved.original
        falls = self.fall and original is not None and original.record == RECEIPT
        applied = [] if original is None or falls else self._applied_to(original.erp_id)
        return Found(found, refusal="an application" if applied else "", refusal_reason="applied" if applied else "")

    def _applied_to(self, erp_id: str) -> list[Kept]:
        return [one for one in self.all() if one.stands and erp_id in one.ids.values()]

    def _found(self, resolved: ResolvedCommand) -> list[Kept]:
        """By ref; an application without one by what it is, as soon as what it takes back is taken back."""
        found = self.kept.get(resolved.command["ref"], [])
        if not found and resolved.original is not None and self.by_id(resolved.original.erp_id).gone:
            steps = ["enter", "release"] if resolved.record == REVERSAL else ["reverse"]
            return [Kept(resolved.original.erp_id, REVERSAL, resolved.command["ref"], Decimal(0), "", steps)]
        looks_for_row = resolved.record == APPLICATION and not any("create" in one.steps for one in found)
        if not self.without_refs or not looks_for_row or (resolved.original is not None and not found):
            return found
        wanted = resolved.command["amount"], dict(resolved.ids)
        rows = [one for one in self.all() if one.stands and one.record == APPLICATION and (one.amount, one.ids) == wanted]
        if not rows:
            return found
        row = rows[0]
        steps = [*(found[0].steps if found else ()), "create"]
        return [
            Kept(row.erp_id, row.record, resolved.command["ref"], row.amount, resolved.command["payload_hash"], steps, ids=row.ids)
        ]

    def _document(self, one: Kept, resolved: ResolvedCommand) -> Document:
        command: Any = resolved.command
        differs = one.steps[-1] == "create" and (one.amount, one.content) != (command["amount"], command["payload_hash"])
        words = (f"amount: {one.amount}, {command['amount']}",) if differs else ()
        return Document(one.erp_id, one.erp_id, one.ref, one.amount, "USD", tuple(one.steps), words)

    async def perform(self, step: str, resolved: ResolvedCommand, document: Document | None) -> Answer:
        self.asked.append(resolved)
        if step in self.refuses:
            return self.refuses.pop(step)
        if step in self.silent:
            if self.silent.pop(step):
                self._does(step, resolved)
            return Answer(Verdict.AMBIGUOUS, words="no answer")
        return Answer(Verdict.YES, self._document(self._does(step, resolved), resolved))

    def _does(self, step: str, resolved: ResolvedCommand) -> Kept:
        command: Any = resolved.command
        found = self.kept.setdefault(command["ref"], [])
        if step in ("enter", "reverse") or not found:
            found.append(self._new(step, resolved))
        one = found[-1]
        if step not in one.steps:
            one.steps.append(step)
        if step in ("release", "reverse"):
            original = self._checked(resolved.original)
            original.gone, one.takes = one.ref, original.erp_id
            for fallen in self._applied_to(original.erp_id):
                fallen.gone = one.ref
        if step == "create":
            one.amount, one.content, one.ids = command["amount"], command["payload_hash"], dict(resolved.ids)
        return one

    def _new(self, step: str, resolved: ResolvedCommand) -> Kept:
        command: Any = resolved.command
        record = (
            resolved.record if resolved.record != REVERSAL else f"-{resolved.original.record}" if resolved.original else REVERSAL
        )
        one = Kept(f"D{len(self.all()) + 1}", record, command["ref"], Decimal(0), "", [step])
        one.on = resolved.post_on or command["posting_date"]
        return one

    def _checked(self, original: Original | None) -> Kept:
        """What is taken back is what was written, word for word, and stands."""
        assert original is not None, "nothing says what is taken back"
        one = self.by_id(original.erp_id)
        assert one.stands, f"{one.erp_id} is taken back twice"
        assert (one.record, one.ref) == (original.record, original.command["ref"])
        assert (one.amount, one.content) == (original.command["amount"], original.command["payload_hash"])
        assert one.ids == dict(original.ids), f"{one.ids}, {original.ids}"
        return one

    async def close(self) -> None:
        """No session."""

    def standing(self, record: str = "") -> list[tuple[str, Decimal]]:
        """Record and amount of every document that stands."""
        return [(one.record, one.amount) for one in self.all() if one.stands and record in ("", one.record)]


class Ledgers:
    """The books of one connection with its sink: what the source tells goes in by few words."""

    def __init__(self, system: System | None = None, seed: int = 1, **chosen: Any) -> None:
        self.erp = Erp()
        self.sink = Sink(system or declared(), self.erp, random.Random(seed), **chosen)
        self.versions: dict[tuple[str, str], int] = {}

    def key(self, record: str, source_id: str, part: str = "", action: str = "") -> str:
        action = action or (APPLY if record == APPLICATION else "create")
        return op_key(BOOKS, PURPOSES[record], (ENTITIES[record], source_id), part, action)

    def _next(self, record: str, source_id: str) -> str:
        place = ENTITIES[record], source_id
        self.versions[place] = self.versions.get(place, 0) + 1
        return f"{self.versions[place]:03d}"

    def _tell(self, name: str, record: str, source_id: str, **about: Any) -> None:
        part, action = about.get("part", ""), about.pop("action")
        key = self.key(record, source_id, part, action)
        version = about.pop("version", None) or self._next(record, source_id)
        made = {"source_system": SOURCE, "source_entity": ENTITIES[record], "source_id": source_id, "source_version": version}
        who = {"system": TARGET, "op_key": key, "ref": ref_of(key), "purpose": PURPOSES[record], "action": action}
        content = digest(sorted((k, str(v)) for k, v in about.items() if k not in ("hold", "parts", "canonical")))
        self.sink.command(name, command_of(name, **{**made, **who, "source_hash": content, "payload_hash": content, **about}))

    def invoice(self, source_id: str, amount: str, **about: Any) -> None:
        """The next version of an invoice."""
        self._tell(INVOICE, INVOICE, source_id, action="create", amount=Decimal(amount), **about)

    def receipt(self, source_id: str, amount: str, invoice: str = "", **about: Any) -> None:
        """The next version of a payment; in one document with the invoice that it pays, where one is named."""
        parents = [_parent("invoice", invoice)] if invoice else []
        self._tell(RECEIPT, RECEIPT, source_id, action="create", amount=Decimal(amount), parents=parents, **about)

    def void(self, source_id: str, record: str = INVOICE, **about: Any) -> None:
        """The source was voided."""
        self._tell(REVERSAL, record, source_id, action="void", reverses=self.key(record, source_id), amount=Decimal(1), **about)

    def nothing(self, source_id: str, record: str = INVOICE, action: str = NOTHING, **about: Any) -> None:
        """Nothing is made of it any more."""
        self._tell(COMPLETION, record, source_id, action=action, parts={}, reached="nothing", amount=Decimal(0), **about)

    def applies(self, payment: str, **invoices: tuple[str, str]) -> None:
        """The applications of a payment now: by the application's id (`a7`), the invoice and the amount."""
        version = self._next(APPLICATION, payment)
        if not invoices:
            self.nothing(payment, APPLICATION, UNAPPLIED, version=version)
        parts = {part: digest(part, *what) for part, what in invoices.items()}
        for part, (invoice, amount) in invoices.items():
            about = {"part": part, "parts": parts, "source_hash": parts[part], "payload_hash": parts[part]}
            parents = [_parent("payment", payment), _parent("invoice", invoice)]
            self._tell(
                APPLICATION, APPLICATION, payment, action=APPLY, amount=Decimal(amount), parents=parents, version=version, **about
            )

    async def rest(self) -> None:
        await self.sink.rest(60)

    def entry(self, key: str) -> Ledger:
        found = self.sink.entry(key)
        assert found is not None, key
        return found

    def states(self) -> dict[str, tuple[str, str, str]]:
        """State, reason and amount of every op-key, by the end of its name."""
        return {_name(one): (one["state"], one["reason"], f"{one['amount']:.2f}") for one in self.sink.index.all()}

    def told(self) -> Decimal:
        """What all entries of the ledger that are written add up to."""
        return sum((one["amount"] for one in self.sink.index.all() if one["state"] in (e.POSTED, e.ADOPTED)), Decimal(0))


def _parent(entity: str, source_id: str) -> dict[str, str]:
    return {"role": entity, "entity": entity, "source_id": source_id, "purpose": "", "part": ""}


def _name(entry: Ledger) -> str:
    source, part, *action = entry["op_key"].split("|")[3:]
    return " ".join(filter(None, (source, part, *action)))
