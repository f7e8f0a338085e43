"""What `plan` and `apply` refuse before anything is written: rules over a connection and over all of them together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from yarl import URL

from console.connections.files import ConnectionFiles
from runtime.errors import Broken
from runtime.reach import Proxy
from services.network import reach_of
from systems import registry
from systems.connection import ConnectionSettings, QuotaShares, Side
from systems.network import addresses_of

_SHARES = ("poller", "sink", "check", "kept")


def refusals(files: ConnectionFiles, in_force: Mapping[str, ConnectionSettings], loopback: bool = False) -> list[str]:
    """Why these files must not be applied; empty when they may. `loopback`: profile demo, which calls simulators on this machine."""
    now = in_force.get(files.settings.connection)
    others = [settings for name, settings in in_force.items() if name != files.settings.connection]
    return [
        *_tables(files),
        *_identity(files.settings, now),
        *_environments(files.settings),
        *_quotas([*others, files.settings]),
        *_network("field_service", files.settings.field_service, loopback),
        *_network("erp", files.settings.erp, loopback),
    ]


def _tables(files: ConnectionFiles) -> Iterable[str]:
    known = registry.crosswalk_tables(files.settings.erp.system)
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
            words = f"these connections may call {used + kept:.4g} times a second; the account allows {limit:.4g}"
            yield f"quota group {group} of {system}: {words}: lower their shares under quota"
        sessions = min(quota.sessions for quota in quotas)
        if sessions < 2 * len(quotas):
            yield (
                f"quota group {group} of {system}: {sessions} session(s) for poller and sink of {len(quotas)} connection(s); "
                "each role needs its own: raise the licence's sessions or use one account per connection"
            )


def _network(key: str, side: Side, loopback: bool) -> Iterable[str]:
    """What the settings alone tell, without resolving a name: `check` does that, from where the services run."""
    reach = reach_of(side, loopback)
    proxy = Proxy(side.network.proxy) if side.network.proxy else None
    for address in addresses_of(side.own()):
        try:
            url = URL(address, encoded=True)
            reach.require(url)
            if proxy is not None:
                reach.require_proxy(url, proxy)
        except (Broken, ValueError) as error:
            yield f"{key}: {error}"
