"""Services as processes: what they say when they must not start, and the contracts that programs rely on."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from console.demo.processes import SERVICES
from runtime.embedded.cluster import EmbeddedCluster
from runtime.settings import Kafka
from systems import registry
from tests.acceptance.stage import bare_environment
from tests.signed import ring_in
from topology.provision import create_topics

pytestmark = [pytest.mark.kafka, pytest.mark.slow]
MAIN = [sys.executable, "-m", "console.cli.main"]


def ended(arguments: list[str], folder: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """A process that has to end by itself."""
    own = {"ML_CONNECTOR_STATE_DIR": str(folder), "ML_CONNECTOR_INGRESS__PORT": "0"}
    return subprocess.run(
        [*MAIN, *arguments],
        env={**bare_environment(), **own, **settings},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("key", "value"),
    [("ML_CONNECTOR_LANES", "0"), ("ML_CONNECTOR_PROFILE", "demonstration"), ("ML_CONNECTOR_KAFKA__PARTITIONS", "many")],
)
def test_a_wrong_setting_stops_a_service_at_start_with_the_key_named(tmp_path: Path, key: str, value: str) -> None:
    said = ended(["run", "topology"], tmp_path, **{key: value})
    assert said.returncode == 78, said.stderr
    last = said.stderr.strip().splitlines()[-1]
    assert key in last
    assert "Traceback" not in said.stderr


def test_a_service_without_a_cluster_says_which_setting_is_missing(tmp_path: Path) -> None:
    for service in SERVICES:
        said = ended(["run", service], tmp_path)
        assert said.returncode == 78, (service, said.returncode, said.stderr)
        assert "ML_CONNECTOR_REGISTRY__URL" in said.stderr or "ML_CONNECTOR_KAFKA__BOOTSTRAP_SERVERS" in said.stderr, (
            service,
            said.stderr,
        )
        assert "Traceback" not in said.stderr, (service, said.stderr)


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_whose_schemas_are_not_registered_refuses_to_start_and_says_which(
    cluster: EmbeddedCluster, tmp_path: Path, service: str
) -> None:
    addresses = cluster.endpoints.environment() | {"ML_CONNECTOR_KAFKA__TOPIC_PREFIX": "never-registered."}
    bootstrap_servers = addresses["ML_CONNECTOR_KAFKA__BOOTSTRAP_SERVERS"]
    create_topics(Kafka(bootstrap_servers=bootstrap_servers, topic_prefix="never-registered."))
    said = ended(["run", service], tmp_path, **addresses, ML_CONNECTOR_KEY_RING=str(ring_in(tmp_path)))
    assert said.returncode == 78, (said.returncode, said.stderr[-2000:])
    assert "never-registered.raw.servicetitan-ml_connector.raw.Raw" in said.stderr
    assert "ml-connector topics --apply" in said.stderr
    assert "Traceback" not in said.stderr


@pytest.mark.parametrize("system", registry.NAMES)
def test_a_simulator_prints_one_line_when_ready_and_ends_on_sigterm(system: str, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.watched", "simulate", system, "--seed", "5", "--state-dir", str(tmp_path)],
        env=bare_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        ready = json.loads(process.stdout.readline())
        beside = set(ready) - {"system", "url", "credentials"}  # more addresses, where a system has them
        assert len(ready) - len(beside) == 3
        assert all(name.endswith("_url") and ready[name].startswith(ready["url"]) for name in beside)
        assert ready["system"] == system
        with urllib.request.urlopen(f"{ready['url']}/__sim__/journal", timeout=20) as answer:
            assert isinstance(json.load(answer)["commits"], list)
        if system == "acumatica":
            wanted = {"username", "password", "tenant", "client_id", "client_secret", "endpoint_version"}
            assert wanted <= set(ready["credentials"])
        if system == "peoplesoft":
            wanted = {"username", "password", "client_id", "client_secret", "token_url", "node", "wsdl"}
            assert wanted <= set(ready["credentials"])
            assert all(address.startswith(ready["url"]) for address in ready["credentials"]["wsdl"])
    finally:
        process.send_signal(signal.SIGTERM)
        rest, complaints = process.communicate(timeout=30)
    assert (process.returncode, rest) == (0, ""), complaints


def test_an_unknown_system_is_refused_with_those_there_are(tmp_path: Path) -> None:
    said = ended(["simulate", "quickbooks"], tmp_path)
    assert said.returncode == 78
    assert "servicetitan" in said.stderr
