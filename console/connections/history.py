"""Which flows of a connection were live at some time, from every version of its settings on the topic `connections`, which keeps them all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from console.reading import Cluster
from runtime.rolekeys import OPERATOR
from systems.connection import ConnectionSettings
from topology.trust import Trust


def once_live(cluster: Cluster, connection: str) -> frozenset[str]:
    """The ids of the flows that were live at some time since the connection was applied first, or again after it was removed."""
    trust = Trust(cluster.settings, (OPERATOR,))
    messages = cluster.messages(["connections"], cluster.partitions_of(connection), quiet=True)
    records = (cluster.seen(message).record for message in messages if trust.believed(message) is not None)
    return live_in(record for record in records if record.get("connection") == connection)


def live_in(records: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    """The flows that are live in one of these versions of one connection, oldest first, since it was last removed. Settings that this version of the
    program can no longer read are passed over."""
    found: frozenset[str] = frozenset()
    for record in records:
        if record["removed"]:
            found = frozenset()
            continue
        try:
            found |= ConnectionSettings.model_validate_json(record["settings"]).live_flows
        except ValidationError:
            continue
    return found
