"""The state of a connection's match: which masters can be matched at all, and how many are linked or open. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from console.matching.masters import Masters
from console.matching.propose import Proposal, proposals
from systems import registry
from systems.connection import ConnectionSettings

_NAMED = 5


def hindrances(settings: ConnectionSettings, masters: Mapping[str, Masters], empty: Collection[str] = ()) -> dict[str, str]:
    """Entities that cannot be matched (yet), and why: one side has none, or none were read. `empty` are the entities of which the ERP was read and
    has none so far, so that each of ours is without a partner."""
    found = {}
    for entity, known in masters.items():
        for own, read in ((settings.field_service, known.ours_read), (settings.erp, known.theirs_read)):
            side = own.system
            if not _keeps(side, entity):
                found[entity] = f"{side} has no {entity}s: there is nothing to match"
            elif not read and entity in own.entities_off:
                found[entity] = f"no {entity} of {side} is read: its feed is off (feeds_off); take it out there and apply"
            elif not read and entity not in found and not (side == settings.erp.system and entity in empty):
                found[entity] = f"nothing read yet: no {entity} of {side}; start the services and wait for the first poll"
    return found


def _keeps(system: str, entity: str) -> bool:
    declared = registry.system(system)
    return entity in declared.asked_for or any(feed.entity == entity for feed in declared.feeds)


def open_proposals(masters: Mapping[str, Masters], hindered: Mapping[str, str]) -> list[Proposal]:
    """A proposal for each of our masters without a link, if its entity can be matched."""
    return [
        proposal
        for entity, known in masters.items()
        if entity not in hindered
        for proposal in proposals(entity, known.ours, known.theirs, known.linked)
    ]


def counted(
    masters: Mapping[str, Masters], made: Iterable[Proposal], hindered: Mapping[str, str], written: int
) -> list[dict[str, Any]]:
    """The counts as rows: entity, proposal, count. An entity that cannot be matched has a reason instead of a count."""
    counts = Counter((p.entity, p.verdict) for p in made)
    rows: list[dict[str, Any]] = []
    for entity, known in masters.items():
        if entity in hindered:
            rows.append({"entity": entity, "proposal": hindered[entity], "count": None})
        else:
            rows += [
                {"entity": entity, "proposal": verdict, "count": count}
                for (of, verdict), count in sorted(counts.items())
                if of == entity
            ]
        if known.linked or entity not in hindered:
            rows.append({"entity": entity, "proposal": "linked", "count": sum(map(bool, known.linked.values()))})
        shared = Counter(filter(None, known.linked.values()))
        if several := sorted(partner for partner, count in shared.items() if count > 1):
            words = f"linked, although another one has the same partner: {', '.join(several[:_NAMED])}"
            rows.append({"entity": entity, "proposal": words, "count": sum(shared[partner] for partner in several)})
        if rejected := sum(not partner for partner in known.linked.values()):
            rows.append({"entity": entity, "proposal": "rejected: no partner", "count": rejected})
    return [{"entity": "all", "proposal": "links written now", "count": written}, *rows]
