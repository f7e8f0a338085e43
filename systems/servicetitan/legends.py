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
}
