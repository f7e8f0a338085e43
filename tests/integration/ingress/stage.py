"""A cluster's corner for one test module: topics under a prefix, connections and credentials applied, records read back."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from confluent_kafka import Message
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]  # documented, not in __all__

from runtime import kafka
from runtime.embedded.cluster import EmbeddedCluster
from runtime.settings import Ingress, Kafka, Registry, Settings
from runtime.signing import Place
from schemas import codec
from schemas.codec import Record
from services import credentials
from services.ingress import pollers, webhooks
from services.network import origins_of
from systems.connection import ConnectionSettings, Side
from tests.integration.ingress import toy
from tests.signed import RING, ring_in, signature
from topology import configuration, topics

T = TypeVar("T")
QUOTA = {"group": "g", "calls": 1000, "per_s": 1, "at_once": 10}


class Stage:
    """Everything that `apply` would have done, by hand."""

    def __init__(self, cluster: EmbeddedCluster, folder: Path, **ingress: Any) -> None:
        self.prefix = f"t{uuid.uuid4().hex[:8]}."
        self.ring = RING
        self.settings = Settings(
            profile="demo",
            key_ring=ring_in(folder),
            kafka=Kafka(bootstrap_servers=cluster.bootstrap_servers, topic_prefix=self.prefix),
            registry=Registry(url=cluster.registry_url),
            ingress=Ingress(**{"port": 0, "per_address_per_s": 100_000, "connections_per_address_per_s": 100_000, **ingress}),
        )
        mine = {**pollers.needed_records(self.settings), **webhooks.needed_records(self.settings)}
        self._create(cluster.bootstrap_servers, mine)
        codec.register(cluster.registry_url, mine)
        self.codec = codec.load(cluster.registry_url, mine)
        self._producer = kafka.producer(self.settings.kafka)
        self._written = 0

    def _create(self, bootstrap_servers: str, names: Iterable[str]) -> None:
        """Only the topics of ingress and pollers, as they are declared: the whole table takes seconds."""
        declared = {self.settings.topic(name): topic for name, topic in topics.topics().items()}
        admin = AdminClient({"bootstrap.servers": bootstrap_servers})
        new = [NewTopic(name, num_partitions=4, replication_factor=1, config=declared[name].settings) for name in names]
        for future in admin.create_topics(new).values():
            future.result()

    def lose(self, name: str) -> None:
        """Delete a topic and make it anew, empty."""
        lost, client = self.settings.topic(name), kafka.admin(self.settings.kafka)
        client.delete_topics([lost])[lost].result()
        eventually(lambda: set(client.list_topics(timeout=5).topics), lambda present: lost not in present)
        self._create(self.settings.kafka.bootstrap_servers, [lost])
        eventually(
            lambda: client.list_topics(lost, timeout=5).topics[lost], lambda made: made.error is None and len(made.partitions) == 4
        )

    def connect(
        self, connection: str, field_service: dict[str, Any] | None = None, erp: dict[str, Any] | None = None, **more: Any
    ) -> None:
        """Apply one connection's settings."""
        settings = ConnectionSettings.model_validate(
            {
                "connection": connection,
                "label": connection,
                "environment": "test",
                "time_zone": "UTC",
                "field_service": {"system": toy.FIELD_SERVICE, "settings": field_service or {}, "quota": QUOTA},
                "erp": {"system": toy.ERP, "settings": erp or {}, "quota": QUOTA},
                "flows": {},
                **more,
            }
        )
        record = {
            "connection": connection,
            "label": connection,
            "version": uuid.uuid4().hex,
            "crosswalk_version": configuration.crosswalk_version([]),
            "settings": settings.model_dump_json(),
            "removed": False,
            "actor": "test",
            "reason": "",
            "at": datetime.now(UTC),
        }
        self.write("connections", "connection.connection", connection, record)

    def credit(self, connection: str, purpose: str, secret: credentials.Secret) -> None:
        """Apply one credential set."""
        side = Side.model_validate({"system": toy.ERP, "settings": {}, "quota": QUOTA})
        origins = None if isinstance(secret, list) else origins_of(side)
        record = credentials.seal(self.ring, (connection, purpose), credentials.Sealed(secret, origins), datetime.now(UTC))
        credentials.publish(self.settings, self.codec, [record])

    def write(self, topic: str, name: str, connection: str, record: Record) -> None:
        """Write one record of a topic that is partitioned by connection, and wait for its ack."""
        full = self.settings.topic(topic)
        partition = topics.partition_of(connection, 4)
        value = self.codec.encode(full, name, record)
        self._written += 1  # far below the versions of credentials, which these tests write before connections and after them
        place = Place(full, partition, connection.encode())
        headers: list[tuple[str, str | bytes | None]] = [signature(place, value, self._written)]
        self._producer.produce(full, value=value, key=connection, partition=partition, headers=headers)
        assert self._producer.flush(15) == 0

    def messages(self, topic: str) -> list[Message]:
        """Every message of a topic up to now."""
        return list(kafka.read_to_end(self.settings.kafka, self.settings.topic(topic), range(4)))

    def records(self, topic: str) -> list[Record]:
        """Every record of a topic up to now."""
        return [self.codec.decode(message.value())[1] for message in self.messages(topic)]

    def bodies(self, connection: str) -> list[bytes]:
        """Bodies in the field-service system's raw topic of one connection."""
        return [r["body"] for r in self.records(f"raw.{toy.FIELD_SERVICE}") if r["connection"] == connection]


def eventually(look: Callable[[], T], good: Callable[[T], bool], within_s: float = 20) -> T:
    """Look until it is good; at the deadline fail with what was seen last."""
    deadline = time.monotonic() + within_s
    while True:
        seen = look()
        if good(seen):
            return seen
        assert time.monotonic() < deadline, f"not within {within_s} s; last seen: {seen!r}"
        time.sleep(0.02)
