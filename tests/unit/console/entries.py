"""Ledger entries, results and decisions as the services write them, for tests of the reports: the shipped examples with changes."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

from console.books.opened import About, Facts, Source
from schemas.shapes import record_sources
from systems import registry
from systems.connection import ConnectionSettings
from tests.contract import examples

EXAMPLES = Path(__file__).parents[3] / "schemas" / "examples"
ERP, SOURCE = "acumatica", "servicetitan"


def example(name: str, /, **changes: Any) -> dict[str, Any]:
    """The shipped example of a record, with these fields changed."""
    made = examples.typed_record(json.loads((EXAMPLES / f"{name}.json").read_text()), record_sources()[name])
    return {**made, **changes}


def settings(connection: str = "acme", erp: str = ERP) -> ConnectionSettings:
    """A connection in force."""
    found = examples.connected(registry.system(erp)).settings
    return found.model_copy(update={"connection": connection})


def without_feeds(own: ConnectionSettings, *off: str) -> ConnectionSettings:
    """The same connection with these feeds of its source switched off."""
    side = own.field_service.model_copy(update={"settings": {**own.field_service.settings, "feeds_off": list(off)}})
    return own.model_copy(update={"field_service": side})


def entry(entity: str, source_id: str, state: str, reason: str = "", **more: Any) -> dict[str, Any]:
    """A ledger entry that creates the document of a source object."""
    record = {"invoice": "ar_invoice", "payment": "ar_receipt", "bill": "ap_bill"}.get(entity, entity)
    purpose = {"invoice": "sale", "payment": "collection", "bill": "payable"}.get(entity, "master")
    action = more.pop("action", "upsert" if purpose == "master" else "create")
    connection = more.pop("connection", "acme")
    plain: dict[str, Any] = {
        "connection": connection, "system": ERP, "source_system": SOURCE, "record": record, "purpose": purpose, "action": action,
        "source_entity": entity, "source_id": source_id, "source_number": f"N{source_id}", "state": state, "reason": reason,
        "op_key": f"test:{connection}|{ERP}|{purpose}|{entity}:{source_id}||{action}", "ref": f"ST-{entity}-{source_id}".upper(),
        "erp_id": "", "erp_number": "", "steps_done": [], "amount": Decimal(more.pop("amount", "0.00")),
    }  # fmt: skip
    return example("result.ledger", **{**plain, **more})


def application(payment: str, number: str, amount: str, *waits_for: str, **more: Any) -> dict[str, Any]:
    """An application of a payment that waits for these."""
    place = {"record": "ar_application", "purpose": "collection", "action": "apply", "waits_for": list(waits_for)}
    state, reason, source_id = (
        more.pop("state", "WAITING"),
        more.pop("reason", "parent"),
        more.pop("source_id", f"{payment}/{number}"),
    )
    return entry("payment", source_id, state, reason, amount=amount, **{**place, **more})


def not_due(entity: str, source_id: str, amount: str, **more: Any) -> dict[str, Any]:
    """Hop 2's decision that an object is not to be commanded yet."""
    about = {"connection": "acme", "system": SOURCE, "entity": entity, "source_id": source_id, "decision": "not_due"}
    about["natural_key"] = f"acme/{SOURCE}/{entity}/{source_id}"
    detail = "A1: status is Pending, it is due when posted"
    return example("audit.audit", **{**about, "detail": detail, "amount": Decimal(amount), "stage": "canonical_to_command", **more})


def facts(*entries: dict[str, Any], **more: Any) -> Facts:
    """What the topics say, of these entries."""
    known = {name: settings(name) for name in {one["connection"] for one in entries} | {"acme"}}
    return Facts({one["op_key"]: one for one in entries}, connections=known, **more)


def about(**names: str) -> dict[Source, About]:
    """Names of objects of the connection `acme`: `customer_5="Jane Smith"`."""
    found = {}
    for key, name in names.items():
        entity, _, source_id = key.rpartition("_")
        found[Source("acme", entity, source_id)] = About(name)
    return found
