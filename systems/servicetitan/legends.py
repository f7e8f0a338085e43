"""The mapping tables of what is written to ServiceTitan, in an accountant's words."""

from __future__ import annotations

from collections.abc import Mapping

from systems.legend import Legend

LEGENDS: Mapping[str, Legend] = {
    "vendor_term": Legend(
        "Payment terms of vendors that come from the ERP.",
        "The ERP's terms code. A term without a row is not sent.",
        {"payment_term_id": "Id of the payment term in ServiceTitan."},
        {"term": "NET30", "payment_term_id": "4711"},
    ),
    "order_place": Legend(
        "Where goods of the ERP's purchase orders go.",
        "The ERP's warehouse or ship-to location, by its code or name as the order tells it. An order whose place has no row is held.",
        {
            "inventory_location_id": "Id of the warehouse or truck in ServiceTitan.",
            "business_unit_id": "Id of the business unit of the order; empty = orders.business_unit_id of the settings.",
        },
        {"place": "AUSTIN", "inventory_location_id": "801", "business_unit_id": "901"},
    ),
    "order_item": Legend(
        "Items of the ERP's purchase orders.",
        "The ERP's item code. An order with an item that has no row is held. A line without an item takes orders.substitute_sku_id.",
        {
            "sku_id": "Id of the material or equipment in ServiceTitan's price book.",
            "unit": "The ERP's unit for which the row holds; empty = any.",
            "factor": "How many pieces of the sku are one unit of the ERP; empty = 1.",
        },
        {"item": "VALVE-34", "sku_id": "10002", "unit": "BOX", "factor": "12"},
    ),
}
