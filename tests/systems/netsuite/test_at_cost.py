"""Random job invoices as payables at cost: for each source the parts and what is excluded are its cost to the cent, and no line is in two parts.

`make test` draws 1,000. All of them: `NETSUITE_INVOICES=100000 .venv/bin/python -m pytest -n 0 tests/systems/netsuite/test_at_cost.py`
"""

from __future__ import annotations

import os
import random
from collections import Counter
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest

from systems.mapped import Draft, NoCommand, Plan
from systems.netsuite.mapping_commands import to_commands
from tests.systems.field_service import invoice, invoice_line
from tests.systems.netsuite.writing import TABLES, bare_settings, plan

COUNT = int(os.environ.get("NETSUITE_INVOICES", "1000"))
_SKUS = ("PIPE", "SVC-1", "COIL", "EQUIP", "", "VALVE-9", "ßÅ|%")
_UNITS = ("Plumbing - Service", "HVAC - Install", "", "plumbing - service ")
_KINDS = ("Service", "Material", "Equipment", "PriceModifier", "Rental")
CENT = Decimal("0.01")


def drawn_line(draw: random.Random, number: int) -> dict[str, Any]:
    """A line of any kind: with a cost, a cost of a piece, both or none; sold, given away or taken back; of an order or of the inventory."""
    quantity = Decimal(draw.choice(("1", "2", "0.333", "12.5", "0", "-1")))
    unit_cost = draw.choice((None, Decimal(draw.randrange(0, 500_000)) / 1000))
    cost = draw.choice((None, Decimal(draw.randrange(-20_000, 900_000)) / 100, Decimal(draw.randrange(0, 99_999)) / 10_000))
    amount = draw.choice((Decimal(0), Decimal(draw.randrange(-5_000, 90_000)) / 100))
    own: dict[str, Any] = {
        "kind": draw.choice(_KINDS),
        "sku_code": draw.choice(_SKUS),
        "quantity": quantity,
        "unit_cost": unit_cost,
        "cost": cost,
        "amount": amount,
        "unit_price": abs(amount),
        "from_inventory": draw.random() < 0.15,
        "order_vendor_id": draw.choice(("", "", "800", "801")),
        "business_unit_name": draw.choice(("", "", "HVAC - Install")),
    }
    return invoice_line("0.00", str(number)) | own


def cost_of(line: dict[str, Any]) -> Decimal:
    """What a line cost, by itself: its cost, else that of its pieces, half a cent up. What was sold or taken back without a cost is held with its
    price."""
    exact = line["cost"] if line["cost"] is not None else (line["unit_cost"] or Decimal(0)) * line["quantity"]
    is_unknown = line["cost"] is None and line["unit_cost"] is None and not line["from_inventory"]
    if is_unknown and (line["amount"] > 0 or (line["amount"] < 0 and line["quantity"] < 0 and line["kind"] != "PriceModifier")):
        exact = line["amount"]
    return Decimal(exact).quantize(CENT, ROUND_HALF_UP)


def check(record: dict[str, Any], made: Plan) -> str:
    """Whether the parts of an invoice are its cost; tells what became of it."""
    found = to_commands("invoice", record, made)
    parts = [one for one in found if isinstance(one, Draft) and one.action != "nothing"]
    excluded = sum((one.amount for one in found if isinstance(one, NoCommand)), Decimal(0))
    assert sum((one.amount for one in parts), Decimal(0)) + excluded == sum(map(cost_of, record["lines"]), Decimal(0))
    named = Counter(line["source_line_id"] for one in parts for line in one.body["lines"])
    assert set(named.values()) <= {1}
    assert len({one.part for one in parts}) == len(parts)
    for one in parts:
        assert sum((line["amount"] for line in one.body["lines"]), Decimal(0)) == one.amount
        assert one.parted
        assert one.purpose == "payable"
        missing = [note for note in one.unresolved if not note.startswith("cost=")]
        assert missing == [], "no job is held for its business unit, type, account or vendor"
    return "held" if any(one.hold or one.unresolved for one in parts) else "posted" if parts else "nothing"


@pytest.mark.timeout(1800)
def test_the_parts_of_every_invoice_are_its_cost_and_share_no_line() -> None:
    draw = random.Random(20261130)
    own = bare_settings(payables={"clearing_vendor": "77"})
    tables = TABLES | {"sku_vendor": {"PIPE": {"vendor_id": "31"}, "COIL": {"vendor_id": "32"}}}
    made = plan(own, tables, off=("N1S", "N1L"))
    outcomes: Counter[str] = Counter()
    for number in range(COUNT):
        lines = [drawn_line(draw, place) for place in range(draw.randrange(0, 9))]
        more = {"business_unit_name": draw.choice(_UNITS), "job_type": draw.choice(("", "Solar Install", "Unknown"))}
        outcomes[check(invoice(lines, source_id=str(number), tax=Decimal(0), **more), made)] += 1
    assert set(outcomes) == {"held", "posted", "nothing"}, outcomes
    assert outcomes["posted"] > COUNT // 4, outcomes
