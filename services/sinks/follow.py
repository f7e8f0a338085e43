"""What a sink follows beside its commands: links, controls and periods. Small topics, read whole before work starts, then followed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, cast

from confluent_kafka import Message, TopicPartition

from runtime import kafka
from runtime.log import log
from runtime.settings import Settings
from schemas.codec import Codec
from schemas.errors import Malformed
from schemas.records import Control, Link, Period

TOPICS = ("links", "control", "canonical.period")


@dataclass(frozen=True, slots=True)
class Decision:
    """A control record with its place in the log."""

    control: Control
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class _Period:
    starts_on: date
    ends_on: date
    open_for: frozenset[str]


class Followed:
    """The folded state; `on_link`, `on_decision` and `on_period` are called in its thread for what comes after the start."""

    def __init__(self, settings: Settings, codec: Codec, tell: Callable[[str, Any], None]) -> None:
        self._settings = settings
        self._codec = codec
        self._tell = tell
        self._links: dict[tuple[str, str, str, str], str] = {}
        self._periods: dict[str, dict[str, _Period]] = {}
        self._seen: set[str] = set()
        self._paused: dict[tuple[str, str], str] = {}
        self._resumed: dict[tuple[str, str], datetime] = {}
        self.decisions: dict[int, list[Decision]] = {}
        self._offsets: dict[tuple[str, int], int] = {}
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def link(self, system: str, connection: str, entity: str, source_id: str) -> str | None:
        """Partner in `system` of a source object; "" = explicitly none, None = no link."""
        return self._links.get((system, connection, entity, source_id))

    def paused(self, system: str, connection: str) -> str:
        """Why a person, or the sink itself, paused the connection; "" when it is not."""
        return self._paused.get((connection, system)) or self._paused.get((connection, "")) or ""

    def resumed_at(self, system: str, connection: str) -> datetime | None:
        """When a person last let the connection go on; None for never."""
        return max(filter(None, (self._resumed.get((connection, system)), self._resumed.get((connection, "")))), default=None)

    def pause_now(self, control: Control) -> None:
        """A pause that this process decided itself, before it comes back from the topic."""
        self._paused[(control["connection"], control["system"])] = control["reason"]

    def is_open(self, connection: str, purpose: str, on: date | None) -> bool:
        """Whether the ERP's periods say that such a document may be posted on that day."""
        kind = {"sale": "receivable", "collection": "receivable", "payable": "payable"}.get(purpose, "ledger")
        return on is not None and any(
            p.starts_on <= on <= p.ends_on and kind in p.open_for for p in self._periods.get(connection, {}).values()
        )

    def decisions_from(self, partition: int, offset: int) -> list[Decision]:
        """Decisions at or after an offset."""
        return [one for one in self.decisions.get(partition, ()) if one.offset >= offset]

    def start(self) -> Followed:
        """Read what is there, then follow in a thread."""
        partitions = list(range(self._settings.kafka.partitions))
        for name in TOPICS:
            topic = self._settings.topic(name)
            for message in kafka.read_to_end(self._settings.kafka, topic, partitions):
                self._fold(message)
                self._offsets[(topic, message.partition() or 0)] = (message.offset() or 0) + 1
        self._thread = threading.Thread(target=self._follow, name="followed", daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop following."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join(timeout=5)

    def _follow(self) -> None:
        client = kafka.reader(self._settings.kafka)
        topics = [self._settings.topic(name) for name in TOPICS]
        client.assign(
            [TopicPartition(t, p, self._offsets.get((t, p), 0)) for t in topics for p in range(self._settings.kafka.partitions)]
        )
        while not self._stopped.is_set():
            for message in kafka.polled(client, 500, 0.2):
                kafka.raise_if_fatal(message)
                if message.error() is None and (told := self._fold(message)) is not None:
                    self._tell(*told)
        client.close()

    def _fold(self, message: Message) -> tuple[str, Any] | None:
        try:
            name, record = self._codec.decode(message.value())
        except Malformed as error:
            log.error("followed_unreadable", topic=message.topic(), offset=message.offset(), error=str(error)[:300])
            return None
        if name == "connection.link":
            return self._fold_link(cast("Link", record))
        if name == "connection.control":
            return self._fold_control(Decision(cast("Control", record), message.partition() or 0, message.offset() or 0))
        if name == "canonical.period":
            return self._fold_period(cast("Period", record))
        return None

    def _fold_link(self, link: Link) -> tuple[str, Any]:
        self._links[(link["target_system"], link["connection"], link["entity"], link["source_id"])] = link["target_id"]
        return "link", (link["target_system"], link["connection"], link["entity"], link["source_id"])

    def _fold_control(self, decision: Decision) -> tuple[str, Any] | None:
        control = decision.control
        if control["control_id"] in self._seen:
            return None
        self._seen.add(control["control_id"])
        if control["op_key"]:
            self.decisions.setdefault(decision.partition, []).append(decision)
            return "decision", decision
        place = (control["connection"], control["system"])
        if control["action"] == "pause":
            self._paused[place] = control["reason"] or "paused"
        elif control["action"] in ("resume", "ceiling"):
            self._resumed[place] = control["at"]
            for known in [p for p in self._paused if p[0] == place[0] and (place[1] in ("", p[1]) or p[1] == "")]:
                del self._paused[known]
        return "pause", decision

    def _fold_period(self, period: Period) -> tuple[str, Any] | None:
        if period["starts_on"] is None or period["ends_on"] is None:
            return None
        open_for = {k for k in ("receivable", "payable", "ledger") if period[f"open_{k}"]}  # type: ignore[literal-required]  # three fields of Period
        found = _Period(period["starts_on"], period["ends_on"], frozenset(open_for))
        self._periods.setdefault(period["connection"], {})[period["code"]] = found
        return "period", period["connection"]
