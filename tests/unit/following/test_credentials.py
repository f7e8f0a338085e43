from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import structlog
from confluent_kafka import KafkaError

from runtime import secrets
from runtime.clock import ScaledClock
from runtime.errors import Broken
from runtime.rolekeys import INGRESS, opening
from runtime.secrets import KeyRing, RingKey
from services import credentials
from services.credentials import RECORD, TOPIC, CredentialStore, Rewrapped, Sealed, rewrap_all, seal
from tests.signed import RING, about
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
    with pytest.raises(Broken, match="not what `apply` writes"):
        store.get("acme", "webhook")
    assert KEY["secret"] not in str(logs)
    assert "no key at all" not in str(logs)


LOST = KeyRing((RingKey("lost", NOW, b"l" * 32, None),))


def test_of_a_set_that_was_replaced_only_the_newest_record_is_opened(store: CredentialStore, cluster: Cluster) -> None:
    """What did not open was told at each start, long after it had been replaced."""
    cluster.write(TOPIC, RECORD, seal(LOST, ("acme", "webhook"), Sealed([KEY]), NOW))
    _write(cluster, "acme", [KEY])
    with structlog.testing.capture_logs() as logs:
        store.start()
    store.stop()
    assert store.keys("acme", "webhook") == [KEY]
    assert logs == []


@pytest.fixture
def wrapped(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Callable[[KeyRing], Rewrapped]:
    """Wraps what the topic holds under a ring, writing to the topic."""
    monkeypatch.setattr(credentials, "publish", lambda _, __, records, ___: cluster.write(TOPIC, RECORD, *records))
    return lambda ring: rewrap_all(SETTINGS, CODEC, ring)


NEW = RingKey("k9", NOW + timedelta(days=9), bytes([9]) * 32, None)


def test_one_set_that_does_not_open_does_not_keep_the_others_from_being_wrapped(
    cluster: Cluster, wrapped: Callable[[KeyRing], Rewrapped]
) -> None:
    """One unreadable record made `keys rotate --finish` a traceback, for good."""
    _write(cluster, "acme", [KEY])
    cluster.topics[TOPIC] += [b"\x00 no record", None]
    cluster.put(TOPIC, b"odd/webhook", b"\x00 no record", about(SETTINGS, TOPIC, "odd/webhook", b"\x00 no record"))
    cluster.write(TOPIC, RECORD, seal(LOST, ("gone", "webhook"), Sealed([KEY]), NOW))
    broken = seal(RING, ("broken", "webhook"), Sealed([KEY]), NOW)
    cluster.write(TOPIC, RECORD, broken | {"wrapped_key": bytes(40)})
    both = KeyRing((*RING.keys, NEW))
    done = wrapped(both)
    assert done.count == 1
    assert [line.partition(":")[0] for line in done.unopened] == ["gone/webhook", "broken/webhook"]
    assert wrapped(both).count == 0
    _, record = CODEC.decode(cluster.topics[TOPIC][-1] or b"")
    assert (record["connection"], record["key_id"]) == ("acme", NEW.id)


def test_a_ring_that_opens_nothing_is_another_ring(cluster: Cluster, wrapped: Callable[[KeyRing], Rewrapped]) -> None:
    _write(cluster, "acme", [KEY])
    before = list(cluster.topics[TOPIC])
    with pytest.raises(Broken, match="opens none of the 1 credential sets: it is another ring"):
        wrapped(LOST)
    assert cluster.topics[TOPIC] == before
