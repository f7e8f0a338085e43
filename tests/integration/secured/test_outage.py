"""The broker goes away and comes back at its address: every service says so once, is not ready meanwhile, and recovers by itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from console.demo.processes import SERVICES, Processes
from runtime.embedded.child import free_ports
from runtime.embedded.cluster import EmbeddedCluster
from runtime.secrets import KeyRing, new_key, write_ring
from runtime.settings import Kafka, Registry
from tests.integration.ingress.stage import eventually
from tests.integration.secured.secured import own_cluster
from topology.provision import create_topics, register_schemas

pytestmark = [pytest.mark.kafka, pytest.mark.chaos]
OUTAGE_S = 25


@pytest.fixture(scope="module", name="own_cluster")
def _own_cluster() -> Iterator[EmbeddedCluster]:
    with own_cluster() as made:
        yield made


def ready(port: int) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
            return int(answer.status), ""
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError as error:
        return 0, str(error)


def lines(processes: Processes, service: str, since: int = 0) -> list[dict[str, object]]:
    text = (processes.folder / f"{service}.log").read_text()[since:]
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def test_every_service_recovers_on_the_same_port_and_says_so_once(own_cluster: EmbeddedCluster, tmp_path: Path) -> None:
    """14,600 lines in 50 s of outage, and ingress stayed at 503 until a webhook came."""
    write_ring(tmp_path / "ring", KeyRing((new_key(datetime.now(UTC)),)))
    create_topics(Kafka(bootstrap_servers=own_cluster.bootstrap_servers))
    register_schemas(Registry(url=own_cluster.registry_url))
    ports = dict(zip(SERVICES, free_ports(len(SERVICES)), strict=True))
    common = own_cluster.endpoints.environment() | {
        "ML_CONNECTOR_PROFILE": "demo",
        "ML_CONNECTOR_KEY_RING": str(tmp_path / "ring"),
        "ML_CONNECTOR_STATE_DIR": str(tmp_path / "state"),
        "ML_CONNECTOR_INGRESS__PORT": "0",
    }
    processes = Processes(tmp_path, common)
    for name in SERVICES:
        processes._spawn(name, ["run", name], {"ML_CONNECTOR_METRICS_PORT": str(ports[name])})
    try:
        eventually(
            lambda: {name: ready(port) for name, port in ports.items()}, lambda seen: {one[0] for one in seen.values()} == {200}, 90
        )
        begins = {name: len((tmp_path / f"{name}.log").read_text()) for name in SERVICES}
        own_cluster.kill_broker()
        eventually(
            lambda: {name: ready(port) for name, port in ports.items()}, lambda seen: {one[0] for one in seen.values()} == {503}, 60
        )
        reasons = {name: ready(port)[1] for name, port in ports.items()}
        threading.Event().wait(OUTAGE_S)
        own_cluster.start_broker()
        eventually(
            lambda: {name: ready(port) for name, port in ports.items()}, lambda seen: {one[0] for one in seen.values()} == {200}, 90
        )
        for name in SERVICES:
            assert processes.children[name].is_alive()
            said = Counter(str(line["event"]) for line in lines(processes, name, begins[name]))
            assert (said["outage"], said["outage_over"]) == (1, 1), (name, said)
            once_for_each_partition = said["ledger_read"] + said["assigned"]
            assert said.total() - once_for_each_partition < 30, (name, said)
            assert reasons[name], name
        codes = {name: processes.children[name].stop(patience_s=110) for name in SERVICES}
        assert codes == dict.fromkeys(SERVICES, 0)
    finally:
        processes.stop()


@pytest.mark.parametrize("away", ["kafka", "registry"])
@pytest.mark.parametrize("arguments", [("status",), ("run", "topology"), ("run", "ingress"), ("topics", "--apply")], ids=" ".join)
def test_who_starts_while_one_is_away_waits_a_stated_while_and_ends_with_69(
    own_cluster: EmbeddedCluster, tmp_path: Path, away: str, arguments: tuple[str, ...]
) -> None:
    write_ring(tmp_path / "ring", KeyRing((new_key(datetime.now(UTC)),)))
    create_topics(Kafka(bootstrap_servers=own_cluster.bootstrap_servers, topic_prefix="away."))
    nobody = f"127.0.0.1:{free_ports(1)[0]}"
    where = own_cluster.endpoints.environment() | {"ML_CONNECTOR_START_WAIT_S": "2", "ML_CONNECTOR_KAFKA__TOPIC_PREFIX": "away."}
    where |= {"ML_CONNECTOR_KEY_RING": str(tmp_path / "ring"), "ML_CONNECTOR_STATE_DIR": str(tmp_path / "state")}
    if away == "kafka":
        where["ML_CONNECTOR_KAFKA__BOOTSTRAP_SERVERS"] = nobody
    else:
        where["ML_CONNECTOR_REGISTRY__URL"] = f"http://{nobody}"
    command = [sys.executable, "-m", "console.cli.main", *arguments]
    ran = subprocess.run(command, env={**os.environ, **where}, capture_output=True, text=True, timeout=90, check=False)
    said = [line for line in ran.stderr.splitlines() if line.startswith("ml-connector:")]
    assert (ran.returncode, len(said)) == (69, 1), ran.stderr
    assert f"{nobody}" in said[0]
    assert said[0].endswith("does not answer; is `up` running?")
    assert "Traceback" not in ran.stderr
