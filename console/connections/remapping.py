"""Maps records again that were read under other settings, if a change requires it: a flow goes live, a first posting date moves, a rule changes.

Records that a flow only observed have no command, and would never get one otherwise. The newest canonical record of each object is sent to `remap`.
Hop 2 maps it under the configuration that is then in force, and the ledger distinguishes new documents from known ones. Records that carry money and
that no flow brings are sent too: until now they were only noted, and they are held once something is live.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from console.connections.changes import Change
from console.connections.publish import Publisher
from console.reading import Cluster, StoredRecord
from systems.connection import ConnectionSettings
from systems.contract import Flow
from systems.flow import CARRIES_MONEY
from topology.way import REMAP

Source = tuple[str, str]
"""A system, and an entity that it shows."""
_RULES = ("customer_policy", "tax_mode", "create_missing")


def flows_to_map_again(change: Change) -> list[Flow]:
    """Flows whose records may become due, or map differently, after this change; none if the connection is new."""
    before, after = change.before, change.after.settings
    if before is None:
        return []
    rules = any(getattr(before, name) != getattr(after, name) for name in _RULES)
    return [flow for flow in after.erp.declared.flows if flow.records and (rules or _is_due_otherwise(flow, before, after))]


def _is_due_otherwise(flow: Flow, before: ConnectionSettings, after: ConnectionSettings) -> bool:
    old, new = before.flows.get(flow.id), after.flows.get(flow.id)
    if new is None or not new.enabled:
        return False
    if old is None or not old.enabled or before.mode_of(flow.id) == "observe" != after.mode_of(flow.id):
        return True
    return (old.cutover_date, old.post_when) != (new.cutover_date, new.post_when)


def map_again(cluster: Cluster, publisher: Publisher, change: Change) -> int:
    """Send the newest canonical record of every object of these flows to `remap`; returns how many."""
    count, flows = 0, flows_to_map_again(change)
    sources = sources_of(flows) | (without_flow_of(change.after.settings) if flows else set())
    for seen in newest_of(cluster, change.after.settings.connection, sources):
        publisher.again(REMAP, seen)
        count += 1
    publisher.acked()
    return count


def sources_of(flows: Iterable[Flow]) -> set[Source]:
    """The systems and entities from which these flows start."""
    return {(flow.source, flow.entity) for flow in flows}


def without_flow_of(settings: ConnectionSettings) -> set[Source]:
    """What carries money on the field-service side although no flow of the ERP brings it."""
    own = settings.field_service.system
    return {(own, entity) for entity in CARRIES_MONEY} - sources_of(flow for flow in settings.erp.declared.flows if flow.records)


def newest_of(cluster: Cluster, connection: str, sources: Collection[Source]) -> Iterator[StoredRecord]:
    """The newest canonical record of every object of a connection that is of these systems and entities."""
    entities = sorted({entity for _, entity in sources if entity})
    for seen in cluster.newest([f"canonical.{entity}" for entity in entities], of=f"{connection}/").values():
        record = seen.record
        if record and (record["system"], record["entity"]) in sources:
            yield seen
