"""What the answer to a write means for the op-key: yes, definite no, reject, duplicate or ambiguous. Pure."""

from __future__ import annotations

from datetime import datetime

from schemas.records import Ledger
from services.sinks import entry as e
from services.sinks import reasons, watch
from services.sinks.moves import Step, finish, intends, may_skip_settling, settled_at_s
from services.sinks.resolve import closed, next_step, refused, tried_again, with_document
from services.sinks.state import Answered, Key
from systems.contract import Answer, Capability, Verdict

ROUNDS = 3
"""After so many ambiguous answers in a row, each settled and its document found absent, a person is asked."""


def answered(key: Key, event: Answered) -> Step:
    """The key after its one request has ended."""
    answer = event.answer
    if answer.verdict is Verdict.YES:
        return _yes(key, event)
    if answer.verdict is Verdict.DUPLICATE:
        return _duplicate(key, event)
    if answer.verdict is Verdict.REJECT:
        return _reject(key, event)
    if answer.verdict is Verdict.DEFINITE_NO:
        return _definite_no(key, event)
    return _ambiguous(key, event, words(answer))


def words(answer: Answer) -> str:
    """The system's own code and words in one line."""
    return f"{answer.code}: {answer.words}".strip(": ")


def unsent(entry: Ledger, at: datetime) -> Ledger:
    """The entry after an attempt that certainly had no effect. An older attempt that is not settled stays open."""
    return closed(entry, at) if entry["intent_attempt"] == entry["attempt_count"] else entry


def _yes(key: Key, event: Answered) -> Step:
    document, entry, at = event.answer.document, key.entry, event.at
    rules, step = key.rules, entry["intent_step"]
    late = event.now_s > key.intent_s + rules.times.lease_s + rules.times.request_s
    if (document is None and step == rules.steps[0]) or (document is not None and document.ref not in ("", entry["ref"])):
        return _ambiguous(key, event, "the answer does not echo our ref")
    if late:
        return _sent_late(key, event)
    made = e.change(entry, at, attempts=e.noted(entry, "yes", words(event.answer), at), rounds=0)
    if document is None:
        made = e.change(made, at, steps_done=[*made["steps_done"], step], step=step)
    else:
        made = with_document(made, document, rules.steps, at, done=(step,))
    made = closed(made, at)
    if document is not None and document.differences:
        return finish(key, e.held(made, at, reasons.MISMATCH, "; ".join(document.differences)))
    if document is not None and document.refusal:
        return finish(key, refused(made, document, rules, at))
    following = next_step(made, rules.steps)
    if following in rules.watched:
        return watch.begins(key, made, at)
    if following:
        return intends(key.but(entry=made, document=document), made, event.now_s, at)
    return finish(key, e.change(made, at, state=e.POSTED, reason="", detail=""))


def _sent_late(key: Key, event: Answered) -> Step:
    """The process stood still between the lease check and the send, so another owner may have written meanwhile: look the document up at once."""
    entry = key.entry
    made = e.waits(
        entry,
        event.at,
        reasons.SETTLE,
        "sent after its lease",
        attempts=e.noted(entry, "ambiguous", "sent after its lease", event.at),
    )
    return finish(key.but(look_s=event.now_s), made)


def _ambiguous(key: Key, event: Answered, detail: str) -> Step:
    entry, at = key.entry, event.at
    attempts = e.noted(entry, "ambiguous", detail, at)
    if key.rules.capability is Capability.C5:
        return finish(key, e.held(entry, at, reasons.UNKNOWN, f"no look-up exists; {detail}", attempts=attempts))
    if entry["rounds"] + 1 >= ROUNDS:
        return finish(key, e.held(entry, at, reasons.UNKNOWN, f"{ROUNDS} rounds without an answer; {detail}", attempts=attempts))
    look_s = event.now_s if may_skip_settling(key) else settled_at_s(key)
    return finish(key.but(look_s=look_s), e.waits(entry, at, reasons.SETTLE, detail, attempts=attempts))


def _duplicate(key: Key, event: Answered) -> Step:
    entry, at, detail = key.entry, event.at, words(event.answer)
    attempts = e.noted(entry, "duplicate", detail, at)
    if key.rules.capability is Capability.C5:
        return finish(key, e.held(entry, at, reasons.DUPLICATE_UNFINDABLE, detail, attempts=attempts))
    return finish(key.but(look_s=event.now_s), e.waits(entry, at, reasons.DUPLICATE, detail, attempts=attempts))


def _reject(key: Key, event: Answered) -> Step:
    detail, at = words(event.answer), event.at
    made = e.change(key.entry, at, attempts=e.noted(key.entry, "reject", detail, at))
    made = unsent(made, at)
    if e.intent_open(made):
        return finish(key.but(look_s=settled_at_s(key)), e.waits(made, at, reasons.SETTLE, detail))
    reason = event.answer.reason or reasons.REFUSED
    waits_for = [e.children_of(made["source_entity"], made["source_id"])] if e.takes_back(made) else []
    return finish(key, e.held(made, at, reason, detail, waits_for=waits_for, due_at=tried_again(reason, at)))


def _definite_no(key: Key, event: Answered) -> Step:
    answer, at, detail = event.answer, event.at, words(event.answer)
    made = e.change(key.entry, at, attempts=e.noted(key.entry, "definite_no", detail, at))
    made = unsent(made, at)
    if e.intent_open(made):
        return finish(key.but(look_s=settled_at_s(key)), e.waits(made, at, reasons.SETTLE, detail))
    reason = reasons.THROTTLED if answer.throttled else reasons.CREDENTIALS if answer.broken else reasons.SYSTEM_DOWN
    return finish(key, e.waits(made, at, reason, detail, due_at=at + event.wait))
