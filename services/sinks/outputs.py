"""The records that a sink writes besides its ledger: audits of decisions, a `fetch` for a parent, pauses."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from schemas.records import Audit, Control, Fetch, Ledger

STAGE = "sinks"


def decision(name: str, entry: Ledger, detail: str, at: datetime, **more: Any) -> Audit:
    """A decision about one op-key that no other record shows."""
    made = {
        "connection": entry["connection"],
        "decision": name,
        "natural_key": f"{entry['connection']}/{entry['source_system']}/{entry['source_entity']}/{entry['source_id']}",
        "system": entry["system"],
        "entity": entry["source_entity"],
        "source_id": entry["source_id"],
        "source_version": entry["source_version"],
        "detail": detail[:1000],
        "amount": entry["amount"],
        "currency": entry["currency"],
        "count": 1,
        "topic": "",
        "partition": entry["command_partition"],
        "first_offset": entry["command_offset"],
        "last_offset": entry["command_offset"],
        "stage": STAGE,
        "at": at,
    }
    return cast("Audit", {**made, **more})


def replayed(connection: str, name: str, place: tuple[str, int], span: tuple[int, int, int], at: datetime) -> Audit:
    """One decision for a batch of commands that change nothing. `span` is (count, first offset, last offset)."""
    topic, partition = place
    count, first, last = span
    return {
        "connection": connection,
        "decision": name,
        "natural_key": f"{topic}/{partition}/{first}",
        "system": "",
        "entity": "",
        "source_id": "",
        "source_version": "",
        "detail": "the ledger knows these commands; nothing is written",
        "amount": None,
        "currency": "",
        "count": count,
        "topic": topic,
        "partition": partition,
        "first_offset": first,
        "last_offset": last,
        "stage": STAGE,
        "at": at,
    }


def fetch_of(entry: Ledger, parent: str, at: datetime) -> Fetch:
    """Ask the poller for a missing parent (`entity/source_id`)."""
    entity, _, source_id = parent.partition("/")
    return {
        "connection": entry["connection"],
        "system": entry["source_system"],
        "entity": entity,
        "source_id": source_id,
        "reason": "parent",
        "at": at,
    }


def pause_of(connection: str, system: str, reason: str, words: str, at: datetime) -> Control:
    """The sink's own pause of a connection: a ceiling is reached, or nearly everything is refused. A person has to resume it."""
    return {
        "connection": connection,
        "control_id": f"sinks/{system}/{connection}/{reason}/{at.isoformat()}",
        "action": "pause",
        "system": system,
        "op_key": "",
        "payload": "",
        "actor": STAGE,
        "reason": f"{reason}: {words}",
        "at": at,
    }
