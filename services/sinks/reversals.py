"""The command of a reversal that no mapping makes: for a part that its source no longer makes, or a document that is no longer wanted."""

from __future__ import annotations

from datetime import date
from typing import Any

from schemas.records import Ledger
from services.sinks.context import SinkContext
from services.sinks.entry import Incoming, made_key
from systems.mapped import REVERSAL
from topology.rules.identity import ref_of


def command_of(context: SinkContext, entry: Ledger, incoming: Incoming) -> bytes:
    """The value bytes of the reversal command for `entry`, based on `incoming`. Raises `Malformed` if it does not fit the schema. Its day
    is the day, in the tenant's zone, on which the source's change was seen: the source has no date for something that it no longer makes."""
    made: dict[str, Any] = {name: value for name, value in incoming.command.items() if name in _ENVELOPE}
    day = _seen_on(context, incoming)
    own = {name: entry[name] for name in ("op_key", "action", "part", "amount", "currency")}
    none: dict[str, Any] = {
        "parts": None,
        "parents": [],
        "unresolved": [],
        "defaulted": [],
        "hold": "",
        "hold_detail": "",
        "canonical": None,
    }
    about = {"reverses": made_key(entry["op_key"]), "date": day, "posting_date": day, "reason": entry["detail"][:200]}
    hashes = {"source_hash": "", "payload_hash": "", "ref": ref_of(entry["op_key"])}
    return context.codec.encode(context.command_topic, f"command.{REVERSAL}", {**made, **own, **none, **about, **hashes})


def _seen_on(context: SinkContext, incoming: Incoming) -> date:
    connected = context.snapshot().connections.get(incoming.command["connection"])
    seen_at = incoming.came_at or incoming.at
    return (seen_at.astimezone(connected.settings.zone) if connected is not None else seen_at).date()


_ENVELOPE = frozenset(
    {
        "connection", "system", "purpose", "source_system", "source_entity", "source_id", "source_version", "source_number", "config_version",
        "crosswalk_version", "canonical_topic", "canonical_partition", "canonical_offset",
    }
)  # fmt: skip
