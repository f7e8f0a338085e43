"""`plan` and `apply` end to end: files, what is in force, refusals, secrets, topics."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

from console.connections.changes import Change, change
from console.connections.checks import refusals
from console.connections.files import ConnectionFiles, read_connection
from console.connections.publish import Author, Publisher, publish
from console.connections.remapping import map_again
from console.connections.sealing import sealed_credentials
from console.reading import Cluster
from runtime.secrets import Sources
from runtime.settings import Settings, settings_from_environment
from topology.configuration import Follower, Snapshot

_EARLIER = "cutover_date"


def planned(file: Path, offline: bool = False) -> tuple[Change, list[str]]:
    """The change that applying `file` would make, and why it is refused (empty = it is not)."""
    files = read_connection(file)
    snapshot = Snapshot() if offline else in_force(Cluster())
    return _compared(files, snapshot)


def applied(file: Path, actor: str, reason: str, accept_earlier_cutover: bool) -> tuple[tuple[str, ...], list[str]]:
    """Apply `file`; returns the lines of the change (and of its credentials), and the refusals that stopped it."""
    files = read_connection(file)
    cluster = Cluster()
    planned_change, refused = _compared(files, in_force(cluster))
    if accept_earlier_cutover:
        refused = [line for line in refused if _EARLIER not in line]
    if refused:
        return planned_change.lines, refused
    credentials, credential_lines = sealed_credentials(cluster, files.settings, sources_of(file, cluster.settings))
    if planned_change.is_empty and not credentials:
        return (), []
    publisher = Publisher(cluster)
    publish(publisher, planned_change, credentials, Author(actor, reason, datetime.now(UTC)))
    again = map_again(cluster, publisher, planned_change)
    lines = (*planned_change.lines, *credential_lines)
    return (*lines, f"{again} records read so far are mapped again") if again else lines, []


def sources_of(file: Path, settings: Settings) -> Sources:
    """Where the references of a connection's file may lead."""
    return Sources(os.environ, settings.secrets_dir or file.parent / "secrets", settings.key_ring)


def in_force(cluster: Cluster) -> Snapshot:
    """The configuration in force now."""
    follower = Follower(cluster.settings, cluster.codec).start()
    follower.stop()
    return follower.snapshot


def _compared(files: ConnectionFiles, snapshot: Snapshot) -> tuple[Change, list[str]]:
    connected = snapshot.connections.get(files.settings.connection)
    now = {name: other.settings for name, other in snapshot.connections.items()}
    loopback = settings_from_environment().profile == "demo"
    return change(files, connected), refusals(files, now, loopback)
