"""What a sink follows besides its commands: links, controls and periods. `Followed` folds them, `Following` reads them from Kafka.

Only believed controls are folded (`topology/trust.py`): signed with a person's key, or, for a sink's own pause, with the sinks' key.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, cast

from confluent_kafka import Message, TopicPartition

from runtime import kafka, metrics
from runtime.log import log
from runtime.rolekeys import SINKS
from runtime.settings import Kafka, Settings
from runtime.threads import TopicFollower
from schemas.codec import Codec
from schemas.errors import Malformed
from schemas.records import Control, Link, Period
from services.sinks.links import LinkKey, LinkStore
from services.sinks.outputs import STAGE
from services.sinks.pairs import ORIGIN, pair_key, pair_keys
from services.sinks.reasons import CEILING
from topology.trust import Refusal, Trust

LINKS, CONTROL, PERIODS = "links", "control", "canonical.period"
NAME = "following"
SEEN = 10_000
"""How many control ids are remembered. A control is written twice only when its writer tries again, within seconds, and far fewer others
come between."""
_NOTE_EVERY = 2000

Paused = tuple[str, str]
"""(connection, system); system "" = every system of the connection."""
ControlOffsets = Mapping[tuple[str, int], int]
"""(system, partition) -> the offset of `control` from which that system's sink may still need decisions."""


@dataclass(frozen=True, slots=True)
class ControlMessage:
    """A control record with its place in the log."""

    control: Control
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class _Linked:
    key: LinkKey
    target: str
    kept_under: list[LinkKey]


@dataclass(frozen=True, slots=True)
class _Period:
    connection: str
    code: str
    starts_on: date
    ends_on: date
    open_for: frozenset[str]


class Followed:
    """The folded state of links, controls and periods, for the sinks of `systems`. Has no thread and no client.

    One thread may fold while others read: pauses, resumes and periods are replaced as a whole, and a lock guards the decisions.
    """

    def __init__(self, codec: Codec, links: LinkStore, systems: frozenset[str]) -> None:
        self._codec = codec
        self.links = links
        self.systems = systems
        self._lock = threading.Lock()
        self._paused: Mapping[Paused, str] = MappingProxyType({})
        self._own: frozenset[Paused] = frozenset()
        """Those of the pauses that a sink decided itself and that are still in force."""
        self._unread: dict[Paused, int] = {}
        self._resumed: Mapping[Paused, datetime] = MappingProxyType({})
        self._periods: dict[str, Mapping[str, _Period]] = {}
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._decisions: dict[int, list[ControlMessage]] = {}
        self._needed_from: dict[tuple[str, int], int] = {}
        self.unseen: Callable[[], str] = str
        """Why controls cannot be read now; "" if they can."""

    def link(self, system: str, connection: str, entity: str, source_id: str) -> str | None:
        """The partner of a source object in `system`; "" = explicitly none, None = no link."""
        return self.links.get((system, connection, entity, source_id))

    def pair(self, key: LinkKey, purpose: str = "", part: str = "") -> str | None:
        """The id of a source object inside a document of this purpose and part (empty = any); None = not known."""
        return self.links.get(pair_key(key, purpose, part))

    def paused(self, system: str, connection: str) -> str:
        """Why nothing may be written for the connection: a person or the sink paused it, or it cannot be read whether it is paused."""
        paused = self._paused
        return self.unseen() or paused.get((connection, system)) or paused.get((connection, "")) or ""

    def is_at_ceiling(self, system: str, connection: str) -> bool:
        """Whether the connection is paused by the sink itself because of its ceiling, and by nothing else. A person's pause never counts here."""
        paused, own = self._paused, self._own
        places = [place for place in ((connection, system), (connection, "")) if place in paused]
        is_ours = all(place in own and paused[place].startswith(CEILING) for place in places)
        return bool(places) and is_ours and not self.unseen()

    def resumed_at(self, system: str, connection: str) -> datetime | None:
        """When a person last resumed the connection; None if never."""
        resumed = self._resumed
        return max(filter(None, (resumed.get((connection, system)), resumed.get((connection, "")))), default=None)

    def pause_now(self, control: Control, partition: int) -> None:
        """Put a pause in force that the owner of this partition decided, before it comes back from the topic."""
        place = (control["connection"], control["system"])
        with self._lock:
            if self._is_by_a_person(place):
                return
            self._paused = {**self._paused, place: control["reason"]}
            self._own |= {place}
            self._unread[place] = partition

    def lift_unread(self, partition: int) -> None:
        """Lift the unread pauses of an owner that has ended: such a pause may never have been recorded, and then nobody could see or resume
        it. A pause that was recorded is in force again once it is read."""
        with self._lock:
            lifted = {place for place, number in self._unread.items() if number == partition}
            self._unread = {place: number for place, number in self._unread.items() if place not in lifted}
            self._paused = {place: reason for place, reason in self._paused.items() if place not in lifted}

    def is_own_pause(self, message: Message) -> bool:
        """Whether a control is a pause that a sink decided itself."""
        try:
            _, record = self._codec.decode(message.value())
        except Malformed:
            return False
        return is_own_pause(record)

    @property
    def pauses(self) -> Mapping[Paused, str]:
        """The reason for each pause in force, by (connection, system); system "" = all of the connection."""
        return self._paused

    def is_open(self, connection: str, purpose: str, on: date | None, record: str = "") -> bool:
        """Whether the ERP's periods say that such a document may be posted on that day."""
        return any(_kind(purpose, record) in period.open_for for period in self._periods_of(connection, on))

    def is_closed(self, connection: str, kind: tuple[str, str], on: date | None) -> bool:
        """Whether the ERP's periods say that a document (`kind` = its purpose and record) may not be posted on its day. False if no period
        has that day."""
        found = self._periods_of(connection, on)
        return bool(found) and not any(_kind(*kind) in period.open_for for period in found)

    def open_from(self, connection: str, kind: tuple[str, str], day: date) -> date | None:
        """The first day from `day` on which the ERP's periods are open for such a document; None if there is none."""
        periods = self._periods.get(connection, {}).values()
        days = [max(one.starts_on, day) for one in periods if _kind(*kind) in one.open_for and one.ends_on >= day]
        return min(days, default=None)

    def _periods_of(self, connection: str, on: date | None) -> list[_Period]:
        return [one for one in self._periods.get(connection, {}).values() if on is not None and one.starts_on <= on <= one.ends_on]

    def decisions_from(self, partition: int, offset: int) -> list[ControlMessage]:
        """Every decision at or after this offset of `control` that concerns one of `systems`, in order."""
        with self._lock:
            return [decision for decision in self._decisions.get(partition, ()) if decision.offset >= offset]

    def forget(self, system: str, partition: int, below: int) -> None:
        """The sink of `system` has committed this offset of `control`, so it will not ask for earlier decisions again."""
        with self._lock:
            if below <= self._needed_from.get((system, partition), 0):
                return
            self._needed_from[(system, partition)] = below
            known = self._decisions.get(partition)
            if known:
                self._decisions[partition] = [decision for decision in known if self._is_needed(decision)]

    def fold(self, message: Message) -> tuple[str, Any] | None:
        """What a record changed: ("link", its key), ("decision" or "pause", the `ControlMessage`), ("period", the connection); None =
        nothing.

        A record that cannot be understood is logged and skipped. A link that cannot be stored is an error, because it must not be lost.
        """
        try:
            found = self._understood(message)
        except Exception as error:  # noqa: BLE001 - one bad record must not stop the next one from being folded
            words = f"{type(error).__name__}: {error}"[:300]
            log.error("followed_unreadable", topic=message.topic(), offset=message.offset(), error=words)
            metrics.FOLLOWED_UNREADABLE.labels(NAME).inc()
            return None
        if isinstance(found, ControlMessage):
            return self._fold_control(found)
        if isinstance(found, _Period):
            return self._fold_period(found)
        return self._fold_link(found) if found is not None else None

    def _understood(self, message: Message) -> _Linked | ControlMessage | _Period | None:
        name, record = self._codec.decode(message.value())
        if name == "connection.link":
            return _link_of(cast("Link", record))
        if name == "connection.control":
            return _decision_of(cast("Control", record), message)
        return _period_of(cast("Period", record)) if name == "canonical.period" else None

    def _fold_link(self, linked: _Linked) -> tuple[str, Any] | None:
        if linked.key[0] not in self.systems:
            return None
        for key in linked.kept_under:
            self.links.put(key, linked.target)
        return "link", linked.key

    def _fold_control(self, decision: ControlMessage) -> tuple[str, Any] | None:
        control = decision.control
        with self._lock:
            if control["control_id"] in self._seen:
                return None
            self._seen[control["control_id"]] = None
            if len(self._seen) > SEEN:
                self._seen.popitem(last=False)
            if control["op_key"]:
                if self._is_needed(decision):
                    self._decisions.setdefault(decision.partition, []).append(decision)
                return "decision", decision
            self._fold_pause(control)
        return "pause", decision

    def _is_needed(self, decision: ControlMessage) -> bool:
        system = decision.control["system"]
        concerned = self.systems if system == "" else self.systems & {system}
        return any(self._needed_from.get((one, decision.partition), 0) <= decision.offset for one in concerned)

    def _fold_pause(self, control: Control) -> None:
        connection, system = control["connection"], control["system"]
        if control["action"] == "pause":
            place, is_own = (connection, system), is_own_pause(control)
            if not (is_own and self._is_by_a_person(place)):
                self._paused = {**self._paused, place: control["reason"] or "paused"}
                self._own = self._own | {place} if is_own else self._own - {place}
            self._unread.pop((connection, system), None)
        elif control["action"] in ("resume", "ceiling"):
            self._resumed = {**self._resumed, (connection, system): control["at"]}
            self._paused = {
                place: reason
                for place, reason in self._paused.items()
                if place[0] != connection or (system != "" and place[1] not in ("", system))
            }

    def _is_by_a_person(self, place: Paused) -> bool:
        """Whether a person has paused this. Our own later pause does not replace a person's."""
        return place in self._paused and place not in self._own

    def _fold_period(self, period: _Period) -> tuple[str, Any]:
        self._periods[period.connection] = {**self._periods.get(period.connection, {}), period.code: period}
        return "period", period.connection


def is_own_pause(control: Mapping[str, Any]) -> bool:
    """Whether a control is a pause that a sink decided itself."""
    return control.get("action") == "pause" and control.get("actor") == STAGE and not control.get("op_key")


def _link_of(link: Link) -> _Linked:
    key = (link["target_system"], link["connection"], link["entity"], link["source_id"])
    keys = pair_keys(key, link.get("purpose", ""), link.get("part", "")) if link["origin"] == ORIGIN else [key]
    return _Linked(key, link["target_id"], keys)


def _decision_of(control: Control, message: Message) -> ControlMessage:
    missing = [name for name in Control.__annotations__ if name not in control]
    if missing:
        raise KeyError(*missing)
    return ControlMessage(control, message.partition() or 0, message.offset() or 0)


def _kind(purpose: str, record: str) -> str:
    """Which part of the period must be open for a document; for a journal, the ledger itself."""
    kinds = {"sale": "receivable", "collection": "receivable", "payable": "payable"}
    return "ledger" if record == "journal" else kinds.get(purpose, "ledger")


def _period_of(period: Period) -> _Period | None:
    if period["starts_on"] is None or period["ends_on"] is None:
        return None
    open_for = {k for k in ("receivable", "payable", "ledger") if period[f"open_{k}"]}  # type: ignore[literal-required]  # three fields of Period
    return _Period(period["connection"], period["code"], period["starts_on"], period["ends_on"], frozenset(open_for))


class Following:
    """Reads the topics of `followed` from Kafka: everything there at the start, then new records in a thread that reports changes to
    `tell`.

    `control_from` says from which offsets the sinks of this process still need decisions (`committed_controls`). `on_refusal` is called
    with each control that is not believed. Raises `Broken` if there are no keys to verify signatures with.
    """

    def __init__(
        self,
        settings: Settings,
        followed: Followed,
        tell: Callable[[str, Any], None],
        control_from: ControlOffsets = MappingProxyType({}),
        on_refusal: Callable[[Refusal], None] | None = None,
    ) -> None:
        self._settings, self._followed, self._tell = settings, followed, tell
        self._trust = Trust(settings, tell=on_refusal)
        self._links_topic = settings.topic(LINKS)
        topics = [settings.topic(name) for name in (LINKS, CONTROL, PERIODS)]
        self._topics = TopicFollower(NAME, settings.kafka, topics, self._take)
        followed.unseen = lambda: self._topics.trouble
        for (system, partition), offset in control_from.items():
            followed.forget(system, partition, offset)

    @property
    def trouble(self) -> str:
        """Why pauses, releases and links cannot be seen now; "" if they can."""
        return self._topics.trouble

    @property
    def failed(self) -> str:
        """Why pauses, releases and links will never be seen again; "" while they may be."""
        return self._topics.failed

    def start(self) -> Following:
        """Read what is there, links from where an earlier process stopped, then follow in a thread. Blocking."""
        self._read_links()
        for name in (CONTROL, PERIODS):
            for message in self._topics.to_end(self._settings.topic(name)):
                self._fold(message)
        self._trust.settled()
        self._topics.start()
        return self

    def stop(self) -> None:
        """Stop following. What is known remains."""
        self._topics.stop()

    def _read_links(self) -> None:
        settings, topic = self._settings.kafka, self._links_topic
        source = f"{topic_id(settings, topic)} for {','.join(sorted(self._followed.systems))}"
        start = self._followed.links.begin(source)
        for number, message in enumerate(self._topics.to_end(topic, start)):
            self._followed.fold(message)
            if number % _NOTE_EVERY == _NOTE_EVERY - 1:
                self._note_links()
        self._note_links()

    def _fold(self, message: Message) -> tuple[str, Any] | None:
        """See `Followed.fold`. Returns None for a control that is not believed."""
        if message.topic() == self._settings.topic(CONTROL):
            signed = self._trust.believed(message)
            if signed is None:
                return None
            if signed.signer == SINKS and not self._followed.is_own_pause(message):
                self._trust.refuse(message, "the sinks sign their own pauses and nothing else")
                return None
        return self._followed.fold(message)

    def _take(self, messages: list[Message]) -> None:
        for message in messages:
            told = self._fold(message)
            if told is not None:
                self._tell(*told)
        read = {
            message.partition() or 0: (message.offset() or 0) + 1 for message in messages if message.topic() == self._links_topic
        }
        if read:
            self._followed.links.has_read(read)

    def _note_links(self) -> None:
        own = {partition: offset for (topic, partition), offset in self._topics.offsets.items() if topic == self._links_topic}
        self._followed.links.has_read(own)


def topic_id(settings: Kafka, topic: str) -> str:
    """The id of a topic. A topic that was deleted and created again under the same name has another one. Blocking."""
    return kafka.topic_ids(kafka.admin(settings), [topic])[topic]


def committed_controls(settings: Settings, systems: Iterable[str]) -> dict[tuple[str, int], int]:
    """The offsets of `control` that the groups of these systems' sinks have committed; 0 if there is none. Blocking."""
    topic, found = settings.topic(CONTROL), {}
    places = [TopicPartition(topic, partition) for partition in range(settings.kafka.partitions)]
    for system in systems:
        with closing(kafka.consumer(settings.kafka, f"sinks.{system}")) as client:
            for place in kafka.committed(client, places):
                found[(system, place.partition)] = max(place.offset, 0)
    return found
