"""How an `audit` record is made from a decision: what was decided, by whom, and which records it covers. (A sink makes its own from an
entry of its ledger.)"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from runtime.redaction import sayable
from schemas.records import Audit
from topology.batch import Decision
from topology.topics import object_key

RECORD = "audit.audit"


@dataclass(frozen=True)
class Covered:
    """The records that a decision covers: how many, and where they are. `natural_key` is given if the decision is not about one object."""

    natural_key: str = ""
    count: int = 1
    topic: str = ""
    partition: int = -1
    first_offset: int = -1
    last_offset: int = -1


ONE = Covered()


def audit_record(decided: Decision, stage: str, at: datetime, covered: Covered = ONE) -> Audit:
    """The `audit` record of a decision taken by `stage`, which is a service or a hop."""
    return Audit(
        connection=decided.connection,
        decision=decided.decision,
        natural_key=covered.natural_key or object_key(decided.connection, decided.system, decided.entity, decided.source_id),
        system=decided.system,
        entity=decided.entity,
        source_id=decided.source_id,
        source_version=decided.source_version,
        detail=sayable(decided.detail),
        amount=decided.amount,
        currency=decided.currency,
        count=covered.count,
        topic=covered.topic,
        partition=covered.partition,
        first_offset=covered.first_offset,
        last_offset=covered.last_offset,
        stage=stage,
        at=at,
    )
