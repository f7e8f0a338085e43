from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from confluent_kafka import Message

from runtime.settings import Settings
from tests import toy
from tests.unit.topology.hops import CODEC
from topology.configuration import Follower, crosswalk_version


class _Message:
    """A record of a configuration topic."""

    def __init__(self, topic: str, name: str, record: Mapping[str, Any]) -> None:
        self._topic, self._value = topic, CODEC.encode(topic, name, record)

    def value(self) -> bytes:
        return self._value

    def topic(self) -> str:
        return self._topic

    def offset(self) -> int:
        return 0


def _fold(follower: Follower, topic: str, name: str, *records: Mapping[str, Any]) -> None:
    for record in records:
        message: Message = _Message(topic, name, record)  # type: ignore[assignment]  # what the follower uses of a message
        follower._fold(message)
    follower._publish()


def _rows(follower: Follower, rows: list[dict[str, Any]]) -> None:
    _fold(follower, "crosswalk", "connection.crosswalk_row", *rows)


def _connection(follower: Follower, record: dict[str, Any]) -> None:
    _fold(follower, "connections", "connection.connection", record)


def _accounts(follower: Follower) -> dict[str, str] | None:
    connected = follower.snapshot.connections.get("acme")
    if connected is None:
        return None
    return {unit: row["account"] for unit, row in connected.crosswalk.rows("business_unit").items()}


def test_a_connection_comes_into_force_only_when_the_rows_it_names_are_there() -> None:
    follower = Follower(Settings(), CODEC)
    rows, record = toy.applied({"east": "1", "west": "2"})
    _connection(follower, record)
    assert _accounts(follower) is None
    _rows(follower, rows[:1])
    assert _accounts(follower) is None
    _rows(follower, rows[1:])
    assert _accounts(follower) == {"east": "1", "west": "2"}


def test_a_half_written_apply_is_never_seen_neither_by_a_follower_nor_by_one_that_starts_now() -> None:
    rows, record = toy.applied({"east": "1"})
    newer, newer_record = toy.applied({"east": "9", "west": "2"})
    follower = Follower(Settings(), CODEC)
    _rows(follower, rows)
    _connection(follower, record)
    _rows(follower, newer[:1])
    assert _accounts(follower) == {"east": "1"}
    late = Follower(Settings(), CODEC)
    _rows(late, [*rows, newer[0]])
    _connection(late, record)
    assert _accounts(late) == {"east": "1"}
    _rows(late, newer[1:])
    _connection(late, newer_record)
    assert _accounts(late) == {"east": "9", "west": "2"}


def test_a_removed_row_and_a_removed_connection_are_gone() -> None:
    rows, record = toy.applied({"east": "1", "west": "2"})
    fewer = crosswalk_version(rows[:1])
    follower = Follower(Settings(), CODEC)
    _rows(follower, rows)
    _connection(follower, record)
    _rows(follower, [rows[1] | {"removed": True, "crosswalk_version": fewer}])
    _connection(follower, record | {"crosswalk_version": fewer})
    assert _accounts(follower) == {"east": "1"}
    _connection(follower, record | {"removed": True})
    assert _accounts(follower) is None


def test_a_connection_that_cannot_be_read_keeps_its_last_good_state() -> None:
    rows, record = toy.applied({"east": "1"})
    follower = Follower(Settings(), CODEC)
    _rows(follower, rows)
    _connection(follower, record)
    _connection(follower, record | {"settings": "{}"})
    assert _accounts(follower) == {"east": "1"}


def test_the_version_is_of_the_content_alone() -> None:
    row = toy.crosswalk_row("east", "1")
    other = toy.crosswalk_row("west", "2")
    version = crosswalk_version([row, other])
    assert version == crosswalk_version([other | {"actor": "somebody", "crosswalk_version": "x"}, row])
    assert version == crosswalk_version([row, other, toy.crosswalk_row("gone", "3") | {"removed": True}])
    assert version != crosswalk_version([row, other | {"values": {"account": "3"}}])
    assert version != crosswalk_version([row, other | {"effective_from": date(2026, 4, 1)}])


def test_rows_hold_from_their_effective_date() -> None:
    rows = [toy.crosswalk_row("east", "1"), toy.crosswalk_row("east", "2") | {"effective_from": date(2026, 4, 1)}]
    version = crosswalk_version(rows)
    _, record = toy.applied({})
    follower = Follower(Settings(), CODEC)
    _rows(follower, [row | {"crosswalk_version": version} for row in rows])
    _connection(follower, record | {"crosswalk_version": version})
    crosswalk = follower.snapshot.connections["acme"].crosswalk
    assert crosswalk.row("business_unit", "east", date(2026, 3, 31)) == {"account": "1"}
    assert crosswalk.row("business_unit", "east", date(2026, 4, 1)) == {"account": "2"}


def test_a_record_of_another_topic_leaves_what_waits_alone() -> None:
    """A canonical record on `connections` took the place of the connection that waited for its rows, which then never came into force."""
    follower = Follower(Settings(), CODEC)
    rows, record = toy.applied({"east": "1"})
    _connection(follower, record)
    _fold(follower, "canonical.invoice", "canonical.invoice", toy.blank("canonical.invoice") | {"connection": "acme"})
    _rows(follower, rows)
    assert _accounts(follower) == {"east": "1"}
