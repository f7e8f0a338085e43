"""Which of the rows that an ERP shows is the application of a command, where one source object has several to one document. Pure.

A row has no ref: it shows a document and an amount. Applications of the same amount to the same document are *twins*: their rows cannot be told
apart, and need not be, as long as there are never more rows than twins. A command tells the twins that come before it, which it waits for, and those
that come later and may have been written before it, if the source told of them first.

    rows of its amount                        what is known of this application
    no more than twins before it              absent: theirs are there already
    as many as all twins                      there
    between these                             unclear: a row is this one's, or that of a later twin. A person decides; nothing is written
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Any

UNCLEAR_REASON = "application_unclear"
UNSURE = "?"
"""What ends the id of an application whose row cannot be told from that of another."""


class Presence(StrEnum):
    """Whether an application is among the rows that are shown."""

    ABSENT = "absent"
    THERE = "there"
    UNCLEAR = "unclear"


def standing(amounts: Iterable[Decimal]) -> Counter[Decimal]:
    """How many rows of each amount stand: a negative one takes a positive one of its amount away."""
    found: Counter[Decimal] = Counter()
    for amount in amounts:
        if amount:
            found[abs(amount)] += 1 if amount > 0 else -1
    return +found


def presence(command: Mapping[str, Any], shown: Counter[Decimal], *, is_known: bool = False) -> Presence:
    """Whether the command's application is among the rows of its document. `is_known`: an answer or look-up told its own row before."""
    own = command["applications"][-1]["amount"]
    rows = shown[own]
    if is_known:
        return Presence.THERE if rows else Presence.ABSENT
    before, after = (sum(one["amount"] == own for one in told) for told in (command["applications"][:-1], _later(command)))
    if rows <= before:
        return Presence.ABSENT
    return Presence.THERE if rows > before + after else Presence.UNCLEAR


def strangers(command: Mapping[str, Any], shown: Counter[Decimal]) -> list[Decimal]:
    """Amounts of rows to the document that are no application of the source: somebody entered or changed them in the ERP."""
    told = Counter(one["amount"] for one in (*command["applications"], *_later(command)))
    return sorted(amount for amount in shown if amount not in told)


def unclear(command: Mapping[str, Any], shown: Counter[Decimal], where: str) -> str:
    """Why a person is needed. `where`: what shows the rows."""
    own = command["applications"][-1]["amount"]
    equal = sum(one["amount"] == own for one in (*command["applications"], *_later(command)))
    return f"{where} shows {shown[own]} of {equal} equal applications of {own}, perhaps this one: enter what is missing there, then release this"


def _later(command: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return list(command.get("later") or ())


def unsure(erp_id: str) -> str:
    """The id of an application whose row cannot be told from that of another."""
    return f"{erp_id}{UNSURE}"


def is_sure(erp_id: str) -> bool:
    """Whether an id names a row that was told to be the application's own."""
    return bool(erp_id) and not erp_id.endswith(UNSURE)
