"""A writer on a simulated account with a customer and two vendors, and commands made from canonical records of the field-service side."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from schemas.records import CommandEnvelope
from systems.connection import FlowSettings
from systems.contract import Answer, Document, Original, ResolvedCommand, Role, Verdict, Writer
from systems.mapped import APPLY, REVERSAL, Draft, NoCommand, Plan
from systems.netsuite.mapping_commands import to_commands
from systems.netsuite.settings import Settings
from systems.netsuite.sink import open_writer
from systems.netsuite.writes import WRITES
from systems.parents import link_name
from tests.systems import field_service
from tests.systems.in_process import Wire
from tests.systems.netsuite.account import Site, account
from topology.rules.identity import ref_of

FLOWS = ("N1", "N1S", "N1C", "N1L", "N2", "N3V", "N5", "N7")
TABLES: dict[str, dict[str, dict[str, str]]] = {
    "business_unit": {"Plumbing - Service": {"department": "3", "class": "1", "location": "1", "subsidiary": "2"}},
    "job_type": {"Solar Install": {"department": "4"}},
    "cost_line": {"Material": {"account": "20"}, "Service": {"account": "21"}, "EQUIP": {"item": "1"}},
    "line_type": {"Service": {"item": "2"}, "Material": {"item": "1"}},
    "sku_vendor": {"PIPE": {"vendor_id": "31"}},
    "tax_zone": {"77": {"item": "8"}},
    "payment_type": {"Check": {"payment_method": "2", "account": "1"}, "Card": {"payment_method": "3"}},
    "pay_type": {"Regular": {"account": "21"}},
}
SECTIONS: dict[str, Any] = {
    "defaults": {"department": "8"},
    "payables": {"cost_account": "22", "clearing_vendor": "77"},
    "receivables": {
        "receivable_account": "4",
        "sales_item": "9",
        "discount_item": "10",
        "tax_item": "8",
        "rounding_item": "9",
        "clearing_account": "12",
    },
    "labor": {"cost_account": "21", "applied_account": "24"},
}


def plan(own: Settings, tables: Mapping[str, Any] = TABLES, off: Sequence[str] = ("N1L",), **changes: Any) -> Plan:
    """A connection's choices; the flows of `off` do not run: payroll, unless a test says otherwise."""
    made = Plan(
        connection="acme",
        time_zone="America/Chicago",
        currency="USD",
        tax_mode="source",
        customer_policy="one_to_one",
        create_missing=frozenset({"customer", "vendor"}),
        settings=own,
        crosswalk=field_service.crosswalk(tables),
        flows={name: FlowSettings(enabled=name not in off, cutover_date=date(2026, 1, 1)) for name in FLOWS},
        target="netsuite",
    )
    return replace(made, **changes)


def bare_settings(**sections: Any) -> Settings:
    """Settings of an account that is not served."""
    own = {
        "base_url": "https://1.suitetalk.api.netsuite.com",
        "account": "1",
        "instance_id": "x",
        "company_id": "ACME",
        "subsidiary": "2",
    }
    merged = {name: {**value, **sections.get(name, {})} for name, value in SECTIONS.items()}
    return Settings.model_validate(own | {**merged, **{name: value for name, value in sections.items() if name not in merged}})


def material(cost: str, line_id: str = "2", **more: Any) -> dict[str, Any]:
    """A line of material with a cost."""
    own = {"kind": "Material", "sku_code": "PIPE", "sku_id": "12", "description": "Copper pipe", "cost": Decimal(cost)}
    return field_service.invoice_line("0.00", line_id, **own) | more


def labor(cost: str, line_id: str = "1", **more: Any) -> dict[str, Any]:
    """A line of work with a cost."""
    return field_service.invoice_line("100.00", line_id, cost=Decimal(cost)) | more


def labor_entry(**more: Any) -> dict[str, Any]:
    """A canonical item of gross pay."""
    made = field_service.envelope("labor_entry", "901") | {
        "worked_on": field_service.DAY,
        "started_on": None,
        "ended_on": None,
        "kind": "time",
        "paid_time": "Regular",
        "activity": "",
        "hours": Decimal("2.5"),
        "total": Decimal("75.00"),
        "burden": None,
        "currency": "USD",
        "employee_id": "31",
        "employee_name": "Sam Reyes",
        "employee_kind": "Technician",
        "payroll_id": "44",
        "payroll_status": "Approved",
        "payroll_approved_on": None,
        "business_unit_id": "1",
        "business_unit_name": "Plumbing - Service",
        "job_id": "700",
        "job_number": "700",
        "project_id": "",
        "customer_id": "500",
        "invoice_id": "101",
        "memo": "",
    }
    return made | more


def drafts_of(record: Mapping[str, Any], made: Plan) -> list[Draft]:
    """The commands of a record, without the decisions."""
    return [one for one in to_commands(record["entity"], record, made) if isinstance(one, Draft)]


def decisions_of(record: Mapping[str, Any], made: Plan) -> list[NoCommand]:
    """The decisions about a record."""
    return [one for one in to_commands(record["entity"], record, made) if isinstance(one, NoCommand)]


def command_of(draft: Draft, record: Mapping[str, Any]) -> CommandEnvelope:
    """The command of a draft."""
    return field_service.command(draft, record, "netsuite")


@dataclass
class Books:
    """A writer, and the ids of what was posted."""

    site: Site
    writer: Writer
    wire: Wire
    own: Settings
    tables: Mapping[str, Any]
    ids: dict[str, str] = field(default_factory=dict)

    def plan(self, **changes: Any) -> Plan:
        """The connection's choices."""
        return plan(self.own, self.tables, **changes)

    def made(self, record: Mapping[str, Any], name: str = "", part: str = "", **changes: Any) -> ResolvedCommand:
        """The one command of a record that has this record name and part."""
        found = [one for one in drafts_of(record, self.plan(**changes)) if name in ("", one.record) and part in ("", one.part)]
        assert len(found) == 1, [(one.record, one.part) for one in found]
        assert (found[0].hold, found[0].unresolved) == ("", ()), found[0]
        return ResolvedCommand(found[0].record, command_of(found[0], record), self.ids)

    def again(self, resolved: ResolvedCommand) -> ResolvedCommand:
        """The command with the ids that are known now."""
        return replace(resolved, ids=self.ids)

    async def step(self, step: str, resolved: ResolvedCommand, document: Document | None = None) -> Answer:
        """One step, reserved as the sink does it."""
        await self.writer.reserve(20)
        return await self.writer.perform(step, self.again(resolved), document)

    async def find(self, resolved: ResolvedCommand) -> tuple[Document, ...]:
        """What a look-up shows."""
        return (await self.writer.find(self.again(resolved))).documents

    async def post(self, resolved: ResolvedCommand) -> Document:
        """Every step that is not done yet, looked up before each; each must be a YES. The id becomes known to later commands."""
        document: Document | None = None
        for step in steps_of(resolved):
            found = await self.writer.find(self.again(resolved))
            assert not found.refusal, found.refusal
            assert len(found.documents) < 2, found.documents
            document = found.documents[0] if found.documents else None
            if document is not None and step in document.steps_done:
                continue
            answer = await self.step(step, resolved, document)
            assert answer.verdict is Verdict.YES, (step, answer)
            document = answer.document
        assert document is not None
        command = resolved.command
        own = {"role": "", "entity": command["source_entity"], "source_id": command["source_id"], "purpose": "", "part": ""}
        named = {"purpose": command["purpose"], "part": command["part"]}
        for more in () if resolved.record == REVERSAL else (named,) if command["action"] == APPLY else ({}, named):
            self.ids[link_name({**own, **more})] = document.erp_id  # type: ignore[typeddict-item]  # it is a link
        return document

    def original(self, resolved: ResolvedCommand, document: Document) -> Original:
        """A document that was written, as what takes it back is asked with it."""
        return Original(resolved.record, resolved.command, document.erp_id, document.number, dict(self.ids))

    def reversal(self, resolved: ResolvedCommand, document: Document, on: date = date(2026, 3, 20)) -> ResolvedCommand:
        """The command that reverses a document."""
        void = Draft(
            REVERSAL, {"reverses": "", "date": on, "reason": "it was voided"}, "", resolved.command["purpose"], action="void"
        )
        void = replace(void, part=resolved.command["part"], amount=-resolved.command["amount"], currency="USD", posting_date=on)
        source = {"entity": resolved.command["source_entity"], "source_id": resolved.command["source_id"], "number": ""}
        return ResolvedCommand(REVERSAL, command_of(void, source), self.ids, original=self.original(resolved, document))

    def correction(self, wanted: ResolvedCommand, resolved: ResolvedCommand, document: Document) -> ResolvedCommand:
        """The command that writes something else in the place of a document."""
        key = f"{wanted.command['op_key']}|correct|1"
        changed = {**wanted.command, "op_key": key, "ref": ref_of(key)}
        return replace(wanted, command=changed, original=self.original(resolved, document))  # type: ignore[arg-type]  # a command

    async def kept(self, kind: str) -> list[dict[str, Any]]:
        """What the account keeps."""
        return list((await self.site.ask(f"documents?kind={kind}"))["documents"])


def steps_of(resolved: ResolvedCommand) -> tuple[str, ...]:
    """The steps of a command, as they are declared."""
    taken = resolved.original.record if resolved.original is not None else ""
    return next(one.steps for one in WRITES if (one.record, one.takes_back) == (resolved.record, taken))


@asynccontextmanager
async def books(folder: Path, sections: Mapping[str, Any] | None = None, **switches: Any) -> AsyncIterator[Books]:
    """A writer on an account with a customer, two vendors and a clearing vendor."""
    async with account(folder, **switches) as site:
        ids = {}
        for name, kind in (
            ("Ferguson", "vendor"),
            ("Barton Creek Pipe", "vendor"),
            ("Job costs", "vendor"),
            ("Ana Lopez", "customer"),
        ):
            ids[name] = await site.enter(kind, companyName=name, subsidiary={"id": "2"})
        given = {**SECTIONS, **(sections or {})}
        given["payables"] = {**SECTIONS["payables"], "clearing_vendor": ids["Job costs"], **(sections or {}).get("payables", {})}
        given["receivables"] = {**SECTIONS["receivables"], **(sections or {}).get("receivables", {})}
        tables = TABLES | {"sku_vendor": {"PIPE": {"vendor_id": ids["Barton Creek Pipe"]}}}
        access, wire = site.access(Role.SINK, **given)
        held = Books(site, open_writer(access), wire, site.settings(**given), tables)
        held.ids |= {"vendor/800": ids["Ferguson"], "customer/500": ids["Ana Lopez"]}
        yield held
        await held.writer.close()
