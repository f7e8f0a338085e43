"""Notices that a topic that is being read was deleted and created again: its name stays the same and its offsets begin again, so only its
id shows it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from typing import Any

from confluent_kafka import KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient

from runtime import kafka
from runtime.log import log
from runtime.settings import Kafka

EVERY_S = 5.0
_ANSWER_S = 10


class TopicIds:
    """Asks the cluster for the ids of some topics from time to time, and never waits for the answer. One thread uses it."""

    def __init__(self, settings: Kafka, topics: Sequence[str]) -> None:
        self._settings = settings
        self._client: AdminClient | None = None
        self._topics = list(topics)
        self._known: dict[str, str] = {}
        self._asked: Mapping[str, Future[Any]] = {}
        self._next_s = 0.0

    def made_anew(self) -> frozenset[str]:
        """The topics whose id has changed. Each change is returned once. A topic that is missing now is compared when it is back."""
        if not self._asked and time.monotonic() >= self._next_s:
            self._client = self._client or kafka.admin(self._settings)
            self._asked = self._client.describe_topics(TopicCollection(self._topics), request_timeout=_ANSWER_S)
        if not self._asked or not all(future.done() for future in self._asked.values()):
            return frozenset()
        found = {name: str(future.result().topic_id) for name, future in self._asked.items() if not _failed(future)}
        self._asked, self._next_s = {}, time.monotonic() + EVERY_S
        anew = frozenset(name for name, identity in found.items() if self._known.get(name, identity) != identity)
        for name in sorted(anew):
            log.warning("topic_made_anew", topic=name, was=self._known[name], now=found[name], then="it is read from its start")
        self._known |= found
        return anew


def _failed(future: Future[Any]) -> bool:
    return isinstance(future.exception(), KafkaException)
