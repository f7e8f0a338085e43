"""An ERP's order in the units and prices of the field-service side: to the cent, or held with the amount that the order has."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from systems import registry
from systems.mapped import Draft, NoCommand, Plan
from systems.servicetitan.mapping_orders import orders
from systems.servicetitan.settings import Settings
from tests.systems import field_service
from tests.systems.syspro.goods_ground import order_line, purchase_order

EXAMPLES = Path(__file__).parents[4] / "systems" / "servicetitan" / "examples"
TOLD: dict[str, Any] = json.loads((EXAMPLES / "connection.json").read_text())


def plan() -> Plan:
    """The connection of the examples."""
    settings = Settings.model_validate(TOLD["settings"])
    return field_service.plan(settings, TOLD["crosswalk"], target=registry.FIELD_SERVICE)


def mapped(lines: list[dict[str, Any]], **more: Any) -> list[Draft | NoCommand]:
    """What an order of these lines becomes."""
    return list(orders(purchase_order(lines, **more), plan(), "S3"))


def line(quantity: str, cost: str, sku: str = "CAP-45", **more: Any) -> dict[str, Any]:
    own = {"sku_code": sku, "sku_id": "", "unit": "Bx" if sku == "CAP-45" else "Ea", "inventory_location": "AUSTIN"}
    return order_line(quantity, cost, **own, **more)


@pytest.mark.parametrize(("quantity", "cost"), [("7", "13.37"), ("0.4", "21.11"), ("1200", "0.0333"), ("3", "0.01")])
def test_a_box_is_its_pieces_at_the_same_worth(quantity: str, cost: str) -> None:
    (found,) = mapped([line(quantity, cost)])
    assert isinstance(found, Draft)
    (one,) = found.body["lines"]
    assert (found.hold, found.unresolved, one["quantity"]) == ("", (), Decimal(quantity) * 5)
    assert one["amount"] == found.amount == (Decimal(quantity) * Decimal(cost)).quantize(Decimal("0.01"))
    assert (one["quantity"] * one["unit_cost"]).quantize(Decimal("0.01")) == found.amount


def test_a_price_of_too_many_places_is_held_with_what_the_order_is_worth() -> None:
    """It was told at the price of a box for each piece: five times the order."""
    (found,) = mapped([line("1000000", "0.000003", amount=Decimal("3.00"))])
    assert isinstance(found, Draft)
    assert (found.hold, found.amount) == ("line_amount", Decimal("3.00"))
    (found,) = mapped([line("400000", "77.777777", amount=Decimal("31111110.80"))])
    assert isinstance(found, Draft)
    assert (found.hold, found.amount) == ("line_amount", Decimal("31111110.80"))
    assert "quantity times cost is 31111110.00, the order says 31111110.80" in found.hold_detail


def test_an_order_of_which_no_line_is_left_is_counted_with_what_it_is_worth() -> None:
    counted, milestone = mapped([line("3", "9.00", quantity_canceled=Decimal(3))], shipping="11.13")
    assert isinstance(counted, NoCommand)
    assert isinstance(milestone, Draft)
    assert (counted.decision, counted.amount, milestone.action) == ("excluded", Decimal("38.13"), "nothing")
