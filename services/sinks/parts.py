"""The parts of one document if its source makes several (a voucher for each vendor): what a newer set means for the older parts. Pure.

Every command of such a document carries the complete set, each part with its payload hash, and is written in one transaction with the
others. If the source makes nothing of a document any more, whether in parts or not, an empty set (a `completion`) says so. What is posted
of a document and what may still be posted always belong to one set: if the set of a part does not contain another, written part exactly as
it was written, the part is held. So no cost is posted in two parts.

waits or is held, not in the newer set          -> superseded
written, or may be, not in the newer set        -> taken back: the reversal is written, or held with its amount
another part may have been written otherwise    -> it waits until that is known
another part was written otherwise              -> held, a person decides
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from schemas.records import CommandEnvelope, Ledger
from services.sinks import entry as e
from services.sinks import reasons
from services.sinks.entry import Incoming
from systems.mapped import APPLY, COMPLETION, NOTHING, REVERSAL, UNAPPLIED

_MAKES = frozenset({"create", "adjust"})


@dataclass(frozen=True, slots=True)
class Part:
    """An entry of the same document, with what stands of it now. `busy`: a run is at work on it. `pending`: a change of it goes on by
    itself. `open`: a change of it has not ended."""

    entry: Ledger
    busy: bool = False
    pending: bool = False
    open: bool = False


def document_of(op_key: str) -> str:
    """The common prefix of the op-keys of all parts, actions and changes of a document."""
    return "|".join(op_key.split("|", 4)[:4])


def set_of(op_key: str) -> str:
    """The name of a set of parts: the documents of a source object are one set, its applications another."""
    return f"{document_of(op_key)}|{APPLY}" if is_applied(op_key) else document_of(op_key)


def is_applied(op_key: str) -> bool:
    """Whether an op-key is that of an application, of a change of one, or of the command that says there are no applications any more."""
    return e.made_key(op_key).rpartition("|")[2] in (APPLY, UNAPPLIED)


def alike(entry: Ledger, of_source: Iterable[Ledger]) -> list[Ledger]:
    """The entries of the set to which a part belongs."""
    own, document = set_of(entry["op_key"]), f"{document_of(entry['op_key'])}|"
    return [one for one in of_source if one["op_key"].startswith(document) and set_of(one["op_key"]) == own]


def _of_set(incoming: Incoming, document: Iterable[Part]) -> list[Part]:
    """The entries of the document that belong to the same set as the command."""
    applied = is_applied(incoming.command["op_key"])
    return [part for part in document if is_applied(part.entry["op_key"]) == applied]


def fell(entry: Ledger, of_source: Iterable[Ledger]) -> bool:
    """Whether an application is gone, or will be, without a write of its own: a version of the source that is newer than the application took
    back the document of which it is a part. `of_source` are the entries of the source object. A part that moves no money does not count,
    because its document carries it (a bill's hold)."""
    if (
        not is_applied(entry["op_key"])
        or entry["record"] in (REVERSAL, COMPLETION)
        or not e.is_written(entry)
        or not e.worth(entry)
    ):
        return False
    begun = (one for one in _voids(entry, of_source) if _is_there(one) or (e.may_exist(one) and not e.is_terminal(one)))
    return any(e.place(one) > e.place(entry) for one in begun)


def is_over(entry: Ledger, of_source: Iterable[Ledger]) -> bool:
    """Whether the document of an application, or of a change of one, is taken back since the version of the source that wanted it. Nothing of
    it is in the system then, and nothing of it is wanted."""
    is_wanted = is_applied(entry["op_key"]) and entry["record"] not in (REVERSAL, COMPLETION) and bool(e.worth(entry))
    return is_wanted and any(_is_there(one) and e.place(one) > e.place(entry) for one in _voids(entry, of_source))


def _is_there(entry: Ledger) -> bool:
    return entry["state"] in (e.POSTED, e.ADOPTED)


def newest_void(entry: Ledger, of_source: Iterable[Ledger]) -> Ledger | None:
    """The newest entry that takes back the document of which an application is a part, unless the source thought better of it."""
    return max((one for one in _voids(entry, of_source) if one["state"] != e.SUPERSEDED), key=e.place, default=None)


def _voids(entry: Ledger, of_source: Iterable[Ledger]) -> Iterable[Ledger]:
    """The reversals of the document of which an application is a part."""
    own = document_of(entry["op_key"])
    reversals = (one for one in of_source if one["record"] == REVERSAL and document_of(one["op_key"]) == own)
    return (one for one in reversals if not one["part"] and not is_applied(one["op_key"]))


def nothing_left(entry: Ledger) -> Ledger:
    """The entry, of which the system has nothing any more."""
    return {**entry, "step": "", "steps_done": [], "erp_id": "", "erp_number": ""}


def fallen(entry: Ledger) -> str:
    """What a person has to do about an application that fell, where the system has no write for it."""
    own = entry["source_entity"].replace("_", " ")
    what = entry["erp_number"] or entry["erp_id"] or f"application {entry['part']}"
    return f"{what} is gone with its {own}, which counts again: apply it again, then skip this"


def takes_all_back(incoming: Incoming) -> bool:
    """Whether a command takes back a whole document, its applications included."""
    return incoming.command["action"] == NOTHING or (incoming.record == REVERSAL and not incoming.command["part"])


def left_over(incoming: Incoming, of_source: Iterable[Ledger]) -> list[Ledger]:
    """Applications, and changes of them, that are not written and that nobody wants any more once `incoming` takes back the document of
    which they are parts. Whether one was begun is seen when it is ended."""
    own = document_of(incoming.command["op_key"])
    return [
        one
        for one in of_source
        if is_applied(one["op_key"]) and document_of(one["op_key"]) == own and one["record"] not in (REVERSAL, COMPLETION)
        if not e.is_terminal(one) and e.place(one) < incoming.place
    ]


def sole_parts_of(op_key: str) -> set[str]:
    """The op-keys of the same part of that document under each action that makes one."""
    return {e.with_action(op_key, action) for action in _MAKES}


def is_stale(incoming: Incoming, document: Iterable[Part]) -> bool:
    """Whether a newer version of the source has already named its parts."""
    return any(part.entry["source_version"] > incoming.command["source_version"] for part in _of_set(incoming, document))


def gone(incoming: Incoming, document: Iterable[Part]) -> list[Part]:
    """Parts that are missing from the set of `incoming` although something of them is wanted or written."""
    wanted = incoming.command["parts"] or {}
    return [part for part in _older(incoming, document) if part.entry["part"] not in wanted]


def moved(incoming: Incoming, document: Iterable[Part]) -> list[Part]:
    """Older parts that the set of `incoming` does not contain, or contains with another content. If one of them is written, its money may
    be in another part of the new set, too."""
    wanted = incoming.command["parts"] or {}
    return [part for part in _older(incoming, document) if wanted.get(part.entry["part"]) != part.entry["payload_hash"]]


def _older(incoming: Incoming, document: Iterable[Part]) -> list[Part]:
    """Parts of older versions of which something is wanted or written."""
    makers = (part for part in _of_set(incoming, document) if part.entry["action"] in e.MAKES)
    return [part for part in makers if e.place(part.entry) < incoming.place and (part.open or _counts(part.entry))]


def _counts(entry: Ledger) -> bool:
    if entry["state"] == e.HELD and entry["reason"] == reasons.CHANGED_AFTER_POST:
        return False  # held by `unless_redivided`: a person has been asked already
    return not e.is_terminal(entry) or e.is_written(entry)


def makes(command: CommandEnvelope) -> bool:
    """Whether the command makes a document, and is not an application, void or milestone."""
    return command["action"] in _MAKES


def is_unclear(command: CommandEnvelope, newest: Mapping[str, Incoming]) -> bool:
    """Whether, after the loss of all records and a change of the document's parts, a look-up of this part alone could not tell what exists.
    For an application this holds if the newest set does not contain it: the documents by which it is found were not looked up yet."""
    if command["action"] != APPLY or not command["amount"]:
        return makes(command)
    known = newest.get(set_of(command["op_key"]))
    return known is not None and command["part"] not in (known.command["parts"] or {})


def superseded(entry: Ledger, incoming: Incoming) -> Ledger:
    """A part that was not written and is missing from the new set. Only a later command brings it back."""
    version = incoming.command["source_version"]
    why = {"reason": reasons.MADE_NO_MORE, "detail": f"version {version} {_told(entry, incoming)}"}
    place = {"source_version": version, "command_partition": incoming.partition, "command_offset": incoming.offset}
    return e.change(entry, incoming.at, state=e.SUPERSEDED, **why, **place)


def taken_back(posted: Ledger, number: int, incoming: Incoming, kept: Decimal | None = None) -> Ledger:
    """The hold beside a written part that is missing from the new set, with its whole amount (`kept`, if changes of it were written). It is
    the same for every version that lacks the part."""
    version, taken = incoming.command["source_version"], posted["amount"] if kept is None else kept
    written = f"written is {taken} ({posted['state']} {posted['erp_number']})"
    words = f"source {version} {_told(posted, incoming)}, {written}"
    own = {name: posted[name] for name in ("ref", "record", "part", "currency")}
    none = {
        "detail": words,
        "settles": posted.get("settles", []),
        "source_hash": "",
        "payload_hash": "",
        "command": None,
        "taken": taken,
        "wants": Decimal(0),
    }
    return e.change(e.correction(posted, number, incoming), incoming.at, **own, **none)


def _told(entry: Ledger, incoming: Incoming) -> str:
    if entry["part"]:
        return "makes no such part"
    return f"makes nothing of it ({incoming.command.get('reached') or 'other parts'})"


def keep(entry: Ledger, command: CommandEnvelope, others: Sequence[Part], at: datetime) -> Ledger | None:
    """The entry as other parts of its document stop it from being written; None if everything written agrees with its set."""
    parts = command["parts"]
    if parts is None or entry["action"] == APPLY or e.may_exist(entry) or entry["released"]:
        return None  # applications are independent of each other
    differ = [other for other in others if other.entry["action"] in _MAKES and not _agrees(other.entry, command, parts)]
    written = [other.entry for other in differ if _is_decided(other) and not other.pending]
    own = f"{entry['source_entity']}/{entry['source_id']}"
    if written:
        return e.held(entry, at, reasons.PART_AFTER_POST, "; ".join(_words(one, parts) for one in written), waits_for=[own])
    if any(other.busy or other.pending or e.may_exist(other.entry) for other in differ):
        return e.waits(entry, at, reasons.PARENT, "another part of its document is being written", waits_for=[own])
    return None


def _agrees(entry: Ledger, command: CommandEnvelope, parts: dict[str, str]) -> bool:
    return entry["source_hash"] == command["source_hash"] and parts.get(entry["part"]) == entry["payload_hash"]


def _is_decided(part: Part) -> bool:
    """Whether the part is known to exist, or only a person can say. A part that a person skipped may have been entered by hand."""
    entry = part.entry
    if entry["state"] in e.IN_PLACE or entry["state"] == e.REJECTED or entry["steps_done"] or entry["erp_id"]:
        return True
    return entry["state"] == e.HELD and e.intent_open(entry) and not part.busy


def _words(entry: Ledger, parts: dict[str, str]) -> str:
    name = f"part {entry['part'] or 'without a name'}"
    told = "is not made any more" if entry["part"] not in parts else "was written from another state of the source or its mapping"
    return f"{name} ({entry['state']} {entry['erp_number']}, {entry['amount']} {entry['currency']}) {told}"


def newest_of(commands: Iterable[Incoming]) -> dict[str, Incoming]:
    """The newest set of each document that has sets."""
    found: dict[str, Incoming] = {}
    for incoming in commands:
        if incoming.command["parts"] is None:
            continue
        document = set_of(incoming.command["op_key"])
        known = found.get(document)
        if known is None or known.place < incoming.place:
            found[document] = incoming
    return found


def tells(incoming: Incoming, newest: Mapping[str, Incoming]) -> bool:
    """Whether a command belongs to the newest set of its document. An older one says nothing about the other parts any more."""
    known = newest.get(set_of(incoming.command["op_key"]))
    return known is not None and known.command["parts"] == incoming.command["parts"]


def unless_redivided(entry: Ledger, newest: Incoming, steps: tuple[str, ...]) -> Ledger:
    """For a lost ledger without a known outcome whose parts changed at some time: nobody can tell whether this part was written before or
    after that, and looking it up does not show how much of its money another part has. It counts as possibly written, as if an attempt were
    open, so that neither a repeated command nor newer ones of its document write it, or a part that may have its money."""
    step = steps[0] if steps else ""
    attempt = {"intent_attempt": 1, "attempt_count": max(1, entry["attempt_count"]), "intent_step": step, "intent_hash": e.PRESUMED}
    words = "the ledger was lost and the parts of its document had changed"
    if entry["part"] in (newest.command["parts"] or {}):
        return e.held(
            entry, newest.at, reasons.PART_AFTER_POST, f"{words}: compare the document with all of them before a release", **attempt
        )
    version = newest.command["source_version"]
    why = f"{words}: version {version} makes no such part; reverse {entry['ref']} if it is there, then skip this"
    return e.held(entry, newest.at, reasons.CHANGED_AFTER_POST, why, **attempt)
