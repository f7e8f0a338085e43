"""Credentials of the connections: sealed by `apply`, read from their topic and opened here, in memory only.

Purposes: `<system>.<role>` (role poller, sink or check) for a system's API credentials, `webhook` and `push` for the keys that
senders sign with. A set that does not open is named and left out; every other connection runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from confluent_kafka import Message

from runtime import kafka, metrics, secrets
from runtime.clock import Clock
from runtime.errors import Broken, ConnectorError
from runtime.log import log
from runtime.secrets import Envelope, KeyRing
from runtime.settings import Settings
from runtime.threads import TopicFollower
from schemas.codec import Codec, Record
from schemas.errors import Malformed
from topology.topics import partition_of

TOPIC = "credentials"
RECORD = "connection.credential"
MIN_KEY_CHARACTERS = 32
MAX_KEY_CHARACTERS = 64
"""Length of a webhook's HMAC key, as the field-service vendor's portal makes them (its page "Webhooks", read 2026-11)."""

Secret = dict[str, Any] | list[dict[str, Any]]


def seal(ring: KeyRing, bound_to: tuple[str, str], secret: Secret, now: datetime) -> Record:
    """The `credentials` record of one set; `bound_to` is (connection, purpose). Refuses keys of `webhook` and `push` that are unfit."""
    if isinstance(secret, list):
        for key in secret:
            require_fit_key(bound_to, key)
    envelope = secrets.seal(ring, bound_to, orjson.dumps(secret), now)
    return _record(bound_to, envelope, now, None)


def require_fit_key(bound_to: tuple[str, str], key: Mapping[str, Any]) -> None:
    """Raise `Broken` naming the key, never showing it, when it is no name and 32 to 64 characters."""
    length = len(key.get("secret") or "")
    where = f"{bound_to[0]}: {bound_to[1]} key {key.get('name')!r}"
    if not MIN_KEY_CHARACTERS <= length <= MAX_KEY_CHARACTERS:
        raise Broken(f"{where} has {length} characters, not {MIN_KEY_CHARACTERS} to {MAX_KEY_CHARACTERS}.", "Generate a new key.")
    if key.get("not_after") and datetime.fromisoformat(key["not_after"]).tzinfo is None:
        raise Broken(f"{where}: not_after has no zone.", "Example: 2026-03-31T00:00:00+00:00")


def key_of(bound_to: tuple[str, str]) -> str:
    """Key of a credential record: connection/purpose."""
    return f"{bound_to[0]}/{bound_to[1]}"


def _record(bound_to: tuple[str, str], envelope: Envelope, now: datetime, not_after: datetime | None) -> Record:
    return {
        "connection": bound_to[0],
        "purpose": bound_to[1],
        "key_id": envelope.key_id,
        "wrapped_key": envelope.wrapped_key,
        "nonce": envelope.nonce,
        "ciphertext": envelope.ciphertext,
        "not_after": not_after,
        "removed": False,
        "at": now,
    }


def envelope_of(record: Record) -> Envelope:
    """The sealed part of a `credentials` record."""
    return Envelope(record["key_id"], record["wrapped_key"], record["nonce"], record["ciphertext"])


@dataclass(frozen=True)
class _Set:
    secret: Secret
    not_after: datetime | None
    version: str


class CredentialStore:
    """The sets in force, followed in a thread of its own.

    `on_change` is called in that thread with the connection whose sets changed after the start.
    """

    def __init__(self, settings: Settings, codec: Codec, clock: Clock, on_change: Callable[[str], None] | None = None) -> None:
        if settings.key_ring is None:
            raise Broken(
                "ML_CONNECTOR_KEY_RING is not set.", "Set it to the key ring's file; `ml-connector keys new FILE` makes one."
            )
        self._settings = settings
        self._codec = codec
        self._clock = clock
        self._on_change = on_change
        self._ring = secrets.read_ring(settings.key_ring)
        self._sets: dict[tuple[str, str], _Set] = {}
        self._unreadable: dict[tuple[str, str], str] = {}
        self._topics = TopicFollower(TOPIC, settings.kafka, [settings.topic(TOPIC)], self._take)

    @property
    def trouble(self) -> str:
        """Why changed credentials are not seen now; "" when they are."""
        return self._topics.trouble

    @property
    def failed(self) -> str:
        """Why changed credentials will never be seen any more; "" while they may be."""
        return self._topics.failed

    def start(self) -> CredentialStore:
        """Read everything written by now, then follow. Of each set only the newest record is opened: what was replaced is no news."""
        newest: dict[Any, Message] = {}
        for message in self._topics.to_end(self._settings.topic(TOPIC)):
            newest[self._set_of(message)] = message
        for message in newest.values():
            self._fold(message)
        self._topics.start()
        return self

    def stop(self) -> None:
        """Stop following; what is known stays."""
        self._topics.stop()

    def get(self, connection: str, purpose: str) -> Secret:
        """The set for a purpose. Raises `Broken` when there is none, it ended, or it does not open."""
        found = self._sets.get((connection, purpose))
        if found is None:
            reason = self._unreadable.get((connection, purpose), f"{connection}: there are no credentials for {purpose}.")
            raise Broken(reason, "Apply the connection with its credentials.")
        if found.not_after is not None and found.not_after <= self._clock.now():
            raise Broken(f"{connection}: the credentials for {purpose} ended at {found.not_after}.", "Apply new ones.")
        return found.secret

    def keys(self, connection: str, purpose: str) -> list[dict[str, Any]]:
        """The keys that senders sign with; empty where there are none, so that everything is refused."""
        try:
            found = self.get(connection, purpose)
        except Broken:
            return []
        return found if isinstance(found, list) else []

    def version(self, connection: str, purpose: str) -> str:
        """Changes whenever the secret itself does, not when it is only wrapped again; "" where there is none."""
        found = self._sets.get((connection, purpose))
        return found.version if found is not None else ""

    def _take(self, messages: list[Message]) -> None:
        changed: set[str] = set().union(*(self._fold(message) for message in messages))
        for connection in sorted(changed):
            if self._on_change is not None:
                self._on_change(connection)

    def _set_of(self, message: Message) -> tuple[Any, ...]:
        """Which set a record is of; what cannot be read is of its own, and `_fold` tells of it."""
        try:
            _, record = self._codec.decode(message.value())
            return record["connection"], record["purpose"]
        except Exception:  # noqa: BLE001 - whatever is wrong with one record, the sets of the others are opened
            return message.partition(), message.offset(), ""

    def _fold(self, message: Message) -> set[str]:
        try:
            _, record = self._codec.decode(message.value())
            bound_to = (record["connection"], record["purpose"])
            self._unreadable.pop(bound_to, None)
            if record["removed"]:
                self._sets.pop(bound_to, None)
            else:
                self._open(bound_to, record)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one record, the sets of the others go on
            # of what is no error of ours only the type is told: its text could show opened bytes
            words = str(error)[:200] if isinstance(error, Malformed | ConnectorError) else type(error).__name__
            log.error("credentials_unreadable", offset=message.offset(), error=words)
            metrics.FOLLOWED_UNREADABLE.labels(TOPIC).inc()
            return set()
        metrics.CREDENTIALS_UNREADABLE.set(len(self._unreadable))
        return {record["connection"]}

    def _open(self, bound_to: tuple[str, str], record: Record) -> None:
        try:
            secret = orjson.loads(secrets.unseal(self._ring_with(record["key_id"]), bound_to, envelope_of(record)))
            if isinstance(secret, list):
                for key in secret:
                    require_fit_key(bound_to, key)
        except (Broken, ValueError, TypeError, AttributeError) as error:
            # all but Broken is from the opened bytes: its text could show them
            unfit = f"{bound_to[0]}: the credentials for {bound_to[1]} are not what `apply` seals."
            reason = str(error) if isinstance(error, Broken) else unfit
            self._unreadable[bound_to] = reason
            self._sets.pop(bound_to, None)
            log.error("credentials_unreadable", connection=bound_to[0], purpose=bound_to[1], error=reason)
            return
        self._sets[bound_to] = _Set(secret, record["not_after"], record["nonce"].hex())

    def _ring_with(self, key_id: str) -> KeyRing:
        """The ring, read again when it does not know the key: a rotation needs no restart."""
        if self._settings.key_ring is not None and all(key.id != key_id for key in self._ring.keys):
            self._ring = secrets.read_ring(self._settings.key_ring)
        return self._ring


@dataclass(frozen=True)
class Rewrapped:
    """What came of wrapping anew: how many sets were, and in words what was left as it is."""

    count: int
    left: tuple[str, ...]


def rewrap_all(settings: Settings, codec: Codec, ring: KeyRing, now: datetime) -> Rewrapped:
    """Wrap every data key under the newest key of the ring.

    Each set is one record; stopped half-way, the next call goes on with the rest, for what is done is told by its key id. What cannot
    be read, or is under no key of the ring, is left: no service can open it either, so no key has to be kept for it. Raises `Broken`
    when nothing at all opens: then this is not the ring of these credentials.
    """
    newest, left = _newest(settings, codec)
    id_now, opened, rewrapped = ring.newest(now).id, 0, []
    for bound_to, record in newest.items():
        try:
            envelope = secrets.rewrap(ring, envelope_of(record), now)
        except Broken as error:
            left.append(f"{key_of(bound_to)}: {error.words} Apply {bound_to[0]} again.")
            continue
        opened += 1
        if record["key_id"] != id_now:
            rewrapped.append({**record, **_wrapped(envelope), "at": now})
    if newest and not opened:
        raise Broken(
            f"{settings.key_ring} opens none of the {len(newest)} credential sets: it is another ring; nothing was changed.",
            "Set ML_CONNECTOR_KEY_RING to the ring that the services have.",
        )
    publish(settings, codec, rewrapped)
    return Rewrapped(len(rewrapped), tuple(left))


def _newest(settings: Settings, codec: Codec) -> tuple[dict[tuple[str, str], Record], list[str]]:
    """The sets in force by connection and purpose, and what could not be read: like a service, the readable record before it counts."""
    found: dict[tuple[str, str], Record] = {}
    unread: list[str] = []
    for message in kafka.read_to_end(settings.kafka, settings.topic(TOPIC), list(range(settings.kafka.partitions))):
        try:
            _, record = codec.decode(message.value() or b"")
            found[(record["connection"], record["purpose"])] = record
        except (Malformed, KeyError, TypeError) as error:
            unread.append(
                f"{message.topic()}/{message.partition()}/{message.offset()}: cannot be read ({type(error).__name__}); skipped."
            )
    return {bound_to: record for bound_to, record in found.items() if not record["removed"]}, unread


def _wrapped(envelope: Envelope) -> Record:
    return {"key_id": envelope.key_id, "wrapped_key": envelope.wrapped_key}


def publish(settings: Settings, codec: Codec, records: list[Record]) -> None:
    """Write credential records; returns when all are acked. Raises `Broken` when one was not."""
    topic = settings.topic(TOPIC)
    client = kafka.producer(settings.kafka)
    failed: list[str] = []
    for record in records:
        client.produce(
            topic,
            value=codec.encode(topic, RECORD, record),
            key=key_of((record["connection"], record["purpose"])),
            partition=partition_of(record["connection"], settings.kafka.partitions),
            on_delivery=lambda error, _: failed.append(str(error)) if error is not None else None,
        )
    if client.flush(15) or failed:
        raise Broken(f"{topic}: credentials were not acknowledged ({', '.join(failed[:1]) or 'no answer'}).", "Look at the broker.")
