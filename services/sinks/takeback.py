"""What stops a reversal or a numbered correction from being written now (see `chain`). Pure.

source voided, nothing written             -> ends: never_posted
a newer version wants something else       -> ends: reverted; so does a correction that wants what already stands
nothing stands any more                    -> ends: taken_back; a correction is then written like a new document, under its own ref
an older one was not begun                 -> the older one ends first; if it was begun, this one waits, or is held if the older one is held
no write of the system takes it back       -> held: void_not_built, changed_after_post
"""

from __future__ import annotations

from decimal import Decimal

from schemas.records import CommandEnvelope, Ledger
from services.sinks import entry as e
from services.sinks import gate, parts, reasons
from services.sinks.chain import WRITTEN, Chain
from services.sinks.gate import View
from services.sinks.settling import in_turn


def kept(entry: Ledger, command: CommandEnvelope, view: View) -> Ledger | None:
    """The entry as it is stopped from being written; None if it may go on to its lane."""
    chain = view.chain or Chain(view.target)
    first = _change(entry, view, chain) if entry["action"] == e.CORRECT else _void(entry, command, view, chain)
    return (
        first
        or _in_turn(entry, view, chain)
        or _aim(entry, view, chain)
        or gate.rule(entry, command, view)
        or in_turn(entry, view.ahead, view.at)
        or gate.kept_still(entry, view)
        or gate.window(entry, view)
        or gate.parents(entry, view)
        or gate.closed(entry, view)
    )


def overtaken(entry: Ledger, view: View) -> list[Ledger]:
    """Older takers that were not begun. They are ended before this one goes on."""
    chain = view.chain
    if (
        chain is None
        or not (view.written or chain.standing is None)
        or chain.made is None
        or chain.made["state"] not in WRITTEN
        or chain.after(entry)
    ):
        return []
    return [one for one in chain.before(entry) if not chain.is_begun(one)]


def _void(entry: Ledger, command: CommandEnvelope, view: View, chain: Chain) -> Ledger | None:
    """A void of a document that was never written writes nothing, whatever its mapping says about voids."""
    target = view.target
    if target is None or (e.is_terminal(target) and not e.may_exist(target) and target["state"] not in e.IN_PLACE):
        return e.change(entry, view.at, state=e.UNCHANGED, reason=reasons.NEVER_POSTED, detail="")
    if e.place(target) > e.place(entry) and not e.may_exist(entry):
        return e.reverted(entry, target["source_version"], view.at)  # the source posted it again; it is written, or will be
    if not e.is_terminal(target):
        if view.target_busy or e.may_exist(target):
            return e.waits(entry, view.at, reasons.PARENT, "what it reverses is being written", waits_for=_own(entry))
        return e.change(entry, view.at, state=e.UNCHANGED, reason=reasons.NEVER_POSTED, detail="")
    if chain.after(entry) and not e.may_exist(entry):
        return e.reverted(entry, chain.after(entry)[-1]["source_version"], view.at)
    if target["state"] in WRITTEN and _is_over(entry, chain):
        return e.change(entry, view.at, state=e.UNCHANGED, reason=reasons.TAKEN_BACK, detail="")
    if not view.written or (command["hold"] and not entry["released"]):
        return _for_a_person(entry, command, view, chain.standing or target)
    return None


def _for_a_person(entry: Ledger, command: CommandEnvelope, view: View, stands: Ledger) -> Ledger:
    """Held with the amount that is written: the system has no such write, or the mapping holds it by name."""
    words = f"{stands['erp_number'] or stands['erp_id']} has to be reversed by a person"
    detail = f"{command['hold_detail']}: {words}" if command["hold_detail"] else words
    whole = view.chain.kept if view.chain is not None else Decimal(0)
    amount = {} if view.written else {"amount": whole or stands["amount"], "taken": None, "wants": None}
    return e.held(entry, view.at, command["hold"] or reasons.VOID_NOT_BUILT, detail, **amount)


def _change(entry: Ledger, view: View, chain: Chain) -> Ledger | None:
    made = chain.made
    if made is None or made["state"] not in WRITTEN:
        if made is not None and made["state"] == e.SUPERSEDED and not e.may_exist(made):
            return e.reverted(entry, made["source_version"], view.at)  # the document that it changes was never written
        if made is not None and (chain.is_begun(made) or not e.is_terminal(made)) and made["state"] != e.HELD:
            return e.waits(entry, view.at, reasons.PARENT, "what it changes is being written", waits_for=_own(entry))
        return e.held(entry, view.at, reasons.CHANGED_AFTER_POST, words(entry, made), waits_for=_own(entry))
    if chain.after(entry) and not e.may_exist(entry):
        return e.reverted(entry, chain.after(entry)[-1]["source_version"], view.at)
    if view.over and view.void is not None and not e.intent_open(entry):
        return parts.nothing_left(e.reverted(entry, view.void["source_version"], view.at))
    stands = chain.standing
    if not e.is_change(entry) and _is_over(entry, chain):
        return e.change(entry, view.at, state=e.UNCHANGED, reason=reasons.TAKEN_BACK, detail="")
    if (
        stands is not None
        and e.is_change(entry)
        and _is_wanted(stands, entry)
        and not view.fell
        and not any(map(chain.is_begun, chain.before(entry)))
    ):
        return e.reverted(entry, entry["source_version"], view.at)
    if not view.written:
        return e.held(entry, view.at, reasons.CHANGED_AFTER_POST, words(entry, stands or made, view.fell))
    return None


def _is_over(entry: Ledger, chain: Chain) -> bool:
    """Whether nothing stands that this reversal could take back, and no change before it that was begun makes something stand."""
    return chain.standing is None and not any(map(chain.is_begun, chain.before(entry)))


def _is_wanted(stands: Ledger, entry: Ledger) -> bool:
    """Whether this change would write exactly what stands."""
    return stands["payload_hash"] == entry["payload_hash"]


def words(entry: Ledger, stands: Ledger | None, fell: bool = False) -> str:
    """A change as text: what is wanted, and what is written."""
    if fell and stands is not None:
        return parts.fallen(stands)
    wanted = f"source {entry['source_version']} wants {entry.get('wants') or 0} {entry['currency']}"
    return (
        f"{wanted}, written is {entry.get('taken') or 0} ({stands['state']} {stands['erp_number']})"
        if stands is not None
        else wanted
    )


def _in_turn(entry: Ledger, view: View, chain: Chain) -> Ledger | None:
    """Only one entry in a document's chain at a time."""
    older = chain.before(entry)
    begun = [one for one in older if chain.is_begun(one)]
    left = [one for one in chain.takers if one["state"] == e.REJECTED and e.may_exist(one)]
    if left or any(one["state"] == e.HELD for one in begun):
        name = reasons.CHANGED_AFTER_POST if entry["action"] == e.CORRECT else reasons.VOID_NOT_BUILT
        why = "a person skipped a change that was begun" if left else "a change before it was begun, and is held"
        one = (left or begun)[-1]
        return e.held(entry, view.at, name, f"{why}: {one['ref']}", waits_for=_own(entry))
    if older:
        why = "a change before it is being written" if begun else "a change before it ends first"
        return e.waits(entry, view.at, reasons.PARENT, why, waits_for=_own(entry))
    return None


def _aim(entry: Ledger, view: View, chain: Chain) -> Ledger | None:
    """An entry must take back what stands now; otherwise it is judged again."""
    aim = chain.aim
    if entry.get("takes_back") == (aim["op_key"] if aim is not None else "") or e.may_exist(entry):
        return None
    return e.change(entry, view.at, state=e.NEW, reason="", detail="what it takes back changed", due_at=None, waits_for=[])


def _own(entry: Ledger) -> list[str]:
    return [f"{entry['source_entity']}/{entry['source_id']}"]
