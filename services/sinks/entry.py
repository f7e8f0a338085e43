"""A ledger entry: the complete state of one op-key, and what can be derived from it alone.

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
"""The hash of an attempt of which nobody knows whether it was made. An attempt of ours has the hash of what it wrote, or none if the sink
itself withdraws a document."""
TERMINAL = frozenset({POSTED, ADOPTED, UNCHANGED, SUPERSEDED, REJECTED})
IN_PLACE = frozenset({POSTED, ADOPTED, UNCHANGED})
"""States in which the document, or what stands for it, is in the system. A replay never changes them."""
ENDED_FOR_GOOD = TERMINAL - {SUPERSEDED}
"""States in which a later command with the same hashes changes nothing. Such a command does bring back a superseded entry."""
ATTEMPTS_KEPT = 20
MASTER = "master"


@dataclass(frozen=True, slots=True)
class Incoming:
    """A command as it came: its record name (`ar_invoice`), content, value bytes and place in the log. `redivided` is known when the whole
    log was read: another command of its document has other parts, or a newer one has none. `came_at` is when the command was written to the
    log; None if that says nothing about older commands of its op-key (in a rebuild). `seen_at` is when an earlier ledger saw it at the
    earliest (in a rebuild); None if this is the first sight."""

    record: str
    command: CommandEnvelope
    value: bytes
    partition: int
    offset: int
    at: datetime
    redivided: bool = False
    came_at: datetime | None = None
    seen_at: datetime | None = None

    @property
    def place(self) -> tuple[str, int]:
        """The order of a document's commands; compare with `place` of an entry."""
        return self.command["source_version"], self.offset

    @property
    def takes_back(self) -> bool:
        """Whether the source has unposted a document that it had posted."""
        return self.command["hold"] == reasons.UNPOSTED and self.record not in (REVERSAL, COMPLETION)


def fresh(incoming: Incoming) -> Ledger:
    """The entry of an op-key that was never seen before."""
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
        "first_seen_at": incoming.seen_at or incoming.at,
        "updated_at": incoming.at,
        "tried_since": incoming.came_at,
        "takes_back": "",
        "taken": None,
        "wants": None,
        "settles": settled_by(c),
    }


def change(entry: Ledger, at: datetime, **changes: Any) -> Ledger:
    """The same entry with these fields changed. A terminal state drops the command's bytes. A taker's amount follows its state."""
    made = {**entry, "updated_at": at, **changes}
    if made["state"] in TERMINAL:
        made |= {"command": None, "due_at": None, "waits_for": []}
    if made.get("taken") is not None:
        made["amount"] = told_amount(cast("Ledger", made))
    return cast("Ledger", made)


def replaced(entry: Ledger, incoming: Incoming) -> Ledger:
    """The entry with a newer command. Attempts and first sight stay; a person's release of the older command does not."""
    kept = {"first_seen_at": entry["first_seen_at"], "attempts": entry["attempts"], "attempt_count": entry["attempt_count"]}
    return cast("Ledger", {**fresh(incoming), **kept, "tried_since": entry.get("tried_since")})


def with_history(entry: Ledger, known: Ledger) -> Ledger:
    """An entry with the attempts of the entry whose op-key it takes over."""
    kept = {"first_seen_at": known["first_seen_at"], "attempts": known["attempts"], "attempt_count": known["attempt_count"]}
    return cast("Ledger", {**entry, **kept, "tried_since": known.get("tried_since")})


def refreshed(entry: Ledger, incoming: Incoming) -> Ledger:
    """The entry in its state, with a newer command of the same content."""
    about = ("source_version", "source_number", "command", "command_partition", "command_offset")
    made = fresh(incoming)
    return cast("Ledger", {**entry, **{name: made[name] for name in about}, "updated_at": incoming.at})  # type: ignore[literal-required]  # names of Ledger


def reopened(entry: Ledger, incoming: Incoming) -> Ledger:
    """The entry of a master that is kept up to date, opened again by a newer command: the partner's id stays, and an open attempt stays
    open together with its wait."""
    kept = ["attempts", "attempt_count", "erp_id", "erp_number"]
    if not is_terminal(entry):
        kept.append("first_seen_at")
    if intent_open(entry):
        kept += ["state", "reason", "detail", "due_at", "intent_attempt", "intent_step", "intent_hash", "rounds"]
    made = {**fresh(incoming), **{name: entry[name] for name in kept}}  # type: ignore[literal-required]  # names of Ledger
    return cast("Ledger", {**made, "tried_since": entry.get("tried_since")})


def is_terminal(entry: Ledger) -> bool:
    """Whether it has ended. Only a change of the source opens it again."""
    return entry["state"] in TERMINAL


def place(entry: Ledger) -> tuple[str, int]:
    """The order of a document's commands: the version of the source, then the place in the log."""
    return entry["source_version"], entry["command_offset"]


def intent_open(entry: Ledger) -> bool:
    """Whether a request may have been sent whose outcome is unknown. Only evidence closes it."""
    return entry["intent_attempt"] > 0


def may_predate(entry: Ledger) -> bool:
    """Whether a lost ledger may have recorded it as written: it is unknown since when it can have been tried, and no look-up was noted."""
    return entry.get("tried_since") is None and never_asked(entry)


def is_presumed(entry: Ledger) -> bool:
    """Whether its open attempt is only presumed because a ledger was lost. No attempt of ours is known."""
    return intent_open(entry) and entry["intent_hash"] == PRESUMED


def may_exist(entry: Ledger) -> bool:
    """Whether the system may hold something of it: an attempt is open, or something was seen there."""
    return intent_open(entry) or bool(entry["steps_done"]) or bool(entry["erp_id"])


def is_written(entry: Ledger) -> bool:
    """Whether its document is in the system, or may be."""
    return entry["state"] in IN_PLACE or may_exist(entry)


def never_asked(entry: Ledger) -> bool:
    """Whether this ledger never asked the system about it. An earlier ledger, since lost, may have written it."""
    return not is_terminal(entry) and not may_exist(entry) and not entry["attempts"]


def waits(entry: Ledger, at: datetime, reason: str, detail: str = "", **more: Any) -> Ledger:
    """The entry, waiting. An open intent stays open."""
    return change(entry, at, state=WAITING, reason=reason, detail=detail, **{"due_at": None, "waits_for": [], **more})


def held(entry: Ledger, at: datetime, reason: str, detail: str = "", **more: Any) -> Ledger:
    """The entry, held for a person. An open intent stays open."""
    return change(entry, at, state=HELD, reason=reason, detail=detail[:1000], **{"due_at": None, "waits_for": [], **more})


def noted(entry: Ledger, answer: str, detail: str, at: datetime) -> list[Attempt]:
    """The attempts and a new one; the last twenty are kept."""
    last: Attempt = {
        "attempt": entry["attempt_count"],
        "step": entry["intent_step"],
        "at": at,
        "answer": answer,
        "detail": detail[:300],
    }
    return [*entry["attempts"], last][-ATTEMPTS_KEPT:]


def with_action(op_key: str, action: str) -> str:
    """The op-key of another action on the same part of the same document."""
    return f"{op_key.rpartition('|')[0]}|{action}"


def void_key(op_key: str) -> str:
    """The op-key of the void of a create."""
    return with_action(op_key, "void")


MAKES = frozenset({"create", "adjust", APPLY})
"""Actions that make a document, which a void of its source reverses."""
CORRECT = "correct"
"""The action of a change that comes after its document was written."""


def beside(op_key: str) -> list[str]:
    """Op-keys because of which a known command may still change something: the first change of its document, and its void."""
    return [correction_key(op_key, 1), void_key(op_key)]


def is_voided(entry: Ledger, void: Ledger | None) -> bool:
    """Whether the source voided this document in the same or a later version, and has not posted it again since."""
    return (
        void is not None
        and void["state"] != SUPERSEDED
        and entry["action"] in MAKES
        and void["source_version"] >= entry["source_version"]
    )


def reverted(entry: Ledger, version: str, at: datetime, **more: Any) -> Ledger:
    """A void or change that was not begun is ended: a newer version of the source no longer wants it."""
    return change(entry, at, state=SUPERSEDED, reason=reasons.REVERTED, detail=f"by version {version}", **more)


def voided(entry: Ledger, version: str, at: datetime) -> Ledger:
    """The entry of a create that its void overtook."""
    return change(entry, at, state=SUPERSEDED, reason="voided", detail=f"voided by version {version}")


def result_of(entry: Ledger) -> Result | None:
    """The record for `result` about this state; None if none is published."""
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
    """The link between the two ids of a master record that we wrote; None for everything else."""
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
    """The same link in the other direction."""
    return {
        **link,
        "source_system": link["target_system"],
        "source_id": link["target_id"],
        "target_system": link["source_system"],
        "target_id": link["source_id"],
        "target_number": "",
    }


def correction_key(op_key: str, number: int) -> str:
    """The op-key of the n-th change that came after the document was written."""
    return f"{op_key}|{CORRECT}|{number}"


def children_of(entity: str, source_id: str) -> str:
    """The name under which a held reversal or correction waits for an entry to end that belongs to its document."""
    return f"children of {entity}/{source_id}"


def made_key(op_key: str) -> str:
    """The op-key of the document to which a change belongs. Any other op-key is returned as it is."""
    return op_key.partition(f"|{CORRECT}|")[0]


def takes_back(entry: Ledger) -> bool:
    """Whether it reverses a written document, or writes it again."""
    return entry["record"] == REVERSAL or entry["action"] == CORRECT


def is_change(entry: Ledger) -> bool:
    """Whether it writes a document again."""
    return entry["action"] == CORRECT and entry["record"] != REVERSAL


def told_amount(entry: Ledger) -> Decimal:
    """The amount of a taker (see `takes_back`): by how much it changes the books, so that all entries of a source add up to what the system
    holds. A held one never has 0.00: if only a date, party or account differs, it has the amount to be written again; if a step is done
    already (what was written may be reversed by now), it has the whole amount that is wanted."""
    taken, wants = entry.get("taken") or Decimal(0), entry.get("wants") or Decimal(0)
    if entry["state"] == HELD and entry["steps_done"] and wants:
        return wants
    return (wants - taken) or (taken if entry["state"] == HELD else Decimal(0))


def worth(entry: Ledger) -> Decimal | None:
    """The amount of the document itself; None for a correction of which, after the loss of a ledger, only the difference is known."""
    return entry.get("wants") if is_change(entry) else entry["amount"]


def aimed(entry: Ledger, at: Ledger | None, taken: Decimal, wants: Decimal) -> Ledger:
    """The taker, now taking back the document `at` (None = nothing stands) with its amount `taken`. It has a ref of its own."""
    made = {
        **entry,
        "takes_back": at["op_key"] if at is not None else "",
        "taken": taken,
        "wants": wants,
        "ref": ref_of(entry["op_key"]),
    }
    return cast("Ledger", {**made, "amount": told_amount(cast("Ledger", made))})


def as_written(command: CommandEnvelope, entry: Ledger) -> CommandEnvelope:
    """The command of an entry as its system is asked for it. A change has its own op-key and ref."""
    if entry["action"] != CORRECT:
        return command
    return cast("CommandEnvelope", {**command, "op_key": entry["op_key"], "ref": entry["ref"], "action": CORRECT})


def correction(
    made: Ledger, number: int, incoming: Incoming, reason: str = reasons.CHANGED_AFTER_POST, kept: Decimal | None = None
) -> Ledger:
    """The hold beside a written document whose source changed, or unposted it (`unposted`). Its amount is the difference. `kept` is the
    amount written so far if changes were written."""
    c = incoming.command
    wants: Decimal = Decimal(0) if reason == reasons.UNPOSTED else c["amount"]
    taken = made["amount"] if kept is None else kept
    wanted = f"source {c['source_version']} wants {wants} {c['currency']}"
    words = f"{wanted}, written is {taken} ({made['state']} {made['erp_number']})"
    own = {"op_key": correction_key(made["op_key"], number), "action": CORRECT, "state": HELD, "reason": reason, "detail": words}
    entry = cast("Ledger", {**fresh(incoming), **own, "taken": taken, "wants": wants})
    return cast("Ledger", {**entry, "amount": told_amount(entry)})
