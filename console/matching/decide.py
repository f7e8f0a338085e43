"""Turns decisions into links: exact pairs in bulk, others as a person said. Every one is audited."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from console.connections.publish import Author, Publisher
from console.matching.masters import Masters
from console.matching.propose import Proposal
from console.matching.score import Master
from console.matching.sheet import MatchDecision
from runtime.errors import Broken
from schemas.records import Audit
from systems import registry
from systems.connection import ConnectionSettings
from systems.values.codes import code
from topology import batch
from topology.audit import RECORD, Covered, audit_record
from topology.topics import link_key


def exact_links(settings: ConnectionSettings, proposals: Iterable[Proposal], author: Author) -> list[dict[str, Any]]:
    """A link for every exact pair, and the way back if a flow needs it."""
    made = []
    for p in proposals:
        if p.verdict == "exact" and p.target is not None and p.score is not None:
            pair = Pair(p.entity, p.source.id, p.target.id, p.source.name, p.target.name)
            made += _links(settings, pair, author, ("match", p.score.value))
    return made


def decided_links(
    settings: ConnectionSettings, masters: Mapping[str, Masters], decisions: Iterable[MatchDecision], author: Author
) -> list[dict[str, Any]]:
    """A link for every accepted or rejected row. `create` makes none, because the document itself will. Raises `Broken` for an unknown id."""
    made: list[dict[str, Any]] = []
    ours = {entity: _by_id(known.ours) for entity, known in masters.items()}
    theirs = {entity: _by_id(known.theirs) for entity, known in masters.items()}
    taken = {entity: {theirs: ours for ours, theirs in known.linked.items() if theirs} for entity, known in masters.items()}
    for d in decisions:
        their, our = theirs[d.entity].get(code(d.target_id)), ours[d.entity].get(code(d.source_id))
        where = f"{d.place}: {d.entity}" if d.place else d.entity
        if our is None:
            raise Broken(f"{where} {d.source_id} is not a {d.entity} of {settings.field_service.system}.", "Export again.")
        partner = their if d.decision == "accept" else None
        if d.decision == "accept" and partner is None:
            raise Broken(f"{where} {d.target_id} is not a {d.entity} of {settings.erp.system}.", "Correct target_id.")
        if partner is not None and d.entity in kept_up_to_date(settings):
            other = taken[d.entity].setdefault(partner.id, our.id)
            if other != our.id:
                raise Broken(f"{where} {d.target_id} would be partner of both {other} and {d.source_id}.", "Accept one of them.")
        if d.decision in ("accept", "reject"):
            pair = Pair(d.entity, our.id, partner.id if partner else "", our.name, partner.name if partner else "")
            made += _links(settings, pair, author, ("person", None))
    return made


def _by_id(masters: Iterable[Master]) -> dict[str, Master]:
    """Masters by the normal form of their ids, as a sheet returns them. Of two ids with one form neither can be found by it."""
    found: dict[str, Master] = {}
    alike: set[str] = set()
    for master in masters:
        if found.setdefault(code(master.id), master) is not master:
            alike.add(code(master.id))
    return {name: master for name, master in found.items() if name not in alike}


@dataclass(frozen=True)
class Pair:
    """The same thing on both sides: ids and names. `theirs` is "" for explicitly no partner."""

    entity: str
    ours: str
    theirs: str
    our_name: str
    their_name: str


def kept_up_to_date(settings: ConnectionSettings) -> frozenset[str]:
    """Entities that a flow of the ERP keeps up to date in the field-service system: their links are needed the other way, too."""
    target = settings.field_service.system
    return frozenset(flow.entity for flow in settings.erp.declared.flows if flow.target == target and flow.records)


Decided = tuple[str, float | None]
"""Origin of a link (match, person) and the score of its proposal."""


def _links(settings: ConnectionSettings, pair: Pair, author: Author, decided: Decided) -> list[dict[str, Any]]:
    sides = (settings.field_service.system, settings.erp.system)
    made = [_link(settings, sides, (pair.entity, pair.ours, pair.theirs, pair.their_name), author, decided)]
    if pair.theirs and pair.entity in kept_up_to_date(settings):
        made.append(_link(settings, sides[::-1], (pair.entity, pair.theirs, pair.ours, pair.our_name), author, decided))
    return made


def _link(
    settings: ConnectionSettings, sides: tuple[str, str], pair: tuple[str, str, str, str], author: Author, decided: Decided
) -> dict[str, Any]:
    entity, source_id, target_id, target_name = pair
    origin, score = decided
    return {
        "connection": settings.connection,
        "entity": entity,
        "source_system": sides[0],
        "source_id": source_id,
        "target_system": sides[1],
        "target_id": target_id,
        "target_number": target_name,
        "origin": origin,
        "score": None if score is None else Decimal(f"{score:.4f}"),
        "actor": author.actor,
        "at": author.at,
    }


def publish_links(publisher: Publisher, links: Iterable[Mapping[str, Any]], author: Author) -> int:
    """Write links; returns how many pairs. A pair is one decision and one audit record, whether it is linked one way or both ways."""
    count = 0
    for link in links:
        publisher.put("links", link_key(link), link["connection"], "connection.link", link)
        if link["source_system"] != registry.FIELD_SERVICE:
            continue
        audit = _audit(link, author)
        publisher.put("audit", audit["natural_key"], link["connection"], RECORD, audit)
        count += 1
    publisher.acked()
    return count


def _audit(link: Mapping[str, Any], author: Author) -> Audit:
    score = f", score {link['score']}" if link["score"] is not None else ""
    partner = link["target_id"] or "no partner"
    detail = f"{link['origin']}: {partner}{score} by {author.actor}: {author.reason or 'no reason given'}"
    decided = batch.Decision("match", link["connection"], link["source_system"], link["entity"], link["source_id"], detail=detail)
    return audit_record(decided, "match", author.at, Covered(topic="links"))
