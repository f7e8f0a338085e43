from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from confluent_kafka import KafkaError

from runtime import secrets
from runtime.clock import ScaledClock
from runtime.errors import Broken
from runtime.secrets import KeyRing, RingKey
from services import credentials
from services.credentials import RECORD, TOPIC, CredentialStore, Rewrapped, rewrap_all, seal
from tests.toy import NOW
from tests.unit.following.log import CODEC, SETTINGS, Cluster, until

RING = KeyRing((RingKey("k1", NOW, b"k" * 32, None),))
KEY = {"name": "q1", "secret": "a-key-of-a-webhook-with-enough-characters"}


@pytest.fixture
def store(cluster: Cluster, tmp_path: Path) -> CredentialStore:
    """Not started yet."""
    secrets.write_ring(tmp_path / "ring", RING)
    return CredentialStore(SETTINGS.model_copy(update={"key_ring": tmp_path / "ring"}), CODEC, ScaledClock())


def _write(cluster: Cluster, connection: str, secret: Any) -> None:
    # `seal` refuses keys that are unfit, so what is wrong is sealed as another purpose's and written under this one's name
    envelope = secrets.seal(RING, (connection, "webhook"), json.dumps(secret).encode(), NOW)
    record = seal(RING, (connection, "webhook"), [KEY], NOW)
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


def test_of_a_set_that_was_replaced_only_the_newest_record_is_opened(store: CredentialStore, cluster: Cluster) -> None:
    """What did not open was told at each start, long after it had been replaced."""
    gone = KeyRing((RingKey("k0", NOW, b"0" * 32, None),))
    cluster.write(TOPIC, RECORD, seal(gone, ("acme", "webhook"), [KEY], NOW))
    _write(cluster, "acme", [KEY])
    with structlog.testing.capture_logs() as logs:
        store.start()
    store.stop()
    assert store.keys("acme", "webhook") == [KEY]
    assert logs == []


def test_a_record_that_cannot_be_read_leaves_the_set_before_it_in_force(store: CredentialStore, cluster: Cluster) -> None:
    _write(cluster, "acme", [KEY])
    cluster.topics[TOPIC].append(b"\x00 no record")
    with structlog.testing.capture_logs() as logs:
        store.start()
    store.stop()
    assert store.keys("acme", "webhook") == [KEY]
    assert [one["event"] for one in logs] == ["credentials_unreadable"]


OLD, NEW = (RingKey(f"k{number}", NOW + timedelta(days=number), bytes([number]) * 32, None) for number in (8, 9))


@pytest.fixture
def wrapped(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Callable[[KeyRing], Rewrapped]:
    """Wraps what the topic holds under a ring, writing to the topic."""
    monkeypatch.setattr(credentials, "publish", lambda _, __, records: cluster.write(TOPIC, RECORD, *records))
    return lambda ring: rewrap_all(SETTINGS.model_copy(update={"key_ring": Path("ring")}), CODEC, ring, NOW + timedelta(days=10))


def test_one_set_that_does_not_open_does_not_keep_the_others_from_being_wrapped(
    cluster: Cluster, wrapped: Callable[[KeyRing], Rewrapped]
) -> None:
    """One unreadable record made `keys rotate --finish` a traceback, for good."""
    lost = KeyRing((RingKey("lost", NOW, b"l" * 32, None),))
    cluster.write(TOPIC, RECORD, seal(KeyRing((OLD,)), ("acme", "webhook"), [KEY], NOW + timedelta(days=8)))
    cluster.topics[TOPIC] += [b"\x00 no record", None]
    cluster.write(TOPIC, RECORD, seal(lost, ("gone", "webhook"), [KEY], NOW))
    broken = seal(KeyRing((OLD,)), ("broken", "webhook"), [KEY], NOW + timedelta(days=8))
    cluster.write(TOPIC, RECORD, broken | {"wrapped_key": bytes(40)})
    done = wrapped(KeyRing((OLD, NEW)))
    assert done.count == 1
    assert [line.partition(":")[0] for line in done.left if "/webhook" in line] == ["gone/webhook", "broken/webhook"]
    assert len([line for line in done.left if "cannot be read" in line]) == 2
    assert wrapped(KeyRing((NEW,))).count == 0
    _, record = CODEC.decode(cluster.topics[TOPIC][-1] or b"")
    assert (record["connection"], record["key_id"]) == ("acme", NEW.id)


def test_a_ring_that_opens_nothing_is_another_ring(cluster: Cluster, wrapped: Callable[[KeyRing], Rewrapped]) -> None:
    _write(cluster, "acme", [KEY])
    before = list(cluster.topics[TOPIC])
    with pytest.raises(Broken, match="ring opens none of the 1 credential sets: it is another ring"):
        wrapped(KeyRing((OLD, NEW)))
    assert cluster.topics[TOPIC] == before
