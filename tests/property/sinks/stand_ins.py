"""What stands in for the world around a partition of the real sink: a clock that is set by hand, a log, an index, connections."""

from __future__ import annotations

import asyncio
import heapq
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count
from typing import Any, cast

from schemas.codec import Codec, offline_codec
from systems.connection import ConnectionSettings
from systems.contract import System
from topology.configuration import Connected, tables_of
from topology.headers import HOLD, OP_KEY, PARTED, PAYLOAD_HASH, SOURCE_HASH
from topology.topics import records_of_topic

START = datetime(2026, 3, 2, 6, tzinfo=UTC)
CODEC: Codec = offline_codec(records_of_topic())


class Clock:
    """See `runtime.clock.Clock`; both of its times go by the same hand. `elapse` waits until the hand has gone so far."""

    def __init__(self, at: datetime = START) -> None:
        self.at, self.passed_s = at, 0.0
        self._waits: list[tuple[float, int, asyncio.Future[None]]] = []
        self._numbers = count()

    def now(self) -> datetime:
        return self.at + timedelta(seconds=self.passed_s)

    def monotonic(self) -> float:
        return self.passed_s

    async def sleep(self, duration: timedelta) -> None:
        raise AssertionError(f"nothing in a partition sleeps ({duration})")

    async def elapse(self, seconds: float) -> None:
        """For what takes its time outside of the sink."""
        over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waits, (self.passed_s + seconds, next(self._numbers), over))
        await over

    def moves(self, seconds: float) -> None:
        """The hand goes on."""
        self.passed_s += seconds
        while self._waits and self._waits[0][0] <= self.passed_s:
            over = heapq.heappop(self._waits)[2]
            if not over.done():
                over.set_result(None)


@dataclass
class Message:
    """A record in a log."""

    at: int
    content: bytes | None
    about: Mapping[str, str] = field(default_factory=dict)
    of: str = ""
    number: int = 0

    def error(self) -> None:
        return None

    def topic(self) -> str:
        return self.of

    def partition(self) -> int:
        return self.number

    def offset(self) -> int:
        return self.at

    def key(self) -> bytes:
        return b"acme"

    def value(self) -> bytes | None:
        return self.content

    def timestamp(self) -> tuple[int, int]:
        return 1, 0

    def headers(self) -> list[tuple[str, bytes]]:
        return [(name, text.encode()) for name, text in self.about.items()]


def message_of(offset: int, record: str, command: Mapping[str, Any]) -> Message:
    """A command with the headers that hop 2 gives it."""
    about = {OP_KEY: command["op_key"], SOURCE_HASH: command["source_hash"], PAYLOAD_HASH: command["payload_hash"]}
    about |= {HOLD: command["hold"]} | ({} if command["parts"] is None else {PARTED: "1"})
    topic = f"command.{command['system']}"
    return Message(offset, CODEC.encode(topic, f"command.{record}", command), about, topic)


def connected(system: System, name: str, version: str, chosen: Mapping[str, Any]) -> Connected:
    """A connection of the toy systems. `chosen`: its ceiling and mode, and what else is there goes to each of its flows."""
    quota = {"group": "g", "calls": 100_000, "at_once": 512, "sink": 0.9, "poller": 0.05, "check": 0.05, "kept": 0}
    side = {"settings": {}, "quota": quota}
    own = {key: chosen[key] for key in ("mode", "ceiling", "late") if key in chosen}
    flow = {key: value for key, value in chosen.items() if key not in own}
    made = {
        "connection": name,
        "label": name,
        "environment": "test",
        "mode": "live",
        "time_zone": "America/Chicago",
        "field_service": {**side, "system": system.flows[0].source},
        "erp": {**side, "system": system.name},
        "flows": {one.id: {"cutover_date": "2026-01-01", **flow} for one in system.flows},
    }
    return Connected(_settings(json.dumps(made | own)), version, "1", tables_of([]))


@cache
def _settings(content: str) -> ConnectionSettings:
    """To look whether a time zone is there reads some hundred folders."""
    return ConnectionSettings.model_validate_json(content)


def remembered(*roots: object, without: Sequence[object] = ()) -> int:
    """Elements of every container of these objects, and of the sink's own objects that they have."""
    seen, total = {id(one) for one in without}, 0
    rest: list[object] = list(roots)
    while rest:
        one = rest.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, dict):
            total += len(one)
            rest += [*one.keys(), *one.values()]
        elif isinstance(one, list | set | frozenset) or type(one).__name__ == "deque":
            elements = list(cast("Iterable[object]", one))
            total += len(elements)
            rest += elements
        elif isinstance(one, tuple):
            rest += one
        elif type(one).__module__.startswith("services.sinks"):
            names = [*getattr(one, "__dict__", ()), *getattr(type(one), "__slots__", ())]
            rest += [getattr(one, name, None) for name in names]
    return total
