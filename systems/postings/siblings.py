"""Which of the rows that an ERP shows is the application of a command, if one source object has several applications to one document. Pure.

A row has no ref; it shows a document and an amount. Applications of the same amount to the same document are *twins*. Their rows cannot be told
apart, and need not be, as long as there are never more rows than twins. A command lists the earlier twins, for which it waits, and the later twins,
which may have been written before it if the source reported them first.

    rows of its amount                        what is known of this application
    no more than earlier twins                absent: the rows belong to the earlier twins
    as many as all twins                      there
    between these                             unclear: a row is this application or a later twin. Nothing is written; a person decides
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
    """How many rows of each amount remain: a negative row cancels a positive row of the same amount."""
    found: Counter[Decimal] = Counter()
    for amount in amounts:
        if amount:
            found[abs(amount)] += 1 if amount > 0 else -1
    return +found


def presence(command: Mapping[str, Any], shown: Counter[Decimal], *, is_known: bool = False) -> Presence:
    """Whether the command's application is among the rows of its document. `is_known`: an answer or look-up identified its row before."""
    own = command["applications"][-1]["amount"]
    rows = shown[own]
    if is_known:
        return Presence.THERE if rows else Presence.ABSENT
    before, after = (sum(one["amount"] == own for one in told) for told in (command["applications"][:-1], _later(command)))
    if rows <= before:
        return Presence.ABSENT
    return Presence.THERE if rows > before + after else Presence.UNCLEAR


def strangers(command: Mapping[str, Any], shown: Counter[Decimal]) -> list[Decimal]:
    """Amounts of rows to the document that are not applications of the source: somebody entered or changed them in the ERP."""
    told = Counter(one["amount"] for one in (*command["applications"], *_later(command)))
    return sorted(amount for amount in shown if amount not in told)


def unclear(command: Mapping[str, Any], shown: Counter[Decimal], where: str) -> str:
    """Why a person is needed. `where` names the document that shows the rows."""
    own = command["applications"][-1]["amount"]
    equal = sum(one["amount"] == own for one in (*command["applications"], *_later(command)))
    return f"{where} shows {shown[own]} of {equal} equal applications of {own}, perhaps this one: enter what is missing there, then release this"


def _later(command: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return list(command.get("later") or ())


def unsure(erp_id: str) -> str:
    """The id of an application whose row cannot be distinguished from that of another one."""
    return f"{erp_id}{UNSURE}"


def is_sure(erp_id: str) -> bool:
    """Whether an id names a row that is certainly the application's own."""
    return bool(erp_id) and not erp_id.endswith(UNSURE)
