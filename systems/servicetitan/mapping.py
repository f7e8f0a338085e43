"""ServiceTitan's objects in our own words. Pure: `Reading` supplies what is needed besides the raw record.

`mapping_*.py` name, for each entity, the values that move money and are therefore in a document's fingerprint.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from runtime.errors import Malformed
from runtime.json import parse
from schemas.records import Raw
from systems.mapped import Draft, Fetch, NoCommand, Normalised, Plan, Reading, settings_of
from systems.servicetitan import mapping_goods, mapping_masters, mapping_payables, mapping_returned, mapping_sales
from systems.servicetitan.mapping_commands import commands
from systems.servicetitan.mapping_shape import PART, Context, Shaped, part_of
from systems.servicetitan.settings import Settings
from systems.servicetitan.webhook import hints
from systems.sightings import Sighting, canonical, formless
from systems.values.instants import sortable
from systems.values.members import Row, flag, instant, required_id

SYSTEM = "servicetitan"

_SHAPES: dict[str, Callable[[Row, Context], Shaped]] = {
    "invoice": mapping_sales.invoice,
    "payment": mapping_sales.payment,
    "credit_memo": mapping_sales.credit_memo,
    "bill": mapping_payables.bill,
    "vendor_credit": mapping_payables.vendor_credit,
    "ap_payment": mapping_returned.ap_payment,
    "bank_deposit": mapping_sales.bank_deposit,
    "purchase_order": mapping_goods.purchase_order,
    "receipt": mapping_goods.receipt,
    "return": mapping_returned.returned,
    "inventory_adjustment": mapping_returned.adjusted,
    "warehouse": mapping_goods.warehouse,
    "truck": mapping_goods.truck,
    "customer": mapping_masters.customer,
    "location": mapping_masters.location,
    "vendor": mapping_masters.vendor,
    "job": mapping_masters.job,
    "business_unit": mapping_masters.business_unit,
    "tax_zone": mapping_masters.tax_zone,
    "payment_term": mapping_masters.payment_term,
    "payment_type": mapping_masters.payment_type,
}
_PLACES = {"warehouse": "dimension", "truck": "dimension"}
"""Objects with a list of their own that are dimensions in our words."""


def to_canonical(raw: Raw, reading: Reading) -> Sequence[Normalised]:
    """What follows from one raw record. Raises `Malformed` if it cannot be read."""
    settings = settings_of(reading.settings, Settings, SYSTEM)
    entity = raw["entity"]
    if entity == "webhook":
        return hints(raw["body"], settings)
    if raw["shape"] == "hint":
        return [Fetch(entity, raw["source_id"], "hint")]
    shape = _SHAPES.get(entity)
    if shape is None:
        return [formless(SYSTEM, entity)]
    return [_canonical(entity, _row(raw), shape, Context(reading.connection, reading.time_zone, reading.currency, settings))]


def _row(raw: Raw) -> Row:
    row = parse(raw["body"])
    if not isinstance(row, dict):
        raise Malformed(f"{SYSTEM} {raw['entity']} {raw['source_id']}: the body is not an object")
    further = raw.get("further")
    return row | {PART: part_of(further)} if further else row


def _canonical(entity: str, row: Row, shape: Callable[[Row, Context], Shaped], context: Context) -> Normalised:
    source_id = required_id(row)
    try:
        if mapping_sales.lines_are_missing(entity, row):
            return Fetch(entity, source_id, "null_items")
        shaped = shape(row, context)
        told = {
            "source_id": source_id,
            "origin_ref": shaped.origin_ref,
            "number": shaped.number,
            "status": shaped.status,
            "active": flag(row, "active", absent=True),
            "created_on": instant(row, "createdOn"),
            **shaped.body,
        }
    except Malformed as error:
        raise Malformed(f"{SYSTEM} {entity} {source_id}: {error}") from error
    seen = Sighting(SYSTEM, context.connection, sortable(row.get("modifiedOn")), tuple(context.notes))
    return canonical(_PLACES.get(entity, entity), told, shaped.fingerprint, seen)


def to_commands(entity: str, record: Mapping[str, Any], plan: Plan) -> Sequence[Draft | NoCommand]:
    """What a canonical record becomes here; nothing if ServiceTitan itself is its source."""
    return [] if record["system"] == SYSTEM else commands(entity, record, plan)
