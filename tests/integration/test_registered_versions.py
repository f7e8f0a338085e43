"""Which versions of a record's schema a registry gets, and which a service can read."""

from __future__ import annotations

import json
import uuid

import pytest
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient

from runtime.embedded.cluster import EmbeddedCluster
from schemas.codec import load, register, subject
from schemas.generate import versions

pytestmark = pytest.mark.kafka
RECORD = "result.ledger"


@pytest.fixture
def topic() -> str:
    """A name that no other test uses."""
    return f"ledger-{uuid.uuid4().hex[:8]}"


def test_a_new_subject_gets_the_present_version_alone(cluster: EmbeddedCluster, topic: str) -> None:
    ids = register(cluster.registry_url, {topic: (RECORD,)})
    with SchemaRegistryClient({"url": cluster.registry_url}) as client:
        assert client.get_versions(subject(topic, RECORD)) == [1]
    assert load(cluster.registry_url, {topic: (RECORD,)}).ids == {(topic, RECORD): ids[subject(topic, RECORD)]}


@pytest.mark.parametrize(
    "registered", [(0,), (2, 0), (-1, 0)], ids=["an older one", "out of order", "an older release after the present one"]
)
def test_every_version_in_which_records_may_have_been_written_is_read(
    cluster: EmbeddedCluster, topic: str, registered: tuple[int, ...]
) -> None:
    known = versions(RECORD)
    assert len(known) > 3
    with SchemaRegistryClient({"url": cluster.registry_url}) as client:
        theirs = [client.register_schema(subject(topic, RECORD), Schema(json.dumps(known[n]), "AVRO")) for n in registered]
        if -1 in registered:
            assert set(load(cluster.registry_url, {topic: (RECORD,)}).writers) == set(theirs)
        register(cluster.registry_url, {topic: (RECORD,)})
        ids = {client.lookup_schema(subject(topic, RECORD), Schema(json.dumps(one), "AVRO")).schema_id for one in known}
    assert len(ids) > 2
    assert set(load(cluster.registry_url, {topic: (RECORD,)}).writers) == ids > set(theirs)
