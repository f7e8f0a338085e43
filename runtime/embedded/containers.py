"""The same broker and registry as containers, if a container engine answers.

Not proved: this was written for testcontainers 4.15 on a machine without an engine. If the containers do not come up, the caller continues
with the local JVM and says so. Image names are those of docker-compose.yml.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runtime.embedded.child import free_ports

KAFKA_IMAGE = "apache/kafka:4.3.1"
REGISTRY_IMAGE = "apicurio/apicurio-registry:3.3.3"


@dataclass(frozen=True)
class Containers:
    """A started broker and registry. The reaper of testcontainers removes them if we die first."""

    bootstrap_servers: str
    registry_url: str
    stop: Callable[[], None]


def engine_answers() -> bool:
    """Whether a container engine answers a ping. The presence of a `docker` command proves nothing."""
    host = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
    if host.startswith("unix://") and not Path(host.removeprefix("unix://")).exists():
        return False
    import docker  # half a second that only this branch should cost
    from docker.errors import DockerException

    try:
        client = docker.from_env(timeout=2)
        try:
            return bool(client.ping())
        finally:
            client.close()
    except DockerException:
        return False


def start_containers() -> Containers:
    """Start both on free ports of 127.0.0.1 and wait for their ports. Raises whatever the engine raises."""
    from testcontainers.core.container import DockerContainer  # see engine_answers
    from testcontainers.core.wait_strategies import PortWaitStrategy

    kafka_port, registry_port = free_ports(2)
    started: list[Any] = []

    def stop() -> None:
        for container in reversed(started):
            container.stop()

    def run(image: str, inner: int, outer: int, environment: dict[str, str]) -> None:
        container = DockerContainer(image, env=environment)
        container.ports[f"{inner}/tcp"] = ("127.0.0.1", outer)  # type: ignore[assignment]  # the engine takes an address too
        container.waiting_for(PortWaitStrategy(inner))
        started.append(container)
        container.start()

    try:
        run(KAFKA_IMAGE, 9092, kafka_port, _kafka_environment(kafka_port))
        run(REGISTRY_IMAGE, 8080, registry_port, {"APICURIO_RULES_GLOBAL_COMPATIBILITY": "FULL_TRANSITIVE"})
    except BaseException:
        stop()
        raise
    return Containers(f"127.0.0.1:{kafka_port}", f"http://127.0.0.1:{registry_port}/apis/ccompat/v7", stop)


def _kafka_environment(port: int) -> dict[str, str]:
    return {
        "KAFKA_NODE_ID": "1",
        "KAFKA_PROCESS_ROLES": "broker,controller",
        "KAFKA_LISTENERS": "PLAINTEXT://:9092,CONTROLLER://:9093",
        "KAFKA_ADVERTISED_LISTENERS": f"PLAINTEXT://127.0.0.1:{port}",
        "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
        "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
        "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
        "KAFKA_MESSAGE_MAX_BYTES": "2097152",
        "KAFKA_OFFSETS_RETENTION_MINUTES": "525600",
        "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
        "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
        "KAFKA_GROUP_MIN_SESSION_TIMEOUT_MS": "1000",
    }
