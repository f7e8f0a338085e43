"""What a replay may not do, with the ledger kept, lost, or lost with its results: add a document, change an amount."""

from __future__ import annotations

from decimal import Decimal

from services.sinks import entry as e
from tests.property.sinks.campaign.invariants import words_of
from tests.property.sinks.campaign.world import World


def books(world: World) -> dict[str, tuple[int, Decimal, str]]:
    """Of each ref: how many documents, and the amount of the last one."""
    found: dict[str, tuple[int, Decimal, str]] = {}
    for erp in world.erps.values():
        for ref, kept in erp.by_ref.items():
            found[ref] = (len(kept), kept[-1].amount, kept[-1].content)
    return found


def replayed(world: World, before: dict[str, tuple[int, Decimal, str]], states: dict[str, str], lost: str) -> None:
    """After everything was read again: nothing more is in the ERP, and nothing else."""
    single = {doc.op_key() for doc in world.docs if doc.changes <= 1}
    for ref, made in books(world).items():
        known = before.get(ref)
        if known is not None and known[2].endswith("!"):
            continue  # a person touched it: a master is compared again, and what is overruled is told
        if known is not None and known != made:
            world.judge.broken("REPLAY", f"{ref} was {known}, and is {made}")
        elif known is None and _must_not_come(world, ref, states, lost, single):
            world.judge.broken("REPLAY", f"{ref} is written by a replay: {made}")
    if lost:
        return
    for op_key, state in states.items():
        if state in e.IN_PLACE and world.ledger[op_key]["state"] != state:
            world.judge.broken("REPLAY", f"{op_key} was {state}, and is {words_of(world.ledger[op_key])}")


def _must_not_come(world: World, ref: str, states: dict[str, str], lost: str, single: set[str]) -> bool:
    """Whether this document was given up, or is none of ours. What waited or was held may have been let go meanwhile."""
    entry = next((one for one in world.ledger.values() if one["ref"] == ref and one["action"] != "correct"), None)
    if entry is None:
        return True
    before = states.get(entry["op_key"])
    if before == "REJECTED" and lost in ("results", "all"):
        return False  # that a person skipped it was known from the results alone
    ended = before in ("SUPERSEDED", "UNCHANGED", "REJECTED", None)
    return ended and (lost != "all" or entry["op_key"] in single)
