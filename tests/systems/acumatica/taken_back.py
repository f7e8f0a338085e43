"""Documents that were written, and what takes them back: the commands of reversals and corrections, and their steps with lost answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

from schemas.records import CommandEnvelope
from systems.acumatica.system import SYSTEM
from systems.contract import Document, Found, Original, ResolvedCommand, Verdict
from systems.mapped import REVERSAL
from tests.systems.acumatica import ground
from tests.systems.acumatica.tenant import Books, made
from topology.rules.identity import ref_of

VOIDED_ON = date(2026, 3, 25)


@dataclass
class Written:
    """The writer's books, and what was written to them."""

    books: Books
    originals: dict[str, Original] = field(default_factory=dict)

    async def write(self, entity: str, record: Mapping[str, Any], number: int = 0, name: str = "") -> Original:
        """Write one of a record's documents; its id is known as that of its source object."""
        kind, command = made(entity, record, number)
        document = await self.books.post(SYSTEM.write_of(kind).steps, kind, command)
        named = (
            f"{entity}/{record['source_id']}"
            if command["action"] != "apply"
            else f"{entity}/{record['source_id']}/{command['part']}"
        )
        if command["action"] != "apply":
            self.books.ids[named] = document.erp_id
        found = Original(kind, command, document.erp_id, document.number, dict(self.books.ids))
        self.originals[name or named] = found
        return found

    def reversal(self, original: Original, on: date = VOIDED_ON, post_on: date | None = None) -> ResolvedCommand:
        """The command that reverses a document, as the sink asks for it."""
        key = f"{original.command['op_key']}|void"
        body = {"reverses": original.command["op_key"], "date": on, "reason": "the document was voided"}
        command: Any = {**original.command, **body, "op_key": key, "ref": ref_of(key), "action": "void", "posting_date": on}
        return ResolvedCommand(REVERSAL, command, dict(self.books.ids), original=original, post_on=post_on)

    def correction(self, original: Original, entity: str, record: Mapping[str, Any], number: int = 0) -> ResolvedCommand:
        """The command of the first correction of a document."""
        kind, wanted = made(entity, record, number)
        key = f"{original.command['op_key']}|correct|1"
        command: Any = {**wanted, "op_key": key, "ref": ref_of(key)}
        return ResolvedCommand(kind, command, dict(self.books.ids), original=original)

    def steps(self, resolved: ResolvedCommand) -> tuple[str, ...]:
        """The declared steps of what takes a document back."""
        assert resolved.original is not None
        (write,) = SYSTEM.writes_of(resolved.record, None, resolved.original.record)
        return write.steps

    async def find(self, resolved: ResolvedCommand) -> Found:
        """What a look-up shows."""
        await self.books.writer.reserve(20)
        return await self.books.writer.find(resolved)

    async def next_step(self, resolved: ResolvedCommand) -> tuple[str, Document | None]:
        """The first step that is not done, and the document that is seen; "" where all are done."""
        found = await self.find(resolved)
        assert not found.refusal, found.refusal
        assert len(found.documents) < 2, found.documents
        document = found.documents[0] if found.documents else None
        assert document is None or not document.differences, document
        done = document.steps_done if document is not None else ()
        return next((step for step in self.steps(resolved) if step not in done), ""), document

    async def perform(self, resolved: ResolvedCommand, lost: str = "") -> Document:
        """Every step that a look-up does not show as done; the answer of step `lost` does not come."""
        for _ in range(12):
            step, document = await self.next_step(resolved)
            if not step:
                assert document is not None
                return document
            await self.books.writer.reserve(20)
            if step == lost:
                lost = ""
                faults = [{"kind": "lost_answer", "method": method} for method in ("PUT", "POST", "DELETE")]
                await self.books.tenant.ask("faults", {"faults": faults})
                answer = await self.books.writer.perform(step, resolved, document)
                await self.books.tenant.ask("faults", method="DELETE")
                assert answer.verdict is Verdict.AMBIGUOUS, answer
                continue
            answer = await self.books.writer.perform(step, resolved, document)
            assert answer.verdict is Verdict.YES, (step, answer)
            assert answer.document is not None
            assert step in answer.document.steps_done
        raise AssertionError("no end")

    async def open_of(self, side: str = "customers") -> str:
        """What the customer or vendor owes or is owed."""
        (row,) = (await self.books.tenant.ask("balances"))[side]
        return str(row["balance"])

    async def kept(self, kind: str) -> list[tuple[str, str, str]]:
        """Type, status and amount of every document of a kind."""
        return [(one["type"], one["status"], one["amount"]) for one in await self.books.tenant.kept(kind)]


def refused(found: Found) -> tuple[int, str]:
    """What a look-up that refuses says."""
    return len(found.documents), found.refusal_reason


def cents(text: str) -> Decimal:
    """An amount."""
    return Decimal(text)


__all__ = ["VOIDED_ON", "CommandEnvelope", "Written", "cents", "ground", "refused", "replace"]
