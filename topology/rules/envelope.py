"""Makes a command from a system's draft: identity, hashes, versions and coordinates (accounting.md 1-3)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runtime.json import canonical_bytes
from schemas.records import Parent
from systems.mapped import APPLY, COMPLETION, REVERSAL, UNAPPLIED, Draft
from topology.configuration import Connected
from topology.rules.identity import op_key, payload_hash, ref_of

_SETTLED = ("invoice", "bill", "original")
"""Roles of parents that a row of `opening_balance` may number later. Such a command keeps its canonical record, so that it can be mapped again."""


@dataclass(frozen=True)
class Source:
    """The canonical record that a command is mapped from, and its coordinates."""

    entity: str
    record: Mapping[str, Any]
    topic: str
    partition: int
    offset: int
    value: bytes


def source_hash(entity_record: Mapping[str, Any], draft: Draft) -> str:
    """The accounting fingerprint of what the draft stands for: for a document the fingerprint of its record, for master data its content
    hash, for an application the hash of that part of the record alone."""
    if draft.action == APPLY and draft.part:
        part = _application(entity_record, draft.part)
        return hashlib.sha256(canonical_bytes([draft.part, part or draft.amount])).hexdigest()
    return str(entity_record["fingerprint"] or entity_record["content_hash"])


def _application(record: Mapping[str, Any], part_id: str) -> Mapping[str, Any] | None:
    for one in record.get("applications", ()):
        if part_id == (one["application_id"] or one["document_id"]):
            return {name: value for name, value in one.items() if name != "document_number"}
    return None


def command(draft: Draft, source: Source, connected: Connected, waits_for: Parent | None) -> dict[str, Any]:
    """The complete command record of a draft."""
    record = source.record
    source_id = record["source_id"]
    books = connected.books_to(connected.target_of(draft.flow))
    key = op_key(books, draft.purpose, (source.entity, source_id), draft.part, draft.action)
    parents = (*draft.parents, waits_for) if waits_for is not None else draft.parents
    body = dict(draft.body)
    if draft.record == REVERSAL and not body["reverses"]:
        body["reverses"] = op_key(books, draft.purpose, (source.entity, source_id), draft.part, draft.reverses)
    hashed = {"": [draft.posting_date, draft.amount, draft.currency, _links(draft)], **body}
    kept = bool(draft.unresolved or draft.hold) or any(parent["role"] in _SETTLED for parent in draft.parents)
    return {
        **body,
        "connection": record["connection"],
        "system": books.system,
        "op_key": key,
        "ref": ref_of(key),
        "purpose": draft.purpose,
        "action": draft.action,
        "source_system": record["system"],
        "source_entity": source.entity,
        "source_id": source_id,
        "source_version": record["source_version"],
        "source_number": record["number"],
        "part": draft.part,
        "parts": None,
        "source_hash": source_hash(record, draft),
        "payload_hash": payload_hash(draft.record, hashed),
        "posting_date": draft.posting_date,
        "amount": draft.amount,
        "currency": draft.currency,
        "parents": [{"purpose": "", "part": "", **parent} for parent in parents],
        "unresolved": list(draft.unresolved),
        "defaulted": list(draft.defaulted),
        "hold": draft.hold,
        "hold_detail": draft.hold_detail,
        "config_version": connected.version,
        "crosswalk_version": connected.crosswalk_version,
        "canonical_topic": source.topic,
        "canonical_partition": source.partition,
        "canonical_offset": source.offset,
        "canonical": source.value if kept else None,
    }


def _links(draft: Draft) -> list[dict[str, Any]]:
    """The parents as the payload hash takes them. A field that is left out counts the same as an empty one."""
    return [{name: value for name, value in parent.items() if value or name not in ("purpose", "part")} for parent in draft.parents]


def with_parts(commands: Sequence[tuple[Draft, dict[str, Any]]]) -> Iterator[tuple[Draft, dict[str, Any]]]:
    """The same commands. If a document has several parts, each command gets the complete set of parts with their payload hashes. The
    applications of a document form a set of their own."""
    sets: dict[tuple[str, str, bool], dict[str, str]] = {}
    for draft, value in commands:
        if draft.parted:
            known = sets.setdefault(_set_of(draft, value), {})
            known.update({} if draft.record == COMPLETION else {draft.part: value["payload_hash"]})
    for draft, value in commands:
        yield draft, ({**value, "parts": sets[_set_of(draft, value)]} if draft.parted else value)


def _set_of(draft: Draft, value: Mapping[str, Any]) -> tuple[str, str, bool]:
    return value["purpose"], value["source_id"], draft.action in (APPLY, UNAPPLIED)
