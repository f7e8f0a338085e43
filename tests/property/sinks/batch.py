"""What the simulated ERP does by itself: its batch builds and posts, refuses, comes late, hides a document while it builds it; people
put right what was refused, delete what was staged, change a partner."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from systems.contract import Capability
from tests.property.sinks.erp import Erp, Kept

LATE_S = 50.0


@dataclass
class Batch:
    """The batch of one schedule's ERP. `written` tells whether the ledger knows of the document: before that nobody deletes it."""

    erp: Erp
    draw: random.Random
    later: Callable[[float, Callable[[], None]], None]
    written: Callable[[], bool]
    counts: dict[str, int] = field(default_factory=dict)

    def began(self, kept: Kept, now: float) -> None:
        """A new document: what becomes of it is drawn at once."""
        steps = [step for step in self.erp.shape.steps if step in self.erp.shape.watched]
        if not steps:
            return
        at, fate = now, self.draw.random()
        if fate < 0.15:
            self._at(now + 3.0 + self.draw.random() * 10, "refused", lambda: self._refuse(kept))
            if fate < 0.08:
                return
            at = now + 20.0  # a person puts it right, and the batch goes on
            self._at(at, "repaired", lambda: self._repair(kept))
        elif fate < 0.20:
            self._at(now + 20.0 + self.draw.random() * 20, "deleted", lambda: self._delete(kept))
            return
        for step in steps:
            late = self.draw.random() < 0.15
            at += LATE_S if late else 0.5 + self.draw.random() * 8
            self._does(kept, step, at)

    def _does(self, kept: Kept, step: str, at: float) -> None:
        hides = step == "built" and self.erp.capability is Capability.C4  # the others promise that a look-up shows what is there
        gap = self.erp.extreme(self.erp.times.v_max_s) if hides else 0.0

        def done() -> None:
            if not kept.refused and not kept.deleted:
                kept.done[step] = at
                kept.hidden_until = at + gap

        self._at(at, step, done)

    def touches(self, kept: Kept, at: float) -> None:
        """A person changes a partner of ours."""

        def touched() -> None:
            kept.amount, kept.touched = kept.amount + 1, True

        self._at(at, "touched", touched)

    def _refuse(self, kept: Kept) -> None:
        if len(kept.done) == 1:
            kept.refused = True

    def _repair(self, kept: Kept) -> None:
        kept.refused = False

    def _delete(self, kept: Kept) -> None:
        if self.written():
            kept.deleted = True

    def _at(self, at: float, name: str, call: Callable[[], None]) -> None:
        def happens() -> None:
            self.counts[name] = self.counts.get(name, 0) + 1
            call()

        self.later(at, happens)
