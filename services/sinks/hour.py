"""What the ceiling's hour contains when a partition is taken: an earlier owner may have written most of what an hour allows.

`result` names what ended within the hour; the ledger's entries that are taken up name what was written and has not ended. The attempts of
an entry say when it was written. If a person resumed the connection, a new hour began then.
"""

from __future__ import annotations

import time
from collections import defaultdict
from typing import cast

from runtime import kafka
from schemas.errors import Malformed
from schemas.records import Ledger, Result
from services.sinks import entry as e
from services.sinks.ceiling import HOUR, Hour, counts, written_at
from services.sinks.context import SinkContext
from services.sinks.follow import Followed
from services.sinks.ledger import Index

Hours = defaultdict[str, Hour]
"""By connection."""


def ended_within(context: SinkContext, number: int, index: Index) -> Hours:
    """The documents of a partition that were written and ended, or are held, within the hour. Blocking."""
    topic, settings = context.settings.topic(f"result.{context.system.name}"), context.settings.kafka
    hours: Hours = defaultdict(Hour)
    start = kafka.offset_at(settings, topic, number, time.time() - HOUR.total_seconds())
    if start is None:
        return hours
    op_keys: dict[str, None] = {}
    for message in kafka.read_to_end(settings, topic, [number], {number: start}):
        try:
            result = cast("Result", context.codec.decode(message.value())[1])
        except Malformed:
            continue  # cannot be read; the ledger says what was written
        if result["step"] or result["outcome"] == e.HELD:  # a held document may be written although no step is known
            op_keys[result["op_key"]] = None
    for entry in filter(None, map(index.get, op_keys)):
        if e.is_terminal(entry) or entry["state"] == e.HELD:
            count(hours, entry, context.followed)
    return hours


def count(hours: Hours, entry: Ledger, followed: Followed) -> None:
    """Count a document that was written or may have been, unless its connection was resumed after that."""
    is_doubted = counts(entry) and e.may_predate(entry)
    at = entry["first_seen_at"] if is_doubted else written_at(entry)
    resumed_at = followed.resumed_at(entry["system"], entry["connection"])
    if at is None or (resumed_at is not None and at <= resumed_at):
        return
    hour = hours[entry["connection"]]
    if is_doubted:
        hour.doubt(entry["op_key"], at, entry["amount"])
        return
    hour.take(entry["op_key"], at, entry["amount"])
    if e.is_terminal(entry):
        hour.ended(entry["op_key"])


def follow(hours: Hours, entry: Ledger, followed: Followed) -> None:
    """Keep or give back the place of a document whose state was recorded."""
    hours[entry["connection"]].follow(entry)
    if entry["state"] == e.ADOPTED:  # not by us, unless an earlier ledger wrote it
        count(hours, entry, followed)
