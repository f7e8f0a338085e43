"""What the demo expects of an invoice is what the mapping makes of it: two computations, one out of the simulator's own record, one out of what it
answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from runtime.json import canonical_bytes
from schemas.records import Raw
from systems import registry
from systems.demo import Issued
from systems.mapped import Canonical, Draft, NoCommand
from systems.peoplesoft.demo import DEMO
from systems.peoplesoft.mapping import to_commands
from systems.servicetitan.demo import DEMO as SOURCE
from tests.systems.peoplesoft.mapping.ground import plan, vouchers
from tests.systems.servicetitan.examples import READING
from tests.systems.servicetitan.simulator.test_day import played
from tests.systems.servicetitan.simulator.world import world
from tests.toy import blank

(INVOICES,) = (flow for flow in registry.system("peoplesoft").flows if flow.entity == "invoice")
TABLES = {
    table: {next(iter(row.values())): dict(row) for row in rows if "part" not in row} for table, rows in DEMO.crosswalk().items()
}


def canonical(body: Any) -> dict[str, Any]:
    """The canonical record of an invoice as the simulator answers it."""
    raw = cast(
        "Raw", blank("raw.raw") | {"connection": "acme", "entity": "invoice", "shape": "object", "body": canonical_bytes(body)}
    )
    (made,) = registry.system("servicetitan").to_canonical(raw, READING)
    assert isinstance(made, Canonical)
    return dict(made.record)


async def test_a_days_invoices_at_cost_are_expected_as_they_are_mapped(tmp_path: Path) -> None:
    async with world(tmp_path, [], customers="20", vendors="8") as tenant:
        held = await played(tenant, 3.0)
        answered = {str(row["id"]): row for row in (await tenant.get("accounting/invoices?pageSize=500"))["data"]}
    issued = SOURCE.issued("invoice", {"holdings?entity=invoices": {"holdings": held["invoices"]}}.__getitem__)
    assert len(issued) > 60
    several = 0
    for one in issued:
        for with_plan in (vouchers(TABLES), plan(TABLES)):
            (expected,) = DEMO.expected(INVOICES, one, with_plan.settings)
            if answered[one.source_id]["items"] is None or not answered[one.source_id]["active"]:
                continue
            found = to_commands("invoice", canonical(answered[one.source_id]), with_plan)
            drafts = [draft for draft in found if isinstance(draft, Draft) and draft.record != "completion"]
            assert {draft.purpose for draft in drafts} <= {expected.purpose}
            if not one.amount and expected.purpose == "sale":
                continue
            assert {draft.part: draft.amount for draft in drafts} == expected.parts, one
            if expected.purpose == "payable":
                excluded = tuple(decided.amount for decided in found if isinstance(decided, NoCommand))
                assert excluded == expected.excluded, one
                several += bool(expected.parts and expected.excluded)
    assert several > 10


def test_what_was_issued_shows_its_lines() -> None:
    row = {"id": 1, "name": "", "active": True, "canceled": False, "amount": "5.00", "lines": [
        {"sku": "A", "amount": "5.00", "cost": "2.00", "business_unit": "East", "inventory": True},
    ]}  # fmt: skip
    (one,) = SOURCE.issued("invoice", {"holdings?entity=invoices": {"holdings": [row]}}.__getitem__)
    assert isinstance(one, Issued)
    assert (one.lines[0].sku, one.lines[0].unit, one.lines[0].from_inventory, str(one.lines[0].cost)) == ("A", "East", True, "2.00")
