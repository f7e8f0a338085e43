"""Looks a document up before a command withdraws it, if this ledger never looked it up: an earlier ledger, lost together with its results,
may have posted it. Pure.

Without any record of ours, a first start looks the same as such a loss. Only the system's answer to the ref tells them apart. So the
command waits, and this is looked up first:

the source unposted a document (`unposted`)  -> that document
void                                         -> what it reverses
newer or empty set of parts                  -> each part that the set does not contain, or contains otherwise
newer version of what was written            -> older changes and the reversal of it, which the command ends

An application is looked up after the documents by which it is found: its payment, and the invoice that it settles.

If the system's look-up lags and a ledger is known to be lost, one look-up is not enough: an attempt is presumed (see `lookups`).

A document that is found is adopted (or held, if it differs), and the command finds it written. If it is not found, it goes on waiting, and
the command withdraws it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from schemas.records import Ledger
from services.sinks import entry as e
from services.sinks import lookups, parts, reasons
from services.sinks.entry import Incoming
from services.sinks.gate import View
from services.sinks.moves import Step, finish, resting
from services.sinks.resolve import Absent, Ended, proof
from services.sinks.state import Find, Key, LookedUp, LookupFailed, Phase, Reserve, Turn, Wait
from systems.contract import Capability

MODE = "withdrawal"
"""The mode of a turn that only looks up: nothing is written, even if the flow is live."""
AGAIN = timedelta(seconds=60)
"""After this time a paused connection, or a look-up that cannot be made because of our own content, is tried again."""


def may_withdraw(incoming: Incoming) -> bool:
    """Whether the command may withdraw a document. Most cannot, and need no look-up."""
    command = incoming.command
    return incoming.takes_back or bool(command.get("reverses")) or command["parts"] is not None


def withdrawn(incoming: Incoming, own: Ledger | None, target: Ledger | None, others: Iterable[parts.Part]) -> list[Ledger]:
    """The entries that the command withdraws: `own` of its op-key, the `target` that it reverses, other parts of its document."""
    if own is not None and incoming.place <= e.place(own):
        return []
    found = [own] if own is not None and incoming.takes_back else []
    found += [target] if target is not None else []
    if incoming.command["parts"] is not None:
        document = [*others, *([parts.Part(own)] if own is not None else [])]
        found += [] if parts.is_stale(incoming, document) else [one.entry for one in parts.moved(incoming, document)]
    return list({entry["op_key"]: entry for entry in found}.values())


def ended(incoming: Incoming, takers: Iterable[Ledger]) -> list[Ledger]:
    """Takers of a written document that are older than the command, which ends them unless they were begun."""
    return [one for one in takers if e.takes_back(one) and e.place(one) < incoming.place]


def must_be_asked(key: Key) -> bool:
    """Whether the system has to be asked first, and can be. A taker for which the system has no write is held for a person: nobody tried it."""
    entry, rules = key.entry, key.rules
    if e.takes_back(entry) and not entry.get("takes_back"):
        return False
    return bool(rules.steps) and rules.capability is not Capability.C5 and e.never_asked(entry)


def turn(key: Key, event: Turn) -> Step:
    """The look-up's calls, unless the connection does nothing now. An entry that was looked up rests until the command is taken."""
    if not e.never_asked(key.entry):
        idle, _ = resting(key)
        return idle, ()
    if event.view.paused:
        return _later(key, event.view.at + AGAIN)
    if lookups.must_be_presumed(key):
        return lookups.presumed(key, event.now_s, event.view.at)
    return key.but(phase=Phase.RESERVING, command=event.command, mode=MODE, lates=0), (Reserve(key.rules.calls),)


def reserved(key: Key, view: View) -> Step:
    """The look-up, unless the connection was paused while its calls were waited for."""
    if view.paused:
        return _later(key, view.at + AGAIN)
    return key.but(phase=Phase.WITHDRAWING), (Find(),)


def saw(key: Key, event: LookedUp) -> Step:
    """The document was found, or its entry goes on waiting for what it waited for. Either way it has been looked up now."""
    seen, at = proof(key.entry, event.found, key.rules, event.at), event.at
    if isinstance(seen, Absent):
        return finish(key, e.change(key.entry, at, attempts=e.noted(key.entry, "absent", "looked up before it is withdrawn", at)))
    attempts = e.noted(key.entry, "found", seen.entry["erp_number"] or seen.entry["erp_id"], at)
    if isinstance(seen, Ended):
        return finish(key, e.change(seen.entry, at, attempts=attempts))
    return finish(key, e.change(seen.entry, at, state=e.NEW, reason="", detail="", due_at=None, waits_for=[], attempts=attempts))


def unseen(key: Key, event: LookupFailed) -> Step:
    """Look it up again later. If our own content prevents the look-up for an hour, it is held for a person, because it may exist."""
    since = key.failing_s if key.failing_s is not None else event.now_s
    if event.reason not in reasons.FOR_A_PERSON:
        return _later(key, event.at + event.wait)
    if event.now_s - since < lookups.FAILING_S:
        return _later(key.but(failing_s=since), event.at + event.wait)
    count = max(1, key.entry["attempt_count"])
    attempt = {"intent_attempt": 1, "attempt_count": count, "intent_step": key.rules.steps[0], "intent_hash": e.PRESUMED}
    return finish(key, e.held(key.entry, event.at, reasons.UNKNOWN, f"the look-up fails for an hour: {event.words}", **attempt))


def _later(key: Key, due_at: datetime) -> Step:
    idle, _ = resting(key)
    return idle, (Wait(due_at=due_at),)
