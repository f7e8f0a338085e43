"""What stops a command from being written now: rules, parents, windows, modes. Pure.

`gate` returns the entry held, waiting or ended; None if nothing stops it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from schemas.records import CommandEnvelope, Ledger
from services.sinks import entry as e
from services.sinks import reasons
from services.sinks.chain import Chain
from services.sinks.parents import Parents
from services.sinks.parts import Part, keep, nothing_left
from services.sinks.settling import in_turn
from systems.mapped import COMPLETION, REVERSAL

NEXT_OPEN = "next_open"
"""The connection's choice to post a document of a closed day on the first open day."""


@dataclass(frozen=True, slots=True)
class View:
    """What the owner knows about the world when it looks at an entry.

    `written`: the system has a write for it; for a reversal or correction, one that takes its document back. `opens_at`: when the posting
    window opens (None = open). `paused`: why the connection does nothing now. `link`: the partner of a master record (None = unknown, "" =
    explicitly none). `target`: the entry that a reversal reverses; `target_busy`: a request for it is running. `void`: the void of this
    create. `others`: the other parts of its document. `other_purpose`: the document that its source has in the system for another
    purpose ("" = none). `is_closed`: the ERP's own periods say that its day is closed. `post_on`: the first open day after it, if the connection
    has `late: next_open` (None = its own day, or no such day is known). `chain`: for a reversal or correction, the chain of its document.
    `fell`: what it takes back is an application that is gone with its document. `over`: it is an application, or a change of one, and its
    document is taken back since (see `parts`).
    `ahead`: what has to end before an application, or its reversal or correction, is looked up (see `settling`).
    """

    at: datetime
    mode: str = "live"
    paused: str = ""
    written: bool = True
    opens_at: datetime | None = None
    parents: Parents = field(default_factory=Parents)
    parent_deadline: timedelta = timedelta(hours=24)
    create_missing: bool = False
    link: str | None = None
    target: Ledger | None = None
    target_busy: bool = False
    void: Ledger | None = None
    others: tuple[Part, ...] = ()
    other_purpose: str = ""
    is_closed: bool = False
    post_on: date | None = None
    late: str = "hold"
    chain: Chain | None = None
    fell: bool = False
    over: bool = False
    ahead: Ledger | None = None


def gate(entry: Ledger, command: CommandEnvelope, view: View, updates: bool = False) -> Ledger | None:
    """The entry as the gate stops it; None if it may go on to its lane. `updates`: a master that is kept up to date. Its link then says
    where to write, instead of ending it."""
    return (
        _voided(entry, view)
        or rule(entry, command, view)
        or ended(entry, view, updates)
        or _otherwise(entry, view)
        or keep(entry, command, view.others, view.at)
        or in_turn(entry, view.ahead, view.at)
        or kept_still(entry, view)
        or window(entry, view)
        or parents(entry, view)
        or closed(entry, view)
        or _create(entry, view)
    )


def _voided(entry: Ledger, view: View) -> Ledger | None:
    """A create whose void is known is never written."""
    if (e.may_exist(entry) and not view.over) or not e.is_voided(entry, view.void):
        return None
    return nothing_left(e.voided(entry, str(view.void["source_version"]) if view.void else "", view.at))


def rule(entry: Ledger, command: CommandEnvelope, view: View) -> Ledger | None:
    """Hold what the mapping holds or could not map, and what the system has no write for."""
    if command["hold"] and not entry["released"]:
        return e.held(entry, view.at, command["hold"], command["hold_detail"])
    if command["unresolved"]:
        return e.held(entry, view.at, reasons.UNMAPPED, "; ".join(command["unresolved"]))
    if not view.written and entry["record"] != COMPLETION:
        return e.held(entry, view.at, reasons.NOT_BUILT, f"{entry['system']} has no write for {entry['record']}")
    return None


def _otherwise(entry: Ledger, view: View) -> Ledger | None:
    """Hold a document whose source was written for another purpose (accounting.md 1): one sale is booked once."""
    if not view.other_purpose or entry["released"] or e.may_exist(entry):
        return None
    words = f"its source is there as {view.other_purpose}: reverse that and release this, or skip this"
    return e.held(entry, view.at, reasons.OTHER_PURPOSE, words)


def closed(entry: Ledger, view: View) -> Ledger | None:
    """Check a closed period before the write, because an ERP may be set to accept the document anyway (accounting.md 36)."""
    if not view.is_closed or view.post_on is not None or entry["released"] or e.may_exist(entry):
        return None
    words = f"the period of {entry['posting_date']} is closed in the system's own list"
    words += ", and no later day is open there yet" if view.late == NEXT_OPEN else ""
    return e.held(entry, view.at, reasons.PERIOD_CLOSED, words)


def ended(entry: Ledger, view: View, updates: bool) -> Ledger | None:
    """End an entry that needs no write, by what is known without its command: a milestone, or a master that has a partner. Hold a master
    that is to have none."""
    if entry["record"] == COMPLETION:
        return e.change(entry, view.at, state=e.UNCHANGED, reason=reasons.MILESTONE, detail="")
    if entry["purpose"] == e.MASTER and view.link and not updates:
        return e.change(entry, view.at, state=e.UNCHANGED, reason=reasons.LINKED, detail="", erp_id=view.link)
    if entry["purpose"] == e.MASTER and view.link == "" and not entry["released"]:
        return e.held(entry, view.at, reasons.CREATE_MISSING, "a person decided that it has no partner")
    return None


def supersedes(entry: Ledger, view: View) -> bool:
    """Whether this void overtakes the document that it reverses, because nothing of that was written yet."""
    target = view.target
    if entry["record"] != REVERSAL or target is None or view.target_busy:
        return False
    return not e.is_terminal(target) and not e.may_exist(target)


def stopped(entry: Ledger, view: View | None, has_place: bool) -> str:
    """Why a document that passed the gate must not be sent after all, because of what changed since; "" if it may. If it has its place
    under the ceiling (`has_place`), a pause for the ceiling does not stop it."""
    if view is None or view.mode != "live":
        return "the flow is not live any more"
    if view.paused and not (has_place and view.paused == reasons.CEILING):
        return f"the connection was paused ({view.paused})"
    if not entry["steps_done"] and e.is_voided(entry, view.void):
        return "the source was voided meanwhile"
    return ""


def kept_still(entry: Ledger, view: View) -> Ledger | None:
    """The entry, waiting because its connection or flow does nothing now."""
    if view.mode == "observe":
        return e.waits(entry, view.at, reasons.OBSERVE)
    if view.mode == "shadow" and entry["reason"] == reasons.SHADOW:
        return entry
    if view.paused:
        return e.waits(entry, view.at, view.paused)
    return None


def window(entry: Ledger, view: View) -> Ledger | None:
    """The entry, waiting until its posting window opens."""
    if view.opens_at is None or view.opens_at <= view.at or entry["released"]:
        return None
    return e.waits(entry, view.at, reasons.WINDOW, due_at=view.opens_at)


def parents(entry: Ledger, view: View) -> Ledger | None:
    """The entry, waiting or held because a parent is not in the system."""
    parents = view.parents
    if parents.none_by_decision:
        words = f"{', '.join(parents.none_by_decision)}: explicitly without partner"
        return e.held(entry, view.at, reasons.PARENT_MISSING, words)
    if parents.before_cutover:
        words = f"{', '.join(parents.before_cutover)}: before the cut-over, needs the map of opening balances"
        return e.held(entry, view.at, reasons.BEFORE_CUTOVER, words)
    if parents.reversed:
        words = f"{', '.join(parents.reversed)}: reversed in the system, and nothing stands in its place"
        return e.held(entry, view.at, reasons.PARENT_REVERSED, words, waits_for=list(parents.reversed))
    if not parents.missing and not parents.blocked:
        return None
    names = [*parents.missing, *parents.blocked]
    if not parents.missing:
        return e.waits(entry, view.at, reasons.PARENT, "; ".join(f"{k}: {v}" for k, v in parents.blocked.items()), waits_for=names)
    waiting = entry["state"] == e.WAITING and entry["reason"] == reasons.PARENT and entry["due_at"] is not None
    deadline = entry["due_at"] if waiting else view.at + view.parent_deadline
    if deadline is not None and deadline <= view.at:
        return e.held(entry, view.at, reasons.PARENT_MISSING, f"did not come: {', '.join(parents.missing)}", waits_for=names)
    return e.waits(entry, view.at, reasons.PARENT, f"missing: {', '.join(parents.missing)}", waits_for=names, due_at=deadline)


def _create(entry: Ledger, view: View) -> Ledger | None:
    if entry["purpose"] != e.MASTER or view.create_missing or view.link or e.may_exist(entry) or entry["released"]:
        return None
    return e.held(entry, view.at, reasons.CREATE_MISSING, "match it, or allow creating it")
