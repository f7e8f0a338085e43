"""Turns decisions into records for `audit`, and records that cannot be read into records for `dead`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from typing import Any

from runtime.errors import Malformed
from runtime.json import Members, members
from schemas.codec import MAX_WRITTEN_BYTES
from topology.audit import RECORD, Covered, audit_record
from topology.batch import ConsumerRecord, Context, Decision, Output
from topology.headers import headers
from topology.topics import partition_of

_AMOUNTS = ("total", "billAmount", "amount")
_SMALLEST = Decimal("0.0001")
_AMOUNT = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,4}0*)?")
_REASON_CHARACTERS = 1000
_CONNECTION_CHARACTERS = 100
_MAX_KEY_OR_HEADERS_BYTES = 16 * 1024
"""Limit for the key, and for all headers together. Larger ones are not copied to `dead` either."""
LARGEST_KEPT_BYTES = MAX_WRITTEN_BYTES - 64 * 1024
"""A longer value is not copied to `dead`. It stays in its topic, and the reason names its place."""


def audit_outputs(decided: Iterable[tuple[ConsumerRecord, Decision]], stage: str, context: Context) -> list[Output]:
    """One audit record per decision. Countable decisions of a batch become one per decision and input partition, with count and offsets."""
    groups: dict[tuple[object, ...], list[tuple[ConsumerRecord, Decision]]] = {}
    for number, (record, decision) in enumerate(decided):
        key: tuple[object, ...] = (number,)
        if decision.countable:
            key = (record.topic, record.partition, decision.connection, decision.decision, decision.detail)
        groups.setdefault(key, []).append((record, decision))
    return [_audit(group, stage, context) for group in groups.values()]


def _audit(group: list[tuple[ConsumerRecord, Decision]], stage: str, context: Context) -> Output:
    record, decision = group[0]
    is_one = len(group) == 1
    if not is_one:
        decision = replace(decision, source_id="", source_version="")
    offsets = [one.offset for one, _ in group]
    covered = Covered(
        "" if is_one and decision.source_id else decision.connection,
        len(group),
        record.topic,
        record.partition,
        min(offsets),
        max(offsets),
    )
    value = audit_record(decision, stage, context.now, covered)
    topic = context.topic("audit")
    made = headers(RECORD, f"{stage}:{record.coordinates}", record.coordinates)
    return Output(
        topic,
        partition_of(decision.connection, context.partitions),
        value["natural_key"],
        context.codec.encode(topic, RECORD, value),
        made,
    )


def dead_output(record: ConsumerRecord, reason: str, stage: str, context: Context) -> Output:
    """The record for `dead`: raw bytes, coordinates, reason, and the amount if it can be read. Accepts any record."""
    topic = context.topic("dead")
    headers_of = {name: _bytes(content) for name, content in record.headers or ()}
    headers_bytes = sum(len(name) + len(content) for name, content in headers_of.items())
    parts = {"value": len(record.value or b"") <= LARGEST_KEPT_BYTES, "key": len(record.key or b"") <= _MAX_KEY_OR_HEADERS_BYTES}
    parts["headers"] = headers_bytes <= _MAX_KEY_OR_HEADERS_BYTES
    omitted = [name for name, is_kept in parts.items() if not is_kept]
    words = reason.encode("utf-8", "replace").decode()[:_REASON_CHARACTERS]
    if omitted:
        words += f" [{' and '.join(omitted)} of {len(record.value or b'')} bytes stay at {record.coordinates}]"
    key, connection = record.key if parts["key"] else None, record.connection[:_CONNECTION_CHARACTERS]
    value: dict[str, Any] = {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "key": key,
        "value": record.value if parts["value"] else None,
        "headers": headers_of if parts["headers"] else {},
        "stage": stage,
        "reason": words,
        "connection": connection,
        "amount": _amount(record, context),
        "at": context.now,
    }
    made = headers("audit.dead", f"{stage}:{record.coordinates}", record.coordinates)
    return Output(topic, partition_of(connection, context.partitions), key, context.codec.encode(topic, "audit.dead", value), made)


def _bytes(content: Any) -> bytes:
    return content if isinstance(content, bytes) else str(content or "").encode()


def _amount(record: ConsumerRecord, context: Context) -> Decimal | None:
    """The document's own amount, or None. The amount of a line, or a part of the digits, would be wrong."""
    try:
        name, value = context.codec.decode(record.value)
    except Malformed:
        return None
    content = members(value["body"]) if name == "raw.raw" else value
    doubtful = content.doubtful if isinstance(content, Members) else frozenset()
    own = next((name for name in _AMOUNTS if content.get(name) is not None or name in doubtful), "")
    text = "" if own in doubtful else str(content.get(own, ""))
    return Decimal(text).quantize(_SMALLEST) if _AMOUNT.fullmatch(text) else None
