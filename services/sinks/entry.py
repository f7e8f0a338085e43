"""A ledger entry: the complete state of one op-key, and what follows from it alone.

An entry is the ledger record itself (`schemas.records.Ledger`), treated as a value: `change` makes a new one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, cast

from schemas.records import Attempt, CommandEnvelope, Ledger, Link, Result
from services.sinks import reasons
from services.sinks.settled import settled_by
from systems.mapped import APPLY, COMPLETION, REVERSAL
from topology.rules.identity import ref_of

NEW, WAITING, HELD, INTENT = "NEW", "WAITING", "HELD", "INTENT"
POSTED, ADOPTED, UNCHANGED, SUPERSEDED, REJECTED = "POSTED", "ADOPTED", "UNCHANGED", "SUPERSEDED", "REJECTED"
PRESUMED = "presumed"
"""What stands as the hash of an attempt of which nobody knows whether it was made. An attempt of ours has the hash of what it wrote, or none
where the sink itself withdraws a document."""
TERMINAL = frozenset({POSTED, ADOPTED, UNCHANGED, SUPERSEDED, REJECTED})
IN_PLACE = frozenset({POSTED, ADOPTED, UNCHANGED})
"""States in which the document, or what stands for it, is there; they never change by replay."""
ENDED_FOR_GOOD = TERMINAL - {SUPERSEDED}
"""States in which a later command with the same hashes changes nothing; what was superseded comes back with one."""
ATTEMPTS_KEPT = 20
MASTER = "master"


@dataclass(frozen=True, slots=True)
class Incoming:
    """A command as it came: its record name (`ar_invoice`), content, value bytes and place in the log. `redivided`, known where the whole
    log was read: another command of its document carries other parts, or a newer one says that nothing is made of it. `came_at` is when
    the command came into the log; None where that says nothing of the older commands of its op-key (a rebuild)."""

    record: str
    command: CommandEnvelope
    value: bytes
    partition: int
    offset: int
    at: datetime
    redivided: bool = False
    came_at: datetime | None = None

    @property
    def place(self) -> tuple[str, int]:
        """What orders the commands of a document, as `place` of an entry does."""
        return self.command["source_version"], self.offset

    @property
    def takes_back(self) -> bool:
        """Whether the source posted its document once and does no longer."""
        return self.command["hold"] == reasons.UNPOSTED and self.record not in (REVERSAL, COMPLETION)


def fresh(incoming: Incoming) -> Ledger:
    """The entry of an op-key that was never seen."""
    c = incoming.command
    return {
        "connection": c["connection"],
        "system": c["system"],
        "op_key": c["op_key"],
        "ref": c["ref"],
        "record": incoming.record,
        "purpose": c["purpose"],
        "action": c["action"],
        "source_system": c["source_system"],
        "source_entity": c["source_entity"],
        "source_id": c["source_id"],
        "source_number": c["source_number"],
        "source_version": c["source_version"],
        "part": c["part"],
        "source_hash": c["source_hash"],
        "payload_hash": c["payload_hash"],
        "posting_date": c["posting_date"],
        "amount": c["amount"],
        "currency": c["currency"],
        "state": NEW,
        "reason": "",
        "detail": "",
        "waits_for": [],
        "due_at": None,
        "intent_attempt": 0,
        "intent_step": "",
        "intent_hash": "",
        "released": False,
        "accepted": False,
        "rounds": 0,
        "step": "",
        "steps_done": [],
        "erp_id": "",
        "erp_number": "",
        "attempts": [],
        "attempt_count": 0,
        "command": incoming.value,
        "command_partition": incoming.partition,
        "command_offset": incoming.offset,
        "first_seen_at": incoming.at,
        "updated_at": incoming.at,
        "tried_since": incoming.came_at,
        "takes_back": "",
        "taken": None,
        "wants": None,
        "settles": settled_by(c),
    }


def change(entry: Ledger, at: datetime, **changes: Any) -> Ledger:
    """The same entry with these fields changed. A terminal state drops the command's bytes; what takes a document back counts as its state says."""
    made = {**entry, "updated_at": at, **changes}
    if made["state"] in TERMINAL:
        made |= {"command": None, "due_at": None, "waits_for": []}
    if made.get("taken") is not None:
        made["amount"] = told_amount(cast("Ledger", made))
    return cast("Ledger", made)


def replaced(entry: Ledger, incoming: Incoming) -> Ledger:
    """The entry with a newer command in hand; attempts and the first sight stay, a person's release of the older one does not."""
    kept = {"first_seen_at": entry["first_seen_at"], "attempts": entry["attempts"], "attempt_count": entry["attempt_count"]}
    return cast("Ledger", {**fresh(incoming), **kept, "tried_since": entry.get("tried_since")})


def with_history(entry: Ledger, known: Ledger) -> Ledger:
    """An entry with the attempts of the one whose op-key it takes."""
    kept = {"first_seen_at": known["first_seen_at"], "attempts": known["attempts"], "attempt_count": known["attempt_count"]}
    return cast("Ledger", {**entry, **kept, "tried_since": known.get("tried_since")})


def refreshed(entry: Ledger, incoming: Incoming) -> Ledger:
    """The entry where it stands, with a newer command of the same content in hand."""
    about = ("source_version", "source_number", "command", "command_partition", "command_offset")
    made = fresh(incoming)
    return cast("Ledger", {**entry, **{name: made[name] for name in about}, "updated_at": incoming.at})  # type: ignore[literal-required]  # names of Ledger


def reopened(entry: Ledger, incoming: Incoming) -> Ledger:
    """The entry of a master that is kept up to date, with a newer source in hand: the partner's id stays, and an attempt that is
    open stays open with all that it waits for."""
    kept = ["attempts", "attempt_count", "erp_id", "erp_number"]
    if not is_terminal(entry):
        kept.append("first_seen_at")
    if intent_open(entry):
        kept += ["state", "reason", "detail", "due_at", "intent_attempt", "intent_step", "intent_hash", "rounds"]
    made = {**fresh(incoming), **{name: entry[name] for name in kept}}  # type: ignore[literal-required]  # names of Ledger
    return cast("Ledger", {**made, "tried_since": entry.get("tried_since")})


def is_terminal(entry: Ledger) -> bool:
    """Whether nothing more is done about it, unless the source changes."""
    return entry["state"] in TERMINAL


def place(entry: Ledger) -> tuple[str, int]:
    """What orders the commands of a document: the version of the source, then the place in the log."""
    return entry["source_version"], entry["command_offset"]


def intent_open(entry: Ledger) -> bool:
    """Whether a request may have been sent whose end is not known. Only evidence clears it."""
    return entry["intent_attempt"] > 0


def looked_up_first(entry: Ledger, at: datetime, steps: tuple[str, ...]) -> Ledger:
    """A ledger was lost, and nobody knows whether this was written before: look-ups decide that as if an attempt were open."""
    if may_exist(entry) or is_terminal(entry) or not steps:
        return entry
    words = "the ledger was lost: it is looked up whether this was written before"
    attempt = {"intent_attempt": 1, "attempt_count": 1, "intent_step": steps[0], "intent_hash": PRESUMED}
    return waits(entry, at, reasons.SETTLE, words, **attempt)


def may_predate(entry: Ledger) -> bool:
    """Whether a ledger that was lost may have known it as written: nothing says since when it can have been tried, nor what was found."""
    return entry.get("tried_since") is None and never_asked(entry)


def is_presumed(entry: Ledger) -> bool:
    """Whether the open attempt is one that a ledger which was lost may have known, and no other is known."""
    return intent_open(entry) and entry["intent_hash"] == PRESUMED


def may_exist(entry: Ledger) -> bool:
    """Whether the system may keep something of it: an attempt is open, or something was seen there."""
    return intent_open(entry) or bool(entry["steps_done"]) or bool(entry["erp_id"])


def is_written(entry: Ledger) -> bool:
    """Whether it is there, or may be."""
    return entry["state"] in IN_PLACE or may_exist(entry)


def never_asked(entry: Ledger) -> bool:
    """Whether the system was never asked about it: a life whose ledger and results were lost may have written it."""
    return not is_terminal(entry) and not may_exist(entry) and not entry["attempts"]


def waits(entry: Ledger, at: datetime, reason: str, detail: str = "", **more: Any) -> Ledger:
    """The entry, waiting. An open intent stays open."""
    return change(entry, at, state=WAITING, reason=reason, detail=detail, **{"due_at": None, "waits_for": [], **more})


def held(entry: Ledger, at: datetime, reason: str, detail: str = "", **more: Any) -> Ledger:
    """The entry, held for a person. An open intent stays open."""
    return change(entry, at, state=HELD, reason=reason, detail=detail[:1000], **{"due_at": None, "waits_for": [], **more})


def noted(entry: Ledger, answer: str, detail: str, at: datetime) -> list[Attempt]:
    """The attempts with one more; the last twenty are kept."""
    last: Attempt = {
        "attempt": entry["attempt_count"],
        "step": entry["intent_step"],
        "at": at,
        "answer": answer,
        "detail": detail[:300],
    }
    return [*entry["attempts"], last][-ATTEMPTS_KEPT:]


def with_action(op_key: str, action: str) -> str:
    """Op-key of another action on the same part of the same document."""
    return f"{op_key.rpartition('|')[0]}|{action}"


def void_key(op_key: str) -> str:
    """Op-key of the void of a create."""
    return with_action(op_key, "void")


MAKES = frozenset({"create", "adjust", APPLY})
"""Actions that make a document, which a void of its source reverses."""
CORRECT = "correct"
"""The action of a change that comes after its document was written."""


def beside(op_key: str) -> list[str]:
    """Op-keys with which a command of this one may change something although it is known: what takes its document back, or was written since."""
    return [correction_key(op_key, 1), void_key(op_key)]


def is_voided(entry: Ledger, void: Ledger | None) -> bool:
    """Whether the source voided this document in the same or a later version, and has not come back since."""
    return (
        void is not None
        and void["state"] != SUPERSEDED
        and entry["action"] in MAKES
        and void["source_version"] >= entry["source_version"]
    )


def reverted(entry: Ledger, version: str, at: datetime, **more: Any) -> Ledger:
    """What takes a document back, and was not begun: a newer version of its source wants it no more."""
    return change(entry, at, state=SUPERSEDED, reason=reasons.REVERTED, detail=f"by version {version}", **more)


def voided(entry: Ledger, version: str, at: datetime) -> Ledger:
    """The entry of a create that its void overtook."""
    return change(entry, at, state=SUPERSEDED, reason="voided", detail=f"voided by version {version}")


def result_of(entry: Ledger) -> Result | None:
    """What is told to the world about this state; None where nothing is."""
    if entry["state"] != HELD and not is_terminal(entry):
        return None
    return {
        "connection": entry["connection"],
        "system": entry["system"],
        "op_key": entry["op_key"],
        "ref": entry["ref"],
        "record": entry["record"],
        "purpose": entry["purpose"],
        "source_system": entry["source_system"],
        "source_entity": entry["source_entity"],
        "source_id": entry["source_id"],
        "source_number": entry["source_number"],
        "outcome": entry["state"],
        "reason": entry["reason"],
        "detail": entry["detail"],
        "step": entry["step"],
        "erp_id": entry["erp_id"],
        "erp_number": entry["erp_number"],
        "source_hash": entry["source_hash"],
        "payload_hash": entry["payload_hash"],
        "posting_date": entry["posting_date"],
        "amount": entry["amount"],
        "currency": entry["currency"],
        "command_partition": entry["command_partition"],
        "command_offset": entry["command_offset"],
        "at": entry["updated_at"],
        "takes_back": entry.get("takes_back") or "",
        "source_version": entry["source_version"],
    }


def link_of(entry: Ledger, actor: str) -> Link | None:
    """The pair of ids that a master record written by us makes; None for everything else."""
    if entry["purpose"] != MASTER or entry["state"] not in (POSTED, ADOPTED) or not entry["erp_id"]:
        return None
    return {
        "connection": entry["connection"],
        "entity": entry["source_entity"],
        "source_system": entry["source_system"],
        "source_id": entry["source_id"],
        "target_system": entry["system"],
        "target_id": entry["erp_id"],
        "target_number": entry["erp_number"],
        "origin": "posted",
        "score": None,
        "actor": actor,
        "at": entry["updated_at"],
    }


def turned(link: Link) -> Link:
    """The same pair of ids from the other side."""
    return {
        **link,
        "source_system": link["target_system"],
        "source_id": link["target_id"],
        "target_system": link["source_system"],
        "target_id": link["source_id"],
        "target_number": "",
    }


def correction_key(op_key: str, number: int) -> str:
    """Op-key of the n-th change that came after the document was written."""
    return f"{op_key}|{CORRECT}|{number}"


def children_of(entity: str, source_id: str) -> str:
    """What a held reversal or correction waits for: that something ends which belongs to its document."""
    return f"children of {entity}/{source_id}"


def made_key(op_key: str) -> str:
    """Op-key of the document that a change belongs to; any other op-key is its own."""
    return op_key.partition(f"|{CORRECT}|")[0]


def takes_back(entry: Ledger) -> bool:
    """Whether it reverses a written document, or writes it anew."""
    return entry["record"] == REVERSAL or entry["action"] == CORRECT


def is_change(entry: Ledger) -> bool:
    """Whether it writes a document anew."""
    return entry["action"] == CORRECT and entry["record"] != REVERSAL


def told_amount(entry: Ledger) -> Decimal:
    """The amount of what takes a document back: the difference that it makes to the books, so that all entries of a source add up to what the
    system keeps. Held, it is never 0.00: where only a date, party or account differs it is what has to be written again, and once a step is done
    (what was written may be reversed already) all that is wanted."""
    taken, wants = entry.get("taken") or Decimal(0), entry.get("wants") or Decimal(0)
    if entry["state"] == HELD and entry["steps_done"] and wants:
        return wants
    return (wants - taken) or (taken if entry["state"] == HELD else Decimal(0))


def worth(entry: Ledger) -> Decimal | None:
    """The amount of the document that an entry is; None for a correction of which a lost ledger knows the difference alone."""
    return entry.get("wants") if is_change(entry) else entry["amount"]


def aimed(entry: Ledger, at: Ledger | None, taken: Decimal, wants: Decimal) -> Ledger:
    """What takes back, aimed at the document that stands (None = nothing stands), which is worth `taken`; with a ref of its own."""
    made = {
        **entry,
        "takes_back": at["op_key"] if at is not None else "",
        "taken": taken,
        "wants": wants,
        "ref": ref_of(entry["op_key"]),
    }
    return cast("Ledger", {**made, "amount": told_amount(cast("Ledger", made))})


def as_written(command: CommandEnvelope, entry: Ledger) -> CommandEnvelope:
    """The command of an entry as its system is asked for it: a change has an op-key and a ref of its own."""
    if entry["action"] != CORRECT:
        return command
    return cast("CommandEnvelope", {**command, "op_key": entry["op_key"], "ref": entry["ref"], "action": CORRECT})


def correction(
    made: Ledger, number: int, incoming: Incoming, reason: str = reasons.CHANGED_AFTER_POST, kept: Decimal | None = None
) -> Ledger:
    """What is held beside a written document whose source changed, or was taken back (`unposted`): the difference in amount. `kept` is what is
    written of it by now, where changes were."""
    c = incoming.command
    wants: Decimal = Decimal(0) if reason == reasons.UNPOSTED else c["amount"]
    taken = made["amount"] if kept is None else kept
    wanted = f"source {c['source_version']} wants {wants} {c['currency']}"
    words = f"{wanted}, written is {taken} ({made['state']} {made['erp_number']})"
    own = {"op_key": correction_key(made["op_key"], number), "action": CORRECT, "state": HELD, "reason": reason, "detail": words}
    entry = cast("Ledger", {**fresh(incoming), **own, "taken": taken, "wants": wants})
    return cast("Ledger", {**entry, "amount": told_amount(entry)})
