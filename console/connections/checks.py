"""What `plan` and `apply` refuse before anything is written: rules for one connection, and for all of them together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from pydantic import BaseModel
from yarl import URL

from console.connections.files import ConnectionFiles
from console.connections.fitting import SIDES, Misfit
from console.connections.flows import feed_misfits, flow_misfits, unread_flows
from console.connections.quotas import quota_misfits
from console.connections.sealing import same_sign_ins
from console.connections.written import Place, dotted
from runtime.errors import Broken
from runtime.reach import Proxy
from runtime.secrets import is_blank
from services.network import reach_of
from services.sinks.windows import schedule
from systems.connection import ConnectionSettings, Side
from systems.network import addresses_of


def refusals(
    files: ConnectionFiles, in_force: Mapping[str, ConnectionSettings], loopback: bool = False, earlier_cutover: bool = False
) -> list[str]:
    """Why these files must not be applied, a line each; empty if they may be. `loopback`: profile demo, which calls simulators on this
    machine. `earlier_cutover`: a person accepts documents from an earlier first day."""
    now = in_force.get(files.settings.connection)
    others = [settings for name, settings in in_force.items() if name != files.settings.connection]
    found = [
        *_tables(files),
        *_identity(files.settings, now),
        *(_earlier(files.settings, now) if now is not None and not earlier_cutover else ()),
        *(_switched(files.settings, now) if now is not None and now.live_flows else ()),
        *_forms(files.settings),
        *flow_misfits(files.settings),
        *feed_misfits(files.settings),
        *_twice(files.settings, others),
        *_environments(files.settings),
        *quota_misfits(files.settings, others),
        *_signed_in_twice(files.settings),
        *_network("field_service", files.settings.field_service, loopback),
        *_network("erp", files.settings.erp, loopback),
    ]
    return lines_of(files, found)


def lines_of(files: ConnectionFiles, misfits: Iterable[Misfit]) -> list[str]:
    """Each misfit in one line, with file and line if the settings were read from a file."""
    if files.written is None:
        return [f"{dotted(one.place)}: {one.words}" for one in misfits]
    return [one.line(files.written) for one in misfits]


def without_effect(settings: ConnectionSettings) -> Iterator[Misfit]:
    """Choices other than the default that have no effect with this ERP, and flows without a feed. Whoever chose them expects an effect. They do no
    harm, so `plan` reports them and refuses nothing."""
    declared = settings.erp.declared
    for name in sorted(declared.without & ConnectionSettings.model_fields.keys()):
        if getattr(settings, name) != ConnectionSettings.model_fields[name].default:
            yield Misfit((name,), f"this changes nothing with {declared.title}; the line may go")
    yield from unread_flows(settings)


def _tables(files: ConnectionFiles) -> Iterator[Misfit]:
    """The names of tables and columns are checked where they are read; this checks for values that nobody filled in."""
    for row in files.rows:
        blank = [column for column, value in {"the key": row.key, **row.values}.items() if is_blank(value)]
        if blank:
            yield Misfit(("crosswalk",), f"{row.table}.{row.key} still says FILL IN at {', '.join(blank)}")


def _identity(new: ConnectionSettings, now: ConnectionSettings | None) -> Iterator[Misfit]:
    """Op-keys are made of the identity, so it never changes for a connection."""
    if now is None:
        return
    if new.environment != now.environment:
        yield Misfit(
            ("environment",),
            f"{now.environment} -> {new.environment}: identity of a connection does not change; create a new connection",
        )
    for side, (before, after) in {"field_service": (now.field_service, new.field_service), "erp": (now.erp, new.erp)}.items():
        if before.system != after.system:
            words = f"{before.system} -> {after.system}: identity of a connection does not change; create a new connection"
            yield Misfit((side, "system"), words)
            continue
        for key in ("instance_id", "company_id", "tenant_id"):
            was, becomes = getattr(before.own(), key, None), getattr(after.own(), key, None)
            if was != becomes:
                yield Misfit((side, "settings", key), f"{was} -> {becomes}: identity does not change")


def _earlier(new: ConnectionSettings, now: ConnectionSettings) -> Iterator[Misfit]:
    for name, flow in new.flows.items():
        earlier = now.flows.get(name)
        if earlier and earlier.cutover_date and flow.cutover_date and flow.cutover_date < earlier.cutover_date:
            yield Misfit(
                ("flows", name, "cutover_date"),
                f"{earlier.cutover_date} -> {flow.cutover_date}: moving it earlier commands old documents; "
                "look at `status` for their amounts and apply with --accept-earlier-cutover",
            )


def _switched(new: ConnectionSettings, now: ConnectionSettings) -> Iterator[Misfit]:
    """A live connection changes its profile, for which the settings have to name a first day. Otherwise every invoice that is already posted would be
    wanted for another purpose (accounting.md 1)."""
    for side in SIDES:
        before, after = getattr(now, side).own(), getattr(new, side).own()
        was, becomes = getattr(before, "profile", None), getattr(after, "profile", None)
        since = getattr(after, "profile_from", None)
        if was == becomes or type(before) is not type(after):
            continue
        if since is None:
            words = f"{was} -> {becomes} without profile_from: name the first invoice date of the new profile. Example: 2026-07-01"
            yield Misfit((side, "settings", "profile"), words)
        elif since == getattr(before, "profile_from", None):
            words = f"{was} -> {becomes} from {since}, the day of the switch before: name the first invoice date of this one"
            yield Misfit((side, "settings", "profile_from"), words)


def _forms(settings: ConnectionSettings) -> Iterator[Misfit]:
    """Values that a service could not read later: posting windows, ends of keys."""
    for name, flow in settings.flows.items():
        try:
            schedule(flow.window)
        except ValueError as error:
            yield Misfit(("flows", name, "window"), str(error))
    for section in ("webhook_keys", "push_keys"):
        for number, key in enumerate(getattr(settings, section)):
            if key.not_after is not None and not _is_instant(key.not_after):
                yield Misfit((section, number, "not_after"), "is not an instant with a zone. Example: 2026-03-31T00:00:00+00:00")


def _is_instant(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def _twice(new: ConnectionSettings, others: Iterable[ConnectionSettings]) -> Iterator[Misfit]:
    """Two live connections of the same books would write each document twice, because their ledgers do not know each other."""
    for other in others:
        if new.live_flows and other.live_flows and _are_same_books(new, other):
            yield Misfit(
                ("mode",),
                f"connection {other.connection} is live on the same tenant and company already; "
                "let one of them observe (mode: observe), or end it with `ml-connector remove`",
            )


def _are_same_books(one: ConnectionSettings, other: ConnectionSettings) -> bool:
    if (one.field_service.system, one.erp.system) != (other.field_service.system, other.erp.system):
        return False
    tenants, books = (one.field_service.own(), other.field_service.own()), (one.erp.own(), other.erp.own())
    if not _agree(*tenants, "tenant_id") or not _agree(*books, "company_id"):
        return False
    return _agree(*books, "instance_id") or set(addresses_of(books[0])) == set(addresses_of(books[1])) != set()


def _agree(one: BaseModel, other: BaseModel, name: str) -> bool:
    return str(getattr(one, name, "")).casefold() == str(getattr(other, name, "")).casefold()


def _environments(settings: ConnectionSettings) -> Iterator[Misfit]:
    for key, side in (("field_service", settings.field_service), ("erp", settings.erp)):
        own = getattr(side.own(), "environment", settings.environment)
        if own != settings.environment:
            words = f"environment {own} in a {settings.environment} connection: test and production are not mixed"
            yield Misfit((key, "settings", "environment"), words)


def _signed_in_twice(settings: ConnectionSettings) -> Iterator[Misfit]:
    """Two roles with the same references, where a second sign-in ends the first. `apply` also compares their values."""
    for key in SIDES:
        side: Side = getattr(settings, key)
        for words in same_sign_ins(side.declared, {role: side.credentials_of(role) for role in settings.roles_of(side)}):
            yield Misfit((key, "role_credentials"), words)


def _network(key: str, side: Side, loopback: bool) -> Iterator[Misfit]:
    """What can be seen from the settings alone, without resolving a name. `check` resolves names, where the services run."""
    reach = reach_of(side, loopback)
    proxy = Proxy(side.network.proxy) if side.network.proxy else None
    for address in addresses_of(side.own()):
        try:
            url = URL(address, encoded=True)
            reach.require(url)
            if proxy is not None:
                reach.require_proxy(url, proxy)
        except (Broken, ValueError) as error:
            here = not loopback and any(name in address for name in ("//127.", "//localhost", "//[::1]"))
            hint = " For simulators on this machine set ML_CONNECTOR_PROFILE=demo." if here else ""
            yield Misfit(_place_of(key, side, address), f"{error}{hint}")


def _place_of(key: str, side: Side, address: str) -> Place:
    """The setting that an address comes from."""
    for name, value in side.settings.items():
        if isinstance(value, str) and value.rstrip("/") == address.rstrip("/"):
            return (key, "settings", name)
    return (key, "settings")
