"""What the ERP itself lacks for a connection that goes live: accounts named in the tables, an open period, numbering. The checks of `check` ask for
it.

The mapping cannot find this out: a document with an account that the ERP does not have maps well, but would be refused and held.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence

from console.access import access_provider
from console.checking import side_findings
from console.connections.changes import Change
from console.connections.consent import Consent
from console.connections.fitting import Misfit
from console.connections.preview import going_live, planned_connection
from console.reading import Cluster
from console.waiting import told
from systems.contract import Finding


def asked_of_erp(cluster: Cluster, made: Change) -> list[Finding]:
    """The ERP's findings about the settings and tables that would be in force, read with the credentials in force; empty if there are none yet."""
    if made.before is None or cluster.settings.key_ring is None:
        return []
    planned = planned_connection(made, going_live(made))
    with access_provider(cluster) as provider:
        asking = side_findings(provider, planned, planned.settings.erp.system)
        return asyncio.run(told(asking, f"asking {planned.settings.erp.declared.title}"))


def unmet(found: Sequence[Finding], consent: Consent) -> Iterator[Misfit]:
    """Each condition that is not met, unless a person accepted its subject. If the credentials in force do not belong to the planned address, that
    says nothing about the ERP, because this change brings the new credentials."""
    for one in found:
        name = f"check={one.subject}"
        if one.level == "error" and one.subject != "credentials" and name not in consent.held:
            words = f"{one.words} {one.remedy}".strip()
            yield Misfit(("mode", name), f"`check` says of the ERP: {words} Do that, or apply with --accept-held '{name}'")
