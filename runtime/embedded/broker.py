"""One Kafka node in KRaft mode on 127.0.0.1, as a process of this machine."""

from __future__ import annotations

import base64
import logging
import subprocess
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from confluent_kafka import KafkaException

from runtime import kafka
from runtime.embedded.child import Child, Command, answers, free_ports, spawn
from runtime.embedded.fetch import Jars
from runtime.embedded.folder import Ports
from runtime.embedded.java import server_java
from runtime.embedded.warmth import Warmth, warmth
from runtime.errors import Broken
from runtime.folders import private_folder
from runtime.settings import Kafka

# -Xmx256m with C1 and the serial collector: 2.0 s to ready and 140,000 records/s were measured; a larger heap gained nothing
_JVM = ["-Xms64m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dorg.apache.logging.log4j.level=WARN"]

# One node, few internal partitions, quick groups. Offsets are kept for a year, so that a sink that is off for a long time keeps its place.
# A killed node can register again when its session ends: after 11 s with Kafka's default of 9 s, after 4 s with 2 s (measured). The
# cleaner's buffer is cut to 16 MiB, which saves 130 MiB of memory (measured).
_SETTINGS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "auto.create.topics.enable": "false",
    "message.max.bytes": "2097152",
    "replica.fetch.max.bytes": "2097152",
    "offsets.retention.minutes": "525600",
    "offsets.topic.num.partitions": "4",
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.abort.timed.out.transaction.cleanup.interval.ms": "1000",
    "share.coordinator.state.topic.num.partitions": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    "log.cleaner.dedupe.buffer.size": "16777216",
    "broker.session.timeout.ms": "2000",
    "broker.heartbeat.interval.ms": "500",
    "num.network.threads": "2",
    "num.io.threads": "4",
}


@dataclass
class Broker:
    """A node whose address stays the same when it is killed and started again. Its records stay in `folder`.

    `more` are further settings of Kafka itself; listeners among them are added to ours.
    """

    jars: Jars
    folder: Path
    scratch: bool
    learn: bool
    more: Mapping[str, str] = field(default_factory=dict)
    port: int = 0
    controller_port: int = 0
    _child: Child | None = field(default=None, repr=False)

    @property
    def address(self) -> str:
        """The address that clients are given."""
        return f"127.0.0.1:{self.port}"

    def choose_ports(self) -> None:
        """Choose new free ports, before the first start and after a clash."""
        self.port, self.controller_port = free_ports(2)

    def use(self, ports: Ports) -> None:
        """Use these ports and no others."""
        self.port, self.controller_port = ports.kafka, ports.controller

    def launch(self) -> None:
        """Start the process; `await_ready` waits for it."""
        if self._child is not None and self._child.is_alive():
            raise Broken("The broker is already running.", "Stop or kill it first.")
        self._write_settings()
        if not (self.folder / "data" / "meta.properties").exists():
            self._format()
        options = [*_JVM, *self._warmth().options()]
        arguments = [server_java(), *options, "-cp", f"{self.jars.kafka}/*", "kafka.Kafka", str(self.folder / "server.properties")]
        self._child = spawn(Command("Kafka", arguments, self.folder / "kafka.log", scratch=self.folder if self.scratch else None))

    def await_ready(self) -> None:
        """Return when the node answers a client and lists itself as a broker."""
        self._running().await_ready(lambda: answers(self.port) and _serves(self.address))

    def stop(self) -> None:
        """Stop the node properly; does nothing if it is not running."""
        if self._child is not None:
            self._child.stop()
            self._warmth().keep()

    def kill(self) -> None:
        """End the node as a power cut would (`kill -9`)."""
        self._running().kill()
        self._warmth().forget()

    def is_alive(self) -> bool:
        """Whether its process is running."""
        return self._child is not None and self._child.is_alive()

    def server_pids(self) -> list[int]:
        """The node's process ids."""
        return self._child.server_pids() if self._child is not None else []

    def _running(self) -> Child:
        if self._child is None:
            raise Broken("The broker was not started.", "Start it first.")
        return self._child

    def _warmth(self) -> Warmth:
        return warmth(self.jars.root, "kafka", self.learn)

    def _write_settings(self) -> None:
        addresses = {
            "controller.quorum.voters": f"1@127.0.0.1:{self.controller_port}",
            "listeners": f"PLAINTEXT://{self.address},CONTROLLER://127.0.0.1:{self.controller_port}",
            "advertised.listeners": f"PLAINTEXT://{self.address}",
            "log.dirs": str(self.folder / "data"),
        }
        private_folder(self.folder)
        settings = _SETTINGS | addresses
        for key, value in self.more.items():
            settings[key] = f"{settings[key]},{value}" if key in ("listeners", "advertised.listeners") else value
        lines = [f"{key}={value}" for key, value in settings.items()]
        (self.folder / "server.properties").write_text("\n".join(lines) + "\n")

    def _format(self) -> None:
        """Give the empty data folder its cluster id, with Kafka's own tool."""
        cluster_id = (
            base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=").replace("-", "A")
        )  # "-..." would be read as an option
        storage = ["kafka.tools.StorageTool", "format", "-t", cluster_id, "-c", str(self.folder / "server.properties")]
        ran = subprocess.run(
            [server_java(), "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", f"{self.jars.kafka}/*", *storage],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if ran.returncode != 0:
            raise Broken(
                f"Kafka could not prepare its folder {self.folder}.", f"It said: {(ran.stdout + ran.stderr).strip()[-1500:]}"
            )


def _serves(address: str) -> bool:
    """Whether a client gets an answer that lists a broker. Its complaints meanwhile are expected and silenced."""
    silent = logging.getLogger("ml_connector.embedded.silent")
    silent.disabled = True
    try:
        return bool(kafka.admin(Kafka(bootstrap_servers=address), logger=silent).list_topics(timeout=2).brokers)
    except KafkaException:
        return False
