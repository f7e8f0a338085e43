"""Which records of the topics that people write to count: those that are signed by a permitted signer and are not older than what is in
force.

Anyone who can write to Kafka can write to these topics. A record counts only with a valid signature (`runtime/signing.py`) and a version
that does not go back. On `connections`, `crosswalk` and `credentials` each key has one state: a record counts if its version is higher than
the newest one that counted. On `control` each record is a decision of its own: it counts once, and only if no decision of the same signer
for the same connection that is newer by `LATE_US` has counted. A record that does not count is reported, and what was in force stays in
force.

A reader reads these topics from the beginning, in order, when it starts. It therefore believes the same records as a reader that was
running all the time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from confluent_kafka import Message

from runtime import metrics
from runtime.errors import Broken
from runtime.log import log
from runtime.rolekeys import DECIDER, OPERATOR, SINKS, VERIFY, RoleKeys, keys_at
from runtime.settings import Settings
from runtime.signing import Headers, NotBelieved, Place, Signed, UnknownKey, now_version, sign, verify
from topology.headers import coordinates
from topology.topics import partition_of

MAY_SIGN: Mapping[str, tuple[str, ...]] = {
    "connections": (OPERATOR,),
    "crosswalk": (OPERATOR,),
    "credentials": (OPERATOR,),
    "control": (OPERATOR, DECIDER, SINKS),
}
"""The topics with signed records, and who may sign them. On `control` sinks sign only their own pauses (`services/sinks/follow.py`)."""
CONTROL = "control"
LATE_US = 600 * 1_000_000
"""How far the clocks of two people who decide may differ."""
_REMEDY = {
    "connections": "`apply` the connection again.",
    "crosswalk": "`apply` the connection again.",
    "credentials": "`apply` the connection again.",
    CONTROL: "Decide again with `ml-connector held`, `pause` or `resume`.",
}
_REPORT_EACH_UP_TO, _THEN_REPORT_EVERY, _HISTORY = 20, 1000, 1000


@dataclass(frozen=True)
class Refusal:
    """A record that does not count, and why."""

    place: Place
    offset: int
    why: str
    remedy: str


@dataclass
class _Window:
    """The versions of one signer's decisions for one connection that may still come a second time."""

    newest: int = 0
    seen: set[int] = field(default_factory=set)

    def counts(self, version: int) -> bool:
        """Whether it is a new decision; False if it came before. Raises `NotBelieved` if it is too old for that to be known."""
        if version <= self.newest - LATE_US:
            raise NotBelieved(f"it is older (version {version}) than what is in force ({self.newest})")
        if version in self.seen:
            return False
        self.newest = max(self.newest, version)
        self.seen = {one for one in self.seen if one > self.newest - LATE_US} | {version}
        return True


class Trust:
    """Which records one reader believes. Use it from one thread at a time.

    `tell` is called with each refusal that is reported, in addition to the log. Until `settled` is called, the topics are being read from
    the beginning. A refused record that is followed by one of the same key that counts is history then (its key was dropped from the ring,
    or it was written before records were signed): it is only counted. What is reported is a refusal after the last record that counts.
    """

    def __init__(
        self, settings: Settings, roles: tuple[str, ...] = (VERIFY,), tell: Callable[[Refusal], None] | None = None
    ) -> None:
        self._settings, self._roles, self.tell = settings, roles, tell
        self.keys: RoleKeys = keys_at(settings.key_ring, roles)
        self._written = _written(settings.key_ring)
        self._newest: dict[tuple[str, int, bytes], int] = {}
        self._windows: dict[tuple[str, int, bytes, str], _Window] = {}
        self._names = {settings.topic(name): name for name in MAY_SIGN}
        self.refused: Counter[str] = Counter()
        self._history: dict[Place, Refusal] | None = {}

    @property
    def newest(self) -> int:
        """The highest version believed so far; 0 if there is none."""
        return max((*self._newest.values(), *(window.newest for window in self._windows.values())), default=0)

    def believed(self, message: Message) -> Signed | None:
        """The signature of a record that counts. None for one that came before, and for one that is refused, which is reported."""
        place = _place(message)
        try:
            signed = self._judged(place, message.value(), cast("Headers", message.headers() or ()))
        except NotBelieved as error:
            self.refuse(message, str(error))
            return None
        if self._history and signed is not None:
            self._history.pop(place, None)
        return signed

    def settled(self) -> None:
        """The topics have been read to their end: report the refusals that remain, and from now on each refusal at once."""
        reported, self._history = list((self._history or {}).values()), None
        past = sum(self.refused.values()) - len(reported)
        if past:
            log.warning("records_refused_before", count=past, why="newer records of the same keys count; see the metric")
        for number, refusal in enumerate(reported, 1):
            self._report(refusal, number)

    def keys_with(self, key_id: str) -> RoleKeys:
        """The key ring. Its file is read again if none of the keys for opening has this id."""
        if all(key.id != key_id for ring in self.keys.opens.values() for key in ring.keys):
            self._read_again()
        return self.keys

    def refuse(self, message: Message, why: str) -> None:
        """Count a record that does not count, and report it."""
        place = _place(message)
        name = self._names.get(place.topic, place.topic)
        refusal = Refusal(place, message.offset() or 0, why, f"Find out who wrote it. If it was meant: {_REMEDY.get(name, '')}")
        self.refused[name] += 1
        metrics.RECORDS_REFUSED.labels(name).inc()
        if self._history is None or (place not in self._history and len(self._history) >= _HISTORY):
            self._report(refusal, self.refused[name])
        else:
            self._history[place] = refusal

    def _report(self, refusal: Refusal, count: int) -> None:
        if count <= _REPORT_EACH_UP_TO or count % _THEN_REPORT_EVERY == 0:
            where = coordinates(refusal.place.topic, refusal.place.partition, refusal.offset)
            key = _shown(refusal.place.key)
            log.error("record_refused", record=where, key=key, why=refusal.why, count=count, remedy=refusal.remedy)
        if self.tell is not None:
            self.tell(refusal)

    def _judged(self, place: Place, value: bytes | None, headers: Headers) -> Signed | None:
        name = self._names[place.topic]
        if value is None:
            raise NotBelieved("it has no value")
        signed = self._verified(place, value, headers)
        if signed.signer not in MAY_SIGN[name]:
            raise NotBelieved(f"{signed.signer} may not write to {name}")
        if name == CONTROL:
            window = self._windows.setdefault((place.topic, place.partition, place.key, signed.signer), _Window())
            return signed if window.counts(signed.version) else None
        return signed if self._is_newer((place.topic, place.partition, place.key), signed.version) else None

    def _is_newer(self, where: tuple[str, int, bytes], version: int) -> bool:
        known = self._newest.get(where, 0)
        if version < known:
            raise NotBelieved(f"it is older (version {version}) than what is in force ({known})")
        self._newest[where] = version
        return version > known

    def _verified(self, place: Place, value: bytes, headers: Headers) -> Signed:
        try:
            return verify(self.keys, place, value, headers)
        except UnknownKey:
            if not self._read_again():
                raise
            return verify(self.keys, place, value, headers)

    def _read_again(self) -> bool:
        """Read the file of keys if it was written since. A rotation therefore needs no restart."""
        written = _written(self._settings.key_ring)
        if written == self._written:
            return False
        self._written = written
        try:
            self.keys = keys_at(self._settings.key_ring, self._roles)
        except Broken as error:
            log.error("key_ring_unreadable", error=str(error))
            return False
        return True


def _place(message: Message) -> Place:
    key: bytes | str | None = message.key()
    return Place(message.topic() or "", message.partition() or 0, key.encode() if isinstance(key, str) else key or b"")


def _shown(key: bytes) -> str:
    return key[:120].decode(errors="backslashreplace")


def _written(path: Path | None) -> tuple[int, int]:
    """A value that changes whenever the file does; (0, 0) if there is no file."""
    try:
        found = path.stat() if path is not None else None
    except OSError:
        return 0, 0
    return (found.st_mtime_ns, found.st_ino) if found is not None else (0, 0)


class Signatures:
    """Signs what one command writes. All of it gets one version: the real time, and higher than any version that the command has read."""

    def __init__(self, settings: Settings, roles: tuple[str, ...] = (OPERATOR, DECIDER)) -> None:
        self._settings = settings
        self._keys = keys_at(settings.key_ring, roles)
        self.version = now_version()

    def after(self, version: int) -> None:
        """Sign with a version that is newer than this one from now on."""
        self.version = max(self.version, version + 1)

    def header_now(self, name: str, key: bytes, connection: str, value: bytes) -> tuple[str, bytes]:
        """As `header`, under a new version each time, for a process that signs from time to time."""
        self.version = max(self.version + 1, now_version())
        return self.header(name, key, connection, value)

    def header(self, name: str, key: bytes, connection: str, value: bytes) -> tuple[str, bytes]:
        """The signature of a record of topic `name` (without prefix), in the partition of its connection."""
        place = Place(self._settings.topic(name), partition_of(connection, self._settings.kafka.partitions), key)
        return sign(self._keys, MAY_SIGN[name], place, value, self.version)
