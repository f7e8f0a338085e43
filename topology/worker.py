"""The working half of a hop's loop: passes a batch to its agent, commits the outcome and keeps the state.

One thread does one thing after another. An error of an agent aborts nothing, because no transaction has begun. The batch is tried again
with backoff, from the third time on in halves (`culprits.py`), so that only the record over which a rule fails goes to `dead`. If that does
not help, the process ends (70) after a deadline. It also ends if an agent does not answer.
"""

from __future__ import annotations

import os
import queue
import random
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, NoReturn

from confluent_kafka import KafkaException, TopicPartition

from runtime import metrics
from runtime.clock import Clock
from runtime.errors import EXIT_SOFTWARE, Broken
from runtime.lag import Lag
from runtime.log import log
from runtime.retry import Backoff
from runtime.settings import Settings
from schemas.codec import Codec
from topology.app import Restarted
from topology.batch import ConsumerRecord, Context, NoState, Outcome, State
from topology.configuration import Snapshot
from topology.culprits import halved, whole
from topology.fold import Contained, Source, fold
from topology.rule_limit import RULES
from topology.setbacks import Setbacks
from topology.state import HopState, PartitionState
from topology.transactions import Aborted, Indefinite, Transactions
from topology.way import REMAP, Hop

_CHECKPOINT_S = 30.0
_WHOLE = 2
"""How often a batch is tried as a whole before it is halved."""
_DRAW = random.Random()  # noqa: S311 - spreads retries, keeps no secret
_BACKOFF = Backoff(first=timedelta(milliseconds=100), cap=timedelta(seconds=10))


@dataclass(frozen=True)
class Patience:
    """How long things may take, in real seconds."""

    answer_s: float = 30.0
    retry_s: float = 120.0
    backoff: Backoff = _BACKOFF


PATIENCE = Patience()


@dataclass(frozen=True)
class Surroundings:
    """What a hop runs with. `fresh_snapshot` returns everything that was applied before the call, `submit` passes work to its agent, `exit`
    ends the process at once."""

    settings: Settings
    codec: Codec
    snapshot: Callable[[], Snapshot]
    fresh_snapshot: Callable[[], Snapshot]
    submit: Callable[[str, Callable[[], Outcome]], Future[Outcome]]
    clock: Clock
    slot: str
    patience: Patience = PATIENCE
    exit: Callable[[int], NoReturn] = field(default=os._exit)

    def snapshots(self, hop: str) -> Path:
        """The folder of a hop's snapshots, one per slot."""
        prefix = self.settings.kafka.topic_prefix or "_"
        return self.settings.state_dir / "topology" / prefix / hop / self.slot


@dataclass(frozen=True)
class Batch:
    """Records, the offsets after them, and the group metadata under which they were read."""

    records: Sequence[ConsumerRecord]
    offsets: Sequence[TopicPartition]
    group: object


@dataclass
class Counts:
    """What a hop has done so far."""

    records: int = 0
    outputs: int = 0
    batches: int = 0
    failures: int = 0


class Worker:
    """See the module. `ready` is set while the state of the assigned partitions is complete, `stale` if positions must be read again."""

    def __init__(self, hop: Hop, around: Surroundings) -> None:
        self._hop, self._around = hop, around
        self._tasks: queue.SimpleQueue[tuple[Callable[..., None], Any] | None] = queue.SimpleQueue()
        self._pending = 0
        self._changed = threading.Condition()
        self._state = HopState(around.snapshots(hop.name))
        self._transactions: Transactions | None = None
        self._contained: Contained | None = None
        self._checkpoint_at = time.monotonic() + _CHECKPOINT_S
        self.ready = threading.Event()
        self.stale = threading.Event()
        self.cancelled = threading.Event()
        self.counts = Counts()
        self.lag = Lag(hop.name)
        self.setbacks = Setbacks(hop.name)
        self._thread = threading.Thread(target=self._run, name=f"{hop.name}-worker", daemon=True)

    # --- called by the polling thread

    def start(self) -> None:
        """Take the transactional id, which fences the previous process of this slot, then work."""
        settings = self._around.settings.kafka
        self._transactions = Transactions(settings, f"{self._hop.name}-{self._around.slot}")
        self._contained = Contained(settings)
        self._thread.start()

    def assign(self, partitions: Sequence[int]) -> None:
        """Bring the state of these partitions up to the end of the log; `ready` is set when this is done."""
        self.cancelled.clear()
        self._put(self._restore, list(partitions))

    def submit(self, batch: Batch) -> None:
        """Carry out a batch after everything submitted before."""
        self._put(self._carry_out, batch)

    def revoke(self, finish: bool) -> None:
        """Give up all partitions: the running batch is finished or, if that is not possible, abandoned. Returns when nothing is running."""
        if not finish or not self.wait_idle(self._around.patience.answer_s):
            self.cancelled.set()
        self.ready.clear()
        self._put(self._leave, None)
        self.wait_idle(self._around.patience.answer_s)

    def wait_idle(self, timeout_s: float) -> bool:
        """Whether nothing is left to do, after waiting at most this long."""
        with self._changed:
            return self._changed.wait_for(lambda: self._pending == 0, timeout_s)

    def stop(self) -> None:
        """End the thread after everything submitted before is done."""
        self._tasks.put(None)
        self._thread.join(self._around.patience.answer_s)
        if self._contained is not None:
            self._contained.close()
        if self._transactions is not None:
            self._transactions.close()

    def _put(self, task: Callable[[Any], None], argument: Any) -> None:
        with self._changed:
            self._pending += 1
        self._tasks.put((task, argument))

    # --- its own thread

    def _run(self) -> None:
        while (task := self._tasks.get()) is not None:
            try:
                task[0](task[1])
            except Exception as error:  # noqa: BLE001 - the edge of a process loop
                self._end("worker_failed", f"{type(error).__name__}: {error}")
            finally:
                with self._changed:
                    self._pending -= 1
                    self._changed.notify_all()

    def _end(self, event: str, error: str) -> NoReturn:
        log.error(event, hop=self._hop.name, error=error[:500])
        self._around.exit(EXIT_SOFTWARE)

    def _restore(self, partitions: list[int]) -> None:
        if self._hop.remembers and not self.cancelled.is_set():
            states = {partition: self._state.open(partition) for partition in partitions}
            started = time.monotonic()
            topics = [self._around.settings.topic(name) for name in self._hop.remembers]
            count = self._folded(topics, states)
            took_ms = round((time.monotonic() - started) * 1000)
            log.info("state_folded", hop=self._hop.name, partitions=partitions, records=count, took_ms=took_ms)
        self.stale.clear()
        self.ready.set()

    def _folded(self, topics: list[str], states: dict[int, PartitionState]) -> int:
        """Fold. If the broker is away or has just come back, try again up to the deadline."""
        started, tries = time.monotonic(), 0
        source = Source(self._around.settings.kafka, self._around.codec, topics)
        while not self.cancelled.is_set():
            try:
                return fold(source, states, lambda: not self.cancelled.is_set())
            except KafkaException as error:
                tries += 1
                if time.monotonic() - started > self._around.patience.retry_s:
                    raise
                log.warning("state_not_folded", hop=self._hop.name, attempt=tries, error=str(error)[:300])
                self.cancelled.wait(self._around.patience.backoff.wait(tries, _DRAW).total_seconds())
        return 0

    def _leave(self, _: None) -> None:
        if not self.cancelled.is_set():
            self._note_contained()
        for partition in list(self._state.partitions):
            self._state.close(partition)

    def _carry_out(self, batch: Batch) -> None:
        started, tries = time.monotonic(), 0
        while not self.cancelled.is_set() and not self.stale.is_set():
            try:
                self._once(batch, whole if tries < _WHOLE else halved)
            except Indefinite as error:
                log.warning("positions_stale", hop=self._hop.name, error=str(error))
                self.stale.set()
                return
            except (TimeoutError, Restarted, Broken) as error:
                self._end("agent_gave_no_answer", f"{type(error).__name__}: {error}")
            except Exception as error:  # noqa: BLE001 - after any other error the batch is tried again with backoff, up to a deadline
                tries += 1
                self._fail(error, tries, started)
            else:
                return

    def _fail(self, error: Exception, tries: int, started: float) -> None:
        self.counts.failures += 1
        metrics.HOP_FAILURES.labels(self._hop.name).inc()
        if time.monotonic() - started > self._around.patience.retry_s:
            self._end("batch_given_up", f"{type(error).__name__}: {error}")
        level = log.info if isinstance(error, Aborted) else log.error
        level("batch_failed", hop=self._hop.name, attempt=tries, error=f"{type(error).__name__}: {error}"[:500])
        self.cancelled.wait(self._around.patience.backoff.wait(tries, _DRAW).total_seconds())

    def _snapshot_for(self, batch: Batch) -> Snapshot:
        """The configuration for a batch. Records that are mapped again were requested after a change, which the configuration must contain."""
        again = self._around.settings.topic(REMAP)
        if any(record.topic == again for record in batch.records):
            return self._around.fresh_snapshot()
        return self._around.snapshot()

    def _once(self, batch: Batch, outcome_of: Callable[[Hop, Sequence[ConsumerRecord], State, Context], Outcome]) -> None:
        around, hop = self._around, self._hop
        settings = around.settings
        context = Context(self._snapshot_for(batch), around.codec, settings.topic, settings.kafka.partitions, around.clock.now())
        state = self._state if hop.remembers else NoState()
        dead = settings.topic("dead")
        answer = around.submit(hop.name, lambda: outcome_of(hop, batch.records, state, context))
        outcome = self._answered(answer)
        if self.cancelled.is_set() or self._transactions is None:
            return
        self._transactions.commit(outcome.outputs, batch.offsets, batch.group)
        self.lag.committed({(one.topic, one.partition): one.offset for one in batch.offsets})
        if outcome.changes:
            self._state.put(outcome.changes)
        self.counts.records += len(batch.records)
        self.counts.outputs += len(outcome.outputs)
        self.counts.batches += 1
        metrics.HOP_RECORDS.labels(hop.name).inc(len(batch.records))
        metrics.HOP_OUTPUTS.labels(hop.name).inc(len(outcome.outputs))
        dead_records = [one for one in outcome.outputs if one.topic == dead]
        metrics.DEAD.labels(hop.name).inc(len(dead_records))
        self.setbacks.note(batch.records, dead_records, context.snapshot.connections)
        if time.monotonic() > self._checkpoint_at:
            self._note_contained()

    def _answered(self, answer: Future[Outcome]) -> Outcome:
        """The agent's answer. Raises `TimeoutError` if no rule is at work any more. A batch takes long while it is halved because of rules
        that do not end, in this hop or the other."""
        while True:
            try:
                return answer.result(self._around.patience.answer_s)
            except TimeoutError:
                if answer.done() or time.monotonic() - RULES.moved_at > self._around.patience.answer_s:
                    raise

    def _note_contained(self) -> None:
        if self._contained is not None and self._hop.remembers and self._state.partitions and not self.stale.is_set():
            topics = [self._around.settings.topic(name) for name in self._hop.remembers]
            try:
                self._contained.checkpoint(topics, self._state.partitions)
            except KafkaException as error:
                # the batch is committed; the only cost is that the next start folds more
                log.warning("state_not_noted", hop=self._hop.name, error=str(error)[:300])
        self._checkpoint_at = time.monotonic() + _CHECKPOINT_S
