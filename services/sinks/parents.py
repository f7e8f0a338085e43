"""Parents: what must be in the system before a document, as links (entity, source id) resolved to ids of the system. Pure.

A link is resolved from `links`, from the ledger's own entry of the parent, or by asking the system (found by ref). A parent document must
be POSTED or ADOPTED, or created and waiting for the system's own batch; a master record may also be UNCHANGED. A part of a document (an
order line) is known by its pair. A document that must also wait until the order itself is posted names the order as a further parent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from schemas.records import Ledger, Parent
from services.sinks import entry as e
from services.sinks import reasons
from systems.mapped import APPLY
from systems.parents import is_meant, is_of_purpose, link_name

BEFORE_CUTOVER = "before_cutover"
"""The action of a milestone: the document lies before the cut-over and will never be commanded."""

_LINKED = ("", e.MASTER)
"""Purposes of parents that a record of `links` may resolve. It knows the source object alone, not one of its documents."""

MILESTONE_ROLE = "job"
"""A job is waited for until it is completed, however long that takes. The system cannot be asked for it."""


@dataclass(frozen=True, slots=True)
class Parents:
    """Parents as known now. `ids` has the ids by the name of the link (`systems.parents.link_name`). All others are named by their source
    object: `missing` (nothing is known), `blocked` (with the cause), `none_by_decision`, `before_cutover` (will never come), `reversed`
    (taken back)."""

    ids: Mapping[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    blocked: Mapping[str, str] = field(default_factory=dict)
    none_by_decision: tuple[str, ...] = ()
    before_cutover: tuple[str, ...] = ()
    reversed: tuple[str, ...] = ()


class KnownParents(Protocol):
    """What the owner knows about the parents in a connection without asking the system."""

    def link(self, entity: str, source_id: str) -> str | None:
        """The id in the system by `links`; "" = explicitly no partner, None = no link."""

    def pair(self, parent: Parent) -> str | None:
        """The id in the system of a part of a document of the purpose and part that the link names; None = not known."""

    def entries(self, entity: str, source_id: str) -> Iterable[Ledger]:
        """The ledger's entries of that source object."""

    def stands(self, entry: Ledger) -> bool:
        """Whether a parent is in the system although the system's own batch has not processed it yet."""


def name_of(entity: str, source_id: str) -> str:
    """The name of a parent in the ledger and for a writer."""
    return f"{entity}/{source_id}"


def resolve(parents: Iterable[Parent], known: KnownParents) -> Parents:
    """Every parent, resolved as far as it is known."""
    ids: dict[str, str] = {}
    missing: list[str] = []
    blocked: dict[str, str] = {}
    none: list[str] = []
    early: list[str] = []
    gone: list[str] = []
    for parent in parents:
        name = name_of(parent["entity"], parent["source_id"])
        link = known.link(parent["entity"], parent["source_id"]) if parent.get("purpose", "") in _LINKED else None
        if link == "":
            none.append(name)
        elif link:
            ids[link_name(parent)] = link
        else:
            found = _by_ledger(parent, known.entries(parent["entity"], parent["source_id"]), known.stands)
            found = known.pair(parent) if found is None else found
            if found is None and parent["role"] == MILESTONE_ROLE:
                blocked[name] = "not completed yet"
            elif found is None:
                missing.append(name)
            elif found == (BEFORE_CUTOVER,):
                early.append(name)
            elif found == (reasons.TAKEN_BACK,):
                gone.append(name)
            elif isinstance(found, tuple):
                blocked[name] = found[0]
            else:
                ids[link_name(parent)] = found
    return Parents(ids, tuple(dict.fromkeys(missing)), blocked, tuple(none), tuple(early), tuple(dict.fromkeys(gone)))


def _by_ledger(parent: Parent, entries: Iterable[Ledger], stands: Callable[[Ledger], bool]) -> str | tuple[str] | None:
    """The id of a parent that is in the system, (cause,) of one that is not, None if nothing is known of it. A milestone before the
    cut-over stands for all parts of its document."""
    cause: tuple[str] | None = None
    for entry in entries:
        if entry["action"] == BEFORE_CUTOVER and is_of_purpose(entry, parent):
            cause = (BEFORE_CUTOVER,)
        if entry["action"] not in ("create", "adjust", "upsert", APPLY) or not is_meant(entry, parent):
            continue
        if entry["action"] == APPLY and entry["part"] and not parent.get("part", ""):
            continue  # an application is a part of its payment, and a link to it names that part
        if entry["state"] == e.SUPERSEDED and entry["reason"] == reasons.TAKEN_BACK:
            cause = (reasons.TAKEN_BACK,)
            continue
        if entry["state"] in e.IN_PLACE or stands(entry):
            return entry["erp_id"]
        words = entry["state"].lower() if not entry["reason"] else f"{entry['state'].lower()} ({entry['reason']})"
        cause = (words,)
    return cause
