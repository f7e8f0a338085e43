"""A simulated ERP of every class, as late and as silent as its declaration allows: commits up to P_MAX after the client gave up,
shows up to V_MAX after the commit, loses answers. Extremes are drawn on purpose."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from services.sinks.state import Times
from systems.contract import Answer, Capability, Document, Found, Verdict

STEPS = ("create", "release")


@dataclass
class Kept:
    """One document that the ERP keeps."""

    erp_id: str
    ref: str
    amount: Decimal
    committed_at: float
    visible_at: float
    released_at: float | None = None


@dataclass
class Erp:
    """`later` schedules a call at a time; `faulty` ends with the schedule's faults."""

    capability: Capability
    times: Times
    draw: random.Random
    later: Callable[[float, Callable[[], None]], None]
    documents: list[Kept] = field(default_factory=list)
    faulty: bool = True
    lost: int = 0
    refused: int = 0

    def find(self, ref: str, amount: Decimal, now: float) -> Found:
        """What the look-up shows at `now`."""
        shown = [d for d in self.documents if d.ref == ref and d.visible_at <= now]
        return Found(tuple(self._document(d, amount, now) for d in shown))

    def _document(self, kept: Kept, amount: Decimal, now: float) -> Document:
        done = ("create", "release") if kept.released_at is not None and kept.released_at <= now else ("create",)
        differences = () if kept.amount == amount else (f"amount: {kept.amount}, {amount}",)
        return Document(kept.erp_id, kept.erp_id, kept.ref, kept.amount, "USD", done, differences)

    def request(
        self, step: str, ref: str, amount: Decimal, document: Document | None, now: float
    ) -> tuple[float, Callable[[], Answer]]:
        """Take one request; when the client hears of it (a duration), and what it hears then."""
        kind = self.draw.random() if self.faulty else 1.0
        if kind < 0.04:
            return 0.01, lambda: Answer(Verdict.DEFINITE_NO, code="503", words="not taken")
        if kind < 0.06:
            return 0.01, lambda: Answer(Verdict.REJECT, code="422", words="refused")
        if kind < 0.45:
            return self._silent(step, ref, amount, document, now)
        answer: list[Answer] = []
        self.later(now + 0.02, lambda: answer.append(self._commit(step, ref, amount, document, now + 0.02)))
        return 0.05, lambda: answer[0]

    def _silent(
        self, step: str, ref: str, amount: Decimal, document: Document | None, now: float
    ) -> tuple[float, Callable[[], Answer]]:
        """No answer: the connection dies somewhere up to REQ_TO; the commit comes up to P_MAX after that, or never."""
        self.lost += 1
        gave_up = self._extreme(self.times.request_s)
        unheard: list[Answer] = []
        if self.draw.random() < 0.8:
            commit_at = now + self.draw.choice((0.0, gave_up, gave_up + self._extreme(self.times.p_max_s)))
            self.later(commit_at, lambda: unheard.append(self._commit(step, ref, amount, document, commit_at)))
        return gave_up, lambda: Answer(Verdict.AMBIGUOUS, words="no answer")

    def _extreme(self, most: float) -> float:
        kind = self.draw.random()
        return most if kind < 0.5 else 0.0 if kind < 0.65 else self.draw.random() * most

    def _commit(self, step: str, ref: str, amount: Decimal, document: Document | None, now: float) -> Answer:
        if step == "release":
            return self._release(document, amount, now)
        if self.capability is Capability.C1 and any(d.ref == ref for d in self.documents):
            self.refused += 1
            return Answer(Verdict.DUPLICATE, code="DUP", words="our ref exists")
        if self.capability is Capability.C2 and (same := next((d for d in self.documents if d.ref == ref), None)):
            same.amount = amount
            return Answer(Verdict.YES, self._document(same, amount, now))
        lag = self._extreme(self.times.v_max_s) if self.capability is Capability.C4 else 0.0
        kept = Kept(f"D{len(self.documents) + 1}", ref, amount, now, now + lag)
        self.documents.append(kept)
        return Answer(Verdict.YES, self._document(kept, amount, now))

    def _release(self, document: Document | None, amount: Decimal, now: float) -> Answer:
        kept = next((d for d in self.documents if document is not None and d.erp_id == document.erp_id), None)
        if kept is None or kept.released_at is not None:
            return Answer(Verdict.REJECT, code="state", words="nothing to release")
        kept.released_at = now
        return Answer(Verdict.YES, self._document(kept, amount, now))
