"""The chain of one document: from what the ERP keeps back to the raw bytes, and every decision on the way."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from console.reading import Cluster, Seen
from topology.headers import CAUSE, header


def chain(cluster: Cluster, entry: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Links of the chain, newest first: ledger, results, commands, canonical states, raw sightings, audit decisions.

    Scans the topics of the document's connection; each link names its coordinates and what it says.
    """
    yield _link("ledger", entry["_coordinates"], _ledger_words(entry))
    system = entry["system"]
    wanted = entry["op_key"]
    commands: list[Seen] = []
    for seen in cluster.scan([f"result.{system}", f"command.{system}"]):
        if seen.record.get("op_key") != wanted:
            continue
        if seen.name == "result.result":
            yield _link("result", seen.coordinates, _result_words(seen.record))
        else:
            commands.append(seen)
    for seen in commands:
        words = f"{seen.name.removeprefix('command.')} {seen.record['action']} version {seen.record['source_version']}"
        yield _link("command", seen.coordinates, words, {k: v for k, v in seen.record.items() if k != "canonical"})
    yield from _from_canonical(cluster, commands)
    yield from _decisions(cluster, entry)


def _from_canonical(cluster: Cluster, commands: list[Seen]) -> Iterator[dict[str, Any]]:
    seen_raw: set[str] = set()
    for command in commands:
        c = command.record
        canonical = cluster.one(_plain(cluster, c["canonical_topic"]), c["canonical_partition"], c["canonical_offset"])
        if canonical is None:
            yield _link("canonical", f"{c['canonical_topic']}/{c['canonical_partition']}/{c['canonical_offset']}", "no longer kept")
            continue
        yield _link("canonical", canonical.coordinates, f"version {canonical.record['source_version']}", canonical.record)
        yield from _raw(cluster, canonical.record, seen_raw)


def _raw(cluster: Cluster, record: Mapping[str, Any], seen_raw: set[str]) -> Iterator[dict[str, Any]]:
    topic = _plain(cluster, record["raw_topic"])
    where = f"{topic}/{record['raw_partition']}/{record['raw_offset']}"
    if where in seen_raw:
        return
    seen_raw.add(where)
    raw = cluster.one(topic, record["raw_partition"], record["raw_offset"])
    if raw is None:
        yield _link("raw", where, "no longer kept")
        return
    body = raw.record["body"]
    digest = hashlib.sha256(body).hexdigest()
    words = f"{raw.record['how']}, signature {raw.record['signature']}, {len(body)} bytes, sha256 {digest}"
    yield _link(
        "raw", raw.coordinates, words, {"received_at": raw.record["received_at"], "body": body, "cause": header(raw.headers, CAUSE)}
    )


def _decisions(cluster: Cluster, entry: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    key = f"{entry['connection']}/{entry['source_system']}/{entry['source_entity']}/{entry['source_id']}"
    for seen in cluster.scan(["audit"]):
        if seen.record.get("natural_key") in (key, entry["op_key"]):
            yield _link("audit", seen.coordinates, f"{seen.record['decision']}: {seen.record['detail']}")


def _plain(cluster: Cluster, topic: str) -> str:
    return topic.removeprefix(cluster.settings.kafka.topic_prefix)


def _link(kind: str, coordinates: str, words: str, content: Mapping[str, Any] | None = None) -> dict[str, Any]:
    return {"link": kind, "coordinates": coordinates, "says": words, "content": dict(content or {})}


def _ledger_words(entry: Mapping[str, Any]) -> str:
    document = f"{entry['erp_number'] or entry['erp_id']}" if entry["erp_id"] else "no document yet"
    reason = f" ({entry['reason']}: {entry['detail']})" if entry["reason"] else ""
    return f"{entry['state']}{reason}, {document}, {entry['amount']} {entry['currency']}, ref {entry['ref']}"


def _result_words(record: Mapping[str, Any]) -> str:
    return f"{record['outcome']} {record['erp_number'] or record['erp_id']} {record['amount']} {record['currency']} {record['detail']}".strip()
