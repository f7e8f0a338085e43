"""The items that buyers order, with the unit in which they are bought; ServiceTitan's price book knows the same codes."""

from __future__ import annotations

from dataclasses import dataclass

UNITS = (("EA", "Each"), ("BX", "Box"), ("LB", "Pound"), ("FT", "Foot"))
UNIT_NAMES = dict(UNITS)


@dataclass(frozen=True)
class Item:
    """An item of the item master; `price` is what a buyer usually pays for one `unit`."""

    number: str
    name: str
    price: str
    unit: str = "EA"


ITEMS = (
    Item("MAT-PVC2", "PVC pipe 2 in, 10 ft", "9.87"),
    Item("MAT-VALVE", "Ball valve 3/4 in", "14.22"),
    Item("MAT-FLTR", "Air filter 16x25x4", "102.60", "BX"),
    Item("MAT-CAP", "Run capacitor 45/5", "21.35"),
    Item("MAT-BRKR", "Breaker 20 A", "16.40"),
    Item("MAT-WIRE", "Wire 12/2, 50 ft", "41.93"),
    Item("MAT-R410", "Refrigerant R-410A, lb", "28.65", "LB"),
    Item("MAT-THERM", "Smart thermostat", "142.80"),
    Item("MAT-ANODE", "Anode rod", "33.18"),
    Item("MAT-FAUCET", "Kitchen faucet", "118.05"),
    Item("EQP-WH50", "Water heater 50 gal", "702.33"),
    Item("EQP-AC3T", "Condenser 3 ton", "2318.60"),
)
BY_NUMBER = {item.number: item for item in ITEMS}
ITEM_IDS = {item.number: 300000047350001 + 7 * place for place, item in enumerate(ITEMS)}
