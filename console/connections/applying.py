"""`plan` and `apply` from end to end: files, what is in force, refusals, secrets, topics."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from console.books.defaulted import defaulted, under_rows
from console.connections.ceilings import ceiling_notes, with_ceiling
from console.connections.changes import Change, change, over_log
from console.connections.checks import lines_of, refusals, without_effect
from console.connections.conditions import asked_of_erp, unmet
from console.connections.consent import Consent, gate, rows_asked_for
from console.connections.files import ConnectionFiles, read_connection
from console.connections.fitting import Misfit
from console.connections.preview import Preview, going_live, previewed
from console.connections.publish import Author, Publisher, publish, rows_logged
from console.connections.remapping import map_again
from console.connections.sealing import require_ring_in_force, sealed_credentials, strays
from console.reading import Cluster
from runtime.errors import Broken
from runtime.rolekeys import OPERATOR
from runtime.secrets import Sources
from runtime.settings import Settings, settings_from_environment
from systems.connection import ConnectionSettings
from topology.configuration import Follower, Snapshot
from topology.trust import Trust


@dataclass(frozen=True)
class Planned:
    """What applying files would change.

    `refused`: why it is not possible, a line each. `to_confirm`: what a person has to agree to before going live. `preview`: what going live would
    write, None if nothing goes live. `notes`: what `apply` will need besides the files. `newest`: the highest version of what is in force.
    `under_default`: what was posted to a default because a row was missing that is set now. `unmet`: the names of what the ERP lacks, which a person
    may accept.
    """

    change: Change
    refused: list[str]
    to_confirm: list[str]
    preview: Preview | None
    notes: list[str]
    newest: int = 0
    under_default: tuple[str, ...] = ()
    unmet: tuple[str, ...] = ()

    @property
    def totals(self) -> str:
        """The last line of `plan`: what would be set and removed, and how much of it a person has to confirm first."""
        count = len(self.to_confirm)
        return f"{self.change.totals}, {count} to confirm before `apply` accepts it" if count else self.change.totals


def planned(file: Path, offline: bool = False) -> tuple[Change, list[str]]:
    """The change that applying `file` would make, and why it is refused (empty = it is not)."""
    found = plan_of(file, Consent(), offline)
    return found.change, found.refused


def plan_of(file: Path, consent: Consent, offline: bool = False, cluster: Cluster | None = None) -> Planned:
    """The plan of `file`; with `offline` it is compared with nothing. `cluster`: None = the one that the environment names."""
    files = read_connection(file)
    return _compared(files, None if offline else cluster or Cluster(), consent)


def applied(
    file: Path,
    actor: str,
    reason: str,
    consent: Consent | None = None,
    cluster: Cluster | None = None,
) -> tuple[tuple[str, ...], list[str]]:
    """Apply `file`; returns the lines of the change (and of its credentials), and the refusals that stopped it. `cluster` as for `plan_of`."""
    files = read_connection(file)
    cluster = cluster or Cluster()
    agreed = consent or Consent()
    found = _compared(files, cluster, agreed)
    refused = [*found.refused, *found.to_confirm]
    if refused:
        return found.change.lines, refused
    require_ring_in_force(cluster, agreed.another_ring)
    trust = Trust(cluster.settings, (OPERATOR,))
    credentials, credential_lines = sealed_credentials(cluster, trust, files.settings, sources_of(file, cluster.settings))
    if found.change.is_empty and not credential_lines:
        return (), []
    publisher = Publisher(cluster)
    logged = rows_logged(cluster, files.settings.connection, trust)
    publisher.signatures.after(max(found.newest, trust.newest))
    publish(publisher, over_log(found.change, logged), credentials, Author(actor, reason, datetime.now(UTC)))
    again = map_again(cluster, publisher, found.change)
    lines = [*found.change.lines, *credential_lines, *found.under_default]
    lines += [f"{again} records read so far are mapped again"] if again else []
    lines += [unasked(found, files.settings.connection, bool(credential_lines))]
    return tuple(filter(None, lines)), []


def unasked(found: Planned, connection: str, is_signed_in_anew: bool) -> str:
    """What `apply` did not ask the systems about the settings, tables and credentials that it put in force, in words; "" if nothing is left to ask.
    The ERP is asked only about flows that go live, and only with the credentials that were in force before."""
    asks = f"`ml-connector check {connection}` asks both systems"
    if found.preview is None or found.change.before is None:
        return f"not asked: whether the systems accept what is in force now; {asks}"
    if is_signed_in_anew:
        return f"not asked: whether the systems accept the new credentials, since the ERP was asked with the old ones; {asks}"
    return ""


def sources_of(file: Path, settings: Settings) -> Sources:
    """Where the references of a connection's file may lead."""
    return Sources(os.environ, settings.secrets_dir or file.parent / "secrets", settings.key_ring)


def in_force(cluster: Cluster, connection: str = "") -> Snapshot:
    """The configuration in force now. If a connection is named that is not part of it, raises `Broken`, see `connected`."""
    follower = Follower(cluster.settings, cluster.codec).start()
    follower.stop()
    if connection:
        connected(follower.snapshot, connection)
    return follower.snapshot


def connected(snapshot: Snapshot, connection: str) -> ConnectionSettings:
    """The settings of a connection in force. Raises `Broken`, naming the known ones, if there is no such connection."""
    known = snapshot.connections
    if connection not in known:
        raise Broken(
            f"{connection!r} is not an applied connection; there are: {', '.join(known) or 'none'}.",
            "Run `ml-connector apply FILE`.",
        )
    return known[connection].settings


def settings_of_all(snapshot: Snapshot) -> dict[str, ConnectionSettings]:
    """The settings of every connection in force, and those of removed ones, whose documents are still explained in their own words and
    zone.

    Settings of a removed connection that this version can no longer read are left out.
    """
    found: dict[str, ConnectionSettings] = {}
    for name, text in snapshot.removed.items():
        with suppress(ValueError):
            found[name] = ConnectionSettings.model_validate_json(text)
    return found | {name: one.settings for name, one in snapshot.connections.items()}


def applied_once(snapshot: Snapshot, connection: str) -> None:
    """Raise `Broken`, see `connected`, for a connection ("" = all) that neither is nor ever was in force."""
    if connection and connection not in snapshot.removed:
        connected(snapshot, connection)


def _compared(files: ConnectionFiles, cluster: Cluster | None, consent: Consent) -> Planned:
    snapshot = in_force(cluster) if cluster is not None else Snapshot()
    now = {name: other.settings for name, other in snapshot.connections.items()}
    settings = settings_from_environment()
    made = change(files, snapshot.connections.get(files.settings.connection))
    refused = refusals(files, now, settings.profile == "demo", consent.earlier_cutover)
    refused += lines_of(files, strays(files.settings, sources_of(files.path, settings)))
    refused += lines_of(files, rows_asked_for(made, consent))
    preview, lacks = None, list[Misfit]()
    if cluster is not None and not refused:
        preview = previewed(cluster, made)
        lacks = list(unmet(asked_of_erp(cluster, made), consent)) if preview is not None else lacks
    told: tuple[str, ...] = ()
    if cluster is not None and made.before is not None and made.rows_put:
        told = tuple(under_rows(defaulted(cluster, files.settings.connection), [(row.table, row.key) for row in made.rows_put]))
    notes = [*files.unread, *lines_of(files, without_effect(files.settings))]
    limited = with_ceiling(files.settings, made.before, preview)
    if limited is not files.settings:
        made = change(replace(files, settings=limited), snapshot.connections.get(files.settings.connection))
        notes += ceiling_notes(limited.ceiling, preview)
    if settings.key_ring is None:
        notes.append("ML_CONNECTOR_KEY_RING is not set: `apply` needs it; `ml-connector keys new FILE` makes a key ring")
    if preview is not None and made.before is None:
        notes.append(
            "neither system is asked about a connection that is not in force yet: apply it in mode observe first, run `ml-connector check`, then "
            "plan it live"
        )
    elif preview is not None and settings.key_ring is None:
        notes.append("the ERP is not asked without ML_CONNECTOR_KEY_RING; `apply` asks it")
    if cluster is None and going_live(made):
        notes.append("what going live would write is shown only with a cluster: `plan` without --offline")
    to_confirm, names = lines_of(files, [*lacks, *gate(preview, consent)]), tuple(str(one.place[-1]) for one in lacks)
    return Planned(made, refused, to_confirm, preview, [*notes, *told], snapshot.newest, told, names)
