"""The topology as a process of its own on a real broker, and what a test puts on its topics and reads from them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from confluent_kafka import Message, Producer

from runtime import kafka
from runtime.settings import Kafka, Registry, Settings
from schemas.codec import Codec, load
from tests import toy
from tests.signed import about, ring_in
from topology.provision import create_topics, register_schemas
from topology.topics import object_key, partition_of, records_of_topic

PROCESS = "from tests.integration.topology.process import main; main()"


@dataclass
class Wire:
    """One set of topics."""

    settings: Settings
    codec: Codec
    producer: Producer

    def send(self, name: str, key: str, record_name: str, record: Mapping[str, Any] | bytes) -> None:
        """Put a record on its topic, on the partition of its key (raw) or of its connection."""
        topic = self.settings.topic(name)
        by_object = name.startswith(("raw.", "canonical.")) or name == "remap"
        partition = partition_of(key if by_object else key.partition("/")[0], self.settings.kafka.partitions)
        value = record if isinstance(record, bytes) else self.codec.encode(topic, record_name, record)
        while True:
            try:
                headers = about(self.settings, name, key, value)
                self.producer.produce(topic, value=value, key=key, partition=partition, headers=headers)
                break
            except BufferError:
                self.producer.poll(0.1)

    def send_raw(self, records: Iterable[dict[str, Any]]) -> None:
        """Raw records of the toy source, acked on return."""
        for record in records:
            key = object_key(record["connection"], record["system"], record["entity"], record["source_id"])
            self.send(f"raw.{toy.SOURCE}", key, "raw.raw", record)
        self.flush()

    def flush(self) -> None:
        """Everything sent is acked on return."""
        assert self.producer.flush(30) == 0

    def apply(self, units: Mapping[str, str], **flow: Any) -> None:
        """Apply the connection `acme`."""
        rows, record = toy.applied(units, **flow)
        for row in rows:
            self.send("crosswalk", f"acme/business_unit/{row['row']}", "connection.crosswalk_row", row)
        self.flush()
        self.send("connections", "acme", "connection.connection", record)
        self.flush()

    def lose(self, name: str) -> None:
        """Delete a topic and make it anew, empty."""
        lost, client = self.settings.topic(name), kafka.admin(self.settings.kafka)
        client.delete_topics([lost])[lost].result()
        until(lambda: set(client.list_topics(timeout=5).topics), lambda present: lost not in present, 30)
        until(lambda: create_topics(self.settings.kafka), lambda made: made == [lost], 30)
        until(lambda: all(p.leader >= 0 for p in client.list_topics(lost, timeout=5).topics[lost].partitions.values()), bool, 30)

    def messages(self, name: str) -> list[Message]:
        """Every committed record of a topic."""
        return list(kafka.read_to_end(self.settings.kafka, self.settings.topic(name), range(self.settings.kafka.partitions)))

    def read(self, name: str) -> list[dict[str, Any]]:
        """The same, decoded."""
        return [self.codec.decode(message.value())[1] for message in self.messages(name)]

    def count(self, name: str) -> int:
        """How many there are."""
        return len(self.messages(name))


def wire(bootstrap_servers: str, registry_url: str, prefix: str, folder: Path) -> Wire:
    """A new set of topics with schemas."""
    create_topics(Kafka(bootstrap_servers=bootstrap_servers, topic_prefix=prefix))
    register_schemas(Registry(url=registry_url), prefix)
    cluster = Kafka(bootstrap_servers=bootstrap_servers, topic_prefix=prefix)
    settings = Settings(kafka=cluster, registry=Registry(url=registry_url), state_dir=folder, key_ring=ring_in(folder))
    return Wire(settings, load(registry_url, records_of_topic(prefix)), kafka.producer(cluster))


class TopologyProcess:
    """`services.topology.run` in a process, with the toys in the registry's place unless `program` does otherwise."""

    def __init__(self, wire: Wire, log: Path, *hops: str, program: str = PROCESS, **environment: str) -> None:
        self._command = [sys.executable, "-c", program, *hops]
        settings = wire.settings
        self._environment = {
            **os.environ,
            "ML_CONNECTOR_KAFKA__BOOTSTRAP_SERVERS": settings.kafka.bootstrap_servers,
            "ML_CONNECTOR_KAFKA__TOPIC_PREFIX": settings.kafka.topic_prefix,
            "ML_CONNECTOR_REGISTRY__URL": settings.registry.url,
            "ML_CONNECTOR_STATE_DIR": str(settings.state_dir),
            "ML_CONNECTOR_KEY_RING": str(settings.key_ring),
            **environment,
        }
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> TopologyProcess:
        """Start it (again)."""
        with self._log.open("ab") as out:
            self._process = subprocess.Popen(self._command, env=self._environment, stdout=out, stderr=out)
        return self

    def kill(self) -> None:
        """kill -9."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(60)

    def end(self) -> int:
        """SIGTERM; the exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(120)

    def wait(self, timeout_s: float) -> int:
        """The exit code of a process that ends by itself."""
        assert self._process is not None
        return self._process.wait(timeout_s)

    def tail(self) -> str:
        """The end of its log."""
        return self._log.read_text()[-3000:]

    def lines(self, event: str) -> Sequence[dict[str, Any]]:
        """Log lines of an event."""
        found = [json.loads(line) for line in self._log.read_text().splitlines() if line.startswith("{")]
        return [line for line in found if line.get("event") == event]


def until(seen: Callable[[], Any], wanted: Callable[[Any], bool], timeout_s: float, tail: Callable[[], str] = str) -> Any:
    """Wait for a condition; what was seen last is told when the deadline passes."""
    end = time.monotonic() + timeout_s
    while True:
        last = seen()
        if wanted(last):
            return last
        if time.monotonic() > end:
            raise AssertionError(f"seen last: {str(last)[:500]}\n{tail()}")
