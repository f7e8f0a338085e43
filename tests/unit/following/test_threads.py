from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException

from runtime import kafka, metrics, threads
from runtime.errors import Broken, Transient
from runtime.retry import Backoff
from runtime.threads import SupervisedThread, TopicFollower, may_pass
from tests.unit.following.log import SETTINGS, Client, Cluster, Message, until


@contextmanager
def heard(monkeypatch: pytest.MonkeyPatch, place: str = "runtime.threads.log") -> Iterator[list[dict[str, Any]]]:
    """What the module of threads logs. Whoever configured the log before in this process has bound its logger for good."""
    logs: list[dict[str, Any]] = []

    def log(event: str, **about: Any) -> None:
        logs.append({"event": event, **about})

    def exception(event: str, **about: Any) -> None:
        log(event, exc_info=True, **about)

    stand_in = SimpleNamespace(debug=log, info=log, warning=log, error=log, exception=exception)
    with monkeypatch.context() as patched:
        patched.setattr(place, stand_in)
        yield logs


@pytest.mark.parametrize(
    ("error", "passes"),
    [
        (KafkaException(KafkaError(KafkaError._TRANSPORT)), True),
        (KafkaException(KafkaError(KafkaError.NOT_LEADER_FOR_PARTITION)), True),
        (KafkaException(KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED)), True),
        (Transient("later"), True),
        (KafkaException(KafkaError(KafkaError._INVALID_ARG)), False),
        (Broken("the password file is gone"), False),
        (KeyError("field"), False),
        (RuntimeError("dictionary changed size during iteration"), False),
    ],
    ids=lambda value: repr(value)[:60],
)
def test_what_may_pass_is_told_from_what_does_not(error: Exception, passes: bool) -> None:
    assert may_pass(error) is passes


class _Counting(Backoff):
    """No pause; remembers the number of each try."""

    def wait(self, tries: int, draw: random.Random, asked: timedelta | None = None) -> timedelta:
        _COUNTED.append(tries)
        return timedelta(0)


_COUNTED: list[int] = []


def test_an_outage_is_logged_once_and_tried_again_with_growing_pauses_until_it_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "BACKOFF", _Counting())
    _COUNTED.clear()
    outcomes: list[Any] = [*[Transient("away")] * 4, None, *[Transient("again")] * 2]
    troubles: list[str] = []

    def attempt(thread: SupervisedThread) -> None:
        troubles.append(thread.trouble)
        outcome = outcomes.pop(0) if outcomes else None
        if outcome is None:
            thread.works()
            troubles.append(thread.trouble)
            outcome = outcomes.pop(0) if outcomes else None
        if outcome is not None:
            raise outcome
        until(lambda: thread.is_stopping)

    with heard(monkeypatch) as logs:
        thread = SupervisedThread("control", attempt)
        thread.start()
        until(lambda: not outcomes and not thread.trouble)
        thread.stop()
    assert troubles[:6] == ["", *["control: away"] * 4, ""]
    assert _COUNTED == [1, 2, 3, 4, 1, 2], "what came after it worked is another outage"
    assert [one["event"] for one in logs] == ["outage", "outage_over", "outage", "outage_over"]
    assert thread.failed == ""


@pytest.mark.parametrize("ends", [ZeroDivisionError("nobody expected it"), None], ids=repr)
def test_any_other_end_is_kept_for_good_and_shown(ends: Exception | None, monkeypatch: pytest.MonkeyPatch) -> None:
    def attempt(_: SupervisedThread) -> None:
        if ends is not None:
            raise ends

    with heard(monkeypatch) as logs:
        thread = SupervisedThread("control", attempt)
        thread.start()
        until(lambda: thread.failed)
    assert thread.failed.startswith("control: ")
    assert thread.trouble == thread.failed
    assert metrics.THREAD_TROUBLE.labels("control")._value.get() == 1
    assert [(one["event"], one["exc_info"]) for one in logs] == [("thread_ended", True)]


def test_an_error_on_the_way_out_is_no_failure() -> None:
    def attempt(thread: SupervisedThread) -> None:
        until(lambda: thread.is_stopping)
        raise RuntimeError("the loop is closed")

    thread = SupervisedThread("control", attempt)
    thread.start()
    thread.stop()
    assert (thread.failed, thread.trouble) == ("", "")


def test_stopping_what_was_never_started_is_nothing() -> None:
    SupervisedThread("control", lambda _: None).stop()


def _follower(taken: list[str], *topics: str) -> TopicFollower:
    def take(messages: list[Message]) -> None:
        taken.extend((message.value() or b"").decode() for message in messages)

    return TopicFollower("control", SETTINGS.kafka, topics, take)  # type: ignore[arg-type]  # what is used of a message


def test_what_was_read_to_the_end_is_not_followed_again_and_what_comes_is_taken_in_order(cluster: Cluster) -> None:
    taken: list[str] = []
    cluster.topics["a"] = [b"1", b"2"]
    follower = _follower(taken, "a", "b")
    assert [message.value() for message in follower.to_end("a")] == [b"1", b"2"]
    follower.start()
    cluster.topics["a"] += [b"3", b"4"]
    cluster.topics["b"] += [b"5"]
    until(lambda: len(taken) == 3)
    follower.stop()
    assert sorted(taken) == ["3", "4", "5"]
    assert taken.index("3") < taken.index("4")
    assert cluster.clients[0].is_closed


def test_a_topic_that_may_not_be_read_for_a_while_is_read_on_where_it_was_left(cluster: Cluster) -> None:
    taken: list[str] = []
    follower = _follower(taken, "a", "b")
    follower.start()
    cluster.topics["a"] += [b"1"]
    until(lambda: taken == ["1"])
    cluster.refusing["a"] = KafkaError.TOPIC_AUTHORIZATION_FAILED
    until(lambda: follower.trouble)
    assert "authorization failed" in follower.trouble.lower()
    cluster.topics["a"] += [b"2"]
    cluster.topics["b"] += [b"3"]
    until(lambda: len(cluster.clients) > 5)
    assert follower.trouble, "one topic that answers does not end the outage of the other"
    assert follower.failed == ""
    del cluster.refusing["a"]
    until(lambda: not follower.trouble)
    follower.stop()
    assert sorted(taken) == ["1", "2", "3"]
    assert all(client.is_closed for client in cluster.clients)


def test_a_cluster_that_cannot_be_reached_is_trouble_until_every_partition_has_answered(cluster: Cluster) -> None:
    """The client tells nobody but its error callback; readers were healthy for as long as the cluster was away."""
    taken: list[str] = []
    follower = _follower(taken, "a")
    follower.start()
    cluster.topics["a"] += [b"1"]
    until(lambda: taken == ["1"])
    cluster.is_down = True
    until(lambda: follower.trouble)
    assert follower.trouble == "control: Kafka: 1/1 brokers are down"
    until(lambda: len(cluster.clients) == 2)
    cluster.is_down = False
    cluster.topics["a"] += [b"2"]
    until(lambda: not follower.trouble)
    follower.stop()
    assert taken == ["1", "2"]
    assert len(cluster.clients) == 2, "a new client finds the cluster by itself"


def test_a_partition_that_never_answers_is_trouble(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "ANSWER_S", -1.0)
    monkeypatch.setattr(kafka, "reader", lambda *_, **__: _Silent(cluster, lambda _: None))
    follower = _follower([], "a")
    follower.start()
    until(lambda: follower.trouble)
    follower.stop()
    assert "a/0 has not answered" in follower.trouble


class _Silent(Client):
    def _fetch(self) -> None:
        """Nothing comes."""


def test_records_before_an_error_in_one_batch_are_taken_once(cluster: Cluster) -> None:
    taken: list[str] = []
    follower = _follower(taken, "a", "b")
    cluster.topics["a"] += [b"1", b"2"]
    cluster.refusing["b"] = KafkaError.TOPIC_AUTHORIZATION_FAILED
    follower.start()
    until(lambda: len(cluster.clients) > 3)
    follower.stop()
    assert taken == ["1", "2"]


def test_what_cannot_be_taken_ends_the_thread_for_good(cluster: Cluster) -> None:
    def take(_: list[Any]) -> None:
        raise OSError("no space left on device")

    follower = TopicFollower("control", SETTINGS.kafka, ["a"], take)
    follower.start()
    cluster.topics["a"] += [b"1"]
    until(lambda: follower.failed)
    assert follower.failed == "control: OSError: no space left on device"
    assert cluster.clients[-1].is_closed


def test_a_topic_that_was_made_anew_is_read_from_its_start_and_only_that(cluster: Cluster) -> None:
    """Its first records had offsets that were known already, and were never seen."""
    taken: list[str] = []
    cluster.topics["a"], cluster.topics["b"] = [b"1", b"2", b"3"], [b"x"]
    follower = _follower(taken, "a", "b")
    follower.start()
    until(lambda: len(taken) == 4)
    cluster.topics["a"] = [b"4"]
    cluster.anew = frozenset({"a"})
    until(lambda: len(taken) == 5)
    follower.stop()
    assert taken[-1] == "4"
    assert follower.offsets[("a", 0)] == 1


def test_an_offset_that_goes_back_is_said_and_taken(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[str] = []
    cluster.topics["a"] = [b"1", b"2", b"3"]
    follower = _follower(taken, "a")
    with heard(monkeypatch) as logs:
        follower.start()
        until(lambda: len(taken) == 3)
        cluster.topics["a"] = [b"4"]
        cluster.clients[-1]._next["a"] = 0  # the client resets itself where its offset is out of range
        until(lambda: len(taken) == 4)
        follower.stop()
    assert [one["event"] for one in logs] == ["offset_went_back"]
    assert follower.offsets[("a", 0)] == 1


def test_a_cluster_that_is_away_is_said_once_for_all_threads(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    followers = [_follower([], name) for name in ("a", "b", "c")]
    for number, follower in enumerate(followers):
        follower._thread._name = f"follower {number}"
    with heard(monkeypatch, "runtime.outage.log") as logs:
        for follower in followers:
            follower.start()
        until(lambda: len(cluster.clients) == 3)
        cluster.is_down = True
        until(lambda: all(follower.trouble for follower in followers))
        cluster.is_down = False
        until(lambda: not any(follower.trouble for follower in followers))
        for follower in followers:
            follower.stop()
    assert [one["event"] for one in logs] == ["outage", "outage_over"]
