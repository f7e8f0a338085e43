"""Apicurio Registry on 127.0.0.1, as a process of this machine, with the Confluent registry's API (v7)."""

from __future__ import annotations

import http.client
from dataclasses import dataclass, field
from pathlib import Path

from runtime.embedded.child import Child, Command, answers, free_ports, spawn
from runtime.embedded.fetch import Jars
from runtime.embedded.folder import Ports
from runtime.embedded.java import server_java
from runtime.embedded.warmth import Warmth, warmth
from runtime.folders import private_folder

_JVM = ["-Xms64m", "-Xmx192m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
_API = "/apis/ccompat/v7"


@dataclass
class Registry:
    """The registry. What was registered stays in `folder`.

    H2 runs with WRITE_DELAY=0: without it, a `kill -9` right after an acknowledged registration lost the registration in three of three
    tries (measured).
    """

    jars: Jars
    folder: Path
    scratch: bool
    learn: bool
    port: int = 0
    management_port: int = 0
    _child: Child | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        """The base address for a Confluent registry client."""
        return f"http://127.0.0.1:{self.port}{_API}"

    def choose_ports(self) -> None:
        """Choose new free ports, before the first start and after a clash."""
        self.port, self.management_port = free_ports(2)

    def use(self, ports: Ports) -> None:
        """Use these ports and no others."""
        self.port, self.management_port = ports.registry, ports.management

    def launch(self) -> None:
        """Start the process; `await_ready` waits for it."""
        private_folder(self.folder)
        arguments = [server_java(), *_JVM, *self._warmth().options(), "-jar", str(self.jars.apicurio / "quarkus-run.jar")]
        scratch = self.folder if self.scratch else None
        self._child = spawn(Command("Apicurio Registry", arguments, self.folder / "registry.log", self._environment(), scratch))

    def await_ready(self) -> None:
        """Return when it answers with a list of subjects."""
        assert self._child is not None
        self._child.await_ready(lambda: answers(self.port) and self._lists_subjects())

    def stop(self) -> None:
        """Stop it properly; does nothing if it is not running."""
        if self._child is not None:
            self._child.stop()
            self._warmth().keep()

    def is_alive(self) -> bool:
        """Whether its process is running."""
        return self._child is not None and self._child.is_alive()

    def server_pids(self) -> list[int]:
        """Its process ids."""
        return self._child.server_pids() if self._child is not None else []

    def _warmth(self) -> Warmth:
        return warmth(self.jars.root, "registry", self.learn)

    def _environment(self) -> dict[str, str]:
        """Both listeners on loopback: QUARKUS_HTTP_HOST alone leaves the management port open to all (measured)."""
        return {
            "QUARKUS_HTTP_HOST": "127.0.0.1",
            "QUARKUS_HTTP_PORT": str(self.port),
            "QUARKUS_MANAGEMENT_HOST": "127.0.0.1",
            "QUARKUS_MANAGEMENT_PORT": str(self.management_port),
            "QUARKUS_LOG_LEVEL": "WARN",
            "QUARKUS_BANNER_ENABLED": "false",
            "APICURIO_STORAGE_KIND": "sql",
            "APICURIO_STORAGE_SQL_KIND": "h2",
            "APICURIO_DATASOURCE_URL": f"jdbc:h2:file:{(self.folder / 'registry').absolute()};WRITE_DELAY=0",
            "APICURIO_DATASOURCE_JDBC_INITIAL_SIZE": "2",
            "APICURIO_DATASOURCE_JDBC_MIN_SIZE": "2",
            "APICURIO_DATASOURCE_JDBC_MAX_SIZE": "10",
            "APICURIO_RULES_GLOBAL_COMPATIBILITY": "FULL_TRANSITIVE",
        }

    def _lists_subjects(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", f"{_API}/subjects")
            return connection.getresponse().status == 200  # OK
        except OSError:
            return False
        finally:
            connection.close()
