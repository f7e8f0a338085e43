"""What `plan` and `apply` refuse before anything is written: rules over a connection and over all of them together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from console.connections.files import ConnectionFiles
from systems.connection import ConnectionSettings, QuotaShares

_SHARES = ("poller", "sink", "check", "kept")


def refusals(files: ConnectionFiles, in_force: Mapping[str, ConnectionSettings]) -> list[str]:
    """Why these files must not be applied; empty when they may."""
    now = in_force.get(files.settings.connection)
    others = [settings for name, settings in in_force.items() if name != files.settings.connection]
    return [*_tables(files), *_identity(files.settings, now), *_environments(files.settings), *_quotas([*others, files.settings])]


def _tables(files: ConnectionFiles) -> Iterable[str]:
    known = files.settings.erp.declared.crosswalk_tables
    for row in files.rows:
        if row.table not in known:
            yield f"crosswalk: table {row.table!r} is not one of {', '.join(sorted(known))}"
        else:
            unknown = sorted(set(row.values) - set(known[row.table]))
            if unknown:
                yield f"crosswalk: {row.table}.{row.key} has unknown column(s) {', '.join(unknown)}; known: {', '.join(known[row.table])}"


def _identity(new: ConnectionSettings, now: ConnectionSettings | None) -> Iterable[str]:
    """Identity is what op-keys are made of: it never changes under a connection."""
    if now is None:
        return
    if new.environment != now.environment:
        yield f"environment: {now.environment} -> {new.environment}: identity of a connection does not change; make a new one"
    for side, (before, after) in {"field_service": (now.field_service, new.field_service), "erp": (now.erp, new.erp)}.items():
        if before.system != after.system:
            yield f"{side}.system: {before.system} -> {after.system}: identity of a connection does not change; make a new one"
            continue
        for key in ("instance_id", "company_id", "tenant_id"):
            if before.settings.get(key) != after.settings.get(key):
                yield f"{side}.settings.{key}: {before.settings.get(key)} -> {after.settings.get(key)}: identity does not change"
    for name, flow in new.flows.items():
        earlier = now.flows.get(name)
        if earlier and earlier.cutover_date and flow.cutover_date and flow.cutover_date < earlier.cutover_date:
            yield (
                f"flows.{name}.cutover_date: {earlier.cutover_date} -> {flow.cutover_date}: moving it earlier commands old documents; "
                "look at `status` for their amounts and apply with --accept-earlier-cutover"
            )


def _environments(settings: ConnectionSettings) -> Iterable[str]:
    for side in (settings.field_service, settings.erp):
        own = getattr(side.own(), "environment", settings.environment)
        if own != settings.environment:
            yield f"{side.system}: environment {own} in a {settings.environment} connection: test and production are not mixed"


def _quotas(connections: list[ConnectionSettings]) -> Iterable[str]:
    groups: dict[tuple[str, str], list[QuotaShares]] = defaultdict(list)
    for settings in connections:
        for side in (settings.field_service, settings.erp):
            groups[(side.system, side.quota.group)].append(side.quota)
    for (system, group), quotas in groups.items():
        limit = min(quota.calls / quota.per_s for quota in quotas)
        used = sum(quota.calls / quota.per_s * (quota.poller + quota.sink + quota.check) for quota in quotas)
        kept = max(quota.kept for quota in quotas) * limit
        if used + kept > limit * 1.000001:
            yield f"quota group {group} of {system}: shares take {used + kept:.2f} calls/s of {limit:.2f}; lower the shares"
        sessions = min(quota.sessions for quota in quotas)
        if sessions < 2 * len(quotas):
            yield (
                f"quota group {group} of {system}: {sessions} session(s) for poller and sink of {len(quotas)} connection(s); "
                "each role needs its own: raise the licence's sessions or use one account per connection"
            )
