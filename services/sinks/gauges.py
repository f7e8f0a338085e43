"""Gauges of the sinks of a process, counted when they are collected: documents that have not ended with their amounts, open intents,
pauses, ceilings, partitions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from runtime.metrics import REGISTRY
from services.sinks import controls
from services.sinks import entry as e
from services.sinks.consume import Consuming, OwnedPartition
from services.sinks.ledger import Rest
from services.sinks.owner import Owner

_CONNECTION = ("system", "connection")
_STANDS = (*_CONNECTION, "state", "reason", "currency")
_CEILING = (*_CONNECTION, "which")
DOCUMENTS = "ml_connector_sink_documents", "Documents that have not ended, by state and reason.", _STANDS
AMOUNT = "ml_connector_sink_amount", "Amount of the documents that have not ended, absolute values added up.", _STANDS
INTENTS = "ml_connector_sink_open_intents", "Requests that may have been sent and whose end is not known.", _CONNECTION
INTENT_AGE = "ml_connector_sink_open_intent_oldest_seconds", "Age of the newest record of the oldest open intent.", _CONNECTION
PAUSED = (
    "ml_connector_sink_paused",
    "1: nothing is written, because a person, a ceiling or too many refusals paused it.",
    _CONNECTION,
)
WRITTEN = (
    "ml_connector_sink_ceiling_documents",
    "`written`: documents of the last hour that count; `ceiling`: as many may.",
    _CEILING,
)
WRITTEN_AMOUNT = (
    "ml_connector_sink_ceiling_amount",
    "`written`: amount of the last hour that counts; `ceiling`: as much may.",
    _CEILING,
)
PARTITIONS = (
    "ml_connector_sink_partitions",
    "Command partitions of this process: `opening`, `open`, or `failed` and to be taken anew.",
    ("system", "phase"),
)
FAMILIES = (DOCUMENTS, AMOUNT, INTENTS, INTENT_AGE, PAUSED, WRITTEN, WRITTEN_AMOUNT, PARTITIONS)
"""The name, meaning and labels of each gauge."""


class Gauges(Collector):
    """Registered while the sinks run; `close` removes it. Must be collected in the loop, because the counted state changes there."""

    def __init__(self, consuming: Sequence[Consuming]) -> None:
        self._consuming = consuming
        REGISTRY.register(self)

    def close(self) -> None:
        """Remove them from the metrics."""
        REGISTRY.unregister(self)

    def describe(self) -> list[GaugeMetricFamily]:
        """The families, empty."""
        return [_family(one) for one in FAMILIES]

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """All families, with their current values."""
        owners = [owner for one in self._consuming for owner in one.owners if not owner.failed]
        yield from _standing(owners)
        yield from _open_intents(owners)
        yield from _of_connections(owners)
        yield _held_partitions(self._consuming)


def _family(declared: tuple[str, str, tuple[str, ...]]) -> GaugeMetricFamily:
    name, words, labels = declared
    return GaugeMetricFamily(name, words, labels=labels)


def _standing(owners: Sequence[Owner]) -> Iterator[GaugeMetricFamily]:
    found: dict[tuple[str, Rest], tuple[int, Decimal]] = {}
    for owner in owners:
        for case in owner.cases:
            stands = case.stands
            if stands.state not in e.TERMINAL:
                place = (owner.context.system.name, Rest(stands.connection, stands.state, stands.reason, currency=stands.currency))
                count, amount = found.get(place, (0, Decimal(0)))
                found[place] = (count + 1, amount + abs(stands.amount))
    documents, amounts = _family(DOCUMENTS), _family(AMOUNT)
    for (system, rest), (count, amount) in found.items():
        labels = (system, rest.connection, rest.state, rest.reason, rest.currency)
        documents.add_metric(labels, count)
        amounts.add_metric(labels, float(amount))
    yield documents
    yield amounts


def _open_intents(owners: Sequence[Owner]) -> Iterator[GaugeMetricFamily]:
    """Complete, because a case with an open intent is never let go and its entry is in memory."""
    since: dict[tuple[str, str], list[datetime]] = defaultdict(list)
    for owner in owners:
        for case in owner.cases:
            if case.key is not None and e.intent_open(case.key.entry) and not e.is_terminal(case.key.entry):
                since[(owner.context.system.name, case.connection)].append(case.key.entry["updated_at"])
    now = {owner.context.system.name: owner.now() for owner in owners}
    intents, ages = _family(INTENTS), _family(INTENT_AGE)
    for place, times in since.items():
        intents.add_metric(place, len(times))
        ages.add_metric(place, (now[place[0]] - min(times)).total_seconds())
    yield intents
    yield ages


def _of_connections(owners: Sequence[Owner]) -> Iterator[GaugeMetricFamily]:
    paused, documents, amounts = _family(PAUSED), _family(WRITTEN), _family(WRITTEN_AMOUNT)
    for owner in owners:
        context = owner.context
        for connection, connected in context.snapshot().connections.items():
            if not controls.is_its(owner, connection):
                continue
            place = (context.system.name, connection)
            paused.add_metric(place, 1 if context.followed.paused(*place) else 0)
            count, amount = owner.hours[connection].of_hour(owner.now()) if connection in owner.hours else (0, Decimal(0))
            documents.add_metric((*place, "written"), count)
            amounts.add_metric((*place, "written"), float(amount))
            ceiling = connected.settings.ceiling
            documents.add_metric((*place, "ceiling"), ceiling.documents_per_hour)
            amounts.add_metric((*place, "ceiling"), float(ceiling.amount_per_hour))
    yield from (paused, documents, amounts)


def _held_partitions(consuming: Sequence[Consuming]) -> GaugeMetricFamily:
    family = _family(PARTITIONS)
    for one in consuming:
        phases = [_phase(held) for held in one.held.values()]
        for phase in ("opening", "open", "failed"):
            family.add_metric((one.context.system.name, phase), phases.count(phase))
    return family


def _phase(held: OwnedPartition) -> str:
    if held.owner.failed:
        return "failed"
    return "open" if held.owner.opened else "opening"
