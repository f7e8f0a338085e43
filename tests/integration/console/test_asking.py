"""A command's codec asks the registry for a schema when it is first needed, and reads and refuses what the codec of a service does."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient

from runtime.embedded.cluster import EmbeddedCluster
from runtime.settings import settings_from_environment
from schemas.asked import AskingCodec
from schemas.codec import load, subject
from schemas.errors import Malformed, NotRegistered, RegistryAway
from schemas.generate import versions
from topology.configuration import Follower
from topology.topics import records_of_topic


@pytest.fixture
def cursor() -> dict[str, object]:
    """A record of a topic."""
    position = {"connection": "acme", "feed": "acumatica.invoices", "position": "p", "page_digest": "", "records": 1}
    return {**position, "at": datetime(2026, 3, 2, tzinfo=UTC)}


def test_it_reads_what_a_service_wrote_and_writes_the_same_bytes(
    cluster: EmbeddedCluster, prefix: str, cursor: dict[str, object]
) -> None:
    service, command = (made(cluster.registry_url, records_of_topic(prefix)) for made in (load, AskingCodec))
    written = service.encode(f"{prefix}cursors", "raw.cursor", cursor)
    command.expect([f"{prefix}cursors"])
    assert command.decode(written) == ("raw.cursor", cursor)
    assert command.encode(f"{prefix}cursors", "raw.cursor", cursor) == written
    assert (len(command.ids), len(command.writers)) == (1, 1), "it asked for more than it needed"
    assert AskingCodec(cluster.registry_url, records_of_topic(prefix)).decode(written) == ("raw.cursor", cursor)


def test_an_id_that_nobody_registered_and_a_schema_of_somebody_else_are_malformed(cluster: EmbeddedCluster, prefix: str) -> None:
    command = AskingCodec(cluster.registry_url, records_of_topic(prefix))
    ours = versions("raw.cursor")[-1]
    foreign = [{"type": "record", "name": "Other", "fields": []}, {**ours, "fields": ours["fields"][:2]}]
    with SchemaRegistryClient({"url": cluster.registry_url}) as client:
        ids = [client.register_schema(f"{prefix}foreign-{n}", Schema(json.dumps(one), "AVRO")) for n, one in enumerate(foreign)]
    for schema_id in (*ids, 2_000_000_000):
        with pytest.raises(Malformed, match=f"schema id {schema_id} is not one of ours"):
            command.decode(b"\x00" + schema_id.to_bytes(4, "big") + b"\x02a")


def test_a_subject_that_is_not_registered_is_named_with_what_to_do(cluster: EmbeddedCluster, cursor: dict[str, object]) -> None:
    command = AskingCodec(cluster.registry_url, records_of_topic("nobody."))
    with pytest.raises(NotRegistered, match=f"{subject('nobody.cursors', 'raw.cursor')}. Run `ml-connector topics --apply` first"):
        command.encode("nobody.cursors", "raw.cursor", cursor)


def test_a_configuration_is_not_taken_for_empty_because_the_registry_is_away(prefix: str) -> None:
    """Each record of it could not be read, so that no connection was known."""
    settings = settings_from_environment()
    with pytest.raises(RegistryAway):
        Follower(settings, AskingCodec("http://127.0.0.1:1/apis/ccompat/v7", records_of_topic(prefix))).start()


def test_a_registry_that_does_not_answer_is_named(cursor: dict[str, object]) -> None:
    command = AskingCodec("http://127.0.0.1:1/apis/ccompat/v7", records_of_topic())
    with pytest.raises(RegistryAway, match="does not answer; is `up` running"):
        command.encode("cursors", "raw.cursor", cursor)
    with pytest.raises(RegistryAway):
        command.decode(b"\x00\x00\x00\x00\x01\x02a")
