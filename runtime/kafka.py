"""Kafka clients with the settings that our guarantees need, and a reader of whole topics. Clients are made nowhere else.

Every reader of ours reads committed records. Producers are idempotent with `acks=all` and always name the partition.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from typing import Any, TypeVar, cast

from confluent_kafka import (
    TIMESTAMP_NOT_AVAILABLE,
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    Producer,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient

from runtime.errors import Broken, Transient
from runtime.secret_files import secret_in
from runtime.settings import Kafka, ssl_locations

T = TypeVar("T")

LOG = logging.getLogger("ml_connector.kafka")
"""The logger of librdkafka. `runtime/log.py` prints it for services; commands keep it off the terminal."""
LOG.addHandler(logging.NullHandler())
LOG.propagate = False

_REQUEST_S = 15.0
"""How long one request for offsets waits for its answer."""
FETCH_WAIT_MS = 500
"""How long the broker keeps a fetch open that finds nothing; a new record answers it at once. Each such fetch names every partition of its consumer,
so that an idle installation costs the broker mostly these. What must wait for it is a partition that is resumed or assigned meanwhile."""
_END_WAIT_MS = 50
"""The same for who reads to the end of a topic and is done: the end of a partition is told when such a fetch is answered."""
_PATIENCE_S = 30.0
"""How long a request is repeated while the cluster is between two states."""
_PASSING = frozenset(
    {
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.BROKER_NOT_AVAILABLE,
        KafkaError.REPLICA_NOT_AVAILABLE,
        KafkaError.OFFSET_NOT_AVAILABLE,
        KafkaError.UNKNOWN_LEADER_EPOCH,
        KafkaError.FENCED_LEADER_EPOCH,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
        KafkaError.COORDINATOR_NOT_AVAILABLE,
        KafkaError.NOT_COORDINATOR,
        KafkaError.UNSTABLE_OFFSET_COMMIT,
        KafkaError.NETWORK_EXCEPTION,
        KafkaError.REQUEST_TIMED_OUT,
        KafkaError._TRANSPORT,
        KafkaError._ALL_BROKERS_DOWN,
        KafkaError._UNKNOWN_TOPIC,
        KafkaError._UNKNOWN_PARTITION,
        KafkaError._WAIT_COORD,
    }
)
"""What a cluster answers while it elects a leader or a coordinator, or while a broker has just come back and does not know its topics yet.
It passes by itself. A topic or partition that does not exist at all is refused with the same words, only later."""
AWAY = frozenset(
    {KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN, KafkaError._RESOLVE, KafkaError._TIMED_OUT, KafkaError._TIMED_OUT_QUEUE}
)
"""Errors that mean that the cluster does not answer."""
REFUSED = frozenset(
    {
        KafkaError._AUTHENTICATION,
        KafkaError._SSL,
        KafkaError.SASL_AUTHENTICATION_FAILED,
        KafkaError.UNSUPPORTED_SASL_MECHANISM,
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.GROUP_AUTHORIZATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
        KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
    }
)
"""Errors that mean that the cluster answers but does not let us in: a person has to act."""
_TURNED_AWAY = re.compile(r"SSL alert number [0-9]+|connecting to a PLAINTEXT broker listener")
"""The client's message about a broker that ends the TLS connection itself, for example because it does not accept our certificate. The
error code says only that the connection ended."""
_REFUSED_S = 5.0
"""How long a refusal is tried again at a start: a broker that has just started may not know its users yet."""
_SILENT_S = 30.0
"""How long the reading of a whole topic goes on without an answer from a cluster that is reported to be away."""
_STALLED_S = 120.0
"""How long it goes on if nothing comes and no error is reported. An open transaction ends sooner by its own time-out."""


def client_settings(kafka: Kafka) -> dict[str, Any]:
    """What every client of the cluster needs. Raises `Broken` if no cluster is named or a secret's file cannot be read."""
    if not kafka.bootstrap_servers:
        raise Broken(
            "ML_CONNECTOR_KAFKA__BOOTSTRAP_SERVERS is not set.", "Set it, or start a local cluster with `ml-connector up`."
        )
    settings: dict[str, Any] = {
        "bootstrap.servers": kafka.bootstrap_servers,
        "security.protocol": kafka.security_protocol,
        "client.id": kafka.client_id,
        "logger": LOG,
    }
    if kafka.sasl_mechanism:
        settings |= {
            "sasl.mechanism": kafka.sasl_mechanism,
            "sasl.username": kafka.sasl_username,
            "sasl.password": secret_in(kafka.sasl_password_file, "ML_CONNECTOR_KAFKA__SASL_PASSWORD_FILE"),
        }
    return settings | (_tls_settings(kafka) if kafka.security_protocol.endswith("SSL") else {})


def _tls_settings(kafka: Kafka) -> dict[str, Any]:
    check = "https" if kafka.ssl_hostname_check else "none"
    settings: dict[str, Any] = {"ssl.endpoint.identification.algorithm": check, **ssl_locations(kafka)}
    if kafka.ssl_key_password_file is not None:
        settings["ssl.key.password"] = secret_in(kafka.ssl_key_password_file, "ML_CONNECTOR_KAFKA__SSL_KEY_PASSWORD_FILE")
    return settings


def _new_client(kind: Callable[[dict[str, Any]], T], settings: dict[str, Any]) -> T:
    """Makes every client. Raises `Broken` in one line for settings that the library refuses, such as a file that is missing or is not PEM."""
    try:
        return kind(settings)
    except (KafkaException, ValueError, OSError) as error:
        cause = error.args[0] if error.args else error
        words = cause.str() if isinstance(cause, KafkaError) else str(cause)
        raise Broken(f"The Kafka client cannot be made: {words}.", "Correct ML_CONNECTOR_KAFKA__SSL_* or SASL_*.") from error


def admin(kafka: Kafka, **more: Any) -> AdminClient:
    """A client for everything but records: topics, their settings, groups."""
    return _new_client(AdminClient, {**client_settings(kafka), **more})


def producer(kafka: Kafka, **more: Any) -> Producer:
    """An idempotent producer with acks=all. A delivery that takes over 8 s fails."""
    return _new_client(
        Producer,
        {
            **client_settings(kafka),
            "enable.idempotence": True,
            "acks": "all",
            "linger.ms": 2,
            "delivery.timeout.ms": 8000,
            "compression.type": "lz4",
            "message.max.bytes": 2 * 1024 * 1024,
            **more,
        },
    )


def transactional_producer(kafka: Kafka, transactional_id: str) -> Producer:
    """A producer whose epoch fences every older one with the same id. The caller calls `init_transactions`.

    When the next transaction sends its offsets, the coordinator may still be writing the markers of the last one, and says so once or
    twice. With the client's own pause of 100 ms before it asks again, each transaction that followed at once took 104 ms; with 5 ms it
    takes 9 ms (docs/performance.md).
    """
    return producer(
        kafka,
        **{
            "transactional.id": kafka.topic_prefix + transactional_id,
            "transaction.timeout.ms": 10_000,
            "retry.backoff.ms": 5,
            "linger.ms": 5,
            "queue.buffering.max.messages": 500_000,
        },
    )


def consumer(kafka: Kafka, group: str, **more: Any) -> Consumer:
    """A consumer of a group: read committed, from the earliest offset, offsets committed by hand only."""
    return _new_client(
        Consumer,
        {
            **client_settings(kafka),
            "group.id": kafka.topic_prefix + group,
            "isolation.level": "read_committed",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "session.timeout.ms": 6000,
            "heartbeat.interval.ms": 1000,
            "max.poll.interval.ms": 120_000,
            "partition.assignment.strategy": "range",
            "queued.max.messages.kbytes": 16_384,
            "queued.min.messages": 20_000,
            "fetch.wait.max.ms": FETCH_WAIT_MS,
            **more,
        },
    )


def polled(client: Consumer, most: int, timeout_s: float) -> list[Message]:
    """The next record as soon as it comes, with the others that are available, `most` at once; nothing after `timeout_s`. (`consume` alone
    waits for its whole time-out if there are fewer records.)"""
    first = client.poll(timeout_s)
    return [] if first is None else [first, *client.consume(most - 1, 0)]


def reader(kafka: Kafka, **more: Any) -> Consumer:
    """A consumer without a group: partitions are assigned by hand, nothing is committed. It learns of a partition's end at once."""
    return consumer(kafka, "no-group", **{"enable.partition.eof": False, "fetch.wait.max.ms": _END_WAIT_MS, **more})


def ends(client: Consumer, topic: str, partitions: Sequence[int]) -> dict[int, tuple[int, int]]:
    """First offset and high watermark of each partition (as the consumer's isolation level counts). Raises `KafkaException`."""
    return {partition: watermarks(client, TopicPartition(topic, partition)) for partition in partitions}


def watermarks(client: Consumer, place: TopicPartition) -> tuple[int, int]:
    """First offset and high watermark of one partition, counted in the same way."""
    low, high = _patiently(lambda: client.get_watermark_offsets(place, timeout=_REQUEST_S))
    return low, high


def committed(client: Consumer, places: Sequence[TopicPartition]) -> list[TopicPartition]:
    """The group's committed offsets of these partitions, in their order; `OFFSET_INVALID` if none is committed.

    Raises `KafkaException`, also if the broker refuses one partition alone. The offset of that partition is then unknown, and treating it
    as "none" would read the partition from its start.
    """
    return _patiently(lambda: _refused_none(client.committed(list(places), timeout=_REQUEST_S)))


def _refused_none(places: list[TopicPartition]) -> list[TopicPartition]:
    error = next((place.error for place in places if place.error is not None), None)
    if error is not None:
        raise KafkaException(error)
    return places


def _patiently(ask: Callable[[], T]) -> T:
    """Ask the cluster again while its answer is one of those that pass by themselves."""
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        try:
            return ask()
        except KafkaException as error:
            if error.args[0].code() not in _PASSING or time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def topic_ids(client: AdminClient, topics: Sequence[str]) -> dict[str, str]:
    """The id of each topic. A topic that was deleted and created again has another id. Raises `KafkaException`."""
    described: Any = client.describe_topics(TopicCollection(list(topics)), request_timeout=15)
    return {name: str(future.result(timeout=20).topic_id) for name, future in described.items()}


def is_refusal(error: KafkaError) -> bool:
    """Whether the cluster answers but does not let us in: a person has to act."""
    return error.code() in REFUSED or _TURNED_AWAY.search(error.str()) is not None


def explained(kafka: Kafka, error: KafkaError) -> Broken | Transient:
    """What a Kafka error means to a person, in one line: whether the cluster answers, and if so, whether it lets us in."""
    where = f"Kafka at {kafka.bootstrap_servers}"
    if is_refusal(error):
        words = " ".join(error.str().split())
        return Broken(f"{where} refuses us: {words}.", "Check ML_CONNECTOR_KAFKA__SASL_*, __SSL_* and the ACLs.")
    if error.code() in AWAY:
        return Transient(f"{where} does not answer; is `up` running?")
    return Transient(f"{where}: {error.str()}")


def await_answer(kafka: Kafka, within_s: float) -> AdminClient:
    """Return an admin client of the cluster as soon as the cluster answers.

    Raises `Transient` if it does not answer within `within_s` seconds, `Broken` if it refuses password or certificate, each in one line.
    """
    errors: list[KafkaError] = []
    client = admin(kafka, error_cb=errors.append)
    began, refused_at = time.monotonic(), 0.0
    while True:
        try:
            client.list_topics(timeout=max(0.1, min(1.0, within_s)))
        except KafkaException as error:
            client.poll(0)
            now = time.monotonic()
            refusal = next(filter(is_refusal, errors), None)
            refused_at = refused_at or (now if refusal is not None else 0.0)
            if refusal is not None and now >= min(refused_at + _REFUSED_S, began + within_s):
                raise explained(kafka, refusal) from error
            if now >= began + within_s:
                raise explained(kafka, KafkaError(KafkaError._TRANSPORT)) from error
            time.sleep(0.2)
        else:
            return client


def high_watermarks(kafka: Kafka, topic: str, partitions: Sequence[int]) -> dict[int, int]:
    """High watermarks including open transactions (read uncommitted), for reading "past everything written by now"."""
    return {partition: high for partition, (_, high) in _extents(kafka, topic, partitions).items()}


def _extents(kafka: Kafka, topic: str, partitions: Sequence[int]) -> dict[int, tuple[int, int]]:
    with closing(reader(kafka, **{"isolation.level": "read_uncommitted"})) as client:
        return ends(client, topic, partitions)


def offset_at(kafka: Kafka, topic: str, partition: int, at_s: float) -> int | None:
    """The offset of the first record written at or after an instant (seconds since the epoch); None if there is none."""
    with closing(reader(kafka)) as client:
        asked = [TopicPartition(topic, partition, int(at_s * 1000))]
        (found,) = _patiently(lambda: _refused_none(client.offsets_for_times(asked, timeout=_REQUEST_S)))
        return found.offset if found.offset >= 0 else None


def read_to_end(kafka: Kafka, topic: str, partitions: Sequence[int], start: Mapping[int, int] | None = None) -> Iterator[Message]:
    """Every committed record of these partitions from `start` (default: the beginning) to the present end, then stop.

    Transaction markers occupy offsets and are never delivered. The end is therefore known by the client's end-of-partition event, whose
    offset counts them. An open transaction before the end is waited for (it ends by its own time-out at the latest). Raises `Transient` if
    the cluster goes away meanwhile and stays away, and if nothing comes for `_STALLED_S`: a new client may get further.
    """
    extents = _extents(kafka, topic, partitions)
    begin = {p: max(low, (start or {}).get(p, 0)) for p, (low, _) in extents.items()}
    pending = {p for p, (_, high) in extents.items() if high > begin[p]}
    if not pending:
        return
    away: list[float] = []

    def on_error(error: KafkaError) -> None:
        if error.code() in AWAY:
            away.append(time.monotonic())

    with closing(reader(kafka, **{"enable.partition.eof": True, "error_cb": on_error})) as client:
        # A named offset, because librdkafka looks "the beginning" up, and repeats that only after half a second if it does not know the
        # leader yet.
        client.assign([TopicPartition(topic, p, begin[p]) for p in pending])
        came_s = time.monotonic()
        while pending:
            if time.monotonic() > came_s + _STALLED_S:
                raise Transient(f"{topic}: partitions {sorted(pending)} give nothing for {_STALLED_S:g} s before their end.")
            if away and time.monotonic() > away[0] + _SILENT_S:
                raise explained(kafka, KafkaError(KafkaError._TRANSPORT))
            for message in polled(client, 2000, 0.2):
                away.clear()
                error = message.error()
                if error is None:
                    yield message
                    came_s = time.monotonic()
                elif error.code() != KafkaError._PARTITION_EOF:
                    raise_if_fatal(message)
                elif (message.offset() or 0) >= extents[message.partition() or 0][1]:
                    pending.discard(message.partition() or 0)


def record_at(kafka: Kafka, topic: str, partition: int, offset: int) -> Message | None:
    """The record at this offset; None if there is none (any more). Raises `Transient` as `read_to_end` does."""
    with closing(cast("Generator[Message]", read_to_end(kafka, topic, [partition], {partition: offset}))) as found:
        message = next(found, None)
    return message if message is not None and message.offset() == offset else None


def produced_at(message: Message) -> datetime | None:
    """When a record was produced; None if the broker does not say."""
    kind, milliseconds = message.timestamp()
    return datetime.fromtimestamp(milliseconds / 1000, UTC) if kind != TIMESTAMP_NOT_AVAILABLE else None


def records(messages: Sequence[Message]) -> list[Message]:
    """The records in the result of a poll. Raises for an error that a reader cannot go past."""
    for message in messages:
        raise_if_fatal(message)
    return [message for message in messages if message.error() is None]


def raise_if_fatal(message: Message) -> None:
    """Raise for an error event that a reader cannot go past. Ends of partitions and retriable errors are ignored."""
    error = message.error()
    if error is None or error.code() == KafkaError._PARTITION_EOF:
        return
    if error.retriable() or error.code() in (KafkaError._ALL_BROKERS_DOWN, KafkaError._TRANSPORT):
        return
    raise Transient(f"Kafka: {error.str()}") from KafkaException(error)
