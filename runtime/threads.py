"""Threads that must not die unnoticed, and the most frequent of them: a reader of topics without a group.

An error that may pass (the cluster is away, a permission is missing) is an outage: it is logged once, tried again with growing pauses, and
shown as `trouble` meanwhile. Any other error ends the thread for good: it is logged with its traceback and shown as `failed`. The service
that runs the thread is not ready while there is `trouble`, and ends the process with 70 when something `failed`.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import timedelta

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from runtime import kafka, metrics
from runtime.errors import ConnectorError, Transient
from runtime.log import log
from runtime.outage import CLUSTER
from runtime.retry import Backoff
from runtime.settings import Kafka
from runtime.topic_ids import TopicIds

BACKOFF = Backoff(first=timedelta(milliseconds=500), cap=timedelta(seconds=10))
"""The pauses between the attempts during an outage."""
_DRAW = random.Random()  # noqa: S311 - spreads retries, keeps no secret
_JOIN_S = 5.0
_MOST, _POLL_S = 500, 0.2
ANSWER_S = 60.0
"""How long a new client waits for each partition to answer before another client is made."""
_FOR_GOOD = frozenset({KafkaError._INVALID_ARG, KafkaError._NOT_IMPLEMENTED})
"""Kafka errors that come from how a client was called. They would be repeated."""


def may_pass(error: BaseException) -> bool:
    """Whether the same work, started again with a new client, may succeed later without a change of this process."""
    if isinstance(error, KafkaException):
        cause = error.args[0] if error.args else None
        return not (isinstance(cause, KafkaError) and cause.code() in _FOR_GOOD)
    return isinstance(error, Transient)


class SupervisedThread:
    """Runs `attempt` in a daemon thread until it is told to stop.

    `attempt` gets this thread: it makes its own clients, works until `is_stopping`, and calls `works` when it is certain that it can do its
    work, `tell_outage` when it is certain that it cannot. After an error that may pass it is called again.
    """

    def __init__(self, name: str, attempt: Callable[[SupervisedThread], None]) -> None:
        self._name, self._attempt = name, attempt
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._tries = 0
        self._outage = ""
        self._is_own = False
        self._failed = ""

    @property
    def trouble(self) -> str:
        """Why it does not do its work now; "" if it does."""
        return self._failed or self._outage

    @property
    def failed(self) -> str:
        """Why it has ended for good; "" while it has not."""
        return self._failed

    @property
    def is_stopping(self) -> bool:
        """Whether the attempt has to end."""
        return self._stopping.is_set()

    def start(self) -> None:
        """Begin. Call it once."""
        metrics.THREAD_TROUBLE.labels(self._name).set(0)
        self._thread.start()

    def stop(self, within_s: float = _JOIN_S) -> None:
        """Tell the attempt to end and wait for it; does nothing if it was never started."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(within_s)

    def works(self) -> None:
        """Called by the attempt: an outage, if there was one, is over."""
        CLUSTER.over(self._name)
        if self._outage:
            if self._is_own:
                log.info("outage_over", thread=self._name, attempt=self._tries)
            self._outage, self._tries, self._is_own = "", 0, False
            metrics.THREAD_TROUBLE.labels(self._name).set(0)

    def tell_outage(self, words: str, away: bool = False) -> None:
        """Called by the attempt: it cannot do its work now, for this reason. `away` means that no broker answers: the process reports that
        once for all its threads. Any other reason is this thread's own."""
        if away:
            CLUSTER.began(self._name, words)
        elif not self._is_own:
            log.warning("outage", thread=self._name, error=words)
            self._is_own = True
        if not self._outage:
            metrics.THREAD_TROUBLE.labels(self._name).set(1)
        self._outage = f"{self._name}: {words}"

    def _run(self) -> None:
        why = "it ended without being asked"
        try:
            while not self.is_stopping:
                self._try()
        except Exception as error:  # noqa: BLE001 - the edge of the thread: the service that runs it ends the process
            why = _words(error)
            log.exception("thread_ended", thread=self._name, error=why)
        finally:
            CLUSTER.over(self._name)
            if not self.is_stopping:
                self._failed = f"{self._name}: {why}"
                metrics.THREAD_TROUBLE.labels(self._name).set(1)

    def _try(self) -> None:
        try:
            self._attempt(self)
        except Exception as error:
            if not may_pass(error):
                raise
            if not self.is_stopping:
                self._tries += 1
                self.tell_outage(_words(error), away=_is_away(error))
                self._stopping.wait(BACKOFF.wait(self._tries, _DRAW).total_seconds())
        else:
            if not self.is_stopping:
                raise RuntimeError("its work came to an end")


def _is_away(error: BaseException) -> bool:
    """Whether the error means that no broker answers."""
    cause = error if isinstance(error, KafkaException) else error.__cause__
    return isinstance(cause, KafkaException) and bool(cause.args) and cause.args[0].code() in kafka.AWAY


def _words(error: BaseException) -> str:
    """Our own errors are sentences. For others the type is as informative as the text."""
    return (str(error) if isinstance(error, ConnectorError) else f"{type(error).__name__}: {error}")[:300]


class TopicFollower:
    """Follows topics without a group: in a supervised thread, `take` gets in batches what is written after `offsets`.

    A batch that `take` has returned from never comes again, except for a topic that was deleted and created again, which is read from its
    start. An outage is over when every partition has answered: until it is asked, a client reports neither that the cluster is back nor
    that it may no longer read a topic.
    """

    def __init__(self, name: str, settings: Kafka, topics: Sequence[str], take: Callable[[list[Message]], None]) -> None:
        self._settings, self._topics, self._take = settings, tuple(topics), take
        self._thread = SupervisedThread(name, self._follow)
        self._unreachable = ""
        self._ids = TopicIds(settings, self._topics)
        self.offsets: dict[tuple[str, int], int] = {}

    @property
    def trouble(self) -> str:
        """See `SupervisedThread.trouble`."""
        return self._thread.trouble

    @property
    def failed(self) -> str:
        """See `SupervisedThread.failed`."""
        return self._thread.failed

    def to_end(self, topic: str, start: Mapping[int, int] | None = None) -> Iterator[Message]:
        """What a topic contains now, from `start` on (default: the beginning). What is read here is not followed again. Call it only before
        the start."""
        self._ids.made_anew()  # note the topic's id now: what is read here may be gone when following begins
        self.offsets |= {(topic, partition): offset for partition, offset in (start or {}).items()}
        for message in kafka.read_to_end(self._settings, topic, list(range(self._settings.partitions)), start):
            yield message
            self.offsets[(topic, message.partition() or 0)] = (message.offset() or 0) + 1

    def start(self) -> None:
        """Follow from here on."""
        self._thread.start()

    def stop(self) -> None:
        """Stop following."""
        self._thread.stop()

    def _follow(self, thread: SupervisedThread) -> None:
        self._unreachable = ""
        settings = {"enable.partition.eof": True, "error_cb": self._on_client_error, "fetch.wait.max.ms": kafka.FETCH_WAIT_MS}
        with closing(kafka.reader(self._settings, **settings)) as client:
            self._from_the_start(client, self._ids.made_anew())
            client.assign([TopicPartition(*place, self.offsets.get(place, 0)) for place in self._places()])
            self._await_answers(thread, client, set(self._places()))
            while not thread.is_stopping and not self._unreachable:
                self._once(client)
                self._from_the_start(client, self._ids.made_anew())
        if self._unreachable:
            raise Transient(self._unreachable) from KafkaException(KafkaError(KafkaError._ALL_BROKERS_DOWN))

    def _from_the_start(self, client: Consumer, topics: frozenset[str]) -> None:
        """Read topics that were deleted and created again from their first record."""
        if not topics:
            return
        for place in [place for place in self.offsets if place[0] in topics]:
            del self.offsets[place]
        client.assign([TopicPartition(*place, self.offsets.get(place, 0)) for place in self._places()])

    def _places(self) -> list[tuple[str, int]]:
        return [(topic, partition) for topic in sorted(self._topics) for partition in range(self._settings.partitions)]

    def _on_client_error(self, error: KafkaError) -> None:
        """Called by the client while it is polled. A cluster that cannot be reached is reported only here, never as a message."""
        if error.code() in (KafkaError._ALL_BROKERS_DOWN, KafkaError._AUTHENTICATION):
            self._unreachable = f"Kafka: {error.str()}"

    def _await_answers(self, thread: SupervisedThread, client: Consumer, silent: set[tuple[str, int]]) -> None:
        """Read until each partition has answered. A new client gets time to find the cluster by itself, because the first address of a
        broker may be wrong, and the client then reports the whole cluster as down."""
        until = time.monotonic() + ANSWER_S
        while silent and not thread.is_stopping:
            silent = silent - self._once(client)
            if self._unreachable:
                thread.tell_outage(self._unreachable, away=True)
            if silent and time.monotonic() > until:
                raise Transient(f"Kafka: {'/'.join(map(str, min(silent)))} has not answered for {ANSWER_S:g} s")
        self._unreachable = ""
        if not silent:
            thread.works()

    def _once(self, client: Consumer) -> set[tuple[str, int]]:
        """Take the next batch and return the partitions that answered. What came before an error is taken before the error is raised."""
        read: dict[tuple[str, int], int] = {}
        answered: set[tuple[str, int]] = set()
        batch: list[Message] = []
        bad: KafkaError | None = None
        for message in kafka.polled(client, _MOST, _POLL_S):
            place, error = (message.topic() or "", message.partition() or 0), message.error()
            if error is None:
                if (message.offset() or 0) < self.offsets.get(place, 0):
                    log.warning(
                        "offset_went_back", topic=place[0], partition=place[1], was=self.offsets[place], now=message.offset()
                    )
                    self.offsets[place] = message.offset() or 0
                batch.append(message)
                read[place] = (message.offset() or 0) + 1
            elif error.code() != KafkaError._PARTITION_EOF:
                bad = error
                break
            answered.add(place)
        if batch:
            self._take(batch)
            self.offsets |= read
        if bad is not None:
            raise Transient(f"Kafka: {bad.str()}") from KafkaException(bad)
        return answered
