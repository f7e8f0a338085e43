"""What the ceiling's hour holds when a partition is taken: an owner before us may have posted most of what an hour allows.

What ended within the hour is named by `result`; what was written and has not ended, by the ledger's entries that are taken up. When each was
written is in its own attempts. A person who resumed the connection gave it a new hour.
"""

from __future__ import annotations

import time
from datetime import datetime
from typing import cast

from runtime import kafka
from schemas.records import Ledger, Result
from services.sinks import entry as e
from services.sinks.ceiling import HOUR, Hour, counted
from services.sinks.follow import Followed
from services.sinks.ground import Ground
from services.sinks.ledger import Index


def ended_within(ground: Ground, number: int, index: Index) -> Hour:
    """The documents of a partition that were written and ended, or are held, within the hour. Blocking."""
    topic, settings = ground.settings.topic(f"result.{ground.system.name}"), ground.settings.kafka
    start = kafka.offset_at(settings, topic, number, time.time() - HOUR.total_seconds())
    if start is None:
        return {}
    op_keys: dict[str, None] = {}
    for message in kafka.read_to_end(settings, topic, [number], {number: start}):
        result = cast("Result", ground.codec.decode(message.value())[1])
        if result["step"]:
            op_keys[result["op_key"]] = None
    hour: Hour = {}
    for entry in filter(None, map(index.get, op_keys)):
        if e.is_terminal(entry) or entry["state"] == e.HELD:
            count(hour, entry, ground.followed)
    return hour


def count(hour: Hour, entry: Ledger, followed: Followed) -> None:
    """Count a document that was written since its connection was resumed."""
    written_at = _written_at(entry)
    resumed_at = followed.resumed_at(entry["system"], entry["connection"])
    if written_at is not None and (resumed_at is None or written_at > resumed_at):
        counted(hour, entry["connection"], written_at, entry["amount"])


def _written_at(entry: Ledger) -> datetime | None:
    """When a document that the ceiling counts was written by us; None for others."""
    if entry["purpose"] == e.MASTER or not entry["steps_done"]:
        return None
    first = entry["steps_done"][0]
    return next((one["at"] for one in entry["attempts"] if (one["step"], one["answer"]) == (first, "yes")), None)
