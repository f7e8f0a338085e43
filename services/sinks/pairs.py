"""Pairs of ids that an answer or a look-up shows for a document (its lines). They become links in both directions, recorded together with
the state that the same event led to. Pure.

A pair is stored under the purpose and part of its document. A parent link that names neither means any document of the source object.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product

from schemas.records import Ledger, Link
from services.sinks import entry as e
from services.sinks.links import LinkKey
from services.sinks.moves import Step
from services.sinks.state import Answered, Event, LookedUp, Record
from systems.contract import Document, Pair, Verdict

ORIGIN = "pair"


def with_pairs(step: Step, event: Event) -> Step:
    """The step, with the pairs of the event on its records. A held document gets none: a person has to decide whether it is the right one."""
    document = _shown(event)
    if document is None or not document.pairs:
        return step
    key, effects = step
    return key, tuple(replace(one, pairs=document.pairs) if _may_carry(one, document) else one for one in effects)  # type: ignore[arg-type]  # records only


def _shown(event: Event) -> Document | None:
    """The one document of ours that an event shows."""
    if isinstance(event, Answered):
        return event.answer.document if event.answer.verdict is Verdict.YES else None
    if isinstance(event, LookedUp) and len(event.found.documents) == 1:
        return event.found.documents[0]
    return None


def _may_carry(effect: object, document: Document) -> bool:
    if not isinstance(effect, Record) or document.differences or document.ref not in ("", effect.entry["ref"]):
        return False
    entry = effect.entry
    return entry["state"] != e.HELD and (bool(entry["steps_done"]) or entry["state"] in e.IN_PLACE)


def links_of(entry: Ledger, pair: Pair, actor: str) -> tuple[Link, Link]:
    """The pair as links: from our id to theirs, and back."""
    link: Link = {
        "connection": entry["connection"],
        "entity": pair.entity,
        "source_system": entry["source_system"],
        "source_id": pair.source_id,
        "target_system": entry["system"],
        "target_id": pair.target_id,
        "target_number": "",
        "origin": ORIGIN,
        "score": None,
        "actor": actor,
        "at": entry["updated_at"],
        "purpose": entry["purpose"],
        "part": entry["part"],
    }
    return link, e.turned(link)


def pair_key(key: LinkKey, purpose: str = "", part: str = "") -> LinkKey:
    """The key of a pair. A plain link of the same object has another key."""
    return (*key[:3], "\x01".join((key[3], purpose, part)))


def pair_keys(key: LinkKey, purpose: str, part: str) -> list[LinkKey]:
    """Every key under which a parent may mean this pair."""
    return [pair_key(key, *document) for document in product(dict.fromkeys(("", purpose)), dict.fromkeys(("", part)))]
