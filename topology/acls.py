"""The Kafka ACLs of each role, computed from the table of topics. No role may write to a topic by which another role decides.

The roles are the four services and `cli`. `cli` stands for whoever runs commands, `topics --apply` and `apply` included. Each role has a
principal (user) of its own.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from runtime.settings import Kafka
from systems import registry
from topology.topics import topics
from topology.way import way

SERVICES = ("ingress", "pollers", "topology", "sinks")
CLI = "cli"
ROLES = (*SERVICES, CLI)
_WORDS_FOR_CLI = frozenset({"apply", "CLI", "import"})
_WORD = re.compile(r"[A-Za-z]+")
READ, WRITE = ("Read", "Describe", "DescribeConfigs"), ("Write", "Describe", "DescribeConfigs")
_GROUP_OF_READERS = "no-group"


@dataclass(frozen=True)
class Acl:
    """One permission of a role. `names` are topics, groups or transactional ids as the broker knows them. With `is_prefix` the one name
    stands for every name that begins with it."""

    role: str
    resource: str
    names: tuple[str, ...]
    operations: tuple[str, ...]
    is_prefix: bool = False


def roles_in(words: str) -> frozenset[str]:
    """The roles that a cell of the table names. Other readers, such as analysts, are not roles."""
    found = set(_WORD.findall(words.partition("(")[0] + words.partition(")")[2]))
    named = {role for role in SERVICES if role in found or "all" in found}
    return frozenset(named | ({CLI} if found & _WORDS_FOR_CLI else set()))


def acls(settings: Kafka) -> list[Acl]:
    """Every ACL that the roles need, and no others."""
    return [one for role in ROLES for one in (*_topics(role, settings), *_groups(role, settings), *_transactions(role, settings))]


def _topics(role: str, settings: Kafka) -> Iterator[Acl]:
    declared = topics().values()
    # A hop also reads the topics that it wrote, to restore its state. Commands read everything, for `status` and `explain`.
    read = [topic.name for topic in declared if role == CLI or role in roles_in(topic.read_by)]
    written = [topic.name for topic in declared if role in roles_in(topic.written_by)]
    for names, operations in ((read, READ), (written, WRITE)):
        if names:
            yield Acl(role, "topic", tuple(settings.topic_prefix + name for name in names), operations)
    if role in ("topology", "sinks"):  # when they start they compare every topic with its declaration
        rest = [topic.name for topic in declared if topic.name not in {*read, *written}]
        yield Acl(role, "topic", tuple(settings.topic_prefix + name for name in rest), ("Describe", "DescribeConfigs"))
    if role == CLI:
        yield Acl(role, "topic", tuple(settings.topic_prefix + topic.name for topic in declared), ("Create",))


def _groups(role: str, settings: Kafka) -> Iterator[Acl]:
    own = {
        "pollers": ("pollers.fetch",),
        "topology": tuple(way()),
        "sinks": tuple(f"sinks.{name}" for name in registry.NAMES),
    }
    names = (*own.get(role, ()), _GROUP_OF_READERS)
    yield Acl(role, "group", tuple(settings.topic_prefix + name for name in names), ("Read", "Describe"))
    if role == CLI:
        others = tuple(settings.topic_prefix + name for names in own.values() for name in names)
        yield Acl(role, "group", others, ("Describe",))


def _transactions(role: str, settings: Kafka) -> Iterator[Acl]:
    own = {"topology": tuple(f"{hop}-" for hop in way()), "sinks": ("sink-",)}.get(role, ())
    for name in own:
        yield Acl(role, "transactional-id", (settings.topic_prefix + name,), ("Write", "Describe"), is_prefix=True)


def commands(settings: Kafka, principal: str) -> list[str]:
    """The same ACLs as `kafka-acls` commands. `{role}` in the principal is replaced by the role."""
    return [_command(one, settings, principal.replace("{role}", one.role)) for one in acls(settings)]


def _command(one: Acl, settings: Kafka, principal: str) -> str:
    words = ["kafka-acls", "--bootstrap-server", settings.bootstrap_servers]
    if settings.security_protocol != "PLAINTEXT":
        words += ["--command-config", "client.properties"]
    words += ["--add", "--allow-principal", principal]
    words += [word for operation in one.operations for word in ("--operation", operation)]
    words += [word for name in one.names for word in (f"--{one.resource}", name)]
    return shlex.join([*words, *(["--resource-pattern-type", "prefixed"] if one.is_prefix else [])])
