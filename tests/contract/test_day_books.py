"""The books of a day in which one source object makes several documents: invoices by legal entity, and what they cost by vendor.

Both hops, the real sink and the toy's own books; then the demo's comparison of both sides, which computes for itself what has to be there. What is
missing, doubled, a cent off or booked under another part afterwards is told by name.
"""

from __future__ import annotations

import copy
import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from console.books.document_keys import DocumentKey
from console.demo.accounts import Row, balanced, is_ok
from console.demo.books import Books
from console.demo.facts import Topics, demo_of
from runtime.exchange import Request
from runtime.json import parse
from schemas.codec import offline_codec
from schemas.records import InvoiceLine, PostingLine, Raw
from schemas.shapes import part
from systems import registry
from systems.contract import Element, Flow, Found, ResolvedCommand
from systems.demo import Expected, Issued, at_cost
from systems.mapped import Canonical, Draft, NoCommand, Normalised, Plan, Reading
from systems.postings.at_cost import Owing, part_draft, payables
from systems.postings.document import Mapped, Target
from systems.postings.document import Row as Cells
from systems.postings.lines import Place, line
from tests.contract import examples
from tests.contract.conftest import Declare
from tests.contract.ground import SystemUnderTest, ground
from tests.contract.seam import InProcess
from tests.contract.test_day import Hops
from tests.contract.test_joints import BILLS, NOW
from tests.contract.toybooks.demo import ToyDemo
from tests.contract.toybooks.system import Writer
from tests.property.sinks import in_memory, stand_ins
from tests.property.sinks.in_memory import Sink
from tests.toy import blank
from topology.audit import audit_record
from topology.topics import records_of_topic

SALES = replace(BILLS, id="T1", title="invoices by legal entity", entity="invoice", purpose="sale")
COSTS = replace(SALES, id="T2", title="invoices at cost", purpose="payable")
COST = Target("T2", "payable", "Toy books")
VENDORS = {"PIPE": "V1", "PUMP": "V2", "LABOR": "V3"}
REFUSED = "V3"
"""The vendor whose documents the toy does not take."""
Sold = tuple[str, str, str, str, bool]
"""Sku, legal entity, amount, cost, out of the inventory."""
INVOICES: Mapping[str, tuple[str, Sequence[Sold]]] = {
    "1": ("Posted", [("PIPE", "East", "100.00", "40.00", False), ("PUMP", "West", "60.50", "20.25", False), ("PIPE", "East", "9.99", "3.33", False)]),
    "2": ("Posted", [("PIPE", "East", "50.00", "12.00", False), ("PUMP", "East", "50.00", "12.00", True)]),
    "3": ("Posted", [("LABOR", "West", "80.00", "30.00", False), ("PUMP", "West", "1.00", "0.50", False)]),
    "4": ("Pending", [("PIPE", "East", "5.00", "2.00", False), ("PUMP", "West", "7.00", "3.00", False)]),
    "5": ("Posted", [("LABOR", "West", "25.00", "0.00", False)]),
}  # fmt: skip


def invoice(raw: Raw, reading: Reading) -> Sequence[Normalised]:
    """The canonical record of one of them."""
    status, sold = INVOICES[raw["source_id"]]
    lines = [
        blank_line() | {
            "line_id": f"{raw['source_id']}-{number}", "sku_code": sku, "amount": Decimal(amount), "cost": Decimal(cost),
            "business_unit_name": unit, "from_inventory": stock,
        }
        for number, (sku, unit, amount, cost, stock) in enumerate(sold)
    ]  # fmt: skip
    own = {
        "connection": "acme",
        "system": raw["system"],
        "entity": "invoice",
        "source_id": raw["source_id"],
        "source_version": "2026-03-02T22:15:30Z",
        "number": f"N{raw['source_id']}",
        "status": status,
        "active": True,
        "currency": reading.currency,
        "total": sum((one["amount"] for one in lines), Decimal(0)),
        "lines": lines,
        "origin_ref": None,
    }
    return [Canonical("invoice", blank("canonical.invoice") | own | {"invoice_date": NOW.date()})]


def blank_line() -> dict[str, Any]:
    """A line of an invoice that says nothing."""
    return dict(examples.typed_record(_LINE, {"fields": part("InvoiceLine")["fields"]}))


_LINE: dict[str, Any] = {
    "line_id": "", "kind": "Material", "sku_id": "", "sku_code": "", "description": "", "quantity": "1", "unit_price": "0", "unit_cost": None,
    "amount": "0", "cost": None, "taxable": False, "business_unit_id": "", "business_unit_name": "", "gl_account": "", "service_date": None,
    "from_inventory": False,
}  # fmt: skip


class Places:
    """Where the toy books a cost: anywhere, and its vendor is the one of the sku."""

    def unit(self, one: InvoiceLine, made: Mapped[Any]) -> Cells:
        return {"clearing_vendor": VENDORS[one["sku_code"]]}

    def line(self, one: InvoiceLine, worth: Decimal, unit: Cells, made: Mapped[Any]) -> PostingLine:
        return line(Place("500", {}), "line", worth, one["sku_code"])


def by_entity_and_vendor(entity: str, record: Mapping[str, Any], plan: Plan) -> Sequence[Draft | NoCommand]:
    """A bill for each legal entity of what was sold, and one for each vendor of what it cost."""
    made: Mapped[Any] = Mapped(plan, plan.settings, record["invoice_date"])
    head = blank("command.ap_bill")
    body = {name: head[name] for name in ("description", "due_date", "terms", "tax_total", "pay_hold", "lines")}
    body |= {"date": record["invoice_date"], "human_number": record["number"]}
    units: dict[str, Decimal] = {}
    for one in record["lines"]:
        units[one["business_unit_name"]] = units.get(one["business_unit_name"], Decimal(0)) + one["amount"]
    sales = [
        Draft(
            "ap_bill", {**body, "dimensions": {"vendor": unit}}, "T1", "sale", part=unit, parted=True, amount=amount,
            currency=record["currency"], posting_date=record["invoice_date"],
        )
        for unit, amount in units.items()
    ]  # fmt: skip
    found = payables(record, made, Owing(COST, "cost", Places()))
    costs = [
        part_draft(record, {**body, "dimensions": {"vendor": vendor}}, (vendor, part), made, COST)
        for vendor, part in found.by_vendor.items()
    ]
    nothing = [] if costs or found.excluded else [NoCommand("excluded", "no line has a cost", "T2", Decimal(0), record["currency"])]
    return [*sales, *costs, *found.excluded, *nothing]


def expected(_: ToyDemo, flow: Flow, one: Issued, settings: BaseModel) -> Sequence[Expected]:
    """The same, computed from what the source's simulator holds."""
    if flow.purpose == "payable":
        return at_cost("payable", one, lambda sold: VENDORS[sold.sku])
    units = dict.fromkeys(sold.unit for sold in one.lines)
    return [
        Expected(
            "sale", one.amount, {unit: sum((sold.amount for sold in one.lines if sold.unit == unit), Decimal(0)) for unit in units}
        )
    ]


def both_by_one_flow(demo: ToyDemo, flow: Flow, one: Issued, settings: BaseModel) -> Sequence[Expected]:
    """The same where one flow makes the documents of both purposes."""
    return [made for each in (SALES, COSTS) for made in expected(demo, each, one, settings)] if flow.id == "T1" else []


class RefusingWriter(Writer):
    """Would refuse one vendor beforehand."""

    async def find(self, resolved: ResolvedCommand) -> Found:
        found = await super().find(resolved)
        is_refused = resolved.command["part"] == REFUSED
        return replace(found, refusal="VENDOR-9: on hold", refusal_reason="account") if is_refused else found


def source() -> dict[str, Any]:
    """What the source's simulator holds, in the form in which it tells that."""
    rows = [
        {
            "id": int(key), "number": f"N{key}", "name": "", "active": True, "status": status,
            "amount": str(sum(Decimal(amount) for _, _, amount, _, _ in sold)),
            "lines": [
                {"sku": sku, "amount": amount, "cost": cost, "business_unit": unit, "inventory": stock}
                for sku, unit, amount, cost, stock in sold
            ],
        }
        for key, (status, sold) in INVOICES.items()
    ]  # fmt: skip
    held: dict[str, Any] = {path: {"holdings": []} for path in demo_of(registry.FIELD_SERVICE).paths()}
    return held | {"holdings?entity=invoices": {"holdings": rows}}


async def test_every_document_of_a_source_is_told_by_purpose_and_part(
    declared: Declare, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    system = declared(flows=(SALES, COSTS), to_commands=by_entity_and_vendor, open_writer=RefusingWriter)
    side, known = registry.system(registry.FIELD_SERVICE), registry.system
    monkeypatch.setattr(registry, "system", lambda name: replace(side, to_canonical=invoice) if name == side.name else known(name))
    monkeypatch.setattr(ToyDemo, "expected", expected)
    codec = offline_codec(records_of_topic())
    for module in (in_memory, stand_ins):
        monkeypatch.setattr(module, "CODEC", codec)

    async with ground(system, tmp_path) as on:
        monkeypatch.setattr(Sink, "_joined", lambda _, name: {"acme": on.connected}[name])
        sink, hops = Sink(system, on.writer, random.Random(1)), Hops(on.connected, codec, "invoice")
        for record, command in await hops.commands(system, [Element(key, "v1", b"1") for key in INVOICES]):
            sink.command(record, command)
        on.simulator.faults.plan([{"kind": "lost_answer", "method": "POST", "path": "/bills", "count": 1}])
        sink.reads()
        await sink.passes(90)
        await sink.rest()
        sink.ends()
        topics = learned(sink, hops)
        held: dict[str, Any] = {registry.FIELD_SERVICE: source(), system.name: {"bills": await bills(on)}}
        _balances(Books(on.connected, topics, held).rows())
        for damage, told in DAMAGED:
            harmed = copy.deepcopy(held)
            damage(harmed[system.name]["bills"]["bills"], {(one["source_id"], one["part"]): one["ref"] for one in sink.index.all()})
            rows = Books(on.connected, topics, harmed).rows()
            assert ([_GIVEN.sub("#", note) for row in rows for note in row.notes], is_ok(rows)) == (told, False)
        _a_part_that_moved(on, topics, held)
        monkeypatch.setattr(ToyDemo, "expected", both_by_one_flow)
        rows = Books(on.connected, topics, held).rows()
        assert [(row.flow, row.purpose, row.is_one_of_several, row.bucket("erp").amount) for row in rows] == [
            ("T1", "sale", True, Decimal("376.49")), ("T1", "payable", True, Decimal("76.08")), ("T2", "payable", False, Decimal(0)),
        ]  # fmt: skip


def _a_part_that_moved(on: SystemUnderTest, topics: Topics, held: dict[str, Any]) -> None:
    """A document of a part that the source makes no more is told by its part, unless the ledger holds by name that it has to be taken back."""
    posted = topics.entries[registry.FIELD_SERVICE, "invoice"][DocumentKey("1", "sale", "West")]
    moved = {**posted, "part": "North", "ref": "ST-NORTH"}
    there = {**held["toybooks"]["bills"]["bills"][0], "ref": "ST-NORTH", "number": "B99", "amount": "60.50"}
    harmed = {**held, "toybooks": {"bills": {"bills": [*held["toybooks"]["bills"]["bills"], there]}}}
    topics.learn_entry(moved)
    rows = Books(on.connected, topics, harmed).rows()
    told = "T1 ST-NORTH 60.50: bill B99: invoice N1 makes no such document (sale, part North)"
    assert ([note for row in rows for note in row.notes], is_ok(rows)) == ([told], False)
    topics.learn_entry({**moved, "action": "correct", "state": "HELD"})
    _balances(Books(on.connected, topics, harmed).rows())


async def bills(on: SystemUnderTest) -> Any:
    """What the toy keeps."""
    return parse((await InProcess(on.simulator.app).send(Request("GET", f"{on.url}/__sim__/bills"), 10)).body)


def learned(sink: Sink, hops: Hops) -> Topics:
    """What the topics say at the end of the day."""
    topics = Topics()
    topics.canonical[registry.FIELD_SERVICE, "invoice"] = {
        key: sum((Decimal(amount) for _, _, amount, _, _ in sold), Decimal(0)) for key, (_, sold) in INVOICES.items()
    }
    for entry in sink.index.all():
        if entry["record"] != "completion":
            topics.learn_entry(entry)
    for decision in [*hops.decisions, *hops.decisions]:  # a replay decides the same again
        topics.learn_decision(audit_record(decision, "canonical_to_command", NOW))
    return topics


def _balances(rows: Sequence[Row]) -> None:
    assert [note for row in rows for note in row.notes] == []
    assert is_ok(rows)
    assert all(map(balanced, rows))
    shown = {
        row.purpose: {
            name: (one["count"], one["amount"]) for name, one in row.as_json().items() if isinstance(one, dict) and one["count"]
        }
        for row in rows
    }
    assert shown == {
        "sale": {
            "source": (7, "388.49"), "topics": (5, "388.49"), "ledger": (5, "376.49"), "not_due": (2, "12.00"), "erp": (5, "376.49"),
        },
        "payable": {
            "source": (9, "123.08"), "topics": (5, "388.49"), "ledger": (4, "76.08"), "not_due": (2, "5.00"), "excluded": (2, "12.00"),
            "held": (1, "30.00"), "erp": (4, "76.08"),
        },
    }  # fmt: skip


Bills = list[dict[str, str]]
Refs = Mapping[tuple[str, str], str]


def _of(kept: Bills, ref: str) -> dict[str, str]:
    return next(one for one in kept if one["ref"] == ref)


def _missing(kept: Bills, refs: Refs) -> None:
    kept.remove(_of(kept, refs["2", "V1"]))


def _a_cent_off(kept: Bills, refs: Refs) -> None:
    _of(kept, refs["1", "V2"])["amount"] = "20.26"


def _doubled(kept: Bills, refs: Refs) -> None:
    kept.append({**_of(kept, refs["2", "East"]), "number": "B99"})


def _under_other_parts(kept: Bills, refs: Refs) -> None:
    one, other = _of(kept, refs["1", "East"]), _of(kept, refs["1", "West"])
    one["ref"], other["ref"] = other["ref"], one["ref"]


def _of_nobody(kept: Bills, refs: Refs) -> None:
    kept.append({**_of(kept, refs["2", "East"]), "number": "B99", "ref": "ST-NOBODY"})


DAMAGED: list[tuple[Callable[[Bills, Refs], None], list[str]]] = [
    (_missing, ["T2 N2 (payable, part V1) 12.00: no document, no ledger entry, last decision excluded"]),
    (_a_cent_off, ["T2 N1 (payable, part V2) 20.25: bill # differs: amount 20.26, not 20.25"]),
    (_doubled, ["T1 # 100.00: bill B99: a second document of N2 (sale, part East) 100.00"]),
    (
        _under_other_parts,
        [
            "T1 N1 (sale, part East) 109.99: bill # differs: amount 60.50, not 109.99",
            "T1 N1 (sale, part West) 60.50: bill # differs: amount 109.99, not 60.50",
        ],
    ),
    (_of_nobody, ["T1 ST-NOBODY 100.00: bill B99: its ref belongs to no source object"]),
]
"""What was done to the toy's books, and what is told. Numbers and refs that the day gave stand as #."""
_GIVEN = re.compile(r"(?<=bill )B(?!99)[0-9]+|ST-[A-Z2-7]{20}")
