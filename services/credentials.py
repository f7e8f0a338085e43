"""The credentials of the connections: encrypted by `apply`, read from their topic and decrypted here, in memory only.

Purposes: `<system>.<role>` (role poller, sink or check) for a system's API credentials, `webhook` and `push` for the keys with which
senders sign. Each set is encrypted for the group of its purpose, so that a role can open its own sets and no others. A set also contains
the addresses and network settings that it was applied for, and is given out for these only. A set without a valid signature, that cannot be
opened, or that is older than the connection in force is named and left out. All other connections keep running.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

import orjson
from confluent_kafka import Message

from runtime import kafka, metrics, secrets
from runtime.clock import Clock
from runtime.errors import Broken, ConnectorError
from runtime.log import log
from runtime.rolekeys import CHECK, INGRESS, NETWORK, OPERATOR, POLLERS, SINKS, RoleKeys, opening
from runtime.secrets import Envelope, KeyRing
from runtime.settings import Settings
from runtime.signing import Signed
from runtime.threads import TopicFollower
from schemas.codec import Codec, Record
from schemas.errors import Malformed
from topology.topics import partition_of
from topology.trust import Refusal, Signatures, Trust

TOPIC, CONNECTIONS = "credentials", "connections"
RECORD = "connection.credential"
MIN_KEY_CHARACTERS = 32
MAX_KEY_CHARACTERS = 64
"""Length of a webhook's HMAC key, as the field-service vendor's portal makes them (its page "Webhooks", read 2026-11)."""

Secret = dict[str, Any] | list[dict[str, Any]]
Origins = Mapping[str, Any]
"""What a secret may be sent to, as `services.network.origins_of` describes a side."""
_GROUPS = {"webhook": INGRESS, "push": INGRESS, "poller": POLLERS, "sink": SINKS, "check": CHECK, "network": NETWORK}


def group_of(purpose: str) -> str:
    """The group of credentials that a purpose belongs to. Raises `Broken` for a purpose that no role opens."""
    group = _GROUPS.get(purpose.rpartition(".")[2])
    if group is None:
        raise Broken(f"Nobody opens credentials for {purpose!r}.", f"Purposes end with one of: {', '.join(_GROUPS)}.")
    return group


@dataclass(frozen=True)
class Sealed:
    """What is encrypted: the secret, and where it may be sent. None means nowhere, for the keys with which senders sign."""

    secret: Secret
    origins: Origins | None = None

    def as_bytes(self) -> bytes:
        """The bytes that are encrypted."""
        return orjson.dumps({"secret": self.secret, "origins": self.origins})


def seal(ring: KeyRing, bound_to: tuple[str, str], sealed: Sealed, now: datetime) -> Record:
    """The `credentials` record of one set; `bound_to` is (connection, purpose). Refuses unfit keys of `webhook` and `push`."""
    if isinstance(sealed.secret, list):
        for key in sealed.secret:
            require_fit_key(bound_to, key)
    envelope = secrets.seal(opening(ring, group_of(bound_to[1])), bound_to, sealed.as_bytes(), now)
    return _record(bound_to, envelope, now, None)


def opened(keys: RoleKeys, record: Record) -> Sealed:
    """The content of a set. Raises `Broken` if these keys do not open it or if it is not what `apply` writes. The message never shows the
    content."""
    bound_to = (record["connection"], record["purpose"])
    group = group_of(record["purpose"])
    if group not in keys.opens:
        raise Broken(
            f"{bound_to[0]}: role {keys.role!r} does not open the credentials for {bound_to[1]}.", "Ask the role that does."
        )
    content = secrets.unseal(keys.opens[group], bound_to, envelope_of(record))
    try:
        parsed = orjson.loads(content)
        sealed = Sealed(parsed["secret"], parsed["origins"])
        if isinstance(sealed.secret, list):
            for key in sealed.secret:
                require_fit_key(bound_to, key)
    except (ValueError, TypeError, AttributeError, KeyError):
        # `from None`: the error is about the decrypted bytes, and its text could show them
        raise Broken(
            f"{bound_to[0]}: the credentials for {bound_to[1]} are not what `apply` writes.", "Apply the connection again."
        ) from None
    return sealed


def require_fit_key(bound_to: tuple[str, str], key: Mapping[str, Any]) -> None:
    """Raise `Broken`, naming the key and never showing it, unless it has a name and 32 to 64 characters."""
    length = len(key.get("secret") or "")
    where = f"{bound_to[0]}: {bound_to[1]} key {key.get('name')!r}"
    if not MIN_KEY_CHARACTERS <= length <= MAX_KEY_CHARACTERS:
        raise Broken(f"{where} has {length} characters, not {MIN_KEY_CHARACTERS} to {MAX_KEY_CHARACTERS}.", "Generate a new key.")
    if key.get("not_after") and datetime.fromisoformat(key["not_after"]).tzinfo is None:
        raise Broken(f"{where}: not_after has no zone.", "Example: 2026-03-31T00:00:00+00:00")


def key_of(bound_to: tuple[str, str]) -> str:
    """The key of a credential record: connection/purpose."""
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
    """The encrypted part of a `credentials` record."""
    return Envelope(record["key_id"], record["wrapped_key"], record["nonce"], record["ciphertext"])


@dataclass(frozen=True)
class _Set:
    sealed: Sealed
    not_after: datetime | None
    version: str


class CredentialStore:
    """The sets in force that one role opens, followed in a thread of its own.

    `on_change` is called in that thread with each connection whose sets changed after the start.
    """

    def __init__(
        self, settings: Settings, codec: Codec, clock: Clock, on_change: Callable[[str], None] | None = None, role: str = OPERATOR
    ) -> None:
        self._settings = settings
        self._codec = codec
        self._clock = clock
        self._on_change = on_change
        self._trust = Trust(settings, (role, OPERATOR))
        self._sets: dict[tuple[str, str], _Set] = {}
        self._unreadable: dict[tuple[str, str], str] = {}
        self._applied: dict[bytes, int] = {}
        self._topics = TopicFollower(TOPIC, settings.kafka, [settings.topic(TOPIC)], self._take)

    @property
    def trouble(self) -> str:
        """Why changed credentials are not seen at present; "" if they are."""
        return self._topics.trouble

    @property
    def failed(self) -> str:
        """Why changed credentials will never be seen any more; "" while they may be."""
        return self._topics.failed

    def on_refusal(self, tell: Callable[[Refusal], None]) -> None:
        """Call this with each record that does not count. Set it before the start."""
        self._trust.tell = tell

    def start(self) -> CredentialStore:
        """Read everything written so far, then follow. Only the newest record of each set is opened, because replaced ones no longer
        matter.

        `apply` writes all sets of a connection before its record, under one version. A set that is older than the connection record found
        at the start is therefore not the one that was applied last: somebody wrote it afterwards, and the compacted topic has lost the
        record that it replaced.
        """
        self._applied = floors(self._settings, self._trust)
        self._codec.expect([self._settings.topic(TOPIC)])
        newest: dict[tuple[Any, ...], tuple[Message, Signed]] = {}
        for message in self._topics.to_end(self._settings.topic(TOPIC)):
            signed = self._trust.believed(message)
            if signed is not None:
                newest[self._set_of(message)] = message, signed
        for message, signed in newest.values():
            self._keep(message, signed)
        self._trust.settled()
        self._topics.start()
        return self

    def stop(self) -> None:
        """Stop following. What is known remains."""
        self._topics.stop()

    def get(self, connection: str, purpose: str, origins: Origins | None = None) -> Secret:
        """The set for a purpose, to be sent to these origins.

        Raises `Broken` if there is none, if following has ended, if it cannot be opened, or if it was applied for other origins.
        """
        found = self._sets.get((connection, purpose))
        if found is None:
            reason = self._unreadable.get((connection, purpose), f"{connection}: there are no credentials for {purpose}.")
            raise Broken(reason, "Apply the connection with its credentials.")
        if found.not_after is not None and found.not_after <= self._clock.now():
            raise Broken(f"{connection}: the credentials for {purpose} ended at {found.not_after}.", "Apply new ones.")
        if found.sealed.origins != origins:
            raise Broken(
                f"{connection}: the credentials for {purpose} were applied for {_described(found.sealed.origins)}, "
                f"and the connection now names {_described(origins)}; they are not sent there.",
                "If the change is yours, apply the connection again.",
            )
        return found.sealed.secret

    def keys(self, connection: str, purpose: str) -> list[dict[str, Any]]:
        """The keys with which senders sign; empty if there are none, so that everything is refused."""
        try:
            found = self.get(connection, purpose)
        except Broken:
            return []
        return found if isinstance(found, list) else []

    def version(self, connection: str, purpose: str) -> str:
        """Changes whenever the secret itself does, not when it is only wrapped or signed again; "" if there is none."""
        found = self._sets.get((connection, purpose))
        return found.version if found is not None else ""

    def _take(self, messages: list[Message]) -> None:
        changed: set[str] = set().union(*(self._fold(message) for message in messages))
        for connection in sorted(changed):
            if self._on_change is not None:
                self._on_change(connection)

    def _set_of(self, message: Message) -> tuple[Any, ...]:
        """Which set a record belongs to. A record that cannot be read counts as a set of its own, and `_keep` reports it."""
        try:
            _, record = self._codec.decode(message.value())
            return record["connection"], record["purpose"]
        except Exception:  # noqa: BLE001 - one bad record must not keep the sets of others closed
            return message.partition(), message.offset(), ""

    def _fold(self, message: Message) -> set[str]:
        signed = self._trust.believed(message)
        return self._keep(message, signed) if signed is not None else set()

    def _keep(self, message: Message, signed: Signed) -> set[str]:
        try:
            _, record = self._codec.decode(message.value())
            bound_to = (record["connection"], record["purpose"])
            applied = self._applied.get(record["connection"].encode(), 0)
            self._unreadable.pop(bound_to, None)
            if record["removed"]:
                self._sets.pop(bound_to, None)
            elif signed.version < applied:
                self._leave_out(
                    bound_to, f"{bound_to[0]}: the credentials for {bound_to[1]} are older than the connection in force."
                )
            elif group_of(record["purpose"]) in self._trust.keys.opens:
                self._open(bound_to, record)
        except Exception as error:  # noqa: BLE001 - one bad record must not stop the sets of others
            # of an error that is not ours only the type is logged: its text could show decrypted bytes
            words = str(error)[:200] if isinstance(error, Malformed | ConnectorError) else type(error).__name__
            log.error("credentials_unreadable", offset=message.offset(), error=words)
            metrics.FOLLOWED_UNREADABLE.labels(TOPIC).inc()
            return set()
        metrics.CREDENTIALS_UNREADABLE.set(len(self._unreadable))
        return {record["connection"]}

    def _open(self, bound_to: tuple[str, str], record: Record) -> None:
        try:
            sealed = opened(self._trust.keys_with(record["key_id"]), record)
        except Broken as error:
            self._leave_out(bound_to, str(error))
            return
        self._sets[bound_to] = _Set(sealed, record["not_after"], record["nonce"].hex())

    def _leave_out(self, bound_to: tuple[str, str], reason: str) -> None:
        self._unreadable[bound_to] = reason
        self._sets.pop(bound_to, None)
        log.error("credentials_unreadable", connection=bound_to[0], purpose=bound_to[1], error=reason)


def _described(origins: Origins | None) -> str:
    """Hosts, and other differences in words: an address is clearer than the name of a section."""
    if origins is None:
        return "no address"
    network = {name: value for name, value in origins["network"].items() if value}
    return ", ".join(origins["hosts"]) + (f" by {network}" if network else "") or "no address"


def floors(settings: Settings, trust: Trust) -> dict[bytes, int]:
    """The version of each connection's record in force, by its key. Older credentials are not those that were applied last."""
    found: dict[bytes, int] = {}
    topic = settings.topic(CONNECTIONS)
    for message in kafka.read_to_end(settings.kafka, topic, list(range(settings.kafka.partitions))):
        signed = trust.believed(message)
        if signed is not None:
            found[cast("bytes", message.key())] = signed.version
    return found


def in_force(settings: Settings, codec: Codec, trust: Trust) -> Iterator[Record]:
    """The newest record of each set that counts, is not removed and is not older than its connection. Reads the topics to their end."""
    applied = floors(settings, trust)
    newest: dict[tuple[str, str], tuple[int, Record]] = {}
    topic = settings.topic(TOPIC)
    for message in kafka.read_to_end(settings.kafka, topic, list(range(settings.kafka.partitions))):
        signed = trust.believed(message)
        if signed is None:
            continue
        try:
            _, record = codec.decode(message.value())
        except Malformed as error:
            log.error("credentials_unreadable", offset=message.offset(), error=str(error)[:200])
            continue
        newest[(record["connection"], record["purpose"])] = signed.version, record
    for version, record in newest.values():
        if not record["removed"] and version >= applied.get(record["connection"].encode(), 0):
            yield record


@dataclass(frozen=True)
class Rewrapped:
    """The result of wrapping the keys again: how many sets were not under the newest key yet, and, in words, the sets that do not open."""

    count: int
    unopened: tuple[str, ...]


def rewrap_all(settings: Settings, codec: Codec, ring: KeyRing, signatures: Signatures | None = None) -> Rewrapped:
    """Wrap every data key with the newest key of the ring, and sign every set with it.

    Each set is one record. If the command stops half-way, the next call continues with the rest, because the key id shows what is done. A
    set that does not open is left as it is: no service can open it either, so no key has to be kept for it. Raises `Broken` if no set opens
    at all: then this is not the ring of these credentials.
    """
    now, unopened, rewrapped, count = datetime.now(UTC), list[str](), list[Record](), 0
    for record in in_force(settings, codec, Trust(settings, (OPERATOR,))):
        try:
            wrapped = _wrapped(ring, record, now)
        except Broken as error:
            key = key_of((record["connection"], record["purpose"]))
            unopened.append(f"{key}: {error.words} Apply {record['connection']} again.")
            continue
        rewrapped.append({**record, **wrapped})
        count += wrapped["key_id"] != record["key_id"]
    if unopened and not rewrapped:
        raise Broken(
            f"{settings.key_ring} opens none of the {len(unopened)} credential sets: it is another ring; nothing was changed.",
            "Set ML_CONNECTOR_KEY_RING to the ring that the services have.",
        )
    publish(settings, codec, rewrapped, signatures)
    return Rewrapped(count, tuple(unopened))


def _wrapped(ring: KeyRing, record: Record, now: datetime) -> Record:
    envelope = secrets.rewrap(opening(ring, group_of(record["purpose"])), envelope_of(record), now)
    return {"key_id": envelope.key_id, "wrapped_key": envelope.wrapped_key, "at": now}


def publish(settings: Settings, codec: Codec, records: Iterable[Record], signatures: Signatures | None = None) -> None:
    """Sign and write credential records; returns when all are acked. Raises `Broken` if one was not."""
    topic, signs = settings.topic(TOPIC), signatures or Signatures(settings)
    client = kafka.producer(settings.kafka)
    failed: list[str] = []
    for record in records:
        key, value = key_of((record["connection"], record["purpose"])), codec.encode(topic, RECORD, record)
        client.produce(
            topic,
            value=value,
            key=key,
            partition=partition_of(record["connection"], settings.kafka.partitions),
            headers=[signs.header(TOPIC, key.encode(), record["connection"], value)],
            on_delivery=lambda error, _: failed.append(str(error)) if error is not None else None,
        )
    if client.flush(15) or failed:
        raise Broken(f"{topic}: credentials were not acknowledged ({', '.join(failed[:1]) or 'no answer'}).", "Look at the broker.")
