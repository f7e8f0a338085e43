"""One entry in progress: the row that was entered, and every other record that changes with it. All are saved together or not at all."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

from systems.netsuite.simulator.account import Account, Change, Row, cents
from systems.netsuite.simulator.answers import NsError, invalid
from systems.netsuite.simulator.kinds import KINDS, Kind

_CENT = Decimal("0.01")
_LARGEST = Decimal(10) ** 13


@dataclass
class Work:
    """`before` is None if the row is new; `context` is REST, UI or CSV; `others` are copies of further records, by id, with the journal's word for
    their change."""

    account: Account
    row: Row
    before: Row | None
    context: str = "REST"
    others: dict[str, tuple[Row, str]] = field(default_factory=dict)

    @property
    def kind(self) -> Kind:
        """The record type."""
        return KINDS[self.row["_kind"]]

    def other(self, kind: str, key: str, word: str) -> Row:
        """A copy of another record that changes with this entry; always the same copy for the same record."""
        if key not in self.others:
            held = self.account.get(kind, key)
            if held is None:
                raise invalid(f"The {kind} {key} is gone.")
            self.others[key] = (copy.deepcopy(held), word)
        return self.others[key][0]

    def changes(self, operation: str) -> list[Change]:
        """What is to be committed."""
        first = Change(self.row, operation, context=self.context)
        return [first, *(Change(row, "update", word, self.context) for row, word in self.others.values())]


def round_cents(amount: Decimal) -> Decimal:
    """Round to two places, half away from zero; refused if the amount is too large for any account."""
    if abs(amount) >= _LARGEST:
        raise invalid(f"The amount {amount} is too large.")
    return amount.quantize(_CENT, ROUND_HALF_UP)


def require(row: Row, *names: str) -> None:
    """Refuse a row without a value for one of these fields."""
    absent = [name for name in names if row.get(name) in (None, "")]
    if absent:
        raise needed(*absent)


def needed(*names: str, path: str = "") -> NsError:
    """The refusal of an entry without a value that it needs."""
    error = invalid(f"Please enter value(s) for: {', '.join(names)}.", path or names[0])
    return NsError(400, error.details)


def total_of(row: Row, amount: Decimal) -> None:
    """Set the total of a document; it is never below zero."""
    if abs(amount) >= _LARGEST:
        raise invalid(f"The total {amount} is too large.")
    if amount < 0:
        raise invalid(f"The total of this transaction is {cents(amount)}; it may not be negative.")
    row["total"] = cents(amount)


def is_posted(row: Row) -> bool:
    """Whether a document is in the ledger: a posting type that waits for no approval."""
    if not KINDS[row["_kind"]].is_posting:
        return False
    return row.get("approved", True) is not False and str(row.get("approvalStatus") or "2") not in ("1", "3")
