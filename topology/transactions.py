"""Writes the outputs and offsets of a batch in one Kafka transaction, and says what errors in it mean.

A transaction with an abortable error is aborted here, and the batch may be tried again. After any indefinite error a new producer is made
(its `init_transactions` ends whatever was open), and positions and state have to be read again: `Indefinite`. Being fenced is indefinite,
too: a broker that was away ends a transaction whose time ran out and raises the epoch, without any other process being involved. Only a
producer that is fenced again and again has a rival. These transactions only keep the log free of duplicates; no promise about money depends
on them.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Producer, TopicPartition

from runtime import kafka
from runtime.errors import Broken, Transient
from runtime.log import log
from runtime.overdue import overdue
from runtime.settings import Kafka
from topology.batch import Output

_CALL_S = 5.0
_DEADLINE_S = 30.0
_HANGS_S = 4 * _CALL_S
_RIVAL_FENCES, _RIVAL_S = 4, 60.0
"""This many fences in this many seconds mean that another process uses this transactional id: each new producer of ours fences it, too."""
_FENCED = (KafkaError._FENCED, KafkaError.INVALID_PRODUCER_EPOCH, KafkaError.PRODUCER_FENCED)


class Aborted(Transient):
    """The transaction was aborted. None of its records will be seen."""


class Indefinite(Transient):
    """Whether the transaction was committed is not known. A new producer has been made."""


class Transactions:
    """One transactional producer, replaced when necessary. One thread uses it."""

    def __init__(self, settings: Kafka, transactional_id: str) -> None:
        self._settings = settings
        self._id = transactional_id
        self._fenced_at: deque[float] = deque(maxlen=_RIVAL_FENCES)
        self._producer = self._new_producer()

    def _new_producer(self) -> Producer:
        made = kafka.transactional_producer(self._settings, self._id)
        _until_done(lambda: made.init_transactions(_CALL_S), _DEADLINE_S)
        return made

    def commit(self, outputs: Iterable[Output], offsets: Sequence[TopicPartition], group: object) -> None:
        """Write everything and commit it; when this returns, it is committed. Raises `Aborted`, `Indefinite`, or `Broken` if it was fenced
        over and over."""
        try:
            self._write(outputs)
            _until_done(lambda: self._send_offsets(list(offsets), group), _DEADLINE_S)
            _until_done(lambda: self._producer.commit_transaction(_CALL_S), _DEADLINE_S)
        except KafkaException as error:
            self._failed(error)

    def _send_offsets(self, offsets: list[TopicPartition], group: object) -> None:
        with overdue.limit("send_offsets_to_transaction", _HANGS_S):
            self._producer.send_offsets_to_transaction(offsets, group, _CALL_S)

    def _write(self, outputs: Iterable[Output]) -> None:
        self._producer.begin_transaction()
        produce: Any = self._producer.produce
        for topic, partition, key, value, made in outputs:
            while True:
                try:
                    produce(topic, value=value, key=key, partition=partition, headers=made)
                    break
                except BufferError:
                    self._producer.poll(0.05)

    def _failed(self, error: KafkaException) -> None:
        reason = self._reason(error)
        if reason.code() in _FENCED:
            self._note_fence(error, reason)
        elif reason.txn_requires_abort():
            try:
                _until_done(lambda: self._producer.abort_transaction(_CALL_S), _DEADLINE_S)
            except KafkaException as again:
                log.warning("transaction_abort_failed", transactional_id=self._id, error=str(again))
            else:
                raise Aborted(f"transaction aborted: {reason.str()}") from error
        self._producer = self._new_producer()
        raise Indefinite(f"transaction in doubt: {reason.str()}") from error

    def _reason(self, error: KafkaException) -> KafkaError:
        """The cause of an error. `produce` only says that the client cannot be used any more; its transactional calls name the cause."""
        reason: KafkaError = error.args[0]
        if reason.code() == KafkaError._FATAL:
            try:
                self._producer.abort_transaction(_CALL_S)
            except KafkaException as named:
                reason = named.args[0]
        return reason

    def _note_fence(self, error: KafkaException, reason: KafkaError) -> None:
        self._fenced_at.append(time.monotonic())
        log.warning("transaction_fenced", transactional_id=self._id, error=reason.str())
        if len(self._fenced_at) == _RIVAL_FENCES and self._fenced_at[-1] - self._fenced_at[0] < _RIVAL_S:
            raise Broken(
                f"transactional id {self._id} was fenced {_RIVAL_FENCES} times in {_RIVAL_S:.0f} s: another process uses it.",
                "Give each instance its own ML_CONNECTOR_SLOT.",
            ) from error

    def close(self) -> None:
        """Close the producer. An open transaction is ended by the next `init_transactions` or by its time-out."""
        try:
            self._producer.purge()
            self._producer.flush(1)
        except KafkaException as error:
            log.info("producer_left", transactional_id=self._id, error=str(error)[:200])  # fenced, so it cannot be closed in order


def _until_done(call: Callable[[], object], deadline_s: float) -> None:
    """Repeat a transactional call as long as the client says that it may be repeated."""
    end = time.monotonic() + deadline_s
    while True:
        try:
            call()
        except KafkaException as error:
            if not error.args[0].retriable() or time.monotonic() > end:
                raise
            time.sleep(0.05)
        else:
            return
