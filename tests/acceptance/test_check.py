"""`check` names each planted misconfiguration in one line, with what to do, and ends with 1."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from console.connections.applying import applied
from console.demo.facts import demo_of
from runtime.settings import Kafka, Registry
from tests.acceptance.conftest import SCALE, Live
from tests.acceptance.stage import ERP, SOURCE, Stage
from topology.provision import create_topics, register_schemas

pytestmark = [pytest.mark.kafka, pytest.mark.slow]
Files = dict[str, Any]
SCOPE = "tn.acc.payments:r"


@dataclass(frozen=True)
class Planted:
    """One mistake, and what the line about it has to hold."""

    name: str
    plant: Callable[[Files, Path], None]
    system: str
    words: tuple[str, ...]


def wrong_secret(side: str) -> Callable[[Files, Path], None]:
    def plant(file: Files, _: Path) -> None:
        file[side]["credentials"]["client_secret"] = "env:ML_CONNECTOR_DEMO_WRONG"

    return plant


def another_version(file: Files, _: Path) -> None:
    file["erp"]["settings"]["endpoint_version"] = "22.200.001"


def another_subaccount(_: Files, folder: Path) -> None:
    table = folder / "crosswalk" / "business_unit.csv"
    table.write_text(table.read_text().replace("ELE-000", "ELE-999"))


def no_key(file: Files, _: Path) -> None:
    del file["webhook_keys"]


def without_scope(file: Files, _: Path) -> None:
    file["field_service"]["settings"] |= {"api_url": "@scopeless", "auth_url": "@scopeless"}


PLANTED = [
    Planted("secret-source", wrong_secret("field_service"), SOURCE, ("client_secret",)),
    Planted("secret-erp", wrong_secret("erp"), ERP, ("client",)),
    Planted("scope", without_scope, SOURCE, (SCOPE,)),
    Planted("version", another_version, ERP, ("22.200.001", "24.200.001")),
    Planted("subaccount", another_subaccount, ERP, ("ELE-999", "business_unit Electrical - Service")),
    Planted("hmac", no_key, "", ("HMAC", "webhook_keys")),
]


@pytest.fixture(scope="module")
def checked(live: Live, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Planted | None], Path]]:
    """Applies a copy of the live connection with a mistake, under a prefix of its own: no service reads it."""
    stage = live.stage
    prefix = f"check-{stage.prefix}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ML_CONNECTOR_KAFKA__TOPIC_PREFIX", prefix)
        patch.setenv("ML_CONNECTOR_DEMO_WRONG", "this-is-not-the-secret-of-anything")
        create_topics(Kafka(bootstrap_servers=stage.cluster.bootstrap_servers, topic_prefix=prefix))
        register_schemas(Registry(url=stage.cluster.registry_url), prefix)

        def apply(planted: Planted | None) -> Path:
            return _applied(stage, planted, tmp_path_factory.mktemp("planted"))

        yield apply
    scopeless = stage.processes.children.pop("scopeless", None)
    if scopeless is not None:
        scopeless.stop()


def _applied(stage: Stage, planted: Planted | None, folder: Path) -> Path:
    file = yaml.safe_load(stage.connection_file.read_text())
    for source in sorted((stage.connection_file.parent / "crosswalk").iterdir()):
        (folder / "crosswalk").mkdir(exist_ok=True)
        (folder / "crosswalk" / source.name).write_text(source.read_text())
    file["connection"] = f"check-{planted.name}" if planted else "check-good"
    file["mode"] = "observe"
    for side in ("field_service", "erp"):
        file[side]["quota"]["group"] = f"{file['connection']}-{side}"
    if planted is not None:
        planted.plant(file, folder)
    text = yaml.safe_dump(file, sort_keys=False)
    if "@scopeless" in text:
        text = text.replace("'@scopeless'", _scopeless(stage))
    (folder / "connection.yaml").write_text(text)
    _, refused = applied(folder / "connection.yaml", "test", "planted")
    assert refused == []
    return folder


def _scopeless(stage: Stage) -> str:
    """A second tenant of the same seed whose application lacks a scope."""
    switches = {**demo_of(SOURCE).simulator_settings(SCALE), "scopes_off": SCOPE, "customers": "5"}
    stage.processes.start_simulator("scopeless", SOURCE, stage.day.options.seed, switches)
    stage.processes.await_simulator("scopeless")
    return str(stage.processes.simulators["scopeless"]["url"])


def test_a_right_connection_has_no_error_and_ends_with_0(live: Live, checked: Callable[[Planted | None], Path]) -> None:
    checked(None)
    said = live.stage.cli("check", "check-good", "--output", "json")
    errors = [row for row in json.loads(said.stdout) if row["level"] == "error"]
    assert (errors, said.returncode) == ([], 0), said.stderr


@pytest.mark.parametrize("planted", PLANTED, ids=lambda planted: planted.name)
def test_a_planted_mistake_is_named_in_one_line_with_what_to_do(
    live: Live, checked: Callable[[Planted | None], Path], planted: Planted
) -> None:
    checked(planted)
    assert os.environ["ML_CONNECTOR_KAFKA__TOPIC_PREFIX"].startswith("check-")
    said = live.stage.cli("check", f"check-{planted.name}", "--output", "json")
    assert said.returncode == 1, said.stdout + said.stderr
    errors = [row for row in json.loads(said.stdout) if row["level"] == "error"]
    assert [row["system"] for row in errors] == [planted.system], errors
    line = f"{errors[0]['subject']} {errors[0]['says']} {errors[0]['do']}"
    assert [words for words in planted.words if words not in line] == [], line
    assert errors[0]["do"], errors
    assert "this-is-not-the-secret" not in said.stdout + said.stderr
    if planted.name == "hmac":
        a_person_reads_one_line(live, planted)


def a_person_reads_one_line(live: Live, planted: Planted) -> None:
    said = live.stage.cli("check", f"check-{planted.name}")
    assert said.returncode == 1
    found = re.findall(
        r"^error.*\n(?: .*\n)*", said.stdout, re.MULTILINE
    )  # a line that is too long for the screen goes on, indented
    assert len(found) == 1, said.stdout
    assert [words for words in planted.words if words not in found[0]] == []
