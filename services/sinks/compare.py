"""Masters that are kept up to date: each is compared with its partner before anything is intended. Pure.

equal          -> unchanged (adopted, if no link named the partner)
different      -> intent, look-up, one request; changes by somebody who does not own the field are reported as `overruled`
nothing there  -> created if no partner is known; otherwise looked at again, then held
"""

from __future__ import annotations

from dataclasses import replace

from schemas.records import Audit, Ledger
from services.sinks import entry as e
from services.sinks import reasons
from services.sinks.gate import View
from services.sinks.moves import Step, finish, intends
from services.sinks.outputs import decision
from services.sinks.resolve import Ended, Onward, proof, refused_beforehand
from services.sinks.state import Key, LookedUp, Record
from services.sinks.watch import vanished

OVERRULED = "overruled"


def with_partner(entry: Ledger, view: View) -> Ledger:
    """The entry with the partner that a link names."""
    if not view.link or view.link == entry["erp_id"]:
        return entry
    return e.change(entry, view.at, erp_id=view.link, erp_number="")


def saw(key: Key, event: LookedUp) -> Step:
    """The key after its partner was looked up."""
    audits = overruled(key.entry, event)
    seen = proof(key.entry, event.found, key.rules, event.at)
    if isinstance(seen, Ended):
        return finish(key, seen.entry, audits)
    if isinstance(seen, Onward) and event.found.refusal:
        return finish(key, refused_beforehand(seen.entry, event.found, event.at), audits)
    if isinstance(seen, Onward):
        return _told(
            intends(key.but(document=seen.document), e.change(seen.entry, event.at, rounds=0), event.now_s, event.at), audits
        )
    if key.entry["erp_id"]:
        return vanished(key, event.now_s, event.at)
    if seen.suspects and not key.entry["accepted"]:
        names = ", ".join(s.number or s.erp_id for s in seen.suspects)
        return finish(key, e.held(key.entry, event.at, reasons.SUSPECT, f"may be the same: {names}"))
    if event.found.refusal:
        return finish(key, refused_beforehand(key.entry, event.found, event.at))
    return intends(key, key.entry, event.now_s, event.at)


def changed_since(key: Key, seen: Onward) -> bool:
    """Whether a person changed the partner between the comparison and the write. It is then compared again, so that this change is reported, too."""
    told = key.document.overruled if key.document is not None else ()
    return key.rules.updates and seen.document.overruled != told


def overruled(entry: Ledger, event: LookedUp) -> tuple[Audit, ...]:
    """Changes made by somebody who does not own the field, reported once for each look-up that decides for or against a write."""
    words = [change for document in event.found.documents for change in document.overruled]
    return (decision(OVERRULED, entry, "; ".join(words), event.at),) if words else ()


def _told(step: Step, audits: tuple[Audit, ...]) -> Step:
    key, effects = step
    return key, tuple(replace(one, audits=(*one.audits, *audits)) if isinstance(one, Record) else one for one in effects)
