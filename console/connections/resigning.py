"""Signs everything in force again with the newest key of the ring, before the older keys are dropped and their signatures no longer count.

Credentials come first, then crosswalk rows and connections, then pauses, all under one version. If it stops half-way, the old state is in
force and the same call continues. Decisions that no sink has carried out yet are not signed again; the person has to decide again.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from console.connections.applying import in_force
from console.connections.changes import rows_in_force
from console.connections.publish import Author, Publisher, connection_record, row_record
from console.reading import Cluster
from runtime import kafka
from runtime.errors import Broken
from runtime.rolekeys import OPERATOR
from runtime.secrets import KeyRing
from services.credentials import Rewrapped, rewrap_all
from services.sinks.follow import CONTROL, Followed, Paused
from services.sinks.links import MemoryLinks
from topology.configuration import Connected, Snapshot
from topology.trust import Trust


def signed_again(cluster: Cluster, ring: KeyRing, actor: str) -> Rewrapped:
    """Wrap and sign all credentials with the newest key, and sign connections, crosswalk rows and pauses. Returns the result for the sets."""
    snapshot, trust = in_force(cluster), Trust(cluster.settings, (OPERATOR,))
    if not snapshot.connections and any(True for _ in cluster.scan(["connections"], quiet=True)):
        raise Broken(
            "This key ring made none of the signatures of the connections that are there.",
            "Use the ring that did; nothing was changed.",
        )
    pauses = _pauses(cluster, trust)
    publisher = Publisher(cluster)
    publisher.signatures.after(max(snapshot.newest, trust.newest))
    done = rewrap_all(cluster.settings, cluster.codec, ring, publisher.signatures)
    author = Author(actor, "signed again with another key", datetime.now(UTC))
    _configuration(publisher, snapshot, author)
    for place, reason in pauses.items():
        _pause(publisher, place, Author(actor, reason, author.at))
    publisher.acked()
    return done


def _configuration(publisher: Publisher, snapshot: Snapshot, author: Author) -> None:
    for connected in snapshot.connections.values():
        _rows(publisher, connected, author)
        publisher.acked()
        name = connected.settings.connection
        record = connection_record(connected.settings, (connected.version, connected.crosswalk_version), author)
        publisher.put("connections", name, name, "connection.connection", record)
    publisher.acked()


def _rows(publisher: Publisher, connected: Connected, author: Author) -> None:
    name = connected.settings.connection
    for row in rows_in_force(connected):
        record = row_record(row, (name, connected.crosswalk_version), author)
        publisher.put("crosswalk", "/".join((name, *row.identity)), name, "connection.crosswalk_row", record)


def _pauses(cluster: Cluster, trust: Trust) -> dict[Paused, str]:
    followed = Followed(cluster.codec, MemoryLinks(), frozenset())
    for message in kafka.read_to_end(cluster.settings.kafka, cluster.settings.topic(CONTROL), cluster.partitions):
        if trust.believed(message) is not None:
            followed.fold(message)
    return dict(followed.pauses)


def _pause(publisher: Publisher, place: Paused, author: Author) -> None:
    connection, system = place
    record = {
        "connection": connection,
        "control_id": str(uuid.uuid4()),
        "action": "pause",
        "system": system,
        "op_key": "",
        "payload": "",
        "actor": author.actor,
        "reason": author.reason,
        "at": author.at,
    }
    publisher.put(CONTROL, connection, connection, "connection.control", record)
