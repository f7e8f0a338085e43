"""The state of every document by amount, and of every connection: mode, pause, and whether each side is read and written. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from console.books import words
from console.books.controls import Pause
from console.books.ledgers import Bucket
from console.books.opened import Source, source_of, whole_of
from console.output import cents
from services.ingress.standing import READ, STOPPED
from services.sinks import entry as e
from services.sinks import reasons
from systems.connection import ConnectionSettings
from systems.connection import Side as ConnectionSide

_TOLD = (e.HELD, e.WAITING, e.REJECTED)
_IN_WAY = (reasons.CREDENTIALS, reasons.SYSTEM_DOWN, reasons.THROTTLED)
"""Reasons to wait that concern the system, not the document."""


class Group(NamedTuple):
    """Documents in the same state."""

    connection: str
    document: str
    state: str
    reason: str
    words: str
    currency: str


class Place(NamedTuple):
    """One side of a connection."""

    connection: str
    system: str


class States:
    """The newest state of each op-key, as its group and amount; and for each side, when it was last written and what prevents it from being
    written."""

    def __init__(self) -> None:
        self._of: dict[str, tuple[Group, Decimal]] = {}
        self._groups: dict[Group, Group] = {}
        self._ended: set[Source] = set()
        self._applications: dict[str, Source] = {}
        self._in_way: dict[str, tuple[Place, str, datetime]] = {}
        self.written: dict[Place, datetime] = {}

    def learn(self, entry: Mapping[str, Any]) -> None:
        """Take in one more ledger record, in order."""
        group = group_of(entry)
        self._of[entry["op_key"]] = self._groups.setdefault(group, group), entry["amount"]
        self._learn_end(entry)
        place, at = Place(entry["connection"], entry["system"]), entry["updated_at"]
        self._in_way.pop(entry["op_key"], None)
        if entry["state"] in (e.POSTED, e.ADOPTED):
            self.written[place] = max(at, self.written.get(place, at))
        elif entry["state"] == e.WAITING and entry["reason"] in _IN_WAY:
            sentence = f"{reasons.WAITING[entry['reason']]}" + (f" ({entry['detail'][:120]})" if entry["detail"] else "")
            self._in_way[entry["op_key"]] = (place, sentence, at)

    def _learn_end(self, entry: Mapping[str, Any]) -> None:
        """Note which documents ended without being written, and which applications have not ended."""
        self._applications.pop(entry["op_key"], None)
        if entry["action"] == "apply" and entry["state"] not in e.TERMINAL:
            self._applications[entry["op_key"]] = whole_of(entry)
        elif entry["action"] == "create" and entry["state"] in (e.SUPERSEDED, e.REJECTED):
            self._ended.add(source_of(entry))
        elif entry["action"] == "create":
            self._ended.discard(source_of(entry))

    def _group(self, op_key: str, group: Group) -> Group:
        """The group in which a document counts. The application of a payment that was never written has ended with that payment."""
        if self._applications.get(op_key) not in self._ended:
            return group
        return group._replace(state=e.SUPERSEDED, reason="", words="its payment ended without being posted")

    def rows(self) -> list[dict[str, Any]]:
        """Counts and amounts by group."""
        buckets: dict[Group, Bucket] = defaultdict(Bucket)
        for op_key, (group, amount) in self._of.items():
            buckets[self._group(op_key, group)].add(amount)
        names = ("connection", "document", "state", "reason", "words", "currency")
        return [
            {**dict(zip(names, group, strict=True)), "count": bucket.count, "amount": cents(bucket.amount)}
            for group, bucket in sorted(buckets.items())
        ]

    def kept(self) -> dict[Place, str]:
        """What prevents each side from being written, by the newest document that waits for it."""
        found: dict[Place, tuple[str, datetime]] = {}
        for place, sentence, at in self._in_way.values():
            if place not in found or at > found[place][1]:
                found[place] = sentence, at
        return {place: sentence for place, (sentence, _) in found.items()}


def group_of(entry: Mapping[str, Any]) -> Group:
    """The group in which an entry is counted. `words` say what these documents wait for or why they are held, and are never empty for those
    states."""
    reason = entry["reason"] if entry["state"] in _TOLD else ""
    return Group(entry["connection"], entry["record"], entry["state"], reason, _words(entry), entry["currency"])


def _words(entry: Mapping[str, Any]) -> str:
    if entry["state"] == e.HELD:
        return reasons.HELD.get(entry["reason"], str(entry["reason"]).replace("_", " "))
    if entry["state"] in e.TERMINAL:
        return reasons.ENDED.get(entry["reason"], "")
    if entry["reason"] == reasons.PARENT and entry["waits_for"]:
        entities = sorted({one.partition("/")[0].replace("_", " ") for one in entry["waits_for"]})
        return f"for its {' and '.join(entities)}"
    return words.waits_words({**entry, "detail": "", "due_at": None})


class Off(NamedTuple):
    """The feeds of a side that its settings switch off (`feeds_off`), and whether these are all of them."""

    feeds: tuple[str, ...] = ()
    is_all: bool = False


@dataclass(frozen=True)
class Side:
    """One system of a connection as services see it."""

    system: str
    why: str = ""
    since: datetime | None = None
    last_read: datetime | None = None
    last_write: datetime | None = None
    off: Off = field(default_factory=Off)

    @property
    def state(self) -> str:
        """In one word or two."""
        if self.why:
            return "stopped"
        return "feeds off" if self.off.is_all else "ok" if self.last_read is not None else "not read"

    def as_json(self) -> dict[str, Any]:
        """The form that programs rely on."""
        own = {name: value for name, value in vars(self).items() if name != "off"}
        return {**own, "state": self.state, "feeds_off": list(self.off.feeds)}


@dataclass(frozen=True)
class Head:
    """One connection: how it runs, every pause that is in force, and its two sides."""

    settings: ConnectionSettings
    pauses: Sequence[Pause]
    sides: tuple[Side, ...]

    def otherwise(self) -> dict[str, str]:
        """The mode of each flow that runs, but otherwise than its connection."""
        own = self.settings
        modes = {name: own.mode_of(name) for name, flow in own.flows.items() if flow.enabled}
        return {name: mode for name, mode in sorted(modes.items()) if mode != own.mode}

    def as_json(self) -> dict[str, Any]:
        """The form that programs rely on."""
        newest = max(self.pauses, key=lambda pause: pause.at, default=None)
        own = {"connection": self.settings.connection, "label": self.settings.label, "mode": self.settings.mode}
        paused = {"paused": None if newest is None else vars(newest), "pauses": [vars(pause) for pause in self.pauses]}
        return {**own, "flows": self.otherwise(), **paused, "sides": [side.as_json() for side in self.sides]}


@dataclass
class Feeds:
    """When each feed was read last, and which feeds are not read, by cursors and the pollers' decisions."""

    read: dict[Place, dict[str, datetime]] = field(default_factory=lambda: defaultdict(dict))
    stopped: dict[Place, dict[str, tuple[datetime, str]]] = field(default_factory=lambda: defaultdict(dict))

    def learn_cursor(self, cursor: Mapping[str, Any]) -> None:
        """Where a feed is, and since when."""
        system, _, feed = cursor["feed"].partition(".")
        self.read[Place(cursor["connection"], system)][feed] = cursor["at"]

    def learn_decision(self, audit: Mapping[str, Any]) -> None:
        """Note that a feed stopped, or is read again. Other decisions are ignored."""
        own = self.stopped[Place(audit["connection"], audit["system"])] if audit["decision"] in (STOPPED, READ) else {}
        if audit["decision"] == STOPPED:
            own[audit["entity"]] = audit["at"], audit["detail"]
        else:
            own.pop(audit["entity"], None)

    def side(self, connection: str, side: ConnectionSide, states: States) -> Side:
        """A side, with everything that is known about it. A feed whose cursor was written after it stopped is read again. A feed that has since been
        switched off is named as such, and not reported as missing."""
        place, off = Place(connection, side.system), side.feeds_off
        read = self.read.get(place, {})
        last = max(read.values(), default=None)
        stopped = {
            feed: (at, why)
            for feed, (at, why) in self.stopped.get(place, {}).items()
            if feed not in off and at >= (read.get(feed, at) if feed else last or at)
        }
        since = min((at for at, _ in stopped.values()), default=None)
        kept = states.kept().get(place, "")
        parts = [*_reasons_of({feed: why for feed, (_, why) in stopped.items()}), *([f"writing: {kept}"] if kept else [])]
        names = {feed.name for feed in side.declared.feeds}
        told_off = Off(tuple(sorted(off & names)), off >= names > frozenset())
        return Side(place.system, "; ".join(parts), since, last, states.written.get(place), told_off)


def _reasons_of(stopped: Mapping[str, str]) -> Iterator[str]:
    """Why feeds are not read; feeds with the same reason share one line."""
    feeds: dict[str, list[str]] = defaultdict(list)
    for feed, why in sorted(stopped.items()):
        feeds[why].append(feed or "no session")
    for why, names in feeds.items():
        more = f" and {len(names) - 2} more" if len(names) > 2 else ""
        yield f"{', '.join(names[:2])}{more}: {why}"


def heads(
    connections: Iterable[ConnectionSettings], paused: Mapping[str, Sequence[Pause]], feeds: Feeds, states: States
) -> Iterator[Head]:
    """A head for each connection."""
    for settings in connections:
        sides = (settings.field_service, settings.erp)
        told = tuple(feeds.side(settings.connection, side, states) for side in sides)
        yield Head(settings, paused.get(settings.connection, ()), told)
