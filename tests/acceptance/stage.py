"""The stage of these tests: simulators and services as processes on one cluster, and what a test may ask them.

Everything is asked from outside: the simulators' journals, the topics, the command line. Each process is stopped by its own handle.
"""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import time
import uuid
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

import pytest
from confluent_kafka import KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from console.books.ledgers import ledger_entries
from console.demo.accounts import Row
from console.demo.day import Day, Options
from console.demo.joined import Joined
from console.demo.processes import Pace, Processes, Simulators, environment
from console.reading import Cluster
from runtime import kafka
from runtime.embedded.child import free_ports
from runtime.embedded.cluster import EmbeddedCluster
from runtime.secrets import KeyRing, new_key, write_ring
from runtime.settings import Kafka, Settings
from tests.watched import simulators_watched
from topology.provision import create_topics, register_schemas

T = TypeVar("T")
DAY_START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
ERP, SOURCE = "acumatica", "servicetitan"
DOCUMENTS = ("Invoice", "Payment", "Bill")
ADDED = {"not_due", "before_cutover", "excluded", "held", "waiting", "erp", "unaccounted"}
BUCKETS = ADDED | {"source", "topics", "ledger"}
FLOWS = {
    "acumatica": {"A1", "A2", "A3", "A3V", "A4", "A5", "A6", "A7", "A8", "M0"},
    "peoplesoft": {"P1", "P2", "P3", "P4", "M0"},
    "oracle_fusion": {"F1", "F2", "F3", "F3R", "F4", "F5", "F6", "M0"},
    "netsuite": {"N1", "N1S", "N1C", "N2", "N2C", "N3", "N3V", "N3D", "N4", "N5", "N6", "N7", "M0"},
    "syspro": {"S1", "S2", "S2V", "S3", "S3W", "S3R", "S4", "S4L", "S5", "M0"},
}
CONNECTIONS = {
    "acumatica": "acme",
    "peoplesoft": "blue-ridge",
    "oracle_fusion": "hill-country",
    "netsuite": "sundial",
    "syspro": "five-branches",
}
WRITTEN = ("A1", "A2", "P1", "P2", "P3", "F1", "F2", "F3", "F4", "F5", "N1", "N1S", "N2", "N4", "S1", "S2", "S3", "S3W", "S3R")
"""Flows that write documents on every day."""
_SECRETS = "ML_CONNECTOR_DEMO_"


@dataclass
class Stage:
    """One connection between two simulators, with services that are started and killed at will."""

    cluster: EmbeddedCluster
    processes: Processes
    day: Day

    @property
    def prefix(self) -> str:
        """Before every topic and group."""
        return self.processes.settings.kafka.topic_prefix

    @property
    def connection_file(self) -> Path:
        """The connection's YAML, as last applied."""
        return self.joined.file

    @property
    def joined(self) -> Joined:
        """The stage's connection; the first one where there are several."""
        return self.day.joined[0]

    def work(self, what: Callable[[Day], Awaitable[T]]) -> T:
        """Run asynchronous work with the day; its connections to the simulators last as long."""

        async def run() -> T:
            try:
                return await what(self.day)
            finally:
                await self.day.simulators.close()

        return asyncio.run(run())

    def ask(self, system: str, path: str) -> Any:
        """GET of a simulator's own route."""
        return self.work(lambda _: self.joined.ask(system, path))

    def tell(self, system: str, path: str, body: Any) -> Any:
        """POST to a simulator's own route."""
        return self.work(lambda _: self.joined.tell(system, path, body))

    def events(self, *events: dict[str, Any]) -> list[dict[str, Any]]:
        """Let something happen at the source; ids of what was made."""
        return list(self.tell(SOURCE, "events", {"events": list(events)})["results"])

    def journal(self, kinds: Sequence[str] = (*DOCUMENTS, "Customer", "Vendor")) -> list[dict[str, Any]]:
        """Every write that the ERP committed, in order."""
        return [row for row in self.ask(ERP, "journal")["commits"] if row["kind"] in kinds]

    def rows(self) -> list[Row]:
        """The accounts of both sides as of now."""
        return self.work(lambda day: day.rows())

    def entries(self) -> list[dict[str, Any]]:
        """The ledger's newest entries."""
        return list(ledger_entries(self.reading, quiet=True))

    @property
    def reading(self) -> Cluster:
        """The topics, for reading."""
        return self.day.cluster

    def cli(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """`ml-connector ...` as a process, to its end."""
        command = [sys.executable, "-m", "console.cli.main", *arguments]
        return subprocess.run(
            command,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )

    def stop_service(self, name: str) -> None:
        """SIGTERM; running writes reach their outcome."""
        code = self.processes.children[name].stop()
        assert code == 0, f"{name} ended with {code}: {self.log_of(name)[-2000:]}"

    def log_of(self, name: str) -> str:
        """What a process said so far."""
        return (self.processes.folder / f"{name}.log").read_text(errors="replace")

    def unread(self, group: str, topic: str) -> int:
        """Records that a group has still to read: its lag without the markers of transactions, which nobody is ever given."""
        settings = self.processes.settings
        numbers = list(range(settings.kafka.partitions))
        client = kafka.consumer(settings.kafka, group)
        try:
            known = client.committed([TopicPartition(settings.topic(topic), number) for number in numbers], timeout=15)
        finally:
            client.close()
        start = {position.partition: max(0, position.offset) for position in known}
        return sum(1 for _ in kafka.read_to_end(settings.kafka, settings.topic(topic), numbers, start))

    def has_read(self, group: str, topic: str, patience_s: float = 120) -> None:
        """Return when a group has read all of a topic."""
        until(f"{group} to have read {topic}", lambda: self.unread(group, topic), lambda left: left == 0, patience_s)

    def sinks_have_read(self, patience_s: float = 120) -> None:
        """Return when the sinks have read every command."""
        self.has_read(f"sinks.{ERP}", f"command.{ERP}", patience_s)

    def recreate(self, *topics: str) -> None:
        """Delete topics and create them again, empty."""
        settings = self.processes.settings
        names = [settings.topic(name) for name in topics]
        admin = AdminClient({"bootstrap.servers": self.cluster.bootstrap_servers})
        for future in admin.delete_topics(names).values():
            future.result()
        until("the topics to be gone", lambda: set(names) & set(admin.list_topics(timeout=10).topics), lambda left: not left)
        assert set(create_topics(Kafka(bootstrap_servers=self.cluster.bootstrap_servers, topic_prefix=self.prefix))) == set(names)
        until("the new topics to be served", lambda: all(_is_served(settings, name) for name in names), bool)


def _is_served(settings: Settings, topic: str) -> bool:
    try:
        return set(kafka.high_watermarks(settings.kafka, topic, range(settings.kafka.partitions)).values()) == {0}
    except KafkaException:
        return False


def _say(sentence: str) -> None:
    sys.stderr.write(f"{sentence}\n")


def until(what: str, look: Callable[[], T], fits: Callable[[T], bool], patience_s: float = 60.0) -> T:
    """What `look` sees once it fits; fails at the deadline with what was seen last."""
    deadline = time.monotonic() + patience_s
    pause = 0.1
    while True:
        seen = look()
        if fits(seen):
            return seen
        assert time.monotonic() < deadline, f"{what}: not within {patience_s:g} s; seen last: {seen!r}"
        time.sleep(pause)
        pause = min(1.0, pause * 1.5)


def shown(rows: Sequence[Row]) -> dict[str, dict[str, Any]]:
    """Rows by flow, as programs see them; a flow's id that a second connection uses too has that one's name behind it."""
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        found[f"{row.flow} {row.connection}" if row.flow in found else row.flow] = row.as_json()
    return found


def bare_environment() -> dict[str, str]:
    """The environment of a process that belongs to no stage."""
    return {key: value for key, value in os.environ.items() if not key.startswith("ML_CONNECTOR_")}


def keeps_the_contract(told: dict[str, Any], *erps: str) -> None:
    """The object that `demo --json` ends with, as other programs rely on it."""
    assert set(told) == {"ok", "flows", "corrections", "balances"}
    expected = {(flow, CONNECTIONS[erp]) for erp in erps for flow in FLOWS[erp]}
    assert sorted((row["flow"], row["connection"]) for row in told["flows"] if row["flow"]) == sorted(expected)
    for row in told["flows"]:
        assert set(row) == BUCKETS | {"flow", "connection"} | (set() if row["flow"] else {"entity"})
        for name in BUCKETS:
            assert set(row[name]) == {"count", "amount"}
            assert isinstance(row[name]["count"], int)
            assert re.fullmatch(r"-?[0-9]+\.[0-9]{2}", row[name]["amount"]), row
        assert row["source"]["count"] == sum(row[name]["count"] for name in ADDED), row
        assert Decimal(row["source"]["amount"]) == sum(Decimal(row[name]["amount"]) for name in ADDED), row
        assert row["waiting"]["count"] == row["unaccounted"]["count"] == 0
    assert sum(told["corrections"].values()) >= 40, told["corrections"]
    assert {kind: set(counts) for kind, counts in told["balances"].items()} == {
        "customers": {"compared", "different"},
        "vendors": {"compared", "different"},
    }
    assert [counts["different"] for counts in told["balances"].values()] == [0, 0]
    posted = {row["flow"]: row["erp"]["count"] for row in told["flows"]}
    assert [flow for flow in WRITTEN if posted.get(flow) == 0] == []


@contextmanager
def staged(
    cluster: EmbeddedCluster, folder: Path, wanted: Options, named: str, more: Mapping[str, str] = MappingProxyType({})
) -> Iterator[Stage]:
    """A stage with topics, schemas and key ring, nothing running yet; every child is stopped at the end. `more` are settings beside."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_ports(1)[0]
    own = environment(folder, cluster.endpoints.environment(), Pace(wanted.scale, DAY_START), port)
    own["ML_CONNECTOR_KAFKA__TOPIC_PREFIX"] = f"{named}-{uuid.uuid4().hex[:6]}."
    own |= more
    with pytest.MonkeyPatch.context() as patch:
        for key, value in own.items():
            patch.setenv(key, value)
        write_ring(folder / "keys.json", KeyRing((new_key(datetime.now(UTC)),)))
        processes = Processes(folder, own, ingress_port=port)
        create_topics(processes.settings.kafka)
        register_schemas(processes.settings.registry, processes.settings.kafka.topic_prefix)
        day = Day(processes, wanted, _say, Simulators(processes), Cluster(processes.settings))
        try:
            with simulators_watched(), ExitStack() as at_end:
                at_end.callback(processes.stop)
                yield Stage(cluster, processes, day)
        finally:
            for key in [key for key in os.environ if key.startswith(_SECRETS)]:
                del os.environ[key]
