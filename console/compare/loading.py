"""A historical load: the ERP's own documents are read again from a day on. The command sets cursors back and the pollers read. Only the cursors show
how far the load is, so it continues after any interruption of the command or the pollers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from console.compare.reading import HISTORY
from console.reading import Cluster
from services.ingress.pollers import feeds_of
from services.ingress.writing import RESET
from systems.connection import ConnectionSettings
from systems.contract import Feed
from systems.feeds.positions import is_walking
from topology import raw_to_canonical
from topology.topics import object_key

DECISION, STAGE = "replayed", "cursors"
_POLLERS = "pollers.fetch"
_BEGUN = re.compile(r"history from (\d{4}-\d{2}-\d{2}) after (\d+) records")


@dataclass(frozen=True)
class Standing:
    """How far the load of one feed is: the day it goes back to, the records read since, and whether the feed has come to its end."""

    feed: str
    since: date
    records: int
    is_over: bool

    def words(self) -> str:
        """In one line."""
        return f"{self.feed} {self.records:,} records{'' if self.is_over else ' ...'}"


def feeds(settings: ConnectionSettings) -> list[tuple[str, Feed]]:
    """The ERP's feeds of documents that can be read from a day on, each with the name of its cursor."""
    declared = settings.erp.declared
    return [
        (f"{declared.name}.{feed.name}", feed)
        for feed in feeds_of(settings.erp)
        if feed.entity in HISTORY
        and declared.position_from is not None
        and declared.position_from(feed, date(2000, 1, 1)) is not None
    ]


def position(settings: ConnectionSettings, feed: Feed, day: date) -> str:
    """The position from which the feed is read, given this day."""
    back = settings.erp.declared.position_from
    return (back(feed, day) if back is not None else None) or ""


def note(day: date, before: Mapping[str, Any]) -> str:
    """The text that is recorded with the decision, by which a later command recognises the load."""
    return f"history from {day} after {before.get('records', 0)} records"


@dataclass(frozen=True)
class Begun:
    """When the newest load of a feed was begun, the day it goes back to, and how many records had been read before it."""

    since: date
    base: int
    at: datetime


def standings(cluster: Cluster, settings: ConnectionSettings, loads: Mapping[str, Begun]) -> list[Standing]:
    """How far these loads are now."""
    cursors = {
        seen.record["feed"]: seen.record
        for seen in cluster.scan(["cursors"], cluster.partitions_of(settings.connection), quiet=True)
        if seen.record and seen.record["connection"] == settings.connection
    }
    return [_standing(name, one, cursors.get(name, {})) for name, one in loads.items()]


def _standing(name: str, begun: Begun, cursor: Mapping[str, Any]) -> Standing:
    is_moved = bool(cursor) and cursor["page_digest"] != RESET and cursor["at"] > begun.at
    is_over = is_moved and not is_walking(cursor["position"])
    return Standing(name.partition(".")[2], begun.since, max(0, cursor.get("records", 0) - begun.base), is_over)


def begun(cluster: Cluster, settings: ConnectionSettings) -> dict[str, Begun]:
    """The newest load of each feed, by the name of its cursor; empty if there was none."""
    names = dict(feeds(settings))
    keys = {object_key(settings.connection, settings.erp.system, feed.name, "").encode(): name for name, feed in names.items()}
    found: dict[str, Begun] = {}
    for message in cluster.messages(["audit"], cluster.partitions_of(settings.connection)):
        name = keys.get(message.key() or b"")
        record = cluster.seen(message).record if name is not None else {}
        if name is None or not record or (record["decision"], record["stage"]) != (DECISION, STAGE):
            continue
        told = _BEGUN.search(record["detail"])
        if told is not None:
            found[name] = Begun(date.fromisoformat(told[1]), int(told[2]), record["at"])
        else:
            found.pop(name, None)
    return {name: found[name] for name in names if name in found}


def unread(cluster: Cluster, settings: ConnectionSettings) -> int:
    """How many of the records that were read are not yet normalised."""
    name = f"raw.{settings.erp.system}"
    return cluster.lag(raw_to_canonical.STAGE, [name])[name]


def progress(cluster: Cluster, found: Sequence[Standing], left: int) -> Iterator[str]:
    """How far the load is, for a person who waits."""
    yield "; ".join(one.words() for one in found) + (f"; {left} to be normalised" if left else "")
    idle = [group for group, count in cluster.members([_POLLERS, raw_to_canonical.STAGE]).items() if not count]
    if idle and not all(one.is_over for one in found):
        yield f"not running: {', '.join(idle)}: see `ml-connector run all`"
