"""What a replay may not do, with the ledger kept, lost, or lost with its results: add a document, change an amount."""

from __future__ import annotations

from decimal import Decimal

from services.sinks import entry as e
from tests.property.sinks.campaign.invariants import words_of
from tests.property.sinks.campaign.world import World

InBooks = tuple[int, Decimal, str]
"""What the ERP keeps under one ref: how many documents, and amount and content of the last one."""


def books(world: World) -> dict[str, InBooks]:
    """What the ERPs keep, by ref."""
    found: dict[str, InBooks] = {}
    for erp in world.erps.values():
        for ref, kept in erp.by_ref.items():
            found[ref] = (len(kept), kept[-1].amount, kept[-1].content)
    return found


def replayed(world: World, before: dict[str, InBooks], states: dict[str, str], lost: str) -> None:
    """After everything was read again: nothing more is in the ERP, and nothing else."""
    single = {doc.op_key() for doc in world.docs if doc.changes <= 1}
    for ref, made in books(world).items():
        known = before.get(ref)
        if known is not None and known[2].endswith("!"):
            continue  # a person touched it: a master is compared again, and what is overruled is told
        if known is not None and known != made and not (lost and _is_kept_up(world, ref, states, known, made)):
            world.judge.broken("REPLAY", f"{ref} was {known}, and is {made}")
        elif known is None and _must_not_come(world, ref, states, lost, single):
            world.judge.broken("REPLAY", f"{ref} is written by a replay: {made}")
    if lost:
        return
    for op_key, state in states.items():
        if state in e.IN_PLACE and world.ledger[op_key]["state"] != state:
            world.judge.broken("REPLAY", f"{op_key} was {state}, and is {words_of(world.ledger[op_key])}")


def _is_kept_up(world: World, ref: str, states: dict[str, str], known: InBooks, made: InBooks) -> bool:
    """Whether this is a master that was not in place as its source wants it (its newest version was refused, or held for another reason) and
    is brought to its newest version now. A hold proves nothing once the ledger is lost, and a master that is kept up to date is compared with
    its newest command: what was refused is tried again as a person's `retry` would, and no document comes of it."""
    doc = next((one for one in world.docs if one.kept_up and world.ledger.get(one.op_key(), {}).get("ref") == ref), None)
    if doc is None or states.get(doc.op_key()) not in (e.HELD, e.WAITING):
        return False
    return made == (known[0], known[1], doc.content)


def _must_not_come(world: World, ref: str, states: dict[str, str], lost: str, single: set[str]) -> bool:
    """Whether this document was given up, or is none of ours. What waited or was held may have been let go meanwhile."""
    of_ref = sorted((one for one in world.ledger.values() if one["ref"] == ref), key=lambda one: one["action"] == "correct")
    entry = next(iter(of_ref), None)
    if entry is None:
        return not lost  # a change under a number that the new ledger does not need
    if entry["action"] == "correct" and lost:
        return False
    before = states.get(entry["op_key"])
    if before == "REJECTED" and lost in ("results", "all"):
        return False  # that a person skipped it was known from the results alone
    ended = before in ("SUPERSEDED", "UNCHANGED", "REJECTED", None)
    return ended and (lost != "all" or entry["op_key"] in single)
