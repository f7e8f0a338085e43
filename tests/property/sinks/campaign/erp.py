"""A simulated ERP of every class, as late and as silent as its declaration allows: it commits up to P_MAX after the client gave up, shows
up to V_MAX after the commit, loses answers, writes half of a document, and raises whatever a client may raise. Extremes on purpose."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any, cast

from systems.contract import Answer, Capability, Document, Found, Original, ResolvedCommand, Verdict
from systems.mapped import REVERSAL
from tests.property.sinks.campaign.declared import P_MAX_S, REQUEST_S, V_MAX_S, Shape, system

_FIRST = ("reverse", "enter")
"""The first steps of what takes back."""

_APPLICATION, _PAYMENT = "ar_application", "customer_payment"


def _takes_along(resolved: ResolvedCommand, original: Original) -> bool:
    return resolved.record == REVERSAL and original.record == _PAYMENT


Later = Callable[[float, Callable[[], None]], None]


@dataclass(slots=True, eq=False)
class ErpDocument:
    """One document that the ERP keeps. `done` are its steps by the moment at which they are shown; `hidden_until` when its build moves it
    from one table to another; `touched` tells that a person changed it, `typed` that a person typed it."""

    erp_id: str
    record: str
    ref: str
    amount: Decimal
    content: str
    source: str
    visible_at: float
    steps: tuple[str, ...]
    done: dict[str, float] = field(default_factory=dict)
    refused: bool = False
    hidden_until: float = 0.0
    deleted: bool = False
    touched: bool = False
    typed: bool = False
    made_at: float = 0.0
    entered: bool = True
    gone: str = ""
    """The ref of what took it back."""
    on: tuple[str, ...] = ()
    day: date | None = None

    @property
    def stands(self) -> bool:
        """Whether it is in the books: a reversal never is, a correction once its document is entered."""
        return self.entered and not self.gone and not self.deleted and self.record != REVERSAL


@dataclass
class Faults:
    """What goes wrong at an ERP while a schedule's faults last; probabilities of each request."""

    no: float = 0.0
    reject: float = 0.0
    silent: float = 0.0
    raises: float = 0.0
    find_fails: float = 0.0
    reserve_fails: float = 0.0
    waits: float = 0.0
    slow_until: float = 0.0
    down_until: float = 0.0


class Erp:
    """The books of one connection. `hears` is told of every document, and of every change of one."""

    def __init__(self, capability: Capability, shape: Shape, draw: random.Random, now: Callable[[], float], later: Later) -> None:
        self.capability, self.shape, self.draw, self.now, self.later = capability, shape, draw, now, later
        self.lag_s = V_MAX_S if capability is Capability.C4 else 0.0
        self.documents: list[ErpDocument] = []
        self.by_ref: dict[str, list[ErpDocument]] = {}
        self.faults = Faults()
        self.faulty = True
        self.extremes = False
        self.counts: dict[str, int] = {}
        self.overwritten = 0
        self.batch: Callable[[ErpDocument], None] = lambda _: None
        self.wrote: Callable[[ErpDocument], None] = lambda _: None
        self.changed: Callable[[str, ErpDocument], None] = lambda _what, _kept: None
        self.takes: Callable[[ErpDocument, ErpDocument | None, Original], None] = lambda _kept, _of, _original: None

    def count(self, name: str) -> None:
        self.counts[name] = self.counts.get(name, 0) + 1

    def extreme(self, most: float) -> float:
        """A duration up to `most`, often all of it."""
        kind = self.draw.random()
        if self.extremes and kind < 0.9:
            return most
        return most if kind < 0.5 else 0.0 if kind < 0.65 else self.draw.random() * most

    # --- look-ups ---

    def shown(self, resolved: ResolvedCommand) -> Found:
        """What a look-up by ref, or by the partner's id, shows at this moment; whether what is to be taken back is applied."""
        record, command, erp_id = resolved.record, cast("Any", resolved.command), resolved.known_id
        now, found = self.now(), []
        for kept in self.by_ref.get(command["ref"], ()):
            if kept.visible_at <= now and kept.hidden_until <= now and not kept.deleted:
                one = self._document(kept, command)
                other = resolved.original is not None and (kept.record == REVERSAL) != (record == REVERSAL)
                found.append(replace(one, differences=("it is of another kind",)) if other else one)
        if erp_id and not found and record == "customer" and self.shape.kept_up:
            found = [self._document(one, command) for one in self.documents if one.erp_id == erp_id and not one.deleted]
        suspects: tuple[Document, ...] = ()
        if not found and record != "customer":
            typed = [one for one in self.documents if one.typed and one.source == command["source_id"] and not one.deleted]
            suspects = tuple(self._document(one, command) for one in typed)
        fallen = self._fallen(resolved)
        found = (fallen or found) if record == REVERSAL else (found or fallen)
        if resolved.original is not None and self._is_applied(resolved, resolved.original):
            self.count("applied")
            return Found(tuple(found), suspects, "something is applied to it", "applied")
        return Found(tuple(found), suspects)

    def _is_applied(self, resolved: ResolvedCommand, original: Original) -> bool:
        """Whether something keeps the original from being taken back. A payment that is reversed takes its applications with it."""
        on = [one for one in self.documents if one.stands and original.erp_id in one.on]
        return any(one.record != _APPLICATION or not _takes_along(resolved, original) for one in on)

    def _is_on_nothing(self, resolved: ResolvedCommand) -> bool:
        """Whether an application is of, or to, a document that was taken back."""
        return any(one.gone and one.erp_id in resolved.ids.values() for one in self.documents)

    def _fallen(self, resolved: ResolvedCommand) -> list[Document]:
        """What is to be taken back of an application is done already if it went with its payment."""
        original = resolved.original
        of = next((one for one in self.documents if original is not None and one.erp_id == original.erp_id), None)
        if of is None or original is None or original.record != _APPLICATION or of.gone in ("", resolved.command["ref"]):
            return []
        (way,) = system(self.capability, self.shape).writes_of(resolved.record, None, original.record)
        steps = way.steps if resolved.record == REVERSAL else way.steps[:1]
        command = cast("Any", resolved.command)
        return [Document(of.erp_id, of.erp_id, command["ref"], command["amount"], "USD", steps)]

    def _document(self, kept: ErpDocument, command: Any) -> Document:
        now = self.now()
        done = tuple(step for step in kept.steps if kept.done.get(step, now + 1) <= now)
        same = (
            kept.record == REVERSAL
            or not kept.entered
            or (kept.amount, kept.content) == (command["amount"], command["description"])
        )
        differences = () if same else (f"amount: {kept.amount} {kept.content}, {command['amount']} {command['description']}",)
        overruled = (f"{kept.content}: a person's",) if kept.touched and differences else ()
        refusal = "7260: duplicate" if kept.refused else ""
        return Document(
            kept.erp_id, kept.erp_id, kept.ref, kept.amount, "USD", done, differences, refusal, "suspect" if refusal else "", overruled
        )  # fmt: skip

    # --- requests ---

    def request(self, step: str, resolved: ResolvedCommand, document: Document | None) -> tuple[float, Callable[[], Answer]]:
        """Take one request; when the client hears of it (a duration), and what it hears then."""
        if not self.faulty:
            return self._answered(step, resolved, document)
        faults, kind, now = self.faults, self.draw.random(), self.now()
        if now < faults.down_until or kind < faults.no:
            return 0.01, self._no
        kind -= faults.no
        if kind < faults.reject:
            self.count("reject")
            return 0.01, lambda: Answer(Verdict.REJECT, code="422", words="refused")
        kind -= faults.reject
        if kind < faults.silent:
            return self._silent(step, resolved, document)
        return self._answered(step, resolved, document)

    def _no(self) -> Answer:
        kind = self.draw.random()
        if kind < 0.15:
            self.count("throttled")
            return Answer(Verdict.DEFINITE_NO, code="429", words="slower", throttled=True)
        if kind < 0.3:
            self.count("refused_credentials")
            return Answer(Verdict.DEFINITE_NO, code="401", words="who are you", broken=True)
        self.count("definite_no")
        return Answer(Verdict.DEFINITE_NO, code="503", words="not taken")

    def _answered(self, step: str, resolved: ResolvedCommand, document: Document | None) -> tuple[float, Callable[[], Answer]]:
        answer: list[Answer] = []
        self.later(0.02, lambda: answer.append(self.commit(step, resolved, document)))
        return 0.05, lambda: answer[0]

    def _silent(self, step: str, resolved: ResolvedCommand, document: Document | None) -> tuple[float, Callable[[], Answer]]:
        """No answer: the connection dies somewhere up to REQ_TO; the commit comes up to P_MAX after that, or never."""
        self.count("silent")
        gave_up = self.extreme(REQUEST_S)
        if self.draw.random() < 0.8:
            late = gave_up + self.extreme(P_MAX_S)
            commit_in = late if self.extremes else self.draw.choice((0.0, gave_up, late))
            if commit_in > gave_up:
                self.count("late_commit")
            self.later(commit_in, lambda: self.unheard(step, resolved, document))
        return gave_up, lambda: Answer(Verdict.AMBIGUOUS, words="no answer")

    def unheard(self, step: str, resolved: ResolvedCommand, document: Document | None) -> None:
        """It happens, and nobody is told."""
        self.commit(step, resolved, document)

    def commit(self, step: str, resolved: ResolvedCommand, document: Document | None) -> Answer:
        """The moment at which the request happens."""
        record, command = resolved.record, cast("Any", resolved.command)
        ref = command["ref"]
        if step == "release" and record == REVERSAL:
            return self._takes(self._by_id(document), resolved)
        if step == "release":
            return self._release(document, command)
        fell = bool(document is not None and resolved.original is not None and document.erp_id == resolved.original.erp_id)
        if resolved.original is not None and step not in _FIRST and not fell:
            return self._enters(step, document, resolved)
        same = next((one for one in self.by_ref.get(ref, ()) if not one.deleted), None)
        if step == "upsert" and document is not None:
            return self._updated(document, command)
        if self.capability is Capability.C1 and same is not None:
            self.count("duplicate")
            return Answer(Verdict.DUPLICATE, code="DUP", words="our ref exists")
        if self.capability is Capability.C2 and same is not None:
            self.count("merged")
            if resolved.original is None:
                same.amount, same.content = command["amount"], command["description"]
            return Answer(Verdict.YES, self._document(same, command))
        if (not fell and self._fallen(resolved)) or (
            resolved.record == _APPLICATION and step == "create" and self._is_on_nothing(resolved)
        ):
            return Answer(Verdict.REJECT, code="GONE", words="what it belongs to is gone", reason="gone")
        if resolved.original is not None and self._is_applied(resolved, resolved.original):
            return Answer(Verdict.REJECT, code="APPLIED", words="something is applied to it", reason="applied")
        now = self.now()
        kept = ErpDocument(
            f"D{len(self.documents) + 1}", record, ref, command["amount"], str(command.get("description") or ""), command["source_id"],
            now + (self.extreme(self.lag_s) if self.lag_s and self.faulty else 0.0), self._steps(step, resolved), {step: now}, made_at=now,
            entered=resolved.original is None or fell, on=tuple(resolved.ids.values()), day=resolved.post_on or command["posting_date"],
        )  # fmt: skip
        self.documents.append(kept)
        self.by_ref.setdefault(ref, []).append(kept)
        self.wrote(kept)
        if step == "reverse":
            self._takes(kept, resolved)
        if kept.entered:
            self.batch(kept)
        return Answer(Verdict.YES, self._document(kept, command))

    def _steps(self, step: str, resolved: ResolvedCommand) -> tuple[str, ...]:
        if resolved.original is not None:
            (way,) = system(self.capability, self.shape).writes_of(resolved.record, None, resolved.original.record)
            return way.steps
        return self.shape.steps if resolved.record == "ar_invoice" else (step,)

    def _by_id(self, document: Document | None) -> ErpDocument | None:
        return next((one for one in self.documents if document is not None and one.erp_id == document.erp_id), None)

    def _takes(self, kept: ErpDocument | None, resolved: ResolvedCommand) -> Answer:
        """A document is taken back: once, and as it was written."""
        original = resolved.original
        if kept is None or kept.deleted or original is None or "release" in kept.done:
            return Answer(Verdict.REJECT, code="state", words="nothing to release")
        if self._is_applied(resolved, original):
            return Answer(Verdict.REJECT, code="APPLIED", words="something is applied to it", reason="applied")
        if self._fallen(resolved):
            return Answer(Verdict.REJECT, code="GONE", words="it is gone already", reason="gone")
        of = next((one for one in self.documents if one.erp_id == original.erp_id), None)
        self.takes(kept, of, original)
        if of is not None:
            of.gone = of.gone or kept.ref
        for one in self.documents if _takes_along(resolved, original) else ():
            if one.stands and one.record == _APPLICATION and original.erp_id in one.on:
                one.gone = kept.ref
                self.count("fell")
        if "enter" in kept.done:
            kept.done["release"] = self.now()
        self.count("taken_back")
        return Answer(Verdict.YES, self._document(kept, resolved.command))

    def _enters(self, step: str, document: Document | None, resolved: ResolvedCommand) -> Answer:
        """The second half of a correction: the document is written anew."""
        kept, command = self._by_id(document), cast("Any", resolved.command)
        if kept is None or kept.deleted or step in kept.done:
            return Answer(Verdict.REJECT, code="state", words="it is entered already")
        kept.amount, kept.content, kept.entered = command["amount"], command["description"], True
        kept.on, kept.done[step] = tuple(resolved.ids.values()), self.now()
        self.count("corrected")
        self.batch(kept)
        return Answer(Verdict.YES, self._document(kept, command))

    def _updated(self, document: Document, command: Any) -> Answer:
        kept = next((one for one in self.documents if one.erp_id == document.erp_id), None)
        if kept is None or kept.deleted:
            return Answer(Verdict.REJECT, code="404", words="no such partner")
        if document.overruled:
            self.overwritten += 1
        kept.amount, kept.content, kept.touched = command["amount"], command["description"], False
        self.changed("updated", kept)
        return Answer(Verdict.YES, self._document(kept, command))

    def _release(self, document: Document | None, command: Any) -> Answer:
        kept = next((one for one in self.documents if document is not None and one.erp_id == document.erp_id), None)
        if kept is None or kept.deleted or "release" in kept.done:
            return Answer(Verdict.REJECT, code="state", words="nothing to release")
        kept.done["release"] = self.now()
        return Answer(Verdict.YES, self._document(kept, command))


@dataclass
class Batch:
    """What an ERP does by itself: its batch builds and posts, refuses, comes late, hides a document while it builds it; people put right
    what was refused, delete what was staged."""

    erp: Erp
    draw: random.Random
    is_known: Callable[[ErpDocument], bool]
    sleeps_s: Callable[[], float]
    """How long it does nothing yet."""
    deletes: bool = False

    def began(self, kept: ErpDocument) -> None:
        """A new document: what becomes of it is drawn at once."""
        erp = self.erp
        steps = [step for step in kept.steps if step in erp.shape.watched]
        if not steps:
            return
        at, fate = self.sleeps_s(), self.draw.random()
        if fate < 0.15 and erp.faulty:
            self._at(at + 3.0 + self.draw.random() * 40, "batch_refused", lambda: self._refuse(kept))
            if fate < 0.05:
                return
            at += 60.0
            self._at(at, "repaired", lambda: self._repair(kept))
        elif fate < 0.20 and self.deletes:
            self._at(20.0 + self.draw.random() * 60, "deleted", lambda: self._delete(kept))
            return
        for step in steps:
            late = self.draw.random() < 0.1 and erp.faulty
            at += 400.0 if late else 0.5 + self.draw.random() * 60
            self._does(kept, step, at)

    def _does(self, kept: ErpDocument, step: str, at: float) -> None:
        erp = self.erp
        hides = step == "built" and erp.capability is Capability.C4  # the others promise that a look-up shows what is there
        gap = erp.extreme(V_MAX_S) if hides else 0.0

        def done() -> None:
            if not kept.refused and not kept.deleted:
                kept.done[step] = erp.now()
                kept.hidden_until = erp.now() + gap

        self._at(at, step, done)

    def _refuse(self, kept: ErpDocument) -> None:
        if len(kept.done) == 1:
            kept.refused = True

    def _repair(self, kept: ErpDocument) -> None:
        kept.refused = False

    def _delete(self, kept: ErpDocument) -> None:
        if self.is_known(kept):
            kept.deleted = True

    def _at(self, delay_s: float, name: str, call: Callable[[], None]) -> None:
        def happens() -> None:
            self.erp.count(name)
            call()

        self.erp.later(delay_s, happens)
