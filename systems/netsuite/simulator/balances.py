"""What every customer owes, what every vendor is owed and what every account holds, from the posted documents: `GET /__sim__/balances`, or only from
those dated on or after a day: `GET /__sim__/balances?since=2026-01-01`."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from systems.netsuite.simulator.account import Account, Row, left
from systems.netsuite.simulator.kinds import TRANSACTIONS
from systems.netsuite.simulator.rules.ledger import lines_of
from systems.netsuite.simulator.rules.work import is_posted

_OPEN = {
    "invoice": ("open", 1),
    "creditMemo": ("open", -1),
    "customerPayment": ("unapplied", 1),
    "customerDeposit": ("deposits", 1),
}
_OWED = {"vendorBill": ("open", 1), "vendorCredit": ("open", -1)}


def balances(account: Account, since: str = "") -> dict[str, Any]:
    """`{"customers": [{id, open, unapplied, deposits, balance}], "vendors": [{id, open, balance}], "accounts": [{subsidiary, account, balance}]}`:
    amounts are texts, for everybody with a posted document. `open` is what remains of invoices less what remains of credit memos; `balance` is that
    less unapplied payments. An account is named by its number and has its debits less its credits. `since` (ISO day) leaves out documents dated
    earlier."""
    customers: dict[str, dict[str, Decimal]] = {}
    vendors: dict[str, dict[str, Decimal]] = {}
    ledger: dict[tuple[str, str], Decimal] = {}
    numbers = {row["id"]: row["acctNumber"] for row in account.rows("account")}
    for kind in TRANSACTIONS:
        for row in account.rows(kind.name):
            if not is_posted(row) or row["tranDate"] < since:
                continue
            _add(customers, row, _OPEN)
            _add(vendors, row, _OWED)
            for line in lines_of(account, row):
                place = (str(row["subsidiary"]), numbers.get(line.account, ""))
                ledger[place] = ledger.get(place, Decimal(0)) + line.amount
    return {
        "customers": [_shown(key, found, ("open", "unapplied", "deposits")) for key, found in sorted(customers.items())],
        "vendors": [_shown(key, found, ("open",)) for key, found in sorted(vendors.items())],
        "accounts": [
            {"subsidiary": place[0], "account": place[1], "balance": f"{amount:.2f}"} for place, amount in sorted(ledger.items())
        ],
    }


def _add(sums: dict[str, dict[str, Decimal]], row: Row, kinds: dict[str, tuple[str, int]]) -> None:
    if row["_kind"] in kinds:
        name, sign = kinds[row["_kind"]]
        found = sums.setdefault(str(row.get("customer") or row["entity"]), {})
        found[name] = found.get(name, Decimal(0)) + sign * left(row)


def _shown(key: str, found: dict[str, Decimal], names: tuple[str, ...]) -> dict[str, str]:
    amounts = {name: found.get(name, Decimal(0)) for name in names}
    balance = amounts["open"] - amounts.get("unapplied", Decimal(0))
    return {"id": key} | {name: f"{amount:.2f}" for name, amount in amounts.items()} | {"balance": f"{balance:.2f}"}
