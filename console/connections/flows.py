"""What `plan` and `apply` refuse about a connection's flows: choices that the declarations of its ERP do not allow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from console.connections.fitting import SIDES, Misfit
from console.tables.grid import nearest
from systems.connection import ConnectionSettings, Side
from systems.contract import Flow
from systems.flow import AT_ONCE, JOB_INVOICE


def flow_misfits(settings: ConnectionSettings) -> Iterator[Misfit]:
    """The misfits that the module describes."""
    own = settings.flows
    enabled = [flow for flow in settings.erp.declared.flows if flow.id in own and own[flow.id].enabled]
    yield from _side_by_side(enabled)
    sides = settings.erp.own(), settings.field_service.own()
    for flow in enabled:
        why = flow.unavailable(*sides) if flow.unavailable is not None else ""
        if why:
            yield Misfit(
                ("flows", flow.id), f"{flow.title} cannot run with these settings: {why}; change them, or write enabled: false"
            )
        if flow.entity != JOB_INVOICE and flow.due != AT_ONCE and own[flow.id].post_when != "posted":
            words = f"{flow.title}: only invoices can be due when their job is completed; remove post_when"
            yield Misfit(("flows", flow.id, "post_when"), words)
        if flow.due == AT_ONCE and own[flow.id].post_when != "posted":
            yield Misfit(("flows", flow.id, "post_when"), f"{flow.title} are due at once: remove post_when")


def feed_misfits(settings: ConnectionSettings) -> Iterator[Misfit]:
    """Feeds that are to be left out but that the system does not have. The feed that was meant would still be read."""
    for key in SIDES:
        side: Side = getattr(settings, key)
        known = [feed.name for feed in side.declared.feeds]
        for name in sorted(side.feeds_off.difference(known)):
            words = f"{nearest(name, known)} {side.declared.title} has no feed {name!r}; feeds: {', '.join(known)}"
            yield Misfit((key, "settings", "feeds_off"), words.strip())


def unread_flows(settings: ConnectionSettings) -> Iterator[Misfit]:
    """Flows that are on although no feed reads their entity. Webhooks may still report it, so `plan` mentions this and refuses nothing."""
    for key in SIDES:
        side: Side = getattr(settings, key)
        unread = side.entities_off
        for flow in settings.erp.declared.flows:
            own = settings.flows.get(flow.id)
            if flow.source == side.system and flow.entity in unread and own is not None and own.enabled:
                words = f"no feed is left that reads what {flow.id} ({flow.title}) brings: it learns of that by webhooks alone"
                yield Misfit((key, "settings", "feeds_off"), words)


def _side_by_side(enabled: Sequence[Flow]) -> Iterator[Misfit]:
    """Two flows that would book the same thing. The misfit is reported once, at the later flow."""
    for number, flow in enumerate(enabled):
        for other in enabled[:number]:
            why = flow.excludes.get(other.id) or other.excludes.get(flow.id)
            if why:
                words = f"{flow.title} do not run beside {other.id} ({other.title}): {why}; write enabled: false for one of them"
                yield Misfit(("flows", flow.id), words)
