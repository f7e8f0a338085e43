"""Which role may write and read what."""

from __future__ import annotations

import shlex

import pytest

from runtime.settings import Kafka
from topology.acls import READ, ROLES, WRITE, acls, commands
from topology.topics import topics

SETTINGS = Kafka(bootstrap_servers="k:9092", topic_prefix="p.")


def allowed(role: str, operation: str) -> set[str]:
    """Topics, with what is alike left out, that a role may do this with."""
    names = {
        name
        for one in acls(SETTINGS)
        if (one.role, one.resource) == (role, "topic") and operation in one.operations
        for name in one.names
    }
    return {name.removeprefix("p.").partition(".")[0] for name in names}


@pytest.mark.parametrize(
    ("role", "written", "read"),
    [
        ("ingress", {"raw"}, {"connections", "credentials", "crosswalk"}),
        ("pollers", {"raw", "cursors", "audit"}, {"connections", "credentials", "crosswalk", "cursors", "fetch"}),
        ("topology", {"canonical", "command", "fetch", "audit", "dead"}, {"connections", "crosswalk", "raw", "canonical", "remap"}),
        (
            "sinks",
            {"ledger", "result", "links", "control", "remap", "fetch", "audit", "dead"},
            {"connections", "credentials", "crosswalk", "control", "links", "canonical", "command", "ledger", "result"},
        ),
        ("cli", {"connections", "credentials", "crosswalk", "control", "links", "fetch", "audit", "remap", "cursors"}, None),
    ],
)
def test_a_role_may_do_what_it_does_and_no_more(role: str, written: set[str], read: set[str] | None) -> None:
    assert allowed(role, "Write") == written
    assert allowed(role, "Read") == (read or {name.partition(".")[0] for name in topics()})


def test_only_whoever_runs_commands_may_create() -> None:
    assert [role for role in ROLES if allowed(role, "Create")] == ["cli"]


def test_the_start_may_ask_for_the_settings_of_what_it_compares() -> None:
    for role in ("topology", "sinks"):
        assert allowed(role, "DescribeConfigs") == {name.partition(".")[0] for name in topics()}
    assert "DescribeConfigs" in READ
    assert "DescribeConfigs" in WRITE


def test_each_is_a_command_for_one_principal_with_full_names() -> None:
    made = [shlex.split(line) for line in commands(SETTINGS, "User:{role}@EXAMPLE")]
    assert {words[0] for words in made} == {"kafka-acls"}
    assert {words[words.index("--allow-principal") + 1] for words in made} == {f"User:{role}@EXAMPLE" for role in ROLES}
    names = [words[n + 1] for words in made for n, word in enumerate(words) if word in ("--topic", "--group", "--transactional-id")]
    assert names
    assert all(name.startswith("p.") for name in names)
    prefixed = [words for words in made if words[-2:] == ["--resource-pattern-type", "prefixed"]]
    assert {"--transactional-id" in words for words in prefixed} == {True}
