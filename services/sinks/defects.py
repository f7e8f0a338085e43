"""The state in which an unknown error leaves an attempt: nothing more came of it, and it is tried again. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from services.sinks import entry as e
from services.sinks import lookups, reasons
from services.sinks.state import Key, Phase

MOST, PAUSE = 5, timedelta(seconds=30)
"""After so many unknown errors in a row a document is held; the pause after the first of them."""


def after(key: Key, failures: int, words: str, now_s: float, at: datetime) -> Key:
    """The key in the state in which the attempt ends. An open intent stays open, and an entry that has ended stays as it is."""
    entry = key.entry
    if e.is_terminal(entry):
        return key.but(phase=Phase.IDLE)
    if failures >= MOST:
        return key.but(phase=Phase.CLOSING, entry=e.held(entry, at, reasons.DEFECT, words))
    if e.intent_open(entry):
        return lookups.first_seen(key.but(phase=Phase.CLOSING, entry=e.waits(entry, at, reasons.SETTLE, words)), now_s)
    return key.but(phase=Phase.CLOSING, entry=e.waits(entry, at, reasons.SYSTEM_DOWN, words, due_at=at + failures * PAUSE))
