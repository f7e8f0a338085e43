"""What `plan` and `apply` refuse of a connection's flows: choices that the declarations of its ERP do not allow."""

from __future__ import annotations

from collections.abc import Iterator

from console.connections.fitting import Misfit
from systems.connection import ConnectionSettings
from systems.contract import Flow
from systems.flow import AT_ONCE


def flow_misfits(settings: ConnectionSettings) -> Iterator[Misfit]:
    """See the module."""
    enabled = {
        flow.id: flow for flow in settings.erp.declared.flows if flow.id in settings.flows and settings.flows[flow.id].enabled
    }
    for flow in enabled.values():
        yield from _posted_when(flow, settings)


def _posted_when(flow: Flow, settings: ConnectionSettings) -> Iterator[Misfit]:
    """A document that is due at once waits for no job."""
    if flow.due == AT_ONCE and settings.flows[flow.id].post_when != "posted":
        yield Misfit(("flows", flow.id, "post_when"), f"{flow.title} are due at once: remove post_when")
