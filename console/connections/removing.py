"""Ends a connection: takes it out of force, then removes its rows and credentials. Everything that was posted stays on its topics.

The order is that of `publish` in reverse, each kind acked before the next: what is in force never lacks its rows or credentials.
"""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime
from decimal import Decimal

from console.books.ledgers import Bucket, ledger_entries
from console.books.opened import has_nothing_to_apply, source_of
from console.connections.applying import in_force
from console.connections.publish import Author, Publisher, require_reason, rows_logged, unpublish
from console.connections.sealing import credentials_in_force
from console.output import money
from console.reading import Cluster
from runtime.errors import Broken
from runtime.rolekeys import OPERATOR
from services.credentials import in_force as believed
from topology.trust import Trust

_OPEN, _UNWRITTEN = ("HELD", "WAITING", "NEW"), ("SUPERSEDED", "REJECTED")


def removed(connection: str, actor: str, reason: str, agreed: Decimal | None) -> tuple[tuple[str, ...], list[str]]:
    """End a connection. Returns what was done, and the refusals that stopped it. `agreed` is the amount that will then never be posted.

    Raises `Broken` for an unknown connection. After a call that stopped half-way, the next call continues.
    """
    require_reason(reason)
    cluster = Cluster()
    snapshot = in_force(cluster)
    one = snapshot.connections.get(connection)
    credentials = [record for (name, _), record in credentials_in_force(cluster).items() if name == connection]
    trust = Trust(cluster.settings, (OPERATOR,))
    rows = list(rows_logged(cluster, connection, trust).values())
    if one is None and not credentials and not rows:
        known = ", ".join(snapshot.connections) or "none"
        raise Broken(f"{connection!r} is not an applied connection; there are: {known}.", "Name one of them.")
    refused = _refusals(cluster, connection, agreed)
    if refused:
        return (), refused
    deque(believed(cluster.settings, cluster.codec, trust), maxlen=0)  # so that what is written now is newer
    publisher = Publisher(cluster)
    publisher.signatures.after(max(snapshot.newest, trust.newest))
    unpublish(publisher, connection, (one, rows, credentials), Author(actor, reason, datetime.now(UTC)))
    return (
        f"- connection {connection}: nothing is read or written for it any more",
        f"- {len(rows)} crosswalk rows, {len(credentials)} credential sets",
        "its documents stay explained: `ml-connector explain` finds them",
    ), []


def _refusals(cluster: Cluster, connection: str, agreed: Decimal | None) -> list[str]:
    """What would never be posted. A document that is being written forbids the removal; the amount of what is held or waits has to be agreed to."""
    entries = list(ledger_entries(cluster, connection))
    sent = [entry["ref"] for entry in entries if entry["state"] == "INTENT"]
    if sent:
        return [
            f"{len(sent)} document(s) are being written ({', '.join(sent[:3])}); pause the connection and try again when they have ended"
        ]
    ended = {source_of(entry) for entry in entries if entry["action"] == "create" and entry["state"] in _UNWRITTEN}
    unposted = Bucket()
    for entry in entries:
        if entry["state"] in _OPEN and not has_nothing_to_apply(entry, ended):
            unposted.add(entry["amount"])
    if unposted.count and agreed != unposted.amount:
        return [
            f"{unposted.count} document(s), {money(unposted.amount)}, are held or wait and would never be posted; `ml-connector held list` "
            f"names them; end the connection with --yes {money(unposted.amount)}"
        ]
    return []
