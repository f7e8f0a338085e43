"""The embedded cluster: answers as Kafka and as a Confluent registry, listens on loopback only, and never outlives its starter."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient

from runtime.embedded import broker, registry
from runtime.embedded import cluster as embedded
from runtime.embedded.broker import Broker
from runtime.embedded.child import PortTaken, free_ports
from runtime.embedded.cluster import EmbeddedCluster, start_on_jvm
from runtime.embedded.registry import Registry
from runtime.errors import Broken

pytestmark = pytest.mark.kafka


def wait_until(what: str, is_so: Callable[[], object], patience_s: float = 60.0) -> None:
    """Return when it is so; after the deadline fail with what was seen last."""
    deadline = time.monotonic() + patience_s
    while not (seen := is_so()):
        if time.monotonic() > deadline:
            pytest.fail(f"{what} did not happen in {patience_s} s; last seen: {seen!r}")
        threading.Event().wait(0.05)


def new_topic(cluster: EmbeddedCluster) -> str:
    name = f"ground-{uuid.uuid4().hex[:8]}"
    admin = AdminClient({"bootstrap.servers": cluster.bootstrap_servers})  # held: its futures die with it
    admin.create_topics([NewTopic(name, 1, 1)])[name].result(30)
    return name


def produce(cluster: EmbeddedCluster, topic: str, value: bytes) -> None:
    producer = Producer({"bootstrap.servers": cluster.bootstrap_servers, "acks": "all", "enable.idempotence": True})
    refused: list[object] = []
    producer.produce(topic, value, on_delivery=lambda error, _: refused.append(error) if error else None)
    assert producer.flush(30) == 0
    assert refused == []


def consume_one(cluster: EmbeddedCluster, topic: str, group: str) -> bytes:
    settings = {"bootstrap.servers": cluster.bootstrap_servers, "group.id": group, "auto.offset.reset": "earliest"}
    consumer = Consumer(settings | {"enable.auto.commit": False, "session.timeout.ms": 3000})
    consumer.subscribe([topic])
    try:
        message = consumer.poll(30)
        assert message is not None
        assert message.error() is None
        consumer.commit(message=message, asynchronous=False)
        return message.value() or b""
    finally:
        consumer.close()


def committed(cluster: EmbeddedCluster, topic: str, group: str) -> int:
    consumer = Consumer({"bootstrap.servers": cluster.bootstrap_servers, "group.id": group})
    try:
        return int(consumer.committed([TopicPartition(topic, 0)], timeout=30)[0].offset)
    finally:
        consumer.close()


def listening_addresses(process_id: int) -> set[str]:
    """Local addresses on which a process listens, from /proc."""
    links = [str(link.readlink()) for link in Path(f"/proc/{process_id}/fd").iterdir()]
    inodes = {link[len("socket:[") : -1] for link in links if link.startswith("socket:")}
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{process_id}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in inodes:
                found.add(fields[1].split(":")[0])
    return found


def alive(server_pids: list[int]) -> list[int]:
    def runs(process_id: int) -> bool:
        stat = Path(f"/proc/{process_id}/stat")
        try:
            return stat.read_text().rpartition(")")[2].split()[0] != "Z"
        except (FileNotFoundError, ProcessLookupError):
            return False

    return [process_id for process_id in server_pids if runs(process_id)]


def test_a_record_written_is_read_back(cluster: EmbeddedCluster) -> None:
    topic = new_topic(cluster)
    produce(cluster, topic, b"42.00")
    assert consume_one(cluster, topic, f"{topic}-readers") == b"42.00"


def test_a_topic_nobody_declared_is_not_created(cluster: EmbeddedCluster) -> None:
    name = f"undeclared-{uuid.uuid4().hex[:8]}"
    producer = Producer({"bootstrap.servers": cluster.bootstrap_servers, "message.timeout.ms": 2000})
    errors: list[object] = []
    producer.produce(name, b"x", on_delivery=lambda error, _: errors.append(error))
    producer.flush(30)
    assert errors[0] is not None
    assert name not in AdminClient({"bootstrap.servers": cluster.bootstrap_servers}).list_topics(timeout=30).topics


def test_the_registry_speaks_the_confluent_api_and_refuses_an_incompatible_schema(cluster: EmbeddedCluster) -> None:
    subject = f"ground-{uuid.uuid4().hex[:8]}-value"

    def schema(*fields: Mapping[str, object]) -> Schema:
        return Schema(json.dumps({"type": "record", "name": "R", "fields": fields}), "AVRO")

    text, number, extra = {"name": "a", "type": "string"}, {"name": "a", "type": "long"}, {"name": "b", "type": "int", "default": 0}
    with SchemaRegistryClient({"url": cluster.registry_url}) as client:
        first = client.register_schema(subject, schema(text))
        assert client.register_schema(subject, schema(text)) == first
        assert client.get_compatibility() == "FULL_TRANSITIVE"
        assert client.test_compatibility(subject, schema(number)) is False
        assert client.test_compatibility(subject, schema(text, extra)) is True


def test_kafkas_own_tool_resets_a_groups_offsets(cluster: EmbeddedCluster) -> None:
    topic = new_topic(cluster)
    group = f"{topic}-readers"
    produce(cluster, topic, b"one")
    consume_one(cluster, topic, group)
    assert committed(cluster, topic, group) == 1
    reset = cluster.kafka_tool(
        "kafka-consumer-groups", "--group", group, "--topic", topic, "--reset-offsets", "--to-earliest", "--execute"
    )
    assert reset.returncode == 0, reset.stdout + reset.stderr
    assert committed(cluster, topic, group) == 0


def test_an_unknown_tool_is_refused_with_the_known_ones(cluster: EmbeddedCluster) -> None:
    with pytest.raises(Broken, match="kafka-consumer-groups"):
        cluster.kafka_tool("kafka-everything")


def test_both_servers_listen_on_loopback_only(cluster: EmbeddedCluster) -> None:
    if cluster.kind != "jvm":
        pytest.skip(f"the cluster is {cluster.kind}: its listeners are not ours")
    loopback = {"0100007F", "0000000000000000FFFF00000100007F", "00000000000000000000000001000000"}
    for server, server_pids in cluster.server_pids().items():
        listening = {address for process_id in server_pids for address in listening_addresses(process_id)}
        assert listening, f"{server} listens nowhere"
        assert listening <= loopback, f"{server} listens on {listening - loopback}"


@pytest.fixture
def own_cluster(request: pytest.FixtureRequest) -> Iterator[EmbeddedCluster]:
    """A cluster that the test may break."""
    started = start_on_jvm(None, lambda _: None)
    yield started
    started.stop()


@pytest.mark.slow
def test_a_killed_broker_comes_back_at_its_address_with_its_records(own_cluster: EmbeddedCluster) -> None:
    topic = new_topic(own_cluster)
    produce(own_cluster, topic, b"survives")
    broker_before = own_cluster.server_pids()["broker"]
    own_cluster.kill_broker()
    assert alive(broker_before) == []
    own_cluster.start_broker()
    assert consume_one(own_cluster, topic, f"{topic}-readers") == b"survives"


@pytest.mark.slow
def test_a_folder_keeps_records_schemas_and_ports_over_a_restart(tmp_path: Path) -> None:
    first = start_on_jvm(tmp_path, lambda _: None)
    try:
        topic = new_topic(first)
        produce(first, topic, b"kept")
        with SchemaRegistryClient({"url": first.registry_url}) as client:
            client.register_schema("kept-value", Schema('"string"', "AVRO"))
    finally:
        first.stop()
    second = start_on_jvm(tmp_path, lambda _: None)
    try:
        assert second.endpoints == first.endpoints, "settings that were exported for the first one hold for the second"
        assert consume_one(second, topic, f"{topic}-readers") == b"kept"
        with SchemaRegistryClient({"url": second.registry_url}) as client:
            assert client.get_subjects() == ["kept-value"]
    finally:
        second.stop()


@pytest.mark.slow
def test_a_taken_port_is_left_to_its_owner_and_others_are_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    """A port can be free when chosen and taken when the server binds it, whenever two test runs start at once."""
    clashes: list[str] = []

    def noting_clashes(server: Broker | Registry) -> bool:
        try:
            server.await_ready()
        except PortTaken:
            clashes.append(type(server).__name__)
        return server.is_alive()

    monkeypatch.setattr(embedded, "_became_ready", noting_clashes)
    with socket.socket() as owner:
        owner.bind(("127.0.0.1", 0))
        owner.listen()
        for server in (broker, registry):
            first_choice = iter([[owner.getsockname()[1], *free_ports(1)]])
            monkeypatch.setattr(server, "free_ports", lambda count, first=first_choice: next(first, None) or free_ports(count))
        started = start_on_jvm(None, lambda _: None)
        try:
            assert sorted(clashes) == ["Broker", "Registry"]
            produce(started, new_topic(started), b"elsewhere")
        finally:
            started.stop()


@pytest.mark.slow
def test_two_clusters_stand_beside_each_other() -> None:
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda _: start_on_jvm(None, lambda _: None), range(2)))
    try:
        topic = new_topic(both[0])
        assert topic not in AdminClient({"bootstrap.servers": both[1].bootstrap_servers}).list_topics(timeout=30).topics
    finally:
        for each in both:
            each.stop()


_STARTER = """
import json, signal, sys
from runtime.embedded.cluster import start_on_jvm
cluster = start_on_jvm(None, lambda _: None)
print(json.dumps({"pids": cluster.server_pids(), "folder": str(cluster._servers.remove)}), flush=True)
signal.pause()
"""


@pytest.mark.slow
def test_nothing_stays_when_the_starter_is_killed() -> None:
    """`kill -9` of a test run once left brokers behind that filled the machine's memory by evening."""
    starter = subprocess.Popen([sys.executable, "-c", _STARTER], stdout=subprocess.PIPE, text=True)
    assert starter.stdout is not None
    with starter.stdout:
        said = json.loads(starter.stdout.readline())
    servers = [*said["pids"]["broker"], *said["pids"]["registry"]]
    assert alive(servers) == servers
    starter.kill()
    starter.wait()
    wait_until("the end of the servers", lambda: not alive(servers))
    wait_until("the removal of their folder", lambda: not Path(said["folder"]).exists())


@pytest.mark.slow
@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_up_prints_one_line_when_ready_and_leaves_no_process(ending: signal.Signals) -> None:
    command = [str(Path(sys.executable).with_name("ml-connector")), "up", "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    line = process.stdout.readline()
    try:
        addresses = json.loads(line)
        assert set(addresses) == {"bootstrap_servers", "registry_url"}
        assert (
            "raw.servicetitan" in AdminClient({"bootstrap.servers": addresses["bootstrap_servers"]}).list_topics(timeout=30).topics
        )
        with SchemaRegistryClient({"url": addresses["registry_url"]}) as client:
            assert client.get_subjects() != []
        children = descendants(process.pid)
        assert len(children) == 4, "two servers, each behind its guard"
    finally:
        process.send_signal(ending)
        rest, progress = process.communicate(timeout=60)
    assert process.returncode == 0, progress
    assert rest == "", "one line on stdout, no more"
    assert "Kafka answers" in progress
    assert alive(children) == []


@pytest.mark.slow
def test_up_stopped_while_it_starts_leaves_nothing(tmp_path: Path) -> None:
    command = [str(Path(sys.executable).with_name("ml-connector")), "up", "--json"]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
    wait_until("the start of both servers", lambda: len(descendants(process.pid)) == 4)
    children = descendants(process.pid)
    process.send_signal(signal.SIGTERM)
    said, progress = process.communicate(timeout=60)
    assert (process.returncode, said) == (0, ""), progress
    assert alive(children) == []
    assert list(tmp_path.iterdir()) == []


def descendants(process_id: int) -> list[int]:
    """Process ids below this one; what ends while it is looked at is left out."""
    found: list[int] = []
    with suppress(FileNotFoundError, ProcessLookupError):
        for task in Path(f"/proc/{process_id}/task").iterdir():
            for child in (task / "children").read_text().split():
                found += [int(child), *descendants(int(child))]
    return found


def test_one_key_of_an_external_cluster_without_the_other_is_refused_by_name() -> None:
    with pytest.raises(Broken, match="ML_CONNECTOR_REGISTRY__URL is not"):
        embedded.endpoints_from_environment({"ML_CONNECTOR_KAFKA__BOOTSTRAP_SERVERS": "kafka:9092"})


def test_settings_select_an_external_cluster_and_stopping_leaves_it_alone(
    cluster: EmbeddedCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key, value in cluster.endpoints.environment().items():
        monkeypatch.setenv(key, value)
    said: list[str] = []
    external = embedded.start_cluster(None, said.append)
    assert external.kind == "external"
    external.stop()
    with pytest.raises(Broken, match="not ours"):
        external.kill_broker()
    produce(cluster, new_topic(cluster), b"still there")
