"""What a command means for an op-key that the ledger may know already (design: Identity). Pure.

unknown op-key                                 -> taken
older, or the same place in the log again      -> duplicate or stale; nothing changes
newer, and nothing may exist yet               -> replaces what waited or was held
newer, and something may exist                 -> source_hash or payload_hash unchanged: no write; both changed: held as a change
newer, equal, with another amount (a part)     -> held as a change: the mapping moved money between the parts
newer, and the source unposted the document    -> held as `unposted`, whatever its content
newer, for a master that is kept up to date    -> a new source_hash opens the op-key again
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from schemas.records import Ledger
from services.sinks import entry as e
from services.sinks import reasons
from services.sinks.entry import Incoming
from systems.mapped import COMPLETION, NOTHING, REVERSAL


@dataclass(frozen=True, slots=True)
class Taken:
    """The command is taken: `entry` now carries it, and `replaced` is the entry that it overtook."""

    entry: Ledger
    replaced: Ledger | None = None


@dataclass(frozen=True, slots=True)
class Nothing:
    """The command changes nothing. `decision` goes to the audit: duplicate, stale or remapped."""

    decision: Literal["duplicate", "stale", "remapped"]


@dataclass(frozen=True, slots=True)
class Changed:
    """The source changed after something was written for `posted`. The change is held beside it, with this reason. `fell`: it wants an
    application again that is gone with its document (see `parts.fell`)."""

    posted: Ledger
    reason: str = reasons.CHANGED_AFTER_POST
    fell: bool = False


@dataclass(frozen=True, slots=True)
class Refreshed:
    """The same document, perhaps in another set of parts: the entry keeps its state and carries this command from now on."""

    entry: Ledger


Arrival = Taken | Nothing | Changed | Refreshed


def arrive(
    entry: Ledger | None, incoming: Incoming, void: Ledger | None = None, updates: bool = False, tip: Ledger | None = None
) -> Arrival:
    """What becomes of `incoming`. `void` is the entry of the void of the same document, if there is one. `updates` says that this is a
    master that is kept up to date. `tip` is the newest entry in a written document's chain (see `chain`), with which the command is
    compared."""
    if entry is None:
        return Taken(_unless_voided(e.fresh(incoming), void))
    if tip is not None and tip["op_key"] != entry["op_key"]:
        return _after_tip(tip, incoming)
    command = incoming.command
    same = command["source_hash"] == entry["source_hash"] and command["payload_hash"] == entry["payload_hash"]
    if _is_old(entry, incoming):
        return Nothing("duplicate" if same else "stale")
    if updates:
        return _kept_up(entry, incoming, same)
    if e.is_written(entry):
        return _after_attempt(entry, incoming, same)
    if _stands(entry, incoming, same):
        return _standing(entry, incoming)
    return Taken(_unless_voided(e.replaced(entry, incoming), void), entry)


def _is_old(entry: Ledger, incoming: Incoming) -> bool:
    return incoming.place <= e.place(entry)


def _kept_up(entry: Ledger, incoming: Incoming, same: bool) -> Arrival:
    if entry["source_hash"] == incoming.command["source_hash"]:
        if entry["state"] in e.IN_PLACE or e.intent_open(entry):
            return Nothing("duplicate" if same else "remapped")
        if _stands(entry, incoming, same):
            return Nothing("duplicate")
    return Taken(e.reopened(entry, incoming), entry)


def _after_attempt(entry: Ledger, incoming: Incoming, same: bool) -> Arrival:
    command = incoming.command
    if incoming.takes_back:
        return Changed(entry, reasons.UNPOSTED)
    if (incoming.record == REVERSAL or incoming.command["action"] == NOTHING) and entry["state"] == e.UNCHANGED:
        return Taken(e.replaced(entry, incoming), entry)
    if same or command["payload_hash"] == entry["payload_hash"]:
        return Nothing("duplicate")  # the same document is wanted, whatever else changed in its source
    if entry["purpose"] == e.MASTER or entry["record"] == COMPLETION:
        return Nothing("remapped")
    moved = incoming.command["parts"] is not None and e.worth(entry) != incoming.command["amount"]
    if entry["source_hash"] == incoming.command["source_hash"] and not moved:
        return Nothing("remapped")
    return Changed(entry)


def _after_tip(tip: Ledger, incoming: Incoming) -> Arrival:
    """A new version of a document that was changed or taken back since it was written. After a reversal, only a new document can be wanted."""
    same = incoming.command["payload_hash"] == tip["payload_hash"] and tip["record"] != REVERSAL
    if _is_old(tip, incoming):
        return Nothing("duplicate" if same else "stale")
    if tip["record"] == REVERSAL:
        return Nothing("duplicate") if incoming.takes_back else Changed(tip)
    return _after_attempt(tip, incoming, same)


def _stands(entry: Ledger, incoming: Incoming, same: bool) -> bool:
    """Whether the entry already has the same content. It then keeps its wait, its hold and a person's decision."""
    if not same or entry["state"] == e.SUPERSEDED:
        return False
    if (incoming.command["hold"] == reasons.UNPOSTED) != (entry["reason"] == reasons.UNPOSTED):
        return False  # the source unposted it, or posted it again
    if entry["state"] == e.HELD and entry["reason"] in (reasons.UNMAPPED, incoming.command["hold"]):
        return False
    return not incoming.command["unresolved"]


def _standing(entry: Ledger, incoming: Incoming) -> Arrival:
    """The same content again. One of several parts must learn the newest set all the same: whether another part blocks it is checked again."""
    if incoming.command["parts"] is None or e.is_terminal(entry):
        return Nothing("duplicate")
    if entry["reason"] in (reasons.PART_AFTER_POST, reasons.PARENT):
        return Taken(e.replaced(entry, incoming), entry)
    return Refreshed(e.refreshed(entry, incoming))


def _unless_voided(entry: Ledger, void: Ledger | None) -> Ledger:
    """A create that comes after the void of the same or a later version is never written."""
    if void is None or not e.is_voided(entry, void):
        return entry
    return e.voided(entry, void["source_version"], entry["updated_at"])


def beside(known: Ledger | None, made: Ledger) -> Literal["here", "next", "duplicate", "stale"]:
    """Where a change of a written document is recorded: `here` in place of `known`, which has the same number; under the `next` number; or
    nowhere, because this change (`duplicate`) or a later one (`stale`) is recorded already."""
    if known is None:
        return "here"
    if known["state"] == e.SUPERSEDED:  # the source had gone back to what is written
        return "stale" if e.place(known) >= e.place(made) else "here"
    if e.is_written(known) and known["state"] != e.REJECTED:
        return "next"
    equal = known["source_hash"] == made["source_hash"] and known["amount"] == made["amount"]
    if equal and (known["state"] != e.HELD or known["reason"] == made["reason"]):
        return "duplicate"
    if e.place(known) > e.place(made):
        return "stale"
    return "next" if e.is_terminal(known) else "here"
