"""A Kafka broker and a schema registry for a demo, a test session or a developer: one call starts them, one stops them.

The choices in order: an external cluster from the settings, a container engine that answers, the local JVM. Whatever was started listens
only on 127.0.0.1 and ends with the process that started it, even if that is killed with `kill -9`.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal
from urllib.parse import urlsplit

from runtime.embedded.broker import Broker
from runtime.embedded.child import PortTaken, answers
from runtime.embedded.containers import Containers, engine_answers, start_containers
from runtime.embedded.fetch import Jars, fetched
from runtime.embedded.folder import DataFolder, Ports, take_folder
from runtime.embedded.registry import Registry
from runtime.embedded.tools import run_tool
from runtime.errors import Broken, Transient

BOOTSTRAP_KEY = "ML_CONNECTOR_KAFKA__BOOTSTRAP_SERVERS"
REGISTRY_KEY = "ML_CONNECTOR_REGISTRY__URL"
_ATTEMPTS = 4
_ANSWER_S = 3.0


@dataclass(frozen=True)
class Endpoints:
    """Where a cluster is: `bootstrap_servers` for Kafka clients, `registry_url` is the base address for a Confluent registry client."""

    bootstrap_servers: str
    registry_url: str

    def environment(self) -> dict[str, str]:
        """The same as settings for a process of ours."""
        return {BOOTSTRAP_KEY: self.bootstrap_servers, REGISTRY_KEY: self.registry_url}


@dataclass(frozen=True)
class _Servers:
    """The two servers on the local JVM. `remove` is the folder to delete when they have stopped, `folder` the one that is kept."""

    broker: Broker
    registry: Registry
    remove: Path | None
    folder: DataFolder | None


class EmbeddedCluster:
    """A running cluster. `kind` says how it runs; only the broker of a `jvm` one can be killed on purpose."""

    def __init__(
        self, kind: Literal["external", "container", "jvm"], endpoints: Endpoints, servers: _Servers | Containers | None
    ) -> None:
        self.kind = kind
        self.endpoints = endpoints
        self._servers = servers

    @property
    def bootstrap_servers(self) -> str:
        """For Kafka clients."""
        return self.endpoints.bootstrap_servers

    @property
    def registry_url(self) -> str:
        """For `confluent_kafka.schema_registry.SchemaRegistryClient`."""
        return self.endpoints.registry_url

    def kafka_tool(self, name: str, *args: str) -> subprocess.CompletedProcess[str]:
        """Run one of Kafka's own tools (`kafka-consumer-groups`, ...) against this cluster and return its output."""
        return run_tool(fetched(lambda _: None), self.bootstrap_servers, name, args)

    def kill_broker(self) -> None:
        """`kill -9` the broker. Its address and records stay for `start_broker`."""
        self._local().broker.kill()

    def start_broker(self) -> None:
        """Start the broker again at the same address and wait until it answers."""
        broker = self._local().broker
        broker.launch()
        broker.await_ready()

    def is_alive(self) -> bool:
        """Whether what was started here is still running; always true for what was not started here."""
        servers = self._servers
        return not isinstance(servers, _Servers) or (servers.broker.is_alive() and servers.registry.is_alive())

    def server_pids(self) -> dict[str, list[int]]:
        """The process ids of what runs here, by server; empty unless `kind` is `jvm`."""
        if not isinstance(self._servers, _Servers):
            return {}
        return {"broker": self._servers.broker.server_pids(), "registry": self._servers.registry.server_pids()}

    def stop(self) -> None:
        """Stop what was started here and remove its temporary folder. An external cluster is left alone. It may be called twice."""
        servers, self._servers = self._servers, None
        if isinstance(servers, Containers):
            servers.stop()
        elif servers is not None:
            _stop(servers)

    def _local(self) -> _Servers:
        if not isinstance(self._servers, _Servers):
            raise Broken(
                f"This cluster is {self.kind}: its broker is not ours to kill.", "Unset the external settings to run it on the JVM."
            )
        return self._servers


def endpoints_from_environment(environment: Mapping[str, str] = os.environ) -> Endpoints | None:
    """The external cluster that the settings name, or None. Raises `Broken` if only one of the two keys is set."""
    bootstrap, registry = environment.get(BOOTSTRAP_KEY, ""), environment.get(REGISTRY_KEY, "")
    if bool(bootstrap) != bool(registry):
        missing, present = (REGISTRY_KEY, BOOTSTRAP_KEY) if bootstrap else (BOOTSTRAP_KEY, REGISTRY_KEY)
        raise Broken(f"{present} is set but {missing} is not.", "An external cluster needs both; remove both to start one here.")
    return Endpoints(bootstrap, registry.rstrip("/")) if bootstrap else None


def start_cluster(
    data_dir: Path | None, progress: Callable[[str], None], learn: bool = False, port: int | None = None
) -> EmbeddedCluster:
    """A cluster that answers when this returns.

    With `data_dir`, records, schemas and ports stay there (containers are then not used); without it, everything is lost after `stop`.
    `port` is Kafka's; the registry and the servers' own use take the next three. `progress` gets a short sentence from time to time.
    `learn` makes later starts quicker and the stop of this one slower (`warmth.py`). Raises `Broken` with the reason and what to do,
    `Transient` if an external cluster does not answer.
    """
    external = endpoints_from_environment()
    if external is not None:
        _require_answer(external)
        progress(f"using the external cluster {external.bootstrap_servers}")
        return EmbeddedCluster("external", external, None)
    containers = _try_containers(progress) if data_dir is None and port is None else None
    if containers is not None:
        return EmbeddedCluster("container", Endpoints(containers.bootstrap_servers, containers.registry_url), containers)
    return start_on_jvm(data_dir, progress, learn, port)


def _require_answer(external: Endpoints) -> None:
    """Require that something listens where the settings say: settings exported for a cluster that has ended lead nowhere."""
    kafka = [f"//{one.strip()}" for one in external.bootstrap_servers.split(",")]
    for key, shown, addresses in (
        (BOOTSTRAP_KEY, external.bootstrap_servers, kafka),
        (REGISTRY_KEY, external.registry_url, [external.registry_url]),
    ):
        if not any(map(_listens, addresses)):
            raise Transient(
                f"{key}={shown} does not answer. Start that cluster, or run `unset {BOOTSTRAP_KEY} {REGISTRY_KEY}` to start one here."
            )


def _listens(address: str) -> bool:
    try:
        url = urlsplit(address)
        where = (url.hostname or "", url.port or (443 if url.scheme == "https" else 80))
        with socket.create_connection(where, timeout=_ANSWER_S):
            return True
    except (OSError, ValueError):
        return False


def start_on_jvm(
    data_dir: Path | None,
    progress: Callable[[str], None],
    learn: bool = False,
    port: int | None = None,
    more: Mapping[str, str] = MappingProxyType({}),
) -> EmbeddedCluster:
    """The third choice of `start_cluster`, called directly; `more` are further settings of Kafka for its broker. This process owns the
    folder before anything starts in it."""
    kept = take_folder(data_dir.absolute()) if data_dir is not None else None
    try:
        fixed = Ports.from_first(port) if port is not None else kept.ports() if kept is not None else None
        servers = _servers(fetched(progress), kept, learn, more)
    except BaseException:
        _release(kept)
        raise
    progress("starting Apache Kafka and Apicurio Registry")
    try:
        _start(servers, fixed)
        _keep_ports(servers)
    except BaseException:
        _stop(servers)
        raise
    endpoints = Endpoints(servers.broker.address, servers.registry.url)
    progress(f"Kafka answers at {endpoints.bootstrap_servers}, the registry at {endpoints.registry_url}")
    return EmbeddedCluster("jvm", endpoints, servers)


def _servers(jars: Jars, kept: DataFolder | None, learn: bool, more: Mapping[str, str]) -> _Servers:
    scratch = kept is None
    folder = kept.path if kept is not None else Path(tempfile.mkdtemp(prefix="ml-connector-"))
    broker, registry = Broker(jars, folder / "kafka", scratch, learn, more), Registry(jars, folder / "registry", scratch, learn)
    return _Servers(broker, registry, folder if scratch else None, kept)


def _keep_ports(servers: _Servers) -> None:
    if servers.folder is not None:
        b, r = servers.broker, servers.registry
        servers.folder.keep(Ports(b.port, r.port, b.controller_port, r.management_port))


def _start(servers: _Servers, fixed: Ports | None) -> None:
    """Start both at once, the registry first because it takes longest. On a port clash try other ports, unless they are `fixed`."""
    waiting: list[Broker | Registry] = [servers.registry, servers.broker]
    for _ in range(_ATTEMPTS):
        if fixed is not None:
            _require_free(fixed)
        for server in waiting:
            if fixed is not None:
                server.use(fixed)
            else:
                server.choose_ports()
            server.launch()
        waiting = [server for server in waiting if not _became_ready(server)]
        if not waiting:
            return
    raise Broken(f"No free ports were found in {_ATTEMPTS} attempts.", "Check which programs use ports on 127.0.0.1.")


def _require_free(ports: Ports) -> None:
    for port in (ports.kafka, ports.registry, ports.controller, ports.management):
        if answers(port):
            raise Broken(
                f"Port {port} of 127.0.0.1 is taken.", "End the program that listens there, or give another first port with --port."
            )


def _became_ready(server: Broker | Registry) -> bool:
    try:
        server.await_ready()
    except PortTaken:
        return False
    return True


def _stop(servers: _Servers) -> None:
    """Stop both at once: one that writes its AOT cache takes seconds."""
    with ThreadPoolExecutor(max_workers=2) as both:
        stops = [both.submit(servers.registry.stop), both.submit(servers.broker.stop)]
    for stop in stops:
        stop.result()
    if servers.remove is not None:
        shutil.rmtree(servers.remove, ignore_errors=True)
    _release(servers.folder)


def _release(kept: DataFolder | None) -> None:
    if kept is not None:
        kept.release()


def _try_containers(progress: Callable[[str], None]) -> Containers | None:
    if not engine_answers():
        return None
    progress("starting Apache Kafka and Apicurio Registry as containers")
    try:
        return start_containers()
    except Exception as error:  # noqa: BLE001  # whatever the engine says, the local JVM is the next choice
        progress(f"the container engine did not start them ({error}); going on with the local JVM")
        return None
