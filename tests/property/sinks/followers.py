"""The threads that follow topics beside the commands - controls, configuration, credentials - on a client that follows a script."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import pytest
from confluent_kafka import KafkaError

from runtime.settings import Kafka, Settings
from runtime.signing import Place
from schemas.records import Control
from services.credentials import CredentialStore
from services.sinks import follow
from services.sinks.follow import Followed
from services.sinks.links import MemoryLinks
from tests.property.sinks.stand_ins import CODEC, Clock, Message
from tests.signed import ring_in, signature
from tests.toy import TARGET, blank
from topology.configuration import Follower

PATIENCE = 400
"""So often a thread that may have something to say is waited for, a few milliseconds each."""


@dataclass
class Told(Message):
    """An event of the client that is an error."""

    code: int = 0

    def error(self) -> Any:
        return KafkaError(self.code)


@dataclass
class Client:
    """See `confluent_kafka.Consumer`: raises, or gives, what comes next in its script; then nothing."""

    script: list[Exception | Message]
    idle: threading.Event = field(default_factory=threading.Event)

    def assign(self, places: Any) -> None:
        """All partitions."""

    def poll(self, timeout: float) -> Message | None:
        if not self.script:
            self.idle.wait(0.002)  # never set: the client's own time-out
            return None
        comes = self.script.pop(0)
        if isinstance(comes, Exception):
            raise comes
        return comes

    def consume(self, num_messages: int, timeout: float) -> list[Message]:
        found = self.poll(timeout) if timeout else None  # one at a time: what was given before an error is not lost with it
        return [] if found is None else [found]

    def close(self) -> None:
        """Nothing is open."""


class Following:
    """One follower at work; `heard` are the connections that it told of, `trouble` what it says of itself, `died` what ended its thread."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, name: str, script: list[Exception | Message], folder: Path) -> None:
        self.heard: list[str] = []
        self.died: list[str] = []
        monkeypatch.setattr("runtime.kafka.read_to_end", lambda *_: iter(()))
        monkeypatch.setattr(follow, "topic_id", lambda *_: "the topic")
        monkeypatch.setattr("runtime.kafka.admin", lambda *_: None)
        monkeypatch.setattr("runtime.topic_ids.TopicIds.made_anew", lambda _: frozenset())
        monkeypatch.setattr("runtime.kafka.reader", lambda *_, **__: Client(script))
        monkeypatch.setattr(threading, "excepthook", lambda args: self.died.append(f"{args.exc_type.__name__}: {args.exc_value}"))
        settings = Settings(profile="demo", state_dir=folder, kafka=Kafka(partitions=1), key_ring=ring_in(folder))
        makers: dict[str, Callable[[], Any]] = {
            "control": lambda: follow.Following(
                settings, _followed(), lambda _, what: self.heard.append(what.control["connection"])
            ),
            "configuration": lambda: Follower(settings, CODEC, self.heard.append),
            "credentials": lambda: CredentialStore(settings, CODEC, Clock(), self.heard.append),
        }
        self._follower = makers[name]()

    def play(self, wanted: str) -> None:
        """Until that connection is heard of, or the follower says that it is in trouble, or neither comes."""
        self._follower.start()
        pause = threading.Event()
        for _ in range(PATIENCE):
            if wanted in self.heard or self.trouble or self.died:
                break
            pause.wait(0.005)  # never set: only a thread can say when it is done
        self._follower.stop()

    @property
    def trouble(self) -> str:
        """What health says of it."""
        return str(self._follower.trouble)


def record_of(name: str, connection: str) -> Message:
    """A record of the topic that the follower of that name tells its owner of."""
    records: dict[str, tuple[str, str, dict[str, Any]]] = {
        "control": ("control", "connection.control", {"action": "pause", "control_id": connection}),
        "configuration": ("connections", "connection.connection", {"removed": True}),
        "credentials": ("credentials", "connection.credential", {"removed": True}),
    }
    topic, record, content = records[name]
    value = CODEC.encode(topic, record, blank(record) | {"connection": connection} | content)
    made = Message(0, value, of=topic)
    name, signed = signature(Place(topic, 0, made.key()), value)
    return replace(made, about={name: signed.decode()})


def _followed() -> Followed:
    return Followed(CODEC, MemoryLinks(), frozenset({TARGET}))


class Pauses:
    """The pauses that a sink knows: those of persons, as they come from the topic, and its own."""

    def __init__(self) -> None:
        self._followed = _followed()

    def pauses_itself(self, connection: str, reason: str) -> None:
        """The sink pauses a connection."""
        content = {"connection": connection, "system": TARGET, "action": "pause", "reason": reason}
        self._followed.pause_now(cast("Control", blank("connection.control") | content), 0)

    def resumes(self, connection: str) -> str:
        """A person resumes a connection; what was raised, "" for nothing."""
        content = {"connection": connection, "system": TARGET, "action": "resume", "control_id": "c1"}
        value = CODEC.encode("control", "connection.control", blank("connection.control") | content)
        try:
            self._followed.fold(cast("Any", Message(0, value, of="control")))
        except RuntimeError as error:
            return str(error)
        return ""

    def paused(self, connection: str) -> str:
        """Why a connection does nothing."""
        return self._followed.paused(TARGET, connection)
