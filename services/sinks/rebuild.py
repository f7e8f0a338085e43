"""A ledger that was lost, rebuilt: terminal outcomes from `result`, the rest from the newest command of each op-key. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from typing import cast

from schemas.records import Ledger, Result
from services.sinks import entry as e
from services.sinks import reasons
from services.sinks.entry import Incoming
from services.sinks.parts import document_of, makes
from systems.contract import Capability


class Newest:
    """The newest command of each op-key of a log; those of a document whose parts changed are marked. A command without a set counts as
    one where a newer one of its document carries a set."""

    def __init__(self) -> None:
        self._newest: dict[str, Incoming] = {}
        self._sets: dict[str, set[int]] = defaultdict(set)
        self._told: dict[str, tuple[str, int]] = {}

    def add(self, incoming: Incoming) -> None:
        """The next command of the log."""
        command = incoming.command
        if command["parts"] is not None:
            document = document_of(command["op_key"])
            self._sets[document].add(hash(frozenset(command["parts"].items())))
            self._told[document] = max(self._told.get(document, incoming.place), incoming.place)
        known = self._newest.get(command["op_key"])
        if known is None or known.command["source_version"] <= command["source_version"]:
            self._newest[command["op_key"]] = incoming

    def all(self) -> Iterator[Incoming]:
        """In the order of their op-keys' first sight."""
        changed = {document for document, sets in self._sets.items() if len(sets) > 1}
        changed |= {document_of(op_key) for op_key, incoming in self._newest.items() if self._is_overtaken(incoming)}
        for op_key, incoming in self._newest.items():
            yield replace(incoming, redivided=True) if document_of(op_key) in changed else incoming

    def _is_overtaken(self, incoming: Incoming) -> bool:
        command = incoming.command
        if command["parts"] is not None or not makes(command):
            return False
        told = self._told.get(document_of(command["op_key"]))
        return told is not None and incoming.place < told


def from_result(incoming: Incoming, result: Result | None) -> Ledger:
    """The entry of the newest command, with what its last terminal result proves. A HELD result proves nothing: it is tried again,
    and the look-up before the write finds what is there."""
    entry = e.fresh(incoming)
    if result is None or result["outcome"] not in e.TERMINAL:
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
        "command": None,
    }
    return cast("Ledger", {**entry, **proven})


def looked_up_first(entry: Ledger, steps: tuple[str, ...]) -> Ledger:
    """The source voided it or took it back, and without ledger and result nobody knows whether it was written before: a look-up decides
    that, as if an attempt were open."""
    if e.may_exist(entry) or e.is_terminal(entry) or not steps:
        return entry
    words = "the ledger was lost: looked up before it is given up"
    attempt = {"intent_attempt": 1, "attempt_count": 1, "intent_step": steps[0], "intent_hash": ""}
    return e.waits(entry, entry["updated_at"], reasons.SETTLE, words, **attempt)


def as_before(entry: Ledger) -> Ledger:
    """The entry as if the command that took it back were still to come: once the document is found, that is a change beside it."""
    return e.change(entry, entry["updated_at"], source_version="", command_offset=-1)


def unless_blind(entry: Ledger, capability: Capability, incoming: Incoming) -> Ledger:
    """A system without look-up cannot show what was written before the loss: what has no outcome is a person's."""
    if capability is not Capability.C5 or e.is_terminal(entry):
        return entry
    return e.held(entry, incoming.at, reasons.UNKNOWN, "the ledger was lost and the system has no look-up", intent_attempt=1)
