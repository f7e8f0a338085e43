"""Ends changes of a written document that are no longer wanted, so that their amount is not listed twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from runtime.clock import Clock
from schemas.records import Ledger
from services.sinks import entry as e
from services.sinks.cases import Cases
from services.sinks.state import Supersede
from services.sinks.views import Sights
from systems.mapped import REVERSAL

MOST = 1000
"""The most changes that one document may have."""


@dataclass(frozen=True)
class Changes:
    """The changes in one partition. `conclude` records a state that was decided without an attempt; `overtake` ends one that an attempt is
    working on."""

    cases: Cases
    sights: Sights
    conclude: Callable[[Ledger], None]
    overtake: Callable[[Supersede], None]
    clock: Clock

    def follow(self, entry: Ledger) -> None:
        """End the changes of a document that is no longer wanted, or is about to be reversed as a whole."""
        if entry["record"] == REVERSAL and entry["action"] != e.CORRECT and entry["state"] in (e.HELD, e.WAITING):
            command = self.sights.command_of(entry)
            reverses = str(command.get("reverses") or "") if command is not None else ""
        elif entry["state"] == e.SUPERSEDED and not e.takes_back(entry):
            reverses = entry["op_key"]
        else:
            return
        if reverses:
            until = e.place(entry) if entry["record"] == REVERSAL else None
            self.revert(reverses, entry["source_version"], entry["command_offset"], until)

    def revert(self, op_key: str, version: str, offset: int, until: tuple[str, int] | None = None) -> None:
        """End the changes of a document that were not begun, because of this version of its source. Those later in the log than `until` stay."""
        for number in range(1, MOST):
            known, is_busy = self.cases.shown(e.correction_key(op_key, number))
            if known is None:
                return
            if e.is_terminal(known) or e.may_exist(known) or not (until is None or e.place(known) <= until):
                continue
            if is_busy:
                self.overtake(Supersede(known["op_key"], version))
            else:
                self.conclude(e.reverted(known, version, self.clock.now(), source_version=version, command_offset=offset))
