"""Decisions become links: exact pairs in bulk, others as a person said; every one audited."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from console.connections.publish import Author, Publisher
from console.matching.masters import Masters
from console.matching.propose import Proposal
from console.matching.sheet import Decision
from runtime.errors import Broken
from systems.connection import ConnectionSettings


def exact_links(settings: ConnectionSettings, proposals: Iterable[Proposal], author: Author) -> list[dict[str, Any]]:
    """A link for every exact pair."""
    exact = (p for p in proposals if p.verdict == "exact" and p.target is not None and p.score is not None)
    return [_link(settings, (p.entity, p.source.id, p.target.id, p.target.name), author, "match", p.score.value) for p in exact]  # type: ignore[union-attr]  # filtered above


def decided_links(
    settings: ConnectionSettings, masters: Mapping[str, Masters], decisions: Iterable[Decision], author: Author
) -> list[dict[str, Any]]:
    """A link for every accepted or rejected row; `create` makes none, for the document itself will. Raises `Broken` for an unknown id."""
    made = []
    for d in decisions:
        names = {master.id: master.name for master in masters[d.entity].theirs}
        if d.source_id not in {master.id for master in masters[d.entity].ours}:
            raise Broken(f"{d.entity} {d.source_id} is not a {d.entity} of {settings.field_service.system}.", "Export again.")
        if d.decision == "accept" and d.target_id not in names:
            raise Broken(f"{d.entity} {d.target_id} is not a {d.entity} of {settings.erp.system}.", "Correct target_id.")
        if d.decision in ("accept", "reject"):
            target = d.target_id if d.decision == "accept" else ""
            made.append(_link(settings, (d.entity, d.source_id, target, names.get(target, "")), author, "person", None))
    return made


def _link(
    settings: ConnectionSettings, pair: tuple[str, str, str, str], author: Author, origin: str, score: float | None
) -> dict[str, Any]:
    entity, source_id, target_id, target_name = pair
    return {
        "connection": settings.connection,
        "entity": entity,
        "source_system": settings.field_service.system,
        "source_id": source_id,
        "target_system": settings.erp.system,
        "target_id": target_id,
        "target_number": target_name,
        "origin": origin,
        "score": None if score is None else Decimal(f"{score:.4f}"),
        "actor": author.actor,
        "at": author.at,
    }


def publish_links(publisher: Publisher, links: Iterable[Mapping[str, Any]], author: Author) -> int:
    """Write links and an audit record of each; returns how many."""
    count = 0
    for link in links:
        key = f"{link['connection']}/{link['entity']}/{link['source_id']}"
        publisher.put("links", key, link["connection"], "connection.link", link)
        audit = dict(_audit(link, author))
        publisher.put("audit", audit["natural_key"], link["connection"], "audit.audit", audit)
        count += 1
    publisher.acked()
    return count


def _audit(link: Mapping[str, Any], author: Author) -> Iterator[tuple[str, Any]]:
    score = f", score {link['score']}" if link["score"] is not None else ""
    partner = link["target_id"] or "no partner"
    yield from {
        "connection": link["connection"],
        "decision": "match",
        "natural_key": f"{link['connection']}/{link['source_system']}/{link['entity']}/{link['source_id']}",
        "system": link["source_system"],
        "entity": link["entity"],
        "source_id": link["source_id"],
        "source_version": "",
        "detail": f"{link['origin']}: {partner}{score} by {author.actor}: {author.reason or 'no reason given'}",
        "amount": None,
        "currency": "",
        "count": 1,
        "topic": "links",
        "partition": -1,
        "first_offset": -1,
        "last_offset": -1,
        "stage": "match",
        "at": author.at,
    }.items()
