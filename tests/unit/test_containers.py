"""docker-compose.yml and the Dockerfile: valid, complete, and in the words of the command line; no engine is needed to know that."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import typer.main
import yaml

from console.cli.main import app
from runtime.embedded.containers import KAFKA_IMAGE, REGISTRY_IMAGE
from runtime.settings import Settings

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"].startswith("ml-connector")}
COMMANDS = {name: service["command"] for name, service in OURS.items() if "command" in service}


def test_the_file_fits_the_compose_specification() -> None:
    """Schema from the Go module github.com/compose-spec/compose-go/v2 v2.4.0, schema/compose-spec.json (Apache License 2.0)."""
    schema = json.loads((ROOT / "tests/integration/data/compose-spec.json").read_text())
    jsonschema.validate(COMPOSE, schema)


def test_a_wrong_key_would_be_found() -> None:
    schema = json.loads((ROOT / "tests/integration/data/compose-spec.json").read_text())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(COMPOSE | {"services": {"kafka": {"image": "x", "enviroment": {}}}}, schema)


def test_what_a_service_waits_for_exists() -> None:
    for name, service in SERVICES.items():
        assert set(service.get("depends_on", {})) <= set(SERVICES), name
        shared = service.get("network_mode", "service:loopback").removeprefix("service:")
        assert shared in SERVICES, name


def test_a_condition_can_come_true() -> None:
    """Waiting for `service_healthy` of a service without a health check waits for ever."""
    waits = [(other, wait["condition"]) for service in SERVICES.values() for other, wait in service.get("depends_on", {}).items()]
    for other, condition in waits:
        if condition == "service_healthy":
            assert "healthcheck" in SERVICES[other], other
        if condition == "service_completed_successfully":
            assert SERVICES[other]["restart"] == "on-failure", other


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_a_command_is_one_that_the_command_line_knows(name: str) -> None:
    verb, *arguments = COMMANDS[name]
    if verb == "--help":
        return
    verbs: Any = typer.main.get_command(app)
    command = verbs.get_command(None, verb)
    assert command is not None
    command.make_context(verb, list(arguments), resilient_parsing=False)


def test_each_service_has_a_container_and_simulators_share_one_description() -> None:
    """A further system changes nothing here: which one is simulated is said when the container is run."""
    commands = [tuple(command[:2]) for command in COMMANDS.values()]
    for service in ("ingress", "pollers", "topology", "sinks"):
        assert commands.count(("run", service)) == 1
    assert [name for name, command in COMMANDS.items() if command[0] == "simulate"] == ["simulator"]


def test_only_the_simulators_and_the_command_line_wait_to_be_asked_for() -> None:
    assert {name for name, service in SERVICES.items() if "profiles" in service} == {"cli", "simulator"}


def test_each_service_is_given_the_keys_of_its_role_and_none_the_ring() -> None:
    """Topology opens nothing: the public keys are enough to check signatures."""
    given = {name: [one["source"] for one in service.get("secrets", [])] for name, service in OURS.items()}
    wanted = {name: [f"{name}_keys"] for name in ("ingress", "pollers", "sinks")} | {
        "topology": ["verify_keys"],
        "cli": ["key_ring"],
    }
    assert {name: keys for name, keys in given.items() if keys} == wanted
    assert set(COMPOSE["secrets"]) == {key for keys in given.values() for key in keys}
    for name in wanted:
        assert SERVICES[name]["environment"]["ML_CONNECTOR_KEY_RING"] == "/run/secrets/keys"
        assert [one["target"] for one in SERVICES[name]["secrets"]] == ["keys"]


def test_nothing_has_more_rights_or_memory_than_it_is_given() -> None:
    for name, service in SERVICES.items():
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["mem_limit"], name
        assert "privileged" not in service, name
    assert {name for name, service in SERVICES.items() if not service.get("read_only")} == {"kafka", "registry"}
    for name, service in OURS.items():
        written = [volume.partition(":")[2] for volume in service.get("volumes", [])]
        assert set(written) <= {"/var/lib/ml-connector"}, name


def test_every_setting_is_one_of_the_tree() -> None:
    keys = {key for service in OURS.values() for key in service.get("environment", {})}
    for key in sorted(keys):
        section: Any = Settings
        for part in key.removeprefix("ML_CONNECTOR_").lower().split("__"):
            assert part in section.model_fields, key
            section = section.model_fields[part].annotation


def test_ports_are_published_on_loopback_only() -> None:
    for name, service in SERVICES.items():
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:"), name


def test_versions_are_those_of_the_embedded_cluster() -> None:
    pom = (ROOT / "runtime/embedded/pom.xml").read_text()
    assert SERVICES["kafka"]["image"] == KAFKA_IMAGE
    assert SERVICES["registry"]["image"] == REGISTRY_IMAGE
    for image in (KAFKA_IMAGE, REGISTRY_IMAGE):
        assert f"<version>{image.rpartition(':')[2]}</version>" in pom


def test_the_image_installs_from_the_lock_and_runs_as_nobody_special() -> None:
    lines = (ROOT / "Dockerfile").read_text()
    assert "--require-hashes -r requirements.txt" in lines
    user = re.findall(r"^USER (\S+)", lines, re.MULTILINE)
    assert user == ["10001"]
    assert lines.index("\nUSER ") < lines.index("\nENTRYPOINT "), "nothing runs before the user is set"


def test_the_image_gets_every_package_and_nothing_else() -> None:
    allowed = {line.removeprefix("!") for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    packages = {"schemas", "runtime", "systems", "topology", "services", "console"}
    assert allowed == packages | {"pyproject.toml", "requirements.txt"}
