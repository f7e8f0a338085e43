"""Rebuilds a lost ledger: terminal outcomes come from `result`, the rest from the newest command of each op-key. Pure.

The log of commands is read twice: first to find the newest command of each op-key, then to pass these on one by one. What is known in
between is kept in a `Scratch`, because a log may hold millions of op-keys.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import datetime
from typing import Protocol, cast

from schemas.records import Ledger, Result
from services.sinks import entry as e
from services.sinks import reasons
from services.sinks.entry import Incoming
from services.sinks.parts import makes, set_of
from systems.contract import Capability


class Scratch(Protocol):
    """Small values by name, deleted after the rebuild."""

    def note(self, name: bytes, value: bytes) -> None:
        """Store a value."""

    def noted(self, name: bytes) -> bytes | None:
        """The stored value; None if there is none."""


class Newest:
    """The newest command of each op-key in a log. `sets` are the newest sets of documents in parts, `reverses` the op-keys that some
    command reverses, `count` the number of op-keys.

    Commands of a document whose parts changed are marked when they are picked. A command without a set counts as such if a newer one of its
    document carries a set.
    """

    def __init__(self, scratch: Scratch) -> None:
        self._scratch = scratch
        self._parted: dict[str, set[int]] = defaultdict(set)
        self.sets: dict[str, Incoming] = {}
        self.reverses: set[str] = set()
        self.count = 0

    def add(self, incoming: Incoming) -> None:
        """Add the next command of the log."""
        command = incoming.command
        document = set_of(command["op_key"])
        if command["parts"] is not None:
            self._parted[document].add(hash(frozenset(command["parts"].items())))
            known_set = self.sets.get(document)
            if known_set is None or known_set.place < incoming.place:
                self.sets[document] = incoming
        reverses = command.get("reverses")
        if reverses:
            self.reverses.add(str(reverses))
        known = self._newest(command["op_key"])
        if known is None:
            self.count += 1
        if known is None or known[0] <= command["source_version"]:
            plain = command["parts"] is None and makes(command)
            self._scratch.note(command["op_key"].encode(), f"{incoming.offset} {plain:d} {command['source_version']}".encode())
            if plain:
                self._note_plain(document, command["op_key"])

    def pick(self, incoming: Incoming) -> Incoming | None:
        """The command, if it is the newest of its op-key, else None. Used in the second reading."""
        known = self._newest(incoming.command["op_key"])
        if known is None or known[1] != incoming.offset:
            return None
        document = set_of(incoming.command["op_key"])
        changed = len(self._parted.get(document, ())) > 1 or self._is_overtaken(document)
        return replace(incoming, redivided=True) if changed else incoming

    def _newest(self, op_key: str) -> tuple[str, int, bool] | None:
        """Version and offset of the newest command, and whether it makes a document without parts."""
        known = self._scratch.noted(op_key.encode())
        if known is None:
            return None
        offset, plain, version = known.decode().split(" ", 2)
        return version, int(offset), plain == "1"

    def _note_plain(self, document: str, op_key: str) -> None:
        name = b"document " + document.encode()
        known = (self._scratch.noted(name) or b"").decode().split("\n")
        if op_key not in known:
            self._scratch.note(name, "\n".join([*filter(None, known), op_key]).encode())

    def _is_overtaken(self, document: str) -> bool:
        """Whether a set came after the newest command of an op-key of this document that has no parts."""
        told = self.sets.get(document)
        if told is None:
            return False
        plain = (self._scratch.noted(b"document " + document.encode()) or b"").decode().split("\n")
        newest = [self._newest(op_key) for op_key in filter(None, plain)]
        return any(one is not None and one[2] and one[:2] < told.place for one in newest)


def from_result(incoming: Incoming, result: Result | None) -> Ledger:
    """The entry of the newest command, with what its last terminal result proves. A HELD result proves nothing: the command is tried again,
    and the look-up before the write finds what exists. If an older command was superseded, that proves nothing about a newer one."""
    entry = e.fresh(incoming)
    if result is None or result["outcome"] not in e.TERMINAL:
        return entry
    if result["outcome"] == e.SUPERSEDED and result["command_offset"] < incoming.offset:
        return entry
    proven = {
        "state": result["outcome"],
        "reason": result["reason"],
        "detail": result["detail"],
        "step": result["step"],
        "steps_done": [result["step"]] if result["step"] else [],
        "erp_id": result["erp_id"],
        "erp_number": result["erp_number"],
        "source_hash": result["source_hash"],
        "payload_hash": result["payload_hash"],
        "amount": result["amount"],
        "posting_date": result["posting_date"],
        "command_partition": result["command_partition"],
        "command_offset": result["command_offset"],
        "source_version": result.get("source_version") or entry["source_version"],
        "updated_at": result["at"],
        "takes_back": result.get("takes_back") or "",
        "command": None,
    }
    return cast("Ledger", {**entry, **proven})


def change_from_result(incoming: Incoming, result: Result) -> Ledger:
    """The entry of a change that came after the document of `incoming` was written and that ended with this result."""
    entry = from_result(incoming, {**result, "command_offset": max(result["command_offset"], incoming.offset)})
    own = {"op_key": result["op_key"], "ref": result["ref"], "record": result["record"], "action": e.CORRECT}
    return cast("Ledger", {**entry, **own, "command_offset": result["command_offset"]})


def as_before(entry: Ledger) -> Ledger:
    """The entry as it was before the command that unposted it. Once the document is found, that command is taken as a change of it."""
    return e.change(entry, entry["updated_at"], source_version="", command_offset=-1)


def looked_up_first(entry: Ledger, at: datetime, steps: tuple[str, ...]) -> Ledger:
    """After the loss of a ledger nobody knows whether this was written: it is looked up as if an attempt were open."""
    if e.may_exist(entry) or e.is_terminal(entry) or not steps:
        return entry
    words = "the ledger was lost: it is looked up whether this was written before"
    attempt = {"intent_attempt": 1, "attempt_count": 1, "intent_step": steps[0], "intent_hash": e.PRESUMED}
    return e.waits(entry, at, reasons.SETTLE, words, **attempt)


def unless_blind(entry: Ledger, capability: Capability, incoming: Incoming) -> Ledger:
    """If a system has no look-up, it cannot show what was written before the loss: an entry without an outcome is held for a person."""
    if capability is not Capability.C5 or e.is_terminal(entry):
        return entry
    attempt = {"intent_attempt": 1, "intent_hash": e.PRESUMED}
    return e.held(entry, incoming.at, reasons.UNKNOWN, "the ledger was lost and the system has no look-up", **attempt)
