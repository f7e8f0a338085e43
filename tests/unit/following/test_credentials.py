from __future__ import annotations

from typing import Any

import pytest
import structlog
from confluent_kafka import KafkaError

from runtime import secrets
from runtime.clock import ScaledClock
from runtime.errors import Broken
from runtime.rolekeys import INGRESS, opening
from services.credentials import RECORD, TOPIC, CredentialStore, Sealed, seal
from tests.signed import RING
from tests.toy import NOW
from tests.unit.following.log import CODEC, SETTINGS, Cluster, until

KEY = {"name": "q1", "secret": "a-key-of-a-webhook-with-enough-characters"}


@pytest.fixture
def store(cluster: Cluster) -> CredentialStore:
    """Not started yet."""
    return CredentialStore(SETTINGS, CODEC, ScaledClock(), role=INGRESS)


def _write(cluster: Cluster, connection: str, secret: Any) -> None:
    # `seal` refuses keys that are unfit, so what is wrong is sealed as another purpose's and written under this one's name
    envelope = secrets.seal(opening(RING, INGRESS), (connection, "webhook"), Sealed(secret).as_bytes(), NOW)
    record = seal(RING, (connection, "webhook"), Sealed([KEY]), NOW)
    sealed = {"key_id": envelope.key_id, "wrapped_key": envelope.wrapped_key, "nonce": envelope.nonce}
    cluster.write(TOPIC, RECORD, record | sealed | {"ciphertext": envelope.ciphertext})


def test_keys_that_changed_while_the_topic_could_not_be_read_are_in_force_afterwards(
    store: CredentialStore, cluster: Cluster
) -> None:
    _write(cluster, "acme", [KEY])
    store.start()
    assert store.keys("acme", "webhook") == [KEY]
    cluster.refusing[TOPIC] = KafkaError.TOPIC_AUTHORIZATION_FAILED
    until(lambda: store.trouble)
    _write(cluster, "acme", [KEY | {"name": "q2"}])
    del cluster.refusing[TOPIC]
    until(lambda: not store.trouble)
    store.stop()
    assert store.failed == ""
    assert [key["name"] for key in store.keys("acme", "webhook")] == ["q2"]


@pytest.mark.parametrize("secret", [["no key at all"], [KEY | {"secret": 7}], [KEY | {"not_after": 7}], [None]], ids=repr)
def test_a_set_that_is_not_what_apply_seals_is_left_out_and_its_content_never_shown(
    store: CredentialStore, cluster: Cluster, secret: Any
) -> None:
    _write(cluster, "acme", [KEY])
    store.start()
    with structlog.testing.capture_logs() as logs:
        _write(cluster, "acme", secret)
        _write(cluster, "other", [KEY])
        until(lambda: store.keys("other", "webhook"))
    store.stop()
    assert store.failed == ""
    with pytest.raises(Broken, match="not what `apply` seals"):
        store.get("acme", "webhook")
    assert KEY["secret"] not in str(logs)
    assert "no key at all" not in str(logs)
