"""Decisions and unreadable records as records: `audit` and `dead`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from schemas.codec import MAX_WRITTEN_BYTES
from topology.batch import Decision, Ground, Output, Record
from topology.headers import headers
from topology.topics import object_key, partition_of

_AMOUNT = re.compile(rb'"(?:total|amount|billAmount)"\s*:\s*"?(-?\d{1,13}(?:\.\d{1,4})?)\b')
_REASON_CHARACTERS = 1000
LARGEST_KEPT_BYTES = MAX_WRITTEN_BYTES - 64 * 1024
"""A longer value is not copied to `dead`: it stays where it is, and the reason says where."""


def audit_outputs(decided: Iterable[tuple[Record, Decision]], stage: str, ground: Ground) -> list[Output]:
    """One audit record per decision; countable ones of a batch become one per (decision, input partition), with count and offsets."""
    groups: dict[tuple[object, ...], list[tuple[Record, Decision]]] = {}
    for number, (record, decision) in enumerate(decided):
        key: tuple[object, ...] = (number,)
        if decision.countable:
            key = (record.topic, record.partition, decision.connection, decision.decision, decision.detail)
        groups.setdefault(key, []).append((record, decision))
    return [_audit(group, stage, ground) for group in groups.values()]


def _audit(group: list[tuple[Record, Decision]], stage: str, ground: Ground) -> Output:
    record, decision = group[0]
    natural_key = object_key(decision.connection, decision.system, decision.entity, decision.source_id)
    if len(group) > 1 or not decision.source_id:
        natural_key = decision.connection
    value: dict[str, Any] = {
        "connection": decision.connection,
        "decision": decision.decision,
        "natural_key": natural_key,
        "system": decision.system,
        "entity": decision.entity,
        "source_id": decision.source_id if len(group) == 1 else "",
        "source_version": decision.source_version if len(group) == 1 else "",
        "detail": decision.detail,
        "amount": decision.amount,
        "currency": decision.currency,
        "count": len(group),
        "topic": record.topic,
        "partition": record.partition,
        "first_offset": min(one.offset for one, _ in group),
        "last_offset": max(one.offset for one, _ in group),
        "stage": stage,
        "at": ground.now,
    }
    topic = ground.topic("audit")
    made = headers("audit.audit", f"{stage}:{record.coordinates}", record.coordinates)
    return Output(
        topic,
        partition_of(decision.connection, ground.partitions),
        natural_key,
        ground.codec.encode(topic, "audit.audit", value),
        made,
    )


def dead_output(record: Record, reason: str, stage: str, ground: Ground, body: bytes = b"") -> Output:
    """The record for `dead`: raw bytes, coordinates, reason, and the amount where the bytes still tell it."""
    topic = ground.topic("dead")
    kept = record.value
    if len(kept or b"") > LARGEST_KEPT_BYTES:
        kept, reason = None, f"{reason} [{len(record.value or b'')} bytes stay at {record.coordinates}]"
    value: dict[str, Any] = {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "key": record.key,
        "value": kept,
        "headers": {name: _bytes(content) for name, content in record.headers or ()},
        "stage": stage,
        "reason": reason[:_REASON_CHARACTERS],
        "connection": record.connection,
        "amount": _amount(body or record.value or b""),
        "at": ground.now,
    }
    made = headers("audit.dead", f"{stage}:{record.coordinates}", record.coordinates)
    partition = partition_of(record.connection, ground.partitions)
    return Output(topic, partition, record.key, ground.codec.encode(topic, "audit.dead", value), made)


def _bytes(content: Any) -> bytes:
    return content if isinstance(content, bytes) else str(content or "").encode()


def _amount(body: bytes) -> Decimal | None:
    found = _AMOUNT.search(body)
    return Decimal(found[1].decode()) if found else None
