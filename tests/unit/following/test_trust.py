"""What is believed of the topics that people decide on: by writing to Kafka alone nothing is put in force, and nothing taken back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import structlog

from runtime import metrics
from runtime.clock import ScaledClock
from runtime.errors import Broken
from runtime.rolekeys import DECIDER, INGRESS, OPERATOR, SINKS, keys_for, write_keys
from runtime.secrets import KeyRing, new_key
from runtime.signing import Place, now_version
from services import start
from services.credentials import RECORD, TOPIC, CredentialStore, Sealed, seal
from services.sinks import follow
from services.sinks.follow import CONTROL, Followed, Following
from services.sinks.links import MemoryLinks
from tests import toy
from tests.signed import RING, signature
from tests.toy import NOW
from tests.unit.following.log import CODEC, SETTINGS, Cluster, Headers, key_of, until
from tests.unit.following.records import SYSTEMS, control
from tests.unit.topology import hops
from topology.configuration import Follower
from topology.trust import LATE_US

KEYS = [{"name": "q1", "secret": "a-key-of-a-webhook-with-enough-characters"}]
LEAKED = [{"name": "q0", "secret": "a-key-of-a-webhook-that-has-leaked-away"}]


@pytest.fixture(autouse=True)
def _toys(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(follow, "topic_id", lambda *_: "id")
    with hops.toys():
        yield


@dataclass(frozen=True)
class Written:
    """A record as it lies in its topic."""

    topic: str
    key: bytes
    value: bytes
    headers: Headers

    def again(self, cluster: Cluster, **other: Any) -> None:
        """Written once more, perhaps to another topic or under another key."""
        made = {"topic": self.topic, "key": self.key, "value": self.value, "headers": self.headers} | other
        cluster.put(made["topic"], made["key"], made["value"], made["headers"])


def put(cluster: Cluster, topic: str, name: str, record: Mapping[str, Any], version: int | None, **how: Any) -> Written:
    """Write a record signed under a version, or unsigned where that is None."""
    key, value = key_of(topic, record).encode(), CODEC.encode(topic, name, record)
    headers = [signature(Place(topic, 0, key), value, version, **how)] if version is not None else []
    cluster.put(topic, key, value, headers)
    return Written(topic, key, value, headers)


def refused(topic: str) -> float:
    return float(metrics.RECORDS_REFUSED.labels(topic)._value.get())


# --- connections and crosswalk ---


def applied(cluster: Cluster, units: Mapping[str, str], version: int | None, **how: Any) -> list[Written]:
    """What `apply` writes, in its order."""
    rows, record = toy.applied(units)
    written = [put(cluster, "crosswalk", "connection.crosswalk_row", row, version, **how) for row in rows]
    return [*written, put(cluster, "connections", "connection.connection", record, version, **how)]


def accounts(follower: Follower) -> dict[str, str] | None:
    connected = follower.snapshot.connections.get("acme")
    return None if connected is None else {u: r["account"] for u, r in connected.crosswalk.rows("business_unit").items()}


def read() -> dict[str, str] | None:
    """What is in force for a service that starts now."""
    follower = Follower(SETTINGS, CODEC).start()
    follower.stop()
    return accounts(follower)


def test_a_connection_that_nobody_signed_is_not_in_force_and_is_told(cluster: Cluster) -> None:
    before = refused("connections")
    applied(cluster, {"east": "1"}, None)
    with structlog.testing.capture_logs() as logs:
        assert read() is None
    assert refused("connections") == before + 1
    told = [line for line in logs if line["event"] == "record_refused"]
    assert [line["record"] for line in told] == ["crosswalk/0/0", "connections/0/0"]
    assert {line["why"] for line in told} == {"it is not signed"}
    assert all("`apply`" in line["remedy"] for line in told)


def _unsigned(cluster: Cluster, _: list[Written]) -> None:
    applied(cluster, {"east": "evil"}, None)


def _of_another_ring(cluster: Cluster, _: list[Written]) -> None:
    applied(cluster, {"east": "evil"}, 99, ring=KeyRing((new_key(NOW),)))


def _of_another_ring_with_our_id(cluster: Cluster, _: list[Written]) -> None:
    (ours,) = RING.keys
    applied(cluster, {"east": "evil"}, 99, ring=KeyRing((type(ours)(ours.id, NOW, bytes(32)),)))


def _by_the_sinks(cluster: Cluster, _: list[Written]) -> None:
    applied(cluster, {"east": "evil"}, 99, signer=SINKS)


def _by_a_decider(cluster: Cluster, _: list[Written]) -> None:
    applied(cluster, {"east": "evil"}, 99, signer=DECIDER)


def _with_headers_of_ours(cluster: Cluster, ours: list[Written]) -> None:
    for written, mine in zip(applied(Cluster(), {"east": "evil"}, None), ours, strict=True):
        cluster.put(written.topic, mine.key, written.value, mine.headers)


def _with_a_newer_version_in_the_header(cluster: Cluster, ours: list[Written]) -> None:
    for written in ours:
        ((name, content),) = written.headers
        assert isinstance(content, bytes)
        written.again(cluster, headers=[(name, content.replace(b" 10 ", b" 11 "))])


def _with_two_signatures(cluster: Cluster, ours: list[Written]) -> None:
    for written in ours:
        written.again(cluster, headers=[*written.headers, *written.headers])


def _without_a_value(cluster: Cluster, ours: list[Written]) -> None:
    for written in ours:
        written.again(cluster, value=None)


def _signed_by_nobody_known(cluster: Cluster, _: list[Written]) -> None:
    for text in (b"", b"1 operator k1 99 ", b"1 operator k1 -9 " + b"A" * 86 + b"==", b"1 root k1 9 " + b"A" * 86 + b"==", b"\xff"):
        cluster.put("connections", b"acme", b"anything", [("signature", text)])


FORGERIES: list[Callable[[Cluster, list[Written]], None]] = [
    _unsigned,
    _of_another_ring,
    _of_another_ring_with_our_id,
    _by_the_sinks,
    _by_a_decider,
    _with_headers_of_ours,
    _with_a_newer_version_in_the_header,
    _with_two_signatures,
    _without_a_value,
    _signed_by_nobody_known,
]


@pytest.mark.parametrize("forge", FORGERIES, ids=lambda forge: str(forge.__name__).strip("_"))
def test_the_last_good_configuration_stays_in_force_also_after_a_restart(
    cluster: Cluster, forge: Callable[[Cluster, list[Written]], None]
) -> None:
    ours = applied(cluster, {"east": "1"}, 10)
    follower = Follower(SETTINGS, CODEC).start()
    before = refused("connections")
    forge(cluster, ours)
    until(lambda: follower._read_to.get(("connections", 0), 0) == len(cluster.topics["connections"]))
    follower.stop()
    assert refused("connections") > before
    assert (accounts(follower), read()) == ({"east": "1"}, {"east": "1"})


def test_what_was_in_force_once_is_not_brought_back(cluster: Cluster) -> None:
    old = applied(cluster, {"east": "1", "west": "2"}, 10)
    applied(cluster, {"east": "9", "west": "2"}, 20)
    before = refused("crosswalk") + refused("connections")
    for written in old:
        written.again(cluster)
    assert read() == {"east": "9", "west": "2"}
    assert refused("crosswalk") + refused("connections") == before + 3
    applied(cluster, {"east": "3", "west": "2"}, 30)
    assert read() == {"east": "3", "west": "2"}, "nobody's word stands in the way of a newer one"


def test_a_record_that_comes_twice_is_no_attack(cluster: Cluster) -> None:
    before = refused("connections")
    for written in applied(cluster, {"east": "1"}, 10):
        written.again(cluster)
    assert read() == {"east": "1"}
    assert refused("connections") == before


def test_a_connection_of_ours_is_not_believed_under_another_prefix_or_partition(cluster: Cluster) -> None:
    """Staging and production that share a ring, or a copy that another owner of a partition would carry out."""
    for topic, partition in (("staging.connections", 0), ("connections", 1)):
        _, record = toy.applied({})
        value = CODEC.encode("connections", "connection.connection", record)
        cluster.put("connections", b"acme", value, [signature(Place(topic, partition, b"acme"), value, 10)])
    assert read() is None


def test_without_keys_nothing_is_followed() -> None:
    settings = SETTINGS.model_copy(update={"key_ring": None})
    with pytest.raises(Broken, match="ML_CONNECTOR_KEY_RING"):
        Follower(settings, CODEC).start()
    with pytest.raises(Broken, match="ML_CONNECTOR_KEY_RING"):
        Following(settings, Followed(CODEC, MemoryLinks(), SYSTEMS), lambda *_: None)


@pytest.mark.parametrize("role", ["topology", "ingress", "pollers", "sinks"])
def test_a_service_without_fit_keys_ends_before_it_asks_kafka(tmp_path: Path, role: str) -> None:
    with pytest.raises(Broken, match="ML_CONNECTOR_KEY_RING is not set"):
        start.prepared(SETTINGS.model_copy(update={"key_ring": None}), role, ())
    other = "sinks" if role == "pollers" else "pollers"
    write_keys(tmp_path / "other", keys_for(RING, other))
    if role != "topology":
        with pytest.raises(Broken, match=f"holds the keys of role '{other}'"):
            start.prepared(SETTINGS.model_copy(update={"key_ring": tmp_path / "other"}), role, ())


# --- credentials ---


def credited(cluster: Cluster, secret: Any, version: int | None, purpose: str = "webhook", **how: Any) -> Written:
    record = seal(RING, ("acme", purpose), Sealed(secret, how.pop("origins", None)), NOW) | how.pop("more", {})
    return put(cluster, TOPIC, RECORD, record, version, **how)


def store(role: str = INGRESS) -> CredentialStore:
    made = CredentialStore(SETTINGS, CODEC, ScaledClock(), role=role).start()
    made.stop()
    return made


def test_a_revoked_key_of_a_webhook_is_not_brought_back_by_its_old_record(cluster: Cluster) -> None:
    old = credited(cluster, LEAKED, 10)
    credited(cluster, KEYS, 20)
    running = CredentialStore(SETTINGS, CODEC, ScaledClock(), role=INGRESS).start()
    before = refused(TOPIC)
    old.again(cluster)
    until(lambda: refused(TOPIC) == before + 1)
    running.stop()
    assert (running.keys("acme", "webhook"), store().keys("acme", "webhook")) == (KEYS, KEYS)


def test_what_compaction_left_of_an_old_record_is_not_used_after_a_restart(cluster: Cluster) -> None:
    """The topic keeps the last record of a key: whoever writes last makes it forget ours. Then nothing is used."""
    applied(cluster, {}, 20)
    credited(cluster, LEAKED, 10)
    made = store()
    assert made.keys("acme", "webhook") == []
    with pytest.raises(Broken, match=r"older than the connection in force\. Apply the connection"):
        made.get("acme", "webhook")


def test_a_key_that_the_connection_has_no_more_does_not_come_back_while_the_service_runs(cluster: Cluster) -> None:
    old = credited(cluster, LEAKED, 10)
    applied(cluster, {}, 20)
    credited(cluster, LEAKED, 20, more={"removed": True})
    running = CredentialStore(SETTINGS, CODEC, ScaledClock(), role=INGRESS).start()
    before = refused(TOPIC)
    old.again(cluster)
    until(lambda: refused(TOPIC) == before + 1)
    running.stop()
    assert (running.keys("acme", "webhook"), store().keys("acme", "webhook")) == ([], [])


@pytest.mark.parametrize("version", [None, 99], ids=["unsigned", "by the sinks"])
def test_credentials_that_no_operator_signed_are_not_used(cluster: Cluster, version: int | None) -> None:
    """The ring's wrapping keys alone put no key of a webhook in force."""
    credited(cluster, KEYS, 10)
    credited(cluster, LEAKED, version, signer=SINKS)
    assert store().keys("acme", "webhook") == KEYS


def test_a_secret_is_given_out_for_the_origins_that_it_was_applied_for_and_no_others(cluster: Cluster) -> None:
    ours = {"hosts": ["books.example:443"], "network": {"proxy": "", "private_addresses": []}}
    credited(cluster, {"password": "p"}, 10, "erp.sink", origins=ours)
    made = store(SINKS)
    assert made.get("acme", "erp.sink", ours) == {"password": "p"}
    others: list[Any] = [
        None,
        ours | {"hosts": ["evil.example:443"]},
        ours | {"hosts": ["books.example:443", "evil.example:443"]},
        ours | {"network": {"proxy": "http://evil.example:3128", "private_addresses": []}},
        ours | {"network": {"proxy": "", "private_addresses": ["10.0.0.0/8:8443"]}},
    ]
    for other in others:
        with pytest.raises(Broken, match=r"were applied for books\.example:443, and the connection now names") as told:
            made.get("acme", "erp.sink", other)
        assert "'p'" not in str(told.value)


def test_a_role_opens_its_own_credentials_only(cluster: Cluster) -> None:
    """Given the whole ring too: ingress kept every password of every ERP, and the ring, in memory."""
    origins = {"hosts": ["books.example:443"], "network": {}}
    for purpose in ("erp.poller", "erp.sink", "erp.check", "erp.network"):
        credited(cluster, {"password": purpose}, 10, purpose, origins=origins)
    credited(cluster, KEYS, 10)
    opens: dict[str, set[str]] = {}
    for role in (INGRESS, "pollers", SINKS, OPERATOR):
        made = store(role)
        opens[role] = {purpose for _, purpose in made._sets}
        assert made._unreadable == {}
        assert set(made._trust.keys.signs) <= ({OPERATOR} if role == OPERATOR else {SINKS} if role == SINKS else set())
    assert opens == {
        INGRESS: {"webhook"},
        "pollers": {"erp.poller", "erp.network"},
        SINKS: {"erp.sink", "erp.network"},
        OPERATOR: {"erp.poller", "erp.sink", "erp.check", "erp.network", "webhook"},
    }


# --- control ---


class Sink:
    """What a sink heard of `control`."""

    def __init__(self) -> None:
        self.told: list[Any] = []
        self.followed = Followed(CODEC, MemoryLinks(), SYSTEMS)
        self._following = Following(SETTINGS, self.followed, lambda *what: self.told.append(what)).start()
        self._following.stop()

    @property
    def decided(self) -> list[tuple[str, str]]:
        """Action and actor of each decision that is carried out."""
        return [(one.control["action"], one.control["actor"]) for one in self.followed.decisions_from(0, 0)]


def decide(cluster: Cluster, control_id: str, action: str, version: int | None, **more: Any) -> Written:
    how = {name: more.pop(name) for name in ("signer", "ring") if name in more}
    return put(cluster, CONTROL, "connection.control", control(control_id, action, **more), version, **how)


def test_a_forged_skip_is_not_obeyed_whatever_name_it_carries(cluster: Cluster) -> None:
    """A `skip` by "cfo@acme", dated 2020, was carried out."""
    before = refused(CONTROL)
    forged = {"op_key": "op", "actor": "cfo@acme", "at": NOW.replace(year=2020)}
    decide(cluster, "c0", "skip", None, **forged)
    decide(cluster, "c1", "skip", 99, **forged, ring=KeyRing((new_key(NOW),)))
    decide(cluster, "c2", "pause", None)
    assert (Sink().decided, Sink().followed.paused("erp", "acme")) == ([], "")
    assert refused(CONTROL) == before + 6


def test_a_decision_counts_once_however_often_it_is_written(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "SEEN", 1)  # of the ids of controls only the newest are remembered
    now, before = now_version(), refused(CONTROL)
    pause = decide(cluster, "c0", "pause", now)
    decide(cluster, "c1", "resume", now + 1)
    skip = decide(cluster, "c2", "skip", now + 2, op_key="op")
    for written in (pause, skip, pause):
        written.again(cluster)
    sink = Sink()
    assert (sink.decided, sink.followed.paused("erp", "acme")) == ([("skip", "sam")], "")
    assert refused(CONTROL) == before, "a copy within the window is passed over"
    decide(cluster, "c3", "resume", now + 2 * LATE_US)
    pause.again(cluster)
    assert Sink().followed.paused("erp", "acme") == ""
    assert refused(CONTROL) == before + 1, "one that is long gone is told"


def test_two_people_whose_clocks_differ_are_both_heard(cluster: Cluster) -> None:
    now = now_version()
    decide(cluster, "c0", "release", now, op_key="op1", actor="ann")
    decide(cluster, "c1", "release", now - LATE_US // 2, op_key="op2", actor="bob")
    assert Sink().decided == [("release", "ann"), ("release", "bob")]


def test_the_name_of_who_decides_is_signed(cluster: Cluster) -> None:
    written = decide(cluster, "c0", "release", now_version(), op_key="op", actor="ann")
    cluster.topics[CONTROL].clear()
    other = CODEC.encode(CONTROL, "connection.control", control("c0", "release", op_key="op", actor="cfo@acme"))
    written.again(cluster, value=other)
    assert Sink().decided == []


@pytest.mark.parametrize("action", ["release", "retry", "skip", "accept", "resume", "ceiling", "pause"])
def test_the_key_of_the_sinks_pauses_and_does_nothing_else(cluster: Cluster, action: str) -> None:
    now = now_version()
    decide(cluster, "c0", "pause", now, actor="sinks", signer=SINKS, reason="ceiling: 5 an hour")
    decide(cluster, "c1", action, now + 1, actor="sinks", signer=SINKS, op_key="op")
    decide(cluster, "c2", action, now + 2, actor="cfo@acme", signer=SINKS)
    if action != "pause":
        decide(cluster, "c3", action, now + 3, actor="sinks", signer=SINKS)
    sink = Sink()
    assert (sink.decided, sink.followed.paused("erp", "acme")) == ([], "ceiling: 5 an hour")


def test_a_decider_may_decide_and_nothing_else(cluster: Cluster) -> None:
    decide(cluster, "c0", "skip", now_version(), op_key="op", actor="cfo@acme", signer=DECIDER)
    assert Sink().decided == [("skip", "cfo@acme")]


def test_a_flood_of_forgeries_is_counted_and_told_a_few_times(cluster: Cluster) -> None:
    for number in range(300):
        decide(cluster, f"c{number}", "pause", None)
    with structlog.testing.capture_logs() as logs:
        assert Sink().followed.paused("erp", "acme") == ""
    assert [line["count"] for line in logs if line["event"].startswith("record")] == [299, 1]


def test_a_flood_that_comes_while_a_service_runs_is_told_a_few_times(cluster: Cluster) -> None:
    running = Follower(SETTINGS, CODEC).start()
    with structlog.testing.capture_logs() as logs:
        for _ in range(300):
            applied(cluster, {}, None)
        until(lambda: running._read_to.get(("connections", 0), 0) == 300)
    running.stop()
    assert len([line for line in logs if line["event"] == "record_refused"]) == 20


def test_what_lies_before_a_record_that_counts_is_history_and_not_told_for_ever(cluster: Cluster) -> None:
    """Records of a release before signatures, or of a key that was dropped: each start would tell them again, for good."""
    applied(cluster, {"east": "1"}, None)
    applied(cluster, {"east": "1"}, 10)
    told: list[Any] = []
    with structlog.testing.capture_logs() as logs:
        Follower(SETTINGS, CODEC, on_refusal=told.append).start().stop()
    assert told == []
    assert [(line["event"], line["count"]) for line in logs if line["log_level"] != "info"] == [("records_refused_before", 2)]
    applied(cluster, {"east": "2"}, None)
    Follower(SETTINGS, CODEC, on_refusal=told.append).start().stop()
    assert [(one.place.topic, one.offset) for one in told] == [("crosswalk", 2), ("connections", 2)]
