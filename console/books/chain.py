"""The chain of a document: from what the ERP has back to the raw bytes, with every decision in between."""

from __future__ import annotations

import hashlib
import itertools
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from console.books import words
from console.books.gathered import about_of
from console.books.journal import CONNECTOR
from console.output import money
from console.reading import Cluster, StoredRecord
from runtime.clock import ScaledClock
from services.sinks import entry as e
from topology.headers import CAUSE, header
from topology.topics import object_key


@dataclass(frozen=True)
class Link:
    """One record of the chain: when, what it says, who acted, and whose document it is about."""

    link: str
    coordinates: str
    says: str
    at: datetime | None = None
    actor: str = CONNECTOR
    document: str = ""
    customer: str = ""
    content: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class _About:
    """The data by which one document is searched: its ledger entry, and its records of the other topics by kind."""

    entry: Mapping[str, Any]
    found: Mapping[str, list[StoredRecord]]


def chains(
    cluster: Cluster, entries: Sequence[Mapping[str, Any]], clock: ScaledClock
) -> Iterator[tuple[Mapping[str, Any], list[Link]]]:
    """Each entry with its chain, newest first: ledger, people's decisions, results, commands, canonical states, raw records, audit, and versions of
    its source that cannot be read.

    Each topic is read once for all entries, in the partition of their connection.
    """
    found: dict[str, dict[str, list[StoredRecord]]] = {entry["op_key"]: defaultdict(list) for entry in entries}
    systems = sorted({entry["system"] for entry in entries})
    connections = {entry["connection"] for entry in entries}
    places = sorted({place for connection in connections for place in cluster.partitions_of(connection)})
    written = cluster.scan([f"{kind}.{name}" for name in systems for kind in ("result", "command")], places)
    for seen in itertools.chain(cluster.decisions(), written) if entries else ():
        if seen.record.get("op_key") in found:
            found[seen.record["op_key"]][seen.topic.partition(".")[0]].append(seen)
    decided = _decisions(cluster, entries, places)
    unread = _unreadable(cluster, places) if entries else {}
    for entry in entries:
        about, named = _About(entry, found[entry["op_key"]]), _object(entry)
        yield entry, [*_of_document(cluster, about, clock), *decided[named], *decided[entry["op_key"]], *unread.get(named, ())]


def _of_document(cluster: Cluster, about: _About, clock: ScaledClock) -> Iterator[Link]:
    entry, of = about.entry, words.kind_of(about.entry) + f" {words.document_number(about.entry)}"
    origins = list(_origins(cluster, about.found["command"], clock))
    customer = next((link.customer for link in origins if link.customer), "")
    skipped = [seen.record["actor"] for seen in about.found["control"] if seen.record["action"] == "skip"]
    yield Link("ledger", entry["_coordinates"], _ledger_words(entry), entry["updated_at"], CONNECTOR, of, customer)
    for seen in about.found["control"]:
        r = seen.record
        yield Link("control", seen.coordinates, f"{r['action']}: {r['reason']}", r["at"], r["actor"], of, customer)
    for seen in about.found["result"]:
        actor = skipped[-1] if skipped and seen.record["outcome"] == e.REJECTED else CONNECTOR
        yield Link("result", seen.coordinates, _result_words(seen.record), seen.record["at"], actor, of, customer)
    for seen in about.found["command"]:
        r = seen.record
        sentence = f"{seen.name.removeprefix('command.')} {r['action']} version {r['source_version']}, {_money(r)}"
        content = {name: value for name, value in r.items() if name != "canonical"}
        yield Link("command", seen.coordinates, sentence, clock.at(seen.at_s), CONNECTOR, of, customer, content)
    yield from origins


def _origins(cluster: Cluster, commands: Sequence[StoredRecord], clock: ScaledClock) -> Iterator[Link]:
    """The canonical states and raw records that commands were made from, each once."""
    known: set[str] = set()
    for command in commands:
        c = command.record
        place = (_topic_without_prefix(cluster, c["canonical_topic"]), c["canonical_partition"], c["canonical_offset"])
        yield from canonical(cluster, place, clock, known)


def canonical(cluster: Cluster, place: tuple[str, int, int], clock: ScaledClock, known: set[str]) -> Iterator[Link]:
    """A canonical state and the raw bytes behind it, except those that are in `known` already."""
    where = "/".join(map(str, place))
    if where in known:
        return
    known.add(where)
    seen = cluster.one(*place)
    if seen is None or not seen.record:
        yield Link("canonical", where, "no longer kept")
        return
    r = seen.record
    state = f"version {r['source_version']}, {r['status'] or 'no status'}{'' if r['active'] else ', voided or inactive'}"
    of = f"{seen.name.removeprefix('canonical.').replace('_', ' ')} {r['number'] or r['source_id']}"
    yield Link("canonical", where, state, clock.at(seen.at_s), CONNECTOR, of, about_of(r).name, r)
    yield from _raw(cluster, r, known)


def _raw(cluster: Cluster, record: Mapping[str, Any], known: set[str]) -> Iterator[Link]:
    topic = _topic_without_prefix(cluster, record["raw_topic"])
    where = f"{topic}/{record['raw_partition']}/{record['raw_offset']}"
    if where in known:
        return
    known.add(where)
    raw = cluster.one(topic, record["raw_partition"], record["raw_offset"])
    if raw is None or not raw.record:
        yield Link("raw", where, "no longer kept")
        return
    r = raw.record
    answers = [f"{len(one)} bytes, sha256 {hashlib.sha256(one).hexdigest()}" for one in (r["body"], *r["further"])]
    sentence = f"{words.received(r)}, {' and '.join(answers)}"
    content = {"received_at": r["received_at"], "body": r["body"], "cause": header(raw.headers, CAUSE)}
    content |= {"further": r["further"]} if r["further"] else {}
    yield Link(
        "raw", where, sentence, r["received_at"], words.title_of(r["system"]), f"{r['entity']} {r['source_id']}", "", content
    )


def _decisions(cluster: Cluster, entries: Sequence[Mapping[str, Any]], places: Sequence[int]) -> dict[str, list[Link]]:
    """Decisions in `audit`, by object or op-key."""
    wanted = {_object(entry) for entry in entries} | {entry["op_key"] for entry in entries}
    found: dict[str, list[Link]] = defaultdict(list)
    for seen in cluster.scan(["audit"], places):
        r = seen.record
        if r and r["natural_key"] in wanted:
            of = f"{r['entity']} {r['source_id']}"
            found[r["natural_key"]].append(Link("audit", seen.coordinates, words.decided(r), r["at"], r["stage"], of))
    return found


def _unreadable(cluster: Cluster, places: Sequence[int] | None = None) -> dict[str, list[Link]]:
    """The records on `dead` by the key of their object: why each cannot be read, and its bytes."""
    found: dict[str, list[Link]] = defaultdict(list)
    for seen in cluster.scan(["dead"], places):
        r = seen.record
        if r and r["key"]:
            of = f"{_topic_without_prefix(cluster, r['topic'])}/{r['partition']}/{r['offset']}"
            sentence = f"cannot be read: {r['reason']}; it is {of}"
            content = {name: r[name] for name in ("value", "headers")}
            key = r["key"].decode(errors="replace")
            found[key].append(Link("dead", seen.coordinates, sentence, r["at"], r["stage"], _of_key(key), "", content))
    return found


def _is_named(key: str, text: str, connection: str) -> bool:
    """Whether a text, as `open` shows it, is the key of an object or the id in it."""
    name, _, rest = key.partition("/")
    return connection in ("", name) and rest.count("/") > 1 and text in (rest, rest.split("/", 2)[2])


def _of_key(key: str) -> str:
    """`invoice 101` for the key of an object."""
    return " ".join(key.split("/", 3)[2:])


def of_objects(cluster: Cluster, text: str, connection: str, clock: ScaledClock) -> Iterator[tuple[Mapping[str, Any], list[Link]]]:
    """The objects with that number or id for which there is no document: for each, its canonical states, raw bytes and decisions, and its versions
    that cannot be read."""
    newest: dict[tuple[str, ...], StoredRecord] = {}
    for seen in cluster.scan(cluster.canonical_topics()):
        r = seen.record
        if r and text in (r["number"], r["source_id"]) and connection in ("", r["connection"]):
            newest[(r["connection"], r["system"], r["entity"], r["source_id"])] = seen
    known = {object_key(*one) for one in newest}
    unread = {key: links for key, links in _unreadable(cluster).items() if key in known or _is_named(key, text, connection)}
    for (name, system, entity, source_id), seen in newest.items():
        r = seen.record
        entry = {"connection": name, "source_system": system, "source_entity": entity, "source_id": source_id}
        place = {**entry, "op_key": "", "ref": "", "system": "", "source_number": r["number"], "customer": about_of(r).name}
        decided = _decisions(cluster, [place], cluster.partitions_of(name))
        links = [*canonical(cluster, (seen.topic, seen.partition, seen.offset), clock, set()), *decided[_object(place)]]
        yield place, [*links, *unread.pop(_object(place), ())]
    for key, links in unread.items():
        name, system, entity, source_id = key.split("/", 3)
        about = {"connection": name, "source_system": system, "source_entity": entity, "source_id": source_id}
        yield {**about, "op_key": "", "ref": "", "system": "", "source_number": "", "customer": ""}, links


def _object(entry: Mapping[str, Any]) -> str:
    return object_key(entry["connection"], entry["source_system"], entry["source_entity"], entry["source_id"])


def _topic_without_prefix(cluster: Cluster, topic: str) -> str:
    return topic.removeprefix(cluster.settings.kafka.topic_prefix)


def _ledger_words(entry: Mapping[str, Any]) -> str:
    return f"{entry['state']}: {words.outcome(entry)}, {_money(entry)}, ref {entry['ref']}"


def _result_words(record: Mapping[str, Any]) -> str:
    there = f" as {words.there_as(record)}" if words.there_as(record) else ""
    detail = f": {record['detail']}" if record["detail"] else ""
    return f"{record['outcome']}{there}{detail}, {_money(record)}"


def _money(record: Mapping[str, Any]) -> str:
    return f"{money(record['amount'])} {record['currency']}"
