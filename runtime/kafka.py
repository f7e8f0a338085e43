"""Kafka clients with the settings that our promises need, and a reader of whole topics.

Every reader of ours reads committed records. Producers are idempotent with `acks=all` and count partitions explicitly.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition

from runtime.errors import Broken, Transient
from runtime.settings import Kafka

LOG = logging.getLogger("ml_connector.kafka")
"""What librdkafka has to say; `runtime/log.py` prints it for services, commands keep it off the terminal."""
LOG.addHandler(logging.NullHandler())
LOG.propagate = False

_PATIENCE_S = 15.0
_PASSING = (
    KafkaError.NOT_LEADER_FOR_PARTITION,
    KafkaError.LEADER_NOT_AVAILABLE,
    KafkaError._TRANSPORT,
    KafkaError._ALL_BROKERS_DOWN,
)


def client_settings(kafka: Kafka) -> dict[str, Any]:
    """What every client of the cluster needs. Raises `Broken` when no cluster is named or the password file cannot be read."""
    if not kafka.bootstrap_servers:
        raise Broken(
            "ML_CONNECTOR_KAFKA__BOOTSTRAP_SERVERS is not set.", "Set it, or start a local cluster with `ml-connector up`."
        )
    settings: dict[str, Any] = {
        "bootstrap.servers": kafka.bootstrap_servers,
        "security.protocol": kafka.security_protocol,
        "logger": LOG,
    }
    if kafka.sasl_mechanism:
        settings |= {
            "sasl.mechanism": kafka.sasl_mechanism,
            "sasl.username": kafka.sasl_username,
            "sasl.password": _password(kafka),
        }
    if kafka.ssl_ca_file:
        settings["ssl.ca.location"] = str(kafka.ssl_ca_file)
    return settings


def _password(kafka: Kafka) -> str:
    try:
        return kafka.sasl_password_file.read_text().strip() if kafka.sasl_password_file else ""
    except OSError as error:
        raise Broken(f"ML_CONNECTOR_KAFKA__SASL_PASSWORD_FILE cannot be read: {error}") from error


def producer(kafka: Kafka, **more: Any) -> Producer:
    """An idempotent producer, acks=all; deliveries that take over 8 s fail."""
    return Producer(
        {
            **client_settings(kafka),
            "enable.idempotence": True,
            "acks": "all",
            "linger.ms": 2,
            "delivery.timeout.ms": 8000,
            "compression.type": "lz4",
            "message.max.bytes": 2 * 1024 * 1024,
            **more,
        }
    )


def transactional_producer(kafka: Kafka, transactional_id: str) -> Producer:
    """A producer whose epoch fences every older one of the same id; `init_transactions` is the caller's.

    The coordinator still writes the markers of one transaction when the next one sends its offsets, and says so once or twice: asked again
    after the client's own 100 ms, each transaction that follows at once took 104 ms, after 5 ms 9 ms (docs/performance.md).
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
    """A group's consumer: read committed, from the earliest, offsets committed by hand only."""
    return Consumer(
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
            "fetch.wait.max.ms": 50,
            **more,
        }
    )


def polled(client: Consumer, most: int, timeout_s: float) -> list[Message]:
    """The next record as soon as it comes, and what is there with it, `most` at once; nothing after `timeout_s`. `consume` alone waits for
    its whole time-out where there are fewer."""
    first = client.poll(timeout_s)
    return [] if first is None else [first, *client.consume(most - 1, 0)]


def reader(kafka: Kafka, **more: Any) -> Consumer:
    """A consumer without a group's coordination: partitions are assigned by hand, nothing is committed."""
    return consumer(kafka, "no-group", **{"enable.partition.eof": False, **more})


def ends(client: Consumer, topic: str, partitions: Sequence[int]) -> dict[int, tuple[int, int]]:
    """First offset and high watermark of each partition (the consumer's isolation level counts)."""
    found: dict[int, tuple[int, int]] = {}
    for partition in partitions:
        found[partition] = _watermarks(client, TopicPartition(topic, partition))
    return found


def _watermarks(client: Consumer, place: TopicPartition) -> tuple[int, int]:
    """First offset and high watermark; a broker that has just come back does not lead its partitions yet, which passes."""
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        try:
            low, high = client.get_watermark_offsets(place, timeout=15)
        except KafkaException as error:
            if error.args[0].code() not in _PASSING or time.monotonic() > deadline:
                raise
            time.sleep(0.2)
        else:
            return low, high


def high_watermarks(kafka: Kafka, topic: str, partitions: Sequence[int]) -> dict[int, int]:
    """High watermarks that count open transactions too (read uncommitted), for reading "past everything written by now"."""
    with closing(reader(kafka, **{"isolation.level": "read_uncommitted"})) as client:
        return {partition: high for partition, (_, high) in ends(client, topic, partitions).items()}


def offset_at(kafka: Kafka, topic: str, partition: int, at_s: float) -> int | None:
    """Offset of the first record written at or after an instant (seconds since the epoch); None where there is none."""
    with closing(reader(kafka)) as client:
        (found,) = client.offsets_for_times([TopicPartition(topic, partition, int(at_s * 1000))], timeout=15)
        return found.offset if found.offset >= 0 else None


def read_to_end(kafka: Kafka, topic: str, partitions: Sequence[int], start: Mapping[int, int] | None = None) -> Iterator[Message]:
    """Every committed record of these partitions from `start` (default: the beginning) to the end as of now, then stop.

    Transaction markers occupy offsets and are never delivered, so the end is told by the client's end-of-partition event, whose
    offset counts them; an open transaction below the end is waited for (it ends by its own time-out at the latest).
    """
    targets = high_watermarks(kafka, topic, partitions)
    begin = start or {}
    pending = {p for p in partitions if targets[p] > begin.get(p, 0)}
    with closing(reader(kafka, **{"enable.partition.eof": True})) as client:
        client.assign([TopicPartition(topic, p, begin.get(p, OFFSET_BEGINNING)) for p in pending])
        while pending:
            for message in client.consume(num_messages=2000, timeout=0.2):
                error = message.error()
                if error is None:
                    yield message
                elif error.code() != KafkaError._PARTITION_EOF:
                    raise_if_fatal(message)
                elif (message.offset() or 0) >= targets[message.partition() or 0]:
                    pending.discard(message.partition() or 0)


def records(messages: Sequence[Message]) -> list[Message]:
    """The records among what a poll gave. Raises for an error that a reader cannot go past."""
    for message in messages:
        raise_if_fatal(message)
    return [message for message in messages if message.error() is None]


def raise_if_fatal(message: Message) -> None:
    """Raise for an error event that a reader cannot go past; partition ends and retriable errors pass."""
    error = message.error()
    if error is None or error.code() == KafkaError._PARTITION_EOF:
        return
    if error.retriable() or error.code() in (KafkaError._ALL_BROKERS_DOWN, KafkaError._TRANSPORT):
        return
    raise Transient(f"Kafka: {error.str()}") from KafkaException(error)
