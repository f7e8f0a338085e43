"""Creates topics and registers schemas, and compares the topics of a cluster with their declaration: a topic with other settings could lose
records silently.

`differences` is the rule. Everything else talks to the cluster.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, ConfigResource, ResourceType  # type: ignore[attr-defined]  # documented, not in __all__
from confluent_kafka.cimpl import NewTopic

from runtime import kafka, registry
from runtime.errors import Broken
from runtime.settings import Kafka, Registry
from schemas import codec
from topology.topics import Topic, records_of_topic, topics

_ASK_S = 30
AT_ONCE_S = 5.0
"""How long a command waits for the cluster. A service waits `start_wait_s`."""
_APPLY = "run `ml-connector topics --apply`"
_MORE_IS_FINE = frozenset({"max.message.bytes", "min.compaction.lag.ms", "min.insync.replicas"})
_RETENTION = "retention.ms"


@dataclass(frozen=True)
class ExistingTopic:
    """A topic as the cluster has it. `replication` is the lowest number of replicas of any of its partitions."""

    partitions: int
    replication: int
    settings: Mapping[str, str]


@dataclass(frozen=True)
class Wrong:
    """One setting of a topic that differs from its declaration, and how to correct it."""

    topic: str
    setting: str
    found: str
    declared: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.topic}: {self.setting} is {self.found}, not {self.declared}: {self.remedy}"


def in_sync(replication: int) -> int:
    """The in-sync replicas that a write needs: a majority, so that an acknowledged record survives the loss of any one broker."""
    return replication // 2 + 1


def settings_of(topic: Topic, replication: int) -> dict[str, str]:
    """Kafka's settings for a topic with this replication factor."""
    return topic.settings | {"min.insync.replicas": str(in_sync(replication))}


def differences(name: str, topic: Topic, found: ExistingTopic | None, settings: Kafka) -> list[Wrong]:
    """How this topic differs from its declaration. `found` is None if the topic does not exist."""
    if found is None:
        return [Wrong(name, "the topic", "missing", "there", _APPLY)]
    wrong = []
    if found.partitions != settings.partitions:
        remedy = f"set ML_CONNECTOR_KAFKA__PARTITIONS={found.partitions} for every service, or use a new topic prefix and replay"
        wrong.append(Wrong(name, "the number of partitions", str(found.partitions), str(settings.partitions), remedy))
    if found.replication < settings.replication:
        remedy = "add replicas with kafka-reassign-partitions"
        wrong.append(Wrong(name, "the replication factor", str(found.replication), str(settings.replication), remedy))
    for key, declared in settings_of(topic, settings.replication).items():
        has = found.settings.get(key, "")
        if not _fits(key, has, declared, found):
            wrong.append(Wrong(name, key, has or "unset", declared, _command(name, f"{key}={declared}", settings)))
    return wrong


def _fits(key: str, has: str, declared: str, found: ExistingTopic) -> bool:
    if key == "min.insync.replicas" and int(has or 0) > found.replication:
        return False  # otherwise no write could ever succeed
    if key in _MORE_IS_FINE:
        return int(has or 0) >= int(declared)
    if key == _RETENTION:
        return has == "-1" or (declared != "-1" and int(has or 0) >= int(declared))
    return has == declared


def _command(name: str, change: str, settings: Kafka) -> str:
    secured = "" if settings.security_protocol == "PLAINTEXT" else " --command-config client.properties"
    return (
        f"kafka-configs --bootstrap-server {settings.bootstrap_servers}{secured} --alter --entity-type topics"
        f" --entity-name {name} --add-config {change}"
    )


def refuse_unfit(settings: Kafka, names: Iterable[str], within_s: float = AT_ONCE_S) -> None:
    """Compare these topics (full names) with their declaration. Raises `Broken` with a line for each wrong setting, `Transient` if Kafka
    does not answer."""
    _refuse(kafka.await_answer(settings, within_s), settings, list(names))


def _refuse(client: AdminClient, settings: Kafka, names: Sequence[str]) -> None:
    found = _described(client, settings, names)
    declared = {settings.topic_prefix + topic.name: topic for topic in topics().values()}
    wrong = [one for name in names for one in differences(name, declared[name], found.get(name), settings)]
    if wrong:
        lines = "\n".join(f"  {line}" for line in _lines_of(wrong))
        raise Broken(f"Topics at {settings.bootstrap_servers} are not as declared:\n{lines}")


def _lines_of(wrong: Sequence[Wrong]) -> list[str]:
    """One line for each difference; topics that share a difference and its remedy share a line."""
    alike: dict[tuple[str, str, str, str], list[str]] = {}
    for one in wrong:
        alike.setdefault((one.setting, one.found, one.declared, one.remedy), []).append(one.topic)
    return [str(Wrong(_listed(names), *what)) for what, names in alike.items()]


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= 3 else f"{names[0]} and {len(names) - 1} other topics"


def _described(client: AdminClient, settings: Kafka, names: Sequence[str]) -> dict[str, ExistingTopic]:
    """The topics among `names` that exist, as the cluster describes them."""
    try:
        metadata = client.list_topics(timeout=_ASK_S).topics
        there = [name for name in names if name in metadata and metadata[name].error is None]
        resources = [ConfigResource(ResourceType.TOPIC, name) for name in there]
        futures = client.describe_configs(resources, request_timeout=_ASK_S) if resources else {}
        answers: dict[str, dict[str, Any]] = {resource.name: future.result() for resource, future in futures.items()}
    except KafkaException as error:
        raise kafka.explained(settings, error.args[0]) from error
    return {
        name: ExistingTopic(
            len(metadata[name].partitions),
            min((len(one.replicas) for one in metadata[name].partitions.values()), default=0),
            {key: str(entry.value) for key, entry in answers[name].items()},
        )
        for name in there
    }


def create_topics(settings: Kafka, within_s: float = AT_ONCE_S) -> list[str]:
    """Create the missing topics; returns the names of those created.

    Raises `Broken` if an existing topic differs from its declaration, with a line for each wrong setting. Nothing is created then.
    """
    client = kafka.await_answer(settings, within_s)
    declared = {settings.topic_prefix + topic.name: topic for topic in topics().values()}
    existing = client.list_topics(timeout=_ASK_S).topics
    _refuse(client, settings, [name for name in declared if name in existing])
    new = [
        NewTopic(
            name,
            num_partitions=settings.partitions,
            replication_factor=settings.replication,
            config=settings_of(topic, settings.replication),
        )
        for name, topic in declared.items()
        if name not in existing
    ]
    return [name for name, future in (client.create_topics(new).items() if new else ()) if _created(name, future)]


def _created(name: str, future: object) -> bool:
    try:
        future.result()  # type: ignore[attr-defined]  # the stub of create_topics does not say what the futures are
    except KafkaException as error:
        if error.args[0].code() == KafkaError.TOPIC_ALREADY_EXISTS:
            return False
        raise Broken(f"{name} could not be created: {error.args[0].str()}.") from error
    return True


def register_schemas(to: Registry, prefix: str = "") -> dict[str, int]:
    """Register the schema of every record of every topic; returns subject -> schema id."""
    return codec.register(registry.client_settings(to), records_of_topic(prefix))
