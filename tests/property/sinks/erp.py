"""A simulated ERP of every class, as late and as silent as its declaration allows: commits up to P_MAX after the client gave up,
shows up to V_MAX after the commit, loses answers. Extremes are drawn on purpose. What its own batch does is in `batch.py`."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from services.sinks.state import Times
from systems.contract import Answer, Capability, Document, Found, Verdict
from tests.property.sinks.shapes import REQUESTS, Shape


@dataclass
class Kept:
    """One document that the ERP keeps. `done` are its steps by the moment at which they are shown; `hidden_until` when its build moves
    it from one table to another; `touched` tells that a person changed it."""

    erp_id: str
    ref: str
    amount: Decimal
    committed_at: float
    visible_at: float
    done: dict[str, float] = field(default_factory=dict)
    refused: bool = False
    hidden_until: float = 0.0
    deleted: bool = False
    touched: bool = False


@dataclass
class Erp:
    """`later` schedules a call at a time; `faulty` ends with the schedule's faults; `batch` is told of every new document."""

    capability: Capability
    times: Times
    draw: random.Random
    later: Callable[[float, Callable[[], None]], None]
    shape: Shape = REQUESTS
    batch: Callable[[Kept, float], None] = lambda _kept, _now: None
    documents: list[Kept] = field(default_factory=list)
    faulty: bool = True
    lost: int = 0
    refused: int = 0
    overwritten: int = 0

    def find(self, ref: str, erp_id: str, amount: Decimal, now: float) -> Found:
        """What the look-up by ref, or by the partner's id, shows at `now`."""
        known = [d for d in self.documents if d.ref == ref or (self.shape.updates and erp_id and d.erp_id == erp_id)]
        shown = [d for d in known if max(d.visible_at, d.hidden_until) <= now and not d.deleted]
        return Found(tuple(self._document(d, amount, now) for d in shown))

    def _document(self, kept: Kept, amount: Decimal, now: float) -> Document:
        done = tuple(step for step in self.shape.steps if kept.done.get(step, now + 1) <= now)
        differences = () if kept.amount == amount else (f"amount: {kept.amount}, {amount}",)
        overruled = ("amount: a person's",) if kept.touched and differences else ()
        refusal = "7260: duplicate" if kept.refused else ""
        ref = kept.ref or "ST-1"
        return Document(
            kept.erp_id, kept.erp_id, ref, kept.amount, "USD", done, differences, refusal, "suspect" if refusal else "", overruled
        )

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
        gave_up = self.extreme(self.times.request_s)
        unheard: list[Answer] = []
        if self.draw.random() < 0.8:
            commit_at = now + self.draw.choice((0.0, gave_up, gave_up + self.extreme(self.times.p_max_s)))
            self.later(commit_at, lambda: unheard.append(self._commit(step, ref, amount, document, commit_at)))
        return gave_up, lambda: Answer(Verdict.AMBIGUOUS, words="no answer")

    def extreme(self, most: float) -> float:
        """A duration up to `most`, often all of it."""
        kind = self.draw.random()
        return most if kind < 0.5 else 0.0 if kind < 0.65 else self.draw.random() * most

    def _commit(self, step: str, ref: str, amount: Decimal, document: Document | None, now: float) -> Answer:
        if step == "release":
            return self._release(document, amount, now)
        if step == "upsert" and document is not None:
            return self._updated(document, amount, now)
        same = next((d for d in self.documents if d.ref == ref), None)
        if self.capability is Capability.C1 and same is not None:
            self.refused += 1
            return Answer(Verdict.DUPLICATE, code="DUP", words="our ref exists")
        if self.capability is Capability.C2 and same is not None:
            same.amount = amount
            return Answer(Verdict.YES, self._document(same, amount, now))
        lag = self.extreme(self.times.v_max_s) if self.capability is Capability.C4 else 0.0
        kept = Kept(f"D{len(self.documents) + 1}", ref, amount, now, now + lag, {step: now})
        self.documents.append(kept)
        self.batch(kept, now)
        return Answer(Verdict.YES, self._document(kept, amount, now))

    def _updated(self, document: Document, amount: Decimal, now: float) -> Answer:
        kept = next(d for d in self.documents if d.erp_id == document.erp_id)
        if document.overruled:
            self.overwritten += 1
        kept.amount, kept.touched = amount, False
        return Answer(Verdict.YES, self._document(kept, amount, now))

    def _release(self, document: Document | None, amount: Decimal, now: float) -> Answer:
        kept = next((d for d in self.documents if document is not None and d.erp_id == document.erp_id), None)
        if kept is None or "release" in kept.done:
            return Answer(Verdict.REJECT, code="state", words="nothing to release")
        kept.done["release"] = now
        return Answer(Verdict.YES, self._document(kept, amount, now))
