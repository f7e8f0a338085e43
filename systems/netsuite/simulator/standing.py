"""What each customer owes and each vendor is owed, updated with every document that changes; read by records and by checkers."""

from __future__ import annotations

from decimal import Decimal

from systems.netsuite.simulator.account import Account, Change, Row
from systems.netsuite.simulator.kinds import KINDS
from systems.netsuite.simulator.rules.ledger import due


def keep_standing(account: Account) -> None:
    """Keep `open_of` and `used` of the account."""

    def changed(change: Change, before: Row | None) -> None:
        if KINDS[change.row["_kind"]].family != "transaction":
            return
        for row, sign in ((before, -1), (None if change.is_gone else change.row, 1)):
            if row is None:
                continue
            party = str(row.get("customer") or row.get("entity") or "")
            account.open_of[party] = account.open_of.get(party, Decimal(0)) + sign * due(row)
            account.used[party] += sign

    account.listeners.append(changed)
