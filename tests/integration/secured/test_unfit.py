"""Topics that somebody else made, and another partition count in one service's settings: refused at every start, each in its own line."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from confluent_kafka.admin import NewTopic  # type: ignore[attr-defined]  # documented, not in __all__

from console.demo.processes import SERVICES
from runtime import kafka
from runtime.embedded.cluster import EmbeddedCluster
from runtime.secrets import KeyRing, new_key, write_ring
from runtime.settings import Kafka, Registry
from topology.provision import create_topics, register_schemas

pytestmark = [pytest.mark.kafka, pytest.mark.chaos]


@pytest.fixture
def environment(cluster: EmbeddedCluster, tmp_path: Path) -> Iterator[dict[str, str]]:
    write_ring(tmp_path / "ring", KeyRing((new_key(datetime.now(UTC)),)))
    yield {
        **os.environ,
        **cluster.endpoints.environment(),
        "ML_CONNECTOR_KAFKA__TOPIC_PREFIX": f"u{uuid.uuid4().hex[:6]}.",
        "ML_CONNECTOR_KEY_RING": str(tmp_path / "ring"),
        "ML_CONNECTOR_STATE_DIR": str(tmp_path / "state"),
        "ML_CONNECTOR_INGRESS__PORT": "0",
    }
    assert not (tmp_path / "state").exists(), "what is refused leaves no folder"


def cli(environment: dict[str, str], *arguments: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "console.cli.main", *arguments]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    return ran.returncode, ran.stderr


def test_topics_made_beforehand_with_other_settings_are_refused_by_apply_and_by_every_start(
    cluster: EmbeddedCluster, environment: dict[str, str]
) -> None:
    prefix = environment["ML_CONNECTOR_KAFKA__TOPIC_PREFIX"]
    admin = kafka.admin(Kafka(bootstrap_servers=cluster.bootstrap_servers))
    unfit = [
        NewTopic(
            f"{prefix}connections",
            4,
            1,
            config={"message.timestamp.type": "CreateTime", "retention.ms": "-1", "max.message.bytes": "1000000"},
        ),
        NewTopic(f"{prefix}ledger.acumatica", 4, 1, config={"cleanup.policy": "delete", "retention.ms": "60000"}),
    ]
    for future in admin.create_topics(unfit).values():
        future.result()
    code, said = cli(environment, "topics", "--apply")
    assert code == 78
    lines = [line for line in said.splitlines() if "--add-config" in line]
    for topic, change in (
        ("connections", "message.timestamp.type=LogAppendTime"),
        ("connections", "max.message.bytes=2097152"),
        ("ledger.acumatica", "cleanup.policy=compact"),
    ):
        assert any(f"--entity-name {prefix}{topic} " in line and line.endswith(change) for line in lines), said
    known = set(admin.list_topics(timeout=30).topics)
    assert {name for name in known if name.startswith(prefix)} == {new.topic for new in unfit}, "nothing was created"
    for service in SERVICES:
        code, said = cli(environment, "run", service)
        assert (code, f"{prefix}connections: message.timestamp.type is CreateTime" in said, "Traceback" in said) == (
            78,
            True,
            False,
        ), said


def test_another_partition_count_than_the_clusters_is_refused_at_every_start(
    cluster: EmbeddedCluster, environment: dict[str, str]
) -> None:
    """It was ready, answered signed webhooks with 401, and `status` showed nothing."""
    prefix = environment["ML_CONNECTOR_KAFKA__TOPIC_PREFIX"]
    create_topics(Kafka(bootstrap_servers=cluster.bootstrap_servers, topic_prefix=prefix, partitions=2))
    register_schemas(Registry(url=cluster.registry_url), prefix)
    for arguments in (*(("run", service) for service in (*SERVICES, "all")), ("topics", "--apply")):
        code, said = cli(environment, *arguments)
        assert (code, said.count("ML_CONNECTOR_KAFKA__PARTITIONS=2")) == (78, 1), (arguments, said)


def test_topics_that_are_not_there_are_named(environment: dict[str, str]) -> None:
    code, said = cli(environment, "run", "topology")
    assert (code, "ml-connector topics --apply" in said, said.count("\n") < 4) == (78, True, True), said
