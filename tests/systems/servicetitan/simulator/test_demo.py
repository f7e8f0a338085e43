"""What the demo asks the simulator for after a day with every kind of document."""

from __future__ import annotations

from pathlib import Path

from systems.flow import CARRIES_MONEY
from systems.servicetitan.demo import DEMO
from tests.systems.servicetitan.simulator.test_day_of_corrections import corrected
from tests.systems.servicetitan.simulator.world import world


async def test_every_kind_of_document_of_a_day_is_told_to_the_demo(tmp_path: Path) -> None:
    """Orders have lines of goods, which are no lines of a sale; what moves goods tells its lines."""
    async with world(tmp_path, [], customers="20", vendors="8") as tenant:
        await corrected(tenant)
        await tenant.do({"do": "adjust_stock", "items": [{"sku": "MAT-CAP", "quantity": "-1"}]})
        held = {path: await tenant.control(path) for path in DEMO.paths()}
    issued = {entity: DEMO.issued(entity, held.__getitem__) for entity in CARRIES_MONEY}
    never_made = {"labor_entry", "journal"}
    assert {entity for entity, found in issued.items() if not found} == never_made
    assert {entity for entity, found in issued.items() if any(one.lines for one in found)} == {
        "invoice",
        "return",
        "receipt",
        "inventory_adjustment",
    }
    assert all(one.source_id for found in issued.values() for one in found)
