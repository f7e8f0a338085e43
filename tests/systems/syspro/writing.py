"""A company with an open writer, and the ids of what was written."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

from runtime.exchange import Request
from schemas.records import CommandEnvelope
from systems.contract import Answer, Document, Found, Original, ResolvedCommand, Role, Verdict, Writer
from systems.mapped import Draft
from systems.syspro.sink import BUDGET, is_write, open_writer
from tests.systems.field_service import invoice, invoice_line
from tests.systems.in_process import Wire
from tests.systems.syspro import mapping_ground
from tests.systems.syspro.ground import Site, company
from topology.rules.identity import ref_of

SUPPLIER = "0000010"


@dataclass
class Books:
    """A company with an open writer."""

    site: Site
    writer: Writer
    wire: Wire
    ids: dict[str, str] = field(default_factory=lambda: dict(mapping_ground.IDS))
    settings: dict[str, Any] = field(default_factory=dict)

    def resolved(self, record: dict[str, Any], number: int = 0, **more: Any) -> ResolvedCommand:
        """The command of a record's draft."""
        found = [one for one in mapping_ground.drafts(record, mapping_ground.plan(self.settings)) if isinstance(one, Draft)]
        one = found[number]
        assert not one.hold, one
        assert not one.unresolved, one
        return ResolvedCommand(one.record, mapping_ground.command(one, record), dict(self.ids), **more)

    async def find(self, made: ResolvedCommand) -> Found:
        """A look-up, whose calls are reserved; it changes nothing."""
        await self.writer.reserve(BUDGET.calls)
        before = len(self.writes())
        found = await self.writer.find(made)
        assert len(self.writes()) == before
        return found

    async def perform(self, step: str, made: ResolvedCommand, document: Document | None = None) -> Answer:
        """A step, whose calls are reserved."""
        await self.writer.reserve(BUDGET.calls)
        return await self.writer.perform(step, made, document)

    async def written(self, made: ResolvedCommand, *steps: str) -> Document:
        """The document after these steps, each answered yes."""
        document = None
        for step in steps:
            answer = await self.perform(step, made, document)
            assert answer.verdict is Verdict.YES, answer
            document = answer.document
        assert document is not None
        return document

    def writes(self) -> list[Request]:
        """The requests that changed something."""
        return [one for one in self.wire.sent if is_write(one)]

    async def kept(self, kind: str) -> list[dict[str, Any]]:
        """The rows of a table, as the simulator shows them to checkers."""
        return cast("list[dict[str, Any]]", (await self.site.ask(f"documents?kind={kind}"))["documents"])


@asynccontextmanager
async def books(folder: Path, over: dict[str, Any] | None = None, **switches: Any) -> AsyncIterator[Books]:
    """A company whose settings are those of the examples."""
    async with company(folder, **({"suppliers": 10} | switches)) as site:
        access, wire = site.access(Role.SINK, **(over or {}))
        made = Books(site, open_writer(access), wire, settings=over or {})
        yield made
        await made.writer.close()


def costly(amount: str = "40.00", **more: Any) -> dict[str, Any]:
    """An invoice whose one line costs this much, owed to the clearing supplier."""
    return invoice([invoice_line("100.00", cost=Decimal(amount))], **more)


def reversal(first: ResolvedCommand, document: Document, on: date = date(2026, 3, 12)) -> ResolvedCommand:
    """What takes a document back."""
    key = f"{first.command['op_key']}|void"
    own = {
        "op_key": key,
        "ref": ref_of(key),
        "action": "void",
        "date": on,
        "posting_date": on,
        "reverses": first.command["op_key"],
        "reason": "",
    }
    original = Original(first.record, first.command, document.erp_id, document.number, first.ids)
    return ResolvedCommand("reversal", cast("CommandEnvelope", {**first.command, **own}), first.ids, original=original)


def correction(first: ResolvedCommand, document: Document, wanted: ResolvedCommand) -> ResolvedCommand:
    """What takes a document back and writes another in its place."""
    key = f"{first.command['op_key']}|correct|1"
    own = {"op_key": key, "ref": ref_of(key), "action": "correct"}
    original = Original(first.record, first.command, document.erp_id, document.number, first.ids)
    return ResolvedCommand(first.record, cast("CommandEnvelope", {**wanted.command, **own}), wanted.ids, original=original)
