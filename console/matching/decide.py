"""Turns decisions into links: exact pairs in bulk, others as a person said. Every one is audited."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from console.connections.publish import Author, Publisher
from console.matching.masters import Masters
from console.matching.propose import Proposal
from console.matching.score import Master
from console.matching.sheet import MatchDecision, meant
from console.tables.grid import Problems
from schemas.records import Audit
from systems import registry
from systems.connection import ConnectionSettings
from systems.values.codes import code, shape
from topology import batch
from topology.audit import RECORD, Covered, audit_record
from topology.topics import link_key


def exact_links(
    settings: ConnectionSettings, proposals: Iterable[Proposal], author: Author, decided: Iterable[MatchDecision] = ()
) -> list[dict[str, Any]]:
    """A link for every exact pair, and the link back if a flow needs it; none for a master that a person has `decided` to be new to the ERP."""
    made = []
    new = {(one.entity, code(one.source_id)) for one in decided if one.decision == "create"}
    for p in proposals:
        is_new = (p.entity, code(p.source.id)) in new
        if p.verdict == "exact" and p.target is not None and p.score is not None and not is_new:
            pair = Pair(p.entity, p.source.id, p.target.id, p.source.name, p.target.name)
            made += _links(settings, pair, author, ("match", p.score.value))
    return made


def decided_links(
    settings: ConnectionSettings,
    masters: Mapping[str, Masters],
    decisions: Sequence[MatchDecision],
    author: Author,
    again: bool = False,
) -> list[dict[str, Any]]:
    """A link for every accepted or rejected row. `create` makes none, because the document itself will. With `again`, a linked master may be decided
    differently, and its former partner loses the link; a `create` that has been carried out meanwhile is skipped.

    Raises `Broken` with everything that is wrong: unknown ids, a partner of two masters, and rows of an older exported sheet that contradict the
    links in force.
    """
    problems, made = Problems(), list[dict[str, Any]]()
    both_ways = kept_up_to_date(settings)
    for entity, known in masters.items():
        own = [one for one in decisions if one.entity == entity]
        pairs = list(_pairs(settings, known, own, (problems, again)))
        taken = _taken(known, own) if entity in both_ways else {}
        for pair, place in pairs:
            other = taken.setdefault(pair.theirs, pair.ours) if pair.theirs and entity in both_ways else pair.ours
            if other != pair.ours:
                words = f"{entity} {pair.theirs} would be partner of both {other} and {pair.ours}. Accept one of them"
                problems.add(place, words)
            made += _links(settings, pair, author, ("person", None))
        made += [
            _freed(settings, (entity, theirs), author)
            for theirs in _left(known, pairs)
            if entity in both_ways and theirs not in taken
        ]
    problems.refuse()
    return made


def _pairs(
    settings: ConnectionSettings, known: Masters, decisions: Iterable[MatchDecision], given: tuple[Problems, bool]
) -> Iterator[tuple[Pair, str]]:
    """The decided pairs, each with the place of its row. Rows that cannot be accepted go to the problems."""
    problems, again = given
    ours, theirs = _by_id(known.ours), _by_id(known.theirs)
    for d in decisions:
        our, their = ours.get(code(d.source_id)), theirs.get(code(d.target_id)) if d.decision == "accept" else None
        if our is None:
            words = f"{d.source_id} is not a {d.entity} of {settings.field_service.system}"
            problems.add(d.place, f"{d.entity} {words}. {_meant(d.source_id, ours) or 'Export again'}")
        elif d.decision == "accept" and their is None:
            words = f"{d.target_id} is not a {d.entity} of {settings.erp.system}"
            problems.add(d.place, f"{d.entity} {words}. {_meant(d.target_id, theirs) or 'Correct target_id'}")
        elif words := _contradicts(d, known.linked.get(our.id), their.id if their else "", again):
            problems.add(d.place, f"{d.entity} {d.source_id} {words}")
        elif d.decision != "create":
            yield Pair(d.entity, our.id, their.id if their else "", our.name, their.name if their else ""), d.place


def _meant(text: str, known: Mapping[str, Master]) -> str:
    """The ids that a spreadsheet may have shortened to this text by removing zeros; "" if there are none."""
    return meant([master.id for master in known.values() if shape(master.id) == shape(text)])


def _contradicts(decided: MatchDecision, before: str | None, partner: str, again: bool) -> str:
    """What is wrong with a decision about a master that got a link (`before`; None = it has none) after the export; "" if nothing is wrong."""
    is_create = decided.decision == "create"
    if before is None or (again and (before or not is_create)) or (before == partner and not is_create):
        return ""
    stands = f"is linked to {before} already" if before else "was rejected already: it has no partner"
    if not is_create:
        return f"{stands}. Take its row out, or decide again with --again"
    passed_over = "take its row out, or pass it over with --again"
    remedy = passed_over if before else "`ml-connector held release` has it created all the same, or take its row out"
    return f"{stands}; for create, {remedy}"


def _taken(known: Masters, decisions: Iterable[MatchDecision]) -> dict[str, str]:
    """The partners that stay taken: our id by theirs, for all masters without a new decision."""
    again = {code(one.source_id) for one in decisions if one.decision != "create"}
    return {theirs: ours for ours, theirs in known.linked.items() if theirs and code(ours) not in again}


def _left(known: Masters, pairs: Iterable[tuple[Pair, str]]) -> list[str]:
    """Former partners that lose their link by a decision."""
    return [before for pair, _ in pairs if (before := known.linked.get(pair.ours, "")) and before != pair.theirs]


def _freed(settings: ConnectionSettings, theirs: tuple[str, str], author: Author) -> dict[str, Any]:
    """A link back from a former partner (entity, id) that leads nowhere now. Otherwise our master would be kept up to date with another partner's
    data."""
    return _link(settings, (settings.erp.system, settings.field_service.system), (*theirs, "", ""), author, ("person", None))


def _by_id(masters: Iterable[Master]) -> dict[str, Master]:
    """Masters by the normal form of their ids, as a sheet returns them. Two ids with the same form are both left out."""
    found: dict[str, Master] = {}
    alike: set[str] = set()
    for master in masters:
        if found.setdefault(code(master.id), master) is not master:
            alike.add(code(master.id))
    return {name: master for name, master in found.items() if name not in alike}


@dataclass(frozen=True)
class Pair:
    """The same object on both sides: ids and names. `theirs` is "" if there is explicitly no partner."""

    entity: str
    ours: str
    theirs: str
    our_name: str
    their_name: str


def kept_up_to_date(settings: ConnectionSettings) -> frozenset[str]:
    """Entities that a flow of the ERP keeps up to date in the field-service system. Their links are needed in the other direction, too."""
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
