"""Makes the outcome of a batch even if a rule fails over one of its records: the batch is halved until that record is alone, and it goes to
`dead`.

A rule that raises an unexpected error, or that does not end (`rule_limit.py`), must neither stop the hop for every connection nor lose the
record. Errors of the broker, the machine or the settings are not the fault of a record and are raised. Both hops use this module; halving
costs at most a few times the work of the batch.
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
    """A state with the changes of an earlier part of the batch on top."""

    def __init__(self, state: State, changes: Mapping[tuple[int, str], bytes]) -> None:
        self._state, self._changes = state, changes

    def get(self, partition: int, key: str) -> bytes | None:
        """See `topology.batch.State`."""
        return self._changes.get((partition, key)) or self._state.get(partition, key)


def whole(hop: Hop, records: Sequence[ConsumerRecord], state: State, context: Context) -> Outcome:
    """The outcome of a batch, with its decisions as audit records. Raises whatever a rule raises, `Endless` if a rule does not end, and
    `Malformed` for an audit record that is too large for Kafka; the hop has checked its own outputs."""
    with RULES.enforced():
        outcome = hop.apply(records, state, context)
        audits = [fitting(one) for one in audit_outputs(outcome.decisions, hop.name, context)]
    return Outcome([*outcome.outputs, *audits], [], outcome.changes)


def halved(hop: Hop, records: Sequence[ConsumerRecord], state: State, context: Context) -> Outcome:
    """Like `whole`, but a record over which a rule fails goes to `dead`, and the other records come out as they would without it."""
    try:
        return whole(hop, records, state, context)
    except _NOBODYS_FAULT:
        raise
    except Exception as error:  # noqa: BLE001 - any error may be the fault of one record
        if len(records) == 1:
            reason = f"{type(error).__name__}: {error}"
            log.error("record_set_aside", hop=hop.name, record=records[0].coordinates, error=reason[:300])
            return Outcome([dead_output(records[0], reason, hop.name, context)])
    middle = len(records) // 2
    first = halved(hop, records[:middle], state, context)
    second = halved(hop, records[middle:], _After(state, first.changes), context)
    return Outcome(first.outputs + second.outputs, [], first.changes | second.changes)
