from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import KafkaError

from runtime import metrics
from services.sinks import follow
from services.sinks.follow import CONTROL, LINKS, PERIODS, ControlOffsets, Followed, Following
from services.sinks.links import Links, LinkStore, MemoryLinks
from tests.unit.following.log import CODEC, SETTINGS, Cluster, until
from tests.unit.following.records import SYSTEMS, control, link, period


@pytest.fixture(autouse=True)
def topic_ids(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The ids of the topics; `links` is replaced where it is made anew."""
    ids = {LINKS: "id-1"}
    monkeypatch.setattr(follow, "topic_id", lambda _, topic: ids[topic])
    return ids


def _following(
    told: list[Any], links: LinkStore | None = None, control_from: ControlOffsets | None = None
) -> tuple[Followed, Following]:
    followed = Followed(CODEC, links or MemoryLinks(), SYSTEMS)
    return followed, Following(SETTINGS, followed, lambda *what: told.append(what), control_from or {}).start()


def _controls(cluster: Cluster, *records: dict[str, Any]) -> None:
    cluster.write(CONTROL, "connection.control", *records)


def test_what_was_there_at_the_start_is_known_and_what_comes_later_is_told(cluster: Cluster) -> None:
    told: list[Any] = []
    cluster.write(LINKS, "connection.link", link("1", "C1"))
    _controls(cluster, control("c0"))
    cluster.write(PERIODS, "canonical.period", period())
    followed, following = _following(told)
    assert told == []
    assert (followed.link("erp", "acme", "customer", "1"), followed.paused("erp", "acme")) == ("C1", "month end")
    cluster.write(LINKS, "connection.link", link("2", "C2"))
    _controls(cluster, control("c1", "resume"), control("c2", "release", op_key="op"))
    cluster.write(PERIODS, "canonical.period", period("2026-04"))
    until(lambda: len(told) == 4)
    following.stop()
    assert sorted(kind for kind, _ in told) == ["decision", "link", "pause", "period"]
    assert followed.paused("erp", "acme") == ""


def test_only_the_sinks_own_pause_is_one_at_the_ceiling(cluster: Cluster) -> None:
    """What has its place under the ceiling goes on in that one: a person whose reason began with the same word stopped nothing of it."""
    followed = Followed(CODEC, MemoryLinks(), SYSTEMS)
    own = {**control("c0"), "actor": "sinks", "reason": "ceiling: 5 documents an hour", "system": "erp"}
    person = {**control("c1"), "reason": "ceiling is too high", "system": ""}
    followed.pause_now(own, 0)  # type: ignore[arg-type]  # a control
    assert followed.is_at_ceiling("erp", "acme")
    _controls(cluster, own, person)
    following = Following(SETTINGS, followed, lambda *_: None, {}).start()
    assert (followed.paused("erp", "acme"), followed.is_at_ceiling("erp", "acme")) == (own["reason"], False)
    following.stop()


def test_a_pause_of_our_own_that_comes_later_takes_nothing_from_a_persons(cluster: Cluster) -> None:
    followed = Followed(CODEC, MemoryLinks(), SYSTEMS)
    person = {**control("c0"), "reason": "the books are wrong, stop"}
    own = {**control("c1"), "actor": "sinks", "reason": "ceiling: 5 documents an hour"}
    _controls(cluster, person, own)
    following = Following(SETTINGS, followed, lambda *_: None, {}).start()
    assert (followed.paused("erp", "acme"), followed.is_at_ceiling("erp", "acme")) == (person["reason"], False)
    followed.pause_now(own, 0)  # type: ignore[arg-type]  # a control
    assert (followed.paused("erp", "acme"), followed.is_at_ceiling("erp", "acme")) == (person["reason"], False)
    following.stop()


def test_decisions_below_the_committed_offsets_are_not_kept(cluster: Cluster) -> None:
    _controls(cluster, *(control(f"c{number}", "release", op_key=f"op{number}") for number in range(4)), control("c4"))
    followed, following = _following([], control_from={("erp", 0): 2, ("other", 0): 4})
    following.stop()
    assert [decision.offset for decision in followed.decisions_from(0, 0)] == [2, 3]
    assert followed.paused("erp", "acme") == "month end", "pauses are read from the beginning"


def test_links_are_read_on_from_where_an_earlier_life_stopped(cluster: Cluster, tmp_path: Path) -> None:
    cluster.write(LINKS, "connection.link", *(link(str(number), f"C{number}") for number in range(5)))
    links = Links(tmp_path / "links")
    _, following = _following([], links)
    cluster.write(LINKS, "connection.link", link("5", "C5"))
    until(lambda: links.get(("erp", "acme", "customer", "5")) == "C5")
    following.stop()
    links.close()
    cluster.topics[LINKS][:6] = [b"compacted away"] * 6
    cluster.write(LINKS, "connection.link", link("6", "C6"))
    unreadable = metrics.FOLLOWED_UNREADABLE.labels(follow.NAME)._value.get()
    links = Links(tmp_path / "links")
    followed, following = _following([], links)
    following.stop()
    assert [followed.link("erp", "acme", "customer", str(number)) for number in (0, 5, 6)] == ["C0", "C5", "C6"]
    assert metrics.FOLLOWED_UNREADABLE.labels(follow.NAME)._value.get() == unreadable, "none of the older ones was read again"
    links.close()


def test_a_topic_that_was_made_anew_and_other_systems_are_read_anew(
    cluster: Cluster, tmp_path: Path, topic_ids: dict[str, str]
) -> None:
    cluster.write(LINKS, "connection.link", link("1", "C1"), link("2", "X2", target_system="later"))
    links = Links(tmp_path / "links")
    _following([], links)[1].stop()
    more = Followed(CODEC, links, SYSTEMS | {"later"})
    Following(SETTINGS, more, lambda *_: None).start().stop()
    assert (more.link("erp", "acme", "customer", "1"), more.link("later", "acme", "customer", "2")) == ("C1", "X2")
    topic_ids[LINKS] = "id-2"
    cluster.topics[LINKS].clear()
    cluster.write(LINKS, "connection.link", link("3", "C3"))
    followed, following = _following([], links)
    following.stop()
    assert [followed.link("erp", "acme", "customer", number) for number in ("1", "3")] == [None, "C3"]
    links.close()


def test_controls_that_may_not_be_read_for_a_while_are_read_when_they_may(cluster: Cluster) -> None:
    """A permission that was missing for a minute ended the thread: pauses and releases stopped working, and the process stayed healthy."""
    told: list[Any] = []
    followed, following = _following(told)
    cluster.refusing[CONTROL] = KafkaError.TOPIC_AUTHORIZATION_FAILED
    until(lambda: following.trouble)
    assert following.failed == ""
    _controls(cluster, control("c0"), control("c1", "release", op_key="op"))
    assert "authorization failed" in followed.paused("erp", "acme"), "a pause that cannot be seen counts as one"
    del cluster.refusing[CONTROL]
    until(lambda: len(told) == 2 and not following.trouble)
    following.stop()
    assert followed.paused("erp", "acme") == "month end"
    assert [decision.offset for decision in followed.decisions_from(0, 0)] == [1]


def test_a_record_that_cannot_be_understood_does_not_end_the_following(cluster: Cluster) -> None:
    told: list[Any] = []
    followed, following = _following(told)
    cluster.topics[CONTROL] += [None, b"\xff", b"\x00\x00\x00\x00\x01\xff"]
    _controls(cluster, control("c0"))
    until(lambda: told)
    following.stop()
    assert (following.failed, followed.paused("erp", "acme")) == ("", "month end")


def test_an_end_that_nobody_expected_is_shown(cluster: Cluster) -> None:
    def tell(*_: Any) -> None:
        raise RuntimeError("dictionary changed size during iteration")

    following = Following(SETTINGS, Followed(CODEC, MemoryLinks(), SYSTEMS), tell).start()
    _controls(cluster, control("c0"))
    until(lambda: following.failed)
    assert following.trouble == following.failed == "following: RuntimeError: dictionary changed size during iteration"
