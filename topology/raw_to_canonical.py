"""Hop 1: turns raw bytes into canonical records, and hints into `fetch` records.

In: `raw.<system>`. Out: `canonical.<entity>` (key connection/system/entity/id, the partition of the raw record), `fetch`, `audit`, `dead`.
State: natural key -> (source version, content hash, status) of the newest record emitted; it is folded from `canonical.*` itself.
A canonical record whose status changed carries the earlier status in a header, so that hop 2 sees what is no longer posted.
An older version is `stale`. The same version and hash is a `duplicate`. The same version with another hash is emitted as `renormalised`.
Duplicates and stale records of a batch cost one audit record per partition.
Order: all versions of one object are in one partition, in the order in which they were read.
To `dead`: what cannot be decoded or normalised, and an object that is still incomplete after it was fetched. If a feed shows such an object
again in the same version, it is fetched at growing intervals, at most ten times.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, NamedTuple, cast

from runtime.errors import Malformed
from schemas.records import Raw
from systems import registry
from systems.contract import LONGEST_ID
from systems.mapped import Canonical, Fetch, Filtered, Normalised
from topology.batch import ConsumerRecord, Context, Decision, Outcome, Output, State, fitting
from topology.decisions import dead_output
from topology.headers import CONFIG, CONTENT_HASH, PREVIOUS_STATUS, SOURCE_VERSION, STATUS, TRACE, header, headers
from topology.topics import object_key, partition_of

STAGE = "raw_to_canonical"
SENDERS = ("webhook", "push")
"""The ways in which records come in unrequested. A `fetch` that such a record causes has this as its reason."""
MOST_NAMED = 1000
"""How many objects one body of a sender may cause to be fetched. A push of 1 MB could name 40,000."""
_SPACING = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=1))
_MOST_FETCHES = 10
_AHEAD = timedelta(days=2)
"""How far the clock of another system may be ahead of ours."""
_NOTES_CHARACTERS = 1000


class Incomplete(NamedTuple):
    """An object that was still incomplete after it was fetched in this version: how often it was fetched, and when last."""

    source_version: str
    fetches: int
    at: str

    def waits(self, version: str, now: datetime) -> bool:
        """Whether the same version must not be fetched now."""
        if version != self.source_version:
            return False
        spacing = _SPACING[min(self.fetches, len(_SPACING)) - 1]
        return self.fetches >= _MOST_FETCHES or now < datetime.fromisoformat(self.at) + spacing


class InForce(NamedTuple):
    """The newest version emitted of one natural key."""

    source_version: str
    content_hash: str
    status: str


def _incomplete_key(key: str) -> str:
    return f"\x01{key}"


def remembered(seen: InForce) -> bytes:
    """The state value of one natural key. The status comes last because the source may spell it in any way."""
    return "\x00".join(seen).encode()


@dataclass
class _Normalising:
    """A batch while it is normalised: its outcome so far, and the fetches it contains."""

    state: State
    context: Context
    outcome: Outcome = field(default_factory=Outcome)
    fetches: set[tuple[str, str, str, str]] = field(default_factory=set)

    @cached_property
    def latest(self) -> str:
        """The latest version that can be in force by now: a little later than the clock says."""
        return _version_of(self.context.now + _AHEAD)

    def incomplete(self, partition: int, key: str) -> Incomplete | None:
        """What is known about an object that came incomplete. It is kept with the states, under a key of its own."""
        at = (partition, _incomplete_key(key))
        found = self.outcome.changes.get(at) or self.state.get(*at)
        if found is None:
            return None
        version, count, moment = found.decode().rsplit("\x00", 2)
        return Incomplete(version, int(count), moment)

    def note_incomplete(self, partition: int, key: str, version: str) -> None:
        """Count one more fetch of this version."""
        known = self.incomplete(partition, key)
        count = known.fetches + 1 if known is not None and known.source_version == version else 1
        self.outcome.changes[(partition, _incomplete_key(key))] = f"{version}\x00{count}\x00{self.context.now.isoformat()}".encode()

    def seen(self, partition: int, key: str) -> InForce | None:
        """The version in force, changes of this batch included."""
        found = self.outcome.changes.get((partition, key)) or self.state.get(partition, key)
        if found is None:
            return None
        version, content_hash, status = found.decode().split("\x00", 2)
        return InForce(version if version <= self.latest else "", content_hash, status)


def apply(batch: Sequence[ConsumerRecord], state: State, context: Context) -> Outcome:
    """See the module."""
    made = _Normalising(state, context)
    for record in batch:
        try:
            _normalise(record, context.codec.decode_one("raw.raw", record.value), made)
        except Malformed as error:
            made.outcome.outputs.append(dead_output(record, str(error), STAGE, context))
    return made.outcome


def _normalise(record: ConsumerRecord, raw: dict[str, Any], made: _Normalising) -> None:
    connected = made.context.snapshot.connections.get(raw["connection"])
    reading = connected.readings.get(raw["system"]) if connected else None
    if connected is None or reading is None:
        made.outcome.decisions.append(
            (record, _decision_about(raw, "refused", "the connection is unknown or does not join this system"))
        )
        return
    # A record gives all of its outputs or none: all are collected before any of them is kept.
    results = registry.system(raw["system"]).to_canonical(cast("Raw", raw), reading)
    results = _bounded(record, raw, results, made)
    _refuse_if_still_incomplete(record, raw, results, made)
    outputs = [
        _encoded(record, one, (connected.version, raw["received_at"]), made) if isinstance(one, Canonical) else one
        for one in results
    ]
    for one in outputs:
        if isinstance(one, Filtered):
            made.outcome.decisions.append((record, _decision_about(raw, "filtered", one.reason)))
        elif isinstance(one, Fetch):
            _fetch(record, raw, one, made)
        else:
            _keep(record, one, made)


def _bounded(
    record: ConsumerRecord, raw: dict[str, Any], results: Sequence[Normalised], made: _Normalising
) -> Sequence[Normalised]:
    """Up to `MOST_NAMED` of the objects that one body of a sender names. A decision records that there were more; the feeds read those."""
    named = [one for one in results if isinstance(one, Fetch)] if raw["how"] in SENDERS else []
    if len(named) <= MOST_NAMED:
        return results
    detail = f"one body names {len(named)} objects; {MOST_NAMED} are fetched at once, the feeds read the others"
    made.outcome.decisions.append((record, _decision_about(raw, "refused", detail)))
    return named[:MOST_NAMED]


def _refuse_if_still_incomplete(
    record: ConsumerRecord, raw: dict[str, Any], results: Sequence[Normalised], made: _Normalising
) -> None:
    for one in results:
        if isinstance(one, Fetch) and raw["how"] == "fetch":
            key = object_key(raw["connection"], raw["system"], one.entity, one.source_id)
            made.note_incomplete(record.partition, key, raw["source_version"])
            raise Malformed(f"{one.entity} {one.source_id} is still incomplete after it was fetched: {one.reason}")


def _decision_about(raw: dict[str, Any], decision: str, detail: str = "", countable: bool = True) -> Decision:
    return Decision(
        decision,
        raw["connection"],
        raw["system"],
        raw["entity"],
        raw["source_id"],
        raw["source_version"],
        detail,
        countable=countable,
    )


@dataclass(frozen=True)
class _Encoded:
    """A canonical record with its bytes. It is encoded first, so that a record that does not fit goes to `dead` before anything is kept."""

    record: dict[str, Any]
    entity: str
    key: str
    output: Output | None
    decision: str
    notes: str


def _encoded(record: ConsumerRecord, canonical: Canonical, read: tuple[str, datetime], made: _Normalising) -> _Encoded:
    """`read` is the version of the configuration under which the record was read, and when."""
    value = {**canonical.record, "raw_topic": record.topic, "raw_partition": record.partition, "raw_offset": record.offset}
    value["source_version"] = _believed(canonical.record["source_version"], read[1])
    key = object_key(value["connection"], value["system"], canonical.entity, value["source_id"])
    seen = made.seen(record.partition, key)
    decision = _compare(seen, value["source_version"], value["content_hash"])
    if decision in ("duplicate", "stale"):
        return _Encoded(value, canonical.entity, key, None, decision, "")
    name = f"canonical.{canonical.entity}"
    topic = made.context.topic(name)
    marks = {SOURCE_VERSION: value["source_version"], CONTENT_HASH: value["content_hash"], STATUS: value["status"], CONFIG: read[0]}
    if seen is not None and seen.status != value["status"]:
        marks[PREVIOUS_STATUS] = seen.status
    cause = record.coordinates
    trace = header(record.headers, TRACE).encode()
    output = fitting(
        Output(
            topic, record.partition, key, made.context.codec.encode(topic, name, value), headers(name, cause, cause, trace, **marks)
        )
    )
    return _Encoded(value, canonical.entity, key, output, decision, "; ".join(canonical.notes)[:_NOTES_CHARACTERS])


def _version_of(moment: datetime) -> str:
    """A moment in the spelling of versions, which sort as text."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f0Z")


def _believed(version: str, received_at: datetime) -> str:
    """The version; for one that is dated in the future, the time at which it was read. Otherwise no later version could replace it."""
    return version if version <= _version_of(received_at + _AHEAD) else _version_of(received_at)


def _compare(seen: InForce | None, version: str, content_hash: str) -> str:
    """How a version compares with the one in force; "" means that it is new."""
    if seen is None:
        return ""
    known_version, known_hash, _ = seen
    if version == known_version and content_hash == known_hash:
        return "duplicate"
    if version and known_version and version < known_version:
        return "stale"
    return "renormalised" if version and version == known_version else ""


def _keep(record: ConsumerRecord, one: _Encoded, made: _Normalising) -> None:
    if one.decision:
        made.outcome.decisions.append((record, _decision_about(one.record, one.decision, countable=one.decision != "renormalised")))
    if one.notes:
        made.outcome.decisions.append((record, _decision_about(one.record, "rounded", one.notes, countable=False)))
    if one.output is not None:
        made.outcome.outputs.append(one.output)
        state = remembered(InForce(one.record["source_version"], one.record["content_hash"], one.record["status"]))
        made.outcome.changes[(record.partition, one.key)] = state


def _fetch(record: ConsumerRecord, raw: dict[str, Any], hint: Fetch, made: _Normalising) -> None:
    if not 0 < len(hint.source_id) <= LONGEST_ID:
        raise Malformed(f"{hint.entity}: it is to be fetched, and its id is missing or too long")
    connection, system = raw["connection"], raw["system"]
    identity = (connection, system, hint.entity, hint.source_id)
    if identity in made.fetches or _is_known(record, raw, hint, made):
        made.outcome.decisions.append(
            (record, _decision_about(raw, "duplicate", "this version is known already, or a fetch is already requested"))
        )
        return
    made.fetches.add(identity)
    value = {
        "connection": connection,
        "system": system,
        "entity": hint.entity,
        "source_id": hint.source_id,
        "reason": raw["how"] if raw["how"] in SENDERS else hint.reason,
        "at": made.context.now,
    }
    topic = made.context.topic("fetch")
    trace = header(record.headers, TRACE).encode()
    encoded = made.context.codec.encode(topic, "raw.fetch", value)
    about = headers("raw.fetch", record.coordinates, record.coordinates, trace)
    made.outcome.outputs.append(
        fitting(Output(topic, partition_of(connection, made.context.partitions), connection, encoded, about))
    )


def _is_known(record: ConsumerRecord, raw: dict[str, Any], hint: Fetch, made: _Normalising) -> bool:
    """Whether a hint is about a version that is canonical already, or that came incomplete and is not due to be fetched yet. The version in
    a webhook or push is not trusted."""
    version: str = raw["source_version"]
    if not version or raw["how"] in SENDERS or raw["shape"] != "hint":
        return False
    key = object_key(raw["connection"], raw["system"], hint.entity, hint.source_id)
    seen = made.seen(record.partition, key)
    if seen is not None and seen.source_version >= version:
        return True
    incomplete = made.incomplete(record.partition, key)
    return incomplete is not None and incomplete.waits(version, made.context.now)
