"""What the ERP itself lacks for a connection that goes live: accounts named in the tables, an open period, numbering. The checks of `check` ask for
it.

The mapping cannot find this out: a document with an account that the ERP does not have maps well, but would be refused and held.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from hashlib import sha256

from console.access import access_provider
from console.checking import side_findings
from console.connections.changes import Change
from console.connections.consent import Consent
from console.connections.fitting import Misfit
from console.connections.preview import going_live, planned_connection
from console.reading import Cluster
from console.waiting import told
from systems.contract import Finding, Flow
from topology.configuration import Connected
from topology.crosswalk import Tables


def asked_of_erp(cluster: Cluster, made: Change) -> list[Finding]:
    """The ERP's findings about what the flows that go live need, read with the credentials in force; empty if there are none yet."""
    if made.before is None or cluster.settings.key_ring is None:
        return []
    planned = needed(planned_connection(made, going_live(made)), going_live(made))
    with access_provider(cluster) as provider:
        asking = side_findings(provider, planned, planned.settings.erp.system)
        return asyncio.run(told(asking, f"asking {planned.settings.erp.declared.title}"))


def needed(planned: Connected, flows: Iterable[Flow]) -> Connected:
    """The connection with only these flows enabled, and only the tables that they ask. What other flows need does not keep these from going live."""
    settings, ids = planned.settings, {flow.id for flow in flows}
    tables = {table for flow in ids for table in settings.erp.declared.tables_of.get(flow, ())}
    own = {name: flow if name in ids else flow.model_copy(update={"enabled": False}) for name, flow in settings.flows.items()}
    rows = Tables({name: content for name, content in planned.crosswalk.tables.items() if name in tables})
    return replace(planned, settings=settings.model_copy(update={"flows": own}), crosswalk=rows)


def names_of(errors: Sequence[Finding]) -> Iterator[tuple[str, Finding]]:
    """The name by which a person accepts each finding, and no other one: `check=SUBJECT`, with the value that it is about (`check=account:49999`).
    Findings of one subject that are about no value are told apart by a digest of their words."""
    alike = Counter((one.subject, one.value) for one in errors)
    for one in errors:
        value = f":{one.value}" if one.value else ""
        digest = f"#{sha256(one.words.encode()).hexdigest()[:6]}" if alike[one.subject, one.value] > 1 else ""
        yield f"check={one.subject}{value}{digest}", one


def unmet(found: Sequence[Finding], consent: Consent) -> Iterator[Misfit]:
    """Each condition that is not met, unless a person accepted this finding. If the credentials in force do not belong to the planned address, that
    says nothing about the ERP, because this change brings the new credentials."""
    errors = [one for one in found if one.level == "error" and one.subject != "credentials"]
    for name, one in names_of(errors):
        if name not in consent.held:
            words = f"{one.words} {one.remedy}".strip()
            yield Misfit(("mode", name), f"`check` says of the ERP: {words} Do that, or apply with --accept-held '{name}'")
