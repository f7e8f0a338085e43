"""What a batch comes to, also where a rule fails over one of its records: the batch is halved until that record is alone, and it goes to `dead`.

A rule that meets what it does not expect, or does not end (`rule_limit.py`), must neither stop the hop for everybody nor lose the record.
What is wrong with the broker, the machine or the settings is no record's fault: it is raised. Both hops go through here; halving costs a few
times the batch at most.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from confluent_kafka import KafkaException

from runtime.errors import ConnectorError
from runtime.log import log
from schemas.errors import NotRegistered
from topology.batch import ConsumerRecord, Context, Outcome, State, fitting
from topology.decisions import audit_outputs, dead_output
from topology.rule_limit import RULES
from topology.way import Hop

_NOBODYS_FAULT = (ConnectorError, KafkaException, NotRegistered, OSError, MemoryError)


class _After:
    """A state with the changes of an earlier part of the batch."""

    def __init__(self, state: State, changes: Mapping[tuple[int, str], bytes]) -> None:
        self._state, self._changes = state, changes

    def get(self, partition: int, key: str) -> bytes | None:
        """See `topology.batch.State`."""
        return self._changes.get((partition, key)) or self._state.get(partition, key)


def whole(hop: Hop, records: Sequence[ConsumerRecord], state: State, context: Context) -> Outcome:
    """The outcome of a batch with its decisions as audit records. Raises whatever a rule raises, `Endless` where one does not end, and
    `Malformed` for an audit record that Kafka would not take; of its outputs a hop sees to that itself."""
    with RULES.kept():
        outcome = hop.apply(records, state, context)
        audits = [fitting(one) for one in audit_outputs(outcome.decisions, hop.name, context)]
    return Outcome([*outcome.outputs, *audits], [], outcome.changes)


def halved(hop: Hop, records: Sequence[ConsumerRecord], state: State, context: Context) -> Outcome:
    """As `whole`, but each record that a rule fails over is on `dead` instead, and the others are as they would be without it."""
    try:
        return whole(hop, records, state, context)
    except _NOBODYS_FAULT:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, it is one record's
        if len(records) == 1:
            reason = f"{type(error).__name__}: {error}"
            log.error("record_set_aside", hop=hop.name, record=records[0].coordinates, error=reason[:300])
            return Outcome([dead_output(records[0], reason, hop.name, context)])
    middle = len(records) // 2
    first = halved(hop, records[:middle], state, context)
    second = halved(hop, records[middle:], _After(state, first.changes), context)
    return Outcome(first.outputs + second.outputs, [], first.changes | second.changes)
