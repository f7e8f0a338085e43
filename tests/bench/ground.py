"""What every bench stands on: a cluster, topics under a prefix of their own, one applied connection, processes with their logs."""

from __future__ import annotations

import itertools
import json
import os
import sys
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from confluent_kafka import Producer

from runtime import kafka, secrets
from runtime.embedded.child import Child, Command, spawn
from runtime.embedded.cluster import EmbeddedCluster
from runtime.settings import Kafka, Registry, Settings
from schemas.codec import Codec, load
from services import credentials
from services.network import origins_of
from systems import registry
from systems.connection import ConnectionSettings, Side
from tests.signed import about
from tests.toy import blank
from topology.configuration import crosswalk_version
from topology.provision import create_topics, register_schemas
from topology.topics import link_key, partition_of, records_of_topic

Say = Callable[[str], None]
CONNECTION = "acme"
FIELD_SERVICE, ERP = registry.NAMES[0], "acumatica"
WEBHOOK_KEY = "bench-webhook-key-0123456789abcdef0123"
BUILD = Path("build/bench").absolute()
_NOWHERE = "http://127.0.0.1:9"


@dataclass
class Bench:
    """One run. `size` multiplies every count: 1 = what the targets are stated for."""

    cluster: EmbeddedCluster
    folder: Path
    size: float
    rounds: int
    say: Say
    _number: itertools.count[int] = field(default_factory=itertools.count)

    def count(self, full: int, least: int = 200) -> int:
        """A count at this run's size."""
        return max(least, int(full * self.size))

    def corner(self) -> Corner:
        """A new set of topics with schemas, settings and key ring."""
        number = next(self._number)
        folder = self.folder / f"corner-{number}"
        folder.mkdir(parents=True)
        prefix = f"b{uuid.uuid4().hex[:6]}."
        create_topics(Kafka(bootstrap_servers=self.cluster.bootstrap_servers, topic_prefix=prefix))
        register_schemas(Registry(url=self.cluster.registry_url), prefix)
        ring = secrets.KeyRing((secrets.new_key(datetime.now(UTC)),))
        secrets.write_ring(folder / "keys.json", ring)
        environment = {
            **self.cluster.endpoints.environment(),
            "ML_CONNECTOR_KAFKA__TOPIC_PREFIX": prefix,
            "ML_CONNECTOR_PROFILE": "demo",
            "ML_CONNECTOR_STATE_DIR": str(folder / "state"),
            "ML_CONNECTOR_KEY_RING": str(folder / "keys.json"),
            "ML_CONNECTOR_INGRESS__PORT": "0",
            "ML_CONNECTOR_INGRESS__PER_ADDRESS_PER_S": "10000000",
            "ML_CONNECTOR_INGRESS__REPLAY_S": "0",  # the load is the same bodies again and again
        }
        return Corner(folder, environment, ring)


@dataclass
class Corner:
    """One set of topics, and the processes on it."""

    folder: Path
    environment: dict[str, str]
    ring: secrets.KeyRing

    def __post_init__(self) -> None:
        from console.demo.processes import settings_of

        self.settings: Settings = settings_of(self.environment)
        self.codec: Codec = load(self.settings.registry.url, records_of_topic(self.settings.kafka.topic_prefix))
        self.producer: Producer = kafka.producer(self.settings.kafka, **{"queue.buffering.max.messages": 500_000, "linger.ms": 20})
        self._made = 0

    def topic(self, name: str) -> str:
        """Full name of a topic."""
        return self.settings.topic(name)

    def put(self, name: str, key: str, value: bytes, partition: int | None = None, headers: Any = None) -> None:
        """One record; waits while the client's queue is full. Without a partition: the one of the key's connection."""
        at = partition if partition is not None else partition_of(key.partition("/")[0], self.settings.kafka.partitions)
        while True:
            try:
                self.producer.produce(self.topic(name), value=value, key=key, partition=at, headers=headers)
                break
            except BufferError:
                self.producer.poll(0.1)

    def write(self, name: str, record_name: str, key: str, record: Mapping[str, Any]) -> None:
        """One record of ours."""
        value = self.codec.encode(self.topic(name), record_name, record)
        self.put(name, key, value, headers=about(self.settings, name, key, value))

    def link_customers(self, pairs: Iterable[tuple[str, str]], connection: str = CONNECTION) -> None:
        """Customers of the source (first) and of the ERP are the same ones."""
        about = {"connection": connection, "entity": "customer", "source_system": FIELD_SERVICE, "target_system": ERP}
        about |= {"origin": "person", "actor": "bench"}
        for source_id, target_id in pairs:
            link = about | {"source_id": source_id, "target_id": target_id, "at": datetime.now(UTC)}
            self.write("links", "connection.link", link_key(link), blank("connection.link") | link)
        self.flush()

    def flush(self) -> None:
        """Everything put is acked on return."""
        if self.producer.flush(120):
            raise RuntimeError("the broker did not take the bench's records in 120 s")

    def process(self, name: str, what: str, *arguments: str, **environment: str) -> Process:
        """`module:function` in a process of its own, not started yet."""
        self._made += 1
        command = [sys.executable, "-m", "tests.bench.child", what, *arguments]
        log = self.folder / f"{name}-{self._made}.log"
        return Process(Command(name, command, log, {**self.environment, **environment}))

    def service(self, name: str, **environment: str) -> Process:
        """One of our services, not started yet."""
        return self.process(name, "tests.bench.child:service", name, **environment)

    def connect(self, connection: str = CONNECTION, urls: Mapping[str, dict[str, Any]] | None = None, **more: Any) -> None:
        """Apply a connection of the two real systems, with keys and credentials. `urls`: the simulators' ready lines by system."""
        sides = {name: _side(name, (urls or {}).get(name)) for name in (FIELD_SERVICE, ERP)}
        rows = _crosswalk_rows(connection)
        for row in rows:
            self.write("crosswalk", "connection.crosswalk_row", f"{connection}/{row['table']}/{row['row']}", row)
        self.flush()
        settings = {
            "connection": connection,
            "label": connection,
            "environment": "test",
            "mode": "live",
            "time_zone": "America/Chicago",
            "create_missing": ["customer", "vendor"],
            "ceiling": {"documents_per_hour": 10**9, "amount_per_hour": 10**15},
            "field_service": sides[FIELD_SERVICE][0],
            "erp": sides[ERP][0],
            "flows": {flow.id: {"cutover_date": "2026-01-01"} for flow in registry.system(ERP).flows},
            **more,
        }
        record = blank("connection.connection") | {
            "connection": connection,
            "label": connection,
            "version": uuid.uuid4().hex,
            "crosswalk_version": crosswalk_version(rows),
            "settings": ConnectionSettings.model_validate(settings).model_dump_json(),
            "actor": "bench",
        }
        self.write("connections", "connection.connection", connection, record)
        self.flush()
        self._credentials(connection, sides)

    def _credentials(self, connection: str, sides: Mapping[str, tuple[dict[str, Any], dict[str, str]]]) -> None:
        now = datetime.now(UTC)
        wanted = {"webhook": credentials.Sealed([{"name": "bench", "secret": WEBHOOK_KEY}])}
        for name, (section, secret) in sides.items():
            sealed = credentials.Sealed(secret, origins_of(Side.model_validate(section)))
            wanted |= {f"{name}.{role}": sealed for role in ("poller", "sink", "check")}
        made = [credentials.seal(self.ring, (connection, purpose), sealed, now) for purpose, sealed in wanted.items()]
        credentials.publish(self.settings, self.codec, made)


def one_for_each_partition(corner: Corner) -> list[str]:
    """Ids of connections, each in a partition of its own."""
    partitions, found = corner.settings.kafka.partitions, dict[int, str]()
    number = 0
    while len(found) < partitions:
        found.setdefault(partition_of(f"acme-{number}", partitions), f"acme-{number}")
        number += 1
    return list(found.values())


def _side(system: str, ready: dict[str, Any] | None) -> tuple[dict[str, Any], dict[str, str]]:
    from console.demo.facts import demo_of

    told = ready or {
        "url": _NOWHERE,
        "credentials": {
            "endpoint_version": "24.200.001",
            "tenant": "Company",
            "tenant_id": "1234567890",
            "external_data_application_guid": "",
            **dict.fromkeys(("username", "password", "client_id", "client_secret", "app_key"), "bench"),
        },
    }
    own, quota, secret = demo_of(system).section(told["url"], told["credentials"])
    return {"system": system, "settings": own, "quota": {**quota, "calls": 10**7, "at_once": 200}}, secret


def _crosswalk_rows(connection: str) -> list[dict[str, Any]]:
    from console.demo.facts import demo_of

    tables = {**demo_of(ERP).crosswalk(), "tax_zone": ({"tax_zone": "77", "account": "22000"},)}
    rows = []
    for table, content in tables.items():
        for values in content:
            key = next(iter(values))
            rest = {name: text for name, text in values.items() if name != key}
            row = {"connection": connection, "table": table, "row": values[key], "values": rest, "actor": "bench"}
            rows.append(blank("connection.crosswalk_row") | row)
    version = crosswalk_version(rows)
    return [row | {"crosswalk_version": version} for row in rows]


class Process:
    """A process of the bench and its log."""

    def __init__(self, command: Command) -> None:
        self._command = command
        self._child: Child | None = None
        self.name, self.log = command.name, command.log

    def start(self) -> Process:
        """Start it."""
        self._child = spawn(self._command)
        return self

    @property
    def child(self) -> Child:
        """The running process."""
        if self._child is None:
            raise RuntimeError(f"{self.name} was not started")
        return self._child

    def event(self, name: str) -> dict[str, Any] | None:
        """The last log line of an event."""
        found = None
        for line in self.log.read_text().splitlines() if self.log.exists() else ():
            if line.startswith("{") and (read := json.loads(line)).get("event") == name:
                found = read
        return found

    def await_event(self, name: str, within_s: float = 60) -> dict[str, Any]:
        """Wait for a log line."""
        self.child.await_ready(lambda: self.event(name) is not None, within_s)
        return self.event(name) or {}

    def result(self, within_s: float) -> dict[str, Any]:
        """Wait for the end of a process that prints one JSON object last."""
        self.child.guard.wait(within_s)
        return dict(json.loads(self.log.read_text().splitlines()[-1]))

    def status_mb(self, field: str = "VmRSS") -> float:
        """Resident memory now (VmRSS) or at its highest (VmHWM), MB, of the largest process behind the guard."""
        found = [0.0]
        for pid in self.child.server_pids():
            text = Path(f"/proc/{pid}/status").read_text()
            found += [int(line.split()[1]) / 1024 for line in text.splitlines() if line.startswith(f"{field}:")]
        return max(found)

    def cpu_s(self) -> float:
        """Processor seconds used so far."""
        used = 0.0
        for pid in self.child.server_pids():
            parts = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            used += (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")
        return used

    def stop(self) -> None:
        """SIGTERM, then wait; harmless where it was never started."""
        if self._child is not None:
            self._child.stop(30)


def until(seen: Callable[[], Any], wanted: Callable[[Any], bool], within_s: float, tell: Callable[[], str] = str) -> Any:
    """Look until it is wanted; at the deadline say what was seen last."""
    end = time.monotonic() + within_s
    while True:
        last = seen()
        if wanted(last):
            return last
        if time.monotonic() > end:
            raise TimeoutError(f"not within {within_s:g} s; seen last: {str(last)[:500]} {tell()}")
        time.sleep(0.02)


def filled(corner: Corner, name: str) -> int:
    """Offsets used on a topic, markers of transactions included."""
    kafka_settings = corner.settings.kafka
    return sum(kafka.high_watermarks(kafka_settings, corner.topic(name), range(kafka_settings.partitions)).values())
